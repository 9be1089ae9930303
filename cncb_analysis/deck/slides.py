"""The slides of a deck, one a row of slides.csv: what its figure shows, laid out as the row says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cncb_analysis.deck.drawing import BOTTOM, LEFT, TOP, Box, Series, Sheet, open_deck
from cncb_analysis.deck.measure import SIZE, find_widths, measure_rows
from cncb_analysis.estimates import BASES
from cncb_analysis.page_statistics import check_statements
from cncb_analysis.page_tables import format_cell
from cncb_analysis.shown import ShownFigure
from cncb_analysis.tables import DisplayTable
from cncb_analysis.view import NOTHING, Cell
from cncb_analysis.words import read_shipped

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page
    from cncb_analysis.study import Study

_BARS, _ROWS = 6, 7  # the most that a room can read in one chart
_PITCH, _SMALL_BASE = 0.8, 10
_NONE: Mapping[str, Any] = {}
_LOOKS = {"dots": (("dot", "data"), ("diamond", "ink")), "links": (("ring", "data"), ("dot", "data"))}
_KEYS = {"bars": "■□", "dots": "●◊", "links": "○●"}


class Row(NamedTuple):
    """One row of a chart: cells and their texts by column."""

    key: str
    label: str
    section: str
    cells: Mapping[str, Cell]
    texts: Mapping[str, str]

    def hides(self, column: str) -> bool:
        """Whether there is no number."""
        return bool(self.cells[column]["estimate"] != self.cells[column]["estimate"])

    def size(self, column: str) -> float:
        """The number by which to sort; what is hidden stands in the middle, so that its place tells nothing."""
        return 0.5 if self.hides(column) else float(self.cells[column]["estimate"])


class Plot(NamedTuple):
    """One native chart beside the labels: how it is drawn, of which columns, and which of them are written too."""

    kind: str
    columns: tuple[str, ...]
    said: tuple[str, ...]
    ends: tuple[float, float]
    head: str = ""
    lines: tuple[tuple[float, str], ...] = ()


def read_slides(study: Study, deck: str) -> list[Mapping[str, str]]:
    """Read which slides a deck has.

    Parameters
    ----------
    study : Study
        Its table `slides`; a study without has those of the example.
    deck : str
        national_workshop or comparison.

    Returns
    -------
    list of mapping
        Rows, in order.
    """
    table = study.table("slides")
    table = read_shipped("slides") if table.empty else table
    return table[table["deck"] == deck].to_dict("records")


class Deck:
    """The deck of one page.

    Parameters
    ----------
    page : Page
        What it may show, in whose words.
    """

    def __init__(self, page: Page) -> None:
        self.page, self.words, self.view = page, page.words, page.view
        self.title = self.words.text("deck.title" if page.partner else "deck.european_title")
        self.show = open_deck(self.title, page.language)
        self.mark = self.words.text("synthetic.short") if page.study.settings.get("synthetic") else ""
        self.statements = list(check_statements(page.study.table("published"), page.view))
        self.row: Mapping[str, str] = {}
        self.shown: Sequence[ShownFigure | DisplayTable] = ()

    def start(self, finding: str = "", place: int = 0) -> Sheet:
        """Start a slide: title, subtitle with n, foot and notes, from what the row's figure shows.

        Parameters
        ----------
        finding : str
            Stands behind the slide's name.
        place : int
            Which of several slides of the row.

        Returns
        -------
        Sheet
            To draw on.
        """
        first, named = next(iter(self.shown), None), self.words.text(f"slide.{self.row['slide']}")
        title = (f"{named}: {finding}" if finding else named) + (f" ({place + 1})" if place else "")
        subtitle, notes, source = self._subtitle(), [title], ""
        if isinstance(first, ShownFigure):
            subtitle, source = f"{subtitle}. {self._count()[1]}", first.table.source
            notes += [first.alt, first.note]
        elif first is not None:
            source = first.source
            notes += [first.caption, first.base, source]
        printed = [each for each in self.statements if each["slide"] in self.row["printed"].split(";")]
        notes += [f"{each['printed']}: {each['verdict']} ({each['found']})" for each in printed]
        notes += [] if self.mark and any(self.mark in note for note in notes) else [self.mark]
        source = source.replace(f"{self.mark}.", "").strip() if self.mark else source
        sheet = Sheet(self.show.slides.add_slide(self.show.slide_layouts[5]))
        sheet.furnish(title, subtitle, source=source, mark=self.mark, notes="\n".join(filter(None, notes)))
        return sheet

    @property
    def figure(self) -> ShownFigure:
        """The first figure of the row."""
        return next(each for each in self.shown if isinstance(each, ShownFigure))

    @property
    def heads(self) -> dict[str, str]:
        """Names of the columns of that figure."""
        columns = dict(zip(self.figure.chart["column"], self.figure.chart["column_label"], strict=True))
        return {**columns, **dict(self.view.groups), "main": self.view.name(self.view.main)}

    def _subtitle(self) -> str:
        """What the slide has of its own, or what the figure measures, without how its picture is read."""
        group = self.view.name(self.view.main)
        figure = self.view.say(
            f"figure.{self.row['figure'].split(';')[0]}.subtitle", "", {"group": group, "n": self._count()[0]}
        )
        measured = self.view.say(f"slide.{self.row['slide']}.subtitle", figure.split(";")[0])
        return f"{measured}; {group}" if measured else ""

    def _count(self) -> tuple[str, str]:
        """The largest n of the page's own group, as a number and as the base's line; of a table neither."""
        first = next(iter(self.shown), None)
        if not isinstance(first, ShownFigure) or not self.page.known[first.id].step:
            return "", ""
        own = first.chart[~first.chart["row"].isin(["benchmark", "threshold"])]
        main = own[own["row"].eq(self.view.main) | own["column"].isin(["main", "share", "importance", "node"])]
        n = (main if len(main) else own)["n"].max()
        base = self.view.say(f"base.{BASES.get(self.page.known[first.id].step)}", "")
        said = {"n": self.words.number(n), "unit": base}
        return (said["n"], self.words.text("base.line", said)) if n == n else ("", "")

    def say(self, cell: Cell, text: str) -> str:
        """Add the word for a count of a small base.

        Parameters
        ----------
        cell : mapping
            With k and n.
        text : str
            Such as "6 of 7".

        Returns
        -------
        str
            Such as "6 of 7, nearly all".
        """
        if cell["k"] == cell["k"] and cell["n"] < _SMALL_BASE and cell["estimate"] == cell["estimate"]:
            return f"{text}, {self.words.quantity(cell['k'], cell['n'])}"
        return text

    def quote(self, topic: str, most: int = 1) -> str:
        """Quote what was told on a topic, with consent.

        Parameters
        ----------
        topic : str
            Code of themes.csv, or its beginning.
        most : int
            How many passages.

        Returns
        -------
        str
            In the page's language where there is a translation or it was told in it, else as it was told; may be empty.
        """
        table, language = self.page.table("quotes"), self.page.language
        if table.empty:
            return ""
        own = table[table["theme_code"].str.startswith(topic)]
        own = own[own["partner"].eq(self.page.partner)] if self.page.partner else own
        own = own.assign(foreign=own["language"].ne(language))
        if language == "en":  # what was translated, was translated into English
            own = own.assign(text=own["translation"].where(own["translation"].ne(""), own["text"]))
            own = own.assign(foreign=own["foreign"] & own["translation"].eq(""))
        said = own.sort_values(["foreign", "theme_code", "text"])["text"]
        return "\n".join(f"“{text}”" for text in list(dict.fromkeys(said))[:most])

    def find(self, variable: str, option: str) -> str:
        """Say how many of the interviewees of the page's own group told of something.

        Parameters
        ----------
        variable, option : str
            Topics and topic.

        Returns
        -------
        str
            Such as "4 of 7, most".
        """
        cell = self.view.cells("interviews", variable, "share").get((option, self.view.main), NOTHING)
        return self.say(cell, format_cell(self.words, cell, share=True))


def list_rows(shown: ShownFigure, *, turned: bool = False, bands: bool = True) -> list[Row]:
    """List the rows of a chart with their texts.

    Parameters
    ----------
    shown : ShownFigure
        Whose chart and table.
    turned : bool
        Whether the chart's columns are wanted as rows.
    bands : bool
        Whether intervals are wanted.

    Returns
    -------
    list of Row
        Without benchmark, threshold and single partners.
    """
    chart = shown.chart[~shown.chart["column"].str.startswith("partner:") & shown.chart["row"].ne("threshold")]
    columns, rows = list(dict.fromkeys(chart["column"])), []
    chart = chart if bands else chart.assign(low=math.nan, high=math.nan)
    groups = chart.groupby(["section", "row"], sort=False)
    for ((section, key), part), line in zip(groups, shown.table.rows, strict=True):
        cells = {cell["column"]: cell for cell in part.to_dict("records")}
        rows.append(Row(key, part["row_label"].iloc[0], section, cells, dict(zip(columns, line[1:], strict=True))))
    rows = [row for row in rows if row.key != "benchmark"]
    if not turned:
        return rows
    labels = dict(zip(chart["column"], chart["column_label"], strict=True))
    columns = [name for name in columns if name != "dont_know"]
    cells = {name: {row.key: row.cells[name] for row in rows if name in row.cells} for name in columns}
    texts = {name: {row.key: row.texts[name] for row in rows} for name in columns}
    return [Row(name, labels[name], "", cells[name], texts[name]) for name in columns]


def draw_rows(deck: Deck, rows: Sequence[Row], plots: Sequence[Plot], *, marks: Mapping[str, float] = _NONE,
              points: Mapping[str, Sequence[float]] = _NONE, told: Mapping[str, tuple[str, ...]] = _NONE,
              names: tuple[str, ...] = ("",), size: float = SIZE) -> None:  # fmt: skip
    """Draw a table whose columns hold native charts, run on over as many slides as it needs.

    Parameters
    ----------
    deck : Deck
        Where.
    rows : sequence of Row
        A new section begins with its name.
    plots : sequence of Plot
        The charts.
    marks, points, told : mapping
        By row: a published reference figure; single partners; further texts.
    names : tuple of str
        Heads of the texts: the label and what `told` gives.
    size : float
        Points.
    """
    # Of small multiples the last is that of all together.
    finding, heads = _find_top(deck, rows, plots[-1]), deck.heads
    head = (*names, *(text for plot in plots for text in _head(plot, heads)))
    charts = [len(names) + sum(1 + len(plot.said) for plot in plots[:place]) for place in range(len(plots))]
    for limit in range(_BARS if plots[0].kind == "bars" else _ROWS, 0, -1):
        each = math.ceil(len(rows) / math.ceil(len(rows) / limit))
        parts = [_add_sections(rows[start : start + each]) for start in range(0, len(rows), each)]
        texts = [[_write_row(deck, row, plots, told.get(row.key, names[1:])) for row in part] for part in parts]
        widths = find_widths([head, *(line for part in texts for line in part)], size, charts=charts)
        first, *tall = measure_rows([head, *(line for part in texts for line in part)], widths, size)
        room = (BOTTOM - TOP - first) / max(map(len, parts))
        if max(tall) <= room or limit == 1:
            break
    height = min(room, max(*tall, _PITCH))
    for place, (part, lines) in enumerate(zip(parts, texts, strict=True)):
        sheet = deck.start(finding, place)
        sheet.add_table([head, *lines], widths, [first, *[height] * len(part)], TOP, size)
        for plot, column in zip(plots, charts, strict=True):
            box = (LEFT + sum(widths[:column]), TOP + first, widths[column] - 0.1, height * len(part))
            _draw_plot(sheet, box, part, plot, alt=f"{heads[plot.columns[0]]}: {finding}", heads=heads, points=points)
            for number, row in enumerate(part):
                if row.key in marks:
                    x, y = box[0] + box[2] * marks[row.key] / plot.ends[1], box[1] + height * number
                    sheet.draw_line((x, y + 0.04), (x, y + height - 0.04), "against", width=2, dash=True)


def _find_top(deck: Deck, rows: Sequence[Row], plot: Plot) -> str:
    """The finding of a slide: its largest number."""
    column = plot.said[0] if plot.said else plot.columns[0]
    known = [row for row in rows if column in row.cells and not row.hides(column)]
    top = max(known, key=lambda row: row.cells[column]["estimate"], default=None)
    return f"{top.label} – {deck.say(top.cells[column], top.texts[column])}" if top else ""


def _add_sections(rows: Sequence[Row]) -> list[Row]:
    """Put a row with the section's name before its first row."""
    out: list[Row] = []
    for place, row in enumerate(rows):
        if row.section and (not place or row.section != rows[place - 1].section):
            out.append(Row("", row.section, row.section, {}, {}))
        out.append(row)
    return out


