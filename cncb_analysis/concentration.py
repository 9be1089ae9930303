"""How concentrated a sector is in a region: location quotient, interval, stars, and what hidden figures allow."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cncb_analysis.errors import StudyError
from cncb_analysis.statistics import regional
from cncb_analysis.statistics.permutation import benjamini_hochberg
from cncb_analysis.study import Study

Floats = NDArray[np.float64]
Rules = Mapping[str, Any]
_DIVISION = r"[A-Z]\d\d"
# A regional total that may lack at most this share of itself counts as whole.
_SLACK = 0.01
_PLACE = ["target", "sector"]
_BOUNDS = ["", "lower", "upper", "either", "missing", "confidential"]
_NEEDED = {"wages": "wages", "earlier": "the jobs of the compared_year that [mapping] names"}
# Ways of giving stars, each with the share of the best that gets one.
_STAR_VARIANTS = {"eco2007": 0.10, "panorama2016": 0.20}
_DEFAULTS: dict[str, Any] = {
    "nuts": "2013", "sectors": "", "stars": "eco2007", "minimum_jobs": 1000, "location_quotient": 2.0,
}  # fmt: skip


class _Against(NamedTuple):
    """Jobs of each region, of each sector, and of all: what a cell is set against."""

    region: Floats
    sector: Floats
    total: float


class _Gaps(NamedTuple):
    """What hidden figures can hold at most, infinite where nothing limits it: by cell, region's total and sector."""

    cells: Floats
    totals: Floats
    reference: Floats
    named: list[str]


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
    table = cells.groupby("region", observed=True).size().rename("cells").rename_axis("code").reset_index()
    table = table.astype({"code": str})
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


def read_rules(study: Study) -> dict[str, Any]:
    """Read how the mapping is to be rated.

    Parameters
    ----------
    study : Study
        Settings [mapping] year, nuts, sectors, stars, minimum_jobs, location_quotient, top_share, compared_year.

    Returns
    -------
    dict
        All of them, `year` and `compared_year` only where given.

    Raises
    ------
    StudyError
        When the way of giving stars is unknown.
    """
    rules = _DEFAULTS | dict(study.settings.get("mapping", {}))
    if rules["stars"] not in _STAR_VARIANTS:
        place = {"file": "study.toml", "column": "stars", "value": str(rules["stars"])}
        raise StudyError("unknown way of giving stars", **place, remedy="use one of: " + ", ".join(_STAR_VARIANTS))
    return {"top_share": _STAR_VARIANTS[rules["stars"]], **rules}


def cross_codes(codes: pd.Series, study: Study) -> pd.Series:
    """Turn region codes of any vintage into those of the study's.

    Parameters
    ----------
    codes : Series
        Region codes.
    study : Study
        Its geography table and vintage.

    Returns
    -------
    Series
        Codes of the study's vintage; one that cannot be bridged stays as it is.
    """
    return codes.map(_bridge(study).set_index("code")["region"]).fillna(codes)


