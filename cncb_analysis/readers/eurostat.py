"""Regional statistics: Eurostat's bulk TSV (keys joined by commas, a column a year, flags in cells) or tidy cells."""

from __future__ import annotations

import gzip
import io
from collections.abc import Collection

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.schema import read_schema

INDICATORS = {"V16110": "jobs", "V11210": "plants", "V13320": "wages"}

_KEYS = {"geo": "region", "nace_r2": "sector", "indic_sb": "indicator"}


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
    keys.columns = [name.strip() for name in str(table.columns[0]).partition("\\")[0].split(",")]
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
        plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        if plain.startswith(",".join(tidy).encode()):
            return pd.read_csv(io.BytesIO(plain), dtype=tidy, keep_default_na=False, na_values={"value": [""]})
        table = pd.read_csv(io.BytesIO(plain), sep="\t", dtype=str, keep_default_na=False, quoting=3, index_col=False)
    except (OSError, EOFError, ValueError) as error:
        raise StudyError(f"cannot be read ({error})", file=file, remedy="download it again") from None
    if table.shape[1] < 2 or table.empty:
        raise StudyError("is no Eurostat table", file=file, remedy="deliver the bulk TSV as downloaded")
    return table