def _write_row(deck: Deck, row: Row, plots: Sequence[Plot], told: Sequence[str]) -> tuple[str, ...]:
    """Cells of the table: label, texts, and for each chart an empty cell under it and its numbers."""
    said: list[str] = []
    for plot in plots:
        for name in ("", *plot.said):
            text = row.texts.get(name, "–" if name and row.key else "")
            cell = row.cells.get(name, NOTHING)
            said.append(_shorten(deck, cell, text) if len(plots) > 1 else deck.say(cell, text))
    return (row.label, *(told if row.key else [""] * len(told)), *said)


def _shorten(deck: Deck, cell: Cell, text: str) -> str:
    """A count among many: 22/28, in place of 22 of 28 (79%)."""
    known = cell["k"] == cell["k"] and cell["estimate"] == cell["estimate"]
    return "/".join(map(deck.words.number, (cell["k"], cell["n"]))) if known else text


def _head(plot: Plot, heads: Mapping[str, str]) -> list[str]:
    if plot.head:
        head = [plot.head, *[""] * len(plot.said)]
        return head if plot.kind == "dots" else head[::-1]
    key = "   ".join(f"{sign} {heads[name]}" for sign, name in zip(_KEYS[plot.kind], plot.columns, strict=False))
    return [key, *(heads[name] for name in plot.said)]


