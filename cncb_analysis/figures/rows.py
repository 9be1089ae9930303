"""Charts by group, one row a group: share with interval, percent allocation, response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from cncb_analysis.figures import layout as pen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Cell, Chart
    from cncb_analysis.words import Words

_MAIN = "share"
_BAR = 0.17


def draw_share(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw a share by group with its interval, the pooled one as a line through all rows, single partners as rings.

    Parameters
    ----------
    chart : Chart
        Rows: groups and `all`; columns: `share`, `partner:<id>`; a row `benchmark`.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    cells = {row.key: chart.cell(row.key, _MAIN) for row in chart.rows}
    counted = any(cell.counted for cell in cells.values())
    said = {key: _say(cell, words) for key, cell in cells.items()}
    head, top = words.text("head.k_of_n" if counted else "head.share"), 0.22
    right = max([pen.HEAD.width(head), *(pen.LABEL.but(bold=True).width(text) for text in said.values())])
    sides = pen.measure_sides(chart, words, {key: cell.n for key, cell in cells.items()})
    groups = pen.draw_groups(ax, chart, words, top, sides)
    scale = pen.Scale(sides.start + 0.06, chart.width - right - 0.3)
    free = 0.25 if chart.cell("all", _MAIN).estimate >= 0.5 else 0.75  # a word stands where no line runs
    pen.draw_percents(ax, scale, words, (top, groups.end))
    pen.write(ax, chart.width, top - 0.11, head, pen.HEAD.right)
    for row in chart.rows:
        cell, y, pooled = cells[row.key], groups.places[row.key], row.key == "all"
        pen.write(ax, chart.width, y, said[row.key], pen.LABEL.but(align="right", bold=pooled))
        if not cell.drawn:
            pen.draw_missing(ax, y, cell.mark, (scale.start, scale.end, scale(free)), words)
            continue
        pen.draw_band(ax, y, cell, scale, ("rule", "ink") if pooled else ("tint", "data"))
        for name, other in chart.line(row).items():
            if name.startswith("partner:") and other.drawn:
                pen.draw_ring(ax, scale(other.estimate), y, "data", ("o", 3.6))
        pen.draw_dot(ax, scale(cell.estimate), y, *(("ink", ("D", 6.6)) if pooled else ("data",)))
    return pen.fit_canvas(ax, _draw_references(chart, words, ax, scale, (top, groups.end)))


def _say(cell: Cell, words: Words) -> str:
    if not cell.drawn:
        return "–"
    return words.count_of(cell.k, cell.n) if cell.counted else words.percent(cell.estimate)


def _draw_references(chart: Chart, words: Words, ax: Axes, scale: pen.Scale, ys: tuple[float, float]) -> float:
    """Draw pooled value and benchmark through all rows, each named below; where the drawing ends."""
    found = []
    pooled = chart.cell("all", _MAIN)
    if pooled.drawn:
        text = words.text("chart.pooled_value", {"value": pen.say_share(pooled, words)})
        found.append((scale(pooled.estimate), text, "ink", 1.0))
    for value in chart.extra("benchmark")["estimate"][:1]:
        text = words.text("chart.benchmark_value", {"value": words.percent(value)})
        found.append((scale(value), text, "against", 1.2))
    found.sort()
    middles = [min(max(x, pen.HEAD.width(text) / 2), chart.width - pen.HEAD.width(text) / 2) for x, text, *_ in found]
    if len(found) == 2:
        needed = (pen.HEAD.width(found[0][1]) + pen.HEAD.width(found[1][1])) / 2 + 0.1
        push = max(0.0, needed - (middles[1] - middles[0])) / 2
        middles = [middles[0] - push, middles[1] + push]
    for middle, (x, text, role, width) in zip(middles, found, strict=True):
        pen.draw_line(ax, [x, x], ys, role, width)
        pen.write(ax, middle, ys[1] + 0.1, text, pen.HEAD.but(role=role, align="center"))
    return ys[1] + (0.2 if found else 0.05)


def draw_allocation(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw the parts of a whole: a column of bars a part, all on one scale, the largest part of a row dark.

    Parameters
    ----------
    chart : Chart
        Rows: groups and `all`; columns: parts, estimate = mean share; a row `benchmark`.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    marks = dict(chart.extra("benchmark")[["column", "estimate"]].itertuples(index=False))
    lines = {row.key: chart.line(row) for row in chart.rows}
    sides = pen.measure_sides(chart, words, {key: _find_base(line) for key, line in lines.items()})
    columns, top = _place_parts(chart, sides.start)
    groups = pen.draw_groups(ax, chart, words, top, sides)
    number = pen.LABEL.but(bold=True).width(words.number(100)) + 0.1
    values = [cell.estimate for line in lines.values() for cell in line.values() if cell.drawn]
    scale = pen.Scale(0.0, columns[0].width - number, 0.0, max([*values, *marks.values(), 0.01]))
    for part in columns:
        for place, text in enumerate(part.head.split("\n")):
            y = part.y + pen.HEAD.height(place) - pen.HEAD.height(part.head.count("\n")) / 2
            pen.clear_ground(ax, part.x - part.shift, y, pen.HEAD.width(text) + 0.03)
        pen.write(ax, part.x - part.shift, part.y, part.head, pen.HEAD)
        pen.draw_line(ax, [part.x] * 2, [part.line, groups.end])
        if part.key in marks:
            x = part.x + scale(marks[part.key])
            pen.draw_line(ax, [x, x], [top, groups.end], "against", 1.2)
            said = words.text("chart.benchmark_value", {"value": words.percent(marks[part.key])})
            pen.write(
                ax, x, groups.end + 0.16, pen.HEAD.wrap(said, part.width), pen.HEAD.but(role="against", align="center")
            )
    for key, line in lines.items():
        shown = [cell.estimate for cell in line.values() if cell.drawn]
        if not shown:
            span = (sides.start + 0.05, chart.width)
            pen.draw_missing(ax, groups.places[key], next(iter(line.values())).mark, span, words)
        for part in columns if shown else ():
            _draw_part(ax, words, (part, groups.places[key], key), line.get(part.key), (scale, max(shown)))
    return pen.fit_canvas(ax, groups.end + (0.32 if marks else 0.05))


class _Part(NamedTuple):
    """One column of bars: where it starts, its head and where its line starts."""

    key: str
    head: str
    x: float
    y: float
    line: float
    shift: float
    width: float


def _find_base(line: Mapping[str, Cell]) -> float:
    return max((cell.n for cell in line.values() if cell.n == cell.n), default=float("nan"))


def _place_parts(chart: Chart, start: float) -> tuple[list[_Part], float]:
    """Place the heads of the parts: side by side where they fit, else on two levels, each twice as wide."""
    columns = list(chart.columns.items())
    pitch = (chart.width - start) / len(columns)
    longest = [max(pen.HEAD.width(word) for word in label.split()) for _, label in columns]
    levels = 1 if max(longest) <= pitch - 0.08 else 2
    width = pitch * levels - 0.1
    rooms = [max(width, most) + 1e-6 for most in longest]
    last = pen.HEAD.wrap(columns[-1][1], rooms[-1])
    if len(columns) > levels:  # the last head ends at the margin and takes room from the one before it
        rooms[-1 - levels] -= max(0.0, pen.HEAD.width(last) - pitch)
    heads = [pen.HEAD.wrap(label, room) for (_, label), room in zip(columns, rooms, strict=True)]
    heights = [
        max((pen.HEAD.height(head.count("\n") + 1) for head in heads[level::levels]), default=0.0) + 0.06
        for level in range(levels)
    ]
    top, parts = sum(heights) + 0.06, []
    for place, (key, _) in enumerate(columns):
        lowest = sum(heights[: place % levels + 1])
        lines = heads[place].count("\n") + 1
        x = start + pitch * place
        shift = max(0.0, x + pen.HEAD.width(heads[place]) - chart.width)
        y = lowest - pen.HEAD.height(lines) / 2
        parts.append(_Part(key, heads[place], x, y, min(lowest + 0.02, top), shift, pitch))
    return parts, top


def _draw_part(
    ax: Axes, words: Words, at: tuple[_Part, float, str], cell: Cell | None, to: tuple[pen.Scale, float]
) -> None:
    """Draw one bar with its number; dark where it is the largest of its row."""
    (part, y, key), (scale, largest) = at, to
    if cell is None or not cell.drawn:
        pen.draw_word(ax, part.x + part.width / 2, y, words.text("hidden") if cell and cell.mark == "hidden" else "–")
        return
    size = scale(cell.estimate)
    pen.draw_bar(
        ax, (part.x, y), (size, _BAR), "ink" if key == "all" else "data" if cell.estimate == largest else "tint"
    )
    text = words.number(100 * cell.estimate)
    pen.clear_ground(ax, part.x + size + 0.03, y, pen.LABEL.width(text) + 0.05)
    pen.write(ax, part.x + size + 0.06, y, text, pen.LABEL.but(bold=key == "all"))


def draw_flow(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw counts by stage: the number first, then a thin bar as share of those invited.

    Parameters
    ----------
    chart : Chart
        Rows: partners and `all`; columns: stages in order, k; bars are shares of `invited`.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    sides = pen.measure_sides(chart, words)
    number = pen.LABEL.but(bold=True).width(words.number(max([999.0, *chart.table["k"].dropna()])))
    pitch = (chart.width - sides.start) / len(chart.columns)
    heads = [pen.HEAD.wrap(label, pitch - 0.1) for label in chart.columns.values()]
    top = pen.HEAD.height(max(head.count("\n") + 1 for head in heads)) + 0.1
    groups = pen.draw_groups(ax, chart, words, top, sides)
    stages = list(chart.columns)
    base = stages.index("invited") if "invited" in stages else 0
    for place, stage in enumerate(stages):
        x = sides.start + pitch * place
        lines = heads[place].count("\n") + 1
        pen.write(ax, x, top - 0.06 - pen.HEAD.height(lines) / 2, heads[place], pen.HEAD)
        for row in chart.rows:
            cell, whole = chart.cell(row.key, stage), chart.cell(row.key, stages[base])
            y, pooled = groups.places[row.key], row.key == "all"
            hand = pen.LABEL.but(align="right", bold=pooled, role="ink" if cell.counted else "faint")
            shown = words.number(cell.k) if cell.counted else words.text("hidden") if cell.mark == "hidden" else "–"
            if cell.mark == "hidden":
                hand = hand.but(align="left", italic=True)
            pen.write(ax, x + (0.0 if cell.mark == "hidden" else number), y, shown, hand)
            if place >= base and cell.counted and whole.k > 0:
                room = pitch - number - 0.3
                pen.draw_bar(ax, (x + number + 0.1, y), (room, 0.12), "band")
                role = "ink" if pooled else "data" if place == len(stages) - 1 else "tint"
                pen.draw_bar(ax, (x + number + 0.1, y), (room * min(cell.k / whole.k, 1.0), 0.12), role)
    return pen.fit_canvas(ax, groups.end + 0.05)
