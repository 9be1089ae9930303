"""Step 1: how concentrated a sector is in a region, and the partners' clusters beside the statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import shape_estimates, tabulate_counts, tabulate_shares
from cncb_analysis.statistics.regional import location_quotient, location_quotient_interval
from cncb_analysis.study import Study

QUOTIENT_COLUMNS = ["region", "sector", "jobs", "flag", "lq", "low", "high", "excess_jobs", "stars", "bound", "hidden"]
_DIVISION = r"[A-Z]\d\d"
_MEASURED = ["lq", "jobs", "excess_jobs", "stars"]
# A regional total that may lack at most this share of itself counts as whole.
_SLACK = 0.01
_STAR_VARIANTS = ("eco2007",)
_STARS = {"stars": "eco2007", "minimum_jobs": 1000, "location_quotient": 2.0, "top_share": 0.10}
_DEFAULTS: dict[str, Any] = {"nuts": "2013", "sectors": "", **_STARS}


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
    table = cells.groupby("region").size().rename("cells").rename_axis("code").reset_index()
    table = table.merge(_bridge(study), on="code", how="left")
    code, region = table["code"], table["region"]
    fates = {
        "used": region.eq(code),
        "bridged": region.notna(),
        "other_country": ~code.str[:2].isin(study.countries),
        "extra_regio": code.str.endswith("ZZ"),
        "total": code.str.len() < 4,
        "split": code.isin(study.table("geography")["region"]),
    }
    table["fate"] = np.select(list(fates.values()), list(fates), "unknown")
    country = table["fate"].eq("total") & code.str.len().eq(2)
    table = table.assign(region=region.fillna(code.where(country, "")), parts=table["parts"].fillna(1).astype(int))
    return table[["code", "region", "parts", "fate", "cells"]]


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
    grids = {"jobs": jobs, "flag": flags}
    long = {name: grid.loc[regions, sectors].stack(future_stack=True) for name, grid in grids.items()}
    table = pd.DataFrame(long).rename_axis(["region", "sector"]).reset_index()
    own, reference = table["region"].map(totals).to_numpy(float), table["sector"].map(national).to_numpy(float)
    counts = table["jobs"].to_numpy(float)
    table["lq"] = location_quotient(counts, own, reference, total)
    low, high = location_quotient_interval(counts, own, reference, total)
    table["excess_jobs"] = counts - own * reference / total
    table["stars"] = _rate_stars(table, own, rules)
    table["hidden"] = (table["sector"].map(hidden_at) + ";" + table["region"].map(short)).str.strip(";")
    upper, lower, absent = table["hidden"].ne(""), any(hidden_at[code] for code in tops), table["jobs"].isna()
    # Of a bound only the end that is sure stands.
    table["low"], table["high"] = np.where(upper, np.nan, low), np.where(lower, np.nan, high)
    cases = [absent & table["flag"].str.contains("c"), absent, upper & lower, upper, lower]
    table["bound"] = np.select(cases, ["confidential", "missing", "either", "upper", "lower"], "")
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
    table["region"] = _cross(table["region"], study)
    recognition = given[given["variable"].eq("map_recog")]
    named = recognition["value"].gt(0) & recognition["option"].ne("none")
    table["recognised"] = table["unit"].map(named.groupby(recognition["unit"]).any())
    facts = ["region", "sector", "jobs", "lq", "low", "high", "stars", "bound"]
    table = table.merge(quotients[facts], on=["region", "sector"], how="left")
    cases = [table["bound"].isna(), table["lq"].isna(), table["lq"] >= 1]
    verdict = np.select(cases, ["unmatched", "hidden", "concentrated"], "not_concentrated")
    return table.assign(verdict=verdict, bound=table["bound"].fillna(""))


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
        clusters with LQ of at least 1 (k) of those that have a figure (n).
    """
    owners = [(code, partner.id, partner.country) for partner in study.partners for code in partner.nuts]
    owned = pd.DataFrame(owners, columns=["occasion", "partner", "country"], dtype="str")
    owned = owned.assign(occasion=_cross(owned["occasion"], study)).drop_duplicates("occasion", keep="last")
    wanted = (quotients["region"].isin(owned["occasion"]) & quotients["stars"].notna()) | (quotients["stars"] > 0)
    pairs = pd.MultiIndex.from_frame(quotients[["region", "sector"]])
    wanted |= pairs.isin(pd.MultiIndex.from_frame(clusters[["region", "sector"]]))
    rated = quotients[quotients["stars"].notna() & (quotients["jobs"] >= _rules(study)["minimum_jobs"])]
    best = rated.assign(stars=rated.groupby("region")["stars"].transform("max"), bounded=rated["bound"].ne(""))
    best = best.sort_values(["bounded", "lq"], ascending=[True, False]).drop_duplicates("region")
    best = best.assign(sector="", jobs=np.nan, excess_jobs=np.nan)
    rows = pd.concat([quotients[wanted & quotients["jobs"].notna()], best])
    rows = rows.rename(columns={"region": "occasion", "sector": "option"}).merge(owned, on="occasion", how="left")
    rows["country"] = rows["country"].fillna(rows["occasion"].str[:2])
    place = ["occasion", "option", "partner", "country", "low", "high", "bound"]
    rows = rows.melt(place, _MEASURED, "statistic", "estimate").dropna(subset="estimate")
    quotient, bounded = rows["statistic"].eq("lq"), rows["bound"].ne("")
    rows.loc[~quotient, ["low", "high"]] = np.nan
    method = np.select([bounded, quotient], ["bound_" + rows["bound"], "log_delta"], "count")
    rows = rows.assign(step="mapping", variable="concentration", base="persons employed", method=method)
    told = clusters[clusters["lq"].notna()].assign(step="mapping", variable="map_concentrated", option="yes")
    told = told.assign(occasion="", statistic="share", k=told["verdict"].eq("concentrated"))
    shares = tabulate_shares(tabulate_counts(told))
    return pd.concat([shape_estimates(rows), shares], ignore_index=True)


