"""What all kinds of chart share: columns, rows, heads, bands, hidden rows, keys; in inches, y downwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from cncb_analysis.figures.chart import SMALL_BASE, Cell, Chart
from cncb_analysis.style import FONT, PALETTE_LIGHT, baseline, measure_text, wrap_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cncb_analysis.words import Words

INK = PALETTE_LIGHT
_LEADING = 1.28
_BAND, _TICK = 0.11, 0.15


@dataclass(frozen=True)
class Hand:
    """How a text is written."""

    size: float = 8.5
    role: str = "ink"
    align: str = "left"
    bold: bool = False
    italic: bool = False

    def but(self, **changes: Any) -> Hand:
        """Make the same hand with something changed."""
        return replace(self, **changes)

    @property
    def centre(self) -> Hand:
        """The same hand, centred."""
        return replace(self, align="center")

    @property
    def right(self) -> Hand:
        """The same hand, its lines ending at one edge."""
        return replace(self, align="right")

    @property
    def look(self) -> dict[str, Any]:
        """The same in matplotlib's words."""
        weight, style = "bold" if self.bold else "normal", "italic" if self.italic else "normal"
        font = {"fontfamily": FONT, "fontsize": self.size, "fontweight": weight, "fontstyle": style}
        return {**font, "color": INK[self.role], "parse_math": False}

    def width(self, text: str) -> float:
        """Measure a text of one or several lines in inches."""
        return max(measure_text(line, self.size, self.bold) for line in text.split("\n"))

    def height(self, lines: int) -> float:
        """Inches that some lines take."""
        return lines * _LEADING * self.size / 72

    def wrap(self, text: str, width: float) -> str:
        """Break a text into balanced lines."""
        return "\n".join(wrap_text(text, width, self.size, self.bold))


LABEL = Hand()
ITEM = Hand(8.0)
CLOSED = "•"  # a number that is not shown, where a word has no room
HEAD = Hand(7.8, "grey")
SMALL = Hand(7.2, "grey")
QUIET = Hand(8.0, "faint", "center", italic=True)


