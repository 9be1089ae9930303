"""The published figures that ship with the study: each has a number, a base and a source, and names what exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from cncb_analysis.codebook import read_codebook
from cncb_analysis.store import read_table

STUDY = Path(__file__).parents[1] / "data" / "study"
BENCHMARKS, PUBLISHED = read_table(STUDY / "benchmarks.csv"), read_table(STUDY / "published.csv")
BOOK = read_codebook(read_table(STUDY / "survey.csv"), read_table(STUDY / "choices.csv"))
THEMES = set(read_table(STUDY / "themes.csv")["code"])


def test_benchmarks_have_value_base_year_and_source():
    assert BENCHMARKS["measure"].is_unique
    assert (BENCHMARKS[["measure", "value", "unit", "base", "year", "source"]] != "").all(axis=None)
    assert BENCHMARKS.loc[BENCHMARKS["unit"] == "share", "value"].astype(float).between(0, 1).all()
    assert not BENCHMARKS["source"].str.contains(r"\[S\d+\]").any()


def test_benchmarks_of_figures_exist():
    asked = set(read_table(STUDY / "figures.csv")["benchmark"]) - {""}
    assert asked <= set(BENCHMARKS["measure"])


@pytest.mark.parametrize("table", [BENCHMARKS, PUBLISHED], ids=["benchmarks", "published"])
def test_names_exist(table):
    for row in table[table["variable"] != ""].itertuples():
        if row.variable.startswith("theme:"):
            assert f"{row.variable.removeprefix('theme:')}/{row.option}".rstrip("/") in THEMES
        elif row.variable in BOOK.variables:
            assert row.option in {"", *(choice.name for choice in BOOK.options(row.variable))}, row
        else:
            assert row.variable in {*BOOK.batteries, "response", "profile", "votes"}


def test_statements_are_as_printed():
    assert PUBLISHED["statement_id"].is_unique
    assert set(PUBLISHED["comparison"]) == {"=", ">=", "between", "available"}
    numbers = PUBLISHED[PUBLISHED["comparison"] != "available"]
    assert (numbers["value"] != "").all()
    assert (PUBLISHED.loc[PUBLISHED["comparison"] == "available", ["value", "k", "n", "exempt"]] == "").all(axis=None)
    counted = numbers[(numbers["comparison"] == "=") & (numbers["n"] != "")].astype(
        {"k": int, "n": int, "value": float}
    )
    assert (counted["k"] / counted["n"]).tolist() == pytest.approx(counted["value"].tolist(), abs=1e-6)
    women = PUBLISHED[PUBLISHED["option"] == "woman"].iloc[0]
    assert (women["k"], women["n"]) == ("3", "7")
