"""The workshop decks: PowerPoint with native charts and tables where the kind allows, else pictures."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.enum.dml import MSO_LINE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.oxml.xmlchemy import OxmlElement
from pptx.util import Inches, Pt

from cncb_analysis.figures import Chart, draw_chart, size_of
from cncb_analysis.store import write_zip
from cncb_analysis.style import PALETTE_LIGHT, SLIDE_SCALE, SLIDE_WIDTH, measure_text, render_figure, wrap_text

if TYPE_CHECKING:
    from cncb_analysis.figures.chart import Cell
    from cncb_analysis.words import Words

__all__ = ["Slide", "write_deck"]

_WIDTH, _HEIGHT, _LEFT, _ROOM, _FOOT = 13.333, 7.5, 0.5, 12.33, 6.95
_FONT = "Arial"
_MOMENT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_MOST_SERIES, _MOST_BARS = 3, 12
_DEEPEST, _LEAST = 5.1, 0.8  # inches that a table can have; how far a picture may shrink
_PLAIN_TABLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's "No Style, No Grid"
_ROLES = {"all": "ink", "benchmark": "against"}


@dataclass(frozen=True)
class Slide:
    """One slide: a title that says the finding, and at most one chart or table.

    Parameters
    ----------
    title, subtitle : str
        What was found; what is measured, with all n. A slide with nothing else is a title slide.
    chart : Chart, optional
        Drawn natively where its kind and size allow, else as a picture.
    table : sequence of sequence of str
        Headings, then rows; a long one runs on over further slides.
    lines : sequence of str
        Points in words.
    notes, alt, source : str
        Speaker notes; what a reader who cannot see the chart is told; what stands in the foot.
    """

    title: str
    subtitle: str = ""
    chart: Chart | None = None
    table: Sequence[Sequence[str]] = ()
    lines: Sequence[str] = ()
    notes: str = ""
    alt: str = ""
    source: str = ""


class _Series(NamedTuple):
    """One row of bars: values and what stands behind each."""

    key: str
    name: str
    values: list[float | None]
    labels: list[str]


def write_deck(path: Path, slides: Sequence[Slide], *, words: Words, title: str, synthetic: bool = False) -> None:
    """Write a deck.

    Parameters
    ----------
    path : Path
        Where to, ending in .pptx.
    slides : sequence of Slide
        In order.
    words : Words
        Of the deck's language.
    title : str
        Of the document.
    synthetic : bool
        Whether each foot says that the data are.
    """
    show = Presentation()
    show.slide_width, show.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    tables = [part for slide in slides for part in _split_table(_use_table(slide, words))]
    told = [part for slide in tables for part in _split_chart(slide, words)]
    for number, slide in enumerate(told, start=1):
        _add_slide(show, slide, words, words.text("synthetic.short") if synthetic else "", number)
    properties, moment = show.core_properties, datetime(2000, 1, 1)
    properties.title, properties.author, properties.last_modified_by = title, "cncb_analysis", ""
    properties.created = properties.modified = moment
    properties.language = words.language
    buffer = io.BytesIO()
    show.save(buffer)
    write_zip(path, _freeze(buffer.getvalue()))


def _freeze(data: bytes) -> dict[str, bytes]:
    """Take the moment of saving out of a file, and out of the workbooks inside that hold the numbers of its charts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, member in members.items():
        if name.endswith("core.xml"):
            members[name] = _MOMENT.sub(rb"\g<1>2000-01-01T00:00:00Z", member)
        elif name.endswith(".xlsx"):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for inner, content in _freeze(member).items():
                    archive.writestr(zipfile.ZipInfo(inner), content, zipfile.ZIP_DEFLATED)
            members[name] = buffer.getvalue()
    return members


def _use_table(slide: Slide, words: Words) -> Slide:
    """Turn a chart that is a table on slides into one: profile and matrix."""
    chart = slide.chart
    if chart is None or chart.kind not in {"profile", "matrix"}:
        return slide
    rows: list[Sequence[str]] = [["", *chart.columns.values()]]
    section = ""
    for row in chart.rows:
        if row.section != section:
            section = row.section
            rows.append([section, *[""] * len(chart.columns)])
        cells = [chart.cell(row.key, name, row.section) for name in chart.columns]
        rows.append([row.label, *(_say_cell(cell, words) for cell in cells)])
    return replace(slide, chart=None, table=rows)


