"""Regions as tiles of equal size; specialisation against size."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import seaborn as sns
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from cncb_analysis.figures import layout as pen
from cncb_analysis.style import FONT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Cell, Chart
    from cncb_analysis.words import Words

_SIDE = 0.31
_LISTED = 6
_STEPS = ("step-1", "step-2", "step-3", "step-4", "step-5")
_TILE = pen.Hand(5.6, "on-pale", "center")
# Mark, size in points and colour by stars: no reader needs the colour.
_STARS = {0: ("o", 7, "faint"), 1: ("o", 26, "step-3"), 2: ("s", 26, "data"), 3: ("*", 90, "against")}
_NAMED, _TICKS = 10, 7
_OWN: dict[str, Any] = {"fill": False, "edgecolor": pen.INK["against"], "linewidth": 2.0}
_DECADES = [step * 10**power for power in range(-2, 7) for step in (1, 2, 5)]


def draw_tiles(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw each region as a tile with its number; an ink line round each country, its name beside it.

    Parameters
    ----------
    chart : Chart
        Rows: regions (key = code, further columns x, y, country, name); column `value`; text `own` marks a region.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    table = chart.table.drop_duplicates("row")
    origin = (0.85 - table["x"].min() * _SIDE, 0.02 - table["y"].min() * _SIDE)
    cells = {row.key: chart.cell(row.key, "value") for row in chart.rows}
    values = [cell.estimate for cell in cells.values() if cell.drawn]
    breaks = _find_breaks(values)
    places = {(int(row.x), int(row.y)): str(row.country) for row in table.itertuples()}
    for row in table.itertuples():
        at = (origin[0] + row.x * _SIDE, origin[1] + row.y * _SIDE)
        _draw_tile(ax, words, (at, str(row.row)[2:]), cells[str(row.row)], breaks)
        if row.text == "own":
            ax.add_patch(Rectangle(at, _SIDE, _SIDE, zorder=5, **_OWN))
    ax.add_collection(LineCollection(_outline(places, origin), colors=pen.INK["ink"], linewidths=1.1, zorder=4))
    _name_countries(ax, words, places, origin)
    edge = origin[0] + (table["x"].max() + 1) * _SIDE + 0.8
    low = _draw_classes(ax, words, edge, breaks)
    if (table["text"] == "own").any():
        ax.add_patch(Rectangle((edge + 0.02, low - 0.05), 0.16, 0.12, **_OWN))
        pen.write(ax, edge + 0.29, low, words.text("chart.own_region"), pen.SMALL)
    _list_highest(ax, chart, words, cells, (edge, low + 0.3))
    bottom = origin[1] + (table["y"].max() + 1) * _SIDE
    return pen.fit_canvas(ax, pen.key_closed(ax, chart, words, max(bottom, low + 0.5 + 0.17 * _LISTED) + 0.05))


def _find_breaks(values: list[float]) -> tuple[float, ...]:
    """Lower ends of the classes two to five: whole counts, quotients near one, or high ones."""
    if all(value == round(value) and value <= 4 for value in values):
        return (1, 2, 3, 4)
    return (2, 3, 5, 10) if max(values) > 6 else (1, 1.5, 2, 3)


def _draw_tile(
    ax: Axes, words: Words, at: tuple[tuple[float, float], str], cell: Cell, breaks: tuple[float, ...]
) -> None:
    (x, y), code = at
    shade = sum(cell.estimate >= end for end in breaks)
    role = _STEPS[shade] if cell.drawn and cell.estimate > 0 else "band"
    pen.draw_bar(ax, (x + 0.01, y + _SIDE / 2), (_SIDE - 0.02, _SIDE - 0.02), role)
    hand = _TILE.but(role="faint" if role == "band" else "on-deep" if shade > 2 else "on-pale")
    digits = 0 if breaks[0] == int(breaks[0]) and breaks[1] == 2 else 1
    said = words.number(cell.estimate, digits) if cell.drawn else pen.CLOSED if cell.mark == "hidden" else "–"
    pen.write(ax, x + _SIDE / 2, y + 0.085, code, hand)
    pen.write(ax, x + _SIDE / 2, y + 0.205, said, hand.but(size=7.2, bold=shade > 2))


def _outline(places: Mapping[tuple[int, int], str], origin: tuple[float, float]) -> list[list[tuple[float, float]]]:
    """Sides of tiles where the country ends."""
    lines = []
    for (column, row), country in places.items():
        x, y = origin[0] + column * _SIDE, origin[1] + row * _SIDE
        sides = {(-1, 0): (0, 0, 0, 1), (1, 0): (1, 0, 1, 1), (0, -1): (0, 0, 1, 0), (0, 1): (0, 1, 1, 1)}
        for (dx, dy), side in sides.items():
            if places.get((column + dx, row + dy)) != country:
                start, end = (x + _SIDE * side[0], y + _SIDE * side[1]), (x + _SIDE * side[2], y + _SIDE * side[3])
                lines.append([start, end])
    return lines


def _name_countries(ax: Axes, words: Words, places: Mapping[tuple[int, int], str], origin: tuple[float, float]) -> None:
    """Write each country's name beside its outline, in the first free room left or right of it."""
    taken, hand = set(places), pen.HEAD.but(role="ink", bold=True)
    for country in dict.fromkeys(places.values()):
        key = f"country.{country}"
        name = words.text(key) if words.has(key) else country
        room = int((hand.width(name) + 0.08) / _SIDE) + 1
        for (column, row), side in (
            (at, side) for side in (-1, 1) for at in sorted(places, key=lambda at: at[1]) if places[at] == country
        ):
            wanted = {(column + side * step, row) for step in range(1, room + 1)}
            x = origin[0] + (column + (side > 0)) * _SIDE + side * 0.06
            inside = 0 <= x + side * hand.width(name) <= origin[0] + (max(p[0] for p in places) + 1) * _SIDE + 0.75
            if inside and not wanted & taken:
                taken |= wanted
                pen.write(ax, x, origin[1] + (row + 0.5) * _SIDE, name, hand.but(align="left" if side > 0 else "right"))
                break