class Scale(NamedTuple):
    """Values to inches."""

    start: float
    end: float
    low: float = 0.0
    high: float = 1.0

    def __call__(self, value: float) -> float:
        """Place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


class Sides(NamedTuple):
    """Columns left of the plot: wrapped labels, numbers, right edge of n, where the plot starts."""

    labels: list[str]
    numbers: list[str]
    right: float
    start: float


class Groups(NamedTuple):
    """Rows of groups: place of each by key, where they end."""

    places: Mapping[str, float]
    end: float


def fit_canvas(ax: Axes, height: float) -> Axes:
    """End a drawing: give the canvas the height that was needed."""
    width = ax.get_xlim()[1]
    ax.set_ylim(height, 0.0)
    cast("Figure", ax.figure).set_size_inches(width, height)
    return ax


def place_inside(ax: Axes, at: tuple[float, float], size: tuple[float, float]) -> Axes:
    """Place real axes on the canvas, in inches; they stay there when the canvas grows."""

    def locate(inner: object, renderer: object) -> Bbox:
        corners = Bbox([at, (at[0] + size[0], at[1] + size[1])])
        box = corners.transformed(ax.transData - ax.figure.transFigure)
        return Bbox.from_extents(box.xmin, box.ymin, box.xmax, box.ymax)  # y runs downwards here, upwards there

    inner = ax.figure.add_axes((0.1, 0.1, 0.8, 0.8), facecolor="none")
    inner.set_axes_locator(locate)
    inner.set_zorder(ax.get_zorder() - 1)  # texts of the canvas stand on it
    return inner


def write(ax: Axes, x: float, y: float, text: str, hand: Hand = LABEL) -> None:
    """Write a text level with a mark at `y`; several lines stand around it."""
    lines = text.split("\n")
    first = y - hand.height(len(lines) - 1) / 2
    for place, line in enumerate(lines):
        ax.text(x, baseline(first + hand.height(place), hand.size), line, ha=hand.align, zorder=6, **hand.look)


def draw_line(ax: Axes, xs: Sequence[float], ys: Sequence[float], role: str = "rule", width: float = 0.8) -> None:
    """Draw a line; brown ones are dashed, for readers who see no colour."""
    dashes: dict[str, Any] = {"linestyle": (0, (3, 2))} if role == "against" else {}
    ax.plot(xs, ys, color=INK[role], linewidth=width, clip_on=False, zorder=1 if role == "grid" else 3, **dashes)


def draw_bar(ax: Axes, at: tuple[float, float], size: tuple[float, float], role: str) -> None:
    """Fill a bar that starts at `at` and is centred on its height."""
    width, height = size
    ax.add_patch(
        Rectangle((at[0], at[1] - height / 2), width, height, facecolor=INK[role], linewidth=0, clip_on=False, zorder=2)
    )


def draw_dot(ax: Axes, x: float, y: float, role: str = "data", shape: tuple[str, float] = ("o", 7.2)) -> None:
    """Draw a filled mark of a form and size in points."""
    ax.plot([x], [y], shape[0], ms=shape[1], color=INK[role], mew=0, clip_on=False, zorder=5)


def draw_ring(ax: Axes, x: float, y: float, role: str = "data", shape: tuple[str, float] = ("o", 6.4)) -> None:
    """Draw an open mark."""
    edge: dict[str, Any] = {"mec": INK[role], "mew": 1.3, "mfc": INK["ground"]}
    ax.plot([x], [y], shape[0], ms=shape[1], clip_on=False, zorder=5, **edge)


def draw_band(ax: Axes, y: float, cell: Cell, scale: Scale, roles: tuple[str, str] = ("tint", "data")) -> None:
    """Draw an interval: a pale band with two dark ends, because a pale band alone is hard to see."""
    if cell.high > cell.low:  # a count of all has no interval
        low, high = (min(max(value, scale.low), scale.high) for value in (cell.low, cell.high))
        draw_bar(ax, (scale(low), y), (scale(high) - scale(low), _BAND), roles[0])
        for end in (scale(low), scale(high)):
            draw_line(ax, [end, end], [y - _TICK / 2, y + _TICK / 2], roles[1], 1.1)


def draw_slants(ax: Axes, start: float, end: float, y: float, height: float = 0.13) -> None:
    """Draw thin slanted lines one by one: a hatch would print as pixels."""
    step, lines = 0.075, []
    for place in range(int((end - start + height) / step) + 1):
        foot = start - height + place * step
        left, right = max(0.0, start - foot), min(height, end - foot)  # cut at the ends of the strip
        if right - left > 1e-3:
            lines.append([(foot + left, y + height / 2 - left), (foot + right, y + height / 2 - right)])
    ax.add_collection(
        LineCollection(lines, colors=INK["faint"], linewidths=0.6, clip_on=False, zorder=2), autolim=False
    )


def clear_ground(ax: Axes, x: float, y: float, width: float) -> None:
    """Clear a strip from `x` on, so that no line crosses the text that will stand there."""
    box = Rectangle((x, y - 0.08), width, 0.16, facecolor=INK["ground"], linewidth=0, clip_on=False, zorder=4)
    ax.add_patch(box)


def draw_word(ax: Axes, x: float, y: float, word: str) -> None:
    """Write why there is no number."""
    width = QUIET.width(word) + 0.12
    clear_ground(ax, x - width / 2, y, width)
    write(ax, x, y, word, QUIET)


def draw_missing(ax: Axes, y: float, mark: str, span: Sequence[float], words: Words) -> None:
    """Say in a row's plot, from its start to its end, why it is empty: four reasons, four signs."""
    if mark == "hidden":
        draw_slants(ax, span[0], span[1], y)
    place = span[2] if len(span) > 2 else (span[0] + span[1]) / 2
    draw_word(ax, place, y, "–" if mark == "not_delivered" else words.text(mark or "too_few"))


def draw_percents(ax: Axes, scale: Scale, words: Words, ys: tuple[float, float], step: float = 0.25) -> None:
    """Draw a percent axis above the rows: ticks where reading starts, grid lines to their end."""
    values = [i * step for i in range(round(scale.high / step) + 1)]
    for value in values:
        write(ax, scale(value), ys[0] - 0.11, words.percent(value), HEAD.centre)
        draw_line(ax, [scale(value)] * 2, ys, "grid")


