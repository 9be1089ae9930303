"""Charts in cells and places: matrix, decision, bump, circle."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, PathPatch
from matplotlib.path import Path

from cncb_analysis.figures import layout
from cncb_analysis.figures.chart import NOTHING, Cell
from cncb_analysis.figures.layout import HEAD, LABEL, MIDDLE, SMALL, Column, Look, Sheet, Span, draw_rows, drawer
from cncb_analysis.figures.rows import paint_interval
from cncb_analysis.words import SMALL_BASE

_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_CENTRE = SMALL._replace(align="center")
# What a cell of a step is filled with, the text on it; the mark of a country.
_POSITIONS = {
    "agreement": ("data", "on-deep", "o"), "partial": ("tint", "on-pale", "o"),
    "dissonance": ("against-tint", "on-pale", "x"), "silence": ("band", "grey", "_"), "hidden": ("band", "faint", ""),
}  # fmt: skip
SIDE, _STEP = 0.31, 0.56


def find_shade(cell: Cell, ends: tuple[float, ...] = _FIFTHS) -> int:
    """Class of a value, 1 to 5; 0 for none."""
    return 1 + sum(cell.estimate > end + 1e-9 for end in ends) if cell.drawn and cell.estimate > 0 else 0


def paint_shade(sheet: Sheet, span: Span, cell: Cell, text: str, ends: tuple[float, ...] = _FIFTHS) -> Look:
    """Fill a cell by its class and write in it; how to write more there."""
    shade = find_shade(cell, ends)
    sheet.box(span, 0.23 if ends == _FIFTHS else SIDE - 0.02, f"step-{shade}" if shade else "band")
    look = MIDDLE._replace(role="on-deep" if shade > 3 else "on-pale" if shade else "faint", bold=shade > 3)
    sheet.write(span.at(0.5), span.y + (0.0 if ends == _FIFTHS else 0.05), text, look)
    return look


@drawer
def draw_matrix(sheet: Sheet) -> None:
    """Draw counts in cells, shaded by their share of n; rows in blocks.

    Rows: actors or roles, `section` = title of the block. Columns: bodies; k of n.
    """

    def paint(sheet: Sheet, span: Span, cell: Cell) -> None:
        wide = span._replace(x0=span.x0 - 0.05, x1=span.x1 + 0.05)
        paint_shade(sheet, wide, cell, "" if cell.k == 0 else sheet.number(cell))

    heads = {key: f"{head}\nn = {sheet.base([key])}" for key, head in sheet.columns.items()}
    draw_rows(sheet, [Column(paint, key, head, align="center") for key, head in heads.items()], 2.0)
    sheet.y += 0.1
    sheet.write(0, sheet.y + 0.1, sheet.words.text("chart.share_of_n"), HEAD)
    shades = {f"step-{place}": sheet.words.percent(end) for place, end in enumerate((*_FIFTHS, 1), start=1)}
    sheet.key([(partial(sheet.box, height=0.12, role=role), f"≤ {text}") for role, text in shades.items()], 2.1)


@drawer
def draw_decision(sheet: Sheet) -> None:
    """Draw measures grouped by decision: a word a step, a sign a country, the rank with its interval.

    Rows: measures, `section` = decision. Columns: steps, countries (two capitals), `decision`, `rank`; `text` =
    agreement, partial, dissonance, silence, not_asked or hidden.
    """
    words, last = sheet.words, max(len(sheet.lines), 2)
    said = {name: words.text(f"position.{name}.short") for name in _POSITIONS}
    fits = max(SMALL.width(text) for text in said.values()) < _STEP
    ticks = {float(rank): words.number(rank) for rank in (1, (last + 1) // 2, last)}
    step, sign = partial(_paint_step, said if fits else {}), _paint_sign
    columns = []
    for key, head in sheet.columns.items():
        if key == "rank":
            columns.append(Column(paint_interval, key, head, ticks=ticks))
        elif key != "decision":
            paint, width = (sign, 0.1) if len(key) == 2 else (step, _STEP - 0.1)
            columns.append(Column(paint, key, head, width, "center"))
    draw_rows(sheet, columns, 1.55)
    sheet.y += 0.05
    shown = [name for name in said if name in set(sheet.table["text"]) - {"hidden"}]
    sheet.key([(partial(_paint_sign, sheet, cell=NOTHING._replace(text=name)), said[name]) for name in shown], 1.6)


def _paint_step(said: dict[str, str], sheet: Sheet, span: Span, cell: Cell) -> None:
    """Fill a step's cell and say its position: in a word, or as a sign where words have no room."""
    if cell.text in _POSITIONS:
        fill, role, _ = _POSITIONS[cell.text]
        sheet.box(span._replace(x0=span.x0 - 0.05, x1=span.x1 + 0.05), 0.21, fill)
        sheet.write(span.at(0.5), span.y, said.get(cell.text, ""), _CENTRE._replace(role=role))
        if not said:
            _paint_sign(sheet, span, cell, role)


