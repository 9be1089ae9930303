"""Diverging answers: to which side of the middle the answers lean, an answer a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.patches import Rectangle

from cncb_analysis.figures import layout as pen
from cncb_analysis.figures.chart import SMALL_BASE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Cell, Chart, Row
    from cncb_analysis.words import Words

_UNSURE = "dont_know"
_BAR = 0.2
_FIVE = ("low-2", "low-1", "neutral", "high-1", "high-2")
# Colours by number of levels; levels taken together have colours of their own.
_ROLES = {
    1: ("neutral",),
    2: ("low-1", "high-1"),
    3: ("low-1", "neutral", "high-1"),
    4: _FIVE[:2] + _FIVE[3:],
    5: _FIVE,
}
_TOGETHER = {1: ("neutral",), 2: ("low", "high"), 3: ("low", "neutral", "high")}


class _Level(NamedTuple):
    """One answer level of a row: what it says, its colour, its side (-1 low, 0 middle, 1 high)."""

    key: str
    cell: Cell
    role: str
    side: int


def draw_diverging(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw answers of an ordered question to both sides of its middle, one cell an answer; don't know stands apart.

    Parameters
    ----------
    chart : Chart
        Rows: groups and `all`; columns: answer levels from one end to the other, `dont_know`; a level that takes
        others together is marked `coarsened`.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    levels = {row.key: _find_levels(chart, row) for row in chart.rows}
    top = _draw_level_key(chart, words, ax, levels) + 0.42
    bases = {key: max((each.cell.n for each in row), default=float("nan")) for key, row in levels.items()}
    sides = pen.measure_sides(chart, words, bases)
    groups = pen.draw_groups(ax, chart, words, top, sides)
    unsure = _UNSURE in chart.columns
    last = pen.HEAD.width(words.text("head.dont_know")) if unsure else 0.0
    scale = _find_scale(levels, (sides.start + 0.45, chart.width - last - (0.85 if unsure else 0.45)))
    ends = (scale.start - 0.16, scale.end + 0.16)
    for end, roles, align in ((ends[0], ("low-1", "low-2"), -1), (ends[1], ("high-2", "high-1"), 1)):
        for place, role in enumerate(roles):
            pen.draw_bar(ax, (end + align * 0.12 * (place + (align < 0)), top - 0.11), (0.1, 0.1), role)
    if unsure:
        pen.write(ax, chart.width, top - 0.11, words.text("head.dont_know"), pen.HEAD.right)
    for row in chart.rows:
        y = groups.places[row.key]
        shown = _draw_answers(ax, words, y, levels[row.key], scale)
        for side, end, role in ((-1, ends[0], "against"), (1, ends[1], "data")) if shown else ():
            said = _say_side([each.cell for each in levels[row.key] if each.side == side], words)
            hand = pen.LABEL.but(role=role, align="right" if side < 0 else "left", bold=row.key == "all")
            pen.write(ax, end, y, said, hand)
        if unsure:
            cell = chart.cell(row.key, _UNSURE)
            said = words.number(cell.k) if cell.k > 0 else pen.CLOSED if cell.mark == "hidden" else "–"
            pen.write(ax, chart.width, y, said, pen.LABEL.but(role="grey", align="right"))
    pen.draw_line(ax, [scale(0.0)] * 2, [top, groups.end], "ink", 0.8)
    return pen.fit_canvas(ax, groups.end + 0.05)


def _find_levels(chart: Chart, row: Row) -> list[_Level]:
    """Levels of a row: its own, or those that take several together."""
    line = [(name, cell) for name, cell in chart.line(row).items() if name != _UNSURE]
    together = [(name, cell) for name, cell in line if name in _wider(chart)]
    line = together or line
    known = (_TOGETHER if together else _ROLES).get(len(line)) or _ROLES[5]
    roles = known if len(known) == len(line) else [_FIVE[round(4 * i / (len(line) - 1))] for i in range(len(line))]
    middle = (len(line) - 1) / 2
    return [
        _Level(name, cell, role, (place > middle) - (place < middle))
        for place, ((name, cell), role) in enumerate(zip(line, roles, strict=True))
    ]


def _wider(chart: Chart) -> set[str]:
    """Columns of the rows that hold a level taken together."""
    table = chart.table
    rows = table.loc[table["mark"] == "coarsened", "row"]
    return set(table.loc[table["row"].isin(rows) & (table["column"] != _UNSURE), "column"])


def _find_scale(levels: dict[str, list[_Level]], span: tuple[float, float]) -> pen.Scale:
    """Fit the scale to the widest row on either side, so that bars use the room."""
    reach = [0.05, 0.05]
    for row in levels.values():
        for side, place in ((-1, 0), (1, 1)):
            known = [
                each.cell.estimate / (1 if each.side else 2)
                for each in row
                if each.side in (0, side) and each.cell.drawn
            ]
            hidden = 1 - sum(each.cell.estimate for each in row if each.cell.drawn) if _hidden_run(row) else 0.0
            reach[place] = max(reach[place], sum(known), hidden)
    return pen.Scale(*span, -reach[0], reach[1])


def _hidden_run(levels: Sequence[_Level]) -> list[int]:
    """Places of the hidden levels where they stand together at one end and are at least two; else nothing."""
    places = [place for place, each in enumerate(levels) if each.cell.mark == "hidden"]
    together = len(places) > 1 and places[-1] - places[0] == len(places) - 1
    at_end = together and (places[0] == 0) != (places[-1] == len(levels) - 1)
    return places if at_end else []


def _draw_answers(ax: Axes, words: Words, y: float, levels: Sequence[_Level], scale: pen.Scale) -> bool:
    """Draw one row; what is hidden at one end is one slanted piece. Whether any number is shown."""
    run, closed = _hidden_run(levels), [each for each in levels if not each.cell.drawn]
    if not levels or len(closed) == len(levels) or len(closed) != len(run):
        mark = "hidden" if any(each.cell.mark == "hidden" for each in closed) else closed[0].cell.mark if closed else ""
        pen.draw_missing(ax, y, mark, (scale.start, scale.end, (scale(0.0) + scale.end) / 2), words)
        return False
    rest = 1 - sum(each.cell.estimate for each in levels if each.cell.drawn)
    sizes = [each.cell.estimate if each.cell.drawn else rest / len(run) for each in levels]
    x = -sum(size / (1 if each.side else 2) for each, size in zip(levels, sizes, strict=True) if each.side <= 0)
    if run:  # nothing hidden straddles the middle: the piece ends, or starts, there
        x = -sum(size for place, size in enumerate(sizes) if (place in run) == (0 in run))
    for place, (each, size) in enumerate(zip(levels, sizes, strict=True)):
        if each.cell.drawn:
            _draw_level(ax, y, (scale(x), scale(x + size)), each)
        elif place == run[0]:
            start, end = scale(x), scale(x + rest)
            look: dict[str, Any] = {"fill": False, "edgecolor": pen.INK["faint"], "linewidth": 0.6}
            ax.add_patch(Rectangle((start + 0.02, y - _BAR / 2), end - start - 0.04, _BAR, **look))
            pen.draw_slants(ax, start + 0.02, end - 0.02, y, _BAR)
        x += size
    return True


def _draw_level(ax: Axes, y: float, span: tuple[float, float], level: _Level) -> None:
    start, end = span
    pen.draw_bar(ax, (start, y), (end - start, _BAR), level.role)
    count = round(level.cell.k) if level.cell.counted and level.cell.n < SMALL_BASE else 1
    for cut in range(1, count + 1):
        x = start + (end - start) * cut / max(count, 1)
        pen.draw_line(ax, [x, x], [y - _BAR / 2, y + _BAR / 2], "ground", 0.7 if cut < count else 1.4)


def _say_side(cells: Sequence[Cell], words: Words) -> str:
    return words.number(sum(cell.k for cell in cells)) if all(cell.counted for cell in cells) else pen.CLOSED


def _draw_level_key(chart: Chart, words: Words, ax: Axes, levels: dict[str, list[_Level]]) -> float:
    """Draw the key above the plot: the levels in order, then those taken together, then what is hidden."""
    wider, y = _wider(chart), 0.1
    found = {each.key: each for row in sorted(levels.values(), key=len) for each in row}
    sets = [[each for name, each in found.items() if (name in wider) == together] for together in (False, True)]
    keys = [[(_swatch(ax, each.role), chart.columns[each.key]) for each in some] for some in sets if some]
    if any(each.cell.mark == "hidden" for row in levels.values() for each in row):
        keys[-1].append((lambda x, y: pen.draw_slants(ax, x - 0.08, x + 0.08, y, 0.1), words.text("hidden")))
    for place, entries in enumerate(keys):
        y = pen.draw_key(ax, entries, (0.0, y + 0.19 * bool(place)))
    return y


def _swatch(ax: Axes, role: str) -> Callable[[float, float], None]:
    return lambda x, y: pen.draw_bar(ax, (x - 0.06, y), (0.14, 0.12), role)
