"""Cleaning the shipped example: the counts it was calibrated to, and each planted defect in the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from cncb_analysis.cleaning import Cleaned, check_raw, clean_step, merge_cleaned
from cncb_analysis.cleaning.delivery import open_delivery
from cncb_analysis.store import read_table
from cncb_analysis.study import check_study, read_study

DATA = Path(__file__).resolve().parents[1] / "data"
STUDY = read_study(DATA)
PLANTED = read_table(DATA / "raw" / "planted.csv")


@pytest.fixture(scope="module")
def cleaned() -> Cleaned:
    parts = [clean_step(STUDY, partner.id, step) for partner in STUDY.partners for step in STUDY.steps]
    return merge_cleaned(parts)


def test_the_example_has_no_problem() -> None:
    assert check_study(STUDY) == []
    assert check_raw(STUDY).problems == ()


def test_who_counts_is_what_the_example_was_calibrated_to(cleaned: Cleaned) -> None:
    counts = cleaned.units.groupby(["step", "status"]).size().to_dict()
    assert counts == {
        ("mapping", "complete"): 220,
        ("questionnaire", "complete"): 89,
        ("questionnaire", "partial"): 8,
        ("questionnaire", "rejected"): 12,
        ("questionnaire", "duplicate"): 7,
        ("questionnaire", "test"): 5,
        ("interviews", "complete"): 32,
        ("workshops", "complete"): 155,
    }
    milan = cleaned.units[(cleaned.units["partner"] == "milan") & cleaned.units["status"].isin(["complete", "partial"])]
    assert milan["step"].value_counts()[["questionnaire", "interviews"]].tolist() == [12, 7]


@pytest.mark.parametrize("kind", sorted(set(PLANTED["kind"])))
def test_each_planted_defect_shows_in_the_log(cleaned: Cleaned, kind: str) -> None:
    log = cleaned.cell_log
    noted = set(zip(log["file"], log["row"], log["column"], strict=True))
    for place in PLANTED[PLANTED["kind"] == kind].to_dict("records"):
        file, row, column = place["file"], place["row"], place["column"]
        assert {(file, row, column), (file, row, ""), (file, "", column)} & noted, place


def test_no_planted_identifier_leaves_the_restricted_units(cleaned: Cleaned) -> None:
    assert "@" not in "".join(
        getattr(cleaned, name).to_csv() for name in ("observations", "segments", "agreed_actions", "cell_log")
    )
    names = set(cleaned.units["cluster"]) - {""}
    assert len(names) > 200
    assert names.isdisjoint(cleaned.cell_log["raw"])
    assert names.isdisjoint(cleaned.observations["option"])


def test_interviewees_are_among_those_who_answered(cleaned: Cleaned) -> None:
    units = cleaned.units
    used = units[units["status"].isin(["complete", "partial"])]
    by_step = {step: set(zip(own["partner"], own["cluster"], strict=True)) for step, own in used.groupby("step")}
    assert by_step["interviews"] <= by_step["questionnaire"] <= by_step["mapping"]
    assert (used.loc[used["step"] != "workshops", "host"] != "").all()


def test_every_planted_identifier_is_known_so_that_it_can_be_looked_for(cleaned: Cleaned) -> None:
    known = set(cleaned.identifiers["text"])
    planted = PLANTED[PLANTED["kind"] == "identifier"]
    sources = STUDY.table("sources").set_index("path", drop=False)
    texts = []
    for path, places in planted.groupby("file"):
        partner = STUDY.partner(str(path).partition("/")[0])
        cells = open_delivery(STUDY, partner, sources.loc[str(path)].to_dict()).cells
        texts += [cells.loc[int(row), column] for row, column in zip(places["row"], places["column"], strict=True)]
    assert len(texts) > 500
    assert [text for text in texts if text and text not in known] == []
