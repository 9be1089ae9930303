"""The table of words: every cell filled, the same placeholders in every language, names used once."""

from __future__ import annotations

import csv
import io
import itertools
import string
from collections import Counter
from pathlib import Path

import pytest

TABLE = Path(__file__).parent.parent / "data" / "study" / "words.csv"
LANGUAGES = ["en", "it", "de", "pl", "cs", "sk", "sl", "hu"]
SHORT = 8  # letters that a step cell of the decision table holds at its smallest size

pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason="the example study is not installed")


def read_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def list_placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def find_problems(rows: list[dict[str, str]]) -> list[str]:
    """Every cell that breaks a rule, as `key language: problem`."""
    found = [f"{key}: twice" for key, times in Counter(row["key"] for row in rows).items() if times > 1]
    keys = [row["key"] for row in rows]
    found += [f"{later}: not sorted" for earlier, later in itertools.pairwise(keys) if earlier > later]
    for row in rows:
        for language in LANGUAGES:
            text, cell = row[language], f"{row['key']} {language}"
            if not text.strip():
                found.append(f"{cell}: empty")
            elif text != text.strip():
                found.append(f"{cell}: space at an end")
            elif list_placeholders(text) != list_placeholders(row["en"]):
                found.append(f"{cell}: other placeholders than English")
            if row["key"].startswith("position.") and row["key"].endswith(".short") and len(text) > SHORT:
                found.append(f"{cell}: longer than {SHORT}")
    return found


@pytest.fixture(scope="module")
def text() -> str:
    return TABLE.read_bytes().decode("utf-8")


def test_columns_and_bytes(text: str) -> None:
    assert text.splitlines()[0] == ",".join(["key", *LANGUAGES])
    assert "\r" not in text
    assert "\ufeff" not in text


def test_no_problem(text: str) -> None:
    assert find_problems(read_rows(text)) == []


def test_every_language_is_its_own(text: str) -> None:
    """A column copied from English would pass the other rules."""
    longer = [row for row in read_rows(text) if len(row["en"].split()) > 3 and row["key"].split(".")[0] != "partner"]
    for language in LANGUAGES[1:]:
        assert [row["key"] for row in longer if row[language] == row["en"]] == []


def test_words_that_the_interface_promises(text: str) -> None:
    keys = {row["key"] for row in read_rows(text)}
    quantities = {f"quantity.{name}" for name in ("none", "few", "some", "most", "nearly_all", "all")}
    positions = {f"position.{p}" for p in ("agreement", "partial", "dissonance", "silence", "not_asked", "hidden")}
    verdicts = {f"verdict.{name}" for name in ("differs", "similar", "cannot_tell", "too_few")}
    assert {"count_of", *quantities, *positions, *(f"{p}.short" for p in positions), *verdicts} <= keys


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"it": ""}, "a it: empty"),
        ({"hu": "{k} / {m}"}, "a hu: other placeholders than English"),
        ({"de": "{k} von {n} "}, "a de: space at an end"),
    ],
)
def test_the_rules_find_a_fault(change: dict[str, str], problem: str) -> None:
    row = {"key": "a", **dict.fromkeys(LANGUAGES, "{k} of {n}"), **change}
    assert find_problems([row]) == [problem]


def test_the_rules_find_faults_between_rows() -> None:
    row = {"key": "position.b.short", **dict.fromkeys(LANGUAGES, "agree"), "de": "übereinstimmend"}
    last = {"key": "a", **dict.fromkeys(LANGUAGES, "x")}
    assert find_problems([row, row, last]) == [
        "position.b.short: twice",
        "a: not sorted",
        "position.b.short de: longer than 8",
        "position.b.short de: longer than 8",
    ]