def _draw_plot(sheet: Sheet, box: Box, rows: Sequence[Row], plot: Plot, *, alt: str, heads: Mapping[str, str],
               points: Mapping[str, Sequence[float]]) -> None:  # fmt: skip
    def place(x: float) -> float:
        return box[0] + box[2] * (x - plot.ends[0]) / (plot.ends[1] - plot.ends[0])

    found = [[row.cells.get(name, NOTHING)["estimate"] for row in rows] for name in plot.columns]
    if plot.kind == "bars":
        bars = zip(plot.columns, found, ("data", "rule"), strict=False)
        drawn = [
            Series(heads[name], tuple((0.0, y if y == y else None) for y in own), role) for name, own, role in bars
        ]
        sheet.add_bars(box, [row.label for row in rows], drawn, plot.ends[1], alt=alt)
    else:
        high = [len(rows) - place - 0.5 for place in range(len(rows))]
        drawn = []
        for row, y in zip(rows, high, strict=True):
            ends = [place(x) for x in _find_span(plot, row)]
            if sum(ends) == sum(ends):
                up = box[1] + box[3] * (1 - y / len(rows))
                width = 3 if plot.kind == "links" else 8
                sheet.draw_line((ends[0], up), (ends[1], up), "tint", width=width)
        single = tuple((x, y) for row, y in zip(rows, high, strict=True) for x in points.get(row.key, ()))
        drawn.append(Series("○", single, "data", "ring"))
        for name, own, (marker, role) in zip(plot.columns, found, _LOOKS[plot.kind], strict=False):
            known = tuple((x, y) for x, y in zip(own, high, strict=True) if x == x)
            drawn.append(Series(heads[name], known, role, marker))
        # The longest first: LibreOffice leaves out a series that begins a chart and is shorter than another.
        if drawn := sorted((each for each in drawn if each.points), key=lambda each: -len(each.points)):
            sheet.add_points(box, drawn, plot.ends, len(rows), alt=alt)
    for value, role in plot.lines:
        sheet.draw_line(
            (place(value), box[1]), (place(value), box[1] + box[3]), role, width=1.5, dash=role == "against"
        )


def _find_span(plot: Plot, row: Row) -> tuple[float, float]:
    """Ends of the pale line below the marks: from own level to importance, or of an interval."""
    first, last = (row.cells.get(plot.columns[place], NOTHING) for place in (0, -1))
    return (first["estimate"], last["estimate"]) if plot.kind == "links" else (first["low"], first["high"])
