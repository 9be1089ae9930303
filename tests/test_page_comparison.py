"""The tables that stand beside the verdicts, from small estimates written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cncb_analysis import page_comparison
from cncb_analysis.analysis import analyse_study, read_cleaned, write_analysis
from cncb_analysis.store import read_frames
from cncb_analysis.view import Figure
from tests.exporting import run_tables
from tests.small_estimates import make, pick, row, study, view
from tests.small_study import write_small_study


def figure(*variables: str, statistic: str = "share") -> Figure:
    return Figure("test", "table", ("comparison",), variables, statistic, step="questionnaire")


def map_rows(**more: Any) -> list[dict[str, Any]]:
    told = {"AT": ("", "AT"), "obst_culture": ("obst_culture", ""), "obst_funding": ("obst_funding", "")}
    rows = [
        row("map:obst", country, option=option, statistic=statistic, estimate=value + place, n=90)
        for place, (option, country) in enumerate(told.values())
        for statistic, value in (("axis_1", 0.1), ("axis_2", -0.2), ("contribution", 0.3))
    ]
    facts = {"inertia_1": 0.5, "inertia_2": 0.25, "least_expected": 2.0}
    return rows + [row("map:obst", "", statistic=name, estimate=value, n=90) for name, value in facts.items()]


def test_a_map_places_countries_and_answers() -> None:
    chart = make("map", map_rows(), variables=("obst",), statistic="share_top2")
    assert chart["row_label"].tolist() == ["Austria", "Cultural barriers among SMEs", "Lack of funding"]
    assert chart["text"].tolist() == ["country", "", ""]
    culture = pick(chart, "obst_culture", "contribution")
    assert [culture[name] for name in ("x", "y", "estimate", "inertia_2", "least_expected")] == [
        1.1,
        0.8,
        1.3,
        0.25,
        2.0,
    ]


def test_a_map_that_is_hidden_has_no_place() -> None:
    chart = make("map", [row("map:obst", "", statistic="axis_1", mark="hidden", n=90)], variables=("obst",))
    assert chart["mark"].tolist() == ["hidden"]
    assert chart[["x", "y", "estimate"]].isna().to_numpy().all()


def test_difference_that_could_have_been_found() -> None:
    told = {"family": "questionnaire:obst", "questions": [6, 2], "answers": [5, 4], "level": 0.006, "margin": 0.33}
    found = pd.DataFrame({**told, "test": "kruskal_wallis", "sizes": ["6 9 27", "5 9 27"], "smallest": [0.9, 0.86]})
    line = next(page_comparison.list_detectable(found.assign(largest=[0.5, np.nan]), view([])))
    assert list(line.values())[1:] == ["8", "5 to 27", "Cliff's delta", "0.90", "none", "0.33"]
    assert line["question"].endswith("(Questionnaire)")


def test_hosts_once_name_what_moves_most() -> None:
    most = {"variable": "obst_culture", "option": "", "statistic": "share_top2", "shown": 0.5, "once": 1.0}
    hosts = pd.DataFrame([{"country": "AT", "answers": 9, "hosts": 1, "moved": 5, "results": 12, **most}])
    line = next(page_comparison.list_hosts(hosts, view([])))
    assert list(line.values()) == ["Austria", "9", "1", "5 of 12", "Cultural barriers among SMEs: 50% → 100%"]
    calm = next(page_comparison.list_hosts(hosts.assign(moved=0), view([])))
    assert calm["moves_most"] == "–"


def test_benchmarks_stand_beside_what_they_can_be_compared_with() -> None:
    rows = [
        row("key_person", statistic="share_top2", k=40, n=89),
        row("fin_src_eu", statistic="mean", estimate=0.28, n=97, low=0.24, high=0.32),
        row("st_heads", statistic="mean", estimate=4.1, n=97, low=3.7, high=4.5),
    ]
    lines = list(page_comparison.list_benchmarks(study().table("benchmarks"), view(rows)))
    told = [(line["result"], line["benchmark"]) for line in lines]
    # That half have three or fewer is no share that was asked for.
    assert told == [("40 of 89 (45%), 10% to 90%", "40%"), ("28%, 24% to 32%", "24%"), ("4.1 (3.7 to 4.5)", "3")]
    assert lines[0]["benchmark_of"].endswith("n = 238, 2003")
    assert all(line["source"] and "http" not in line["source"] for line in lines)


def test_likely_shares_have_a_column_a_country() -> None:
    told: dict[str, Any] = {"statistic": "shrunken", "estimate": 0.6, "low": 0.4, "high": 0.8, "k": 2, "n": 5}
    told["method"] = "beta_binomial"
    line = next(page_comparison.list_shrunken(figure("obst"), view([row("obst_culture", "AT", **told)])))
    assert line["question"] == "Cultural barriers among SMEs"
    assert (line["AT"], line["CZ"]) == ("60%, 40% to 80%", "–")
    assert list(line)[1:] == list(study().countries)


def test_crossed_questions_are_counts() -> None:
    cell: dict[str, Any] = {"statistic": "share_crossed", "k": 7, "n": 12}
    crossed = [row("cross:int_level+str_doc", option="core+draft", **cell)]
    lines = list(page_comparison.list_crossed(figure("int_level", "str_doc"), view(crossed)))
    assert len(lines) == 4
    assert [text for line in lines for text in line.values()].count("7 of 12") == 1
    assert not list(page_comparison.list_crossed(figure("int_level", "str_doc"), view([])))


def test_only_the_consortium_sees_results_with_each_host_once(tmp_path: Path) -> None:
    """What is left out of a country may be one answer: beside the result with it, it would be told."""
    own = run_tables(write_small_study(tmp_path))
    clean = own.folder / "processed" / "restricted" / "clean"
    write_analysis(analyse_study(*read_cleaned(clean, own), own), own, audience="public")
    pages = own.folder / "processed" / "pages"
    shown = {name: read_frames(pages / name / "comparison")["hosts"] for name in ("consortium", "public")}
    assert shown["consortium"]["country"].tolist()
    assert shown["public"].empty
