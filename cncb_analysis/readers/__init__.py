"""Delivered bytes to raw tables of text cells, one module a format."""

import datetime
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.delimited import decode_text, find_delimiter, split_rows
from cncb_analysis.readers.excel import read_sheets
from cncb_analysis.readers.geojson import read_outlines
from cncb_analysis.readers.limesurvey import list_lss_rows, read_limesurvey
from cncb_analysis.readers.preflib import list_preflib_rows
from cncb_analysis.readers.refi import list_qdpx_rows, list_refi_codes
from cncb_analysis.readers.regional import is_eurostat, read_eurostat, read_region_table
from cncb_analysis.readers.spss import list_sav_rows, read_sav
from cncb_analysis.readers.structure import Structure, read_xlsform

__all__ = [
    "RawTable", "Structure", "is_eurostat", "list_refi_codes", "read_eurostat", "read_outlines", "read_raw",
    "read_region_table", "read_structure",
]  # fmt: skip

_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SPSS = (b"$FL2", b"$FL3")
# Columns of LimeSurvey's tab-separated survey structure.
_LIMESURVEY = {"class", "type/scale", "name", "text"}
# As many columns as Excel has; a survey tool gives far fewer.
_WIDTHS = range(2, 16_385)
_SHOWN = 60
# LimeSurvey's VV files have a line of labels above the codes, and write out some signs; EUSurvey's workbooks have lines
# about the export, an id behind each answer, and days as serial numbers.
_VV_COLUMNS = {"id", "submitdate", "lastpage"}
_VV_SIGNS = {"newline": "\n", "cr": "\r", "tab": "\t", "quote": '"', "lbrace": "{"}
_VV_MARK = re.compile(r"\{(newline|cr|tab|quote|lbrace)\}")
_EU_MARK = re.compile(r" ?\(ID\d+\)(?=;|$)")
_EU_DATE = re.compile(r"\b(?:up)?date\b", re.IGNORECASE)
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_DAY_ZERO = datetime.date(1899, 12, 30)


@dataclass(frozen=True)
class RawTable:
    """A delivered table.

    Parameters
    ----------
    file : str
        Its name.
    cells : DataFrame
        Text as delivered, blank ""; index = row as a spreadsheet counts it (heading 1); every heading differs.
    encoding, delimiter : str
        How it was read; empty for a workbook.
    """

    file: str
    cells: pd.DataFrame
    encoding: str = ""
    delimiter: str = ""


def read_raw(data: bytes, *, file: str, language: str = "") -> RawTable:
    r"""Read a delivered table, whatever tool wrote it; what it is tells its content, not its name.

    Parameters
    ----------
    data : bytes
        The file as delivered.
    file : str
        Its name, for messages and as origin of each cell.
    language : str
        Language of its texts; decides between code pages, and how numbers of a workbook are written out.

    Returns
    -------
    RawTable
        Text cells with their row in the file; short rows are filled up, cells beyond the heading get a column of their
        own, wholly blank rows are left out. A PrefLib file becomes the table that `list_preflib_rows` says, its rows
        counted as they stand there.

    Raises
    ------
    StudyError
        When it is empty, no table, damaged, or has one column only.

    Examples
    --------
    >>> raw = read_raw("id;Größe\n1;2,5\n".encode("cp1252"), file="answers.csv", language="de")
    >>> raw.encoding, raw.delimiter, raw.cells.loc[2, "Größe"]
    ('cp1252', ';', '2,5')
    """
    encoding = delimiter = ""
    if data.startswith(_WORKBOOK[0]) and b".qde" in data and b"[Content_Types].xml" not in data:
        rows, encoding = list_qdpx_rows(data, file=file, language=language)
        cells = _line_up(rows, file)
    elif data.startswith(_WORKBOOK):
        sheets = read_sheets(data, file=file, language=language).values()
        cells = _line_up(next((rows for rows in sheets if any(cell for row in rows for cell in row)), []), file)
    elif data.startswith(_SPSS):
        rows, encoding = list_sav_rows(data, file=file, language=language)
        cells = _line_up(rows, file)
    else:
        text, encoding = decode_text(data, file=file, language=language)
        delimiter = find_delimiter(text)
        ballots = list_preflib_rows(text, file=file)
        cells = _line_up(ballots, file) if ballots else _read_delimited(data, text, encoding, delimiter, file)
        if text.startswith("<?xml") or _LIMESURVEY.issubset(cells.head(1).to_numpy().ravel()):
            raise StudyError("is a survey structure, not answers", file=file, remedy="read it with cncb import")
    filled = cells.apply(lambda column: column.map(str.strip) != "").any(axis=1)
    cells = _cut_preamble(cells[filled.to_numpy(dtype=bool)])
    if cells.empty:
        raise StudyError("is empty", file=file, remedy="export it again")
    _check_width(cells.shape[1], str(cells.iat[0, 0]), file)
    names = _name_columns(cells.iloc[0])
    columns = [cells[place].iloc[1:].astype("category").cat.remove_unused_categories() for place in cells]
    return RawTable(file, pd.DataFrame(dict(zip(names, columns, strict=True))), encoding, delimiter)


