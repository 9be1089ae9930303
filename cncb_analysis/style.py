"""The one look: colours by role, type measured in points, a canvas in inches, and the bytes of a picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ALONE_WIDTH", "COUNTRY_COLOURS", "COUNTRY_MARKERS", "FONT", "MARGIN", "PAGE_WIDTH", "PALETTE_DARK",
    "PALETTE_LIGHT", "SLIDE_SCALE", "SLIDE_WIDTH", "baseline", "css_variables", "figure_context", "measure_text",
    "new_canvas", "recolour_svg", "render_figure", "wrap_text",
]  # fmt: skip

FONT = "DejaVu Sans"
# Inches. A slide's figure is 12.33 in wide and drawn 1.62 times as large, so it has this much room to lay out.
PAGE_WIDTH, ALONE_WIDTH, MARGIN = 6.4, 6.8, 0.14
SLIDE_SCALE = 1.62
SLIDE_WIDTH = 12.33 / SLIDE_SCALE

# Role: light, dark. Every role has its own light value, because a page finds the role by the value;
# on-deep and on-pale are for text on strong and on pale cells.
_ROLES: Mapping[str, tuple[str, str]] = {
    "ground": ("#ffffff", "#15191e"), "ink": ("#1b222b", "#e8ebee"), "grey": ("#55606e", "#aab3bd"),
    "faint": ("#636e7b", "#8d97a3"), "rule": ("#c9ced5", "#46505b"), "grid": ("#e4e7eb", "#2b323a"),
    "band": ("#f3f5f7", "#1d232a"), "data": ("#1f5f8f", "#7db8e0"), "tint": ("#b9d2e3", "#2f4f68"),
    "against": ("#a3500f", "#e39a5b"), "against-tint": ("#efc9a6", "#5e3d20"), "on-deep": ("#fefefe", "#15191f"),
    "on-pale": ("#1b222c", "#ffffff"), "low-2": ("#a14e0e", "#e59c5d"), "low-1": ("#e2a66f", "#9a6a42"),
    "neutral": ("#d3d7dc", "#4a525c"), "high-1": ("#86b4d3", "#4a7b9d"), "high-2": ("#1d5c8c", "#9accec"),
    "low": ("#c07a3a", "#c4834d"), "high": ("#4f8bb4", "#76abd0"), "step-1": ("#e6eef4", "#23303b"),
    "step-2": ("#b7d0e2", "#305069"), "step-3": ("#7fadcb", "#42779c"), "step-4": ("#3a79a3", "#6aa7cf"),
    "step-5": ("#174f78", "#b3dcf5"), "done": ("#1f6f4a", "#6fcf9b"), "partial": ("#8a5a00", "#e5b454"),
    "failed": ("#b3261e", "#f2857b"), "banner": ("#fdf3dc", "#2e2613"), "country-AT": ("#ad5010", "#ffb345"),
    "country-CZ": ("#2d2f84", "#7c6fb1"), "country-HU": ("#2f6866", "#58847e"), "country-IT": ("#4b95e5", "#74b5fe"),
    "country-PL": ("#6c1a2d", "#d76548"), "country-SI": ("#af8499", "#fddcf7"), "country-SK": ("#8d986f", "#caf6c9"),
}  # fmt: skip
PALETTE_LIGHT: Mapping[str, str] = {role: light for role, (light, _) in _ROLES.items()}
PALETTE_DARK: Mapping[str, str] = {role: dark for role, (_, dark) in _ROLES.items()}
COUNTRY_COLOURS: Mapping[str, str] = {
    role.removeprefix("country-"): light for role, light in PALETTE_LIGHT.items() if role.startswith("country-")
}
COUNTRY_MARKERS: Mapping[str, str] = dict(zip(COUNTRY_COLOURS, "os^DvPX", strict=True))
_ROLE_OF = {light: role for role, light in PALETTE_LIGHT.items()}
_SETTINGS = {
    "font.family": FONT, "font.size": 8.5, "text.hinting": "none", "text.parse_math": False,
    "text.color": PALETTE_LIGHT["ink"], "figure.facecolor": PALETTE_LIGHT["ground"], "savefig.facecolor": "auto",
    "axes.facecolor": "none", "axes.edgecolor": PALETTE_LIGHT["rule"], "axes.linewidth": 0.8, "axes.grid": False,
    "axes.axisbelow": True, "lines.solid_capstyle": "butt", "legend.frameon": False, "svg.fonttype": "none",
    "svg.hashsalt": "cncb", "pdf.fonttype": 42,
}  # fmt: skip
_METADATA = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "png": {"Software": None},
}


@contextmanager
def figure_context() -> Iterator[None]:
    """Hold matplotlib's settings to the study's look, whatever the user's own are.

    Examples
    --------
    >>> with figure_context():
    ...     mpl.rcParams["svg.fonttype"]
    'none'
    """
    with mpl.rc_context(_SETTINGS):
        yield


@lru_cache(maxsize=8192)
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
    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


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
    tries = (_fill_lines(words, width * share / 40, size, bold) for share in range(12, 41))
    return next((lines for lines in tries if len(lines) <= count), [text])


def baseline(y: float, size: float) -> float:
    """Place a line of text so that it stands level with a mark.

    Parameters
    ----------
    y : float
        Middle of the mark in inches, downwards.
    size : float
        Points.

    Returns
    -------
    float
        Where the baseline goes; centring the ink would set Österreich lower than Ungarn.

    Examples
    --------
    >>> round(baseline(1.0, 8.5), 3)
    1.041
    """
    return y + 0.345 * size / 72


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
        figure = Figure(figsize=(width, height), facecolor=PALETTE_LIGHT["ground"])
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
    svg = re.sub(r"#[0-9a-f]{6}(?![0-9a-f])", lambda hit: _name_role(hit.group()), svg)
    svg = re.sub(r">\s+<", "><", re.sub(rf"'{FONT}'[^;\"]*", "var(--font)", svg))
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", svg) if prefix else svg


def _name_role(colour: str) -> str:
    return f"var(--{_ROLE_OF[colour]})" if colour in _ROLE_OF else colour


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
    light, dark = (
        ":root { " + " ".join(f"--{role}: {colour};" for role, colour in palette.items()) + " }"
        for palette in (PALETTE_LIGHT, PALETTE_DARK)
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{ {dark} }}\n"
