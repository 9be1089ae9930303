"""The decks, read back: what they hold, that it fits, that nothing hidden is in any part of the file."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from pptx import Presentation

from cncb_analysis.catalogue import Page
from cncb_analysis.deck import build_deck
from cncb_analysis.deck.measure import ROOM, count_lines, find_widths, fit_text
from cncb_analysis.errors import StudyError
from cncb_analysis.page_statistics import check_statements
from cncb_analysis.style import measure_text
from tests.small_estimates import page, protect, row, study
from tests.test_words_table import LANGUAGES

NAN = float("nan")
ITEMS = ("culture", "reading_needs", "funding", "staff", "skills", "governance", "policy", "internationalisation")


def estimates(partner: str = "milan") -> list[dict[str, Any]]:
    """Every question that a slide shows, with numbers that no other has."""
    rows, book = [], study().codebook
    groups = [(partner, 7), ("IT", 26), ("AT", 9), ("all", 97)]
    for place, (group, n) in enumerate(groups):
        for number, name in enumerate(["obst_" + item for item in ITEMS]):
            rows.append(row(name, group, statistic="share_top2", k=(number + place) % n, n=n))
        for each in book.battery("sup"):
            rows.append(row(each.name, group, statistic="share_top2", k=3 + place, n=n))
        for number, each in enumerate(book.battery("fin_src")):
            rows.append(row(each.name, group, statistic="mean", estimate=(number + 1) / 28, n=n))
        for each in (*book.battery("gov_role"), *book.battery("gov_actor")):
            options = book.options(each.name)
            rows += [row(each.name, group, step="interviews", option=option.name, k=place % 4, n=n)
                     for place, option in enumerate(options)]  # fmt: skip
        for each in book.battery("pri"):
            rows += [row(each.name, group, step="interviews", statistic="share_ranked", option=option.name,
                         k=place % 7, n=n) for place, option in enumerate(book.options(each.name))]  # fmt: skip
        links = [option.name for option in book.options("vc_link")]
        for option, after in zip(links, [*links[1:], links[0]], strict=True):
            rows.append(row("vc_link", group, step="interviews", option=option, k=4, n=n))
            rows.append(
                row("vc_link", group, step="interviews", statistic="share_both", option=f"{option}+{after}", k=2, n=n)
            )
        for way in ("participative", "centralised"):
            rows.append(row("theme:steering", group, step="interviews", option=way, k=3, n=n))
        rows += [row("own_model", group, step="interviews", option=str(level), k=1, n=n) for level in range(1, 6)]
    return rows


@cache
def build(partner: str = "milan", language: str = "en", notebook: str = "national_workshop") -> bytes:
    return build_deck(replace(page(estimates(), notebook), partner=partner, language=language, _shown={}))


def read(data: bytes) -> Any:
    return Presentation(io.BytesIO(data))


def find(deck: Any, title: str) -> list[Any]:
    found = [slide for slide in deck.slides if slide.shapes.title.text_frame.text.startswith(title)]
    assert found, [slide.shapes.title.text_frame.text for slide in deck.slides]
    return found


def charts_of(slides: list[Any]) -> list[Any]:
    return [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]


def list_frames(deck: Any) -> Iterator[tuple[Any, float, float]]:
    """Each text with the room that it has, in inches."""
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                frame = shape.text_frame
                yield frame, shape.width - frame.margin_left - frame.margin_right, shape.height
            elif shape.has_table:
                for line in shape.table.rows:
                    for cell, column in zip(line.cells, shape.table.columns, strict=True):
                        yield cell.text_frame, column.width - cell.margin_left - cell.margin_right, line.height


def test_bars_are_native_and_hold_the_protected_numbers() -> None:
    slides = find(read(build()), "How clusters are financed")
    charts = charts_of(slides)
    assert [len(chart.plots[0].categories) for chart in charts] == [4, 3]
    own, pooled = ([value for chart in charts for value in chart.plots[0].series[i].values] for i in (0, 1))
    assert own == pooled == pytest.approx([place / 28 for place in range(1, 8)])
    assert "benchmark 24%" in "".join(
        cell.text for s in slides[0].shapes if s.has_table for r in s.table.rows for cell in r.cells
    )


def test_dots_are_native_points_and_what_is_set_apart_stands_last() -> None:
    slides = find(read(build()), "Obstacles")
    points = [list(series.iter_values()) for chart in charts_of(slides) for series in chart.plots[0].series]
    assert sum(map(len, points)) == 16  # eight rows of Milan and of all
    last = [r.cells[0].text for s in slides[-1].shapes if s.has_table for r in s.table.rows]
    assert last[-2:] == ["Internationalisation"] * 2


def test_a_small_base_is_told_by_count_and_word_never_by_percent() -> None:
    texts = [cell.text for slide in find(read(build()), "Obstacles") for s in slide.shapes if s.has_table
             for r in s.table.rows for cell in list(r.cells)[2:3]]  # fmt: skip
    assert "6 of 7, nearly all" in texts
    assert not [text for text in texts if "%" in text]


def test_the_drawings_are_shapes_with_counts() -> None:
    deck = read(build())
    bodies = "\n".join(s.text_frame.text for s in find(deck, "Governance")[0].shapes if s.has_text_frame)
    assert all(name in bodies for name in ("Promoting committee", "Board", "Technical committees", "Cluster staff"))
    ring = [s.text_frame.text for s in find(deck, "The virtuous circle")[0].shapes if s.has_text_frame]
    assert ring.count("4") == 7
    assert any("reconstruction" in text for text in ring)


def test_every_chart_has_a_description_and_every_slide_foot_and_notes() -> None:
    mark = study().words("en").text("synthetic.short")
    for slide in read(build()).slides:
        assert mark in "\n".join(s.text_frame.text for s in slide.shapes if s.has_text_frame)
        assert mark in slide.notes_slide.notes_text_frame.text
        for shape in slide.shapes:
            if shape.has_chart:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")


def test_same_page_same_bytes_without_a_moment() -> None:
    assert build() == build.__wrapped__()
    with zipfile.ZipFile(io.BytesIO(build())) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"W3CDTF\">([^<]*)", core)) == {"2000-01-01T00:00:00Z"}


def test_what_is_hidden_is_in_no_part_of_the_file() -> None:
    """A number that only a hidden row had is in no xml, workbook, note or description; its mark is."""
    rows = [each for each in estimates() if each["variable"] != "obst_funding"]
    hidden = row("obst_funding", "milan", statistic="share_top2", n=7, mark="hidden")
    rows += [hidden, row("obst_funding", "all", statistic="share_top2", k=50, n=97)]
    data = build_deck(page(rows, "national_workshop"))
    slides = find(read(data), "Obstacles")
    lines = {
        r.cells[0].text: [c.text for c in r.cells]
        for s in slides
        for x in s.shapes
        if x.has_table
        for r in x.table.rows
    }
    assert "not shown" in lines["Lack of funding"]
    values = [
        value for chart in charts_of(slides) for series in chart.plots[0].series for value in series.iter_values()
    ]
    assert len(values) == 15
    sheets = [
        openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
        for chart in charts_of(slides)
    ]
    assert (
        sum(isinstance(cell.value, (int, float)) for sheet in sheets for line in sheet.iter_rows() for cell in line)
        == 30
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notebook", ["national_workshop", "comparison"])
@pytest.mark.parametrize("partner", ["milan", "plzen", "pecs"])
def test_text_fits_its_box_and_every_letter_is_in_the_font(partner: str, language: str, notebook: str) -> None:
    if notebook == "comparison" and partner != "milan":
        pytest.skip("one deck for all")
    letters = set(FT2Font(findfont("DejaVu Sans")).get_charmap())
    data = build(partner if notebook != "comparison" else "", language, notebook)
    for frame, width, height in list_frames(read(data)):
        used = 0.0
        for paragraph in frame.paragraphs:
            assert {ord(sign) for sign in paragraph.text} <= letters
            for run in paragraph.runs[:1]:
                size = run.font.size.pt
                assert size >= 11
                used += count_lines(paragraph.text, width / 914400, size, bool(run.font.bold)) * size * 1.2 / 72
        assert used <= height / 914400 + 0.02, frame.text
        assert "…" not in frame.text


def test_no_word_is_broken_and_no_chart_too_narrow(briefs: Path) -> None:
    decks = [path for edition in ("en", "de") for path in (briefs / edition).rglob("deck.pptx")]
    assert len(decks) == 11 + 2
    shapes = [shape for path in decks for slide in read(path.read_bytes()).slides for shape in slide.shapes]
    assert min(shape.width / 914400 for shape in shapes if shape.has_chart) >= 0.39  # in the public one they had none
    broken = {
        word
        for path in decks
        for frame, width, _ in list_frames(read(path.read_bytes()))
        for paragraph in frame.paragraphs
        for run in paragraph.runs
        for word in run.text.split(" ")
        if measure_text(word, run.font.size.pt, bool(run.font.bold)) > width / 914400
    }
    assert broken == set()


def test_statements_of_a_printed_deck_are_checked() -> None:
    view = page([
        row("obst_culture", "milan", statistic="share_top2", k=6, n=7),
        row("obst_staff", "milan", statistic="share_top2", k=1, n=7),
        row("obst_skills", "milan", statistic="share_top2", n=7, mark="hidden"),
    ], "national_workshop").view  # fmt: skip
    head = ("slide", "statement", "step", "variable", "option", "statistic", "comparison", "value", "k", "n", "partner")
    told = [("obst_culture", "=", "0.857143", "6"), ("obst_staff", ">=", "0.5", ""), ("obst_skills", ">=", "0.1", ""),
            ("obst_policy", "available", "", ""), ("obst_culture", "between", "0.8 0.9", ""),
            ("obst_culture", "=", "0.857143", "5"), ("obst_staff", "<=", "0.2", "")]  # fmt: skip
    rows = [("1", "s", "questionnaire", name, "", "share_top2", how, value, k, "", "milan")
            for name, how, value, k in told]  # fmt: skip
    table = pd.DataFrame(rows, columns=head)
    found = [(each["verdict"], each["found"]) for each in check_statements(table, view)]
    assert [verdict for verdict, _ in found] == [
        "reproduced", "contradicted", "not available", "not available", "reproduced", "contradicted", "reproduced",
    ]  # fmt: skip
    assert found[2][1] == "not shown"


def test_a_layout_that_is_not_known_is_named() -> None:
    slides = pd.DataFrame([{"deck": "national_workshop", "slide": "tasks", "layout": "radar", "figure": ""}])
    own = replace(study(), tables={**study().tables, "slides": slides})
    with pytest.raises(StudyError, match="radar"):
        build_deck(Page(own, "national_workshop", "milan", "en", "partner", protect([])))


def test_a_text_is_as_large_as_its_box_holds_and_cut_only_when_none_does() -> None:
    assert fit_text("a few words", (3.0, 0.4), 20) == 20
    assert fit_text("a few words that are many more than that", (1.5, 0.4), 20) == 0.0


def test_a_column_is_at_least_as_wide_as_its_longest_word() -> None:
    long = "a text of many short words that fills a column of four inches and more than that " * 2
    rows = [["", "", ""], [long, "Bosnien-Herzegowina", long]]
    widths = find_widths(rows, 13)
    assert sum(widths) == pytest.approx(ROOM)
    assert widths[1] - 0.16 > measure_text("Bosnien-Herzegowina", 13)
    assert min(widths[0], widths[2]) > 4
    assert sum(find_widths([["a" * 60] * 9], 13)) == pytest.approx(ROOM)  # too long for any
    multiples = [["Information on funding, and more of it", *["", "not shown at all"] * 8]]
    assert sum(find_widths(multiples, 11, charts=range(1, 16, 2))) == pytest.approx(ROOM)
    assert find_widths(multiples, 11, charts=range(1, 16, 2))[1] == pytest.approx(0.5)


def test_a_page_saves_its_deck_and_figures(tmp_path: Path) -> None:
    told = page(estimates(), "national_workshop")
    for folder in ("a", "b"):
        told.save_deck(tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {"deck.pptx", "tables.xlsx", *(f"circle.{form}" for form in ("csv", "pdf", "png", "svg"))} <= set(names)
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
@pytest.mark.parametrize("language", LANGUAGES)
def test_libreoffice_opens_every_slide(language: str, tmp_path: Path) -> None:
    deck = tmp_path / "deck.pptx"
    deck.write_bytes(build("milan", language))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(deck)], check=True, capture_output=True, timeout=120)
    pages = re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "deck.pdf").read_bytes())
    assert len(pages) == len(read(deck.read_bytes()).slides)
