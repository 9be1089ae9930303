"""Decks written and read back."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from cncb_analysis.deck import Slide, write_deck
from cncb_analysis.figures import Chart
from tests.toy_charts import ITEMS, say, toy

CLUSTERS = [
    ["Cluster", "Branche"],
    *([f"Cluster {place}", "Maschinenbau und Metallverarbeitung"] for place in range(23)),
]


def slides() -> list[Slide]:
    allocation = toy("allocation")
    few = allocation[allocation["row"].isin(["AT", "all", "benchmark"])]
    return [
        Slide("Nationaler Workshop", "Mailand, 11. Juli 2011"),
        Slide("Vier Schritte", lines=["Kartierung", "Fragebogen, " + "lange Zeile " * 20, "Interviews"]),
        Slide("Cluster", "n = 23", table=CLUSTERS, source="Quelle: Kartierung, 2011."),
        Slide(
            "Finanzierung", "n = 9", chart=Chart("allocation", few), alt="Balken", notes="Basis: 9", source="Quelle: F"
        ),
        Slide("Antworten", chart=Chart("flow", toy("flow").query("row in ['a', 'c', 'all']"))),
        Slide("Hindernisse", chart=Chart("ranked", toy("ranked partner")), alt="Hindernisse, gereiht"),
        Slide("Nach Ländern", chart=Chart("ranked", toy("ranked")), alt="Bild"),
        Slide("Profil", chart=Chart("profile", toy("profile"))),
        Slide("Organe", chart=Chart("matrix", toy("matrix"))),
        Slide("Anteil", chart=Chart("share", toy("share"))),
        *(
            Slide(kind, chart=Chart(kind, toy(kind)), alt=kind)
            for kind in ("gap", "bump", "circle", "diverging", "decision")
        ),
    ]


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("deck") / "deck.pptx"
    write_deck(path, slides(), words=say("de"), title="Mailand", synthetic=True)
    return Presentation(str(path))


def page(deck: Any, title: str) -> Any:
    found = [slide for slide in deck.slides if slide.shapes.title.text == title]
    assert len(found) == 1, [slide.shapes.title.text for slide in deck.slides]
    return found[0]


def chart_of(slide: Any) -> Any:
    return next(shape for shape in slide.shapes if shape.has_chart).chart


def texts_of(slide: Any) -> str:
    return "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


def rows_of(slide: Any) -> list[list[str]]:
    table = next(shape for shape in slide.shapes if shape.has_table).table
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_a_part_of_a_whole_is_a_native_chart_with_its_numbers(deck: Any) -> None:
    chart = chart_of(page(deck, "Finanzierung"))
    assert chart.chart_type == XL_CHART_TYPE.BAR_CLUSTERED
    assert [series.name for series in chart.plots[0].series] == ["Österreich", "Alle Länder zusammen", "Vergleichswert"]
    values = [list(series.values) for series in chart.plots[0].series]
    assert values[0] == pytest.approx([place / 28 for place in range(1, 8)])
    assert values[2] == [0.24, *[None] * 6]
    assert chart.plots[0].categories[0] == "EU-Mittel"
    assert not chart.value_axis.has_major_gridlines
    assert chart.has_legend


def test_what_is_hidden_has_no_number_in_the_chart_nor_in_its_workbook(deck: Any) -> None:
    import openpyxl

    chart = chart_of(page(deck, "Hindernisse"))
    hidden = say("de").text("hidden")
    assert chart.plots[0].categories[4] == f"{ITEMS[4]} ({hidden})"
    assert list(chart.plots[0].series[0].values)[4] is None
    labels = [point.data_label.text_frame.text for point in list(chart.plots[0].series[0].points)[:2]]
    assert labels == ["10 von 12", "9 von 12"]
    book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
    assert book is not None
    assert book.cell(6, 2).value is None
    assert book.cell(2, 2).value == pytest.approx(10 / 12)


def test_counts_by_stage_are_native_and_what_is_not_delivered_stays_empty(deck: Any) -> None:
    chart = chart_of(page(deck, "Antworten"))
    values = {series.name: list(series.values) for series in chart.plots[0].series}
    assert values["Clusterland Oberösterreich"] == [12, 12, 10, 9]
    assert values["Plzeň"] == [5, 5, None, None]


def test_kinds_that_need_small_multiples_are_pictures_with_a_description(deck: Any) -> None:
    for title, alt in (("Nach Ländern", "Bild"), ("decision", "decision"), ("bump", "bump")):
        pictures = [shape for shape in page(deck, title).shapes if shape.shape_type == 13]
        assert [shape._element.xpath(".//p:cNvPr")[0].get("descr") for shape in pictures] == [alt]


def test_every_chart_has_a_description(deck: Any) -> None:
    described = 0
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_chart or shape.shape_type == 13:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
                described += 1
    assert described == 10


def test_a_long_table_runs_on_with_its_headings(deck: Any) -> None:
    parts = [rows_of(page(deck, title)) for title in ("Cluster", "Cluster (2)")]
    assert [part[0] for part in parts] == [CLUSTERS[0]] * 2
    assert abs(len(parts[0]) - len(parts[1])) <= 1
    assert [row for part in parts for row in part[1:]] == CLUSTERS[1:]


def test_profile_and_matrix_are_tables(deck: Any) -> None:
    profile = rows_of(page(deck, "Profil"))
    assert profile[1] == [ITEMS[0], "1 von 7"]
    assert profile[-1] == [ITEMS[6], say("de").text("hidden")]
    matrix = rows_of(page(deck, "Organe"))
    assert matrix[0] == ["", "Kezdeményező bizottság", "Elnökség", "Klasztermenedzsment"]
    assert matrix[1] == ["Ki ül benne", "", "", ""]
    assert matrix[2] == ["Vállalatok", "2 von 7", "4 von 7", "4 von 7"]
    assert matrix[3][2] == say("de").text("hidden")


def test_foot_and_notes_say_source_and_that_the_data_are_synthetic(deck: Any) -> None:
    mark = say("de").text("synthetic.short")
    for number, slide in enumerate(deck.slides, start=1):
        assert mark in texts_of(slide)
        assert mark in slide.notes_slide.notes_text_frame.text
        fields = slide.shapes._spTree.xpath(".//a:fld[@type='slidenum']/a:t")
        assert [field.text for field in fields] == [str(number)]
    own = page(deck, "Finanzierung")
    assert "Quelle: F" in texts_of(own)
    assert own.notes_slide.notes_text_frame.text.startswith("Basis: 9\nQuelle: F")


def test_nothing_leaves_the_slide_or_meets_the_foot(deck: Any) -> None:
    assert (deck.slide_width, deck.slide_height) == (Inches(13.333), Inches(7.5))
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width, slide.shapes.title.text
            low = 7.0 if shape.has_chart or shape.has_table or shape.shape_type == 13 else 7.5
            assert shape.top + shape.height <= Inches(low), slide.shapes.title.text


def test_no_text_is_smaller_than_eleven_points(deck: Any) -> None:
    for slide in deck.slides:
        frames = [shape.text_frame for shape in slide.shapes if shape.has_text_frame]
        sizes = [run.font.size.pt for frame in frames for paragraph in frame.paragraphs for run in paragraph.runs]
        assert min(sizes) >= 11


def test_the_same_slides_give_the_same_bytes_at_another_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime as clock

    from xlsxwriter import core  # type: ignore[import-untyped]

    class Later(clock.datetime):
        @classmethod
        def now(cls, tz: clock.tzinfo | None = None) -> Later:
            return cls(2031, 1, 1, tzinfo=tz)

    for name in ("one", "two"):
        write_deck(tmp_path / name, slides()[:6], words=say("de"), title="T")
        monkeypatch.setattr(core, "datetime", Later)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with zipfile.ZipFile(tmp_path / "one") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2000-01-01" in archive.read("docProps/core.xml")


def test_without_the_mark_a_deck_says_nothing_of_synthetic_data(tmp_path: Path) -> None:
    write_deck(tmp_path / "deck.pptx", slides()[:1], words=say("de"), title="T")
    deck = Presentation(str(tmp_path / "deck.pptx"))
    assert say("de").text("synthetic.short") not in texts_of(deck.slides[0])