def _paint_sign(sheet: Sheet, span: Span, cell: Cell, on: str = "data") -> None:
    """Paint a position as a sign that a copier keeps: full, half, cross, dash, dot; nothing for not asked."""
    marker = _POSITIONS.get(cell.text, ("", "", ""))[2]
    half = {"fillstyle": "left", "markerfacecoloralt": "none"} if cell.text == "partial" else {}
    if marker:
        sheet.dot(span.at(0.5), span.y, {"x": "against", "_": "grey"}.get(marker, on), (marker, 6.0), **half)
    elif cell.text == "hidden":
        sheet.write(span.at(0.5), span.y, layout.CLOSED, MIDDLE._replace(role="faint"))


@drawer
def draw_bump(sheet: Sheet) -> None:
    """Draw the order of items at several moments: count or percent in circles, the three that tell most coloured.

    Where a number is not shown no order is known: then the items keep that of the table.

    Rows: items. Columns: moments in order; estimate = share that puts the item among its first.
    """
    trails = list(zip(*map(sheet.cells, sheet.columns), strict=True))
    whole = all(cell.drawn for trail in trails for cell in trail)
    values = np.array([[cell.estimate if whole else 0.0 for cell in trail] for trail in trails])
    ranks = np.argsort(np.argsort(-values, axis=0, kind="stable"), axis=0)
    climbs = ranks[:, -1] - ranks[:, 0]
    up, down = climbs.argmin() if climbs.min() < 0 else -1, climbs.argmax() if climbs.max() > 0 else -1
    leader = next((item for item in ranks[:, -1].argsort() if whole and item not in {up, down}), -1)
    roles = {up: "data", down: "against", leader: "ink"}
    xs, look = np.linspace(2.1, sheet.width - 1.9, len(sheet.columns)), HEAD._replace(align="center")
    for x, (moment, head) in zip(xs, sheet.columns.items(), strict=True):
        text = look.wrap(head, (sheet.width - 4.0) / max(len(xs) - 1, 1) - 0.1)
        sheet.write(x, 0.21, f"{text}\nn = {sheet.base([moment])}", look)
    for item, (trail, rank, label) in enumerate(zip(trails, ranks, sheet.labels.values(), strict=True)):
        role, points = roles.get(item, ""), [(x, 0.62 + 0.34 * place) for x, place in zip(xs, rank, strict=True)]
        path = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            path += [((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        codes = [Path.MOVETO, *[Path.CURVE4] * (len(path) - 1)]
        sheet.add(PathPatch(Path(path, codes)), "", role or "rule", 3.0 if role else 1.6, 3 if role else 2)
        for at, cell in zip(points, trail, strict=True):
            fill = role if cell.drawn and role else "ground"
            sheet.add(Circle(at, 0.13), fill, role or "rule", 1.5, 4)
            percent = cell.drawn and cell.n >= SMALL_BASE
            text = sheet.words.number(100 * cell.estimate) if percent else sheet.number(cell)
            sheet.write(*at, text, _CENTRE._replace(role="grey" if fill == "ground" else "on-deep"))
        name, text = layout.fit_label(label, Look(8.0, role or "grey", bold=bool(role)), 1.65)
        sheet.write(0, 0.62 + 0.34 * item, sheet.words.number(item + 1) * whole, LABEL._replace(role="grey"))
        sheet.write(points[0][0] - 0.24, points[0][1], text, name._replace(align="right"))
        sheet.write(points[-1][0] + 0.24, points[-1][1], text, name)
    sheet.y = 0.48 + 0.34 * len(trails)


@drawer
def draw_circle(sheet: Sheet) -> None:
    """Draw steps clockwise from the top: area and number say how many name a step, arcs how many name it and the next.

    Rows: steps in order. Columns: `node`, `link` (to the next step).
    """
    nodes, links, radius, centre = sheet.cells("node"), sheet.cells("link"), 1.25, sheet.width / 2
    sizes = [0.14 + 0.16 * math.sqrt(cell.estimate if cell.drawn else 0) for cell in nodes]
    turn = 2 * math.pi / len(nodes)

    def place_at(angle: float, distance: float = radius) -> tuple[float, float]:
        return centre + distance * math.sin(angle), radius + 0.36 - distance * math.cos(angle)

    for place, (node, link, size, label) in enumerate(zip(nodes, links, sizes, sheet.labels.values(), strict=True)):
        (x, y), shade = place_at(turn * place), find_shade(node)
        edge = "data" if node.drawn else "rule"
        sheet.add(Circle((x, y), size), f"step-{shade}" if shade else "band", edge, 1.2, 4)
        look = LABEL._replace(bold=True, align="center")
        sheet.write(x, y, sheet.number(node), look._replace(role="on-deep" if shade > 3 else "on-pale"))
        start = turn * place + (size + 0.05) / radius
        end = turn * (place + 1) - (sizes[place + 1 - len(sizes)] + 0.04) / radius
        role = "rule" if not link.drawn else "against" if link.estimate < 1 / 3 else "data"
        width = 1.2 + 3.6 * (link.estimate if link.drawn else 0)
        _draw_arc(sheet, [place_at(angle) for angle in np.linspace(start, end, 25)], role, width)
        look = MIDDLE._replace(role="faint" if role == "rule" else role, bold=role == "against")
        sheet.write(*place_at((start + end) / 2, radius - 0.24), sheet.number(link), look)
        side = 1 if x > centre - 0.01 else -1
        look, edge_x = LABEL._replace(bold=True, align="left" if side > 0 else "right"), x + (size + 0.14) * side
        text = look.wrap(f"{place + 1} {label}", sheet.width - edge_x if side > 0 else edge_x)
        sheet.write(edge_x, y - 0.12 * (place == 0), text, look)
    if all(cell.drawn for cell in links):
        weakest, look = min(links, key=lambda cell: cell.estimate), LABEL._replace(align="center")
        said = sheet.words.count_of(weakest.k, weakest.n)
        sheet.write(centre, radius + 0.26, said, look._replace(size=13, bold=True))
        sheet.write(centre, radius + 0.5, look.wrap(sheet.words.text("chart.weakest_link"), 1.4), look)
    sheet.y = 2 * radius + 0.66


def _draw_arc(sheet: Sheet, points: list[tuple[float, float]], role: str, width: float) -> None:
    sheet.rule([x for x, _ in points[:-2]], [y for _, y in points[:-2]], role, width)
    head = "-|>,head_length=0.55,head_width=0.38"
    tip = FancyArrowPatch(points[-4], points[-1], arrowstyle=head, mutation_scale=9 + 2 * width, shrinkA=0, shrinkB=0)
    tip.set(color=layout.ink(role), linewidth=0, zorder=3)
    sheet.ax.add_patch(tip)
