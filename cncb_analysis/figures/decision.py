"""The study's result: what each step and country says of each joint measure, the decision, and its rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cncb_analysis.figures import layout as pen

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from cncb_analysis.figures.chart import Chart
    from cncb_analysis.words import Words

# What a cell of a step is filled with, and the text on it.
_FILLS = {
    "agreement": ("data", "on-deep"),
    "partial": ("tint", "on-pale"),
    "dissonance": ("against-tint", "on-pale"),
    "silence": ("band", "grey"),
    "hidden": ("band", "faint"),
}
_COUNTRY, _RANK = 0.235, 0.66
_APART = ("decision", "rank")


def draw_decision(chart: Chart, words: Words, *, ax: Axes) -> Axes:
    """Draw measures grouped by decision: a word a step, a sign a country, the rank with its interval.

    Parameters
    ----------
    chart : Chart
        Rows: measures (`section` = decision, in words); columns: steps, countries (two capital letters), `decision`,
        `rank` (estimate, low, high); `text` = agreement, partial, dissonance, silence, not_asked or hidden.
    words : Words
        Fixed words.
    ax : Axes
        From `style.new_canvas`; its height is set.

    Returns
    -------
    Axes
        The same.
    """
    countries = [name for name in chart.columns if len(name) == 2 and name.isupper()]
    steps = [name for name in chart.columns if name not in countries and name not in _APART]
    room, top, end = 2.4 if chart.dense else 1.62, 0.46, chart.width - _RANK
    across = end - 0.12 - _COUNTRY * len(countries)
    width = (across - 0.08 - room) / max(len(steps), 1)
    ranks = chart.table.loc[chart.table["column"] == "rank", ["estimate", "high"]].max(axis=None)
    scale = pen.Scale(end + 0.08, chart.width - 0.07, 1.0, max(round(ranks) if ranks == ranks else 2, 2))
    spots = {name: room + width * place for place, name in enumerate(steps)}
    signs = {name: across + _COUNTRY * (place + 0.5) for place, name in enumerate(countries)}
    _draw_heads(ax, chart, words, (spots, signs, width), scale)
    fits = all(pen.SMALL.width(_say(name, words)) <= width - 0.06 for name in _FILLS)
    y = top
    for section in dict.fromkeys(row.section for row in chart.rows):
        rows = [row for row in chart.rows if row.section == section]
        pen.draw_line(ax, [0, chart.width], [y, y])
        pen.write(ax, 0, y + (0.12 if chart.dense else 0.15), section, pen.LABEL.but(bold=True, role="data"))
        labels = [pen.ITEM.wrap(row.label, room - 0.08) for row in rows]
        below, pitch = (0.2, 0.25) if chart.dense else (0.26, 0.27)
        places, edges = pen.stack_rows(labels, pen.ITEM, y + below, pitch)
        for row, label, middle in zip(rows, labels, places, strict=True):
            pen.write(ax, 0, middle, label, pen.ITEM)
            for name, x in spots.items():
                _draw_step(ax, words, (x, middle, width), chart.cell(row.key, name, section).text, fits)
            for name, x in signs.items():
                _draw_sign(ax, x, middle, chart.cell(row.key, name, section).text)
            rank = chart.cell(row.key, "rank", section)
            if rank.drawn:
                pen.draw_band(ax, middle, rank, scale)
                pen.draw_dot(ax, scale(rank.estimate), middle)
        for value in _find_ticks(scale):
            pen.draw_line(ax, [scale(value)] * 2, [y, edges[-1]], "grid")
        y = edges[-1] + (0.03 if chart.dense else 0.06)
    closed = chart.table["text"].eq("hidden").any()
    entries = [(_sign(ax, name), _say(name, words)) for name in _FILLS if name != "hidden" or closed]
    return pen.fit_canvas(ax, pen.draw_key(ax, entries, (room, y + 0.12)) + 0.14)


def _say(position: str, words: Words) -> str:
    return words.text(f"position.{position}.short")


def _find_ticks(scale: pen.Scale) -> list[float]:
    return list(dict.fromkeys((scale.low, round((scale.low + scale.high) / 2), scale.high)))


def _draw_heads(
    ax: Axes, chart: Chart, words: Words, columns: tuple[dict[str, float], dict[str, float], float], scale: pen.Scale
) -> None:
    spots, signs, width = columns
    for found, key in ((spots, "chart.steps"), (signs, "chart.countries")):
        if found:
            half = 0.0 if found is spots else _COUNTRY / 2
            pen.write(ax, min(found.values()) - half, 0.1, words.text(key), pen.HEAD.but(role="ink", bold=True))
    for name, x in spots.items():
        hand = pen.SMALL.centre
        pen.write(ax, x + width / 2, 0.33, hand.wrap(chart.columns[name], width - 0.02), hand)
    for name, x in signs.items():
        pen.write(ax, x, 0.35, name, pen.SMALL.centre)
    pen.write(ax, chart.width, 0.1, chart.columns.get("rank", ""), pen.HEAD.but(role="ink", bold=True, align="right"))
    for value in _find_ticks(scale):
        pen.write(ax, scale(value), 0.35, words.number(value), pen.SMALL.centre)


def _draw_step(ax: Axes, words: Words, at: tuple[float, float, float], position: str, fits: bool) -> None:
    """Draw what a step says: a filled cell with its word, or its sign where words have no room."""
    x, y, width = at
    if position not in _FILLS:
        return
    fill, role = _FILLS[position]
    pen.draw_bar(ax, (x + 0.02, y), (width - 0.04, 0.2), fill)
    if fits:
        pen.write(ax, x + width / 2, y, _say(position, words), pen.SMALL.but(role=role, align="center"))
    else:
        _draw_sign(ax, x + width / 2, y, position, on=role)


def _draw_sign(ax: Axes, x: float, y: float, position: str, on: str = "data") -> None:
    """Draw a position as a sign that a copier keeps: full, half, cross, dash, dot; nothing for not asked."""
    if position == "agreement":
        pen.draw_dot(ax, x, y, on)
    elif position == "partial":
        pen.draw_ring(ax, x, y, on, ("o", 6.0))
        half: dict[str, Any] = {"fillstyle": "left", "mew": 0, "mfcalt": "none", "color": pen.INK[on]}
        ax.plot([x], [y], "o", ms=6.0, clip_on=False, zorder=5, **half)
    elif position == "dissonance":
        ax.plot([x], [y], "x", ms=5.6, mew=1.9, color=pen.INK["against"], clip_on=False, zorder=5)
    elif position == "silence":
        ax.plot([x], [y], "_", ms=6.0, mew=1.3, color=pen.INK["grey"], clip_on=False, zorder=5)
    elif position == "hidden":
        pen.write(ax, x, y, pen.CLOSED, pen.LABEL.but(role="faint", align="center"))


def _sign(ax: Axes, position: str) -> Callable[[float, float], None]:
    return lambda x, y: _draw_sign(ax, x, y, position)