def _draw_classes(ax: Axes, words: Words, x: float, breaks: tuple[float, ...]) -> float:
    """Draw the key of the shades, one below the other; where the next line goes."""
    digits = int(any(end != round(end) for end in breaks))
    said = [words.number(end, digits if end != round(end) else 0) for end in breaks]
    texts = [f"< {said[0]}", *(f"{low} – < {high}" for low, high in pairwise(said)), f"≥ {said[-1]}"]
    for place, (step, text) in enumerate(zip(_STEPS, texts, strict=True)):
        pen.draw_bar(ax, (x, 0.1 + 0.18 * place), (0.2, 0.12), step)
        pen.write(ax, x + 0.29, 0.1 + 0.18 * place, text, pen.SMALL)
    return 0.1 + 0.18 * len(_STEPS) + 0.05


def _list_highest(ax: Axes, chart: Chart, words: Words, cells: Mapping[str, Cell], at: tuple[float, float]) -> None:
    """Name the regions with the highest values, because codes say little."""
    labels = {row.key: row.label for row in chart.rows}
    best = sorted((key for key, cell in cells.items() if cell.drawn), key=lambda key: -cells[key].estimate)[:_LISTED]
    pen.write(ax, *at, words.text("chart.highest"), pen.SMALL.but(bold=True))
    for place, key in enumerate(best, start=1):
        y, value = at[1] + 0.17 * place, words.number(cells[key].estimate, 1)
        room = chart.width - at[0] - pen.SMALL.width(value) - 0.08
        name = next(text for text in (labels[key], labels[key].split()[0], key) if pen.SMALL.width(text) <= room)
        pen.write(ax, at[0], y, name, pen.SMALL.but(role="ink"))
        pen.write(ax, chart.width, y, value, pen.SMALL.but(role="ink", align="right"))


