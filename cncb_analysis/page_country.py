"""One country on a page: what its partners delivered, what sets it apart, where its sources agree, what it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cncb_analysis.page_comparison import name_question
from cncb_analysis.page_synthesis import name_finding, pivot_positions
from cncb_analysis.page_tables import format_cell, list_cells
from cncb_analysis.tables import DisplayTable
from cncb_analysis.view import ALL

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_ASKED = ("agreement", "partial")


def list_country(page: Page, country: str) -> dict[str, Any]:
    """List what a country's page says.

    Parameters
    ----------
    page : Page
        That of the site.
    country : str
        ISO code.

    Returns
    -------
    dict
        brief: pairs of count and what is counted; apart, findings, measures: DisplayTable, or None where there is
        nothing to tell.
    """
    words, found = page.words, page.table("comparisons")
    # A contrast names the countries that differ, as IT-PL; without one they differ among all.
    named = [country in contrast.split("-") for contrast in found.get("contrast", ())]
    apart = found[found["verdict"].eq("differs") & pd.Series(named, found.index, dtype=bool)] if len(found) else found
    positions = pivot_positions(page.table("evidence")) if len(page.table("evidence")) else pd.DataFrame()
    own = positions[country] if country in positions else pd.Series(dtype=str)
    support = page.table("joint_support")
    asked = support[support[country].isin(_ASKED)] if country in support else support.iloc[:0]
    brief = [
        (words.count_of(len(part), len(whole)), words.text(f"country.{name}"))
        for name, part, whole in (
            ("differs", apart, found), ("agreed", own[own == "agreement"], own), ("asks", asked, support),
        )
        if len(whole)
    ]  # fmt: skip
    told = {
        "apart": (("question", "country", "pooled"), _list_apart(page, apart, country)),
        "findings": (("finding", "country", "pooled"), _list_positions(page, own, positions)),
        "measures": (("measure", "country", "decision"), _list_measures(page, support, country)),
    }
    return {"brief": brief, **{name: _tabulate(page, f"country.{name}", *table) for name, table in told.items()}}


def _tabulate(page: Page, caption: str, heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> DisplayTable | None:
    listed, words = tuple(rows), page.words
    named = tuple(words.text(f"head.{head}") for head in heads)
    return DisplayTable(words.text(caption), named, listed, source=page.source("")) if listed else None


def _list_apart(page: Page, apart: pd.DataFrame, country: str) -> Iterator[tuple[str, ...]]:
    for row in apart.to_dict("records"):
        known = list(list_cells(page.view, row["step"], row["variable"]))
        answers = [each for each in known if each[0] == row["option"]] or known
        told = (_tell_most(page, answers, group) for group in (country, ALL))
        yield (name_question(page.view, row["variable"], row["option"]), *told)


def _tell_most(page: Page, answers: list[Any], group: str) -> str:
    """The number of one answer; of several, the most frequent one with its label."""
    cells = [(label, share, found[group]) for _, label, share, found in answers if group in found]
    label, share, cell = max(cells, key=lambda each: (each[2]["estimate"] == each[2]["estimate"], each[2]["estimate"]))
    said = format_cell(page.words, cell, share=share)
    return f"{label}: {said}" if len(answers) > 1 and cell["mark"] != "hidden" else said


def _list_positions(page: Page, own: Mapping[Any, str], positions: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for finding, position in own.items():
        told = (page.words.text(f"position.{name}") for name in (position, positions.loc[finding, ""]))
        yield (name_finding(finding, page.view), *told)


def _list_measures(page: Page, support: pd.DataFrame, country: str) -> Iterator[tuple[str, ...]]:
    for row in support.to_dict("records"):
        taken = row["decision"] or row["proposed"]
        asks = page.view.say(f"country.asks.{row[country]}", page.words.text(f"position.{row[country]}"))
        told = (asks, page.words.text(f"decision.{taken}"))
        yield (page.view.option_label("action", f"{row['action']}.title"), *told)
