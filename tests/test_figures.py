"""Charts of every kind, drawn from toy tables with long German and Hungarian labels."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from cncb_analysis.errors import StudyError
from cncb_analysis.figures import Chart, draw_chart
from cncb_analysis.style import PAGE_WIDTH, render_figure
from tests.drawing import (
    EDITIONS,
    PALETTE,
    at_x,
    at_y,
    bars,
    boxes_of,
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


@pytest.mark.parametrize("edition", list(EDITIONS))
@pytest.mark.parametrize("language", ["de", "hu"])
@pytest.mark.parametrize("name", list(TOYS))
def test_no_text_leaves_the_canvas_or_meets_another(name: str, language: str, edition: str) -> None:
    figure, ax = draw_chart(chart_of(name, edition), say(language))
    width, height = figure.get_size_inches()
    boxes = list(boxes_of(ax))
    assert len(boxes) > 5
    for said, (left, top, right, bottom) in boxes:
        assert left > -0.02, said
        assert right < width + 0.02, said
        assert top > -0.03, said
        assert bottom < height + 0.03, said
    for (one, first), (two, second) in itertools.combinations(boxes, 2):
        across = min(first[2], second[2]) - max(first[0], second[0])
        down = min(first[3], second[3]) - max(first[1], second[1])
        assert across < 0.02 or down < 0.035, f"{one!r} meets {two!r}"


@pytest.mark.parametrize("name", list(TOYS))
def test_the_same_table_gives_the_same_bytes(name: str) -> None:
    for form in ("svg", "png"):
        first, second = (render_figure(draw_chart(chart_of(name), say())[0], form, dpi=60) for _ in range(2))
        assert first == second


@pytest.mark.parametrize("name", ["share", "scatter", "profile"])
def test_a_users_own_settings_do_not_show(name: str) -> None:
    own = {"axes.grid": True, "axes.edgecolor": "red", "axes.facecolor": "red", "text.color": "red", "font.size": 20}
    own |= {"figure.facecolor": "red", "axes.linewidth": 5, "axes.axisbelow": False, "lines.solid_capstyle": "round"}
    plain = draw_inline(name, toy(name), say())
    with mpl.rc_context({**own, "legend.frameon": True, "svg.fonttype": "path"}):
        assert draw_inline(name, toy(name), say()) == plain


@pytest.mark.parametrize("name", list(TOYS))
def test_every_colour_of_a_page_picture_has_a_role(name: str) -> None:
    svg = draw_inline(name.split()[0], toy(name), say(), prefix=name.replace(" ", "-"))
    assert "#" not in svg.replace('href="#', "").replace("url(#", "")
    assert "var(--grey)" in svg
    assert 'id="figure_1"' not in svg


def test_a_share_stands_at_its_place_with_count_and_interval() -> None:
    ax = drawn("share")
    known = [6 / 12, 7 / 12, 5 / 12, 9 / 12]
    for (x, _), share in zip(dots(ax, "data"), known, strict=True):
        assert on_scale(ax, x, "0 %", "100 %") == pytest.approx(share, abs=1e-6)
    ((pooled, _),) = dots(ax, "ink", "D")
    assert on_scale(ax, pooled, "0 %", "100 %") == pytest.approx(37 / 58)
    assert row_texts(ax, "Österreich") == {"12", "6 von 12"}
    band = bars(ax, "tint")[0]
    ends = [on_scale(ax, x, "0 %", "100 %") for x in (band.get_x(), band.get_x() + band.get_width())]
    assert ends == pytest.approx([0.3, 0.7])


def test_partners_of_a_country_are_rings_in_its_row() -> None:
    ax = drawn("share")
    rings = [line for line in ax.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "#ffffff"]
    assert sorted(on_scale(ax, at_x(line), "0 %", "100 %") for line in rings) == pytest.approx([3 / 5, 6 / 7])
    row = text_at(ax, "Italien").get_position()[1]
    assert all(abs(at_y(line) - row) < 0.06 for line in rings)


def test_a_benchmark_is_dashed_and_named_and_no_row() -> None:
    ax = drawn("share")
    dashed = [line for line in ax.lines if line.get_color() == PALETTE["against"]]
    assert [on_scale(ax, at_x(line), "0 %", "100 %") for line in dashed] == pytest.approx([0.84])
    assert dashed[0].is_dashed()
    assert any("84 %" in plain(text) for text in ax.texts)


def test_four_reasons_for_no_number_have_four_signs() -> None:
    words, ax = say("de"), drawn("share")
    assert row_texts(ax, "Slowenien") == {"12", words.text("hidden"), "–"}
    assert row_texts(ax, "Polen") == {"12", words.text("not_asked"), "–"}
    assert row_texts(ax, "Slowakei") == {"12", "–"}
    slanted = [each for each in ax.collections if isinstance(each, LineCollection)]
    assert len(slanted) == 1
    row = text_at(ax, "Slowenien").get_position()[1]
    for start, end in slanted[0].get_segments():
        assert abs((start[1] + end[1]) / 2 - row) < 0.11
        assert start[1] != end[1]


@pytest.mark.parametrize("column", ["estimate", "low", "high", "k"])
def test_a_hidden_row_that_holds_a_number_is_refused(column: str) -> None:
    table = toy("share")
    table.loc[table["mark"] == "hidden", column] = 0.5
    with pytest.raises(StudyError, match=r"not shown holds a number: 'Slowenien'; protect the table"):
        Chart("share", table)


def test_without_rows_a_chart_says_that_nothing_was_asked() -> None:
    figure, ax = draw_chart(Chart("ranked", toy("ranked").iloc[:0]), say())
    assert [text.get_text() for text in ax.texts] == [say().text("not_asked")]
    assert figure.get_size_inches()[0] == PAGE_WIDTH


def test_drawing_leaves_the_table_as_it_was() -> None:
    for name in TOYS:
        table = toy(name)
        draw_chart(Chart(name.split()[0], table), say())
        pd.testing.assert_frame_equal(table, toy(name))


def test_parts_of_a_whole_are_bars_on_one_scale_the_largest_dark() -> None:
    ax = drawn("allocation")
    row = text_at(ax, "Österreich").get_position()[1]
    own = [bar for bar in bars(ax, "data", "tint") if abs(bar.get_y() + bar.get_height() / 2 - row) < 0.06]
    assert [bar.get_width() / own[0].get_width() for bar in own] == pytest.approx(range(1, 8))
    assert [mix(bar.get_facecolor()) == PALETTE["data"] for bar in own] == [False] * 6 + [True]
    assert row_texts(ax, "Österreich") == {"9", "4", "7", "11", "14", "18", "21", "25"}
    assert row_texts(ax, "Slowenien") == {"9", say("de").text("hidden")}


def test_heads_that_do_not_fit_stand_on_two_levels() -> None:
    ax = drawn("allocation")
    first, second = (text_at(ax, said).get_position()[1] for said in ("EU-Mittel", "Bundesmittel"))
    assert first < second - 0.2
    short = toy("allocation").assign(column_label=lambda table: table["column"])
    first, second = (text_at(drawn("allocation", table=short), said).get_position()[1] for said in ("part0", "part1"))
    assert first == second


def test_response_bars_are_shares_of_those_invited() -> None:
    ax = drawn("flow")
    row = text_at(ax, "Banská Bystrica").get_position()[1]
    own = [bar for bar in bars(ax, "tint", "data") if abs(bar.get_y() + bar.get_height() / 2 - row) < 0.06]
    whole = [bar for bar in bars(ax, "band") if abs(bar.get_y() + bar.get_height() / 2 - row) < 0.06]
    shares = [bar.get_width() / base.get_width() for bar, base in zip(own, whole, strict=True)]
    assert shares == pytest.approx([1, 12 / 20, 11 / 20])
    assert row_texts(ax, "Plzeň") == {"5", say("de").text("hidden"), "–"}


def test_answers_lean_to_their_side_of_the_middle() -> None:
    ax = drawn("diverging")
    middle = at_x(next(line for line in ax.lines if line.get_color() == PALETTE["ink"]))
    row = text_at(ax, "Tschechische Republik").get_position()[1]
    own = [bar for bar in bars(ax, "low", "neutral", "high") if abs(bar.get_y() + 0.1 - row) < 0.06]
    low, neutral, high = own
    assert [bar.get_width() / low.get_width() for bar in own] == pytest.approx([1, 3 / 4, 5 / 4])
    assert neutral.get_x() + neutral.get_width() / 2 == pytest.approx(middle)
    assert high.get_x() == pytest.approx(neutral.get_x() + neutral.get_width())
    assert row_texts(ax, "Tschechische Republik") == {"12", "4", "5", "1"}


def test_what_is_hidden_at_one_end_is_one_slanted_piece_without_a_count() -> None:
    ax = drawn("diverging")
    middle = at_x(next(line for line in ax.lines if line.get_color() == PALETTE["ink"]))
    row = text_at(ax, "Österreich").get_position()[1]
    (shown,) = [bar for bar in bars(ax, "low", "neutral", "high") if abs(bar.get_y() + 0.1 - row) < 0.06]
    assert shown.get_x() == pytest.approx(middle)
    frames = [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    assert len(frames) == 1
    assert frames[0].get_x() + frames[0].get_width() == pytest.approx(middle, abs=0.03)
    assert frames[0].get_width() / shown.get_width() == pytest.approx(3 / 6, abs=0.05)
    assert row_texts(ax, "Österreich") == {"9", "6", "•", "1"}


def test_one_hidden_level_alone_hides_its_row() -> None:
    table = toy("diverging")
    alone = (table["row"] == "CZ") & (table["column"] == "agree")
    table.loc[alone, ["estimate", "low", "high", "k"]] = np.nan
    table.loc[alone, "mark"] = "hidden"
    ax = drawn("diverging", table=table)
    assert row_texts(ax, "Tschechische Republik") == {"12", "1", say("de").text("hidden")}


def test_ranked_items_keep_their_order_and_hidden_countries_are_rings() -> None:
    ax = drawn("ranked", "en")
    main = [at for at in dots(ax, "data") if at[0] < text_at(ax, "50 of 63").get_position()[0]]
    shares = [on_scale(ax, x, "0%", "100%") for x, _ in main]
    assert shares == pytest.approx([(50 - 6 * place) / 63 for place in range(len(ITEMS))])
    assert text_at(ax, "HU").get_position()[1] == text_at(ax, "AT").get_position()[1]
    rings = [line for line in ax.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "#ffffff"]
    assert len(rings) == len(ITEMS) - 3
    assert {line.get_markeredgecolor() for line in rings} == {PALETTE["rule"]}
    assert {round(at_x(line), 6) for line in rings} == {round(text_at(ax, "IT").get_position()[0], 6)}
