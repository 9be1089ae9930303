"""The one look: colours by role, type measured in points, a canvas in inches, and the bytes of a picture."""

from __future__ import annotations

import io
import re
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from cncb_analysis.store import read_table

FONT = "DejaVu Sans"
PAGE_WIDTH = 6.4  # inches
# Colours are told to every mark and text; what else a user's own settings could change stands here.
_SETTINGS = {
    "font.family": FONT, "text.hinting": "none", "savefig.facecolor": "auto", "lines.solid_capstyle": "butt",
    "svg.fonttype": "none", "svg.hashsalt": "cncb", "pdf.fonttype": 3,
}  # fmt: skip
_METADATA = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "png": {"Software": None},
}


@cache
def read_palette(ground: str = "light") -> Mapping[str, str]:
    """Read the colours.

    Parameters
    ----------
    ground : {"light", "dark"}
        What they stand on.

    Returns
    -------
    mapping of str to str
        Role to colour. Every role has its own light one, because a page finds the role by it; on-deep and on-pale are
        for text on strong and on pale cells.

    Examples
    --------
    >>> read_palette()["data"], read_palette("dark")["data"]
    ('#1f5f8f', '#7db8e0')
    """
    table = read_table(Path(__file__).with_name("palette.csv"))
    return dict(zip(table["role"], table[ground], strict=True))


def figure_context() -> AbstractContextManager[None]:
    """Hold matplotlib's settings to the study's look, whatever the user's own are.

    Examples
    --------
    >>> with figure_context():
    ...     mpl.rcParams["svg.fonttype"]
    'none'
    """
    return mpl.rc_context(_SETTINGS)


@lru_cache(maxsize=8192)
def _measure_word(word: str, bold: bool) -> float:
    """Measure at one point: lines are tried at many sizes and widths, their words are few."""
    font = FontProperties(family=FONT, size=100, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(word, font, ismath=False)[0]) / 7200


def measure_text(text: str, size: float, bold: bool = False) -> float:
    """Measure a text from its outlines, which are the same at every resolution.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Points.
    bold : bool
        Whether bold.

    Returns
    -------
    float
        Inches.

    Examples
    --------
    >>> round(measure_text("Österreich", 12), 2)
    0.86
    """
    words = text.split(" ")
    return size * (sum(_measure_word(word, bold) for word in words) + (len(words) - 1) * _measure_word(" ", bold))


def _fill_lines(words: list[str], width: float, size: float, bold: bool) -> list[str]:
    lines = words[:1]
    for word in words[1:]:
        if measure_text(f"{lines[-1]} {word}", size, bold) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines


def _break_word(word: str, width: float, size: float, bold: bool) -> list[str]:
    fits = (n for n in range(len(word) - 1, 2, -1) if measure_text(word[:n] + "-", size, bold) <= width)
    end = len(word) if measure_text(word, size, bold) <= width else next(fits, len(word))
    return [word] if end == len(word) else [word[:end] + "-", *_break_word(word[end:], width, size, bold)]


def wrap_text(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Break a text into lines of about the same length; a word longer than a line is broken.

    Parameters
    ----------
    text : str
        Any.
    width : float
        Inches.
    size : float
        Points.
    bold : bool
        Whether bold.

    Returns
    -------
    list of str
        Lines, as few as the width allows, the longest as short as that number allows.

    Examples
    --------
    >>> wrap_text("Most clusters have a strategy", 1.6, 8.5)
    ['Most clusters', 'have a strategy']
    """
    words = [part for word in text.split(" ") for part in _break_word(word, width, size, bold)]
    count = len(_fill_lines(words, width, size, bold))
    shares, said = range(12, 41), lru_cache(lambda share: _fill_lines(words, width * share / 40, size, bold))
    # Lines get fewer as they get wider.
    return said(shares[bisect_left(shares, -count, key=lambda share: -len(said(share)))])


def new_canvas(width: float, height: float = 1.0) -> tuple[Figure, Axes]:
    """Make a figure with one axes over all of it, measured in inches, y downwards.

    Parameters
    ----------
    width, height : float
        Inches; a drawer sets the height that it needs.

    Returns
    -------
    Figure, Axes
        Without pyplot, so nothing is kept.

    Examples
    --------
    >>> figure, ax = new_canvas(6.4, 2.0)
    >>> float(ax.get_ylim()[0])
    2.0
    """
    with figure_context():
        figure = Figure(figsize=(width, height), facecolor=read_palette()["ground"])
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set(xlim=(0.0, width), ylim=(height, 0.0), autoscale_on=False)
        ax.axis("off")
    return figure, ax


def render_figure(figure: Figure, form: str = "svg", *, dpi: float = 160) -> bytes:
    """Write a picture; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        Any.
    form : {"svg", "png", "pdf"}
        Format; text stays text in svg.
    dpi : float
        Of a png.

    Returns
    -------
    bytes
        The file.

    Examples
    --------
    >>> figure, ax = new_canvas(1.0)
    >>> render_figure(figure) == render_figure(figure)
    True
    """
    buffer = io.BytesIO()
    with figure_context():
        figure.savefig(buffer, format=form, dpi=dpi, metadata=_METADATA[form])
    return buffer.getvalue()


def recolour_svg(svg: str, prefix: str = "") -> str:
    """Make a picture follow the page: colours and font by their role, ids that no other picture has.

    Parameters
    ----------
    svg : str
        From `render_figure`.
    prefix : str
        Put before each id.

    Returns
    -------
    str
        From the element svg on.

    Examples
    --------
    >>> recolour_svg('<svg><path id="a" style="fill: #1f5f8f"/><use href="#a"/></svg>', "f")
    '<svg><path id="f-a" style="fill: var(--data)"/><use href="#f-a"/></svg>'
    """
    extra = r"\s*(<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->)"
    svg = re.sub(extra, "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for role, colour in read_palette().items():
        svg = svg.replace(colour, f"var(--{role})")
    svg = re.sub(r">\s+<", "><", re.sub(rf"'{FONT}'[^;\"]*", "var(--font)", svg))
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", svg) if prefix else svg


def css_variables() -> str:
    """Declare the palette for a page: light, dark on a dark screen, light again on paper.

    Returns
    -------
    str
        CSS, a variable a role.

    Examples
    --------
    >>> css_variables().splitlines()[0][:40]
    ':root { --ground: #ffffff; --ink: #1b222'
    """
    rules = []
    for ground in ("light", "dark"):
        colours = " ".join(f"--{role}: {colour};" for role, colour in read_palette(ground).items())
        rules.append(f":root {{ {colours} }}")
    return f"{rules[0]}\n@media screen and (prefers-color-scheme: dark) {{ {rules[1]} }}\n"
