"""Every question for every group in one table of numbers, small enough for a page that works without a kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cncb_analysis.page_tables import format_cell, list_asked, list_cells
from cncb_analysis.view import ALL, Cell, View

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_DECIMALS = 3


def list_groups(page: Page) -> list[dict[str, str]]:
    """List the groups that a reader may lay side by side.

    Parameters
    ----------
    page : Page
        That of the site.

    Returns
    -------
    list of dict
        id, label, kind: all, country, or partner (those that the audience may see).
    """
    seen = set(page.estimates.frame["partner"])
    groups = [(ALL, "all"), *((country, "country") for country in page.study.countries)]
    groups += [(partner.id, "partner") for partner in page.study.partners if partner.id in seen]
    return [{"id": group, "label": page.view.name(group), "kind": kind} for group, kind in groups]


def list_questions(page: Page) -> dict[str, Any]:
    """List every question with the numbers of every group that may be seen.

    Parameters
    ----------
    page : Page
        That of the site.

    Returns
    -------
    dict
        groups (as `list_groups`); cells: each number once, as [text, estimate, low, high], the latter without those
        that there are not; questions: id ("step/code"), step, label, rows of [label, whether a share 0-1, a place in
        cells a group]. Nothing else than what a table of the page would show.
    """
    groups, pool, questions = list_groups(page), dict[tuple[Any, ...], int](), []
    asked = [(step, name) for step in page.steps for name in list_asked(page.study, step)]
    for step, name in asked:
        rows = []
        for _, label, share, found in list_cells(page.view, step, name):
            cells = (_tell(page.view, found, (step, name, group["id"]), share=share) for group in groups)
            rows.append([label, share, [pool.setdefault(cell, len(pool)) for cell in cells]])
        if rows:
            said = page.words.text(f"step.{step}")
            questions.append({"id": f"{step}/{name}", "step": said, "label": page.view.label(name), "rows": rows})
    return {"groups": groups, "cells": [list(cell) for cell in pool], "questions": questions}


def _tell(view: View, found: Mapping[str, Cell], place: tuple[str, str, str], *, share: bool) -> tuple[Any, ...]:
    """Text and numbers of a cell; why there are none."""
    cell = found.get(place[-1])
    if cell is None:
        missing = view.missing(*place)
        return (view.say(f"missing.{missing}", view.say(missing, missing)),)
    numbers = (float(cell[name]) for name in ("estimate", "low", "high"))
    known = (round(number, _DECIMALS) for number in numbers if number == number)
    return (format_cell(view.words, cell, share=share), *known)


def write_data(data: Any) -> str:
    r"""Write data as JSON that may stand inside a script element.

    Parameters
    ----------
    data : object
        Anything that JSON knows.

    Returns
    -------
    str
        Without anything that would end the element.

    Examples
    --------
    >>> write_data({"a": "</script>"})
    '{"a":"\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
