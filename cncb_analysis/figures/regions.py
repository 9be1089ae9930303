"""Charts of regions: tiles or outlines, quotient against jobs, ranking, bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import seaborn as sns
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from cncb_analysis.figures import layout
from cncb_analysis.figures.chart import Cell
from cncb_analysis.figures.layout import HEAD, SMALL, Column, Sheet, Span, draw_rows, drawer
from cncb_analysis.figures.panels import SIDE, find_shade, paint_shade
from cncb_analysis.figures.rows import paint_interval, text_column

Painter = Callable[[Sheet, Span, Cell], None]

_LISTED, _NAMED, _MAP = 8, 12, 4.1
_TICKS = [step * 10.0**power for power in range(-2, 7) for step in (1, 2, 5)]
# Mark, area, colour by stars: no reader needs the colour.
_STARS = {
    0: ("o", 9, "rule"), 1: ("o", 26, "step-3"), 2: ("s", 26, "data"), 3: ("*", 90, "against"), 4: ("P", 70, "ink"),
}  # fmt: skip


@drawer
def draw_tiles(sheet: Sheet) -> None:
    """Draw each region as a tile with its number, or by its outline where the study has them; the highest named beside.

    Rows: regions (further columns x, y, country, name, outline). Column: `value`; text `own` marks a region.
    """
    chart, words = sheet.table, sheet.words
    ends = (2.0, 3.0, 5.0, 10.0) if chart["estimate"].max() > 6 else (1.0, 1.5, 2.0, 3.0)
    drawn = "outline" in chart and chart["outline"].ne("").any()
    edge, low = (_draw_outlines if drawn else _draw_grid)(sheet, ends)
    said = [words.number(end, 1) for end in ends]
    for place, text in enumerate([*(f"≤ {end}" for end in said), f"> {said[-1]}"]):
        sheet.box(Span(edge, edge + 0.14, 0.1 + 0.18 * place), 0.12, f"step-{place + 1}")
        sheet.write(edge + 0.22, 0.1 + 0.18 * place, text, SMALL)
    if chart["text"].eq("own").any():
        sheet.box(Span(edge, edge + 0.14, 1.08), 0.12, "", "against")
        sheet.write(edge + 0.22, 1.08, words.text("chart.own_region"), SMALL)
    sheet.write(edge, 1.4, words.text("chart.highest"), SMALL._replace(bold=True))
    for place, row in enumerate(chart.nlargest(_LISTED, "estimate").itertuples()):
        name = SMALL.wrap(row.row_label, sheet.width - edge - 0.35).split("\n")[0]
        sheet.write(edge, 1.58 + 0.17 * place, name, SMALL._replace(role="ink"))
        sheet.write(sheet.width, 1.58 + 0.17 * place, words.number(row.estimate, 1), SMALL._replace(align="right"))
    sheet.y = max(low, 1.5 + 0.17 * _LISTED)


def _draw_grid(sheet: Sheet, ends: tuple[float, ...]) -> tuple[float, float]:
    """Draw tiles with their numbers, an ink line round each country; where there is room beside, and where they end."""
    chart, words = sheet.table, sheet.words
    x0, y0 = 0.85 - chart["x"].min() * SIDE, 0.02 - chart["y"].min() * SIDE
    places = {(row.x, row.y): row for row in chart.itertuples()}
    sides: dict[str, list[list[tuple[float, float]]]] = {"ink": [], "against": []}
    for row, cell in zip(chart.itertuples(), sheet.cells("value"), strict=True):
        x, y, role = x0 + row.x * SIDE, y0 + row.y * SIDE, "against" if row.text == "own" else "ink"
        text = words.number(cell.estimate, 1) if cell.drawn else sheet.number(cell)
        look = paint_shade(sheet, Span(x + 0.01, x + SIDE - 0.01, y + SIDE / 2), cell, text, ends)
        sheet.write(x + SIDE / 2, y + 0.085, row.row[2:], look._replace(size=5.6, bold=False))
        corners = [(x, y), (x + SIDE, y), (x + SIDE, y + SIDE), (x, y + SIDE), (x, y)]
        for place, (dx, dy) in enumerate(((0, -1), (1, 0), (0, 1), (-1, 0))):
            other = places.get((row.x + dx, row.y + dy))
            if role == "against" or other is None or other.country != row.country:
                sides[role].append(corners[place : place + 2])
    for role, lines in sides.items():
        width = 1.1 + (role == "against")
        sheet.ax.add_collection(LineCollection(lines, colors=layout.ink(role), linewidths=width, zorder=5))
    _name_countries(sheet, set(places), (x0, y0))
    return x0 + (chart["x"].max() + 1) * SIDE + 0.8, y0 + (chart["y"].max() + 1) * SIDE


def _draw_outlines(sheet: Sheet, ends: tuple[float, ...]) -> tuple[float, float]:
    """Draw regions by their outlines, the page's own with a strong edge; as `_draw_grid`."""
    scale, low = _MAP / 1000, 0.0
    for row, cell in zip(sheet.table.itertuples(), sheet.cells("value"), strict=True):
        points, codes = [], []
        for ring in row.outline.split(";"):
            turn = [tuple(int(number) * scale for number in point.split(",")) for point in ring.split()]
            points += [*turn, turn[0]]
            codes += [Path.MOVETO, *[Path.LINETO] * (len(turn) - 1), Path.CLOSEPOLY]
        own, step = row.text == "own", find_shade(cell, ends)
        edge, width = ("against", 1.6) if own else ("ground", 0.5)
        patch = PathPatch(Path(points, codes), clip_on=False)
        sheet.add(patch, f"step-{step}" if step else "band", edge, width, 4 if own else 3)
        low = max([low, *(y for _, y in points)])
    return _MAP + 0.3, low