def tabulate_location_quotients(cells: pd.DataFrame, study: Study, *, tests: bool = True) -> pd.DataFrame:
    """Rate every region and sector: location quotient, excess jobs, interval, bounds, stars, and what is hidden.

    The reference are the national rows of the study's countries. Where a country has none, its regions are summed,
    unless one of them is suppressed.

    Parameters
    ----------
    cells : DataFrame
        region, sector, indicator, year, value, flag; national rows have the country's code as region.
    study : Study
        Settings as `read_rules` says; table geography.
    tests : bool
        Without them `p_adjusted` is NaN throughout.

    Returns
    -------
    DataFrame
        region, sector, jobs (persons employed), flag, lq, low, high (95 %, log-delta; wider where plants are known),
        least, most (between them lies the quotient whatever the hidden figures are; NaN where nothing limits it),
        excess_jobs (persons), slq (standardised quotient), p_adjusted (exact upper tail, Benjamini-Yekutieli over all
        exact cells of the rated sectors; NaN elsewhere), stars (0-3, of `panorama2016` 0-4; missing outside the rated
        sectors and where the cell is hidden), bound ("" exact; "upper" at most; "lower" at least; "either";
        "confidential" and "missing": no figure), hidden (countries whose figure the reference lacks, then sections the
        regional total lacks, such as "AT CZ;B"). A row for each region with figures and each sector, hidden ones among
        them.

    Raises
    ------
    StudyError
        When there is nothing for the year, a reference would have to be summed over suppressed cells, one cell has two
        figures, or what the stars need was not delivered.

    References
    ----------
    Stars `eco2007`: European Cluster Observatory (2007), one each for size (top share of the regions in the sector),
    specialisation (location quotient) and focus (top share of all rated cells by share of the region's jobs). Stars
    `panorama2016`: Ketels, C. and Protsiv, S. (2016), European Cluster Panorama, one each for the top share of the
    sector's regions by size, specialisation, productivity (wages a person employed) and dynamism (jobs against those
    of `compared_year`). Ties by mean rank; no star below the minimum size. Other measures: see `statistics`.
    """
    rules = read_rules(study)
    year = int(rules.get("year", cells["year"].max() if len(cells) else 0))
    cells = cells.astype(dict.fromkeys(["region", "sector", "indicator", "flag"], "category"))
    jobs, flags = _grid(cells, study, "jobs", year)
    names = cells["flag"].cat.categories
    secret = flags.isin([code for code, name in enumerate(names) if "c" in name])
    if jobs.empty:
        place = {"file": "study.toml", "column": "year", "value": str(year)}
        raise StudyError("no jobs of the year asked for", **place, remedy="name another")
    national, hidden_at = _reference(jobs, secret, study)
    regions = [code for code, told in jobs.notna().any(axis=1).items() if told and len(str(code)) > 2]
    tops, sectors = _choose_sectors(jobs.columns)
    grid, own = jobs.loc[regions, sectors], jobs.loc[regions, tops].sum(axis=1).to_numpy()
    gaps = _find_gaps(jobs, regions, sectors, tops)
    rated = grid[[code for code in sectors if code.startswith(rules["sectors"])]].reindex_like(grid)
    short = np.where(gaps.totals > _SLACK * own, gaps.named, "")
    lacking = np.array([hidden_at[code] for code in sectors])
    upper, lower = np.logical_or.outer(short != "", lacking != ""), any(hidden_at[code] for code in tops)
    exact = ~upper & rated.notna().to_numpy() & (not lower)
    against = _Against(own[:, None], national[sectors].to_numpy(), float(national[tops].sum()))
    size = _size_plants(cells, study, year, grid)
    columns = _measure(grid.to_numpy(), against, size, exact, tests=tests)
    columns |= _limit(grid.to_numpy(), against, gaps)
    # Of a bound only the end that is sure stands.
    columns["low"] = np.where(upper, np.nan, columns["low"])
    columns |= {name: np.where(lower, np.nan, columns[name]) for name in ("high", "most")}
    needed = {"wages": ("wages", year), "earlier": ("jobs", int(rules.get("compared_year", 0)))}
    more = {name: _align(cells, study, *which, grid) for name, which in needed.items()}
    columns["stars"] = _rate_stars(rated, columns["lq"], own[:, None], rules, more)
    absent = grid.isna().to_numpy()
    closed = absent & secret.loc[regions, sectors].to_numpy()
    bound = np.select([closed, absent, upper & lower, upper], [5, 4, 3, 2], int(lower))
    # Distinct texts are few: each is made once, and the table takes them by place.
    (spare, at_short), (gone, at_gone) = (np.unique(each, return_inverse=True) for each in (short, lacking))
    hidden = [f"{first};{then}".strip(";") for then in spare for first in gone]
    texts = {
        "region": (regions, np.repeat(np.arange(len(regions)), len(sectors))),
        "sector": (sectors, np.tile(np.arange(len(sectors)), len(regions))),
        "flag": (["", *names], flags.loc[regions, sectors].to_numpy() + 1),
        "bound": (_BOUNDS, bound),
        "hidden": (hidden, np.add.outer(at_short * len(gone), at_gone)),
    }
    table = {name: pd.Index(known, dtype="str").take(np.ravel(at)) for name, (known, at) in texts.items()}
    return pd.DataFrame(table | {name: np.ravel(each) for name, each in columns.items()}, copy=False)


def _measure(
    jobs: Floats, against: _Against, size: Floats, exact: NDArray[np.bool_], *, tests: bool
) -> dict[str, Floats]:
    """What the published figures say, the jobs of a plant moving together where plants are known.

    p_adjusted is the exact upper tail of each exact cell, corrected over all of them after Benjamini and Yekutieli.
    """
    quotient = regional.location_quotient(jobs, *against)
    low, high = regional.location_quotient_interval(jobs, *against, plant_size=size)
    excess = jobs - against.region * against.sector / against.total
    standardised = regional.standardise_quotients(np.where(exact, quotient, np.nan))
    tail = regional.concentration_p(jobs, *against, plant_size=size) if tests else np.nan
    p = benjamini_hochberg(np.where(exact, tail, np.nan), method="by")
    found = {"jobs": jobs, "lq": quotient, "low": low, "high": high, "excess_jobs": excess}
    return found | {"p_adjusted": p, "slq": standardised}


