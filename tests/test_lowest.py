"""The comparison of two environments finds what differs, and passes the last digit of a sum."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from tests.lowest import EXTRAS, find_differences
from tests.size import ROOT

TABLE = pd.DataFrame({"verdict": ["differs", "cannot tell"], "p": ["0.012", ""]}, dtype="str")


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("p", "0.012", []),
        ("p", "0.0120000000000001", []),
        ("p", "0.01201", ["p: 1"]),
        ("p", "", ["p: 1"]),
        ("verdict", "cannot tell", ["verdict: 1"]),
    ],
)
def test_what_differs_is_told_by_column(column: str, value: str, found: list[str]) -> None:
    theirs = TABLE.copy()
    theirs.loc[0, column] = value
    assert find_differences(TABLE, theirs) == found


def test_another_shape_is_a_difference() -> None:
    assert find_differences(TABLE, TABLE.iloc[:1]) == ["shape: (2, 2) and (1, 2)"]
    assert find_differences(TABLE, TABLE[["p", "verdict"]]) != []


def test_every_extra_that_runs_a_study_is_tried() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(EXTRAS.split(",")) == set(extras) - {"dev", "test"}
