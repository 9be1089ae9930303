"""Numbers as a reader sees them: the figure as a table and in words, every other question, plain facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from cncb_analysis.tables import DisplayTable
from cncb_analysis.view import ALL, Cell, Figure, View
from cncb_analysis.words import SMALL_BASE, Words

if TYPE_CHECKING:
    from cncb_analysis.study import Study

_UNSHOWN = ("identifier", "free_text")
_SIGNS = {"hidden": "hidden", "not_asked": "missing.not_asked", "too_few": "too_few"}
_STATISTIC = {"number": "median", "allocation": "mean", "rank": "share_ranked"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
PLAIN = ("estimate", "low", "high", "k", "n", "mark")


def is_share(view: View, variable: str, statistic: str) -> bool:
    """Tell whether a statistic of a question is a share 0-1.

    Parameters
    ----------
    view : View
        For the codebook.
    variable, statistic : str
        Which.

    Returns
    -------
    bool
        Also for numbers in percent.
    """
    book = view.study.codebook
    known = book.battery(variable) or (book.variables.get(variable),)
    return statistic.startswith("share") or (known[0] is not None and known[0].unit == "percent")


def format_cell(words: Words, cell: Cell | None, *, share: bool, digits: int = 1) -> str:
    """Write one number as a reader expects it: counts before percent, an interval where there is one, a word if none.

    Parameters
    ----------
    words : Words
        Of the page's language.
    cell : mapping or None
        estimate, low, high, k, n, mark.
    share : bool
        Whether it is a share 0-1.
    digits : int
        Decimals of what is no share and no whole number.

    Returns
    -------
    str
        Such as "7 of 12", "37 of 58 (64%)", "1.3 (0.9 to 1.7)", "not shown" or a dash.
    """
    if cell is not None and cell["mark"] in _SIGNS:
        return words.text(_SIGNS[cell["mark"]])
    if cell is None or cell["estimate"] != cell["estimate"]:
        return "–"
    estimate, low, high, k, n = (cell[name] for name in ("estimate", "low", "high", "k", "n"))
    if share and k == k and n == n:
        return words.count_of(k, n) + (f" ({words.percent(estimate)})" if n >= SMALL_BASE else "")
    if share:
        return words.percent(estimate)
    digits *= any(value == value and not float(value).is_integer() for value in (estimate, low, high))
    # Adding nought turns a rounded -0.0 into 0.0.
    number, *ends = (words.number(round(value, digits) + 0.0, digits) for value in (estimate, low, high))
    told = dict(zip(("low", "high"), ends, strict=True))
    return number if low != low or high != high else f"{number} ({words.text('interval.from_to', told)})"


def tabulate_chart(figure: Figure, chart: pd.DataFrame, view: View, *, caption: str, source: str) -> DisplayTable:
    """Turn a chart table into the table that stands folded under the figure.

    Parameters
    ----------
    figure : Figure
        What it shows.
    chart : DataFrame
        Uniform chart table.
    view : View
        For words and units.
    caption, source : str
        Its heading; where the numbers come from.

    Returns
    -------
    DisplayTable
        Rows and columns of the figure; the plain numbers for Excel.
    """
    share = is_share(view, (*figure.variables, "")[0], figure.statistic)
    shown = chart[~chart["column"].str.startswith("partner:") & chart["row"].ne("threshold")]
    columns = dict(zip(shown["column"], shown["column_label"], strict=True))
    rows = []
    for (section, _), part in shown.groupby(["section", "row"], sort=False):
        cells = {cell["column"]: cell for cell in part.to_dict("records")}
        label = part["row_label"].iloc[0]
        texts = (_format_chart(view, cells[key], share=share) if key in cells else "" for key in columns)
        rows.append((f"{section}: {label}" if section else label, *texts))
    heads = tuple(view.words.text(f"head.{name}") for name in ("label", "group", *PLAIN))
    plain = chart[["row_label", "column_label", *PLAIN]].astype(object).to_numpy().tolist()
    total = bool(len(shown)) and shown["row"].iloc[-1] == ALL
    numbers, named = (heads, *map(tuple, plain)), (heads[0], *columns.values())
    return DisplayTable(caption, named, tuple(rows), source=source, total=total, numbers=numbers)


def _format_chart(view: View, cell: Cell, *, share: bool) -> str:
    if cell["text"] and cell["estimate"] != cell["estimate"] and not cell["mark"]:
        return view.say(f"position.{cell['text']}", cell["text"])
    return format_cell(view.words, cell, share=share)


def summarise_chart(figure: Figure, chart: pd.DataFrame, view: View) -> dict[str, str]:
    """Say in words what a chart shows: for its caption, its description and the findings in brief.

    Parameters
    ----------
    figure : Figure
        What it shows.
    chart : DataFrame
        Uniform chart table.
    view : View
        For words.

    Returns
    -------
    dict of str to str
        group, n, top, top_value, bottom, bottom_value (of the page's main group), pooled. Empty when the main group was
        not asked or delivered nothing.
    """
    chart = chart[~chart["row"].isin(["benchmark", "threshold"])]
    by_group = (chart["row"] == view.main).any()
    tracks = chart["column"].ne("main") & chart["column"].eq("main").any()
    own = chart[chart["row"] == view.main] if by_group else chart[~tracks]
    if own["mark"].isin(["not_asked", "not_delivered"]).all():
        return {}
    share = is_share(view, (*figure.variables, "")[0], figure.statistic)
    leading = {"gap": "gap", "decision": "rank", "ranking": "lq", "bounds": "lq", "bump": own["column"].iloc[-1]}.get(
        figure.kind, ""
    )
    shown = own[own["estimate"].notna() & ~own["column"].isin(["dont_know", "link"])]
    shown = shown[shown["column"].eq(leading)] if leading else shown
    ordered = shown.sort_values("estimate", ascending=leading == "rank", kind="stable").to_dict("records")
    told = dict.fromkeys(("top", "top_value", "bottom", "bottom_value", "pooled"), "–")
    told |= {"group": view.name(view.main), "n": view.words.number(own["n"].max()) if own["n"].notna().any() else ""}
    for word, cell in (("top", ordered[0]), ("bottom", ordered[-1])) if ordered else ():
        name = f"{cell['row_label']} ({cell['column_label']})" if figure.kind == "matrix" else cell["row_label"]
        told |= {word: cell["column_label"] if by_group else name}
        told |= {f"{word}_value": format_cell(view.words, cell, share=share)}
    pooled = chart[(chart["row"] == ALL) & chart["estimate"].notna()].to_dict("records")
    return told | ({"pooled": format_cell(view.words, pooled[0], share=share)} if pooled else {})


def list_asked(study: Study, step: str) -> list[str]:
    """List what a step asked.

    Parameters
    ----------
    study : Study
        Codebook and topics.
    step : str
        Which.

    Returns
    -------
    list of str
        Batteries, questions by themselves, and topics of the interviews, in the order of the study's tables; nothing
        that identifies or was typed freely.
    """
    shown = (each for each in study.codebook.asked_in(step) if each.kind != "text" and each.role not in _UNSHOWN)
    asked = [variable.battery or variable.name for variable in shown]
    if step == "interviews":
        asked += [f"theme:{code}" for code in study.table("themes")["code"] if "/" not in code]
    return list(dict.fromkeys(asked))


def tabulate_questions(view: View, step: str, names: Iterable[str], *, source: str) -> list[DisplayTable]:
    """Tabulate questions one by one: answers in rows, groups in columns; all numbers together in a last table.

    Parameters
    ----------
    view : View
        What may be seen.
    step : str
        Whose answers.
    names : iterable of str
        Batteries, variables, topics, or `response`.
    source : str
        Where the numbers come from.

    Returns
    -------
    list of DisplayTable
        Without those that nobody was asked.
    """
    heads = (view.words.text("head.label"), *(label for _, label in view.groups))
    found = {view.label(name): tuple(_list_answers(view, step, name)) for name in names}
    single = tuple(row for rows in found.values() if len(rows) == 1 for row in rows)
    told = {label: rows for label, rows in found.items() if len(rows) > 1}
    told[view.words.text("table.quantity")] = single
    return [DisplayTable(label, heads, rows, source=source) for label, rows in told.items() if rows]


def list_cells(view: View, step: str, name: str) -> Iterator[tuple[str, str, bool, dict[str, Cell]]]:
    """List the answers of a question with the numbers of every group that may be seen.

    Parameters
    ----------
    view : View
        What may be seen.
    step, name : str
        Whose answers; battery, variable, topic, or `response`.

    Yields
    ------
    tuple
        Code and label of an answer, of an item of a battery of ratings, or of a number; whether it is a share 0-1; cell
        by group.
    """
    book, battery = view.study.codebook, view.study.codebook.battery(name)
    for variable in [each.name for each in battery] or [name]:
        kind = book.variables[variable].kind if variable in book.variables else name
        statistic = {**_STATISTIC, "response": "count"}.get(kind, "share")
        found = view.cells(step, variable, "share_top2" if kind == "ordinal" and battery else statistic)
        share, options = is_share(view, variable, statistic), dict.fromkeys(option for option, _ in found)
        whole = book.label(variable, view.words.language) if battery else view.label(variable)
        labels = {"": whole} if list(options) == [""] else {}
        if options and not labels:
            prefix = f"{view.label(variable)}: " if battery else ""
            labels = {item.key: prefix + item.label for item in view.items(variable, options)}
            # Answers taken together stand below the single ones.
            labels |= {code: view.option_label(variable, code) for code in options if code and code not in labels}
        for option, label in labels.items():
            yield option, label, share, {group: cell for (code, group), cell in found.items() if code == option}


def _list_answers(view: View, step: str, name: str) -> Iterator[tuple[str, ...]]:
    """A row an answer; a battery of ratings a row an item; a number one row."""
    groups = [group for group, _ in view.groups]
    for _, label, share, found in list_cells(view, step, name):
        yield (label, *(format_cell(view.words, found.get(group), share=share) for group in groups))


def tabulate_frame(words: Words, caption: str, frame: pd.DataFrame) -> DisplayTable:
    """Show a frame of facts as it stands.

    Parameters
    ----------
    words : Words
        `head.<column>` is the heading.
    caption : str
        What it shows.
    frame : DataFrame
        Display values; numbers are written by the language.

    Returns
    -------
    DisplayTable
        A row a row.
    """
    heads = tuple(words.text(f"head.{name}") if words.has(f"head.{name}") else name for name in frame.columns)
    rows = tuple(tuple(_write(words, value) for value in line) for line in frame.astype(object).to_numpy().tolist())
    return DisplayTable(caption, heads, rows)


def name_rules(view: View, rules: Iterable[str]) -> list[str]:
    """Name rules of the cell log in the page's language.

    Parameters
    ----------
    view : View
        For words.
    rules : iterable of str
        As the cell log writes them, in English: the texts of words.csv under `rule`.

    Returns
    -------
    list of str
        A rule that words.csv does not know stays as it is; so does a reason that a person gave.
    """
    english = view.study.words("en")
    found = [(rule, *english.find("rule.", rule)) for rule in rules]
    # What an answer means may be one of the reasons for missing.
    named = [{name: view.say(f"missing.{value}", value) for name, value in values.items()} for _, _, values in found]
    return [view.words.text(key, told) if key else rule for (rule, key, _), told in zip(found, named, strict=True)]


def _write(words: Words, value: Any) -> str:
    if isinstance(value, bool):
        return words.text(f"step_verdict.{'yes' if value else 'no'}")
    if isinstance(value, (int, float)):
        return words.number(value, 0 if value != value or float(value).is_integer() else 2)
    return words.date(value) if _DATE.fullmatch(value) else value
