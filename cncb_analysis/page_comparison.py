"""What stands beside the verdicts on the page of the comparison, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from cncb_analysis.page_tables import format_cell, is_share
from cncb_analysis.view import ALL, NOTHING, Cell, Figure, View

Row = Mapping[str, str]

# What a published figure is to be compared with, the first that the question has.
_COMPARED = {"share": ("share", "share_top2", "mean"), "persons": ("mean",)}


def name_question(view: View, variable: str, option: str) -> str:
    """Name a question, or one answer to it.

    Parameters
    ----------
    view : View
        Has the labels.
    variable, option : str
        Question and answer; no answer = the whole question.

    Returns
    -------
    str
        In the language of the page.
    """
    label = view.label(variable)
    return f"{label}: {view.option_label(variable, option)}" if option else label


def _write(view: View, cell: Cell, *, share: bool) -> str:
    """Count with percent, or number, and the interval, which `format_cell` leaves out of shares."""
    said = format_cell(view.words, cell, share=share)
    if not share or cell["low"] != cell["low"]:
        return said
    ends = {end: view.words.percent(cell[end]) for end in ("low", "high")}
    return f"{said}, {view.words.text('interval.from_to', ends)}"


def list_detectable(found: pd.DataFrame, view: View) -> Iterator[Row]:
    """List which difference the design would have found.

    Parameters
    ----------
    found : DataFrame
        As `pooling.tabulate_detectable` gives it.
    view : View
        For words.

    Yields
    ------
    mapping of str to str
        A row a block of questions and kind of answer; of several the largest difference.
    """
    words = view.words
    for (family, test), part in found.groupby(["family", "test"], sort=False):
        step, _, block = str(family).partition(":")
        sizes = sorted(int(size) for text in part["sizes"] for size in str(text).split())
        ends = {"low": words.number(sizes[0]), "high": words.number(sizes[-1])}
        least = {end: part[end].max(skipna=False) for end in ("smallest", "largest")}
        said = {
            end: words.number(value, 2) if value == value else words.text("detectable.none")
            for end, value in least.items()
        }
        yield {
            "question": f"{view.say(f'theme.{block}', view.label(block))} ({words.text(f'step.{step}')})",
            "questions": words.number(part["questions"].sum()),
            "answers_a_country": words.text("interval.from_to", ends),
            "measure_of": words.text("statistic.share" if test == "fisher" else "statistic.cliffs_delta"),
            "smallest_differs": said["smallest"],
            "largest_differs": said["largest"],
            "margin": words.number(part["margin"].iloc[0], 2),
        }


def list_hosts(hosts: pd.DataFrame, view: View) -> Iterator[Row]:
    """List how the results of each country move when each host counts once.

    Parameters
    ----------
    hosts : DataFrame
        As `pooling.tabulate_hosts` gives it.
    view : View
        For words.

    Yields
    ------
    mapping of str to str
        A row a country.
    """
    for row in hosts.to_dict("records"):
        share = is_share(view, row["variable"], row["statistic"])
        ends = (_write(view, {**NOTHING, "estimate": row[end]}, share=share) for end in ("shown", "once"))
        most = f"{name_question(view, row['variable'], row['option'])}: {' → '.join(ends)}" if row["moved"] else "–"
        counts = {name: view.words.number(row[name]) for name in ("answers", "hosts")}
        moved = view.words.count_of(row["moved"], row["results"])
        yield {"country": view.name(row["country"]), **counts, "moved": moved, "moves_most": most}


def list_benchmarks(benchmarks: pd.DataFrame, view: View) -> Iterator[Row]:
    """List published figures beside the result of all respondents.

    Parameters
    ----------
    benchmarks : DataFrame
        benchmarks.csv.
    view : View
        What may be seen.

    Yields
    ------
    mapping of str to str
        A row a figure that names a question with a result.
    """
    for row in benchmarks[benchmarks["variable"].ne("")].to_dict("records"):
        variable, option, value = row["variable"], row["option"], float(row["value"])
        names = _COMPARED.get(row["unit"], ())
        cells = {name: view.cells("questionnaire", variable, name).get((option, ALL)) for name in names}
        name, cell = next(((name, cell) for name, cell in cells.items() if cell), ("", NOTHING))
        share = is_share(view, variable, name)
        if name and share == (row["unit"] == "share"):
            base = filter(None, (row["base"], f"n = {row['n']}" * bool(row["n"]), row["year"]))
            yield {
                "question": f"{name_question(view, variable, option)} ({view.words.text(f'statistic.{name}')})",
                "result": _write(view, cell, share=share),
                "benchmark": view.words.percent(value) if share else view.words.number(value),
                "benchmark_of": ", ".join(base),
                "source": row["source"].split(", http")[0],
            }


def list_shrunken(figure: Figure, view: View) -> Iterator[Row]:
    """List each country's share drawn towards all countries'.

    Parameters
    ----------
    figure : Figure
        Its questions and batteries.
    view : View
        What may be seen.

    Yields
    ------
    mapping of str to str
        A row a question or answer, a column a country.
    """
    book = view.study.codebook
    asked = [name for name in figure.variables if name in book.variables or book.battery(name)]
    for variable in [each.name for name in asked for each in book.battery(name) or (book.variable(name),)]:
        cells = view.cells(figure.step, variable, "shrunken")
        for option in dict.fromkeys(option for option, _ in cells):
            # Of a share that rests on all answers its own country's count would say too little.
            shown = {code: {**cells.get((option, code), NOTHING), "k": NOTHING["k"]} for code in view.study.countries}
            texts = {code: _write(view, cell, share=True) for code, cell in shown.items()}
            yield {"question": name_question(view, variable, option), **texts}


def list_crossed(figure: Figure, view: View) -> Iterator[Row]:
    """List how often the answers to two questions come together.

    Parameters
    ----------
    figure : Figure
        Names the two.
    view : View
        What may be seen.

    Yields
    ------
    mapping of str to str
        A row an answer to the first, a column an answer to the second; k of n.
    """
    cells = view.cells(figure.step, "cross:" + "+".join(figure.variables), "share_crossed")
    if not cells:
        return
    first, second = (view.items(name) for name in figure.variables)
    for one in first:
        pairs = {other.label: cells.get((f"{one.key}+{other.key}", ALL)) for other in second}
        told = {label: format_cell(view.words, pair, share=True) for label, pair in pairs.items()}
        yield {"question": one.label} | told
