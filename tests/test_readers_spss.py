"""SPSS files, built here with pyreadstat: labels, declared missing values, and what cannot be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_raw, read_structure

pyreadstat = pytest.importorskip("pyreadstat")


@pytest.fixture
def answers(tmp_path: Path) -> bytes:
    """Three answers: a scale, a nominal question, a share, a date, a text."""
    table = pd.DataFrame(
        {
            "rate": [1.0, 9.0, 97.0],
            "kind": [1.0, 2.0, 3.0],
            "share": [12.5, None, -1.0],
            "day": [pd.Timestamp("2026-03-01"), pd.NaT, pd.Timestamp("2026-03-02")],
            "why": ["Größe", "", "žluťoučký"],
        }
    )
    pyreadstat.write_sav(
        table,
        str(tmp_path / "answers.sav"),
        column_labels={"rate": "How good?", "kind": "Which kind?"},
        variable_value_labels={
            "rate": {5.0: "good", 1.0: "poor", 3.0: "fair", 8.0: "Not applicable.", 9.0: "Don't know", 97.0: "Odd"},
            "kind": {1.0: "a", 2.0: "b", 3.0: "c"},
        },
        missing_ranges={"rate": [{"lo": 8, "hi": 9}, 97.0], "share": [-1.0]},
        variable_measure={"rate": "ordinal", "kind": "nominal"},
    )
    return (tmp_path / "answers.sav").read_bytes()


def test_codes_are_text_as_stored(answers: bytes) -> None:
    raw = read_raw(answers, file="answers.sav", language="sk")
    assert raw.encoding == "SPSS file, UTF-8"
    assert raw.cells.loc[2].tolist() == ["1", "1", "12,5", "2026-03-01", "Größe"]
    assert raw.cells.loc[3].tolist() == ["9", "2", "", "", ""]


def test_labels_and_declared_missing_values(answers: bytes) -> None:
    found = read_structure(answers, file="answers.sav")
    assert found.survey[["type", "label"]].to_numpy().tolist() == [
        *(["select_one rate", "How good?"], ["select_one kind", "Which kind?"]),
        *(["decimal", ""], ["text", ""], ["text", ""]),
    ]
    rate = found.choices[found.choices["list_name"] == "rate"].drop(columns="list_name")
    assert rate.to_numpy().tolist() == [
        *(["1", "poor", "1", ""], ["3", "fair", "2", ""], ["5", "good", "3", ""]),
        *(["8", "Not applicable.", "", "not_applicable"], ["9", "Don't know", "", "dont_know"]),
        ["97", "Odd", "", "unknown"],
    ]
    assert found.choices.loc[found.choices["list_name"] == "kind", "order"].tolist() == ["", "", ""]
    assert found.unread == ("share: -1 is declared missing",)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_half_a_file_is_refused_in_one_line(answers: bytes, share: float) -> None:
    with pytest.raises(StudyError, match="damaged SPSS file") as caught:
        read_raw(answers[: int(len(answers) * share)], file="answers.sav")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        subprocess.CalledProcessError(-11, "python", stderr=b""),
        subprocess.TimeoutExpired("python", 60),
    ],
    ids=["the reader ends", "the reader hangs"],
)
def test_a_file_that_ends_or_hangs_its_reader_is_refused(
    answers: bytes, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(StudyError, match=rf"damaged SPSS file.*\({type(error).__name__}\)"):
        read_structure(answers, file="answers.sav")


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    for read in (read_raw, read_structure):
        with pytest.raises(StudyError, match="needs pyreadstat; install cncb-analysis with the extra spss"):
            read(b"$FL2 anything", file="answers.sav")
