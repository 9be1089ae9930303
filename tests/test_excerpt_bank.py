"""What the simulation draws from: sentences, clusters and answers written by hand."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from cncb_analysis.simulation.banks import read_bank

MAPPED = {
    "upper_austria": 12,
    "plzen": 24,
    "pecs": 22,
    "veneto": 46,
    "milan": 29,
    "podkarpackie": 16,
    "silesia": 34,
    "bratislava": 12,
    "banska_bystrica": 11,
    "pomurje": 14,
}
INTERVIEWS = {"de": 3, "cs": 3, "hu": 3, "it": 11, "pl": 6, "sk": 4, "sl": 2}


@pytest.fixture(scope="module")
def excerpts() -> pd.DataFrame:
    return read_bank("excerpts")


def test_every_sentence_once_and_translated(excerpts: pd.DataFrame) -> None:
    assert list(excerpts.columns) == ["code", "language", "text", "english"]
    assert not excerpts["text"].duplicated().any()
    assert not excerpts["english"].duplicated().any()
    assert (excerpts != "").all(axis=None)


def test_length_of_notes(excerpts: pd.DataFrame) -> None:
    words = excerpts["text"].str.split().str.len()
    assert words.between(12, 45).all(), excerpts.loc[~words.between(12, 45), "text"].tolist()


def test_enough_for_an_interview_without_repeats(excerpts: pd.DataFrame) -> None:
    """28 excerpts is the longest interview; a topic a language can never be empty."""
    codes = excerpts["code"].nunique()
    assert codes == 55
    for language, interviews in INTERVIEWS.items():
        rows = excerpts[excerpts["language"] == language]
        assert rows["code"].nunique() == codes
        assert len(rows) >= 28 * interviews


def test_clusters_are_as_many_as_mapped_and_none_twice() -> None:
    clusters = read_bank("clusters")
    assert Counter(clusters["partner"]) == MAPPED
    assert not clusters["cluster"].duplicated().any()
    assert clusters["nace"].str.fullmatch(r"[A-Z]\d\d").all()
    assert clusters["host"].str.fullmatch(r"host_\d\d").all()


def test_no_sentence_names_a_cluster(excerpts: pd.DataFrame) -> None:
    names = read_bank("clusters")["cluster"]
    for name in names:
        assert not excerpts["text"].str.contains(rf"\b{name}\b", regex=True).any(), name


def test_open_answers_in_every_language() -> None:
    answers = read_bank("answers")
    assert not answers.duplicated().any()
    counts = answers.groupby(["variable", "language"]).size()
    for variable in ("strength", "improve"):
        assert (counts[variable] >= 12).all()
        assert set(counts[variable].index) == set(INTERVIEWS)
