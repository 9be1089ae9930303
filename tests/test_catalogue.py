"""What a page shows, says, drops and saves."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from cncb_analysis.catalogue import Page
from cncb_analysis.errors import StudyError
from cncb_analysis.shown import NOT_ASKED, Html, NotAsked, ShownFigure
from cncb_analysis.study import Study
from cncb_analysis.tables import DisplayTable
from tests.small_estimates import obstacles, page, protect, row, study

NAN = float("nan")


def test_a_figure_shows_itself_with_all_that_belongs_to_it() -> None:
    shown = page(obstacles()).show("obstacles")
    assert isinstance(shown, ShownFigure)
    html = shown._repr_mimebundle_()["text/html"]
    assert 'role="img" aria-labelledby="figure-obstacles-title figure-obstacles-alt"' in html
    assert "Ranked dots of obstacles. First: Cultural barriers among SMEs, 8 of 12." in html
    assert "<strong>Figure 1.</strong> Base: 12 respondents." in html
    assert 'download="obstacles.csv" href="data:text/csv' in html
    assert "Synthetic data" in html
    assert html.count("<svg") == 1
    assert html.count("<table") == 1


def test_the_facts_count_people_not_the_numbers_they_gave() -> None:
    rows = [row("votes", "milan", step="workshops", statistic="mean", estimate=2.0, n=104)]
    rows += [row("votes", "milan", step="workshops", statistic="share_voted", option="coaching", k=4, n=20)]
    facts = dict(page(rows, "workshops").list_facts())
    assert facts == {
        "Place": "Province of Milan", "Base": "20 participants", "Fieldwork": "2011", "audience": "for the consortium",
    }  # fmt: skip


def test_figures_are_numbered_as_they_are_shown_and_keep_their_number() -> None:
    told = page([*obstacles(), *[row("int_barr", "milan", option="money", k=4, n=12)]])
    first, second, again = (told.show(name) for name in ("obstacles", "barriers", "obstacles"))
    assert isinstance(first, ShownFigure)
    assert isinstance(second, ShownFigure)
    assert (first.labels["number"], second.labels["number"]) == ("Figure 1", "Figure 2")
    assert again is first


def test_what_was_not_asked_is_a_sentence_that_the_page_can_drop() -> None:
    for rows in ([], [row("obst_funding", "plzen", statistic="share_top2", k=4, n=9)]):
        shown = page(rows).show("obstacles")
        assert isinstance(shown, NotAsked)
        bundle = shown._repr_mimebundle_()
        assert NOT_ASKED in bundle
        assert "Not asked in this study" in bundle["text/html"]


def test_a_hidden_figure_is_shown_as_hidden_not_dropped() -> None:
    hidden = [
        {**row(f"obst_{item}", "milan", statistic="share_top2", n=5, mark="hidden")} for item in ("culture", "funding")
    ]
    shown = page(hidden).show("obstacles")
    assert isinstance(shown, ShownFigure)
    assert "not shown" in shown._repr_mimebundle_()["text/html"]
    assert "fewer than 3" in shown.note


def test_a_figure_that_the_study_does_not_have_was_not_asked_in_it() -> None:
    shown = page([]).show("obstacle")
    assert isinstance(shown, NotAsked)
    assert "obstacle: Not asked in this study" in shown.message
    assert "obstacles" in shown.message


def own_figures(*rows: str) -> Study:
    head = ["figure", "notebook", "slide", "order", "kind", "variables", "statistic", "options", "benchmark"]
    figures = pd.DataFrame([line.split("|") for line in rows], columns=head)
    return replace(study(), tables={**study().tables, "figures": figures})


def test_a_figure_of_a_studys_own_stands_among_the_rest_and_needs_no_words() -> None:
    own = own_figures("ours|questionnaire||1|ranked|int_barr|share||")
    rows = [*obstacles(), row("int_barr", "milan", option="money", k=4, n=12)]
    told = Page(own, "questionnaire", "milan", "en", "consortium", protect(rows))
    shown = told.show_rest()
    assert isinstance(shown, Html)
    html = shown._repr_html_()
    assert "<h3>What holds the cluster back abroad?</h3>" in html
    assert "What holds the cluster back abroad?: Not enough money, 4 of 12.</desc>" in html
    assert "<caption>Cultural barriers" not in html


def test_an_unknown_kind_of_chart_is_the_studys_mistake() -> None:
    told = Page(own_figures("ours|questionnaire||1|radar|skill|||"), "questionnaire", "", "en", "public", protect([]))
    with pytest.raises(StudyError, match=r"figures.csv: no such kind of chart: 'radar'; the kinds are: share"):
        told.show("ours")


def test_a_table_of_figures_csv_is_a_table() -> None:
    rows = [
        row("st_heads", group, statistic="median", estimate=3.0, low=2.0, high=6.0, n=12)
        for group in ("milan", "IT", "all")
    ]
    shown = page(rows).show("staff")
    assert isinstance(shown, DisplayTable)
    assert shown.columns[1:] == ("Milan", "Italy", "All countries")
    assert shown.rows[0][1:] == ("3 (2 to 6)",) * 3
    assert isinstance(page([]).show("clusters"), NotAsked)
    facts = pd.DataFrame({"cluster": ["Gheppio"], "recognised": [True], "lq": [1.257], "jobs": [float("nan")]})
    facts = facts.assign(
        deadline="2011-07-11", sector="C28", region="ITC4", type="network;other", stage="", origin="firms"
    )
    shown = page([], clusters=facts).show("clusters")
    assert isinstance(shown, DisplayTable)
    said = ("Gheppio", "yes", "1.26", "–", "July 11, 2011", "C28, ITC4", "Business network; other", "", "Firms")
    assert shown.rows == (said,)


def test_where_list_and_statistics_disagree_is_said_both_ways() -> None:
    facts = pd.DataFrame(
        {
            "partner": "milan", "country": "IT", "kind": ["without_concentration", "without_cluster"],
            "region": "ITC4", "sector": ["C12", "C10"], "cluster": ["Gheppio", ""], "jobs": [900.0, 4000.0],
            "lq": [0.5, 4.0], "low": [0.4, 3.0], "high": [0.6, 5.0], "stars": [0.0, 3.0],
        }
    )  # fmt: skip
    shown = page([], disagreements=facts).show("disagreements")
    assert isinstance(shown, DisplayTable)
    assert [row[:5] for row in shown.rows] == [
        ("ITC4", "Gheppio", "recognised, not concentrated", "C12", "0.5 (0.4 to 0.6)"),
        ("ITC4", "", "concentrated, no cluster listed", "C10", "4 (3 to 5)"),
    ]
    assert "Neither is an error" in shown.base


def vote(statistic: str, option: str, value: float, **more: object) -> dict[str, object]:
    return row("votes", "milan", step="workshops", option=option, statistic=statistic, estimate=value, **more)


def test_each_rule_says_what_it_puts_first_and_whether_they_agree() -> None:
    rows = [
        vote("first_by_dots", "staff_exchange", 1.0, occasion="1"),
        vote("first_by_dots", "study_tours", 0.0, occasion="1"),
        vote("first_by_condorcet", "staff_exchange", 0.0, occasion="1"), vote("rules_agree", "", 0.0, occasion="1"),
        vote("first_by_borda", "study_tours", 1.0, occasion="2"), vote("rules_agree", "", 1.0, occasion="2"),
        vote("kendall_w", "", 0.317, occasion="2"), vote("kendall_w_p", "", 0.0123, occasion="2"),
    ]  # fmt: skip
    shown = page(rows).show("vote_rules")
    assert isinstance(shown, DisplayTable)
    assert shown.rows == (
        ("1", "most dots", "Staff exchange"),
        ("1", "beats every other measure one against one", "No measure beats every other one against one."),
        ("2", "highest preference score", "Study tours"),
        ("1", "", "The ways of counting disagree on the first place."),
        ("2", "agreement among voters (W)", "0.32, p = 0.012"),
    )
    rows[0] |= {"mark": "hidden"} | dict.fromkeys(("estimate", "low", "high", "k"), float("nan"))
    hidden = page(rows).show("vote_rules")
    assert isinstance(hidden, DisplayTable) and hidden.rows[0][2] == "not shown"


def test_places_of_the_last_round_come_with_their_range() -> None:
    rows = [
        vote("borda_rank", "study_tours", 2.0, low=1.0, high=4.0, occasion="2"),
        vote("borda_rank", "staff_exchange", 1.0, low=1.0, high=2.0, occasion="2"),
        vote("dots_rank", "study_tours", 1.0, occasion="1"), vote("movement", "study_tours", -1.0, occasion="2"),
        vote("copeland", "staff_exchange", 6.5, occasion="2"), vote("consensus", "staff_exchange", 1.0, occasion="2"),
        vote("share_first", "staff_exchange", 0.6, k=6, n=10, occasion="2"),
        {**vote("borda_rank", "coaching", NAN, low=NAN, high=NAN, occasion="2"), "k": NAN, "mark": "hidden"},
    ]  # fmt: skip
    shown = page(rows).show("vote_places")
    assert isinstance(shown, DisplayTable)
    assert shown.rows == (
        ("Staff exchange", "1 (1 to 2)", "6.5", "6 of 10", "yes", "–"),
        ("Study tours", "2 (1 to 4)", "–", "–", "–", "-1"),
        ("Coaching", "not shown", "–", "–", "–", "–"),
    )


def test_topics_told_together_are_counted_by_passage() -> None:
    def pair(statistic: str, value: float, k: float, n: float, option: str) -> dict[str, object]:
        more = {"option": option, "statistic": statistic, "estimate": value, "k": k, "n": n}
        return row("pairs:excerpt", "all", step="interviews", **more)

    rare, often = "obstacles/funding+tasks/contact", "support/funding+tasks/contact"
    rows = [pair("share_both", 0.01, 4, 400, rare), pair("share_both", 0.02, 8, 400, often)]
    shown = page([*rows, pair("jaccard", 0.25, 8, 32, often)]).show("pairs")
    assert isinstance(shown, DisplayTable)
    assert [row[2:] for row in shown.rows] == [("8 of 400", "0.25"), ("4 of 400", "–")]


def test_what_goes_with_each_way_of_steering_stands_by_itself() -> None:
    def pair(option: str, k: int) -> dict[str, object]:
        more = {"option": option, "statistic": "share_both", "estimate": k / 32, "k": k, "n": 32}
        return row("pairs:unit", "all", step="interviews", **more)

    often = [pair(f"steering/participative+tasks/{place}", 20 - place) for place in range(9)]
    shown = page([*often, pair("obstacles/funding+steering/centralised", 3)]).show("companions")
    assert isinstance(shown, DisplayTable)
    assert [row[0] for row in shown.rows] == ["Participative steering"] * 6 + ["Centralised steering"]
    assert shown.rows[-1][1:] == ("Lack of funding", "3 of 32", "–")


def test_sectors_that_reach_across_borders_name_their_regions() -> None:
    def spatial(statistic: str, value: float, **more: str) -> dict[str, object]:
        return row("neighbourhood", "all", step="mapping", option="C28", statistic=statistic, estimate=value, **more)

    rows = [spatial("moran", 0.354), spatial("moran_p", 0.045), spatial("moran_lq", -0.001)]
    rows += [{**spatial("hot_spot", 1.2, occasion=code), "country": "IT"} for code in ("ITC4", "ITH5")]
    shown = page(rows).show("neighbourhoods")
    assert isinstance(shown, DisplayTable)
    assert [row[:4] + row[5:] for row in shown.rows] == [("C28", "0.35", "0.00", "0.04", "ITC4 ITH5")]
    assert "corrected over the sectors" in shown.base


def test_in_brief_counts_first_and_never_more_than_three() -> None:
    html = page([*obstacles(), row("int_barr", "milan", option="money", k=4, n=12)]).in_brief()._repr_html_()
    assert re.findall(r"<strong>(.*?)</strong> <span>(.*?)</span>", html) == [
        ("8 of 12", "Obstacles: Cultural barriers among SMEs"),
        ("4 of 12", "What holds clusters back abroad: Not enough money"),
    ]
    assert "Nothing to show yet" in page([]).in_brief()._repr_html_()


def test_the_rest_holds_every_question_that_no_figure_shows() -> None:
    rows = [
        *obstacles(),
        row("cl_origin", "milan", option="firms", k=5, n=12),
        row("cl_origin", "all", option="firms", k=50, n=97),
    ]
    told = page(rows)
    told.show("obstacles")
    shown = told.show_rest()
    assert isinstance(shown, Html)
    html = shown._repr_html_()
    assert "5 of 12" in html
    assert "50 of 97 (52%)" in html
    assert "8 of 12" not in html


def test_cleaning_is_counted_for_the_pages_own_partner_and_step() -> None:
    columns = ["partner", "step", "rule", "fate", "cells"]
    counts = {("milan", "questionnaire"): 3, ("veneto", "questionnaire"): 40, ("milan", "interviews"): 500}
    log = pd.DataFrame([(*where, "spelling", "repaired", n) for where, n in counts.items()], columns=columns)
    html = page([], cleaning=log).show_cleaning()._repr_html_()
    assert ">3<" in html
    assert "40" not in html
    assert "500" not in html


def test_outputs_are_saved_with_the_same_bytes(tmp_path: Path) -> None:
    told = page([*obstacles(), row("cl_origin", "milan", option="firms", k=5, n=12)])
    told.show_rest()
    assert "Nothing saved" in repr(told.save_outputs(""))
    for folder in ("a", "b"):
        told.save_outputs(tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["obstacles.csv", "obstacles.svg", "tables.xlsx"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    assert len(openpyxl.load_workbook(tmp_path / "a" / "tables.xlsx").sheetnames) == 2


def test_a_saved_csv_runs_no_formula() -> None:
    shown = page(obstacles()).show("obstacles")
    assert isinstance(shown, ShownFigure)
    hostile = ShownFigure(**{**vars(shown), "chart": shown.chart.assign(row_label="=1+1")})
    assert "'=1+1" in hostile.csv
    assert ",=1+1" not in hostile.csv


def test_provenance_names_the_contact_and_no_time_of_day() -> None:
    html = page([]).provenance()._repr_html_()
    assert "Whom to ask for deletion" in html
    assert not re.search(r"\d\d:\d\d", html)
