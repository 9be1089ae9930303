"""The pages: one file that fetches nothing, says what it is, drops what was not asked, and runs nobody's script."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cncb_analysis.catalogue import Page
from cncb_analysis.report import render_page, render_site
from cncb_analysis.study import read_study, write_new_study
from tests.size import ROOT
from tests.small_estimates import decision_table, obstacles, page, protect, row, study

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"meta", "br", "img", "input", "link", "hr", "path", "use", "rect", "circle", "line", "polygon", "polyline"}


class Outline(HTMLParser):
    """Tags that are left open or closed wrongly, ids, and what is labelled by them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.refers: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        told = dict(attrs)
        self.ids += [told["id"] or ""] if "id" in told else []
        self.refers += (told.get("aria-labelledby") or "").split()
        if (told.get("href") or "").startswith("#"):
            self.refers.append((told["href"] or "")[1:])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def execute(notebook: str, told: Page) -> nbformat.NotebookNode:
    """Run a shipped notebook's calls on a page, as a kernel would, without one."""
    number = {"questionnaire": 2, "joint_support": 7}[notebook]
    book = nbformat.read(ROOT / "notebooks" / f"{number}_{notebook}.ipynb", as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code" and cell.source.startswith("page."):
            cell.outputs = [as_output(eval(cell.source, {"page": told, "out": ""}))]
    return book


def as_output(shown: Any) -> nbformat.NotebookNode:
    bundle = getattr(shown, "_repr_mimebundle_", lambda: {"text/html": shown._repr_html_()})()
    return new_output("execute_result", bundle)


@pytest.fixture(scope="module")
def told() -> Page:
    rows = [*obstacles(), row("cl_origin", "milan", option="firms", k=5, n=12)]
    rows += [row("st_heads", "milan", statistic="median", estimate=3.0, low=2.0, high=6.0, n=12)]
    return page(rows)


@pytest.fixture(scope="module")
def html(told: Page) -> str:
    return render_page(execute("questionnaire", told), told)


def test_a_page_says_what_it_is(html: str) -> None:
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert html.count("<h1>") == 1
    assert "<h1>What do the cluster managers answer?</h1>" in html
    assert re.search(r"<title>What do the cluster managers answer\? – Milan – .+</title>", html)
    assert '<p class="lead" lang="en">Every mapped cluster was invited' in html
    assert "<dd>12 respondents</dd>" in html


def test_a_page_has_landmarks_and_a_way_past_them(html: str) -> None:
    outline = Outline(html)
    assert [outline.tags.count(tag) for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert outline.tags.index("a") < outline.tags.index("header")
    assert '<a class="skip" href="#main">Skip to content</a>' in html
    assert html.count("<nav") == 2
    assert html.count("<nav class=") == html.count('aria-label="Main"') + html.count('aria-label="Contents"')


def test_a_page_is_well_formed_and_its_references_lead_somewhere(html: str) -> None:
    outline = Outline(html)
    assert (outline.open, outline.wrong) == ([], [])
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.refers
    assert set(outline.refers) <= set(outline.ids)


def test_a_page_fetches_nothing_and_runs_no_script(html: str) -> None:
    assert "<script" not in html
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", html)
    assert "@import" not in html
    assert "url(http" not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "script-src" not in policy[1]


def test_every_figure_describes_itself(html: str) -> None:
    assert html.count("<svg") == html.count('role="img"') == 1
    assert re.search(r'<desc id="figure-obstacles-alt">Ranked dots of obstacles\. First: .+?</desc>', html)
    assert "No description has been provided" not in html


def test_a_section_that_was_not_asked_is_dropped_with_its_prose(html: str) -> None:
    assert 'id="obstacles"' in html
    for gone in ("Barriers abroad", "Going abroad has barriers", "not in this study", 'page.show("barriers")'):
        assert gone not in html
    assert "What clusters could offer" not in html


def test_the_second_half_and_all_code_are_folded(html: str) -> None:
    folds = re.findall(r'<details class="fold" id="([^"]+)"><summary><h2 lang="en">([^<]+)</h2>', html)
    assert folds[0] == ("every-other-question-asked", "Every other question asked")
    assert folds[-1] == ("opening", "Code that opened this page")
    assert html.index("Where this comes from") < html.index("from cncb_analysis import open_page")
    assert "<details open" not in html
    shown = len(re.findall(r"page\.show\(|page\.in_brief|from cncb_analysis|page\.save|page\.provenance", html))
    assert html.count('<details class="code">') >= shown
    assert html.index('id="in-brief"') < html.index('<nav class="contents"') < html.index('id="obstacles"')


def test_headings_and_prose_are_in_the_reader_s_language_or_say_that_they_are_not(told: Page) -> None:
    html = render_page(execute("questionnaire", told), dataclasses.replace(told, language="de"))
    assert '<h2 id="in-brief" lang="de">Kurz gesagt</h2>' in html
    assert '<li><a href="#obstacles" lang="de">Hindernisse</a></li>' in html
    assert '<details class="fold" id="bases"><summary><h2 lang="de">Grundlagen</h2></summary>' in html
    assert '<p class="lead" lang="de">Jeder erfasste Cluster wurde zu denselben Fragen eingeladen.' in html
    assert '<div class="prose" lang="de">\n<p>Die Befragten bewerteten jedes Hindernis.' in html
    # Croatian has no column: what stands in for it is English, and says so.
    assert '<h2 id="in-brief" lang="en">In brief</h2>' in render_page(
        execute("questionnaire", told), dataclasses.replace(told, language="hr")
    )
    book = execute("questionnaire", told)
    place = next(place for place, cell in enumerate(book.cells) if cell.source.startswith("## Obstacles"))
    book.cells[place].source = "## Own heading\n\nOwn prose."
    html = render_page(book, dataclasses.replace(told, language="de"))
    assert '<h2 id="own-heading" lang="en">Own heading</h2>' in html
    assert '<div class="prose" lang="en">\n<p>Own prose.</p>' in html


def test_links_lead_to_the_neighbours_and_the_overview(html: str) -> None:
    top = html[html.index("<header>") : html.index("</header>")]
    assert re.findall(r'href="([^"]+)"(?: rel="(\w+)")?', top) == [
        ("../index.html", ""), ("1_mapping.html", "prev"), ("3_interviews.html", "next"),
    ]  # fmt: skip
    assert 'href="2_questionnaire_files/tables.xlsx"' in html


def test_a_synthetic_study_says_so_and_another_does_not(told: Page, html: str) -> None:
    assert '<p class="banner"><span><strong>Synthetic data.</strong>' in html
    real = dataclasses.replace(told.study, settings={**told.study.settings, "synthetic": False})
    other = Page(real, "questionnaire", "milan", "en", "consortium", told.estimates)
    plain = render_page(execute("questionnaire", other), other)
    assert "Synthetic data" not in plain
    assert 'class="banner"' not in plain


def test_hostile_text_stays_text(told: Page) -> None:
    title = dataclasses.replace(told.study, settings={**told.study.settings, "short": HOSTILE, "contact": HOSTILE})
    own = Page(title, "questionnaire", "milan", "en", "consortium", told.estimates)
    book = execute("questionnaire", own)
    book.cells += [
        new_code_cell("1", outputs=[new_output("stream", name="stdout", text=HOSTILE)]),
        new_code_cell("2", outputs=[new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE])]),
        new_code_cell(f"'{HOSTILE}'", outputs=[new_output("execute_result", {"text/plain": HOSTILE})]),
        new_code_cell("4", outputs=[new_output("display_data", {"application/javascript": "alert(3)"})]),
    ]
    html = render_page(book, own)
    assert "<script" not in html
    assert "<img" not in html
    assert "alert(3)" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 5


