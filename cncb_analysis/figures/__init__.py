"""Draw a finished, protected table: a dozen kinds of chart, and a figure for the page or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cncb_analysis.figures import panels, regions, rows
from cncb_analysis.figures.chart import Chart
from cncb_analysis.figures.layout import DRAWERS, LABEL, SMALL, Sheet
from cncb_analysis.style import ALONE_WIDTH, MARGIN, figure_context, new_canvas, recolour_svg, render_figure
from cncb_analysis.words import Words

__all__ = ["DRAWERS", "Chart", "draw_alone", "draw_chart", "draw_inline", "panels", "regions", "rows"]


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


def draw_inline(kind: str, table: pd.DataFrame, words: Words, *, prefix: str = "") -> str:
    """Draw a figure for a page, which gives it heading, caption, colours and font.

    Parameters
    ----------
    kind : str
        One of `DRAWERS`.
    table : DataFrame
        As `Chart` says.
    words : Words
        Fixed words.
    prefix : str
        Of its ids, so that several figures can stand on a page.

    Returns
    -------
    str
        An element svg.
    """
    figure, _ = draw_chart(Chart(kind, table), words)
    return recolour_svg(render_figure(figure).decode(), prefix)


def draw_alone(chart: Chart, words: Words, *, texts: Mapping[str, str], forms: Sequence[str]) -> dict[str, bytes]:
    """Draw a figure that travels alone: with its title, what is measured, and its foot.

    Parameters
    ----------
    chart : Chart
        What to draw; it is drawn as wide as a file is.
    words : Words
        Fixed words.
    texts : mapping of str to str
        title, subtitle, foot; each may be missing.
    forms : sequence of {"svg", "png", "pdf"}
        Formats.

    Returns
    -------
    dict of str to bytes
        The picture in each.
    """
    figure, ax = draw_chart(Chart(chart.kind, chart.table, ALONE_WIDTH), words)
    looks = {"title": LABEL._replace(size=11.5, bold=True), "subtitle": LABEL._replace(role="grey")}
    looks["foot"] = SMALL._replace(role="faint")
    said = {part: look.wrap(texts[part], ALONE_WIDTH) for part, look in looks.items() if texts.get(part)}
    tall = {part: 0.0178 * looks[part].size * (text.count("\n") + 1) for part, text in said.items()}
    end, top = ax.get_ylim()[0], -0.12 - tall.get("title", 0) - tall.get("subtitle", 0)
    y = top
    with figure_context():
        for part, text in said.items():
            y = end + 0.12 if part == "foot" else y
            Sheet(ax, chart, words).write(0, y + tall[part] / 2, text, looks[part])
            y += tall[part]
    ax.set(xlim=(-MARGIN, ALONE_WIDTH + MARGIN), ylim=(max(y, end) + MARGIN, top - MARGIN))
    figure.set_size_inches(ALONE_WIDTH + 2 * MARGIN, max(y, end) - top + 2 * MARGIN)
    return {form: render_figure(figure, form) for form in forms}