def _rules(study: Study) -> dict[str, Any]:
    rules = _DEFAULTS | dict(study.settings.get("mapping", {}))
    if rules["stars"] not in _STAR_VARIANTS:
        place = {"file": "study.toml", "column": "stars", "value": str(rules["stars"])}
        raise StudyError("unknown way of giving stars", **place, remedy="use one of: " + ", ".join(_STAR_VARIANTS))
    return rules


def _bridge(study: Study) -> pd.DataFrame:
    """Every code that leads to one region of the study's vintage, with the number of codes that make it up."""
    geography, vintage = study.table("geography"), str(_rules(study)["nuts"])
    current = geography.loc[[vintage in years.split(";") for years in geography["vintage"]], "region"].tolist()
    rows = [(code, code, 1) for code in current]
    for region, successor in zip(geography["region"], geography["successor"], strict=True):
        parts = successor.split("+")
        if region in current:
            rows += [(part, region, len(parts)) for part in parts if part and part not in current]
        elif successor in current:
            rows.append((region, successor, 1))
    return pd.DataFrame(rows, columns=["code", "region", "parts"]).drop_duplicates("code", keep="last")


def _cross(codes: pd.Series, study: Study) -> pd.Series:
    """Codes of the study's vintage; one that cannot be bridged stays as it is."""
    return codes.map(_bridge(study).set_index("code")["region"]).fillna(codes)


def _grid(cells: pd.DataFrame, study: Study, rules: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Jobs and flags, a row a region (or country), a column a sector."""
    year = rules.get("year", cells["year"].max() if len(cells) else None)
    chosen = cells[cells["indicator"].eq("jobs") & pd.to_numeric(cells["year"]).eq(int(year))]
    fates = tabulate_regions(chosen, study).rename(columns={"region": "target"})
    chosen = chosen.merge(fates.drop(columns="cells")[fates["target"].ne("")], left_on="region", right_on="code")
    if chosen["value"].isna().all():
        place = {"file": "study.toml", "column": "year", "value": str(year)}
        raise StudyError("no jobs of the year asked for", **place, remedy="name another")
    grouped = chosen.assign(bridged=chosen["fate"].eq("bridged")).groupby(["bridged", "target", "sector"])
    told = grouped.agg(value=("value", "sum"), flag=("flag", "max"), told=("value", "count"), parts=("parts", "max"))
    # A region put together from parts has a figure only when each part has one.
    told["value"] = told["value"].where(told["told"] == told["parts"])
    # The code in force comes first; an older one fills in only where that one says nothing at all.
    told = told.reset_index().sort_values("value", key=lambda value: value.isna(), kind="stable")
    told = told.drop_duplicates(["target", "sector"])
    flags = told.pivot(index="target", columns="sector", values="flag").fillna("")
    return told.pivot(index="target", columns="sector", values="value").astype(float), flags


def _choose_sectors(columns: pd.Index) -> tuple[list[str], list[str]]:
    """Sectors that add up to everything, and sectors to rate.

    Everything are the sections and the divisions of sections without a row of their own (S95 in Eurostat's business
    statistics). To be rated are the divisions, or whatever a plain table has.
    """
    letters = {code for code in columns if len(code) == 1}
    divisions = sorted(code for code in columns if re.fullmatch(_DIVISION, code))
    tops = [*sorted(letters), *(code for code in divisions if code[0] not in letters)]
    return tops or list(columns), divisions or sorted(letters) or list(columns)


def _reference(jobs: pd.DataFrame, flags: pd.DataFrame, study: Study) -> tuple[pd.Series, dict[str, str]]:
    """Jobs by sector of all the study's countries together, and which national figures are hidden."""
    delivered = [code for code in study.countries if code in jobs.index and jobs.loc[code].notna().any()]
    national = jobs.loc[delivered].T
    gone = national.isna()
    hidden = {str(sector): " ".join(code for code in delivered if gone.at[sector, code]) for sector in jobs.columns}
    for code in set(study.countries) - set(delivered):
        regions = jobs.index.str.startswith(code) & (jobs.index.str.len() > 2)
        if flags[regions].stack().str.contains("c").any():
            problem = "the reference cannot be summed from regions of which some are suppressed"
            remedy = "deliver the national rows of the same statistics"
            raise StudyError(problem, file="sources.csv", value=code, remedy=remedy)
        national[code] = jobs[regions].sum(min_count=1)
    return national.sum(axis=1), hidden


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
