"""Invented employment by region and sector in the form of Eurostat's bulk file `sbs_r_nuts06_r2`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd

from cncb_analysis.simulation.banks import read_bank

YEARS = tuple(range(2015, 2007, -1))  # newest first, as in the bulk file
_BASE_YEAR = 2014
# The groups of the motor trade stand in the real file too: codes of different depth must not be added up.
_GROUPS = {"G451": 0.36, "G452": 0.44, "G453": 0.18, "G454": 0.02}
_ROUNDS = 60
_CELL_NOISE, _YEAR_NOISE = 0.30, 0.02
_RARE_PERCENT, _ABSENT_SHARE = 0.13, 0.5
_CONFIDENTIAL_PLANTS, _CONFIDENTIAL_SHARE = 3, 0.03
# From this year on a country uses its newer codes; before it the same regions stand under the earlier ones.
_CODE_CHANGE = {"IT": 2011, "SI": 2013}
_NOT_DELIVERED = {("IT", 2015)}
_HIDDEN_NATIONAL = {("AT", "B07"), ("CZ", "B07"), ("SK", "B07"), ("SI", "C12"), ("SK", "C12")}

Cell = tuple[str, str, str]  # sector, indicator, territory


def draw_jobs(rng: np.random.Generator) -> pd.DataFrame:
    """Draw jobs by region and division for the base year.

    Regional and sector totals and the planted location quotients hold; every other cell is noise fitted to the
    margins (iterative proportional fitting round the planted cells).

    Parameters
    ----------
    rng : Generator
        Source of chance.

    Returns
    -------
    DataFrame
        Jobs; a row a region, a column a division.

    References
    ----------
    Deming, W. E. and Stephan, F. F. (1940), Annals of Mathematical Statistics 11, 427-444.

    Examples
    --------
    >>> jobs = draw_jobs(np.random.default_rng(1))
    >>> jobs.shape
    (67, 68)
    """
    regions, sectors = read_bank("regions"), read_bank("sectors")
    region_jobs = regions["jobs_thousand"].astype(float).to_numpy() * 1000
    sector_jobs = sectors["jobs_percent"].astype(float).to_numpy()
    sector_jobs = sector_jobs / sector_jobs.sum() * region_jobs.sum()
    expected = np.outer(region_jobs, sector_jobs) / region_jobs.sum()
    jobs = expected * np.exp(rng.normal(0, _CELL_NOISE, expected.shape))
    # Small divisions (coal, tobacco, refining, …) are absent in many regions: true zeros, beside hidden cells.
    rare = sectors["jobs_percent"].astype(float).to_numpy() < _RARE_PERCENT
    jobs[rare & (rng.random(jobs.shape) < _ABSENT_SHARE)] = 0
    fixed = _plant_specialisations(expected, regions["region"], sectors["sector"])
    planted = np.isfinite(fixed)
    jobs = np.where(planted, 0, jobs)
    held = np.where(planted, fixed, 0)
    for _ in range(_ROUNDS):
        jobs *= ((region_jobs - held.sum(axis=1)) / jobs.sum(axis=1))[:, None]
        jobs *= (sector_jobs - held.sum(axis=0)) / jobs.sum(axis=0)
    return pd.DataFrame((jobs + held).round().astype(int), index=regions["region"], columns=sectors["sector"])


def _plant_specialisations(expected: np.ndarray, regions: pd.Series, sectors: pd.Series) -> np.ndarray:
    fixed = np.full(expected.shape, np.nan)
    row = {code: place for place, code in enumerate(regions)}
    column = {code: place for place, code in enumerate(sectors)}
    for _, cell in read_bank("specialisations").iterrows():
        place = row[cell["region"]], column[cell["sector"]]
        fixed[place] = expected[place] * float(cell["location_quotient"])
    return fixed


def write_regional_statistics(rng: np.random.Generator) -> bytes:
    """Write the synthetic file as Eurostat's bulk download looks.

    A row is sector, indicator and territory; then the years, newest first, each heading and cell with a trailing
    space. V11210 = local units, V16110 = persons employed. National and NUTS 1 rows are sums that hold what the
    regional rows hide; regions stand under the code that was in force in the year.

    Parameters
    ----------
    rng : Generator
        Source of chance.

    Returns
    -------
    bytes
        Gzip-compressed tab-separated text.
    """
    jobs = _spread_over_years(draw_jobs(rng), rng)
    plants = _draw_plants(jobs, rng)
    secret = (plants <= _CONFIDENTIAL_PLANTS) | (rng.random(jobs.shape) < _CONFIDENTIAL_SHARE)
    secret &= ~_planted_mask(jobs.index, jobs.columns)
    secret &= jobs > 0
    numbers = {
        "V11210": _add_territories(_add_sectors(plants, total=True)),
        "V16110": _add_territories(_add_sectors(jobs, total=True)),
    }
    hidden = _add_sectors(secret, total=False)
    lines = ["\t".join(["nace_r2,indic_sb,geo\\time", *(f"{year} " for year in YEARS)])]
    for cell, values, flags in _list_rows(numbers, hidden, rng):
        lines.append("\t".join([",".join(cell), *_format_years(cell, values, flags)]))
    return gzip.compress(("\n".join(lines) + "\n").encode("ascii"), mtime=0)


def _spread_over_years(jobs: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Columns become (division, year): slow trends of divisions and regions round the base year."""
    steps = np.array(YEARS) - _BASE_YEAR
    sector_trend = rng.normal(0, 0.012, jobs.shape[1])
    region_trend = rng.normal(0.004, 0.006, jobs.shape[0])
    growth = np.exp(steps * (sector_trend[None, :, None] + region_trend[:, None, None]))
    noise = np.exp(rng.normal(0, _YEAR_NOISE, growth.shape)) ** (steps != 0)
    values = (jobs.to_numpy()[:, :, None] * growth * noise).round().astype(int)
    columns = pd.MultiIndex.from_product([jobs.columns, YEARS], names=["sector", "year"])
    return pd.DataFrame(values.reshape(len(jobs), -1), index=jobs.index, columns=columns)