def draw_scatter(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw location quotient against jobs, both logarithmic; stars by form, size and lightness.

    Parameters
    ----------
    chart : Chart
        Rows: sectors of regions (further columns jobs, stars); column `lq`; rows `threshold` with column `lq` or
        `jobs` are drawn dashed under their label.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    points = chart.table[chart.table["row"] != "threshold"]
    points = points[(points["estimate"] > 0) & (points["jobs"] > 0)]
    points = points.assign(stars=points["stars"].fillna(0).clip(0, 3).astype(int)).sort_values("stars", kind="stable")
    if points.empty:
        pen.draw_missing(ax, 0.3, "too_few", (0, chart.width), words)
        return pen.fit_canvas(ax, 0.6)
    size = (chart.width - 0.8, 2.55 if chart.dense else 3.3)
    inner = pen.place_inside(ax, (0.45, 0.3), size)
    known = sorted(points["stars"].unique())
    sns.scatterplot(
        points, x="jobs", y="estimate", ax=inner, legend=False, edgecolor=pen.INK["ground"], linewidth=0.4,
        hue="stars", hue_order=known, palette=[pen.INK[_STARS[star][2]] for star in known],
        style="stars", style_order=known, markers=[_STARS[star][0] for star in known],
        size="stars", size_order=known, sizes=[_STARS[star][1] for star in known],
    )  # fmt: skip
    _dress_axes(inner, points, words)
    for row in chart.extra("threshold").itertuples():
        _draw_threshold(inner, str(row.column), float(row.estimate), str(row.row_label))
    _name_points(inner, points, size)
    pen.write(ax, 0, 0.1, words.text("head.lq"), pen.HEAD)
    y = 0.3 + size[1] + 0.36
    pen.write(ax, chart.width, y, words.text("head.jobs"), pen.HEAD.right)
    entries = [(_star(ax, star), words.number(star)) for star in known]
    pen.write(ax, 0, y, words.text("head.stars"), pen.HEAD)
    pen.draw_key(ax, entries, (pen.HEAD.width(words.text("head.stars")) + 0.15, y))
    return pen.fit_canvas(ax, y + 0.12)


def _star(ax: Axes, star: int) -> Callable[[float, float], None]:
    mark, area, role = _STARS[star]
    return lambda x, y: pen.draw_dot(ax, x, y, role, (mark, area**0.5))


def _dress_axes(inner: Axes, points: pd.DataFrame, words: Words) -> None:
    """Give both axes logarithmic ticks in the reader's numbers, a base line and a line at the average."""
    inner.set(xscale="log", yscale="log", xlabel="", ylabel="")
    inner.minorticks_off()
    for axis, column in ((inner.xaxis, "jobs"), (inner.yaxis, "estimate")):
        low, high = points[column].min() / 1.25, points[column].max() * 1.25
        axis.axes.set(**{f"{axis.axis_name}lim": (low, high)})
        inside = [tick for tick in _DECADES if low <= tick <= high]
        if len(inside) > _TICKS:  # powers of ten and, where there is room, five times them
            inside = [tick for tick in inside if f"{tick:e}"[0] == "1"]
        axis.set_ticks(inside, [words.number(tick, int(tick < 1)) for tick in inside])
    look: dict[str, Any] = {"labelsize": pen.HEAD.size, "labelcolor": pen.INK["grey"], "labelfontfamily": FONT}
    inner.tick_params(length=0, pad=4, **look)
    for name, spine in inner.spines.items():
        spine.set(visible=name == "bottom", color=pen.INK["rule"], linewidth=0.8)
    inner.axhline(1.0, color=pen.INK["grid"], linewidth=0.8, zorder=0)


def _draw_threshold(inner: Axes, column: str, value: float, label: str) -> None:
    """Draw a threshold dashed, named at its far end."""
    look: dict[str, Any] = {"color": pen.INK["grey"], "linewidth": 1.0, "linestyle": (0, (3, 2)), "zorder": 1}
    if column == "lq":
        inner.axhline(value, **look)
        inner.annotate(
            label, (1, value), (0, 3), ("axes fraction", "data"), "offset points", ha="right", **pen.SMALL.look
        )
    else:
        inner.axvline(value, **look)
        inner.annotate(label, (value, 0), (3, 3), ("data", "axes fraction"), "offset points", **pen.SMALL.look)


def _name_points(inner: Axes, points: pd.DataFrame, size: tuple[float, float]) -> None:
    """Name the marks with most stars, as many as find room; the region only where there are several."""
    spots = points[["jobs", "estimate"]].apply(np.log).to_numpy()
    low, high = np.log(np.transpose([inner.get_xlim(), inner.get_ylim()]))
    spots = (spots - low) / (high - low) * size
    stars = points["stars"].to_numpy()
    # Where a name cannot go: other names, and marks with stars.
    taken = [(x - 0.05, x + 0.05, y) for x, y in spots[stars > 0]]
    alone = points["row"].str.split().str[0].nunique() == 1
    for place in np.lexsort((-points["estimate"], -stars))[:_NAMED]:
        text = str(points["row"].iloc[place])
        text = text.split()[-1] if alone else text
        (x, y), room = spots[place], pen.SMALL.width(text)
        for left in (x + 0.08, x - 0.08 - room):
            clear = all(abs(y - other) > 0.11 or left > end or left + room < start for start, end, other in taken)
            if stars[place] and clear and left >= 0 and left + room <= size[0]:
                taken.append((left, left + room, y))
                at = (left / size[0], y / size[1])
                inner.annotate(text, at, xycoords="axes fraction", va="center_baseline", zorder=7, **pen.SMALL.look)
                break
