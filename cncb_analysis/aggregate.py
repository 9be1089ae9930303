"""Establishment microdata to cells of region and sector: one pass of an engine, then disclosure control at the source.

Ibis writes the query: for DuckDB inside this process, or for a cluster or warehouse by its address. Neither is imported
before it is asked for: they start threads, and a process with threads cannot fork notebooks.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cncb_analysis.errors import StudyError

_MOST = 10**9  # no plant has as many persons; infinity and NaN lie beyond it in every engine
_CLASSES = {"_1_49": (0, 50), "_50_249": (50, 250), "_250_": (250, _MOST)}
_ADDED = {"jobs": "sum", "plants": "sum", "largest": "max"}
_FIGURES = ["jobs", "plants", "squared_jobs", *(f"jobs{name}" for name in _CLASSES)]
# The sum and the sum of squares of a few plants together give their sizes away.
_SQUARED, _DOMINANT = 10, 0.85


def sum_establishments(file: str, columns: Mapping[str, str], engine: str = "duckdb://") -> pd.DataFrame:
    """Sum establishments by region and sector in one pass; sums of several files can be added up.

    Parameters
    ----------
    file : str
        Parquet or, for DuckDB, CSV with a row an establishment; or the name of a table in the engine.
    columns : mapping of str to str
        The file's column for region (a code that begins with its country's two letters), sector and jobs (persons).
    engine : str
        Address as Ibis has it: duckdb://, duckdb://FILE, pyspark://, …

    Returns
    -------
    DataFrame
        region, sector, squared_jobs (sum of x^2 over plants of x persons: Herfindahl's H = squared_jobs / jobs^2), and
        jobs (persons), plants (that have any), largest (persons in the largest plant), also by class, such as
        jobs_1_49. Restricted: `protect_cells` comes before anything is written.

    Raises
    ------
    StudyError
        When the engine is not installed or cannot read the file, a column is missing, a region does not begin with two
        capitals, a sector is blank, or jobs are no number of at least 0.
    """
    try:
        import ibis

        link = ibis.connect(engine)
        table = _open(link, file)
        keys = {name: table[columns[name]] for name in ("region", "sector")}
        query = table.group_by(**keys).aggregate(**_list_measures(table[columns["jobs"]]))
        # Ibis would fetch through Arrow, which pandas imports wherever it is installed and which starts a thread.
        sums = link.raw_sql(link.compile(query)).df() if link.name == "duckdb" else query.execute()
    except Exception as error:  # noqa: BLE001 - every engine has errors of its own
        asked = "name a .parquet or .csv file or a table of the engine, and its columns"
        install = 'pip install "cncb-analysis[scale]", for another engine "ibis-framework[NAME]"'
        remedy = install if isinstance(error, ImportError) else asked
        said = f"cannot be read with {engine} ({str(error).partition(chr(10))[0]})"
        raise StudyError(said, file=file, remedy=remedy) from None
    told = sums[[*keys, "example"]].astype(object).fillna("").astype(str).apply(lambda text: text.str.strip())
    coded = told["region"].str.match("[A-Z]{2}") & told["sector"].ne("")
    sums = sums.assign(**told, wrong=sums["wrong"].where(coded, sums["rows"]))
    for first in sums[sums["wrong"] > 0].sort_values(list(keys)).to_dict("records")[:1]:
        said = f"{sums['wrong'].sum():.0f} row(s) without a region (AT31), a sector or jobs (a number of at least 0)"
        remedy = f"mend them; the first by code is of region {first['region']!r}, sector {first['sector']!r}"
        raise StudyError(said, file=file, value=first["example"], remedy=remedy)
    totals = {name: sums.filter(like=f"{name}_").agg(add, axis=1) for name, add in _ADDED.items()}
    return sums.drop(columns=["rows", "wrong", "example"]).assign(**totals)


def protect_cells(sums: pd.DataFrame, year: int, threshold: int = 3) -> pd.DataFrame:
    """Add national rows and zeros, hide what would tell on single plants, and lay it out as tidy cells.

    Hidden is what counts fewer plants than the threshold, or what one plant holds more than 85 % of. A national figure
    is shown unless it is such itself, so the hidden regions of a sector can be had together, by difference: the
    smallest others of the country are hidden until those together are safe too. Classes of size, which add up to the
    jobs, are hidden all or none; squared jobs below 10 plants. What is hidden follows from no sum or difference; how
    narrowly it is bounded is not looked at.

    Parameters
    ----------
    sums : DataFrame
        From `sum_establishments`, of whole countries.
    year : int
        Of the data.
    threshold : int
        Fewest plants of a figure that is shown.

    Returns
    -------
    DataFrame
        The tidy table cells: region (national rows: two letters), sector, indicator (jobs, plants, squared_jobs, jobs
        by class such as jobs_1_49), year, value (persons, plants; NaN where hidden), flag (c = hidden).

    References
    ----------
    Hundepool, A. et al. (2012). Statistical Disclosure Control. Wiley, Chichester, chapter 4: threshold and dominance
    rules, secondary suppression.

    Examples
    --------
    >>> sums = pd.DataFrame({"region": ["AT31"], "sector": ["C10"], "squared_jobs": 50.0})
    >>> parts = ("", "_1_49", "_50_249", "_250_")
    >>> sums = sums.assign(**{kind + part: 2 for part in parts for kind in ("jobs", "plants", "largest")})
    >>> protect_cells(sums, 2014)[["region", "indicator", "value", "flag"]].values.tolist()[:2]
    [['AT', 'jobs', nan, 'c'], ['AT31', 'jobs', nan, 'c']]
    """
    nations, regions = sums.assign(region=sums["region"].str[:2]), sums[sums["region"].str.len() > 2]
    added = {name: "max" if name.startswith("largest") else "sum" for name in sums.columns[2:]}
    cells = pd.concat([nations, regions]).groupby(["region", "sector"]).agg(added)
    cells = cells.unstack().stack(future_stack=True).fillna(0).reset_index()
    few = _hide(cells, [""], threshold)
    squares, classes = few | _hide(cells, [""], max(threshold, _SQUARED)), few | _hide(cells, _CLASSES, threshold)
    tidy = cells.melt(["region", "sector"], _FIGURES, "indicator")
    hidden = pd.concat([few, few, squares, *[classes] * len(_FIGURES[3:])], ignore_index=True)
    tidy.insert(3, "year", year)
    return tidy.assign(value=tidy["value"].mask(hidden).round(3), flag=hidden.map({True: "c", False: ""}))


def _open(link: Any, file: str) -> Any:
    """The establishments as a table of the engine."""
    if link.name != "duckdb":
        return link.read_parquet(file) if file.endswith(".parquet") else link.table(file)
    path = "'" + file.replace("'", "''") + "'"
    readers = {"parquet": f"read_parquet({path})", "csv": f"read_csv({path}, header=true, all_varchar=true)"}
    source = readers.get(file.removesuffix(".gz").rpartition(".")[2], file)
    # Whoever names the file owns the engine; quotes in its path are doubled.
    names = [row[0] for row in link.raw_sql(f"describe select * from {source}").fetchall()]  # nosec B608
    # Ibis would ask for the types through Arrow; taken for text, a column is cast once, whatever it is.
    return link.sql(f"select * from {source}", schema=dict.fromkeys(names, "string"))  # nosec B608


def _list_measures(told: Any) -> dict[str, Any]:
    jobs = told.try_cast("float64")
    valid = jobs.between(0, _MOST).fill_null(False)
    measures = {"squared_jobs": (jobs * jobs).sum(), "example": told.cast("string").min(where=~valid)}
    measures |= {"rows": valid.count(), "wrong": valid.count(where=~valid)}
    for name, (low, high) in _CLASSES.items():
        part = (jobs > 0) & (jobs >= low) & (jobs < high)
        measures[f"jobs{name}"], measures[f"plants{name}"] = jobs.sum(where=part), jobs.count(where=part)
        measures[f"largest{name}"] = jobs.max(where=part)
    return measures


def _hide(cells: pd.DataFrame, parts: Iterable[str], least: int) -> pd.Series:
    """Cells of which a part tells on single plants, and the smallest others that these need beside them."""

    def tell(table: pd.DataFrame) -> pd.Series:
        few = [table[f"plants{part}"].between(1, least - 1) for part in parts]
        much = [table[f"largest{part}"] > _DOMINANT * table[f"jobs{part}"] for part in parts]
        return pd.concat([*few, *much], axis=1).any(axis=1)

    hidden, national = tell(cells), cells["region"].str.len() == 2
    home = cells["region"].str[:2] + cells["sector"]
    differ = ~national & home.isin(home[national & ~hidden])
    order = cells[differ].assign(safe=~hidden).sort_values(["safe", "jobs"], kind="stable")
    together = order.iloc[:, 2:-1].groupby(home).cumsum()
    together = together.assign(**order.filter(like="largest").groupby(home).cummax())
    beside = tell(together).groupby(home).shift(fill_value=False) & (order["plants"] > 0)
    return hidden | beside.reindex(cells.index, fill_value=False)