def _size_plants(cells: pd.DataFrame, study: Study, year: int, grid: pd.DataFrame) -> Floats:
    """Jobs that move together: those of the plant a job is in on average where squares are known, else of a plant."""
    jobs, size = grid.to_numpy(), np.ones(grid.shape)
    plants, squares = (_align(cells, study, name, year, grid) for name in ("plants", "squared_jobs"))
    np.divide(jobs, plants, out=size, where=plants > 0)
    return np.divide(squares, jobs, out=size, where=(squares > 0) & (jobs > 0))


def _limit(jobs: Floats, against: _Against, gaps: _Gaps) -> dict[str, Floats]:
    """Least and most that the quotient can be, whatever the hidden figures are."""
    least, most = np.nan_to_num(jobs), np.where(np.isnan(jobs), gaps.cells, jobs)
    region, sector = against.region + gaps.totals[:, None], against.sector + gaps.reference
    most = regional.location_quotient(most, *against)
    least = regional.location_quotient(least, region, sector, against.total)
    return {"least": least, "most": np.where(np.isfinite(most), most, np.nan)}


def _find_gaps(jobs: pd.DataFrame, regions: list[str], sectors: list[str], tops: list[str]) -> _Gaps:
    """A hidden cell holds at most what its country has beyond published regions, and its section beyond its parts."""
    home = pd.Index(regions).str[:2]
    countries = home.unique()
    told = [code in jobs.index for code in countries]
    beyond = jobs.reindex(countries) - jobs.loc[regions].groupby(home).sum().loc[countries]
    around = beyond.loc[home, sectors].fillna(np.inf).to_numpy()
    cells = np.fmin(around, _find_rest(jobs.loc[regions], sectors)).clip(min=0)
    gone = jobs.loc[regions, tops].isna()
    beyond.loc[[not known for known in told]] = 0.0  # summed from its regions, a country has nothing beyond them
    totals = np.where(gone, beyond.loc[home, tops].fillna(np.inf), 0.0).clip(min=0)
    national = jobs.loc[countries[told]]
    hidden = np.where(national[sectors].isna(), _find_rest(national, sectors), 0.0).clip(min=0)
    named = [" ".join(gone.columns[row]) for row in gone.to_numpy()]
    return _Gaps(cells, totals.sum(axis=1), hidden.sum(axis=0), named)


def _find_rest(jobs: pd.DataFrame, sectors: list[str]) -> Floats:
    """What a division's section has beyond its published divisions; infinite where that is unknown."""
    section = pd.Index(sectors).str[0]
    known = jobs[sectors].T.groupby(section.to_numpy()).sum().T
    rest = (jobs.reindex(columns=known.columns) - known)[section].fillna(np.inf)
    return np.where([len(code) > 1 for code in sectors], rest, np.inf)


def _align(cells: pd.DataFrame, study: Study, indicator: str, year: int, grid: pd.DataFrame) -> Floats:
    """Figures of another indicator or year for the same cells; NaN where there are none."""
    return _grid(cells, study, indicator, year)[0].reindex_like(grid).to_numpy(float)


def _bridge(study: Study) -> pd.DataFrame:
    """Every code that leads to one region of the study's vintage, with the number of codes that make it up."""
    geography, vintage = study.table("geography"), str(read_rules(study)["nuts"])
    current = geography.loc[[vintage in years.split(";") for years in geography["vintage"]], "region"].tolist()
    rows = [(code, code, 1) for code in current]
    for region, successor in zip(geography["region"], geography["successor"], strict=True):
        parts = successor.split("+")
        if region in current:
            rows += [(part, region, len(parts)) for part in parts if part and part not in current]
        elif successor in current:
            rows.append((region, successor, 1))
    return pd.DataFrame(rows, columns=["code", "region", "parts"]).drop_duplicates("code", keep="last")


