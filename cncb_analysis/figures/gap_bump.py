"""Two ratings of the same items with their gap; priorities at three moments."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from cncb_analysis.figures import layout as pen
from cncb_analysis.figures.chart import SMALL_BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Cell, Chart
    from cncb_analysis.words import Words

_STRONG = 2  # widest gaps drawn strongly


def draw_gap(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw importance (dot) and own level (ring) of each item, and right the gap with its interval.

    Parameters
    ----------
    chart : Chart
        Rows: items, widest gap first; columns: `importance`, `own` (means of a rating) and `gap`.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    room = 2.45 if chart.dense else 2.05
    labels = [pen.ITEM.wrap(row.label, room) for row in chart.rows]
    top = _head_gap(chart, words, ax) + 0.36
    places, edges = pen.stack_rows(labels, pen.ITEM, top, 0.27 if chart.dense else 0.32)
    head = chart.columns.get("gap", "")
    right = max(pen.HEAD.width(head), pen.LABEL.but(bold=True).width("+0,0")) + 0.2
    middle = room + 0.3 + (chart.width - room - 0.3 - right) * 0.62
    scale = _find_range(chart, ("importance", "own"), (room + 0.35, middle - 0.2), (1.0, 5.0))
    gaps = _find_range(chart, ("gap",), (middle + 0.15, chart.width - right), (0.0, 1.0))
    for ruler, plus in ((scale, ""), (gaps, "+")):
        for value in range(math.ceil(ruler.low), math.floor(ruler.high) + 1):
            text = ("−" if value < 0 else plus if value else "") + words.number(abs(value))
            pen.write(ax, ruler(value), top - 0.11, text, pen.HEAD.centre)
            zero = ruler is gaps and value == 0
            pen.draw_line(ax, [ruler(value)] * 2, [top, edges[-1]], "ink" if zero else "grid", 0.8)
    pen.write(ax, chart.width, top - 0.11, head, pen.HEAD.right)
    pen.draw_line(ax, [0, chart.width], [top, top])
    widest = sorted(chart.cell(row.key, "gap").estimate for row in chart.rows if chart.cell(row.key, "gap").drawn)
    for place, (row, y) in enumerate(zip(chart.rows, places, strict=True)):
        cells = chart.line(row)
        pen.write(ax, 0, y, labels[place], pen.ITEM)
        _draw_pair(ax, words, y, cells, scale)
        _draw_gap(ax, words, (y, chart.width, widest[-_STRONG:]), cells.get("gap"), gaps)
    return pen.fit_canvas(ax, edges[-1] + 0.04)


def _head_gap(chart: Chart, words: Words, ax: Axes) -> float:
    """Name the two marks above the plot, beside the base; where the key ends."""
    bases = sorted({base for name in chart.columns for base in chart.bases(name)})
    pen.write(ax, 0, 0.1, pen.say_base(bases, words), pen.HEAD)
    marks = {"own": lambda x, y: pen.draw_ring(ax, x, y), "importance": lambda x, y: pen.draw_dot(ax, x, y)}
    entries = [(draw, chart.columns[name]) for name, draw in marks.items() if name in chart.columns]
    return pen.draw_key(ax, entries, (2.7 if chart.dense else 2.3, 0.1))


def _find_range(
    chart: Chart, columns: tuple[str, ...], span: tuple[float, float], least: tuple[float, float]
) -> pen.Scale:
    """Fit a scale to the values, at least from one given value to another."""
    cells = [cell for row in chart.rows for name, cell in chart.line(row).items() if name in columns and cell.drawn]
    values = [value for cell in cells for value in (cell.estimate, cell.low, cell.high) if value == value]
    if len(columns) > 1:
        values = [cell.estimate for cell in cells]
    return pen.Scale(*span, min([*values, least[0]]), max([*values, least[1]]))


def _draw_pair(ax: Axes, words: Words, y: float, cells: Mapping[str, Cell], scale: pen.Scale) -> None:
    pair = [cells[name] for name in ("own", "importance") if name in cells and cells[name].drawn]
    if len(pair) < 2:
        mark = next((cell.mark for cell in cells.values() if not cell.drawn), "not_asked")
        pen.draw_missing(ax, y, mark, scale[:2], words)
        return
    own, importance = (scale(cell.estimate) for cell in pair)
    pen.draw_line(ax, [own, importance], [y, y], "data" if importance >= own else "against", 2.0)
    pen.draw_dot(ax, importance, y)
    pen.draw_ring(ax, own, y)


def _draw_gap(
    ax: Axes, words: Words, at: tuple[float, float, list[float]], cell: Cell | None, scale: pen.Scale
) -> None:
    y, right, widest = at
    if cell is None or not cell.drawn:
        pen.write(ax, right, y, "–", pen.LABEL.right)
        return
    pen.draw_band(ax, y, cell, scale)
    said = round(cell.estimate, 1)
    pen.draw_dot(ax, scale(cell.estimate), y, "against" if said < 0 else "data", ("o", 6.0))
    sign = "−" if said < 0 else "+" if said > 0 else ""
    pen.write(
        ax, right, y, sign + words.number(abs(said), 1), pen.LABEL.but(align="right", bold=cell.estimate in widest)
    )


def draw_bump(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw the order of items at several moments: circles with count or percent, the three that tell most coloured.

    Parameters
    ----------
    chart : Chart
        Rows: items; columns: moments in order; estimate = share that puts the item among its first.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    moments, pitch = list(chart.columns), 0.34 if chart.dense else 0.37
    ranks = {moment: _rank(chart, moment) for moment in moments}
    roles, top, bold = _choose_roles(ranks, moments), 0.46, pen.ITEM.but(bold=True)
    labels = {row.key: bold.wrap(row.label, 2.1 if chart.dense else 1.75) for row in chart.rows}
    pitch = max([pitch, *(bold.height(label.count("\n") + 1) + 0.04 for label in labels.values())])
    room = max((bold.width(label) for label in labels.values()), default=1.0) + 0.24
    step = (chart.width - 2 * room - 0.35) / max(len(moments) - 1, 1)
    columns = [0.25 + room + step * place for place in range(len(moments))]
    ys = {moment: {key: top + pitch * (rank + 0.5) for key, rank in ranks[moment].items()} for moment in moments}
    for moment, x in zip(moments, columns, strict=True):
        hand = pen.HEAD.but(bold=True, align="center")
        pen.write(ax, x, 0.14, hand.wrap(chart.columns[moment], step - 0.1), hand)
        pen.write(ax, x, 0.35, pen.say_base(chart.bases(moment), words), pen.HEAD.centre)
    for place in range(len(chart.rows)):
        pen.write(ax, 0, top + pitch * (place + 0.5), words.number(place + 1), pen.LABEL.but(role="grey"))
    for row in sorted(chart.rows, key=lambda row: row.key in roles):
        role = roles.get(row.key, "")
        trail = [(x, ys[moment][row.key]) for moment, x in zip(moments, columns, strict=True)]
        _draw_trail(ax, trail, role)
        for moment, at in zip(moments, trail, strict=True):
            _draw_node(ax, words, at, chart.cell(row.key, moment), role)
        hand = pen.ITEM.but(role=role or "grey", bold=bool(role))
        for x, y, align in ((columns[0] - 0.24, trail[0][1], "right"), (columns[-1] + 0.24, trail[-1][1], "left")):
            pen.write(ax, x, y, labels[row.key], hand.but(align=align))
    return pen.fit_canvas(ax, top + pitch * len(chart.rows) + 0.05)


def _rank(chart: Chart, moment: str) -> dict[str, int]:
    """Order of the items at a moment; ties and hidden ones keep the order of the table, hidden ones last."""
    cells = {row.key: chart.cell(row.key, moment) for row in chart.rows}
    order = sorted(cells, key=lambda key: -cells[key].estimate if cells[key].drawn else 1.0)
    return {key: rank for rank, key in enumerate(order)}


def _choose_roles(ranks: Mapping[str, Mapping[str, int]], moments: list[str]) -> dict[str, str]:
    """Colour at most three: who rises most, who falls most, and who ends first."""
    first, last = ranks[moments[0]], ranks[moments[-1]]
    climbs = sorted(first, key=lambda key: last[key] - first[key])
    chosen: dict[str, str] = {}
    if climbs and last[climbs[0]] < first[climbs[0]]:
        chosen[climbs[0]] = "data"
    if climbs and last[climbs[-1]] > first[climbs[-1]]:
        chosen[climbs[-1]] = "against"
    leader = next((key for key, rank in sorted(last.items(), key=lambda pair: pair[1]) if key not in chosen), "")
    return {**chosen, leader: "ink"} if leader else chosen


def _draw_trail(ax: Axes, trail: list[tuple[float, float]], role: str) -> None:
    points, codes = [trail[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(trail):
        middle = (x0 + x1) / 2
        points += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    look: dict[str, Any] = {"linewidth": 3.0, "zorder": 3} if role else {"linewidth": 1.6, "zorder": 2}
    ax.add_patch(PathPatch(Path(points, codes), fill=False, edgecolor=pen.INK[role or "rule"], clip_on=False, **look))


def _draw_node(ax: Axes, words: Words, at: tuple[float, float], cell: Cell, role: str) -> None:
    fill, edge = (role, role) if role and cell.drawn else ("ground", role or "rule")
    look: dict[str, Any] = {"facecolor": pen.INK[fill], "edgecolor": pen.INK[edge], "linewidth": 1.5}
    ax.add_patch(Circle(at, 0.135, clip_on=False, zorder=4, **look))
    number = cell.k if cell.n < SMALL_BASE else 100 * cell.estimate
    text = words.number(number) if cell.drawn else "–" if cell.mark != "hidden" else pen.CLOSED
    pen.write(ax, *at, text, pen.SMALL.but(role="on-deep" if fill == role and role else "grey", align="center"))
