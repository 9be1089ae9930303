"""Draw toy charts and find in them what a test asserts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from cncb_analysis.figures import Chart, draw_chart
from cncb_analysis.style import PAGE_WIDTH, figure_context, read_palette, recolour_svg, render_figure
from cncb_analysis.words import Words
from tests.toy_charts import say, toy

PALETTE = read_palette()
EDITIONS = {"page": PAGE_WIDTH, "wider": 6.8}


def draw_inline(kind: str, table: pd.DataFrame, words: Words, *, prefix: str = "") -> str:
    """A figure as a page holds it."""
    return recolour_svg(render_figure(draw_chart(Chart(kind, table), words)[0]).decode(), prefix)


def chart_of(name: str, edition: str = "page", table: pd.DataFrame | None = None) -> Chart:
    return Chart(name.split()[0], toy(name) if table is None else table, EDITIONS[edition])


def drawn(name: str, language: str = "de", table: pd.DataFrame | None = None) -> Axes:
    return draw_chart(chart_of(name, table=table), say(language))[1]


def texts_of(ax: Axes) -> list[Text]:
    ticks = [tick for inner in ax.figure.axes[1:] for tick in (*inner.get_xticklabels(), *inner.get_yticklabels())]
    inside = [text for inner in ax.figure.axes for text in inner.texts]
    return [text for text in (*inside, *ticks) if text.get_text().strip()]


def plain(text: Text | str) -> str:
    """A text with ordinary spaces."""
    return (text if isinstance(text, str) else text.get_text()).replace("\u00a0", " ").replace("\u202f", " ")


def text_at(ax: Axes, said: str) -> Text:
    found = [text for text in ax.texts if plain(text) == plain(said)]
    assert len(found) == 1, f"{len(found)} times {said!r} among {[text.get_text() for text in ax.texts]}"
    return found[0]


def row_texts(ax: Axes, label: str) -> set[str]:
    """Texts that stand level with a row's label, without the label."""
    own = text_at(ax, label)
    return {text.get_text() for text in ax.texts if abs(text.get_position()[1] - own.get_position()[1]) < 0.02} - {
        label
    }


def at_x(line: Line2D) -> float:
    return float(np.asarray(line.get_xdata())[0])


def at_y(line: Line2D) -> float:
    return float(np.asarray(line.get_ydata())[0])


def dots(ax: Axes, role: str, marker: str = "o") -> list[tuple[float, float]]:
    """Filled marks of one colour and form, from the top."""
    colour = PALETTE[role]
    marks = [line for line in ax.lines if line.get_marker() == marker and line.get_markerfacecolor() == colour]
    return sorted(((at_x(m), at_y(m)) for m in marks), key=lambda at: at[1])


def bars(ax: Axes, *roles: str) -> list[Rectangle]:
    colours = [PALETTE[role] for role in roles]
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    return [box for box in boxes if mix(box.get_facecolor()) in colours]


def mix(colour: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour[:3])


def on_scale(ax: Axes, x: float, low: str, high: str, value: float = 1.0) -> float:
    """Value at a place, read off two tick labels."""
    start, end = (text_at(ax, said).get_position()[0] for said in (low, high))
    return value * (x - start) / (end - start)


def boxes_of(ax: Axes, dpi: float = 100) -> Iterator[tuple[str, np.ndarray]]:
    """Extents of all texts in inches from the top left corner."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = cast("Figure", ax.figure)
    figure.set_dpi(dpi)
    height = figure.get_size_inches()[1]
    with figure_context():
        FigureCanvasAgg(figure).draw()
        boxes = [(text, text.get_window_extent()) for text in texts_of(ax)]
    for text, box in boxes:
        yield text.get_text(), np.array([box.x0, height * dpi - box.y1, box.x1, height * dpi - box.y0]) / dpi
