"""Charts by item: ranked answers with a small track a country; statements with a figure for each person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.patches import Circle, Wedge

from cncb_analysis.figures import layout as pen
from cncb_analysis.figures.chart import SMALL_BASE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Cell, Chart, Row
    from cncb_analysis.words import Words

_MAIN = "main"
_MOST_PERSONS = 12


def draw_ranked(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw items in the order given: dots with intervals left, a small track a country right.

    Parameters
    ----------
    chart : Chart
        Rows: items; columns: `main`, then a group each; a single further group becomes a tick beside the dots.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    tracks = [name for name in chart.columns if name != _MAIN]
    beside = tracks.pop() if len(tracks) == 1 else ""
    room, width = 2.45 if chart.dense else 2.0, chart.width
    head = pen.HEAD.wrap(chart.columns.get(beside, ""), 1.0)
    top = 0.42 if tracks or "\n" in head else 0.24
    labels = [pen.ITEM.wrap(row.label, room) for row in chart.rows]
    places, edges = pen.stack_rows(labels, pen.ITEM, top, 0.27 if chart.dense else 0.34)
    said = {name: [_say_count(chart, row, name, words) for row in chart.rows] for name in (_MAIN, beside)}
    counts, others = (max([pen.LABEL.width(text) for text in said[name]], default=0.0) for name in (_MAIN, beside))
    block = min(0.31 * len(tracks), (width - room) / 2) if tracks else max(others, pen.HEAD.width(head))
    scale = pen.Scale(room + 0.25, width - block - counts - (0.36 if block else 0.16))
    pen.draw_percents(ax, scale, words, (top, edges[-1]), 0.25 if scale.end - scale.start > 2 else 0.5)
    base = pen.say_base(chart.bases(_MAIN), words)
    pen.write(ax, 0, top - 0.11, f"{chart.columns[_MAIN]}  {base}", pen.HEAD)
    pen.draw_line(ax, [0, width], [top, top])
    if beside:
        pen.write(ax, width, top - 0.05 - pen.HEAD.height(head.count("\n") + 1) / 2, head, pen.HEAD.right)
    for place, (row, y) in enumerate(zip(chart.rows, places, strict=True)):
        pen.write(ax, 0, y, labels[place], pen.ITEM)
        pen.write(ax, scale.end + 0.16 + counts, y, said[_MAIN][place], pen.LABEL.right)
        _draw_main(ax, words, y, (chart.cell(row.key, _MAIN), chart.cell(row.key, beside)), scale)
        if beside:
            pen.write(ax, width, y, said[beside][place], pen.LABEL.but(role="grey", align="right"))
        if place:
            pen.draw_line(ax, [0, width], [edges[place]] * 2, "grid", 0.6)
    pitch = block / max(len(tracks), 1)
    for place, name in enumerate(tracks):
        start = width - block + pitch * (place + 0.16)
        _draw_track(chart, words, ax, (name, top, places), pen.Scale(start, start + 0.72 * pitch))
    return pen.fit_canvas(ax, edges[-1] + 0.04)


def _say_count(chart: Chart, row: Row, name: str, words: Words) -> str:
    """Say k, and its base where it is small or not the same in all rows."""
    cell, bases = chart.cell(row.key, name), chart.bases(name)
    if not cell.drawn:
        return "–" if name else ""
    if not cell.counted:
        return words.percent(cell.estimate)
    alone = name == _MAIN and len(bases) == 1 and cell.n >= SMALL_BASE
    return words.number(cell.k) if alone else words.count_of(cell.k, cell.n)


def _draw_main(ax: Axes, words: Words, y: float, cells: tuple[Cell, Cell], scale: pen.Scale) -> None:
    cell, other = cells
    if cell.drawn:
        pen.draw_band(ax, y, cell, scale)
        pen.draw_dot(ax, scale(cell.estimate), y)
    else:
        pen.draw_missing(ax, y, cell.mark, scale[:2], words)
    if other.drawn:
        pen.draw_line(ax, [scale(other.estimate)] * 2, [y - 0.11, y + 0.11], "ink", 1.4)


def _draw_track(
    chart: Chart, words: Words, ax: Axes, column: tuple[str, float, Sequence[float]], scale: pen.Scale
) -> None:
    """Draw one group's small tracks under its code and n; the pooled value is a tick, a hidden one an open ring."""
    (name, top, places), middle = column, (scale.start + scale.end) / 2
    head = name if len(name) == 2 else chart.columns[name]
    pen.write(ax, middle, top - 0.3, head, pen.HEAD.but(role="ink", bold=True, align="center"))
    bases, room = chart.bases(name), (scale.end - scale.start) / 0.72
    said = pen.say_range(bases, words)
    said = said if pen.HEAD.width(said) < room - 0.04 else f"≤{words.number(bases[-1])}"
    pen.write(ax, middle, top - 0.11, said, pen.HEAD.centre)
    for row, y in zip(chart.rows, places, strict=True):
        cell, pooled = chart.cell(row.key, name), chart.cell(row.key, _MAIN)
        if cell.mark == "not_asked":
            continue
        if cell.mark in {"not_delivered", "too_few"}:
            pen.write(ax, middle, y, "–", pen.HEAD.but(role="faint", align="center"))
            continue
        pen.draw_line(ax, [scale.start, scale.end], [y, y], "grid", 1.6)
        if pooled.drawn:
            pen.draw_line(ax, [scale(pooled.estimate)] * 2, [y - 0.08, y + 0.08], "grey", 1.0)
        if cell.drawn:
            pen.draw_line(ax, [scale.start, scale(cell.estimate)], [y, y], "data", 1.6)
            pen.draw_dot(ax, scale(cell.estimate), y, "data", ("o", 5.2))
        else:
            pen.draw_ring(ax, middle, y, "rule", ("o", 4.6))


