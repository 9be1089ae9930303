"""How much room texts take: measured in a wider font than the slides' own, so that they fit everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from cncb_analysis.style import measure_text

ROOM = 12.33  # inches: how wide a slide's content is
SIZE, LEAST = 14.0, 11.0  # points
LINE = 1.2
_TRACK = 0.5  # inches: the least for a chart among several


def count_lines(text: str, width: float, size: float, bold: bool = False) -> int:
    """Count the lines that a text takes, measured in a wider font than the slide's own.

    Parameters
    ----------
    text : str
        Paragraphs joined by line breaks.
    width, size : float
        Inches; points.
    bold : bool
        Whether bold.

    Returns
    -------
    int
        At least one.

    Examples
    --------
    >>> count_lines("Most clusters have a strategy", 1.6, 8.5)
    2
    """
    lines = 0
    for paragraph in text.split("\n"):
        used = 0.0
        for word in paragraph.split(" "):
            wide = measure_text(f"{word} ", 10, bold) * size / 10
            lines += used == 0 or used + wide > width
            lines += int(wide / width)
            used = wide if used + wide > width else used + wide
    return lines


def fit_text(text: str, box: tuple[float, float], size: float, *, bold: bool = False, least: float = LEAST) -> float:
    """Find the size at which a text fits.

    Parameters
    ----------
    text : str
        Paragraphs joined by line breaks.
    box : tuple of float
        Width and height in inches.
    size, least : float
        Points: wanted, and the smallest.
    bold : bool
        Whether bold.

    Returns
    -------
    float
        Points; 0 where it does not fit at the smallest.

    Examples
    --------
    >>> fit_text("Most clusters have a strategy", (2.0, 0.4), 20)
    12.0
    """
    sizes = (size - step / 2 for step in range(int((size - least) * 2) + 1))
    return next((s for s in sizes if count_lines(text, box[0], s, bold) * s * LINE / 72 <= box[1]), 0.0)


def measure_rows(rows: Sequence[Sequence[str]], widths: Sequence[float], size: float = SIZE) -> list[float]:
    """Measure how high the rows of a table are.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells.
    widths : sequence of float
        Inches, a column each.
    size : float
        Points.

    Returns
    -------
    list of float
        Inches.
    """
    tall = (max(count_lines(text, width - 0.16, size) for text, width in zip(row, widths, strict=True)) for row in rows)
    return [lines * size * LINE / 72 + 0.14 for lines in tall]


def find_widths(rows: Sequence[Sequence[str]], size: float, *, charts: Sequence[int] = ()) -> list[float]:
    """Find the widths of columns: texts as their longest wants, within bounds; charts share what is left.

    Where that leaves a chart too little, or texts want more than there is, texts wrap, but no word is broken unless the
    longest words of all columns do not fit beside each other.

    Parameters
    ----------
    rows : sequence of sequence of str
        Headings first.
    size : float
        Points.
    charts : sequence of int
        Columns that hold charts; without any, the texts share all.

    Returns
    -------
    list of float
        Inches.
    """
    places = [place for place in range(len(rows[0])) if place not in charts]
    limits = [(2.4 if charts else 4.0) if place else (4.4 if len(charts) < 3 else 2.9) for place in places]
    most, least = (
        np.minimum([max(_measure_parts((row[place] for row in rows), size, cut)) for place in places], limits)
        for cut in ("\n", "[ \n]")
    )
    room = min(most.sum(), ROOM - _TRACK * len(charts)) if charts else ROOM
    if least.sum() < room < most.sum():
        most = least + (most - least) * (room - least.sum()) / (most - least).sum()
    widths = dict(zip(places, (most * room / most.sum()).tolist(), strict=True))
    return [widths.get(place, (ROOM - room) / max(len(charts), 1)) for place in range(len(rows[0]))]


def _measure_parts(texts: Iterable[str], size: float, cut: str) -> list[float]:
    return [measure_text(part, size) + 0.22 for text in texts for part in re.split(cut, text)]