def _say_cell(cell: Cell, words: Words) -> str:
    if cell.drawn and cell.counted:
        return words.count_of(cell.k, cell.n)
    if cell.drawn:
        return words.percent(cell.estimate)
    return cell.text or (words.text("hidden") if cell.mark == "hidden" else "–")


def _place_columns(table: Sequence[Sequence[str]]) -> list[float]:
    """Widths of a table's columns: as their longest texts want, the first at most half."""
    wants = [min(max(measure_text(row[i], 13) for row in table) + 0.35, 6.0) for i in range(len(table[0]))]
    return [_ROOM * want / sum(wants) for want in wants]


def _split_table(slide: Slide) -> list[Slide]:
    """Let a table that is too long for one slide run on, with its headings, rather than shrink."""
    if len(slide.table) < 2:
        return [slide]
    widths = _place_columns(slide.table)
    heights = [_row_height(row, widths) for row in slide.table[1:]]
    count = math.ceil(sum(heights) / _DEEPEST)
    place = [min(int(total / sum(heights) * count - 1e-9), count - 1) for total in accumulate(heights)]
    parts = [[row for row, own in zip(slide.table[1:], place, strict=True) if own == part] for part in range(count)]
    return _number(slide, [{"table": [slide.table[0], *part]} for part in parts])


def _split_chart(slide: Slide, words: Words) -> list[Slide]:
    """Let a picture of many rows run on too, when it would shrink below what a room can read."""
    chart = slide.chart
    if chart is None or chart.kind not in {"ranked", "gap", "decision"} or _find_bars(chart, words):
        return [slide]
    wide = Chart(chart.kind, chart.table, SLIDE_WIDTH, dense=True)
    count = math.ceil(size_of(wide, words)[1] * SLIDE_SCALE * _LEAST / _DEEPEST)
    each = math.ceil(len(chart.rows) / count)
    keys = [[row.key for row in chart.rows[start : start + each]] for start in range(0, len(chart.rows), each)]
    return _number(
        slide, [{"chart": replace(chart, table=chart.table[chart.table["row"].isin(part)])} for part in keys]
    )


def _number(slide: Slide, parts: Sequence[dict[str, Any]]) -> list[Slide]:
    names = [slide.title, *(f"{slide.title} ({place})" for place in range(2, len(parts) + 1))]
    return [replace(slide, title=name, **part) for name, part in zip(names, parts, strict=True)]


def _row_height(row: Sequence[str], widths: Sequence[float]) -> float:
    lines = max(len(wrap_text(text, width - 0.15, 13)) for text, width in zip(row, widths, strict=True))
    return 0.16 + 0.23 * lines


def _add_slide(show: Any, slide: Slide, words: Words, mark: str, number: int) -> None:
    page = show.slides.add_slide(show.slide_layouts[5])
    alone = slide.chart is None and not slide.table and not slide.lines
    size = 40.0 if alone else 26.0
    lines = len(wrap_text(slide.title, _ROOM, size, True))
    top = 2.4 if alone else 0.35
    heading, height = page.shapes.title, lines * size * 1.2 / 72
    heading.left, heading.top, heading.width, heading.height = map(Inches, (_LEFT, top, _ROOM, height))
    _fill(heading.text_frame, [slide.title], size, "ink", bold=True)
    y = top + height + 0.06
    if slide.subtitle:
        size = 20.0 if alone else 14.5
        deep = len(wrap_text(slide.subtitle, _ROOM, size)) * size * 1.2 / 72
        _add_text(page, [slide.subtitle], (_LEFT, y, _ROOM, deep), size, "grey")
        y += deep
    y = max(y + 0.12, 1.33)
    if slide.lines:
        said = [f"–  {line}" for line in slide.lines]
        size = next((size for size in (18, 15) if y + _text_height(said, size) < _FOOT), 12)
        _add_text(page, said, (_LEFT, y, _ROOM, min(_text_height(said, size), _FOOT - y)), size, "ink")
        y += _text_height(said, size) + 0.1
    if slide.table:
        _add_table(page, slide.table, y)
    if slide.chart is not None:
        series = _find_bars(slide.chart, words)
        frame = _add_bars(page, *series, y) if series else _add_picture(page, slide.chart, words, y)
        frame._element.xpath(".//p:cNvPr")[0].set("descr", slide.alt or slide.title)
    _add_foot(page, slide.source, mark, number)
    page.notes_slide.notes_text_frame.text = "\n".join(part for part in (slide.notes, slide.source, mark) if part)


