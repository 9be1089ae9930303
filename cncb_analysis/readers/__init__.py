"""Delivered bytes to raw tables of text cells, one module a format."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.delimited import decode_text, find_delimiter, split_lines
from cncb_analysis.readers.eurostat import read_eurostat
from cncb_analysis.readers.excel import read_sheet

__all__ = ["RawTable", "read_eurostat", "read_raw"]


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
        own, wholly blank rows are left out.

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
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        rows = read_sheet(data, file=file, language=language)
    else:
        text, encoding = decode_text(data, file=file, language=language)
        try:
            delimiter = find_delimiter(text)
            # The same few texts stand in a column over and over: each is held once.
            rows = [list(map(sys.intern, row)) for row in csv.reader(split_lines(text), delimiter=delimiter)]
        except csv.Error as error:
            said = f"cannot be read as a table ({error})"
            raise StudyError(said, file=file, remedy="export it again as CSV") from None
    filled = [(line, row) for line, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise StudyError("is empty", file=file, remedy="export it again")
    width = max(len(row) for _, row in filled)
    if width < 2:
        remedy = "export with comma, semicolon or tab between cells"
        raise StudyError("has one column only", file=file, value=filled[0][1][0], remedy=remedy)
    index, cells = zip(*((line, [*row, *[""] * (width - len(row))]) for line, row in filled), strict=True)
    table = pd.DataFrame(cells[1:], columns=_name_columns(cells[0]), index=index[1:], dtype=str)
    return RawTable(file, table, encoding, delimiter)


def _name_columns(head: Sequence[str]) -> list[str]:
    """Make headings differ: blank and repeated ones get their place."""
    names: list[str] = []
    for place, heading in enumerate(head, start=1):
        name = heading if heading.strip() else f"(column {place})"
        while name in names:
            name += f" ({place})"
        names.append(name)
    return names
