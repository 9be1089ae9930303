"""Draw a finished, protected table: a dozen kinds of chart, and a figure for the page or a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cncb_analysis.figures import maps, panels, regions, rows
from cncb_analysis.figures.chart import Chart
from cncb_analysis.figures.layout import DRAWERS, LABEL, SMALL, write_lines
from cncb_analysis.style import FONT, figure_context, new_canvas, read_palette, render_figure
from cncb_analysis.words import Words

__all__ = [
    "DRAWERS",
    "Chart",
    "draw_alone",
    "draw_chart",
    "frame_svg",
    "maps",
    "panels",
    "regions",
    "rows",
]

_GAP = 10  # points, around a picture and below its title
_LOOKS = {
    "title": LABEL._replace(size=11.5, bold=True), "subtitle": LABEL._replace(role="grey"),
    "foot": SMALL._replace(role="faint"),
}  # fmt: skip


def draw_chart(chart: Chart, words: Words) -> tuple[Figure, Axes]:
    """Draw a chart on a canvas of its own, as high as it needs.

    Parameters
    ----------
    chart : Chart
        What to draw, and how wide.
    words : Words
        Fixed words.

    Returns
    -------
    Figure, Axes
        Inches, y downwards, without header and foot.
    """
    figure, ax = new_canvas(chart.width)
    with figure_context():
        DRAWERS[chart.kind](chart, words, ax=ax)
    return figure, ax


def frame_svg(svg: str, texts: Mapping[str, str]) -> bytes:
    """Make a page's picture one that travels alone, with title, what is measured and foot, without drawing it again.

    Parameters
    ----------
    svg : str
        As `style.recolour_svg` gives it.
    texts : mapping of str to str
        title, subtitle, foot; each may be missing.

    Returns
    -------
    bytes
        The picture as SVG.
    """
    colours, font = read_palette(), f"'{FONT}', sans-serif"
    for role, value in {**colours, "font": font}.items():
        svg = svg.replace(f"var(--{role})", value)
    start, _, picture = svg.partition(">")
    width, height = map(float, re.findall(r'viewBox="0 0 (\S+) (\S+)"', start)[0])
    y, written = 0.0, []
    for part, look in _LOOKS.items():
        if part == "foot":
            written.append(f'<g transform="translate(0 {y + _GAP:.2f})">{picture.rpartition("</svg>")[0]}</g>')
            y += height + 2 * _GAP
        for line in look.wrap(texts[part], width / 72).split("\n") if texts.get(part) else ():
            style = f"font: {'bold' * look.bold} {look.size}px {font}; fill: {colours[look.role]}"
            written.append(f'<text y="{y + look.size:.2f}" style="{style}">{escape(line, quote=False)}</text>')
            y += 1.28 * look.size
    wide, tall = (f"{size + 2 * _GAP:.2f}" for size in (width, y))
    start = re.sub(r' (width|height|viewBox)="[^"]*"', "", start)
    ground = f'<rect x="-{_GAP}" y="-{_GAP}" width="{wide}" height="{tall}" fill="{colours["ground"]}"/>'
    frame = (
        f'{start} width="{wide}pt" height="{tall}pt" viewBox="-{_GAP} -{_GAP} {wide} {tall}" stroke-linejoin="round">'
    )
    return f"{frame}{ground}{''.join(written)}</svg>".encode()


def draw_alone(figure: Figure, ax: Axes, *, texts: Mapping[str, str], forms: Sequence[str]) -> dict[str, bytes]:
    """Write a figure that travels alone where no SVG is taken: with its title, what is measured, and its foot.

    Parameters
    ----------
    figure, ax : Figure, Axes
        From `draw_chart`; left as they were.
    texts : mapping of str to str
        title, subtitle, foot; each may be missing.
    forms : sequence of {"png", "pdf"}
        Formats; none writes nothing.

    Returns
    -------
    dict of str to bytes
        The picture in each.
    """
    if not forms:
        return {}
    width, end = map(float, figure.get_size_inches())
    before, margin = len(ax.texts), _GAP / 72
    said = {part: look.wrap(texts[part], width) for part, look in _LOOKS.items() if texts.get(part)}
    tall = {part: 0.0178 * _LOOKS[part].size * (text.count("\n") + 1) for part, text in said.items()}
    y = top = -0.12 - tall.get("title", 0) - tall.get("subtitle", 0)
    with figure_context():
        for part, text in said.items():
            y = end + 0.12 if part == "foot" else y
            write_lines(ax, 0, y + tall[part] / 2, text, _LOOKS[part])
            y += tall[part]
    ax.set(xlim=(-margin, width + margin), ylim=(max(y, end) + margin, top - margin))
    figure.set_size_inches(width + 2 * margin, max(y, end) - top + 2 * margin)
    pictures = {form: render_figure(figure, form) for form in forms}
    for text_drawn in list(ax.texts)[before:]:
        text_drawn.remove()
    ax.set(xlim=(0, width), ylim=(end, 0))
    figure.set_size_inches(width, end)
    return pictures
