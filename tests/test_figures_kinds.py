"""Charts of every kind, drawn from toy tables with long German and Hungarian labels."""

from __future__ import annotations

from functools import partial
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Circle

from cncb_analysis import figures
from cncb_analysis.figures import draw_chart, frame_svg
from cncb_analysis.style import PAGE_WIDTH
from tests.drawing import (
    PALETTE,
    at_x,
    at_y,
    bars,
    chart_of,
    dots,
    draw_inline,
    drawn,
    mix,
    on_scale,
    plain,
    row_texts,
    text_at,
)
from tests.toy_charts import ITEMS, TOYS, say, toy

SVG = "{http://www.w3.org/2000/svg}"


def test_on_a_partners_page_all_countries_are_a_tick_beside_its_dot() -> None:
    ax = drawn("ranked partner", "en")
    ticks = [line for line in ax.lines if line.get_color() == PALETTE["ink"] and line.get_linewidth() == 1.4]
    shares = [on_scale(ax, at_x(line), "0%", "100%") for line in ticks]
    assert shares == pytest.approx([5 * (10 - place) / 63 for place in range(len(ITEMS))])
    assert {"10 of 12", "50 of 63"} <= row_texts(ax, "Gemeinsame Dienste und Einkauf") | {"10 of 12", "50 of 63"}
    assert "9 of 12" in row_texts(ax, "Gemeinsame Dienste und Einkauf")


def test_a_gap_has_ring_dot_and_sign() -> None:
    ax = drawn("gap", "en")
    row = text_at(ax, "Internationalisierung")
    level = [line for line in ax.lines if abs(at_y(line) - row.get_position()[1]) < 0.06 and line.get_marker() == "o"]
    places = [on_scale(ax, at_x(line), "2", "5", 3.0) + 2 for line in level if at_x(line) < 4.4]
    assert places == pytest.approx([4.4 - 0.2, 2.5 + 0.7])
    assert row_texts(ax, "Internationalisierung") == {"+1.0"}
    assert row_texts(ax, "Öffentlichkeitsarbeit") == {"−0.8"}
    assert len(dots(ax, "against")) == 2  # the two negative gaps
    assert "n = 11–12" in [text.get_text() for text in ax.texts]


def test_a_gap_that_rounds_to_nothing_has_no_sign() -> None:
    table = toy("gap")
    own = (table["row"] == "Internationalisierung") & (table["column"] == "gap")
    table.loc[own, "estimate"] = -0.04
    assert row_texts(drawn("gap", "en", table), "Internationalisierung") == {"0.0"}


def test_the_key_names_only_levels_that_are_drawn() -> None:
    table = toy("diverging")
    closed = table["row"].isin(["AT", "CZ"])
    table.loc[closed, ["estimate", "low", "high", "k"]] = np.nan
    table.loc[closed, "mark"] = "hidden"
    said = [text.get_text() for text in drawn("diverging", table=table).texts]
    assert "Stimme voll zu" in said
    assert "Stimme zu" not in said


def test_priorities_are_ordered_by_share_at_each_moment_with_counts_below_twenty() -> None:
    ax = drawn("bump", "en", toy("bump").query("mark != 'hidden'"))
    first = {
        name: min(t.get_position()[1] for t in ax.texts if t.get_text() == name)
        for name in ("Internationalisierung", "Interessenvertretung")
    }
    assert first["Internationalisierung"] < first["Interessenvertretung"]
    circles = [patch for patch in ax.patches if isinstance(patch, Circle)]
    assert len(circles) == 3 * (len(ITEMS) - 1)
    coloured = {mix(patch.get_facecolor()) for patch in circles}
    assert coloured == {PALETTE[role] for role in ("ground", "data", "against", "ink")}
    assert "86" not in [text.get_text() for text in ax.texts]  # 6 of 7 is never a percent


def test_where_a_number_is_hidden_priorities_have_no_order() -> None:
    ax = drawn("bump", "en")
    assert [text.get_text() for text in ax.texts].count("•") == 3
    circles = [patch for patch in ax.patches if isinstance(patch, Circle)]
    assert {mix(patch.get_facecolor()) for patch in circles} == {PALETTE["ground"]}
    heights = np.array([patch.get_center() for patch in circles])[:, 1].reshape(len(ITEMS), 3)
    assert len(set(heights[:, 0].round(6))) == len(ITEMS)
    assert (heights == heights[:, :1]).all()  # every item keeps its place
    assert "1" not in {text.get_text() for text in ax.texts if text.get_position()[0] == 0}


