"""What all charts share: a sheet to write on, and one layout of rows with columns; in inches, y downwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from cncb_analysis.figures.chart import NOTHING, Cell, Chart
from cncb_analysis.style import FONT, measure_text, read_palette, wrap_text
from cncb_analysis.words import Words

CLOSED = "•"  # a number that is not shown, where a word has no room
DRAWERS: dict[str, Callable[..., Axes]] = {}
_PLACE, _APART = ["section", "row", "row_label", "column"], ("benchmark", "threshold")


def ink(role: str) -> str:
    """Colour of a role; a page puts its own in the place."""
    return read_palette()[role]


class Look(NamedTuple):
    """How a text is written."""

    size: float = 8.5
    role: str = "ink"
    align: str = "left"
    bold: bool = False
    italic: bool = False
    boxed: bool = False  # on the ground's colour, where a line may cross

    def width(self, text: str) -> float:
        """Inches that the widest line takes."""
        return max(measure_text(line, self.size, self.bold) for line in text.split("\n"))

    def wrap(self, text: str, width: float) -> str:
        """Balance a text over lines."""
        return "\n".join(wrap_text(text, width, self.size, self.bold))


LABEL, HEAD, SMALL, RIGHT = Look(), Look(7.8, "grey"), Look(7.2, "grey"), Look(align="right")
MIDDLE, QUIET = Look(8.0, align="center"), Look(8.0, "faint", "center", italic=True, boxed=True)


class Span(NamedTuple):
    """Room of one column in one row: edges, middle, scale, cells of the row."""

    x0: float
    x1: float
    y: float = 0.0
    low: float = 0.0
    high: float = 1.0
    line: Mapping[str, Cell] = {}
    pooled: bool = False

    def at(self, value: float) -> float:
        """Place of a value."""
        return self.x0 + (value - self.low) / (self.high - self.low) * (self.x1 - self.x0)


def write_lines(ax: Axes, x: float, y: float, text: str, look: Look) -> None:
    """Write lines level with a mark at `y`: by their baseline, or Österreich would stand lower than Ungarn."""
    font: dict[str, Any] = {"fontsize": look.size, "color": ink(look.role), "ha": look.align, "zorder": 6}
    font |= {"fontweight": "bold" if look.bold else "normal", "fontstyle": "italic" if look.italic else "normal"}
    font |= {"bbox": {"fc": ink("ground"), "lw": 0, "pad": 2}} if look.boxed else {}
    for place, line in enumerate(text.split("\n") if text else ()):
        level = y + look.size * (0.0178 * (place - text.count("\n") / 2) + 0.0048)
        ax.text(x, level, line, fontfamily=FONT, parse_math=False, **font)


class Sheet:
    """A canvas, the table to draw on it, and the words."""

    def __init__(self, ax: Axes, chart: Chart, words: Words) -> None:
        self.ax, self.table, self.words, self.y, self.width = ax, chart.table, words, 0.0, float(ax.get_xlim()[1])
        # Don't know, which stands outside the base, comes last.
        ordered = self.table.sort_values("column", key=lambda names: names.eq("dont_know"), kind="stable")
        self.columns: dict[str, str] = dict(zip(ordered["column"], ordered["column_label"], strict=True))
        self.labels: dict[tuple[str, str], str] = {}
        self.lines: dict[tuple[str, str], dict[str, Cell]] = {}
        rows = self.table.loc[~self.table["row"].isin(_APART), [*_PLACE, *Cell._fields]]
        for section, key, label, column, *cell in rows.itertuples(index=False):
            self.labels[section, key] = label
            self.lines.setdefault((section, key), {})[column] = Cell(*cell)

    def apart(self, name: str) -> pd.DataFrame:
        """Rows that are no group or item: benchmark or threshold."""
        return self.table[(self.table["row"] == name) & self.table["estimate"].notna()]

    def cells(self, column: str) -> list[Cell]:
        """Cells of one column, one a row; without a name the first of each row."""
        return [line.get(column, NOTHING) if column else next(iter(line.values())) for line in self.lines.values()]

    def base(self, columns: Iterable[str]) -> str:
        """Base of some columns, as a range where it differs."""
        bases = sorted({cell.n for column in columns for cell in self.cells(column) if cell.n == cell.n})
        return "–".join(dict.fromkeys(map(self.words.number, [*bases[:1], *bases[-1:]]))) or "–"

    def number(self, cell: Cell) -> str:
        """Say a count, or the sign for none."""
        return self.words.number(cell.k) if cell.drawn else CLOSED if cell.mark == "hidden" else "–"

    def write(self, x: float, y: float, text: str, look: Look = LABEL) -> None:
        """Write lines level with a mark at `y`."""
        write_lines(self.ax, x, y, text, look)

    def rule(self, xs: Sequence[float], ys: Sequence[float], role: str = "rule", width: float = 0.8) -> None:
        """Draw a line; brown ones are dashed, for readers who see no colour."""
        look: dict[str, Any] = {"ls": (0, (3, 2)) if role == "against" else "-", "zorder": 1 if role == "grid" else 3}
        self.ax.add_artist(Line2D(xs, ys, color=ink(role), linewidth=width, clip_on=False, **look))

    def add(self, patch: Patch, fill: str = "", edge: str = "", width: float = 0.8, level: int = 2) -> None:
        """Draw a shape in the colours of its roles."""
        colours = {"facecolor": ink(fill) if fill else "none", "edgecolor": ink(edge) if edge else "none"}
        patch.set(fill=bool(fill), linewidth=width * bool(edge), zorder=level, **colours)
        self.ax.add_artist(patch)

    def box(self, span: Span, height: float, role: str, edge: str = "") -> None:
        """Fill a bar over a span, or outline it."""
        corner = (span.x0, span.y - height / 2)
        self.add(Rectangle(corner, span.x1 - span.x0, height, clip_on=False), role, edge)

    def dot(self, x: float, y: float, role: str = "data", shape: tuple[str, float] = ("o", 6.8), **more: Any) -> None:
        """Draw a mark; with another role `inside` it is a ring."""
        look = {"color": ink(role), "mfc": ink(more.pop("inside", role)), "mew": 1.4, "ls": "", "zorder": 4, **more}
        self.ax.add_artist(Line2D([x], [y], marker=shape[0], markersize=shape[1], clip_on=False, **look))

    def slants(self, span: Span, height: float = 0.12) -> None:
        """Draw thin slanted lines; as lines, because a hatch prints as pixels."""
        starts = [span.x0 + 0.065 * i for i in range(int((span.x1 - span.x0 - height * 0.7) / 0.065) + 1)]
        ends = [[(x, span.y + height / 2), (x + height * 0.7, span.y - height / 2)] for x in starts]
        self.ax.add_collection(LineCollection(ends, colors=ink("faint"), linewidths=0.6, zorder=2))

    def missing(self, span: Span, mark: str, where: float = 0.3) -> None:
        """Say in the row why there is no number: slanted lines with a word, a word, or a dash."""
        word = "–" if mark in {"", "not_delivered"} else self.words.text(mark)
        if mark == "hidden":
            self.slants(span)
        middle = span.x0 + max((span.x1 - span.x0) * where * (word != "–"), QUIET.width(word) / 2 + 0.06)
        self.write(middle, span.y, word, QUIET)

    def nothing(self, mark: str) -> None:
        """Say why there is nothing to draw."""
        self.missing(Span(0, self.width, 0.2), mark)
        self.y = 0.36

    def key(self, entries: Iterable[tuple[Callable[[Span], None], str]], start: float = 0.0) -> None:
        """Draw signs with their words in as many lines as they need."""
        x, self.y = start, self.y + 0.1 * bool(entries)
        for draw, text in entries:
            if x > start and x + 0.2 + HEAD.width(text) > self.width:
                x, self.y = start, self.y + 0.19
            draw(Span(x, x + 0.14, self.y))
            self.write(x + 0.2, self.y, text, HEAD)
            x += 0.41 + HEAD.width(text)
        self.y += 0.09 * bool(entries)

    def fit(self) -> Axes:
        """End a drawing: say what a dot instead of a number means, give the canvas the height that was needed."""
        if any(text.get_text() == CLOSED for text in self.ax.texts):
            self.y, said = self.y + 0.16, f"{CLOSED} {self.words.text('hidden')}"
            self.write(self.width, self.y - 0.06, said, SMALL._replace(align="right"))
        self.ax.set_ylim(self.y + 0.04, 0.0)
        self.ax.figure.set_size_inches(self.width, self.y + 0.04)  # type: ignore[union-attr]
        return self.ax


def drawer(draw: Callable[[Sheet], None]) -> Callable[..., Axes]:
    """Make what draws on a sheet a public drawer of a chart."""

    def draw_chart(chart: Chart, words: Words, *, ax: Axes) -> Axes:
        """
        Parameters
        ----------
        chart : Chart
            What to draw.
        words : Words
            Of the reader's language.
        ax : Axes
            From `style.new_canvas`; its height is set.

        Returns
        -------
        Axes
            The same.
        """
        sheet = Sheet(ax, chart, words)
        if sheet.lines:
            draw(sheet)
        else:
            sheet.nothing("not_asked")
        return sheet.fit()

    draw_chart.__name__, draw_chart.__doc__ = draw.__name__, f"{draw.__doc__}\n{draw_chart.__doc__}"
    DRAWERS[draw.__name__.removeprefix("draw_")] = draw_chart
    return draw_chart


class Column(NamedTuple):
    """One column of a row chart: `width` 0 shares what is left, `ticks` are values and labels of a scale."""

    draw: Callable[[Sheet, Span, Cell], None]
    key: str = ""
    head: str = ""
    width: float = 0.0
    align: str = "left"
    ticks: Mapping[float, str] = {}
    zero: str = "grid"


def draw_rows(sheet: Sheet, columns: Sequence[Column], label: float, gap: float = 0.14) -> dict[str, Span]:
    """Draw labels, heads, scales and cells; the pooled row last, in bold under a rule. Spans by key, `y` their top."""
    spans, before = _place_columns(sheet, columns, label, gap), None
    top = sheet.y
    sheet.rule([0, sheet.width], [top, top])
    for (section, key), line in sheet.lines.items():
        look = LABEL._replace(size=8.0 if label > 1.5 else 8.5, bold=key == "all")
        look, text = fit_label(sheet.labels[section, key], look, label)
        parted = before is not None and (key == "all" or section != before)
        if before is not None and (parted or label > 1.5):
            sheet.y += 0.05 * parted
            sheet.rule([0, sheet.width], [sheet.y] * 2, "rule" if parted else "grid")
        if section not in {"", before}:
            sheet.write(0, sheet.y + 0.15, section, HEAD._replace(role="ink", bold=True))
            sheet.y += 0.26
        height, before = max(0.32, 0.08 + 0.0178 * look.size * (text.count("\n") + 1)), section
        row = Span(0, 0, sheet.y + height / 2, line=line, pooled=key == "all")
        sheet.write(0, row.y, text, look)
        _draw_cells(sheet, columns, spans, row)
        sheet.y += height
    found: dict[str, Span] = {}
    for column, span in zip(columns, spans, strict=True):
        found.setdefault(column.key, span._replace(y=top))
        for value in (value for value, text in column.ticks.items() if text or value == 0):
            sheet.rule([span.at(value)] * 2, [top, sheet.y], column.zero if value == 0 else "grid")
    return found


def fit_label(text: str, look: Look, width: float) -> tuple[Look, str]:
    """At most two lines: by smaller letters where needed."""
    for less in (0, 0.5, 1.0, 1.5, 2.0):
        smaller = look._replace(size=look.size - less)
        written = smaller.wrap(text[:1].upper() + text[1:], width)
        if written.count("\n") < 2:
            break
    return smaller, written


def _place_columns(sheet: Sheet, columns: Sequence[Column], label: float, gap: float) -> list[Span]:
    """Place columns side by side under heads and ticks; long heads stand on two levels, each from the right."""
    room = sheet.width - label - sum(each.width + gap for each in columns) - 0.08 * (columns[-1].align != "right")
    share = room / sum(not each.width for each in columns)
    spans, heads, x = [], [], label
    for each in columns:
        x += gap + (each.width or share)
        spans.append(Span(x - (each.width or share), x, 0, min(each.ticks, default=0.0), max(each.ticks, default=1.0)))
    longest = [max(map(HEAD.width, each.head.split(" "))) if each.align == "left" else 0.0 for each in columns]
    levels = 1 + any(word > span.x1 - span.x0 + gap - 0.04 for word, span in zip(longest, spans, strict=True))
    ends = [sheet.width] * levels
    for place, (each, span, word) in reversed(list(enumerate(zip(columns, spans, longest, strict=True)))):
        end, middle, (name, *under) = ends[place % levels], (span.x0 + span.x1) / 2, each.head.split("\n")
        head = HEAD.wrap(name, max(end - span.x0, word) + 0.01 if word else span.x1 - span.x0 + gap - 0.08)
        x = {"left": min(span.x0, end - HEAD.width(head)), "right": span.x1, "center": middle}[each.align]
        ends[place % levels] = x - 0.1
        heads.append((x, "\n".join([head, *under])))
    heads.reverse()
    lines = [max((head.count("\n") + 1) * bool(head) for _, head in heads[at::levels]) for at in range(levels)]
    tall = [0.139 * count for count in lines]
    ticked = 0.17 * any(text for each in columns for text in each.ticks.values())
    sheet.y += sum(tall) + ticked + 0.07
    for place, (each, span, (x, head)) in enumerate(zip(columns, spans, heads, strict=True)):
        raised = place % levels  # its head stands on the upper level, over a line down to the rows
        low = sheet.y - 0.05 - tall[0] * raised - ticked * any(each.ticks.values())
        sheet.write(x, low - 0.0695 * (head.count("\n") + 1), head, HEAD._replace(align=each.align))
        if raised:
            sheet.rule([span.x0] * 2, [low, sheet.y])
        for value, text in each.ticks.items():
            sheet.write(span.at(value), sheet.y - 0.135, text, HEAD._replace(align="center"))
    return spans


def _draw_cells(sheet: Sheet, columns: Sequence[Column], spans: Sequence[Span], row: Span) -> None:
    """Draw the cells of one row; where no plot has a number, one word stands over all of them."""
    plots = [span for each, span in zip(columns, spans, strict=True) if not each.width]
    cells = [row.line.get(key, NOTHING) for each in columns if not each.width for key in each.key.split()]
    closed = len(plots) > 1 and not any(cell.drawn or cell.text for cell in cells)
    if closed:
        mark = next((cell.mark for cell in cells if cell.mark == "hidden"), cells[0].mark)
        sheet.missing(row._replace(x0=plots[0].x0, x1=plots[-1].x1), mark)
    for each, span in zip(columns, spans, strict=True):
        if each.width or not closed:
            cell = row.line.get(each.key, NOTHING) if each.key else next(iter(row.line.values()))
            each.draw(sheet, row._replace(x0=span.x0, x1=span.x1, low=span.low, high=span.high), cell)
