"""Studies made in memory, as small as a test of one step allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.study import STEPS, Partner, Study, declared_tables


def make_table(columns: str, rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """A table of the study: text cells."""
    return pd.DataFrame(rows, columns=columns.split()).astype(str)


def make_study(
    tables: Mapping[str, pd.DataFrame] | None = None,
    *,
    partners: Sequence[Partner] = (),
    codebook: Codebook | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Study:
    """A study with the tables given, and every other one empty."""
    blank = {
        name: pd.DataFrame(columns=[column.name for column in table.columns], dtype=str)
        for name, table in declared_tables().items()
    }
    return Study(
        folder=Path("in memory"),
        settings={"steps": list(STEPS), **(settings or {})},
        partners=tuple(partners),
        codebook=codebook or Codebook({}, {}),
        tables={**blank, **(tables or {})},
    )


def make_observations(rows: Sequence[tuple[Any, ...]], *, step: str) -> pd.DataFrame:
    """Observations of (partner, country, unit, variable, option, value), optionally with occasion and missing."""
    columns = ["partner", "country", "unit", "variable", "option", "value", "occasion", "missing"]
    filled = [(*row, *("", "")[len(row) - 6 :]) for row in rows]
    return pd.DataFrame(filled, columns=columns).astype({"value": float}).assign(step=step)


def find(table: pd.DataFrame, **where: object) -> pd.Series:
    """The one row where these columns hold these values; partner, country, option and occasion empty unless named."""
    wanted: dict[str, object] = {"partner": "", "country": "", "option": "", "occasion": "", **where}
    chosen = pd.Series(True, index=table.index)
    for column, value in wanted.items():
        if column in table:
            chosen &= table[column].eq(value)
    assert chosen.sum() == 1, f"{chosen.sum()} rows for {where}"
    return table[chosen].iloc[0]
