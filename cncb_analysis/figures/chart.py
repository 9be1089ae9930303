"""What a drawer gets: a finished table that hides what must be hidden, and how wide it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.style import PAGE_WIDTH

_DRAWN = ("", "coarsened")
_NAN = float("nan")


class Cell(NamedTuple):
    """One number of a chart, or why there is none."""

    estimate: float = _NAN
    low: float = _NAN
    high: float = _NAN
    k: float = _NAN
    n: float = _NAN
    mark: str = "not_asked"
    text: str = ""

    @property
    def drawn(self) -> bool:
        """Whether there is a number to draw."""
        return self.mark in _DRAWN and self.estimate == self.estimate


NOTHING = Cell()


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

    Raises
    ------
    StudyError
        When a row that is not shown holds a number.

    Examples
    --------
    >>> italy = {"row_label": "Italy", "estimate": 0.5, "low": 0.2, "high": 0.8, "k": 6, "mark": "hidden"}
    >>> Chart("share", pd.DataFrame([italy]))
    Traceback (most recent call last):
        ...
    cncb_analysis.errors.StudyError: a row that is not shown holds a number: 'Italy'; protect the table first
    """

    kind: str
    table: pd.DataFrame
    width: float = PAGE_WIDTH

    def __post_init__(self) -> None:
        closed = self.table[~self.table["mark"].isin(_DRAWN)]
        spoken = closed.loc[closed[["estimate", "low", "high", "k"]].notna().any(axis=1), "row_label"]
        if len(spoken):
            value = str(spoken.iloc[0])
            raise StudyError("a row that is not shown holds a number", value=value, remedy="protect the table first")
