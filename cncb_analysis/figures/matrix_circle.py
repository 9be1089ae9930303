"""Who sits where and does what: counts in a shaded matrix; ordered steps that feed each other: a circle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import seaborn as sns
from matplotlib.colors import ListedColormap
from matplotlib.patches import Circle, FancyArrowPatch

from cncb_analysis.figures import layout as pen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Cell, Chart
    from cncb_analysis.words import Words

_STEPS = ("step-1", "step-2", "step-3", "step-4", "step-5")
_WEAK = 1 / 3


def draw_matrix(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw counts in cells, shaded by their share of n; bodies as columns, actors and roles as rows in blocks.

    Parameters
    ----------
    chart : Chart
        Rows: actors or roles (`section` = title of the block); columns: bodies; k of n.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    longest = max(pen.LABEL.width(row.label) for row in chart.rows)
    room = max(1.2, min(longest + 0.2, 3.2 if chart.dense else 2.6))
    lines = max(pen.LABEL.wrap(row.label, room - 0.2).count("\n") + 1 for row in chart.rows)
    pitch = max(0.27, pen.LABEL.height(lines) + 0.03)
    width = (chart.width - room) / len(chart.columns)
    hand = pen.HEAD.but(role="ink", bold=True, align="center")
    heads = [hand.wrap(label, width - 0.08) for label in chart.columns.values()]
    tall = hand.height(max(head.count("\n") + 1 for head in heads))
    top = tall + 0.34
    pen.write(ax, room - 0.12, top - 0.13, words.text("head.n"), pen.HEAD.right)
    for place, (name, head) in enumerate(zip(chart.columns, heads, strict=True)):
        x = room + width * (place + 0.5)
        pen.write(ax, x, tall / 2 + 0.02, head, hand)
        pen.write(ax, x, top - 0.13, pen.say_range(chart.bases(name), words), pen.HEAD.centre)
    y = top
    for section in dict.fromkeys(row.section for row in chart.rows):
        pen.draw_line(ax, [0, chart.width], [y, y])
        if section:
            pen.write(ax, 0, y + 0.16, section, pen.HEAD.but(bold=True))
        y = _draw_block(ax, chart, words, section, (room, y + (0.3 if section else 0.07), pitch)) + 0.09
    y = _draw_shades(ax, words, (room, chart.width), y + 0.06)
    return pen.fit_canvas(ax, pen.key_closed(ax, chart, words, y) + 0.06)


def _draw_block(ax: Axes, chart: Chart, words: Words, section: str, at: tuple[float, float, float]) -> float:
    """Draw one block of rows as a heat map; where it ends."""
    room, y, pitch = at
    rows = [row for row in chart.rows if row.section == section]
    cells = [[chart.cell(row.key, name, section) for name in chart.columns] for row in rows]
    height = pitch * len(rows)
    inner = pen.place_inside(ax, (room, y), (chart.width - room, height))
    shades = np.array([[_shade(cell) for cell in line] for line in cells])
    colours = ListedColormap([pen.INK["band"], *(pen.INK[step] for step in _STEPS)])
    grid: dict[str, Any] = {"linewidths": 3.0, "linecolor": pen.INK["ground"], "cbar": False}
    sns.heatmap(shades, ax=inner, cmap=colours, vmin=-0.5, vmax=5.5, **grid)
    inner.set(xticks=[], yticks=[], xlabel="", ylabel="")
    for line, row in enumerate(rows):
        middle = y + pitch * (line + 0.5)
        pen.write(ax, 0, middle, pen.LABEL.wrap(row.label, room - 0.2), pen.LABEL)
        for column, cell in enumerate(cells[line]):
            x = room + (chart.width - room) / len(chart.columns) * (column + 0.5)
            hand, said = pen.LABEL.but(role="faint", align="center"), pen.CLOSED if cell.mark == "hidden" else "–"
            if not cell.drawn:
                pen.write(ax, x, middle, said, hand)
            elif cell.k > 0:
                role, bold = ("on-deep", True) if shades[line, column] > 3 else ("on-pale", False)
                pen.write(ax, x, middle, words.number(cell.k), hand.but(size=8.0, role=role, bold=bold))
    return y + height


def _shade(cell: Cell) -> int:
    """Class of a share: none, then fifths."""
    return min(5, math.ceil(cell.estimate * 5 - 1e-9)) if cell.drawn and cell.k > 0 else 0


def _draw_shades(ax: Axes, words: Words, span: tuple[float, float], y: float) -> float:
    pen.write(ax, span[0] - 0.12, y + 0.08, words.text("chart.share_of_n"), pen.SMALL.right)
    pitch = (span[1] - span[0]) / len(_STEPS)
    for place, step in enumerate(_STEPS):
        x = span[0] + pitch * place
        pen.draw_bar(ax, (x + 0.02, y + 0.08), (0.22, 0.11), step)
        pen.write(ax, x + 0.29, y + 0.08, f"≤ {words.percent((place + 1) / len(_STEPS))}", pen.SMALL)
    return y + 0.16


def draw_circle(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw steps clockwise from the top: area and number say how many name a step, arcs how many name it and the next.

    Parameters
    ----------
    chart : Chart
        Rows: steps in order; columns: `node`, `link` (to the next step).
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    radius, middle = 1.12 if chart.dense else 1.25, chart.width / 2
    centre, count = radius + 0.36, len(chart.rows)
    angles = [2 * math.pi * place / count for place in range(count)]
    nodes = [chart.cell(row.key, "node") for row in chart.rows]
    links = [chart.cell(row.key, "link") for row in chart.rows]
    if not any(cell.drawn for cell in nodes):
        pen.draw_missing(ax, 0.3, nodes[0].mark if nodes else "not_asked", (0, chart.width), words)
        return pen.fit_canvas(ax, 0.6)
    spots = [(middle + radius * math.sin(a), centre - radius * math.cos(a)) for a in angles]
    sizes = [0.14 + 0.16 * math.sqrt(cell.estimate) if cell.drawn else 0.14 for cell in nodes]
    for place in range(count):
        after = (place + 1) % count
        ends = (angles[place] + (sizes[place] + 0.05) / radius, angles[place] + 2 * math.pi / count)
        arc = (middle, centre, radius, ends[0], ends[1] - (sizes[after] + 0.03) / radius)
        _draw_arc(ax, words, links[place], arc)
        _draw_step(ax, words, (spots[place], sizes[place]), nodes[place])
        _label_step(ax, chart, place, (spots[place], sizes[place]), middle)
    _draw_weakest(ax, words, (middle, centre), links)
    return pen.fit_canvas(ax, pen.key_closed(ax, chart, words, centre + radius + 0.3))


def _draw_step(ax: Axes, words: Words, at: tuple[tuple[float, float], float], cell: Cell) -> None:
    shade = _shade(cell)
    face = pen.INK[_STEPS[shade - 1]] if shade else pen.INK["band"]
    edge = pen.INK["data" if cell.drawn else "rule"]
    ax.add_patch(Circle(at[0], at[1], facecolor=face, edgecolor=edge, linewidth=1.2, clip_on=False, zorder=4))
    if cell.drawn:
        hand = pen.LABEL.but(bold=True, align="center", role="on-deep" if shade > 3 else "on-pale")
        pen.write(ax, *at[0], words.number(cell.k), hand)
    else:
        pen.write(ax, *at[0], pen.CLOSED if cell.mark == "hidden" else "–", pen.LABEL.but(role="faint", align="center"))


def _label_step(ax: Axes, chart: Chart, place: int, at: tuple[tuple[float, float], float], middle: float) -> None:
    """Write a step's name beside its node, on the outer side."""
    (x, y), size = at
    right = x >= middle - 0.01
    edge = x + size + 0.14 if right else x - size - 0.14
    room = chart.width - edge if right else edge
    hand = pen.LABEL.but(bold=True, align="left" if right else "right")
    label = hand.wrap(f"{place + 1} {chart.rows[place].label}", room)
    pen.write(ax, edge, y - (0.12 if place == 0 else 0.0), label, hand)


