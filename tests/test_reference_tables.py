"""The published figures that ship with the study: each has a number, a base and a source, and names what exists."""

from __future__ import annotations

import csv
import re
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


# For people: which statement of a deck is meant, when a file was received.
TOLD_TO_PEOPLE = {"statement_id", "obtained"}


def test_every_column_of_a_study_is_read_by_somebody():
    package = Path(__file__).parent.parent / "cncb_analysis"
    kinds = {".py", ".j2"}
    paths = [path for path in package.rglob("*") if path.suffix in kinds and "simulation" not in path.parts]
    said = set(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in paths)))
    declared = read_declared(package / "study" / "tables.csv")
    assert len(declared) > 100
    assert declared - said == TOLD_TO_PEOPLE


def read_declared(path):
    """Columns that the tables of a study may have; the labels, a column a language, aside."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["column"] for row in csv.DictReader(lines) if row["column"]} - {"label"}
