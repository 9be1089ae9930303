"""The raw table: text cells, as delivered, with their place in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cncb_analysis.errors import StudyError

__all__ = ["RawTable", "make_raw_table"]


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


def make_raw_table(
    rows: Sequence[Sequence[str]], *, file: str, first: int = 1, encoding: str = "", delimiter: str = ""
) -> RawTable:
    """Make a raw table of rows of cells, the first being the heading.

    Parameters
    ----------
    rows : sequence of sequences of str
        Cells; short rows are filled up, cells beyond the heading get a column of their own.
    file : str
        Its name.
    first : int
        Row of the heading in the file.
    encoding, delimiter : str
        How it was read.

    Returns
    -------
    RawTable
        Without wholly blank rows.

    Raises
    ------
    StudyError
        When there is no row, or a single column.
    """
    kept = [(line, row) for line, row in enumerate(rows, start=first) if any(cell.strip() for cell in row)]
    if not kept:
        raise StudyError("is empty", file=file, remedy="export it again")
    width = max(len(row) for _, row in kept)
    if width < 2:
        remedy = "export with comma, semicolon or tab between cells"
        raise StudyError("has one column only", file=file, row=str(kept[0][0]), value=kept[0][1][0], remedy=remedy)
    (_, head), *body = kept
    cells = pd.DataFrame(
        [[*row, *[""] * (width - len(row))] for _, row in body],
        columns=_name_columns([*head, *[""] * (width - len(head))]),
        index=[line for line, _ in body],
        dtype=str,
    )
    return RawTable(file, cells, encoding, delimiter)


def _name_columns(head: Sequence[str]) -> list[str]:
    """Make headings differ: blank ones by their place, repeated ones by a count."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for place, heading in enumerate(head, start=1):
        name = heading if heading.strip() else f"(column {place})"
        seen[name] += 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in {*head, *names}:
            seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names
