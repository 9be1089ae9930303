"""The pages around the pages: first screen, questions, countries, methods, columns, and what happened in this run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cncb_analysis.page_country import list_country
from cncb_analysis.page_findings import list_answers
from cncb_analysis.page_questions import list_questions, write_data
from cncb_analysis.page_tables import list_asked, tabulate_frame
from cncb_analysis.report.exporter import render_template
from cncb_analysis.report.reference import list_methods, tabulate_checklists, tabulate_dictionary
from cncb_analysis.store import read_text
from cncb_analysis.study import declared_tables
from cncb_analysis.tables import DisplayTable

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_TEMPLATES = {
    "index.html": "site", "about.html": "about", "questions.html": "questions", "method.html": "reference",
    "dictionary.html": "reference",
}  # fmt: skip
# An empty study has nothing to ask about.
_ALWAYS = ("index.html", "about.html")
# The key that names what a step counts.
_COUNTED = {"mapping": "clusters", "questionnaire": "answers", "interviews": "interviews", "workshops": "participants"}
_SCRIPT = Path(__file__).parent / "template" / "questions.js"

Delivered = Mapping[tuple[str, str], int]


def render_site(
    page: Page, delivered: Delivered, out: Path, failed: Mapping[str, str], release: Mapping[str, int]
) -> dict[str, str]:
    """Render the pages that belong to the whole run.

    Parameters
    ----------
    page : Page
        That of joint support: study, words, comparisons, evidence, measures.
    delivered : mapping of (str, str) to int
        Partner and step to the units used: clusters, answers, interviews, participants.
    out : Path
        Folder of the site; only pages and files that stand there are linked.
    failed : mapping of str to str
        Node of the run to the cause of its failure.
    release : mapping of str to int
        figures: how many this audience may see; hidden: those of which it sees nothing.

    Returns
    -------
    dict of str to str
        File name to HTML.
    """
    site = [*_TEMPLATES] if page.study.partners else [*_ALWAYS]
    common = {"site": site, "release": release, "exists": lambda path: (Path(out) / path).is_file()}
    values = {name: {**common, **_VALUES[name](page, delivered, failed)} for name in site}
    pages = {name: render_template(f"{_TEMPLATES[name]}.html.j2", page, given) for name, given in values.items()}
    for country in page.study.countries:
        own = [partner for partner in page.study.partners if partner.country == country]
        mine = {place: n for place, n in delivered.items() if place[0] in {partner.id for partner in own}}
        told = {"country": country, "partners": own, "told": list_country(page, country)}
        facts = {"facts": _list_facts(page, mine, len(own)), **told, **common}
        pages[f"country_{country}.html"] = render_template("country.html.j2", page, facts)
    return pages


def _list_facts(page: Page, delivered: Delivered, partners: int, countries: int = 0) -> list[tuple[str, str]]:
    """How many partners, countries, and units of each step."""
    counts = {"partners": partners, "countries": countries}
    for step in page.study.steps:
        counts[_COUNTED[step]] = sum(n for (_, one), n in delivered.items() if one == step)
    # A workshop's people are more than its voting sheets: the fieldwork table counts them.
    field = page.study.table("fieldwork")
    there = field["step"].eq("workshops") & field["partner"].isin({partner for partner, _ in delivered})
    present = [int(n) for n in field.loc[there, "done"] if n.isdigit()]
    counts |= {"participants": sum(present)} if present and "workshops" in page.study.steps else {}
    shown = {name: count for name, count in counts.items() if count or name not in ("partners", "countries")}
    return [(page.words.text(f"index.{name}"), page.words.number(count)) for name, count in shown.items()]


def _fill_index(page: Page, delivered: Delivered, failed: Mapping[str, str]) -> dict[str, Any]:
    facts = _list_facts(page, delivered, len(page.study.partners), len(page.study.countries))
    return {
        "facts": facts, "answers": list_answers(page), "tables": [f"study/{name}.csv" for name in declared_tables()],
    }  # fmt: skip


def _fill_about(page: Page, delivered: Delivered, failed: Mapping[str, str]) -> dict[str, Any]:
    lost = {tuple(sorted(name.split()[-2:])) for name in failed}
    return {"delivered": delivered, "failed": failed, "lost": lost, "tables": _tabulate_cleaning(page)}


def _tabulate_cleaning(page: Page) -> list[DisplayTable]:
    """What became of each partner's cells, in numbers."""
    log = page.table("cleaning")
    if log.empty:
        return []
    counts = log.pivot_table("cells", "partner", "fate", "sum", fill_value=0, sort=False)
    counts = counts.rename(index=page.view.name, columns=lambda fate: page.view.say(f"fate.{fate}", fate))
    frame = counts.astype(float).rename_axis("partner").reset_index()
    table = tabulate_frame(page.words, page.words.text("cleaning.counts"), pd.DataFrame(frame))
    return [replace(table, source=page.source(""))]


def _fill_questions(page: Page, delivered: Delivered, failed: Mapping[str, str]) -> dict[str, Any]:
    # A policy that knows every byte: the numbers run nothing, yet checkers ask for their digest too.
    inside = [write_data(list_questions(page)), read_text(_SCRIPT).strip()]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inside]
    listed = [(step, page.tabulate(step, list_asked(page.study, step))) for step in page.steps]
    return {
        **dict(zip(("numbers", "script"), inside, strict=True)),
        "digests": digests,
        "listed": [(step, tables) for step, tables in listed if tables],
        "source": page.source(""),
    }


def _fill_method(page: Page, delivered: Delivered, failed: Mapping[str, str]) -> dict[str, Any]:
    return {"kind": "method", "methods": list_methods(), "tables": tabulate_checklists(page)}


def _fill_dictionary(page: Page, delivered: Delivered, failed: Mapping[str, str]) -> dict[str, Any]:
    return {"kind": "dictionary", "tables": tabulate_dictionary(page)}


_VALUES = {
    "index.html": _fill_index, "about.html": _fill_about, "questions.html": _fill_questions,
    "method.html": _fill_method, "dictionary.html": _fill_dictionary,
}  # fmt: skip