def _name_countries(sheet: Sheet, taken: set[tuple[int, int]], origin: tuple[float, float]) -> None:
    """Write each country's name beside its outline, in the first free room left or right of it."""
    named, rows = set(), sheet.table.sort_values(["y", "x"])
    for side, row in [(side, row) for side in (-1, 1) for row in rows.itertuples()]:
        name, look = sheet.words.country(row.country), HEAD._replace(role="ink", bold=True)
        room = {(row.x + side * step, row.y) for step in range(1, int((look.width(name) + 0.08) / SIDE) + 2)}
        x = origin[0] + (row.x + (side > 0)) * SIDE + 0.06 * side
        if row.country not in named and not room & taken and x + side * look.width(name) > 0:
            named.add(row.country)
            taken |= room
            look = look._replace(align="right" if side < 0 else "left")
            sheet.write(x, origin[1] + (row.y + 0.5) * SIDE, name, look)


@drawer
def draw_scatter(sheet: Sheet) -> None:
    """Draw location quotient against jobs, both logarithmic; stars by form, size and lightness.

    Rows: sectors of regions (further columns jobs, stars, name). Column: `lq`.
    """
    words, marks = sheet.words, sheet.apart("threshold")
    points = sheet.table.drop(index=marks.index)
    points = points[(points["estimate"] > 0) & (points["jobs"] > 0)]
    if points.empty:
        return sheet.nothing("too_few")
    points = points.assign(stars=points["stars"].fillna(0).clip(0, 4).astype(int)).sort_values("stars", kind="stable")
    floor, end = 3.5, sheet.width - 0.3
    for key, name, span in (("jobs", "jobs", Span(0.5, end)), ("lq", "estimate", Span(floor, 0.35))):
        logs, flat = np.log10(points[name]), key == "jobs"
        span = span._replace(low=logs.min() - 0.08, high=logs.max() + 0.08)
        points[f"at_{key}"] = [span.at(value) for value in logs]
        ticks = [tick for tick in _TICKS if span.low <= math.log10(tick) <= span.high]
        for tick in ticks if len(ticks) < 8 else [tick for tick in ticks if f"{tick:e}"[0] == "1"]:
            at, look = span.at(math.log10(tick)), HEAD._replace(align="center" if flat else "right")
            sheet.write(at if flat else 0.36, floor + 0.12 if flat else at, words.number(tick, int(tick < 1)), look)
        for row in marks[marks["column"] == key].itertuples():
            at, look = span.at(math.log10(row.estimate)), SMALL._replace(role="against")
            sheet.rule([at, at] if flat else [0.5, end], [floor, 0.35] if flat else [at, at], "against", 1.0)
            sheet.write(at + 0.05 if flat else 0.5, 0.35 if flat else at - 0.08, row.row_label, look)
    sheet.rule([0.5, end], [floor, floor])
    marker, area = ({star: look[part] for star, look in _STARS.items()} for part in range(2))
    colour = {star: layout.ink(look[2]) for star, look in _STARS.items()}
    sns.scatterplot(
        points, x="at_jobs", y="at_lq", hue="stars", palette=colour, style="stars", markers=marker, size="stars",
        sizes=area, ax=sheet.ax, legend=False, edgecolor=layout.ink("ground"), linewidth=0.4, zorder=4,
    )  # fmt: skip
    known, alone = points[points["stars"] > 0], points["row"].str.split().str[0].nunique() == 1
    for row in known.sort_values(["stars", "estimate"], ascending=False).head(_NAMED).itertuples():
        aside = known["at_jobs"].between(row.at_jobs + 0.02, row.at_jobs + 0.8)
        if not (aside & (abs(known["at_lq"] - row.at_lq) < 0.12)).any() and row.at_jobs < sheet.width - 0.8:
            sheet.write(row.at_jobs + 0.08, row.at_lq, row.row.split()[-1] if alone else row.row, SMALL)
    sheet.write(0, 0.1, words.text("head.lq"), HEAD)
    sheet.y = floor + 0.26
    sheet.write(sheet.width, sheet.y + 0.1, words.text("head.jobs"), HEAD._replace(align="right"))
    sheet.write(0, sheet.y + 0.1, words.text("head.stars"), HEAD)
    signs = [(partial(_draw_star, sheet, star), words.number(star)) for star in sorted(points["stars"].unique())]
    return sheet.key(signs, HEAD.width(words.text("head.stars")) + 0.15)


