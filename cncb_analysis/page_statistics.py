"""Several statistics of the same questions side by side: how far the answers carry."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from cncb_analysis.page_tables import PLAIN, format_cell, is_share
from cncb_analysis.tables import DisplayTable
from cncb_analysis.view import ALL, Cell, Figure, View

if TYPE_CHECKING:
    import pandas as pd

# Below this base not even an interval is told in percent.
_INTERVAL_FROM = 10
_CHANGE = "largest_change"
_DIGITS = {
    **dict.fromkeys(
        ("cronbach_alpha", "alpha_if_dropped", "kendall_w", "std_difference", "kappa", "alpha", _CHANGE), 2
    ),
    **dict.fromkeys(("kendall_w_p", "nonresponse_p", "nonresponse_p_least"), 3),
}
_SHARES = ("wilson", "hypergeometric", "linear_share", "spread_share", "beta_binomial")
_RATIOS = ("agreement", "visible_share")


def tabulate_statistics(figure: Figure, view: View) -> DisplayTable:
    """Tabulate statistics side by side, of the page's group and of all together.

    Parameters
    ----------
    figure : Figure
        Rows: its questions (of a battery, the battery and each of its questions) with their answers. Columns: its
        statistics, joined by ;.
    view : View
        What may be seen.

    Returns
    -------
    DisplayTable
        Without rows where there is nothing; its base says how to read it.
    """
    book = view.study.codebook
    names = [each for name in figure.variables for each in (name, *(item.name for item in book.battery(name)))]
    asked = list(product(dict.fromkeys((view.main, ALL)), figure.statistic.split(";")))
    told = {group for name, (_, each) in product(names, asked) for _, group in view.cells(figure.step, name, each)}
    # Where only all together have a number the table's base says so.
    columns = {
        (group, statistic): f"{view.name(group)}: " * (view.main in told and view.main != ALL)
        + _name_statistic(figure, view, statistic)
        for group, statistic in asked
    }
    lines: dict[str, dict[str, str]] = {}
    numbers = [tuple(view.words.text(f"head.{name}") for name in ("label", "statistic", *PLAIN))]
    for variable, (place, head) in product(names, columns.items()):
        for (option, group), cell in view.cells(figure.step, variable, place[1]).items():
            if group == place[0] and option in (figure.options or [option]):
                label = _name_row(view, variable, option)
                lines.setdefault(label, {})[head] = _format(view, cell)
                numbers.append((label, head, *(cell[name] for name in PLAIN)))
    heads = [head for head in columns.values() if any(head in line for line in lines.values())]
    rows = tuple((label, *(line.get(head, "") for head in heads)) for label, line in lines.items())
    base = view.say(f"figure.{figure.id}.caption", "")
    return DisplayTable("", (numbers[0][0], *heads), rows, base=base, numbers=tuple(numbers))


def _name_statistic(figure: Figure, view: View, statistic: str) -> str:
    return view.say(f"figure.{figure.id}.{statistic}", view.say(f"statistic.{statistic}", statistic))


def _name_row(view: View, variable: str, option: str) -> str:
    book = view.study.codebook
    label = book.label(variable, view.words.language) if variable in book.variables else view.label(variable)
    items = {each.item: view.label(each.name) for each in book.battery(variable)}
    if option in items and option:
        return f"{items[option]}: {view.words.text('statistic.gap')}"
    return view.say(f"{variable}.{option}", f"{label}: {view.option_label(variable, option)}") if option else label


def _format(view: View, cell: Cell) -> str:
    """The number with its interval; with its base, where that is no part of it."""
    percent = is_share(view, cell["variable"], "") and cell["statistic"] != _CHANGE
    share = percent or cell["method"] in _SHARES or cell["statistic"] in _RATIOS
    text = format_cell(view.words, cell, share=share, digits=_DIGITS.get(cell["statistic"], 1))
    if cell["low"] != cell["low"] or (share and cell["n"] < _INTERVAL_FROM):
        return text
    if share:
        ends = {end: view.words.percent(cell[end]) for end in ("low", "high")}
        return f"{text}, {view.words.text('interval.from_to', ends)}"
    return f"{text}, n = {view.words.number(cell['k'] if cell['k'] == cell['k'] else cell['n'])}"


def check_statements(published: pd.DataFrame, view: View) -> Iterator[dict[str, str]]:
    """Check the statements of a printed deck against what the page may show.

    Parameters
    ----------
    published : DataFrame
        As published.csv.
    view : View
        Of the partner whose deck it was.

    Yields
    ------
    dict of str to str
        slide, printed, found, verdict (reproduced, contradicted, or not available: hidden, or not asked), in the words
        of the page.
    """
    own = published[published["partner"].eq(view.partner)] if len(published) and view.partner else published.iloc[:0]
    for row in own.to_dict("records"):
        cells = view.cells(row["step"], row["variable"], row["statistic"])
        named = [
            cell for (option, group), cell in cells.items() if group == view.main and row["option"] in ("", option)
        ]
        known = [cell for cell in named if cell["estimate"] == cell["estimate"]]
        verdict = "not_available"
        if known:
            verdict = "reproduced" if _holds(row, known[0]) else "contradicted"
        available = view.words.text("published.available") if known and row["comparison"] == "available" else ""
        cell = next(iter(known or named), None)
        found = available or format_cell(view.words, cell, share=row["statistic"].startswith("share"))
        said = view.words.text(f"published.{verdict}")
        yield {"slide": row["slide"], "printed": row["statement"], "found": found, "verdict": said}


def _holds(row: dict[str, str], cell: Cell) -> bool:
    """Whether a number is what was printed; of a count also its base."""
    low, high = ([float(value) for value in row["value"].split()] * 2 + [0.0, 0.0])[:2]
    number, near = cell["estimate"], 1e-6
    bases = all(float(row[name]) == cell[name] for name in ("k", "n") if row[name] and cell[name] == cell[name])
    return {
        "=": abs(number - low) < near and bases,
        ">=": number >= low - near,
        "<=": number <= low + near,
        "between": low - near <= number <= high + near,
        "available": True,
    }[row["comparison"]]