def _check_width(width: int, first: str, file: str) -> None:
    """Refuse what is no table; too wide a one before its columns are made."""
    if width not in _WIDTHS:
        said = "has one column only" if width == 1 else f"has too many columns ({width})"
        remedy = "export with comma, semicolon or tab between cells"
        raise StudyError(said, file=file, value=first[:_SHOWN], remedy=remedy)


def _read_delimited(data: bytes, text: str, encoding: str, delimiter: str, file: str) -> pd.DataFrame:
    """Cells by line, each distinct text of a column held once; a file whose lines differ in width the slow way."""
    options: dict[str, Any] = {"dtype": str, "na_filter": False, "skip_blank_lines": False, "low_memory": False}
    head = text.partition("\n")[0]
    if head.count(delimiter) >= _WIDTHS.stop:
        _check_width(head.count(delimiter) + 1, head, file)
    try:
        cells = pd.read_csv(io.BytesIO(data), header=None, sep=delimiter, encoding=encoding, **options)
        return cells.astype("category").set_axis(range(1, len(cells) + 1))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError):
        return _line_up(split_rows(text, delimiter, file=file), file)


def _line_up(rows: Sequence[Sequence[str]], file: str) -> pd.DataFrame:
    """Cells by line, short ones filled up."""
    widest = max(rows, key=len, default=())
    if len(widest) >= _WIDTHS.stop:
        _check_width(len(widest), widest[0], file)
    columns = dict(enumerate(zip_longest(*rows, fillvalue="")))
    return pd.DataFrame(columns, index=range(1, len(rows) + 1), dtype=object)


def _cut_preamble(lines: pd.DataFrame) -> pd.DataFrame:
    """Cells with the heading first; {question_not_shown} stays."""
    above = [[cell.strip() for cell in row] for row in lines.iloc[:2].to_numpy().tolist()]
    if any(set(row) >= _VV_COLUMNS for row in above[1:]):
        return lines.iloc[1:].map(lambda cell: _VV_MARK.sub(lambda mark: _VV_SIGNS[mark[1]], cell))
    if [row[0] for row in above] == ["Alias", "Export Date"]:
        return lines.iloc[2:].apply(lambda column: column.map(partial(_spell_cell, head=column.iloc[0])))
    return lines


def _spell_cell(cell: str, head: str) -> str:
    serial = _SERIAL.fullmatch(cell) if _EU_DATE.search(head) else None
    return str(_DAY_ZERO + datetime.timedelta(days=int(serial[1]))) if serial else _EU_MARK.sub("", cell)


def read_structure(data: bytes, *, file: str) -> Structure:
    r"""Read what a survey tool asked: LimeSurvey (.lss, tab-separated), XLSForm or SPSS, told by the content.

    Parameters
    ----------
    data : bytes
        The file as exported.
    file : str
        Its name, for messages.

    Returns
    -------
    Structure
        Questions and choices in the columns of survey.csv and choices.csv, and what could not be carried over.

    Raises
    ------
    StudyError
        When it is damaged, of another kind, or asks nothing.

    Examples
    --------
    >>> text = "class\ttype/scale\tname\ttext\tlanguage\nQ\tN\tyears\tHow many years?\ten\n"
    >>> read_structure(text.encode(), file="survey.txt").survey.iloc[0, :3].tolist()
    ['decimal', 'years', 'How many years?']
    """
    if data.startswith(_WORKBOOK):
        structure = read_xlsform(read_sheets(data, file=file), file=file)
    elif data.startswith(_SPSS):
        structure = read_sav(data, file=file)
    else:
        text, _ = decode_text(data, file=file)
        if text.lstrip().startswith("<"):
            structure = read_limesurvey(list_lss_rows(text, file=file))
        else:
            head, *rows = split_rows(text, "\t", file=file) or [[]]
            known = rows if _LIMESURVEY.issubset(head) else []
            structure = read_limesurvey(dict(zip(head, row + [""] * len(head), strict=False)) for row in known)
    if structure.survey.empty:
        remedy = "deliver a LimeSurvey .lss or tab-separated structure, an XLSForm or an SPSS file"
        raise StudyError("asks no question", file=file, remedy=remedy)
    return structure


def _name_columns(head: Sequence[str]) -> list[str]:
    """Make headings differ: blank and repeated ones get their place."""
    names: dict[str, None] = {}
    for place, heading in enumerate(head, start=1):
        name = heading if heading.strip() else f"(column {place})"
        while name in names:
            name += f" ({place})"
        names[name] = None
    return list(names)