def _draw_star(sheet: Sheet, star: int, span: Span) -> None:
    marker, area, role = _STARS[star]
    sheet.dot(span.at(0.5), span.y, role, (marker, area**0.5), mew=0)


@drawer
def draw_ranking(sheet: Sheet) -> None:
    """Draw location quotients with their intervals, the highest first, and the jobs behind them.

    Rows: sectors of regions, `threshold`. Columns: `lq`, `jobs`.
    """
    _draw_quotients(sheet, paint_interval)


@drawer
def draw_bounds(sheet: Sheet) -> None:
    """Draw between which two ends a quotient lies that hidden figures keep from being known.

    Rows: sectors of regions, `threshold`. Columns: `lq` (low, high), `jobs`.
    """
    _draw_quotients(sheet, _paint_ends)


def _draw_quotients(sheet: Sheet, paint: Painter) -> None:
    words = sheet.words
    most = max([1.0, *(end for cell in sheet.cells("lq") for end in (cell.estimate, cell.high) if end == end)])
    ticks = {float(tick): words.number(tick) for tick in np.linspace(0, math.ceil(most), 5).round() if tick <= most}
    jobs = text_column(
        sheet, "jobs", lambda cell: words.number(cell.estimate) if cell.drawn else "–", sheet.columns["jobs"]
    )
    said = text_column(sheet, "lq", lambda cell: _say_quotient(sheet, cell, paint), words.text("head.lq"))
    plot = Column(paint, "lq", ticks={**ticks, most * 1.02: ""})
    span = draw_rows(sheet, [jobs, plot, said], 2.3, 0.24)["lq"]
    for row in sheet.apart("threshold").itertuples():
        if row.column == "lq" and row.estimate < most:
            x = span.at(row.estimate)
            sheet.rule([x, x], [span.y, sheet.y], "against", 1.0)


def _say_quotient(sheet: Sheet, cell: Cell, paint: Painter) -> str:
    if paint is paint_interval:
        return sheet.words.number(cell.estimate, 1) if cell.drawn else "–"
    low, high = (sheet.words.number(end, 1) for end in (cell.low, cell.high))
    return sheet.words.text("interval.from_to", {"low": low, "high": high})


def _paint_ends(sheet: Sheet, span: Span, cell: Cell) -> None:
    """Paint a dumbbell: least and most as rings, what lies between as a line."""
    if not cell.drawn:
        return sheet.missing(span, cell.mark)
    x0, x1 = span.at(max(cell.low, span.low)), span.at(min(cell.high, span.high))
    sheet.rule([x0, x1], [span.y] * 2, "data", 1.8)
    sheet.dot(x0, span.y, inside="ground")
    return sheet.dot(x1, span.y, inside="ground")
