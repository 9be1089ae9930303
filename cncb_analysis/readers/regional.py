"""A plain table of jobs: a row a region, a column a sector."""

from __future__ import annotations

import pandas as pd

from cncb_analysis.errors import StudyError

_SECTOR = r"[A-Z]\d{0,4}"
_REGION = r"[A-Z]{2}[A-Z0-9]{0,3}"
# A count, its thousands parted by blanks; else a sign for confidential, or for no figure.
_FIGURE = r"(?P<value>\d[\d\s]*?)?(?:[.,]0+)?\s*(?P<flag>c|x|:c|: c)?(?P<none>[:–-]|n/a)?"


def read_region_table(table: pd.DataFrame, *, file: str, year: int) -> pd.DataFrame:
    """Read jobs from a table of regions by sectors.

    Parameters
    ----------
    table : DataFrame
        Text cells: the first column holds NUTS codes (two letters for a country's own row), each other column is
        headed by a NACE code. Counts in whole numbers, thousands parted by blanks or not at all; c, x or :c =
        confidential; empty, : or – = no figure.
    file : str
        Its name.
    year : int
        Of the figures.

    Returns
    -------
    DataFrame
        region, sector, indicator (jobs), year, value, flag (c = confidential), a row a cell.

    Raises
    ------
    StudyError
        When a heading is no NACE code, a row has no NUTS code, or a cell is no count.

    Examples
    --------
    >>> table = pd.DataFrame({"region": ["AT31", "AT"], "C10": ["1 200", "c"]})
    >>> read_region_table(table, file="jobs.xlsx", year=2014).values.tolist()
    [['AT31', 'C10', 'jobs', 2014, 1200.0, ''], ['AT', 'C10', 'jobs', 2014, nan, 'c']]
    """
    region, *sectors = (str(name) for name in table.columns)
    heads = pd.Series(sectors, dtype="str").str.strip()
    for sector in heads[~heads.str.fullmatch(_SECTOR)].head(1):
        remedy = "head each column by its NACE code, such as C10, and leave totals out"
        raise StudyError("heading is no sector", file=file, row="1", column=sector, remedy=remedy)
    cells = table.set_axis([region, *heads], axis=1).reset_index(names="row").melt(["row", region], var_name="sector")
    cells = cells.assign(region=cells[region].str.strip(), value=cells["value"].fillna("").str.strip())
    parts = cells["value"].str.extract(f"^{_FIGURE}$")
    known = cells["value"].str.fullmatch(_FIGURE)
    coded = cells["region"].str.fullmatch(_REGION)
    for place in cells[~(known & coded)].to_dict("records")[:1]:
        said, what, remedy = "is no count", "value", "write a whole number, c where it is confidential, or nothing"
        if not coded[cells["row"] == place["row"]].all():
            said, what, remedy = "is no region", "region", "write a NUTS code, such as AT31"
        where = {"row": str(place["row"]), "column": region if what == "region" else place["sector"]}
        raise StudyError(said, file=file, **where, value=place[what], remedy=remedy)
    values = pd.to_numeric(parts["value"].str.replace(r"\s", "", regex=True)).astype(float)
    told = cells[["region", "sector"]].assign(indicator="jobs", year=year, value=values)
    return told.assign(flag=parts["flag"].notna().map({True: "c", False: ""}))