def test_a_matrix_is_shaded_by_share_row_by_row() -> None:
    ax = drawn("matrix", "en")
    steps = ("band", *(f"step-{place}" for place in range(1, 6)))
    cells = [box for box in bars(ax, *steps) if box.get_height() > 0.2]
    middle = text_at(ax, "Vállalatok").get_position()[1]
    own = [box for box in cells if abs(box.get_y() + box.get_height() / 2 - middle) < 0.06]
    assert [mix(box.get_facecolor()) for box in own] == [PALETTE[f"step-{place}"] for place in (2, 3, 3)]
    assert [box.get_x() for box in own] == sorted(box.get_x() for box in own)
    assert mix(cells[4].get_facecolor()) == PALETTE["band"]
    assert row_texts(ax, "Egyetemek") == {"3", "•", "5"}


def test_steps_of_a_circle_run_clockwise_and_weak_links_are_dashed() -> None:
    ax = drawn("circle", "en")
    nodes = [patch for patch in ax.patches if isinstance(patch, Circle)]
    x, y = zip(*(node.get_center() for node in nodes), strict=True)
    assert y[0] == min(y)
    assert x[1] > x[0]
    assert x[-1] < x[0]
    sizes = [node.radius for node in nodes]
    assert sizes[0] == max(sizes)
    weak = [line for line in ax.lines if line.is_dashed()]
    assert len(weak) == 3  # 19, 11 and 9 of 63; the fifth link is hidden
    assert "17" not in [text.get_text() for text in ax.texts]
    assert "9 of 63" not in [text.get_text() for text in ax.texts]  # not said while a link is hidden


def test_a_profile_shows_a_figure_a_person_and_an_interval_for_many() -> None:
    ax = drawn("profile", "en")
    heads = [patch for patch in ax.patches if isinstance(patch, Circle)]
    assert len(heads) == 4 * 7
    filled = [patch for patch in heads if mix(patch.get_facecolor()) == PALETTE["data"]]
    assert len(filled) == 1 + 2 + 3 + 4
    said = [text.get_text() for text in ax.texts]
    assert "20 of 30" in said
    assert not any(f"{share:.0f}%" in said for share in (100 * k / 7 for k in (1, 2, 3, 4)))


def test_tiles_stand_in_their_cells_with_code_and_number() -> None:
    ax = drawn("tiles", "en")
    own = {code: text_at(ax, code).get_position() for code in ("11", "12", "03", "C4")}
    assert own["11"][0] - own["12"][0] == pytest.approx(0.31)
    assert own["03"][1] - own["11"][1] == pytest.approx(0.31)
    assert len([box for box in bars(ax, "step-5") if box.get_width() > 0.25]) == 1
    assert {"Austria", "Italy", "Slovenia"} <= {text.get_text() for text in ax.texts}
    assert [text.get_text() for text in ax.texts].count("11.0") == 2  # tile and list


def test_scatter_places_jobs_and_quotient_and_names_the_best() -> None:
    ax = drawn("scatter", "en")
    (marks,) = [each for each in ax.collections if isinstance(each, PathCollection)]
    x, y = np.asarray(marks.get_offsets()).T
    start, end = (text_at(ax, said).get_position()[0] for said in ("1,000", "10,000"))
    jobs = 1000 * 10 ** ((x - start) / (end - start))
    assert sorted(jobs) == pytest.approx([400, 1200, 9000, 20000])
    one, two = (text_at(ax, said).get_position()[1] - 0.345 * 7.8 / 72 for said in ("0.5", "5"))
    quotients = dict(zip(np.round(jobs), 0.5 * 10 ** ((y - one) / (two - one)), strict=True))
    assert quotients == pytest.approx({400.0: 1.4, 1200.0: 2.1, 9000.0: 5.6, 20000.0: 0.4}, rel=0.01)
    said = {text.get_text() for text in ax.texts}
    assert {"C30", "C28", "LQ 2"} <= said
    assert "C10" not in said
    dashed = [line for line in ax.lines if line.is_dashed()]
    assert [at_y(line) for line in dashed] == pytest.approx([one + (two - one) * np.log10(4)], abs=0.01)


