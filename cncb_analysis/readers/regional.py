"""Regional statistics: Eurostat's bulk TSV (keys joined by commas, a column a year, flags in cells), tidy or plain."""

import gzip
import io
import warnings
import zlib
from collections.abc import Collection

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.schema import read_schema

INDICATORS = {"V16110": "jobs", "V11210": "plants", "V13320": "wages"}

_KEYS = {"geo": "region", "nace_r2": "sector", "indic_sb": "indicator"}
# Unpacked bytes; Eurostat's table of all regions and sectors has less than a tenth.
_LARGEST = 500_000_000
_SECTOR = r"[A-Z]\d{0,4}"
_REGION = r"[A-Z]{2}[A-Z0-9]{0,3}"
# A count, its thousands parted by blanks; else a sign for confidential, or for no figure.
_FIGURE = r"(?P<value>\d[\d\s]*?)?(?:[.,]0+)?\s*(?P<flag>c|x|:c|: c)?(?P<none>[:–-]|n/a)?"


def is_eurostat(data: bytes) -> bool:
    r"""Tell the bulk download, or tidy cells, from a plain table.

    Parameters
    ----------
    data : bytes
        A file.

    Returns
    -------
    bool
        Whether `read_eurostat` is to read it: gzipped, or headed as it asks for.

    Examples
    --------
    >>> is_eurostat(b"region;C10;C11"), is_eurostat(b"nace_r2,indic_sb,geo\\time\t2014 ")
    (False, True)
    """
    return data.startswith((b"\x1f\x8b", b"region,sector,indicator")) or b"\\" in data.partition(b"\n")[0][:1000]


def read_eurostat(
    data: bytes, *, file: str, years: Collection[int] = (), countries: Collection[str] = ()
) -> pd.DataFrame:
    r"""Read structural business statistics by region and sector, as Eurostat or `cncb aggregate` writes them.

    Parameters
    ----------
    data : bytes
        The file, gzipped or not: Eurostat's bulk TSV, or CSV with exactly the columns below.
    file : str
        Its name.
    years : collection of int
        Years to keep; empty = all.
    countries : collection of str
        Countries to keep; empty = all.

    Returns
    -------
    DataFrame
        region (country or NUTS 2), sector (NACE), indicator (jobs, plants, wages), year, value (NaN where not
        available), flag (c = confidential, p = provisional, …), a row a cell; rows of other indicators, of NUTS 1 and
        outside any region (…ZZ) are left out of Eurostat's.

    Raises
    ------
    StudyError
        When the keys are not those of the table, a year is missing, or a cell is no number.

    Examples
    --------
    >>> data = b"nace_r2,indic_sb,geo\\time\t2014 \nC10,V16110,AT31\t123 p\n"
    >>> read_eurostat(data, file="sbs.tsv").values.tolist()
    [['AT31', 'C10', 'jobs', 2014, 123.0, 'p']]
    """
    table = _read_table(data, file)
    if "indicator" in table:
        home = table["region"].str[:2]
        return table[table["year"].isin(years or table["year"]) & home.isin(countries or home)]
    keys = table.iloc[:, 0].str.split(",", expand=True)
    named = [name.strip() for name in str(table.columns[0]).partition("\\")[0].split(",")]
    if len(named) != keys.shape[1]:
        remedy = "download it again"
        raise StudyError("keys and heading differ", file=file, row="1", value=str(table.columns[0])[:60], remedy=remedy)
    keys.columns = named
    table.columns = [str(name).strip() for name in table.columns]
    chosen = [str(year) for year in years] or [name for name in table.columns if name.isdigit()]
    lacking = [*(name for name in _KEYS if name not in keys), *(year for year in chosen if year not in table)]
    if lacking:
        remedy = f"the table has {', '.join([*keys, *table.columns[1:]])}"
        raise StudyError("column is missing", file=file, row="1", value=lacking[0], remedy=remedy)
    keys = keys[list(_KEYS)].rename(columns=_KEYS)
    region = keys["region"]
    wanted = keys["indicator"].isin(INDICATORS) & region.str.len().isin([2, 4]) & ~region.str.endswith("ZZ")
    if countries:
        wanted &= region.str[:2].isin(list(countries))
    wide = pd.concat([keys, table[chosen]], axis=1)[wanted]
    cells = wide.melt(id_vars=list(keys.columns), value_vars=chosen, var_name="year", value_name="raw")
    parts = cells["raw"].str.strip().str.extract(r"^(?P<value>:|-?\d+(?:\.\d+)?)?\s*(?P<flag>[a-z]*)$")
    for place in cells[parts["flag"].isna()].to_dict("records")[:1]:
        column = f"{place['sector']} {place['region']} {place['year']}"
        raise StudyError("cell is no number", file=file, column=column, value=place["raw"], remedy="download it again")
    values = pd.to_numeric(parts["value"].replace(":", None), errors="coerce").astype(float)
    indicator, year = cells["indicator"].map(INDICATORS), cells["year"].astype(int)
    return cells.drop(columns="raw").assign(indicator=indicator, year=year, value=values, flag=parts["flag"])


def _read_table(data: bytes, file: str) -> pd.DataFrame:
    tidy = {column: kind for column, (kind, _) in read_schema()["cells"].items()}
    try:
        packed = data.startswith(b"\x1f\x8b")
        plain = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_LARGEST + 1) if packed else data
        if len(plain) > _LARGEST:
            raise ValueError("too large unpacked")
        if plain.startswith(",".join(tidy).encode()):
            return pd.read_csv(io.BytesIO(plain), dtype=tidy, keep_default_na=False, na_values={"value": [""]})
        with warnings.catch_warnings():
            # Cells beyond the heading would be lost.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.BytesIO(plain), sep="\t", dtype=str, keep_default_na=False, quoting=3, index_col=False
            )
    except (OSError, EOFError, ValueError, zlib.error, pd.errors.ParserWarning) as error:
        raise StudyError(f"cannot be read ({str(error)[:80]})", file=file, remedy="download it again") from None
    if table.shape[1] < 2 or table.empty:
        raise StudyError("is no Eurostat table", file=file, remedy="deliver the bulk TSV as downloaded")
    return table


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
    cells = cells.assign(region=cells[region].str.strip(), value=cells["value"].astype(object).fillna("").str.strip())
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
