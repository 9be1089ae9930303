"""Draw slides: text that fits its box, native tables, charts and shapes; and a file whose bytes do not change."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_MARKER_STYLE
from pptx.enum.shapes import MSO_CONNECTOR, MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches, Pt

from cncb_analysis.deck.measure import LEAST, ROOM, SIZE, fit_text
from cncb_analysis.store import pack_zip
from cncb_analysis.style import read_palette

LEFT, TOP, BOTTOM = 0.5, 1.62, 6.85  # inches: where a slide's content stands
_FONT = "Arial"
_MOMENT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_PLAIN_TABLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's "No Style, No Grid"
_MARKERS = {"dot": XL_MARKER_STYLE.CIRCLE, "ring": XL_MARKER_STYLE.CIRCLE, "diamond": XL_MARKER_STYLE.DIAMOND}
_NUMBER, _CONTROL = "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", re.compile(r"[\x00-\x08\x0b-\x1f]")
_SHAPES = {"box": MSO_SHAPE.RECTANGLE, "oval": MSO_SHAPE.OVAL}

Box = tuple[float, float, float, float]


class Series(NamedTuple):
    """What a native chart draws in one colour.

    Parameters
    ----------
    name : str
        As its workbook calls it.
    points : tuple of (float, float)
        x and y; of bars y alone counts, and None leaves a gap.
    role : str
        Colour.
    marker : str
        dot, ring, diamond, or none.
    width : float
        Points of the line between the points; 0 draws none.
    """

    name: str
    points: tuple[tuple[float, float | None], ...]
    role: str = "data"
    marker: str = ""
    width: float = 0.0


class Sheet:
    """One slide to draw on.

    Parameters
    ----------
    page : pptx slide
        Empty.
    """

    def __init__(self, page: Any) -> None:
        self.page = page

    def furnish(self, title: str, subtitle: str, *, source: str, mark: str, notes: str) -> None:
        """Write what every slide has: title, what is measured, foot with its number, speaker notes.

        Parameters
        ----------
        title, subtitle : str
            What was found; what is measured, with n.
        source, mark : str
            Left and right in the foot.
        notes : str
            For the speaker.
        """
        heading = self.page.shapes.title
        heading.left, heading.top, heading.width, heading.height = (Inches(x) for x in (LEFT, 0.28, ROOM, 0.82))
        _fill_frame(heading.text_frame, title, (ROOM, 0.82), 26, bold=True, anchor="bottom")
        self.write((LEFT, 1.12, ROOM, 0.46), subtitle, role="grey")
        self.draw_line((LEFT, 7.0), (LEFT + ROOM, 7.0))
        self.write((LEFT, 7.06, 6.4, 0.36), source, 11, role="grey")
        self.write((LEFT + 6.5, 7.06, 5.2, 0.36), mark, 11, role="partial", bold=True, align="right")
        number = self.write((LEFT + ROOM - 0.5, 7.06, 0.5, 0.3), "0", 11, role="grey", align="right")
        paragraph = number.text_frame.paragraphs[0]._p
        field = parse_xml(f'<a:fld {nsdecls("a")} id="{_NUMBER}" type="slidenum"/>')
        field.extend(list(paragraph.r_lst[0]))
        paragraph.replace(paragraph.r_lst[0], field)
        self.page.notes_slide.notes_text_frame.text = _CONTROL.sub("", notes)

    def write(self, box: Box, text: str, size: float = SIZE, **look: Any) -> Any:
        """Write text into a box, as large as it fits.

        Parameters
        ----------
        box : tuple of float
            Left, top, width, height in inches.
        text : str
            Paragraphs joined by line breaks.
        size : float
            Points wanted.
        look
            role, bold, lead (the first paragraph alone bold), align, anchor; fill and line (roles) and shape (box or
            oval) of what stands behind it.

        Returns
        -------
        pptx shape
            The shape.
        """
        fill, line = look.pop("fill", ""), look.pop("line", "")
        place = [Inches(x) for x in box]
        if fill or line:
            shape = self.page.shapes.add_shape(_SHAPES[look.pop("shape", "box")], *place)
            shape._element.remove(shape._element.find(qn("p:style")))  # the theme's shadow
            _paint(shape.fill, fill)
            _paint(shape.line.fill, line)
        else:
            shape = self.page.shapes.add_textbox(*place)
        inset = 0.1 if fill or line else 0.0
        _fill_frame(shape.text_frame, text, (box[2] - 2 * inset, box[3] - inset), size, inset=inset, **look)
        return shape

    def draw_line(self, start: tuple[float, float], end: tuple[float, float], role: str = "rule", **look: Any) -> None:
        """Draw a straight line.

        Parameters
        ----------
        start, end : tuple of float
            Inches.
        role : str
            Colour.
        look
            width (points), dash, arrow (bools).
        """
        line = self.page.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, *(Inches(x) for x in (*start, *end)))
        line._element.remove(line._element.find(qn("p:style")))
        _paint(line.line.fill, role)
        line.line.width = Pt(look.get("width", 0.8))
        ends = '<a:prstDash val="dash"/>' * look.get("dash", False)
        ends += '<a:tailEnd type="triangle"/>' * look.get("arrow", False)
        for part in parse_xml(f"<a:ln {nsdecls('a')}>{ends}</a:ln>"):
            line.line._ln.append(part)

    def add_table(self, rows: Sequence[Sequence[str]], widths: Sequence[float], heights: Sequence[float], y: float, /,
                  size: float = SIZE) -> None:  # fmt: skip
        """Add a native table: headings grey over a rule, a thin line below each row.

        Parameters
        ----------
        rows : sequence of sequence of str
            Headings first; a row with its first cell alone is a heading within.
        widths, heights : sequence of float
            Inches, a column or row each.
        y : float
            Inches from the top.
        size : float
            Points.
        """
        box = (Inches(x) for x in (LEFT, y, sum(widths), sum(heights)))
        grid = self.page.shapes.add_table(len(rows), len(widths), *box).table
        grid._tbl.tblPr.find(qn("a:tableStyleId")).text = _PLAIN_TABLE
        for column, width in zip(grid.columns, widths, strict=True):
            column.width = Inches(width)
        for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
            grid.rows[number].height = Inches(height)
            for place, (text, width) in enumerate(zip(row, widths, strict=True)):
                cell, lead = grid.cell(number, place), bool(number) and len(row) > 1 and not any(row[1:])
                role = "ink" if number else "grey"
                _fill_frame(cell.text_frame, text, (width - 0.16, height - 0.1), size, role=role, bold=lead)
                cell.margin_left, cell.margin_right, cell.margin_top, cell.margin_bottom = 0, Inches(0.1), 0, 0
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE if number else MSO_ANCHOR.BOTTOM
                colour = read_palette()["grid" if number else "rule"][1:]
                edge = f'<a:lnB {nsdecls("a")} w="9525"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:lnB>'
                cell._tc.get_or_add_tcPr().append(parse_xml(edge))

    def add_bars(self, box: Box, names: Sequence[str], series: Sequence[Series], most: float, *, alt: str) -> None:
        """Add native bars that fill a box exactly, the first on top, without axes.

        Parameters
        ----------
        box : tuple of float
            Inches.
        names : sequence of str
            Of the bars.
        series : sequence of Series
            One colour each.
        most : float
            End of the scale.
        alt : str
            Its description.
        """
        data = CategoryChartData()
        data.categories = names
        for each in series:
            data.add_series(each.name, [y for _, y in each.points])
        chart = self._add_chart(XL_CHART_TYPE.BAR_CLUSTERED, box, data, alt)
        chart.category_axis.reverse_order = True
        chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0, most
        chart.plots[0].gap_width, chart.plots[0].overlap = 60, 0
        for drawn, each in zip(chart.plots[0].series, series, strict=True):
            drawn.invert_if_negative = False
            _paint(drawn.format.fill, each.role)

    def add_points(self, box: Box, series: Sequence[Series], x: tuple[float, float], y: float, *, alt: str) -> None:
        """Add native points and lines that fill a box exactly, without axes.

        Parameters
        ----------
        box : tuple of float
            Inches.
        series : sequence of Series
            Drawn one over the other.
        x : tuple of float
            Ends of the scale.
        y : float
            Upper end of the other, which begins at nought.
        alt : str
            Its description.
        """
        data = XyChartData()
        for each in series:
            added = data.add_series(each.name)
            for point in each.points:
                added.add_data_point(*point)
        chart = self._add_chart(XL_CHART_TYPE.XY_SCATTER_LINES, box, data, alt)
        for axis, ends in ((chart.category_axis, x), (chart.value_axis, (0, y))):
            axis.minimum_scale, axis.maximum_scale = ends
        for drawn, each in zip(chart.plots[0].series, series, strict=True):
            drawn.smooth = False
            _paint(drawn.format.line.fill, each.role if each.width else "")
            drawn.format.line.width = Pt(each.width or 1)
            drawn.marker.style = _MARKERS.get(each.marker, XL_MARKER_STYLE.NONE)
            if each.marker:
                drawn.marker.size = 11
                _paint(drawn.marker.format.fill, "tint" if each.marker == "ring" else each.role)
                _paint(drawn.marker.format.line.fill, each.role)

    def _add_chart(self, kind: Any, box: Box, data: Any, alt: str) -> Any:
        frame = self.page.shapes.add_chart(kind, *(Inches(x) for x in box), data)
        describe(frame, alt)
        chart = frame.chart
        chart.has_legend = chart.has_title = False
        for axis in (chart.category_axis, chart.value_axis):
            axis.visible = axis.has_major_gridlines = False
        # The plot takes the whole box, so that its rows are those of the table that it lies over.
        edges = "".join(f'<c:{name} val="{value}"/>' for name, value in zip("xywh", (0, 0, 1, 1), strict=True))
        modes = '<c:layoutTarget val="inner"/><c:xMode val="edge"/><c:yMode val="edge"/>'
        layout = f"<c:layout {nsdecls('c')}><c:manualLayout>{modes}{edges}</c:manualLayout></c:layout>"
        area = chart._chartSpace.chart.plotArea
        for old in area.findall(qn("c:layout")):
            area.remove(old)
        area.insert(0, parse_xml(layout))
        return chart


def describe(shape: Any, alt: str) -> None:
    """Give a shape its description for those who cannot see it.

    Parameters
    ----------
    shape : pptx shape
        Any.
    alt : str
        What it shows.
    """
    shape._element.xpath(".//p:cNvPr")[0].set("descr", alt)


def _paint(fill: Any, role: str) -> None:
    if not role:
        fill.background()
        return
    fill.solid()
    fill.fore_color.rgb = RGBColor.from_string(read_palette()[role][1:])


def _fill_frame(frame: Any, text: str, room: tuple[float, float], size: float, *, role: str = "ink",
                bold: bool = False, lead: bool = False, align: str = "left", anchor: str = "top",
                inset: float = 0.0) -> None:  # fmt: skip
    """Write paragraphs at the largest size that fits; what fits at none is cut, and says so."""
    text = _CONTROL.sub("", text)
    least = min(LEAST, size)
    while not (fits := fit_text(text, room, size, bold=bold or lead, least=least)) and text != "…":
        text = text.rstrip("…").rpartition(" ")[0].rstrip() + "…"
    fits = fits or least
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR[anchor.upper()]
    frame.margin_left = frame.margin_right = Inches(inset)
    frame.margin_top = frame.margin_bottom = Inches(inset / 2)
    for place, line in enumerate(text.split("\n")):
        paragraph = frame.paragraphs[0] if not place else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN[align.upper()]
        run = paragraph.add_run()
        run.text, run.font.size, run.font.name, run.font.bold = line, Pt(fits), _FONT, bold or (lead and not place)
        run.font.color.rgb = RGBColor.from_string(read_palette()[role][1:])


def open_deck(title: str, language: str) -> Any:
    """Open an empty deck of 13.33 by 7.5 inches.

    Parameters
    ----------
    title, language : str
        Of the document.

    Returns
    -------
    pptx presentation
        With fixed dates.
    """
    show, moment = Presentation(), datetime(2000, 1, 1)
    show.slide_width, show.slide_height = Inches(13.333), Inches(7.5)
    known = show.core_properties
    known.title, known.author, known.last_modified_by, known.language = title, "cncb_analysis", "", language
    known.created = known.modified = moment
    return show


def add_title(show: Any, title: str, prompts: Mapping[str, str], *, logo: str, notes: str) -> None:
    """Add the first slide, with placeholders for what is not known and for logos.

    Parameters
    ----------
    show : pptx presentation
        To add to.
    title : str
        In large letters.
    prompts : mapping of str to str
        What a placeholder asks for, and what is known of it.
    logo : str
        What the logos' placeholders ask for.
    notes : str
        Foot and notes: that the data are made up.
    """
    layout = show.slide_layouts[8]
    old = {holder.placeholder_format.idx: holder._element for holder in layout.placeholders}
    asked = [*((2, prompt, (LEFT, 4.4 + 0.55 * place, 8.0, 0.5)) for place, prompt in enumerate(prompts)),
             *((1, logo, (LEFT + 8.6 + 1.95 * place, 5.6, 1.8, 1.1)) for place in range(2))]  # fmt: skip
    for place, (kind, prompt, box) in enumerate(asked):
        holder = copy.deepcopy(old[kind])
        layout.shapes._spTree.append(holder)
        holder.xpath(".//p:cNvPr")[0].set("id", str(100 + place))
        holder.xpath(".//p:ph")[0].set("idx", str(20 + place))
        shape = next(each for each in layout.placeholders if each.placeholder_format.idx == 20 + place)
        shape.left, shape.top, shape.width, shape.height = (Inches(x) for x in box)
        shape.text_frame.text = prompt
    for kind in (1, 2):
        old[kind].getparent().remove(old[kind])
    sheet = Sheet(show.slides.add_slide(layout))
    heading = sheet.page.shapes.title
    heading.left, heading.top, heading.width, heading.height = (Inches(x) for x in (LEFT, 1.6, ROOM, 2.5))
    _fill_frame(heading.text_frame, title, (ROOM, 2.5), 40, role="data", bold=True, anchor="bottom")
    for place, known in enumerate(prompts.values()):
        if known:
            frame = sheet.page.placeholders[20 + place].text_frame
            _fill_frame(frame, known, (8.0, 0.5), 20)
    sheet.write((LEFT, 7.06, ROOM, 0.36), notes, 11, role="partial", bold=True)
    sheet.page.notes_slide.notes_text_frame.text = "\n".join(filter(None, (title, notes)))


def pack_deck(show: Any) -> bytes:
    """Write a deck; the same slides give the same bytes.

    Parameters
    ----------
    show : pptx presentation
        Finished.

    Returns
    -------
    bytes
        The file.
    """
    buffer = io.BytesIO()
    show.save(buffer)
    return _freeze(buffer.getvalue())


def _freeze(data: bytes) -> bytes:
    """Take the moment of saving out of a file, and out of the workbooks inside that hold the numbers of its charts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, member in members.items():
        if name.endswith("core.xml"):
            members[name] = _MOMENT.sub(rb"\g<1>2000-01-01T00:00:00Z", member)
        elif name.endswith(".xlsx"):
            members[name] = _freeze(member)
    return pack_zip(members)