def draw_profile(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw statements in two columns: "3 of 7", a word, and a figure for each person; no interval for so few.

    Parameters
    ----------
    chart : Chart
        Rows: statements; column `share`; `text` is a note, or the word that stands for a count not published.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    gap, hand = 0.3, pen.LABEL.but(bold=True)
    width, y = (chart.width - gap) / 2, 0.02
    cells = [chart.cell(row.key, "share", row.section) for row in chart.rows]
    said = [words.count_of(cell.k, cell.n) if cell.drawn else "" for cell in cells]
    room = width - max((hand.width(text) for text in [*said, "–"]), default=0.0) - 0.15
    labels = [hand.wrap(row.label[:1].upper() + row.label[1:], room) for row in chart.rows]
    for first in range(0, len(labels), 2):
        pair = range(first, min(first + 2, len(labels)))
        height = max(hand.height(labels[place].count("\n") + 1) for place in pair)
        for place in pair:
            x, cell = (width + gap) * (place - first), cells[place]
            pen.draw_line(ax, [x, x + width], [y, y])
            pen.write(ax, x, y + 0.07 + hand.height(labels[place].count("\n") + 1) / 2, labels[place], hand)
            pen.write(ax, x + width, y + 0.14, said[place], hand.but(role="data", align="right"))
            _draw_statement(ax, words, (x, y + height + 0.26), cell, width)
        y += height + 0.56
    return pen.fit_canvas(ax, y - 0.04)


def _draw_statement(ax: Axes, words: Words, at: tuple[float, float], cell: Cell, width: float) -> None:
    x, y = at
    if not cell.drawn:
        word = cell.text if cell.mark == "" and cell.text else ""
        if word:
            pen.write(ax, x, y, f"{word}; {words.text('chart.in_words')}", pen.ITEM.but(role="grey", italic=True))
        else:
            pen.draw_missing(ax, y, cell.mark, (x, x + width), words)
        return
    word = cell.text or (words.quantity(cell.k, cell.n) if cell.n < SMALL_BASE else words.percent(cell.estimate))
    pen.write(ax, x + width, y, word, pen.ITEM.but(role="grey", align="right"))
    if cell.n > _MOST_PERSONS:
        scale = pen.Scale(x + 0.05, x + width - pen.ITEM.width(word) - 0.2)
        pen.draw_line(ax, [scale.start, scale.end], [y, y], "grid", 1.6)
        pen.draw_band(ax, y, cell, scale)
        pen.draw_dot(ax, scale(cell.estimate), y)
        return
    pitch = min(0.21, (width - pen.ITEM.width(word) - 0.2) / cell.n)
    for person in range(round(cell.n)):
        _draw_person(ax, x + pitch * (person + 0.5), y, pitch * 0.43, person < cell.k)


def _draw_person(ax: Axes, x: float, y: float, r: float, filled: bool) -> None:
    face, edge = ("data", "data") if filled else ("ground", "faint")
    look: dict[str, Any] = {"facecolor": pen.INK[face], "edgecolor": pen.INK[edge], "linewidth": 0.9, "zorder": 3}
    ax.add_patch(Wedge((x, y + r * 1.6), r, 180, 360, **look))
    ax.add_patch(Circle((x, y - r * 0.25), r * 0.62, **look))
