"""How much room texts take: measured in a wider font than the slides' own, so that they fit everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from cncb_analysis.style import measure_text

ROOM = 12.33  # inches: how wide a slide's content is
SIZE, LEAST = 14.0, 11.0  # points
LINE = 1.2


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
    count = len(rows[0])
    most = (4.4 if len(charts) < 3 else 2.9, *[2.4 if charts else 4.0] * (count - 1))
    wants = [
        min(max(measure_text(line, size) for row in rows for line in row[place].split("\n")) + 0.22, most[place])
        for place in range(count)
    ]
    texts = sum(want for place, want in enumerate(wants) if place not in charts)
    if not charts:
        return [ROOM * want / texts for want in wants]
    return [(ROOM - texts) / len(charts) if place in charts else want for place, want in enumerate(wants)]
