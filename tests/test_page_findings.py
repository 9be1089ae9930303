"""Verdicts, evidence, cards, excerpts, and the three answers of the first screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from cncb_analysis.page_findings import list_answers, list_findings
from cncb_analysis.tables import DisplayTable
from tests.small_estimates import NAN, decision_table, page, row, study


def compare(verdicts: Mapping[str, int]) -> pd.DataFrame:
    known = {"n": 97, "contrast": "AT-SI", "effect_low": 0.1, "effect_high": 0.9, "option": "", "p_adjusted": 0.004}
    rows = [
        {"variable": variable, "verdict": verdict, "effect": 0.3 + 0.2 * place, **known}
        for verdict, count in verdicts.items()
        for place, variable in enumerate(("st_fte", "obst_funding", "obst_staff")[:count])
    ]
    return pd.DataFrame(rows)


def judge(said: Mapping[tuple[str, str, str], tuple[str, float, float]], decided: str = "") -> pd.DataFrame:
    """Evidence rows; the steps together stand for every country not named."""
    rows = []
    for finding in dict.fromkeys(finding for finding, _, _ in said):
        for country in ("", *study().countries):
            for step in ("questionnaire", ""):
                word, k, n = said.get((finding, step, country), ("partial", NAN, NAN))
                rows.append((finding, step, country, word, decided if not country and not step else "", k, n))
    table = pd.DataFrame(rows, columns=["finding", "step", "country", "proposed", "decided", "k", "n"])
    return table.assign(theme="training", decided_by="", reason="", overlap=NAN, estimates="")


EVIDENCE = {
    ("key_person", "questionnaire", ""): ("yes", 40.0, 89.0),
    ("key_person", "", ""): ("dissonance", 2.0, 2.0),
    ("culture_obstacle", "questionnaire", ""): ("yes", 60.0, 93.0),
    ("culture_obstacle", "", ""): ("agreement", 2.0, 2.0),
    ("culture_obstacle", "", "PL"): ("dissonance", 2.0, 2.0),
    ("eu_money", "questionnaire", ""): ("no", 80.0, 93.0),
    ("eu_money", "", ""): ("agreement", 2.0, 2.0),
}


def joint(**more: Any) -> Any:
    return page([row("sup_coaching", "all", k=4, n=12)], "comparison", "", joint_support=decision_table(), **more)


def test_clear_verdicts_are_listed_and_the_others_counted() -> None:
    told = joint(comparisons=compare({"cannot tell": 3, "similar": 1, "differs": 2, "too few": 2}))
    table = told.show("verdicts")
    assert isinstance(table, DisplayTable)
    assert [line[-1] for line in table.rows] == ["differs", "differs", "similar", "cannot tell", "too few answers"]
    assert table.rows[0][:4] == ("How many full-time posts does this make (FTE)?", "AT-SI", "97", "0.30 (0.10 to 0.90)")
    assert table.rows[3][0] == "further 3"
    assert len(table.numbers) == 1 + 8
    assert [count for count, _ in list_findings(told)] == ["2 of 6", "1 of 6", "3 of 6"]


def test_excerpts_are_the_partners_own_translated_ones_first() -> None:
    columns = ["partner", "theme_code", "text", "translation"]
    quotes = pd.DataFrame(
        [("veneto", "obstacles/funding", "Soldi", "Money"), ("milan", "obstacles/funding", "Mancano fondi", ""),
         ("milan", "obstacles/funding", "Senza soldi", "Without money"), ("milan", "tasks/plan", "Il piano", "")],
        columns=columns)  # fmt: skip
    table = page([], "interviews", "milan", quotes=quotes).show("quotes")
    assert isinstance(table, DisplayTable)
    assert table.rows == (
        ("Lack of funding", "Senza soldi", "Without money"),
        ("Supervision of the plan", "Il piano", ""),
    )


@pytest.mark.parametrize(
    ("clear_to", "ahead", "number", "told"),
    [(0, 0, "–", "No clear order at all"),
     (0, 2, "2 of 2", "measures that stand apart from the others; no clear order among them"),
     (2, 2, "2", "No clear order below rank 2"), (1, 1, "1", "No clear order below rank 1")],
)  # fmt: skip
def test_an_order_is_told_as_far_as_it_is_clear(clear_to: int, ahead: int, number: str, told: str) -> None:
    table = decision_table().assign(clear_to=clear_to, ahead=ahead)
    assert list(list_findings(page([], "joint_support", "", joint_support=table)))[2] == (number, told)


def test_the_three_answers_rest_on_counts() -> None:
    told = joint(evidence=judge(EVIDENCE), comparisons=compare({"differs": 2, "cannot tell": 1, "too few": 4}))
    shared, differs, together = list_answers(told)
    assert (shared["heading"], shared["number"]) == ("index.shared", "60 of 93")
    assert shared["said"] == "The culture of small firms is the first obstacle"
    assert shared["small"] == "countries in which the sources agree: 6 of 7"
    assert (differs["number"], differs["small"]) == ("2 of 3", "for example: Lack of funding")
    assert together["number"] == "4 of 10"
    assert together["said"].endswith("Coaching")


def test_what_could_not_be_compared_is_not_said_to_be_alike() -> None:
    alone = compare({"too few": 3})
    assert [told["heading"] for told in list_answers(joint(comparisons=alone))] == ["index.together"]
    said = list(list_findings(page([], "comparison", "", comparisons=alone)))
    assert said == [("3 of 3", "Too few answers to compare countries")]


@pytest.mark.parametrize("evidence", [pd.DataFrame(), judge({("eu_money", "", ""): ("agreement", 2.0, 2.0)})])
def test_an_answer_that_the_study_cannot_give_is_left_out(evidence: pd.DataFrame) -> None:
    told = page([], "comparison", "", evidence=evidence)
    assert list_answers(told) == []
    assert list(list_findings(told)) == []
