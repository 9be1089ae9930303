"""Evidence, disagreements, the joint display, areas by theme and country, and the cards of the measures."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cncb_analysis.page_synthesis import POSITIONS
from cncb_analysis.tables import Cards, DisplayTable
from tests.small_estimates import NAN, decision_table, page, row, study

COLUMNS = ["finding", "theme", "step", "country", "proposed", "decided", "decided_by", "reason", "k", "n", "overlap"]
FINDINGS = {
    "culture_obstacle": "optimisation",
    "funding_obstacle": "optimisation",
    "gap_fundraising": "training",
    "key_person": "training",
    "soft_courses": "training",
    "study_tours_wanted": "internationalisation",
}
QUOTES = pd.DataFrame(
    [
        ("07-1", "07", "obstacles/culture", "<b>Niente</b> fiducia", "No trust"),
        ("11-1", "11", "obstacles/culture", "Mancano legami", "No ties"),
        ("07-2", "07", "skills/fundraising", "Bandi", "Calls"),
        ("09-1", "09", "skills/fundraising", "Fondi", "Funds"),
        ("09-2", "09", "obstacles/funding", "Soldi", ""),
    ],
    columns=["excerpt", "pseudonym", "theme_code", "text", "translation"],
).assign(partner="milan")


def give_evidence(positions: dict[str, str], **changed: dict[tuple[str, str, str], str]) -> pd.DataFrame:
    """Positions of the steps together, the same in every country; questionnaire and interviews say yes."""
    rows = []
    for finding, position in positions.items():
        for country in ("", *study().countries):
            for step in ("mapping", "questionnaire", "interviews", "workshops", ""):
                own = position if not step else "yes" if step in ("questionnaire", "interviews") else "not_asked"
                rows.append((finding, FINDINGS[finding], step, country, own, "", "", "", 40.0, 50.0, NAN))
    table = pd.DataFrame(rows, columns=COLUMNS)
    topics = {"culture_obstacle": "obstacles|culture", "funding_obstacle": "obstacles|funding"}
    place = {"questionnaire": "questionnaire|key_person|||share_top2", "interviews": "interviews|theme:{}||share"}
    told = zip(table["step"], table["finding"], strict=True)
    estimates = [place.get(step, "").format(topics.get(finding, "skills|fundraising")) for step, finding in told]
    return table.assign(estimates=estimates)


def show(name: str, evidence: pd.DataFrame, rows: list[dict[str, Any]] | None = None, **more: Any) -> Any:
    rows = rows or [row("key_person", "all", statistic="share_top2", k=40, n=50)]
    return page(rows, "comparison", "", evidence=evidence, joint_support=decision_table(), quotes=QUOTES, **more).show(
        name
    )


def test_positions_stand_in_the_order_of_the_work_they_ask_for() -> None:
    known = dict(zip(reversed(FINDINGS), POSITIONS[::-1], strict=True))
    table = show("evidence", give_evidence(known))
    assert isinstance(table, DisplayTable)
    assert [line[1] for line in table.rows] == ["disagree", "partly", "silent", "agree", "hidden", "·"]
    assert table.columns[2:] == study().countries


def test_people_have_the_last_word_and_the_same_people_are_marked() -> None:
    evidence = give_evidence({"key_person": "dissonance", "soft_courses": "agreement"})
    here = evidence["step"].eq("") & evidence["country"].isin(["", "IT"])
    evidence.loc[here & evidence["finding"].eq("key_person"), "decided"] = "partial"
    evidence.loc[here & evidence["finding"].eq("soft_courses"), "overlap"] = 3.0
    lines = {
        line[0]: dict(zip(("pooled", *study().countries), line[1:], strict=True))
        for line in show("evidence", evidence).rows
    }
    assert list(lines) == ["Success depends on one key person", "Training so far was in soft skills"]
    person, courses = lines.values()
    assert (person["pooled"], person["IT"], person["PL"]) == ("partly", "partly", "disagree")
    assert (courses["pooled"], courses["IT"], courses["PL"]) == ("agree †", "agree †", "agree")


def test_disagreements_say_what_each_step_said_and_what_people_made_of_it() -> None:
    evidence = give_evidence({"key_person": "agreement"})
    evidence.loc[evidence["step"].eq("") & evidence["country"].isin(["", "IT"]), "proposed"] = "dissonance"
    evidence.loc[evidence["step"].eq("interviews"), "proposed"] = "no"
    who = evidence["step"].eq("") & evidence["country"].eq("IT")
    evidence.loc[who, ["decided", "decided_by", "reason"]] = ["partial", "P. R.", "Two regions"]
    rows = [
        row("key_person", group, statistic="share_top2", k=k, n=n) for group, k, n in (("all", 40, 50), ("IT", 7, 9))
    ]
    rows += [row("theme:skills", "all", step="interviews", option="fundraising", k=2, n=32)]
    name, table = "Success depends on one key person", show("dissonances", evidence, rows)
    assert table.rows == (
        (name, "All countries", "yes: 40 of 50 (80%)", "no: 2 of 32 (6%)", "not asked", "–"),
        (name, "Italy", "yes: 7 of 9 (most)", "no: –", "not asked", "agree in part (P. R., Two regions)"),
    )


def test_without_a_disagreement_the_page_says_so() -> None:
    assert "On no finding" in show("dissonances", give_evidence({"key_person": "agreement"})).html


def test_the_joint_display_goes_by_theme_and_cites_by_number() -> None:
    evidence = give_evidence(
        {"culture_obstacle": "partial", "gap_fundraising": "agreement", "funding_obstacle": "dissonance"}
    )
    evidence.loc[evidence["finding"].eq("gap_fundraising"), "overlap"] = 2.0
    rows = [row("key_person", "all", statistic="share_top2", k=40, n=50)]
    rows += [row("theme:skills", "all", step="interviews", option="fundraising", k=20, n=32)]
    lines = show("joint_display", evidence, rows).rows
    assert [line[0] for line in lines] == ["Organisation and finance", "Organisation and finance", "Training"]
    assert lines[0][1] == "Lack of funding is an obstacle" and lines[0][5].startswith("Open: one step says yes")
    assert lines[2][2:] == ("yes: 40 of 50 (80%)", "yes: 20 of 32 (62%); excerpt 07-2", "not asked",
                            "Holds in every step that asked. †")  # fmt: skip
    assert lines[1][3].endswith("excerpt 11-1")  # the other speaker is cited already


@pytest.mark.parametrize("word", ["silent", "hidden"])
def test_who_was_not_heard_is_not_cited(word: str) -> None:
    evidence = give_evidence({"culture_obstacle": "partial"})
    evidence.loc[evidence["step"].eq("interviews"), "proposed"] = word
    assert "excerpt" not in show("joint_display", evidence).rows[0][3]


def test_agreeing_that_it_is_not_so_is_said() -> None:
    evidence = give_evidence({"key_person": "agreement"})
    evidence.loc[evidence["step"].isin(["questionnaire", "interviews"]), "proposed"] = "no"
    evidence.loc[evidence["step"].eq(""), ["decided", "decided_by", "reason"]] = ["agreement", "P. R.", "Read twice"]
    said = "Does not hold in any step that asked. Decided by: P. R. (Read twice)"
    assert show("joint_display", evidence).rows[0][5] == said


def test_excerpts_cited_are_listed_of_many_people() -> None:
    evidence = give_evidence({"key_person": "agreement"})
    table = show("cited", evidence)
    assert [line[0] for line in table.rows] == ["07-2", "11-1", "09-2"]
    table = page([], "comparison", "", quotes=QUOTES[QUOTES["pseudonym"] == "07"], evidence=evidence).show("cited")
    assert isinstance(table, DisplayTable)
    html = table._repr_html_()
    assert "&lt;b&gt;Niente" in html and "<b>Niente" not in html


def test_areas_stand_by_theme_and_country_with_the_findings_that_agree() -> None:
    evidence = give_evidence({"key_person": "agreement", "soft_courses": "partial", "gap_fundraising": "not_asked"})
    place = {"step": "interviews", "option": "training"}
    rows = [row("theme:strengths", group, **place, k=k, n=n) for group, k, n in (("all", 20, 32), ("AT", 1, 3))]
    rows += [row("theme:strengths", "IT", step="interviews", option="training", k=1, n=11, mark="hidden")]
    table = show("areas_countries", evidence, rows)
    assert table.columns[2:] == (*map(page([]).view.name, study().countries), "All countries")
    strengths, improvements, agreed = table.rows
    told = dict(zip(table.columns, strengths, strict=True))
    assert (told["Austria"], told["Italy"], told["All countries"]) == ("1 of 3", "not shown", "20 of 32 (62%)")
    assert set(improvements[2:]) == {"–"}
    assert set(agreed[2:]) == {"1 of 2"}


def test_a_card_holds_what_is_known_and_what_is_open() -> None:
    rows = [
        row("sup_coaching", "all", statistic="share_top2", k=40, n=90),
        row("theme:support", "all", step="interviews", option="coaching", k=3, n=32, mark="hidden"),
        row("overlap", "all", step="interviews", option="questionnaire", k=30, n=32),
    ]
    table = show("measures", pd.DataFrame(), rows)
    assert isinstance(table, Cards)
    card = dict(zip(table.columns, table.rows[0], strict=True))
    expected = {
        "measure": "Coaching",
        "Decision": "Coalition (proposed by the rule)",
        "Decided by": "open",
        "Rank": "Rank 1 (1 to 3)",
        "Who asks": "4 of 10: Milan, Veneto",
        "Countries that ask": "IT, PL",
        "Questionnaire: useful": "40 of 90 (44%)",
        "Questionnaire: among the first three": "not asked",
        "Interviews": "not shown",
        "Votes": "not delivered",
        "Mapping": "not asked",
        "Against it": "Questionnaire, Austria: 1 of 9",
        "Same people": "30 of 32 interviewed clusters also answered the questionnaire. Voting sheets bear no name.",
    }
    assert {name: card[name] for name in expected} == expected
    html = table._repr_html_()
    assert html.count('<section class="card">') == 2 and "<table" not in html
    short = show("decisions", pd.DataFrame(), rows)
    assert short.rows[0][:3] == ("Coaching", "Coalition (proposed by the rule)", "4 of 10")


@pytest.mark.parametrize(("step", "told"), [("", "no step in any country says no"), ("hidden", "not shown")])
def test_a_card_says_when_nothing_speaks_against_it_and_a_decision_is_signed(step: str, told: str) -> None:
    table = decision_table().assign(action=["staff_exchange", "study_tours"], decision="all")
    table = table.assign(against_step=step, against_country="")
    cards = page([row("sup_coaching", "all", k=4, n=12)], "joint_support", "", joint_support=table).show("measures")
    assert isinstance(cards, Cards)
    card = dict(zip(cards.columns, cards.rows[0], strict=True))
    assert card["Against it"] == told
    assert card["Decided by"] == "H. L., M. K., P. R."
    assert card["Decision"] == "All together (decided)"
    assert "" not in card.values()
