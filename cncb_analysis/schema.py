"""The columns of the tidy tables, with their types and meaning, as schema.csv declares them once for all."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from cncb_analysis.store import read_text

_TYPES = {"text": str, "number": float, "integer": int, "boolean": bool}


@cache
def read_schema() -> dict[str, dict[str, tuple[type, str]]]:
    """Read the columns of every tidy table.

    Returns
    -------
    dict of str to dict of str to (type, str)
        Table to its columns in order; a column to str, float, int or bool, and to what it holds. `*` stands for columns
        that a study names itself.

    Examples
    --------
    >>> list(read_schema()["agreed_actions"])
    ['partner', 'action', 'owner', 'deadline']
    """
    tables: dict[str, dict[str, tuple[type, str]]] = {}
    for row in csv.DictReader(read_text(Path(__file__).with_name("schema.csv")).splitlines()):
        tables.setdefault(row["table"], {})[row["column"]] = _TYPES[row["type"]], row["explanation"]
    return tables
