"""Step 1: how concentrated a sector is in a region, and where the partners' lists and the statistics disagree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import ESTIMATE_COLUMNS, tabulate_groups, tabulate_shares
from cncb_analysis.statistics import location_quotient, location_quotient_interval

if TYPE_CHECKING:
    from cncb_analysis.study import Study

__all__ = [
    "tabulate_clusters",
    "tabulate_disagreements",
    "tabulate_location_quotients",
    "tabulate_mapping",
    "tabulate_regions",
]

QUOTIENT_COLUMNS = ["region", "sector", "jobs", "flag", "lq", "low", "high", "excess_jobs", "stars", "bound", "hidden"]
_DIVISION = r"[A-Z]\d\d"
_MEASURED = ("lq", "jobs", "excess_jobs", "stars")
# A regional total that may lack at most this share of itself counts as whole.
_SLACK = 0.01
_STAR_VARIANTS = ("eco2007",)
_DEFAULTS: dict[str, Any] = {
    "nuts": "2013",
    "stars": "eco2007",
    "minimum_jobs": 1000,
    "location_quotient": 2.0,
    "top_share": 0.10,
    "sectors": "",
}


def tabulate_regions(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Say of every region code in the statistics what became of it.

    Parameters
    ----------
    cells : DataFrame
        region, sector, indicator, year, value, flag.
    study : Study
        Its geography table bridges the vintages; its settings name the vintage to arrive at.

    Returns
    -------
    DataFrame
        code, region (the code in the study's vintage, or ""), parts (how many codes make up that region), fate: used,
        bridged, total (a country or NUTS 1), extra_regio, other_country, split (cannot be bridged) or unknown; cells.
    """
    codes = cells.groupby("region", sort=True).size()
    bridge = _bridge(study)
    known = set(study.table("geography")["region"])
    rows = []
    for code, count in codes.items():
        code = str(code)
        region, parts, fate = "", 1, "unknown"
        if code in bridge:
            region, parts = bridge[code]
            fate = "used" if region == code else "bridged"
        elif code[:2] not in study.countries:
            fate = "other_country"
        elif code.endswith("ZZ"):
            fate = "extra_regio"
        elif len(code) < 4:
            region, fate = (code, "total") if len(code) == 2 else ("", "total")
        elif code in known:
            fate = "split"
        rows.append((code, region, parts, fate, int(count)))
    return pd.DataFrame(rows, columns=["code", "region", "parts", "fate", "cells"])