def _grid(cells: pd.DataFrame, study: Study, indicator: str, year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures and codes of their flags in a year, a row a region (or country), a column a sector."""
    chosen = _keep(cells, cells["indicator"].eq(indicator) & cells["year"].eq(year))
    # Codes are few, rows many: what becomes of a code is looked up once.
    fates = tabulate_regions(chosen, study).set_index("code").reindex(chosen["region"].cat.categories)
    code, target = chosen["region"].cat.codes, fates["region"].fillna("").astype("category")
    told = chosen.assign(target=target.array.take(code), direct=fates["fate"].ne("bridged").to_numpy()[code])
    told = _keep(told, pd.Series(target.ne("").to_numpy()[code], told.index))
    if not told["direct"].all():
        told = _put_together(told.assign(parts=told["region"].map(fates["parts"])), indicator)
    (rows, targets), (columns, sectors) = (pd.factorize(told[name].astype("category"), sort=True) for name in _PLACE)
    if np.bincount(rows * len(sectors) + columns).max(initial=0) > 1:
        _refuse_twice(told, indicator)
    values = np.full((len(targets), len(sectors)), np.nan)
    flags = np.full(values.shape, -1)
    values[rows, columns], flags[rows, columns] = told["value"].astype(float), told["flag"].cat.codes
    index, heads = pd.Index(targets, dtype="str"), pd.Index(sectors, dtype="str")
    return pd.DataFrame(values, index, heads), pd.DataFrame(flags, index, heads)


def _refuse_twice(told: pd.DataFrame, indicator: str) -> None:
    for row in told[told.duplicated(_PLACE)].to_dict("records")[:1]:
        where = {"column": f"{row['region']} {row['sector']} {row['year']}", "value": f"{row['value']:g}"}
        remedy = "deliver one file of these statistics"
        raise StudyError(f"a second, other figure for {indicator}", file="sources.csv", **where, remedy=remedy)


def _keep(frame: pd.DataFrame, wanted: pd.Series) -> pd.DataFrame:
    """Rows wanted, without a copy where that is all of them."""
    return frame if wanted.all() else frame[wanted]


def _put_together(told: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Sum the parts of regions of the study's vintage; a region has a figure only when each part has one."""
    _refuse_twice(told[told["direct"]], indicator)
    groups = told[~told["direct"]].astype({"target": str, "sector": str, "flag": str}).groupby(_PLACE)
    whole = groups.agg(value=("value", "sum"), flag=("flag", "max"), told=("value", "count"), parts=("parts", "max"))
    whole["value"] = whole["value"].where(whole["told"] == whole["parts"])
    # The code in force comes first; an older one fills in only where that one says nothing at all.
    both = pd.concat([told[told["direct"]], whole.reset_index().astype({"flag": told["flag"].dtype})])
    return both.sort_values("value", key=lambda value: value.isna(), kind="stable").drop_duplicates(_PLACE)


def _choose_sectors(columns: pd.Index) -> tuple[list[str], list[str]]:
    """Sectors that add up to everything, and sectors to rate.

    Everything are the sections and the divisions of sections without a row of their own (S95 in Eurostat's business
    statistics). To be rated are the divisions, or whatever a plain table has.
    """
    letters = {code for code in columns if len(code) == 1}
    divisions = sorted(code for code in columns if re.fullmatch(_DIVISION, code))
    tops = [*sorted(letters), *(code for code in divisions if code[0] not in letters)]
    return tops or list(columns), divisions or sorted(letters) or list(columns)


def _reference(jobs: pd.DataFrame, secret: pd.DataFrame, study: Study) -> tuple[pd.Series, dict[str, str]]:
    """Jobs by sector of all the study's countries together, and which national figures are hidden."""
    delivered = [code for code in study.countries if code in jobs.index and jobs.loc[code].notna().any()]
    national = jobs.loc[delivered].T
    gone = national.isna()
    hidden = {str(sector): " ".join(code for code in delivered if gone.at[sector, code]) for sector in jobs.columns}
    for code in set(study.countries) - set(delivered):
        regions = jobs.index.str.startswith(code) & (jobs.index.str.len() > 2)
        if secret[regions].any(axis=None):
            problem = "the reference cannot be summed from regions of which some are suppressed"
            remedy = "deliver the national rows of the same statistics"
            raise StudyError(problem, file="sources.csv", value=code, remedy=remedy)
        national[code] = jobs[regions].sum(min_count=1)
    return national.sum(axis=1), hidden


def _rate_stars(grid: pd.DataFrame, quotients: Floats, own: Floats, rules: Rules, more: dict[str, Floats]) -> Floats:
    """One star for each test met; ties by mean rank. Missing where there are no jobs to rate."""
    best, rank = 1 - rules["top_share"], partial(pd.DataFrame.rank, pct=True)
    if rules["stars"] == "eco2007":
        focus = pd.Series((grid.to_numpy() / own).ravel()).rank(pct=True).to_numpy().reshape(grid.shape)
        tests = [rank(grid) >= best, quotients >= rules["location_quotient"], focus >= best]
    else:
        for name, figures in more.items():
            if np.isnan(figures).all():
                remedy = "deliver them, or take stars = eco2007"
                raise StudyError(f"stars of {rules['stars']} need {_NEEDED[name]}", file="study.toml", remedy=remedy)
        quotient, pay, growth = quotients, more["wages"] / grid, grid / more["earlier"]
        tests = [rank(each) >= best for each in (grid, pd.DataFrame(quotient).set_axis(grid.index), pay, growth)]
    stars = sum(np.asarray(test, dtype=float) for test in tests)
    return np.where(grid.notna(), np.where(grid >= rules["minimum_jobs"], stars, 0.0), np.nan)
