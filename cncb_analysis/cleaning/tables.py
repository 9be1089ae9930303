"""The tidy tables that cleaning gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cncb_analysis.errors import Problem
from cncb_analysis.schema import read_schema

_TABLES = ("units", "observations", "texts", "identifiers", "segments", "cells", "agreed_actions", "cell_log")
TABLE_COLUMNS = {name: list(read_schema()[name]) for name in _TABLES}


@dataclass(frozen=True)
class Cleaned:
    """What cleaning made of some deliveries.

    Parameters
    ----------
    units, observations, texts, identifiers, segments, cells, agreed_actions, cell_log : DataFrame
        With the columns of `TABLE_COLUMNS`.
    problems : tuple of Problem
        What a person has to decide before the data are right.
    """

    units: pd.DataFrame
    observations: pd.DataFrame
    texts: pd.DataFrame
    identifiers: pd.DataFrame
    segments: pd.DataFrame
    cells: pd.DataFrame
    agreed_actions: pd.DataFrame
    cell_log: pd.DataFrame
    problems: tuple[Problem, ...] = ()


def shape_table(name: str, parts: Iterable[pd.DataFrame], **constants: str) -> pd.DataFrame:
    """Put parts together into one tidy table.

    Parameters
    ----------
    name : str
        Of `TABLE_COLUMNS`.
    parts : iterable of DataFrame
        Columns they lack are blank.
    **constants : str
        Columns that hold one text throughout.

    Returns
    -------
    DataFrame
        Exactly the declared columns, in the order of the parts. Texts are str; in the observations of one file alone,
        which may be millions of rows, they are categoricals.
    """
    given = list(parts)
    filled = [part for part in given if len(part)]
    frame = pd.concat(filled, ignore_index=True) if len(filled) > 1 else (filled or [pd.DataFrame()])[0]
    text = "category" if name == "observations" and len(given) == 1 else str
    columns: dict[str, pd.Series] = {}
    for column, (declared, _) in read_schema()[name].items():
        kind: Any = text if declared is str else declared
        blank = constants.get(column, {float: float("nan"), bool: False}.get(kind, ""))
        if column in frame and column not in constants:
            cells = frame[column]
            unsaid = kind is text and cells.dtype != "category" and cells.hasnans
            columns[column] = (cells.fillna("") if unsaid else cells).astype(kind)
        elif kind == "category":
            columns[column] = pd.Series(pd.Categorical.from_codes(np.zeros(len(frame), np.int8), [blank]), frame.index)
        else:
            columns[column] = pd.Series(blank, frame.index, dtype=object).astype(kind)
    return pd.DataFrame(columns, index=frame.index).reset_index(drop=True)


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
    if len(found) == 1:
        return found[0]
    tables = {name: shape_table(name, [getattr(part, name) for part in found]) for name in TABLE_COLUMNS}
    for name in ("cells", "cell_log"):
        tables[name] = tables[name].drop_duplicates(ignore_index=True)
    problems = tuple(dict.fromkeys(problem for part in found for problem in part.problems))
    return Cleaned(**tables, problems=problems)