def tabulate_location_quotients(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rate every region and sector: location quotient, excess jobs, interval, stars, and what is hidden.

    The reference are the national rows of the study's countries. Where a country has none, its regions are summed,
    unless one of them is suppressed.

    Parameters
    ----------
    cells : DataFrame
        region, sector, indicator, year, value, flag; national rows have the country's code as region.
    study : Study
        Settings [mapping] year, nuts, stars, minimum_jobs, location_quotient, top_share, sectors; table geography.

    Returns
    -------
    DataFrame
        region, sector, jobs (persons employed), flag, lq, low, high (95 %, log-delta), excess_jobs (persons), stars
        (0-3; missing outside the rated sectors and where the cell is hidden), bound ("" exact; "upper" at most;
        "lower" at least; "either"; "confidential" and "missing": no figure), hidden (countries whose figure the
        reference lacks, then sections the regional total lacks, such as "AT CZ;B"). A row for each region with figures
        and each sector, hidden ones among them.

    Raises
    ------
    StudyError
        When there is nothing for the year, or a reference would have to be summed over suppressed cells.

    References
    ----------
    Stars `eco2007`: European Cluster Observatory (2007), one each for size (top share of the regions in the sector),
    specialisation (location quotient) and focus (top share of all rated cells by share of the region's jobs). Ties by
    mean rank; no star below the minimum size. Quotient and interval: see `statistics`.
    """
    rules = _rules(study)
    jobs, flags = _grid(cells, study, rules)
    national, hidden_at = _reference(jobs, flags, study)
    regions = [code for code in jobs.index if len(code) > 2 and jobs.loc[code].notna().any()]
    tops, sectors = _choose_sectors(jobs.columns)
    region_tops = jobs.loc[regions, tops]
    totals, total = region_tops.sum(axis=1), float(national[tops].sum())
    short = _find_short_totals(jobs, region_tops)
    long = jobs.loc[regions, sectors].stack(future_stack=True).rename("jobs").rename_axis(["region", "sector"])
    table = long.reset_index()
    table["flag"] = flags.loc[regions, sectors].stack(future_stack=True).to_numpy()
    own, reference = table["region"].map(totals).to_numpy(float), table["sector"].map(national).to_numpy(float)
    counts = table["jobs"].to_numpy(float)
    table["lq"] = location_quotient(counts, own, reference, total)
    table["low"], table["high"] = location_quotient_interval(counts, own, reference, total)
    table["excess_jobs"] = counts - own * reference / total
    table["stars"] = _rate_stars(table, own, rules)
    upper = table["sector"].map(hidden_at).ne("") | table["region"].map(short).ne("")
    lower = pd.Series(any(hidden_at[code] for code in tops), index=table.index)
    absent = table["jobs"].isna()
    cases = [absent & table["flag"].str.contains("c"), absent, upper & lower, upper, lower]
    table["bound"] = np.select(cases, ["confidential", "missing", "either", "upper", "lower"], "")
    hidden = table["sector"].map(hidden_at) + ";" + table["region"].map(short)
    table["hidden"] = hidden.str.strip(";")
    table.loc[table["bound"].isin(["upper", "either"]), "low"] = np.nan
    table.loc[table["bound"].isin(["lower", "either"]), "high"] = np.nan
    return table[QUOTIENT_COLUMNS]


def tabulate_clusters(
    units: pd.DataFrame, observations: pd.DataFrame, quotients: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Set each mapped cluster beside the statistics of its sector and region.

    Parameters
    ----------
    units, observations : DataFrame
        Tidy tables; map_region and map_sector (option = what was written), map_recog.
    quotients : DataFrame
        From `tabulate_location_quotients`.
    study : Study
        For the bridge between vintages.

    Returns
    -------
    DataFrame
        unit, partner, country, cluster, host, region, sector, recognised (True, False or missing), jobs, lq, low, high,
        stars, bound, verdict: concentrated (LQ at least 1), not_concentrated, hidden (no figure) or unmatched.
    """
    units = units[units["step"].eq("mapping") & units["status"].isin(["complete", "partial"])]
    table = units[["unit", "partner", "country", "cluster", "host"]].reset_index(drop=True)
    given = observations[observations["step"].eq("mapping") & observations["missing"].eq("")]
    for name, variable in (("region", "map_region"), ("sector", "map_sector")):
        said = given[given["variable"].eq(variable)].drop_duplicates("unit").set_index("unit")["option"]
        table[name] = table["unit"].map(said).fillna("").astype(str).str.strip().str.upper()
    bridge = _bridge(study)
    table["region"] = table["region"].map(lambda code: bridge.get(code, (code, 1))[0])
    recognition = given[given["variable"].eq("map_recog")]
    named = recognition["value"].gt(0) & recognition["option"].ne("none")
    table["recognised"] = table["unit"].map(named.groupby(recognition["unit"]).any())
    facts = ["region", "sector", "jobs", "lq", "low", "high", "stars", "bound"]
    table = table.merge(quotients[facts], on=["region", "sector"], how="left")
    cases = [table["bound"].isna(), table["lq"].isna(), table["lq"] >= 1]
    verdict = np.select(cases, ["unmatched", "hidden", "concentrated"], "not_concentrated")
    return table.assign(verdict=verdict, bound=table["bound"].fillna(""))


def tabulate_disagreements(clusters: pd.DataFrame, quotients: pd.DataFrame, study: Study) -> pd.DataFrame:
    """List where a partner's list and the statistics disagree: the finding of step 1.

    Parameters
    ----------
    clusters : DataFrame
        From `tabulate_clusters`.
    quotients : DataFrame
        From `tabulate_location_quotients`.
    study : Study
        Settings location_quotient and minimum_jobs say what counts as a concentration.

    Returns
    -------
    DataFrame
        partner, country, kind (cluster_without_concentration: recognised, LQ below 1; concentration_without_cluster),
        cluster, region, sector, jobs, lq, stars.
    """
    rules = _rules(study)
    columns = ["partner", "country", "kind", "cluster", "region", "sector", "jobs", "lq", "stars"]
    lone = clusters[clusters["verdict"].eq("not_concentrated") & clusters["recognised"].eq(True)]
    found = [lone.assign(kind="cluster_without_concentration")]
    strong = quotients[
        (quotients["lq"] >= rules["location_quotient"])
        & (quotients["jobs"] >= rules["minimum_jobs"])
        & ~quotients["bound"].isin(["upper", "either"])
    ]
    bridge = _bridge(study)
    for partner in study.partners:
        own = strong[strong["region"].isin({bridge.get(code, (code, 1))[0] for code in partner.nuts})]
        listed = clusters.loc[clusters["partner"].eq(partner.id), ["region", "sector"]].drop_duplicates()
        missed = own.merge(listed, on=["region", "sector"], how="left", indicator="match")
        missed = missed[missed["match"].eq("left_only")]
        named = {"partner": partner.id, "country": partner.country, "cluster": ""}
        found.append(missed.assign(kind="concentration_without_cluster", **named))
    return pd.concat([frame[columns] for frame in found if len(frame)] or [pd.DataFrame(columns=columns)])


def tabulate_mapping(quotients: pd.DataFrame, clusters: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Hand step 1 on as estimates.

    Parameters
    ----------
    quotients, clusters : DataFrame
        From `tabulate_location_quotients` and `tabulate_clusters`.
    study : Study
        Says which partner covers which region.

    Returns
    -------
    DataFrame
        Estimates. Variable `concentration`: occasion = region, option = sector, statistics lq, jobs, excess_jobs,
        stars, for the rated sectors of the partners' regions, for cells with a star and for the clusters' cells; with
        an empty option the region's highest lq and stars among rated cells of the minimum size, exact ones before
        bounds. Method says where a figure is a bound (bound_upper). Variable `map_concentrated`, option yes, share:
        clusters with LQ of at least 1 (k) of those that have a figure (n). Variable `map_disagreement`, statistic
        count: options cluster_without_concentration and concentration_without_cluster.
    """
    bridge = _bridge(study)
    owner = {bridge.get(code, (code, 1))[0]: partner for partner in study.partners for code in partner.nuts}
    wanted = (quotients["region"].isin(owner) & quotients["stars"].notna()) | (quotients["stars"] > 0)
    pairs = pd.MultiIndex.from_frame(quotients[["region", "sector"]])
    wanted |= pairs.isin(pd.MultiIndex.from_frame(clusters[["region", "sector"]]))
    rated = quotients[quotients["stars"].notna() & (quotients["jobs"] >= _rules(study)["minimum_jobs"])]
    rated = rated.assign(bounded=rated["bound"].ne(""), below=-rated["lq"]).sort_values(["bounded", "below"])
    best = rated.drop_duplicates("region").assign(sector="")
    best["stars"] = best["region"].map(rated.groupby("region")["stars"].max())
    rows = pd.concat(
        [
            *(_as_rows(quotients[wanted & quotients["jobs"].notna()], name) for name in _MEASURED),
            *(_as_rows(best, name) for name in ("lq", "stars")),
        ],
        ignore_index=True,
    )
    rows["partner"] = [owner[code].id if code in owner else "" for code in rows["occasion"]]
    rows["country"] = [owner[code].country if code in owner else code[:2] for code in rows["occasion"]]
    told = clusters[clusters["lq"].notna()]
    told = told.assign(variable="map_concentrated", option="yes", hit=told["verdict"].eq("concentrated"))
    gaps = tabulate_disagreements(clusters, quotients, study)
    gaps = _count(gaps.assign(variable="map_disagreement", option=gaps["kind"], hit=True), base="cells")
    # A plain count has no base to be a share of, hence no interval.
    gaps = gaps.assign(statistic="count", estimate=gaps["k"], low=np.nan, high=np.nan, n=np.nan, method="count")
    return pd.concat([rows[ESTIMATE_COLUMNS], _count(told, base="clusters"), gaps], ignore_index=True)


def _count(rows: pd.DataFrame, *, base: str) -> pd.DataFrame:
    grouped = tabulate_groups(rows).groupby(["variable", "option", "partner", "country"], sort=False)
    return tabulate_shares(grouped["hit"].agg(k="sum", n="size").reset_index().assign(step="mapping", base=base))


def _as_rows(table: pd.DataFrame, statistic: str) -> pd.DataFrame:
    rows = table.rename(columns={"region": "occasion", "sector": "option"})
    text = {"step": "mapping", "variable": "concentration", "statistic": statistic, "base": "persons employed"}
    rows = rows.assign(**text, estimate=rows[statistic], method="bound_" + rows["bound"]).reindex(
        columns=ESTIMATE_COLUMNS
    )
    exact, ends = table["bound"].eq(""), ["low", "high"]
    rows["method"] = rows["method"].mask(exact, "log_delta" if statistic == "lq" else "count")
    rows[ends] = rows[ends] if statistic == "lq" else np.nan
    return rows[rows["estimate"].notna()]


def _rules(study: Study) -> dict[str, Any]:
    rules = _DEFAULTS | dict(study.settings.get("mapping", {}))
    if rules["stars"] not in _STAR_VARIANTS:
        remedy = "use one of: " + ", ".join(_STAR_VARIANTS)
        raise StudyError(
            "unknown way of giving stars", file="study.toml", column="stars", value=str(rules["stars"]), remedy=remedy
        )
    return rules


def _bridge(study: Study) -> dict[str, tuple[str, int]]:
    """Every code that leads to one region of the study's vintage, with the number of codes that make it up."""
    geography, vintage = study.table("geography"), str(_rules(study)["nuts"])
    current = set(geography.loc[geography["vintage"].str.split(";").map(lambda years: vintage in years), "region"])
    bridge = {code: (code, 1) for code in current}
    for row in geography.to_dict("records"):
        parts = [part for part in row["successor"].split("+") if part]
        if row["region"] in current:
            bridge.update({part: (row["region"], len(parts)) for part in parts if part not in current})
        elif len(parts) == 1 and parts[0] in current:
            bridge[row["region"]] = (parts[0], 1)
    return bridge


def _grid(cells: pd.DataFrame, study: Study, rules: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Jobs and flags, a row a region (or country), a column a sector."""
    year = rules.get("year", cells["year"].max() if len(cells) else None)
    chosen = cells[cells["indicator"].eq("jobs") & pd.to_numeric(cells["year"]).eq(int(year))]
    fates = tabulate_regions(chosen, study)
    fates = fates[fates["region"].ne("")].rename(columns={"region": "target"})
    chosen = chosen.merge(fates[["code", "target", "parts", "fate"]], left_on="region", right_on="code")
    if chosen["value"].isna().all():
        raise StudyError(
            "no jobs of the year asked for", file="study.toml", column="year", value=str(year), remedy="name another"
        )
    # A region put together from parts has a figure only when each part has one.
    parts = chosen[chosen["fate"].eq("bridged")]
    grouped = parts.groupby(["target", "sector"], sort=False)
    summed = grouped.agg(value=("value", "sum"), flag=("flag", "max"), told=("value", "count"), parts=("parts", "max"))
    summed["value"] = summed["value"].where(summed["told"] == summed["parts"])
    direct = chosen[chosen["fate"].ne("bridged")].groupby(["target", "sector"], sort=False)[["value", "flag"]].first()
    # The code in force comes first; an older one fills in only where that one says nothing at all.
    joined = pd.concat([direct, summed[["value", "flag"]]])
    joined = joined.iloc[np.argsort(joined["value"].isna().to_numpy(), kind="stable")]
    joined = joined[~joined.index.duplicated()].reset_index()
    jobs = joined.pivot(index="target", columns="sector", values="value").astype(float)
    flags = joined.pivot(index="target", columns="sector", values="flag").fillna("")
    return jobs, flags


def _choose_sectors(columns: pd.Index) -> tuple[list[str], list[str]]:
    """Sectors that add up to everything, and sectors to rate.

    Everything are the sections and the divisions of sections without a row of their own (S95 in Eurostat's business
    statistics). To be rated are the divisions, or whatever a plain table has.
    """
    letters = {code for code in columns if len(code) == 1}
    divisions = sorted(code for code in columns if re.fullmatch(_DIVISION, code))
    tops = [*sorted(letters), *(code for code in divisions if code[0] not in letters)]
    return tops or list(columns), divisions or sorted(letters) or list(columns)


def _reference(jobs: pd.DataFrame, flags: pd.DataFrame, study: Study) -> tuple[pd.Series, pd.Series]:
    """Jobs by sector of all the study's countries together, and which national figures are hidden."""
    national, hidden = [], []
    for code in study.countries:
        regions = [region for region in jobs.index if region[:2] == code and len(region) > 2]
        if code in jobs.index and jobs.loc[code].notna().any():
            national.append(jobs.loc[code])
            hidden.append(jobs.loc[code].isna().map({True: code, False: ""}))
        elif flags.loc[regions].apply(lambda column: column.str.contains("c")).to_numpy().any():
            raise StudyError(
                "the reference cannot be summed from regions of which some are suppressed",
                file="sources.csv",
                value=code,
                remedy="deliver the national rows of the same statistics",
            )
        else:
            national.append(jobs.loc[regions].sum(min_count=1))
    lacking = pd.concat(hidden, axis=1).agg(" ".join, axis=1) if hidden else pd.Series("", index=jobs.columns)
    return pd.concat(national, axis=1).sum(axis=1), lacking.str.split().str.join(" ")


def _find_short_totals(jobs: pd.DataFrame, regions: pd.DataFrame) -> dict[str, str]:
    """Sections that a region's total lacks, where what they may hold at most weighs in it; else an empty text.

    At most the hidden section holds what the country has beyond its published regions.
    """
    short = {}
    for code, sections in regions.iterrows():
        gone = sections.index[sections.isna()]
        siblings = regions.loc[regions.index.str[:2] == code[:2], gone].sum()
        whole = jobs.loc[code[:2], gone] if code[:2] in jobs.index else siblings
        most = float((whole - siblings).sum()) if whole.notna().all() else np.inf
        short[str(code)] = " ".join(gone) if most > _SLACK * sections.sum() else ""
    return short


def _rate_stars(table: pd.DataFrame, totals: np.ndarray, rules: Mapping[str, Any]) -> pd.Series:
    """One star each for size within the sector, specialisation, and share of the region's jobs; ties by mean rank."""
    rated = table[table["sector"].str.startswith(rules["sectors"]) & table["jobs"].notna()]
    at_least = 1 - rules["top_share"]
    size = rated.groupby("sector")["jobs"].rank(pct=True) >= at_least
    focus = (rated["jobs"] / totals[rated.index]).rank(pct=True) >= at_least
    stars = size.astype(float) + (rated["lq"] >= rules["location_quotient"]) + focus
    return stars.where(rated["jobs"] >= rules["minimum_jobs"], 0.0).reindex(table.index)
