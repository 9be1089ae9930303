"""The tidy tables that cleaning gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import pandas as pd

from cncb_analysis.errors import Problem
from cncb_analysis.schema import read_schema

__all__ = ["TABLE_COLUMNS", "Cleaned", "empty_cleaned", "merge_cleaned", "shape_table"]

_TABLES = ("units", "observations", "texts", "segments", "cells", "agreed_actions", "cell_log")
TABLE_COLUMNS = {name: list(read_schema()[name]) for name in _TABLES}


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
    columns = {}
    for column, (kind, _) in read_schema()[name].items():
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
