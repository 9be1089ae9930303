"""What a drawer gets: a finished table that hides what must be hidden, and the size it is drawn for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.style import PAGE_WIDTH

__all__ = ["CHART_COLUMNS", "NOTHING", "SMALL_BASE", "Cell", "Chart", "Row"]

# Below this base a count is said, not a percent.
SMALL_BASE = 20
CHART_COLUMNS = [
    "section", "row", "row_label", "column", "column_label", "estimate", "low", "high", "k", "n", "mark", "text",
]  # fmt: skip
_APART = ("benchmark", "threshold")
_DRAWN = ("", "coarsened")


class Cell(NamedTuple):
    """One number of a chart, or why there is none."""

    estimate: float
    low: float
    high: float
    k: float
    n: float
    mark: str
    text: str

    @property
    def drawn(self) -> bool:
        """Whether there is a number to draw."""
        return self.mark in _DRAWN and self.estimate == self.estimate


class Row(NamedTuple):
    """One row of a chart."""

    section: str
    key: str
    label: str


_NAN = float("nan")
NOTHING = Cell(_NAN, _NAN, _NAN, _NAN, _NAN, "not_asked", "")


@dataclass(frozen=True, eq=False)
class Chart:
    """A finished, protected table to draw.

    Parameters
    ----------
    kind : str
        One of the keys of `DRAWERS`.
    table : DataFrame
        section, row, row_label, column, column_label, estimate, low, high, k, n, mark, text; shares are 0-1. Rows and
        columns stand in order of appearance; the row `all` is the pooled one, `benchmark` a published figure.
    width : float
        Inches to draw in.
    dense : bool
        Rows closer together, as on a slide.

    Raises
    ------
    StudyError
        When a column is missing, or a row that is not shown holds a number.

    Examples
    --------
    >>> cells = ["", "IT", "Italy", "share", "", 0.5, 0.2, 0.8, 6, 12, "hidden", ""]
    >>> table = pd.DataFrame([cells], columns=CHART_COLUMNS)
    >>> Chart("share", table)
    Traceback (most recent call last):
        ...
    cncb_analysis.errors.StudyError: a row that is not shown holds a number: 'Italy'; protect the table first
    """

    kind: str
    table: pd.DataFrame
    width: float = PAGE_WIDTH
    dense: bool = False

    def __post_init__(self) -> None:
        missing = [name for name in CHART_COLUMNS if name not in self.table]
        if missing:
            raise StudyError("a chart needs this column", value=missing[0], remedy="see the docstring of Chart")
        closed = self.table[~self.table["mark"].isin(_DRAWN)]
        spoken = closed[closed[["estimate", "low", "high", "k"]].notna().any(axis=1)]
        if len(spoken):
            value = str(spoken["row_label"].iloc[0])
            raise StudyError("a row that is not shown holds a number", value=value, remedy="protect the table first")

    @cached_property
    def rows(self) -> list[Row]:
        """Rows in order, without benchmark and thresholds."""
        named = self.table.loc[~self.table["row"].isin(_APART), ["section", "row", "row_label"]].drop_duplicates()
        return [Row(*map(str, row)) for row in named.itertuples(index=False)]

    @cached_property
    def columns(self) -> dict[str, str]:
        """Labels of the columns by key, in order; don't know, which stands outside the base, last."""
        named = self.table.drop_duplicates("column")
        named = pd.concat([named[named["column"] != "dont_know"], named[named["column"] == "dont_know"]])
        return dict(zip(named["column"].astype(str), named["column_label"].astype(str), strict=True))

    @cached_property
    def lines(self) -> dict[tuple[str, str], dict[str, Cell]]:
        """Cells of each row, by section and key, then by column."""
        lines: dict[tuple[str, str], dict[str, Cell]] = {(row.section, row.key): {} for row in self.rows}
        for section, key, name, *cell in self.table[["section", "row", "column", *Cell._fields]].itertuples(
            index=False
        ):
            lines.get((section, key), {})[name] = Cell(*cell)
        return {row: {name: line[name] for name in self.columns if name in line} for row, line in lines.items()}

    def cell(self, row: str, column: str, section: str = "") -> Cell:
        """Cell of a row and column; one that the table lacks counts as not asked."""
        return self.lines[section, row].get(column, NOTHING)

    def extra(self, name: str) -> pd.DataFrame:
        """Rows that stand apart: benchmark or threshold."""
        return self.table[(self.table["row"] == name) & self.table["estimate"].notna()]
