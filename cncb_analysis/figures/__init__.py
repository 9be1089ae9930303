"""Draw a finished, protected table: a dozen kinds of chart, and a figure for the page, a file or a slide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cncb_analysis.errors import StudyError
from cncb_analysis.figures.chart import Chart
from cncb_analysis.figures.decision import draw_decision
from cncb_analysis.figures.diverging import draw_diverging
from cncb_analysis.figures.gap_bump import draw_bump, draw_gap
from cncb_analysis.figures.items import draw_profile, draw_ranked
from cncb_analysis.figures.layout import LABEL, SMALL, draw_missing, fit_canvas, write
from cncb_analysis.figures.maps import draw_scatter, draw_tiles
from cncb_analysis.figures.matrix_circle import draw_circle, draw_matrix
from cncb_analysis.figures.rows import draw_allocation, draw_flow, draw_share
from cncb_analysis.style import ALONE_WIDTH, MARGIN, figure_context, new_canvas, recolour_svg, render_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cncb_analysis.words import Words

__all__ = [
    "DRAWERS", "Chart", "draw_allocation", "draw_alone", "draw_bump", "draw_chart", "draw_circle", "draw_decision",
    "draw_diverging", "draw_flow", "draw_gap", "draw_inline", "draw_matrix", "draw_profile", "draw_ranked",
    "draw_scatter", "draw_share", "draw_tiles", "size_of",
]  # fmt: skip

_DRAW = (
    draw_allocation, draw_bump, draw_circle, draw_decision, draw_diverging, draw_flow, draw_gap, draw_matrix,
    draw_profile, draw_ranked, draw_scatter, draw_share, draw_tiles,
)  # fmt: skip
DRAWERS: Mapping[str, Callable[..., Axes]] = {draw.__name__.removeprefix("draw_"): draw for draw in _DRAW}


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

    Raises
    ------
    StudyError
        When there is no such kind of chart.
    """
    if chart.kind not in DRAWERS:
        raise StudyError("no such kind of chart", value=chart.kind, remedy=f"the kinds are: {', '.join(DRAWERS)}")
    figure, ax = new_canvas(chart.width)
    with figure_context():
        if chart.rows:
            DRAWERS[chart.kind](chart, words, ax=ax)
        else:
            draw_missing(fit_canvas(ax, 0.4), 0.2, "not_asked", (0.0, chart.width), words)
    return figure, ax


def size_of(chart: Chart, words: Words) -> tuple[float, float]:
    """Measure a chart.

    Parameters
    ----------
    chart : Chart
        What would be drawn.
    words : Words
        Fixed words.

    Returns
    -------
    tuple of float
        Width and height in inches.
    """
    width, height = draw_chart(chart, words)[0].get_size_inches()
    return float(width), float(height)


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


def draw_alone(chart: Chart, words: Words, *, texts: Mapping[str, str], form: str = "svg") -> bytes:
    """Draw a figure that travels alone: with its title, what is measured, and its foot.

    Parameters
    ----------
    chart : Chart
        What to draw; it is drawn as wide as a file is.
    words : Words
        Fixed words.
    texts : mapping of str to str
        title, subtitle, foot; each may be missing.
    form : {"svg", "png", "pdf"}
        Format.

    Returns
    -------
    bytes
        The picture.
    """
    figure, ax = draw_chart(Chart(chart.kind, chart.table, ALONE_WIDTH), words)
    hands = {
        "title": LABEL.but(size=11.5, bold=True),
        "subtitle": LABEL.but(role="grey"),
        "foot": SMALL.but(role="faint"),
    }
    said = {part: hand.wrap(texts[part], ALONE_WIDTH) if texts.get(part) else "" for part, hand in hands.items()}
    heights = {part: hands[part].height(text.count("\n") + 1) if text else 0.0 for part, text in said.items()}
    height = ax.get_ylim()[0]
    above = heights["title"] + heights["subtitle"] + (0.14 if heights["title"] else 0.0)
    below = heights["foot"] + (0.12 if heights["foot"] else 0.0)
    with figure_context():
        write(ax, 0, heights["title"] / 2 - above, said["title"], hands["title"])
        write(ax, 0, heights["title"] + 0.02 + heights["subtitle"] / 2 - above, said["subtitle"], hands["subtitle"])
        write(ax, 0, height + below - heights["foot"] / 2, said["foot"], hands["foot"])
    ax.set(xlim=(-MARGIN, ALONE_WIDTH + MARGIN), ylim=(height + below + MARGIN, -above - MARGIN))
    figure.set_size_inches(ALONE_WIDTH + 2 * MARGIN, height + above + below + 2 * MARGIN)
    return render_figure(figure, form)