def _draw_plants(jobs: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    size = read_bank("sectors").set_index("sector")["jobs_a_plant"].astype(float)
    local = np.exp(rng.normal(0, 0.15, (jobs.shape[0], len(size)))).repeat(len(YEARS), axis=1)
    plants = jobs.to_numpy() / (size.reindex(jobs.columns.get_level_values("sector")).to_numpy() * local)
    return pd.DataFrame(np.ceil(plants).astype(int), index=jobs.index, columns=jobs.columns)


def _planted_mask(regions: pd.Index, columns: pd.MultiIndex) -> np.ndarray:
    cells = set(read_bank("specialisations")[["region", "sector"]].itertuples(index=False, name=None))
    sectors = columns.get_level_values("sector")
    return np.array([[(region, sector) in cells for sector in sectors] for region in regions])


def _add_sectors(table: pd.DataFrame, *, total: bool) -> pd.DataFrame:
    """Put the section before its divisions and the groups of G45 behind it; a group shares its division's fate."""
    parts: dict[str, pd.DataFrame] = {}
    for sector in table.columns.unique("sector"):
        letter = sector[0]
        if letter != "S" and letter not in parts:
            divisions = [code for code in table.columns.unique("sector") if code[0] == letter]
            block = table.loc[:, pd.IndexSlice[divisions, :]]
            summed = block.T.groupby(level="year", sort=False).sum().T
            parts[letter] = summed if total else summed * 0 > 1
        parts[sector] = table[sector]
        if sector == "G45":
            for group, share in _GROUPS.items():
                parts[group] = (table[sector] * share).round().astype(int) if total else table[sector]
    return pd.concat(parts, axis=1, names=["sector", "year"])


def _add_territories(table: pd.DataFrame) -> pd.DataFrame:
    """Put countries (AT) and NUTS 1 (AT1) among the regions, in the order of the codes."""
    wide = [table.groupby(table.index.str[:length], sort=False).sum() for length in (2, 3)]
    return pd.concat([table, *wide]).sort_index()


def _list_rows(
    numbers: dict[str, pd.DataFrame], hidden: pd.DataFrame, rng: np.random.Generator
) -> Iterator[tuple[Cell, np.ndarray, np.ndarray]]:
    earlier = _earlier_codes()
    for sector in numbers["V16110"].columns.unique("sector"):
        for indicator, table in numbers.items():
            block = table[sector]
            secret = hidden[sector].reindex(block.index, fill_value=False).to_numpy()
            rough = rng.random(block.shape) < 0.01
            rows = []
            for place, territory in enumerate(block.index):
                flags = np.where(secret[place] & (indicator == "V16110"), "c", np.where(rough[place], "p", ""))
                if sector in _GROUPS:
                    flags = np.where(flags == "c", "cd", "d")
                if (territory, sector) in _HIDDEN_NATIONAL and indicator == "V16110":
                    flags = np.full(len(YEARS), "c")
                rows.append((territory, block.iloc[place].to_numpy(), flags))
                if territory in earlier:
                    rows.append((earlier[territory], *rows[-1][1:]))
            rows += [(f"{country}ZZ", np.zeros(len(YEARS), int), np.full(len(YEARS), "")) for country in ("CZ", "SK")]
            for territory, values, flags in sorted(rows, key=lambda row: row[0]):
                yield (sector, indicator, territory), values, flags


@cache
def _earlier_codes() -> dict[str, str]:
    rows = read_bank("regions")[["region", "earlier_code"]].itertuples(index=False, name=None)
    return {region: earlier for region, earlier in rows if earlier}


def _format_years(cell: Cell, values: np.ndarray, flags: np.ndarray) -> list[str]:
    country = cell[2][:2]
    old = cell[2] in _earlier_codes().values()
    newer = cell[2] in _earlier_codes() or cell[2] in ("ITH", "ITI")
    change = _CODE_CHANGE.get(country, 0)
    shown = []
    for year, value, flag in zip(YEARS, values, flags, strict=True):
        absent = (country, year) in _NOT_DELIVERED or (old and year >= change) or (newer and 0 < year < change)
        number = ":" if absent or str(flag).startswith("c") else str(value)
        shown.append(f"{number} {'' if absent else flag}")
    return shown
