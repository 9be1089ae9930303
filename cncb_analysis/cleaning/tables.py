"""The tidy tables that cleaning gives, and the log of what it did to single cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from cncb_analysis.errors import Problem

__all__ = ["TABLE_COLUMNS", "CellLog", "Cleaned", "empty_cleaned", "merge_cleaned"]

TABLE_COLUMNS: dict[str, list[str]] = {
    "units": ["step", "partner", "country", "unit", "cluster", "host", "status", "consent", "source", "row"],
    "observations": ["step", "partner", "country", "unit", "variable", "option", "occasion", "value", "missing"],
    "texts": ["step", "unit", "variable", "text", "language"],
    "segments": [
        *("unit", "theme_code", "coder", "start", "end", "text", "language", "translation", "translator"),
        *("partner", "country", "excerpt", "final", "consent"),
    ],
    "cells": ["region", "sector", "indicator", "year", "value", "flag"],
    "agreed_actions": ["partner", "action", "owner", "deadline"],
    "cell_log": ["file", "row", "column", "raw", "value", "rule", "fate"],
}
_TYPES: dict[str, dict[str, type]] = {
    "observations": {"value": float},
    "segments": {"start": float, "end": float, "final": bool},
    "cells": {"year": int, "value": float},
}
# What stands in the log instead of a name, an address or a number to call.
_MASK = "(identifier)"


@dataclass(frozen=True)
class Cleaned:
    """What cleaning made of some deliveries.

    Parameters
    ----------
    units, observations, texts, segments, cells, agreed_actions, cell_log : DataFrame
        With the columns of `TABLE_COLUMNS`.
    problems : tuple of Problem
        What a person has to decide before the data are right.
    """

    units: pd.DataFrame
    observations: pd.DataFrame
    texts: pd.DataFrame
    segments: pd.DataFrame
    cells: pd.DataFrame
    agreed_actions: pd.DataFrame
    cell_log: pd.DataFrame
    problems: tuple[Problem, ...] = ()


@dataclass
class CellLog:
    """Collects the cells of one file that are not taken as they stand.

    Parameters
    ----------
    file : str
        As in the ledger.
    masked : set of str
        Columns whose content must not be repeated.
    """

    file: str
    masked: set[str] = field(default_factory=set)
    parts: list[pd.DataFrame] = field(default_factory=list)

    def note(self, cells: pd.Series, rule: str, fate: str, *, value: object = "") -> None:
        """Note some cells of one column.

        Parameters
        ----------
        cells : Series
            Raw texts by row; its name is the column.
        rule : str
            Why.
        fate : str
            repaired, ignored, refused or flagged (kept as it stands, but worth a look).
        value : object
            What was taken instead: one for all, or one a cell.
        """
        if cells.empty:
            return
        hidden = cells.name in self.masked
        rows = {"file": self.file, "row": cells.index.astype(str), "column": str(cells.name)}
        told = {"raw": _MASK, "value": _MASK} if hidden else {"raw": cells.to_numpy(), "value": value}
        self.parts.append(pd.DataFrame({**rows, **told, "rule": rule, "fate": fate}))

    def note_column(self, cells: pd.Series, rule: str, fate: str) -> None:
        """Note a whole column in one line; the log says how many filled cells it covers.

        Parameters
        ----------
        cells : Series
            The column.
        rule, fate : str
            As in `note`.
        """
        count = int((cells != "").sum())
        self.note(pd.Series([f"{count} cells"], index=[""], name=cells.name), rule, fate)

    def table(self) -> pd.DataFrame:
        """The log so far.

        Returns
        -------
        DataFrame
            Columns of `TABLE_COLUMNS["cell_log"]`.
        """
        return shape_table("cell_log", self.parts)


def shape_table(name: str, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put parts together into one tidy table.

    Parameters
    ----------
    name : str
        Of `TABLE_COLUMNS`.
    parts : iterable of DataFrame
        Columns they lack are blank.

    Returns
    -------
    DataFrame
        Exactly the declared columns, texts as str, in the order of the parts.
    """
    filled = [part for part in parts if len(part)]
    frame = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(index=pd.RangeIndex(0))
    types = _TYPES.get(name, {})
    columns = {}
    for column in TABLE_COLUMNS[name]:
        kind = types.get(column, str)
        blank = {str: "", bool: False}.get(kind, float("nan"))
        cells = frame[column] if column in frame else pd.Series(blank, frame.index, dtype=object)
        columns[column] = (cells.fillna(blank) if kind is str and cells.hasnans else cells).astype(kind)
    return pd.DataFrame(columns, index=frame.index)


@cache
def empty_cleaned() -> Cleaned:
    """Tidy tables without a row.

    Returns
    -------
    Cleaned
        With all columns.

    Examples
    --------
    >>> list(empty_cleaned().agreed_actions.columns)
    ['partner', 'action', 'owner', 'deadline']
    """
    return Cleaned(**{name: shape_table(name, []) for name in TABLE_COLUMNS})


def merge_cleaned(parts: Iterable[Cleaned]) -> Cleaned:
    """Put the tables of several deliveries together.

    Parameters
    ----------
    parts : iterable of Cleaned
        Of partners, of steps.

    Returns
    -------
    Cleaned
        Regional figures that several partners brought appear once, and so do log lines about shared files.
    """
    found = list(parts)
    tables = {name: shape_table(name, [getattr(part, name) for part in found]) for name in TABLE_COLUMNS}
    for name in ("cells", "cell_log"):
        tables[name] = tables[name].drop_duplicates(ignore_index=True)
    problems = tuple(dict.fromkeys(problem for part in found for problem in part.problems))
    return Cleaned(**tables, problems=problems)