def test_same_notebook_same_bytes(told: Page, html: str) -> None:
    assert render_page(execute("questionnaire", told), told) == html


def test_a_notebook_without_title_or_parts_makes_a_page_too(told: Page) -> None:
    html = render_page(new_notebook(cells=[new_markdown_cell("Only a sentence.")]), told)
    assert html.count("<h1>") == 1
    assert Outline(html).wrong == []


def joint(**more: Any) -> Page:
    rows = [row("sup_coaching", "all", statistic="share_top2", k=4, n=12)]
    return page(rows, "joint_support", "", joint_support=decision_table(), **more)


def render(out: Path, failed: Mapping[str, str], pages: Sequence[str] = ()) -> dict[str, str]:
    for name in pages:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("x", encoding="utf-8")
    delivered = {("milan", "mapping"): 29, ("milan", "questionnaire"): 12, ("veneto", "questionnaire"): 16}
    return render_site(joint(), delivered, out, failed, {"figures": 92, "hidden": 2})


def test_the_first_screen_asks_the_question_and_counts(tmp_path: Path) -> None:
    html = render(tmp_path, {})["index.html"]
    assert f"<h1>{study().words('en').text('study.question')}</h1>" in html
    facts = dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", html))
    assert facts["partners"] == "10"
    assert facts["countries"] == "7"
    assert facts["answers"] == "28"
    assert facts["clusters mapped"] == "29"
    assert '<p class="number">4 of 10</p>' in html
    assert "Synthetic data" in html
    assert Outline(html).wrong == []


def test_only_pages_that_stand_there_are_linked(tmp_path: Path) -> None:
    pages = ["milan/2_questionnaire.html", "7_joint_support.html", "milan/5_national_workshop_files/tables.xlsx"]
    site = render(tmp_path, {}, pages)
    links = set(re.findall(r'href="([^"#]+)', "".join(site.values())))
    assert links == {*pages, *site}


def test_the_page_about_the_run_names_what_failed_and_runs_nothing(tmp_path: Path) -> None:
    html = render(tmp_path, {"questionnaire veneto": f"ValueError: {HOSTILE}"})["about.html"]
    assert "<script" not in html
    assert "ValueError: &lt;script&gt;" in html
    assert html.count('class="sign failed"') == 1
    assert html.count('class="sign done"') == 2
    assert "Nothing failed" in render(tmp_path, {})["about.html"]
    assert "Of 92 figures for workshops, comparison and joint support, 2 are wholly hidden" in html
    assert Outline(html).wrong == []


def test_an_empty_study_says_what_to_fill(tmp_path: Path) -> None:
    write_new_study(tmp_path / "new")
    empty = Page(read_study(tmp_path / "new"), "joint_support", "", "en", "public", protect([]))
    html = render_site(empty, {}, tmp_path, {}, {})["index.html"]
    assert "This study is still empty" in html
    assert "study/survey.csv" in html
    assert html.count("<h1>") == 1