def _text_height(lines: Sequence[str], size: float) -> float:
    return sum(size / 72 * (1.2 * len(wrap_text(line, _ROOM, size)) + 0.4) for line in lines)


def _colour(role: str) -> RGBColor:
    return RGBColor.from_string(PALETTE_LIGHT[role][1:])


def _write(paragraph: Any, text: str, size: float, role: str = "ink", bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text, run.font.size, run.font.bold, run.font.name = text, Pt(size), bold, _FONT
    run.font.color.rgb = _colour(role)


def _fill(frame: Any, lines: Sequence[str], size: float, role: str, bold: bool = False) -> None:
    """Write lines into a text frame, with the margins that a figure has."""
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for place, line in enumerate(lines):
        paragraph = frame.add_paragraph() if place else frame.paragraphs[0]
        paragraph.alignment, paragraph.space_after = PP_ALIGN.LEFT, Pt(6 if len(lines) > 1 else 0)
        _write(paragraph, line, size, role, bold)


def _add_text(page: Any, lines: Sequence[str], box: tuple[float, ...], size: float, role: str) -> Any:
    frame = page.shapes.add_textbox(*map(Inches, box)).text_frame
    _fill(frame, lines, size, role)
    return frame.paragraphs[0]


def _add_foot(page: Any, source: str, mark: str, number: int) -> None:
    """Draw the rule, the source with the synthetic mark, and the slide's number as a field that follows it."""
    rule = page.shapes.add_connector(1, *map(Inches, (_LEFT, 7.0, _LEFT + _ROOM, 7.0)))
    rule._element.remove(rule._element.find(qn("p:style")))  # the theme's shadow
    rule.line.color.rgb, rule.line.width = _colour("rule"), Pt(0.8)
    foot = _add_text(page, [source], (_LEFT, 7.06, _ROOM - 0.8, 0.36), 11, "grey")
    _write(foot, f" {mark}" if source else mark, 11, "partial", True)
    paragraph = _add_text(page, [str(number)], (_LEFT + _ROOM - 0.7, 7.06, 0.7, 0.25), 11, "grey")
    paragraph.alignment = PP_ALIGN.RIGHT
    text = paragraph.runs[0]._r
    field = _add_element(paragraph._p, "a:fld", id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", type="slidenum")
    field.extend(list(text))
    paragraph._p.remove(text)


def _add_element(parent: Any, name: str, **attributes: str) -> Any:
    """Add what python-pptx has no word for."""
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(key, value)
    parent.append(element)
    return element


def _add_table(page: Any, table: Sequence[Sequence[str]], y: float) -> None:
    """Add a native table without vertical lines: headings grey over a rule, a thin line below each row."""
    widths = _place_columns(table)
    heights = [_row_height(row, widths) for row in table]
    box = map(Inches, (_LEFT, y, _ROOM, sum(heights)))
    grid = page.shapes.add_table(len(table), len(widths), *box).table
    grid._tbl.tblPr.find(qn("a:tableStyleId")).text = _PLAIN_TABLE
    for place, width in enumerate(widths):
        grid.columns[place].width = Inches(width)
    for line, row in enumerate(table):
        grid.rows[line].height = Inches(heights[line])
        alone = line > 0 and len(row) > 1 and not any(row[1:])
        for place, text in enumerate(row):
            cell = grid.cell(line, place)
            _fill(cell.text_frame, [text], 13, "ink" if line else "grey", bold=alone)
            cell.margin_left, cell.margin_right, cell.margin_top, cell.margin_bottom = 0, Inches(0.1), Pt(4), Pt(4)
            edge = _add_element(cell._tc.get_or_add_tcPr(), "a:lnB", w="7620" if line else "10160")
            colour = PALETTE_LIGHT["grid" if line else "rule"][1:]
            _add_element(_add_element(edge, "a:solidFill"), "a:srgbClr", val=colour)


def _add_picture(page: Any, chart: Chart, words: Words, y: float) -> Any:
    """Add a picture, drawn for a slide and never beyond its foot."""
    figure, _ = draw_chart(Chart(chart.kind, chart.table, SLIDE_WIDTH, dense=True), words)
    width, height = (SLIDE_SCALE * float(size) for size in figure.get_size_inches())
    shrink = min(1.0, (_FOOT - y) / height)
    data = io.BytesIO(render_figure(figure, "png", dpi=110 * SLIDE_SCALE))
    left = _LEFT + (_ROOM - width * shrink) / 2
    return page.shapes.add_picture(data, *map(Inches, (left, y, width * shrink, height * shrink)))


def _find_bars(chart: Chart, words: Words) -> tuple[list[str], list[_Series]] | None:
    """Find categories and series of a chart that can be native bars; none where countries need small multiples."""
    categories, wanted = _choose_cells(chart)
    if not wanted or len(categories) > _MOST_BARS:
        return None
    flow = chart.kind == "flow"
    series = []
    for key, (label, cells) in wanted.items():
        shown = [cell.drawn or (cell.mark == "" and cell.counted) for cell in cells]
        pairs = list(zip(cells, shown, strict=True))
        values = [(cell.k if flow else cell.estimate) if known else None for cell, known in pairs]
        said = [(words.number(cell.k) if flow else _say_cell(cell, words)) if known else "" for cell, known in pairs]
        series.append(_Series(key, label, values, said))
    marks = dict(chart.extra("benchmark")[["column", "estimate"]].itertuples(index=False))
    if marks:
        values = [marks.get(name) for name in chart.columns]
        said = [words.percent(value) if value is not None else "" for value in values]
        series.append(_Series("benchmark", words.text("chart.benchmark"), values, said))
    closed = [any(cells[place].mark == "hidden" for _, cells in wanted.values()) for place in range(len(categories))]
    marked = f" ({words.text('hidden')})"
    return [name + marked * hidden for name, hidden in zip(categories, closed, strict=True)], series


def _choose_cells(chart: Chart) -> tuple[list[str], dict[str, tuple[str, list[Cell]]]]:
    """Choose what the bars of a chart are, and by what: parts by group, items by group, or nothing."""
    rows, columns = chart.rows, chart.columns
    plain = len(columns) == 1 and chart.extra("benchmark").empty  # bars show neither benchmark nor single partners
    if chart.kind in {"allocation", "flow"} and len(rows) <= _MOST_SERIES:
        cells = {row.key: (row.label, [chart.cell(row.key, name) for name in columns]) for row in rows}
        return list(columns.values()), cells
    if (chart.kind == "ranked" and len(columns) <= 2) or (chart.kind == "share" and plain):
        cells = {name: (label, [chart.cell(row.key, name) for row in rows]) for name, label in columns.items()}
        return [row.label for row in rows], cells
    return [], {}


def _add_bars(page: Any, categories: Sequence[str], series: Sequence[_Series], y: float) -> Any:
    """Add a native bar chart: no grid, no value axis, the number behind each bar, first category on top."""
    data = CategoryChartData()
    data.categories = categories
    for each in series:
        data.add_series(each.name, each.values)
    box = map(Inches, (_LEFT, y, _ROOM, _FOOT - y))
    frame = page.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *box, data)
    chart = frame.chart
    chart.font.size, chart.font.name, chart.has_title = Pt(13), _FONT, False
    chart.font.color.rgb = _colour("ink")
    chart.has_legend = len(series) > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    chart.value_axis.visible, chart.value_axis.has_major_gridlines = False, False
    chart.value_axis.minimum_scale = 0
    axis = chart.category_axis
    axis.reverse_order, axis.major_tick_mark = True, XL_TICK_MARK.NONE
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    axis.format.line.color.rgb = _colour("rule")
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 60, 0
    for place, (drawn, each) in enumerate(zip(plot.series, series, strict=True)):
        _dress_series(drawn, each, ("data", "tint", "rule")[min(place, 2)])
    return frame


def _dress_series(drawn: Any, series: _Series, role: str) -> None:
    """Colour one series, the benchmark as a dashed outline, and write what stands behind each bar."""
    colour = _colour(_ROLES.get(series.key, role))
    drawn.invert_if_negative = False
    if series.key == "benchmark":
        drawn.format.fill.background()
        drawn.format.line.color.rgb, drawn.format.line.dash_style = colour, MSO_LINE.DASH
    else:
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = colour
    for place, text in enumerate(series.labels):
        if text:
            label = drawn.points[place].data_label
            label.position = XL_LABEL_POSITION.OUTSIDE_END
            _write(label.text_frame.paragraphs[0], text, 12)
