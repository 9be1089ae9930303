"""figures.csv, and the table makers on small protected estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cncb_analysis.catalogue import FIGURES
from cncb_analysis.chart_tables import CHART_COLUMNS, MAKERS
from cncb_analysis.errors import StudyError
from cncb_analysis.page_tables import format_cell, summarise_chart, tabulate_chart
from cncb_analysis.view import Figure, View, read_figures
from tests.small_estimates import DEFAULTS, decision_table, make, obstacles, pick, protect, row, study, view


def test_every_figure_is_of_a_known_kind_and_has_its_words() -> None:
    words = study().words("en")
    values = dict.fromkeys(("group", "n", "top", "top_value", "bottom", "bottom_value", "pooled"), "X")
    for figure in read_figures(study()).values():
        assert figure.kind in FIGURES or figure.kind == "table"
        parts = ("title", "caption", *(["subtitle", "alt"] if figure.kind != "table" else []))
        texts = {part: words.text(f"figure.{figure.id}.{part}", values) for part in parts}
        assert all(texts.values())
        assert len(set(texts.values())) == len(parts)
    assert set(FIGURES) == {figure.kind for figure in read_figures(study()).values()} - {"table"}


def test_orders_and_slides_are_unique() -> None:
    figures = study().table("figures")
    slides = [int(slide) for slide in figures["slide"] if slide]
    assert sorted(slides) == list(range(1, len(slides) + 1))
    assert figures["order"].astype(int).is_unique


def test_a_figure_belongs_to_the_step_that_asked() -> None:
    steps = {name: figure.step for name, figure in read_figures(study()).items()}
    assert steps["profile"] == "interviews"
    assert steps["regions"] == "mapping"
    assert steps["votes_countries"] == "workshops"
    assert steps["obstacles_countries"] == "questionnaire"


@pytest.mark.parametrize("kind", list(MAKERS))
def test_every_maker_gives_the_uniform_columns_even_of_nothing(kind: str) -> None:
    figure = next(each for each in read_figures(study()).values() if each.kind == kind)
    chart = MAKERS[kind](figure, view([], "" if kind == "decision" else "milan"))
    assert list(chart.columns)[: len(CHART_COLUMNS)] == CHART_COLUMNS
    nothing = chart[chart["row"] != "threshold"]
    assert nothing["estimate"].isna().all()
    assert set(nothing["mark"]) <= {"not_asked", "not_delivered"}


def test_share_has_a_row_a_country_single_partners_beside_and_the_benchmark() -> None:
    rows = [
        row("key_person", group, statistic="share_top2", k=k, n=9)
        for group, k in zip(("milan", "veneto", "IT", "CZ", "plzen", "all"), (3, 5, 8, 2, 2, 4), strict=True)
    ]
    chart = make("share", rows, variables=("key_person",), statistic="share_top2", benchmark="key_person")
    assert list(dict.fromkeys(chart["row"])) == ["AT", "CZ", "HU", "IT", "PL", "SI", "SK", "all", "benchmark"]
    assert pick(chart, "IT", "share")["k"] == 8
    assert pick(chart, "IT", "partner:veneto")["k"] == 5
    assert "partner:plzen" not in set(chart["column"])  # one partner alone is its country
    assert pick(chart, "benchmark", "share")["estimate"] == pytest.approx(0.40)
    assert pick(chart, "AT", "share")["mark"] == "not_delivered"


def test_a_partners_page_shows_it_beside_its_country_and_all() -> None:
    assert [key for key, _ in view([], "milan").groups] == ["milan", "IT", "all"]
    assert [key for key, _ in view([], "plzen").groups] == ["plzen", "all"]


def test_hidden_not_asked_and_without_a_usable_answer_are_told_apart() -> None:
    rows = [
        row("key_person", "milan", statistic="share_top2", n=9, mark="hidden"),
        row("obst_funding", "CZ", statistic="share_top2", k=1, n=9),
        row("obst_funding", "HU", statistic="share_top2", k=1, n=9),
        row("key_person", "HU", statistic="share_missing", option="dont_know", k=2, n=2),
        row("key_person", "all", statistic="share_top2", k=5, n=9, mark="published"),
    ]
    chart = make("share", rows, variables=("key_person",), statistic="share_top2")
    marks = {group: pick(chart, group, "share")["mark"] for group in ("CZ", "HU", "AT", "all")}
    assert marks == {"CZ": "not_asked", "HU": "too_few", "AT": "not_delivered", "all": ""}
    own = pick(make("share", rows, "milan", variables=("key_person",), statistic="share_top2"), "milan", "share")
    assert own["mark"] == "hidden"
    assert all(own[name] != own[name] for name in ("estimate", "low", "high", "k"))


def test_diverging_takes_levels_together_only_where_the_single_ones_are_hidden() -> None:
    levels = [str(level) for level in range(1, 6)]
    rows = [row("own_model", "all", option=level, k=2, n=10) for level in levels]
    rows += [row("own_model", "IT", option=level, n=7, mark="hidden") for level in levels]
    rows += [row("own_model", "IT", option="participative", k=4, n=7, mark="coarsened")]
    rows += [row("own_model", "all", option="dont_know", statistic="share_missing", k=3, n=13)]
    chart = make("diverging", rows, variables=("own_model",))
    assert list(chart.loc[chart["row"] == "all", "column"]) == [*levels, "dont_know"]
    assert pick(chart, "all", "dont_know")["k"] == 3
    italy = chart[chart["row"] == "IT"]
    assert list(italy["column"]) == ["participative"]
    assert list(italy["mark"]) == ["coarsened"]


def test_allocation_has_the_parts_of_its_battery_as_columns() -> None:
    parts = study().codebook.battery("fin_src")
    rows = [row(part.name, "milan", statistic="mean", estimate=0.1, n=12) for part in parts]
    chart = make("allocation", rows, "milan", variables=("fin_src",), statistic="mean")
    assert list(chart.loc[chart["row"] == "milan", "column"]) == [part.item for part in parts]
    assert pick(chart, "milan", "eu")["estimate"] == pytest.approx(0.1)


def test_ranked_items_stand_by_the_pooled_value_not_by_the_partners() -> None:
    shares = {"culture": (1, 8), "funding": (9, 3), "staff": (5, 9)}
    rows = [
        row(f"obst_{item}", group, statistic="share_top2", k=counts[place], n=10)
        for item, counts in shares.items()
        for place, group in enumerate(("milan", "all"))
    ]
    chart = make("ranked", rows, "milan", variables=("obst",), statistic="share_top2")
    assert list(dict.fromkeys(chart["row"]))[:3] == ["staff", "culture", "funding"]
    assert pick(chart, "funding", "main")["k"] == 9
    assert pick(chart, "funding", "all")["k"] == 3
    common = make("ranked", rows, variables=("obst",), statistic="share_top2")
    assert list(common.loc[common["row"] == "staff", "column"]) == ["main", *study().countries]


def test_ordered_answers_keep_their_order() -> None:
    rows = [
        row("map_stage", "all", step="mapping", option=option, k=k, n=10)
        for option, k in (("embryonic", 1), ("growing", 3), ("mature", 5), ("transforming", 1))
    ]
    chart = make("ranked", rows, variables=("map_stage",), step="mapping")
    assert list(dict.fromkeys(chart["row"])) == ["embryonic", "growing", "mature", "transforming"]


def test_votes_of_one_round_show_the_items_of_that_round() -> None:
    rows = [
        row("votes", "milan", step="workshops", statistic="share_voted", option=option, occasion=occasion, k=k, n=9)
        for option, occasion, k in (("coaching", "1", 4), ("joint_promotion", "1", 2), ("coaching", "2", 8))
    ]
    more = {"variables": ("votes",), "statistic": "share_voted", "step": "workshops"}
    first = make("ranked", rows, "milan", occasion="1", **more)
    assert set(first["row"]) == {"coaching", "joint_promotion"}
    assert set(first["row_label"]) == {"Coaching", "Joint promotion abroad"}
    assert pick(first, "coaching", "main")["k"] == 4
    assert set(make("ranked", rows, "milan", occasion="2", **more)["row"]) == {"coaching"}


def test_gaps_stand_widest_first_with_their_two_ratings() -> None:
    rows = []
    for item, gap in (("fundraising", 0.4), ("internationalisation", 1.3)):
        rows += [row(f"skill_imp_{item}", statistic="mean", estimate=4.0, n=50)]
        rows += [row(f"skill_own_{item}", statistic="mean", estimate=4.0 - gap, n=50)]
        rows += [row("skill", statistic="gap", option=item, estimate=gap, low=0.1, high=2.0, n=50)]
    chart = make("gap", rows, variables=("skill",), statistic="gap")
    assert list(dict.fromkeys(chart["row"]))[:2] == ["internationalisation", "fundraising"]
    assert list(chart.loc[chart["row"] == "fundraising", "column"]) == ["importance", "own", "gap"]
    assert pick(chart, "internationalisation", "own")["estimate"] == pytest.approx(2.7)
    assert pick(chart, "fundraising", "gap")["row_label"] == "Fundraising"


def test_bump_has_the_three_moments() -> None:
    rows = [
        row(f"pri_{moment}", "milan", step="interviews", statistic="share_ranked", option="financing", k=k, n=7)
        for moment, k in (("past", 1), ("now", 4), ("future", 6))
    ]
    chart = make("bump", rows, "milan", variables=("pri",), statistic="share_ranked", step="interviews")
    assert [pick(chart, "financing", moment)["k"] for moment in ("past", "now", "future")] == [1, 4, 6]


def test_matrix_has_bodies_as_columns_and_the_battery_as_block() -> None:
    rows = [row("gov_actor_board", "milan", step="interviews", option="firms", k=6, n=7)]
    chart = make("matrix", rows, "milan", variables=("gov_actor", "gov_role"), step="interviews")
    assert list(dict.fromkeys(chart["column"])) == ["committee", "board", "technical", "staff"]
    assert chart["section"].nunique() == 2
    assert pick(chart, "firms", "board")["k"] == 6
    assert pick(chart, "firms", "staff")["mark"] == "not_asked"


def test_circle_links_each_step_to_the_next_and_the_last_to_the_first() -> None:
    rows = [row("vc_link", "milan", step="interviews", option="trust", k=5, n=7)]
    rows += [
        row("vc_link", "milan", step="interviews", statistic="share_both", option=option, k=k, n=7)
        for option, k in (("trust+involvement", 4), ("reinvestment+trust", 2))
    ]
    chart = make("circle", rows, "milan", variables=("vc_link",), step="interviews")
    assert pick(chart, "trust", "node")["k"] == 5
    assert pick(chart, "trust", "link")["k"] == 4
    assert pick(chart, "reinvestment", "link")["k"] == 2


def test_profile_has_the_statements_of_the_card() -> None:
    rows = [
        row("profile", "milan", step="interviews", option=option, k=k, n=7)
        for option, k in (("woman", 3), ("part_time", 6))
    ]
    chart = make("profile", rows, "milan", variables=("profile",), step="interviews")
    assert list(chart["row"]) == ["woman", "part_time"]
    assert list(chart["row_label"]) == ["women", "less than 80 % of working time for the cluster"]


def test_tiles_have_a_place_and_mark_the_partners_own_region() -> None:
    rows = [row("concentration", "milan", step="mapping", statistic="lq", occasion="ITC4", estimate=2.9)]
    chart = make("tiles", rows, "milan", variables=("concentration",), statistic="lq", step="mapping")
    own = pick(chart, "ITC4", "value")
    assert (own["text"], own["estimate"], own["country"]) == ("own", 2.9, "IT")
    assert not chart.duplicated(["x", "y"]).any()
    assert set(chart["country"]) == set(study().countries)
    assert pick(chart, "SI03", "value")["mark"] == "not_delivered"


def test_scatter_joins_jobs_and_stars_and_leaves_other_regions_out() -> None:
    rows = [
        row("concentration", group, step="mapping", statistic=name, occasion=region, option="C28", estimate=value)
        for group, region in (("milan", "ITC4"), ("plzen", "CZ03"))
        for name, value in (("lq", 1.6), ("jobs", 90_000.0), ("stars", 2.0))
    ]
    chart = make("scatter", rows, "milan", variables=("concentration",), statistic="lq", step="mapping")
    assert list(chart["row"]) == ["ITC4 C28", "threshold", "threshold"]
    assert pick(chart, "threshold", "jobs")["estimate"] == study().setting("mapping", "minimum_jobs", None)
    assert list(chart[["jobs", "stars"]].iloc[0]) == [90_000, 2]


def test_a_ranking_has_large_cells_alone_and_bounds_have_all() -> None:
    rows = [
        row("concentration", "milan", step="mapping", statistic=name, occasion="ITC4", option=sector, estimate=value)
        for sector, lq, jobs in (("C28", 1.6, 90_000.0), ("C10", 5.2, 900.0), ("C12", 2.5, float("nan")))
        for name, value in (("lq", lq), ("jobs", jobs))
    ]
    shape = {"variables": ("concentration",), "statistic": "lq", "step": "mapping"}
    ranking, bounds = (make(kind, rows, "milan", **shape) for kind in ("ranking", "bounds"))
    assert list(dict.fromkeys(ranking["row"])) == ["ITC4 C12", "ITC4 C28", "threshold"]
    assert list(dict.fromkeys(bounds["row"])) == ["ITC4 C10", "ITC4 C12", "ITC4 C28", "threshold"]
    assert pick(ranking, "ITC4 C28", "jobs")["estimate"] == 90_000


def test_tiles_carry_the_outlines_of_a_users_own_map(tmp_path: Path) -> None:
    places = study().table("geography")
    codes = places.loc[places["country"].isin(study().countries) & places["column"].ne(""), "region"]
    shape = '{"type": "Polygon", "coordinates": [[[9, 45], [10, 45], [10, 46]]]}'
    feature = f'{{"properties": {{"NUTS_ID": "%s"}}, "geometry": {shape}}}'
    (tmp_path / "study").mkdir()
    features = ",".join(feature % code for code in codes)
    (tmp_path / "study" / "map.geojson").write_text(f'{{"features": [{features}]}}')
    more = {**study().settings["mapping"], "geojson": "map.geojson"}
    own = replace(study(), folder=tmp_path, settings={**study().settings, "mapping": more})
    figure = Figure("regions", "tiles", ("mapping",), ("concentration",), "lq", step="mapping")
    with pytest.raises(StudyError, match=r"geojson_notice: whose outlines.*notice that their licence asks for"):
        MAKERS["tiles"](figure, View(own, own.words("en"), protect([]).frame, "milan"))
    own.settings["mapping"]["geojson_notice"] = "© somebody"
    chart = MAKERS["tiles"](figure, View(own, own.words("en"), protect([]).frame, "milan"))
    assert chart["outline"].str.count(",").eq(3).all()


def test_flow_counts_by_stage() -> None:
    rows = [
        row("response", "milan", statistic="count", option=option, estimate=k, k=k)
        for option, k in (("mapped", 29), ("used", 12))
    ]
    rows = [{**each, "estimate": each["k"]} for each in rows]
    chart = make("flow", rows, variables=("response",), statistic="count", options=("mapped", "used"))
    assert pick(chart, "milan", "used")["k"] == 12
    assert pick(chart, "all", "used")["mark"] == "not_delivered"


def test_decisions_of_people_come_first_and_group_the_measures() -> None:
    own = View(study(), study().words("en"), protect([]).frame, "", decision_table())
    chart = MAKERS["decision"](Figure("decision", "decision", ("joint_support",)), own)
    assert list(dict.fromkeys(chart["row"])) == ["study_tours", "coaching"]
    assert list(dict.fromkeys(chart["section"])) == ["All together", "Coalition"]
    assert pick(chart, "coaching", "questionnaire")["text"] == "agreement"
    assert pick(chart, "coaching", "rank")["high"] == 3


@pytest.mark.parametrize(
    ("cell", "share", "expected"),
    [
        ({"k": 7.0, "n": 19.0}, True, "7 of 19"),
        ({"k": 7.0, "n": 20.0}, True, "7 of 20 (35%)"),
        ({"estimate": 0.123}, True, "12%"),
        ({"estimate": 1.26, "low": -0.04, "high": 2.0}, False, "1.3 (0.0 to 2.0)"),
        ({"estimate": 3.0}, False, "3"),
        ({"mark": "hidden"}, True, "not shown"),
        ({"mark": "not_asked"}, True, "not asked"),
        ({"mark": "not_delivered"}, True, "–"),
        ({}, True, "–"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_its_base_allows(cell: Mapping[str, Any], share: bool, expected: str) -> None:
    told = {**DEFAULTS, **cell}
    if "k" in cell:
        told["estimate"] = cell["k"] / cell["n"]
    assert format_cell(study().words("en"), told, share=share) == expected


def test_a_threshold_is_drawn_and_neither_told_nor_tabulated() -> None:
    rows = [
        row("concentration", "milan", step="mapping", statistic=name, occasion="ITC4", option="C28", estimate=value)
        for name, value in (("lq", 1.6), ("jobs", 90_000.0))
    ]
    figure, own = read_figures(study())["specialisation"], view(rows, "milan")
    chart = MAKERS["scatter"](figure, own)
    assert summarise_chart(figure, chart, own)["top_value"] == "1.6"
    assert [line[0] for line in tabulate_chart(figure, chart, own, caption="C", source="S").rows] == ["C28, Lombardia"]


def test_a_figure_says_in_words_what_it_shows() -> None:
    figure = read_figures(study())["obstacles"]
    own = view(obstacles(), "milan")
    told = summarise_chart(figure, MAKERS["ranked"](figure, own), own)
    assert told["top"] == "Cultural barriers among SMEs"
    assert (told["top_value"], told["bottom_value"], told["group"], told["n"]) == ("8 of 12", "3 of 12", "Milan", "12")


def test_single_partners_stand_in_the_figure_not_in_its_table() -> None:
    rows = [row("key_person", group, statistic="share_top2", k=3, n=9) for group in ("milan", "IT", "all")]
    figure, own = read_figures(study())["key_person_countries"], view(rows)
    table = tabulate_chart(figure, MAKERS["share"](figure, own), own, caption="C", source="S")
    assert table.columns == ("answer", "share")
    assert ("Italy", "3 of 9") in table.rows


def test_the_table_of_a_figure_holds_what_the_figure_holds() -> None:
    figure, own = read_figures(study())["obstacles"], view(obstacles(), "milan")
    table = tabulate_chart(figure, MAKERS["ranked"](figure, own), own, caption="C", source="S")
    assert table.columns == ("answer", "Milan", "All countries")
    assert table.rows[0] == ("Cultural barriers among SMEs", "8 of 12", "8 of 12")
    assert ("Lack of funding", "Milan", 0.25, 0.1, 0.9, 3.0, 12.0, "") in table.numbers