def stack_rows(texts: Sequence[str], hand: Hand, top: float, pitch: float) -> tuple[list[float], list[float]]:
    """Place rows below each other, higher where a label has more lines: middles, and edges from top to end."""
    heights = [max(pitch, hand.height(text.count("\n") + 1) + 0.1) for text in texts]
    edges = [top, *(top + total for total in accumulate(heights))]
    return [edge - height / 2 for edge, height in zip(edges[1:], heights, strict=True)], edges


def measure_sides(chart: Chart, words: Words, bases: Mapping[str, float] | None = None) -> Sides:
    """Measure the columns left of a plot that all charts by group share: label, and n by row key."""
    most = max((_row_hand(row.key).width(row.label) for row in chart.rows), default=0.0)
    width = min(most, 2.4 if chart.dense else 1.75) + 1e-6
    labels = [_row_hand(row.key).wrap(row.label, width) for row in chart.rows]
    if bases is None:
        return Sides(labels, [], width, width + 0.2)
    numbers = [words.number(bases[row.key]) for row in chart.rows]
    right = max(1.25, width + 0.12 + max((LABEL.width(text) for text in numbers), default=0.0))
    return Sides(labels, numbers, right, right + 0.3)


def _row_hand(key: str) -> Hand:
    return LABEL.but(bold=key == "all")


def draw_groups(ax: Axes, chart: Chart, words: Words, top: float, sides: Sides) -> Groups:
    """Draw label and n of each group; the pooled row last, in bold under a rule."""
    pitch = 0.27 if chart.dense else 0.32
    places, edges = stack_rows(sides.labels, LABEL, top + 0.04, pitch)
    end = edges[-1]
    draw_line(ax, [0, chart.width], [top, top])
    if sides.numbers:
        write(ax, sides.right, top - 0.11, words.text("head.n"), HEAD.right)
    found = {}
    for place, (row, y) in enumerate(zip(chart.rows, places, strict=True)):
        if row.key == "all" and place:
            y, end = y + 0.08, end + 0.08
            line = y - pitch / 2 - 0.04
            draw_line(ax, [0, chart.width], [line, line])
        write(ax, 0, y, sides.labels[place], _row_hand(row.key))
        if sides.numbers:
            write(ax, sides.right, y, sides.numbers[place], LABEL.but(role="grey", align="right"))
        found[row.key] = y
    return Groups(found, end)


def draw_key(ax: Axes, entries: Sequence[tuple[Callable[[float, float], None], str]], at: tuple[float, float]) -> float:
    """Draw a key: signs with their words, in as many lines as the canvas needs; where it ends."""
    x, y = at
    for draw, text in entries:
        if x > at[0] and x + 0.2 + HEAD.width(text) > ax.get_xlim()[1]:
            x, y = at[0], y + 0.19
        draw(x + 0.06, y)
        write(ax, x + 0.19, y, text, HEAD)
        x += 0.19 + HEAD.width(text) + 0.22
    return y


def say_range(bases: Sequence[float], words: Words) -> str:
    """Say a base that may differ by row: "7", "6–7"."""
    return "–".join(dict.fromkeys(words.number(base) for base in (*bases[:1], *bases[-1:]))) or "–"


def say_base(bases: Sequence[float], words: Words) -> str:
    """Say a base with its letter: "n = 7"."""
    return f"{words.text('head.n')} = {say_range(bases, words)}" if bases else ""


def say_share(cell: Cell, words: Words) -> str:
    """Say a share: a count below a base of twenty, else percent; a mean share is always percent."""
    if cell.counted and not cell.n >= SMALL_BASE:
        return words.count_of(cell.k, cell.n)
    return words.percent(cell.estimate)


def key_closed(ax: Axes, chart: Chart, words: Words, y: float) -> float:
    """Say what a dot instead of a number means, where one stands; where the drawing ends."""
    if not chart.table["mark"].eq("hidden").any():
        return y
    write(ax, chart.width, y + 0.1, f"{CLOSED} {words.text('hidden')}", SMALL.right)
    return y + 0.2
