"""An executed notebook to one HTML file: nbconvert with our own template over its `basic`."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbconvert.exporters import HTMLExporter, TemplateExporter

from cncb_analysis.graph import COMMON_NOTEBOOKS, PARTNER_NOTEBOOKS, name_notebook
from cncb_analysis.shown import NOT_ASKED
from cncb_analysis.store import read_text
from cncb_analysis.style import css_variables

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cncb_analysis.catalogue import Page

_FOLDER = Path(__file__).parent
_OPENING = {"parameters", "injected-parameters", "setup"}
_HEADING = re.compile(r"^#{1,2} +(.+)\n*")


@cache
def _make_exporter() -> HTMLExporter:
    folders = {"template_name": "template", "extra_template_basedirs": [str(_FOLDER)]}
    exporter = HTMLExporter(**folders, exclude_anchor_links=True)
    exporter.register_filter("highlight_code", lambda source, **_: source)
    exporter.register_filter("filter_data_type", lambda data: data)
    return exporter


def render_template(name: str, page: Page, values: Mapping[str, Any]) -> str:
    """Fill one of the templates that are no notebook's.

    Parameters
    ----------
    name : str
        Such as "site.html.j2". Every value is escaped.
    page : Page
        Whose study, words and audience the page has.
    values : mapping
        What else the template names.

    Returns
    -------
    str
        HTML.
    """
    environment = _make_exporter().environment.overlay(autoescape=True)
    return str(environment.get_template(name).render(**_furnish(page), **values))


def _furnish(page: Page) -> dict[str, Any]:
    """What the templates of all pages name."""
    css = css_variables() + read_text(_FOLDER / "template" / "style.css")
    return {"page": page, "t": page.words.text, "say": page.view.say, "css": css, "name_page": name_page}


def name_page(notebook: str, ending: str = ".html") -> str:
    """Name of a notebook's page inside its folder.

    Parameters
    ----------
    notebook : str
        Its name without number.
    ending : str
        Of the file.

    Returns
    -------
    str
        With its number.

    Examples
    --------
    >>> name_page("comparison")
    '6_comparison.html'
    """
    return f"{name_notebook(notebook)}{ending}"


def render_page(notebook: NotebookNode, page: Page) -> str:
    """Render an executed notebook as a page of the site.

    Sections whose figure was not asked are dropped; the cells that opened the page go to its end; what is tagged `fold`
    is folded; code stands folded beside what it shows. Where cells are tagged `brief`, these alone are printed, unless
    the reader asks for the whole page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    page : Page
        Whose title, facts and words stand around it.

    Returns
    -------
    str
        One HTML file that fetches nothing.
    """
    book = copy.deepcopy(notebook)
    cells = list(_drop_not_asked(book.cells))
    lead = _HEADING.sub("", cells.pop(0).source) if cells and cells[0].cell_type == "markdown" else ""
    opening = [cell for cell in cells if _OPENING & set(cell.metadata.get("tags", []))]
    cells = [cell for cell in cells if cell not in opening]
    contents = _mark_sections(cells, page)
    if opening:
        title = {"title": page.words.text("page.setup"), "language": page.language}
        opening[0].metadata["cncb"] = {"open": True, "anchor": "opening", **title}
        opening[-1].metadata.setdefault("cncb", {})["close"] = True
    book.cells = [*cells, *opening]
    own = [name for name in PARTNER_NOTEBOOKS if name in (*page.study.steps, "national_workshop")]
    brief = any("brief" in cell.metadata.get("tags", []) for cell in cells)
    siblings = own if page.partner else list(COMMON_NOTEBOOKS)
    around = {"has_brief": brief, "lead": _translate(lead, "prose", page), "contents": contents, "siblings": siblings}
    exporter = _make_exporter()
    resources = exporter._init_resources({**_furnish(page), **around})
    # Without HTMLExporter's own last pass, which parses the whole page again to give pictures without a description
    # the sentence that there is none: ours all have one.
    return str(TemplateExporter.from_notebook_node(exporter, book, resources)[0])


def _drop_not_asked(cells: list[Any]) -> Iterator[Any]:
    """Leave out a cell that says so, and the prose before it."""
    said = [any(NOT_ASKED in output.get("data", {}) for output in cell.get("outputs", ())) for cell in cells]
    for cell, dropped, follows in zip(cells, said, [*said[1:], False], strict=True):
        if not dropped and not (follows and cell.cell_type == "markdown"):
            yield cell


def _mark_sections(cells: list[Any], page: Page) -> list[dict[str, Any]]:
    """Give each section its anchor, and its title in the page's language; fold the second half; list the contents."""
    contents: list[dict[str, Any]] = []
    folded = False
    for place, cell in enumerate(cells):
        found = _HEADING.match(cell.source) if cell.cell_type == "markdown" else None
        if found:
            anchor = re.sub(r"[^a-z0-9]+", "-", found[1].lower()).strip("-") or f"section-{place}"
            if folded:
                cells[place - 1].metadata.setdefault("cncb", {})["close"] = True
            folded = "fold" in cell.metadata.get("tags", [])
            title, language = _translate(found[1], "section", page)
            cell.metadata["cncb"] = {"anchor": anchor, "title": title, "language": language, "open": folded}
            contents.append(cell.metadata["cncb"])
        if cell.cell_type == "markdown":
            cell.source, said = _translate(_HEADING.sub("", cell.source), "prose", page)
            cell.metadata.setdefault("cncb", {})["said"] = said
    if folded:
        cells[-1].metadata.setdefault("cncb", {})["close"] = True
    return contents


def _translate(text: str, family: str, page: Page) -> tuple[str, str]:
    """A heading or passage of a notebook in the page's language, and which it is: English where nobody translated."""
    key, _ = page.study.words("en").find(f"{family}.", text.strip())
    said = page.words.text(key) if key else text.strip()
    return said, "en" if said == text.strip() else page.language