def _draw_arc(ax: Axes, words: Words, cell: Cell, arc: tuple[float, float, float, float, float]) -> None:
    """Draw the way to the next step; brown and dashed where less than a third go it."""
    x, y, radius, start, end = arc
    places = [start + (end - start) * i / 24 for i in range(25)]
    points = [(x + radius * math.sin(a), y - radius * math.cos(a)) for a in places]
    weak = cell.drawn and cell.estimate < _WEAK
    role = "against" if weak else "data" if cell.drawn else "rule"
    width = 1.2 + 3.6 * cell.estimate if cell.drawn else 1.2
    pen.draw_line(ax, [x for x, _ in points[:-2]], [y for _, y in points[:-2]], role, width)
    tip: dict[str, Any] = {"color": pen.INK[role], "linewidth": 0, "mutation_scale": 9 + 2 * width}
    head = "-|>,head_length=0.55,head_width=0.38"
    ax.add_patch(FancyArrowPatch(points[-4], points[-1], arrowstyle=head, clip_on=False, shrinkA=0, shrinkB=0, **tip))
    inner, angle = radius - 0.24, (start + end) / 2
    text = words.number(cell.k) if cell.drawn else pen.CLOSED if cell.mark == "hidden" else "–"
    hand = pen.HEAD.but(role=role if cell.drawn else "faint", bold=weak, align="center")
    pen.write(ax, x + inner * math.sin(angle), y - inner * math.cos(angle), text, hand)


def _draw_weakest(ax: Axes, words: Words, at: tuple[float, float], links: list[Cell]) -> None:
    """Say in the middle where the circle is thinnest, when every link is shown."""
    if all(cell.drawn for cell in links):
        weakest = min(links, key=lambda cell: cell.estimate)
        hand = pen.LABEL.but(size=13, bold=True, align="center")
        pen.write(ax, at[0], at[1] - 0.09, words.count_of(weakest.k, weakest.n), hand)
        hand = pen.LABEL.but(role="grey", align="center")
        pen.write(ax, at[0], at[1] + 0.14, hand.wrap(words.text("chart.weakest_link"), 1.5), hand)