def test_a_decision_has_words_signs_and_rank() -> None:
    ax = drawn("decision", "en")
    words = say("en")
    agree = words.text("position.agreement.short")
    row = row_texts(ax, "Internationalisierung")
    assert words.text("position.dissonance.short") in row
    assert agree not in row_texts(ax, "Interessenvertretung") - {agree}
    ranks = [at for at in dots(ax, "data") if at[0] > PAGE_WIDTH - 0.66]
    values = [1 + on_scale(ax, x, "1", "7", 6.0) for x, _ in ranks]
    assert values == pytest.approx(range(1, 8))
    assert {"Alle gemeinsam", "Nur im eigenen Land"} <= {text.get_text() for text in ax.texts}


def test_where_words_have_no_room_steps_show_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    words = say("en")
    real = words.text
    monkeypatch.setattr(
        words,
        "text",
        lambda key, values=None: "übereinstimmend" if key == "position.agreement.short" else real(key, values),
    )
    _, ax = draw_chart(chart_of("decision"), words)
    assert [text.get_text() for text in ax.texts].count("übereinstimmend") == 1  # in the key alone


def test_a_figure_that_travels_alone_has_title_subtitle_and_foot() -> None:
    title = "Most clusters have a written strategy; countries <7> cannot be told apart from each other, nor from all"
    picture = draw_inline("share", toy("share"), say(), prefix="share")
    framed = frame_svg(picture, {"title": title, "subtitle": "Share", "foot": "Synthetic data"})
    root = ET.fromstring(framed)
    left, top, width, height = (float(size) for size in root.attrib["viewBox"].split())
    texts = [text for text in root.iter(f"{SVG}text") if "y" in text.attrib and text.get("x") is None]
    assert [text.text for text in texts][-2:] == ["Share", "Synthetic data"]
    assert " ".join(text.text or "" for text in texts[:-2]) == title
    lines = [float(text.attrib["y"]) for text in texts]
    inside = float(ET.fromstring(picture).attrib["viewBox"].split()[3])
    moved = next(float(group.attrib["transform"].split()[1][:-1]) for group in root if "transform" in group.attrib)
    assert top < 0 < lines[0] < lines[-2] < moved < moved + inside < lines[-1] < top + height
    assert lines == sorted(lines)
    assert left < 0 < 72 * PAGE_WIDTH < left + width
    assert framed == frame_svg(picture, {"title": title, "subtitle": "Share", "foot": "Synthetic data"})
    assert b"var(--" not in framed


def test_there_is_a_drawer_for_each_kind() -> None:
    assert len(figures.DRAWERS) == 16
    assert {name.split()[0] for name in TOYS} == set(figures.DRAWERS)


def test_a_map_has_one_scale_marks_by_kind_and_says_that_it_is_exploratory() -> None:
    ax, table = drawn("map", "en"), toy("map").set_index("row")
    assert len(dots(ax, "data")) == 7 + 1  # the countries and their sign in the key
    at = {name: min(dots(ax, "data"), key=partial(apart, place_on(ax, table, name))) for name in ("HU", "PL")}
    wide, high = (abs(at["HU"][axis] - at["PL"][axis]) for axis in (0, 1))
    told = [abs(table.loc["HU", axis] - table.loc["PL", axis]) for axis in "xy"]
    assert wide / high == pytest.approx(told[0] / told[1])
    assert any(text.get_text().startswith("Exploratory") for text in ax.texts)
    sure = drawn("map", "en", toy("map").assign(least_expected=9.0))
    assert not any(text.get_text().startswith("Exploratory") for text in sure.texts)
    few = drawn("map", "en", toy("map").assign(least_expected=9.0, n=49))
    assert any(text.get_text().startswith("Exploratory") for text in few.texts)


def apart(x: float, dot: tuple[float, float]) -> float:
    return abs(dot[0] - x)


def place_on(ax: Axes, table: pd.DataFrame, name: str) -> float:
    marks = dots(ax, "data")[:-1]
    left, right = min(mark[0] for mark in marks), max(mark[0] for mark in marks)
    xs = table.loc[table["text"] == "country", "x"]
    return float(left + (table.loc[name, "x"] - xs.min()) / (xs.max() - xs.min()) * (right - left))


def test_a_map_without_numbers_says_so() -> None:
    table = toy("map").assign(mark="hidden", x=np.nan, y=np.nan, estimate=np.nan)
    assert [plain(text) for text in drawn("map", "en", table).texts] == [
        "cannot be drawn: too few answers may be shown"
    ]
