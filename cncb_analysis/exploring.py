"""A small widget for JupyterLab: choose a question and whose answers, and see its figure or table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cncb_analysis.errors import StudyError
from cncb_analysis.page_questions import list_groups
from cncb_analysis.page_tables import list_asked
from cncb_analysis.pipeline import open_page
from cncb_analysis.shown import NotAsked
from cncb_analysis.view import ALL, Figure

if TYPE_CHECKING:
    from ipywidgets import VBox

    from cncb_analysis.catalogue import Page, Shown

# Kind of question to the chart that shows all its answers, and the estimate in it; the others are tables.
_CHARTS = {"single": "share", "multiple": "share", "ordinal": "share_top2", "allocation": "mean"}
_KINDS = {"allocation": "allocation"}


def show_question(page: Page, step: str, name: str) -> Shown:
    """Show one question as its kind is best shown.

    Parameters
    ----------
    page : Page
        Of a partner or of all.
    step, name : str
        Whose answers; battery, question or topic, as `page_tables.list_asked` gives it.

    Returns
    -------
    ShownFigure, DisplayTable or NotAsked
        A ranked chart of the answers, the mean parts of an allocation, or a table.
    """
    battery, known = page.study.codebook.battery(name), page.study.codebook.variables.get(name)
    kind = battery[0].kind if battery else known.kind if known else "multiple"
    # A single question with ordered answers would be one row by its top two: its answers tell more.
    statistic = "share" if kind == "ordinal" and not battery else _CHARTS.get(kind, "")
    if statistic:
        return page.show_figure(Figure(f"asked_{name}", _KINDS.get(kind, "ranked"), (), (name,), statistic, step=step))
    return next(iter(page.tabulate(step, [name])), NotAsked(page.words.text("page.not_in_study")))


def explore(study: str | Path, *, step: str = "questionnaire", language: str = "", audience: str = "") -> VBox:
    """Explore a step's answers by hand, in JupyterLab: the same calls and the same protection as in the notebooks.

    Parameters
    ----------
    study : str or Path
        The study's folder.
    step : str
        mapping, questionnaire, interviews or workshops.
    language, audience : str
        Empty = as study.toml says.

    Returns
    -------
    VBox
        Which question, whose answers, and what they say.

    Raises
    ------
    StudyError
        When the study does not have the step.
    """
    from ipywidgets import Dropdown, Output, VBox

    @cache
    def read(partner: str) -> Page:
        notebook = step if partner else "site"
        return open_page(study, notebook=notebook, partner=partner, language=language, audience=audience)

    whole = read("")
    if step not in whole.study.steps:
        raise StudyError("no such step", value=step, remedy=f"choose from: {', '.join(whole.study.steps)}")
    seen = [(group["label"], group["id"]) for group in list_groups(whole) if group["kind"] == "partner"]
    asked = [(whole.view.label(name), name) for name in list_asked(whole.study, step)]
    which = Dropdown(options=asked, description=whole.words.text("ask.question"), layout={"width": "max-content"})
    who = Dropdown(options=[(whole.view.name(ALL), ""), *seen], description=whole.words.text("head.partner"))
    shown = Output()

    def show(_: object = None) -> None:
        shown.outputs = ()
        shown.append_display_data(show_question(read(who.value), step, which.value))

    which.observe(show, "value")
    who.observe(show, "value")
    show()
    return VBox([which, who, shown])
