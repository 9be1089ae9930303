"""Maps of correspondence: which answers go with which countries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cncb_analysis.figures.layout import HEAD, SMALL, Look, Sheet, Span, drawer

# Below these a map is no more than a hint: respondents; answers that independence would let expect in a cell.
_FEW, _FEW_EXPECTED = 50, 5
_HIGH, _SIDE, _LINE, _WIDEST = 3.3, 0.75, 0.125, 1.45
_Box = tuple[float, float, float, float]


@drawer
def draw_map(sheet: Sheet) -> None:
    """Draw countries and answers on two axes with one scale; say so where it is exploratory or cannot be drawn.

    Rows: countries (text `country`) and answers; further columns x, y, inertia_1, inertia_2, least_expected.
    """
    words, points, top = sheet.words, sheet.table.dropna(subset=["x", "y"]), 0.1
    if points.empty:
        sheet.nothing("chart.cannot_draw")
        return
    if points["n"].max() < _FEW or points["least_expected"].min() < _FEW_EXPECTED:
        look = HEAD._replace(role="against", bold=True)
        text = look.wrap(words.text("chart.exploratory"), sheet.width)
        top += 0.14 * (text.count("\n") + 1)
        sheet.write(0, top / 2, text, look)
    wide, high = (points[axis].max() - points[axis].min() for axis in "xy")
    unit = min((sheet.width - 2 * _SIDE) / wide, _HIGH / high)
    x0, y0 = (sheet.width - unit * wide) / 2 - unit * points["x"].min(), top + 0.3 + unit * points["y"].max()
    sheet.y = top + 0.6 + unit * high
    sheet.rule([0, sheet.width], [y0, y0])
    sheet.rule([x0, x0], [top, sheet.y])
    shares = [words.percent(points[f"inertia_{axis}"].iloc[0]) for axis in (1, 2)]
    said = [words.text("chart.axis", {"number": axis, "share": share}) for axis, share in enumerate(shares, start=1)]
    sheet.write(sheet.width, y0 - 0.09, said[0], SMALL._replace(align="right"))
    sheet.write(x0 + 0.06, top + 0.06, said[1], SMALL)
    places = [(x0 + unit * row.x, y0 - unit * row.y, row.text, row.row_label) for row in points.itertuples()]
    taken = [(x - 0.06, y - 0.06, x + 0.06, y + 0.06) for x, y, *_ in places]
    taken.append((sheet.width - SMALL.width(said[0]), y0 - 0.16, sheet.width, y0))
    taken.append((x0, top, x0 + 0.06 + SMALL.width(said[1]), top + 0.12))
    # Countries first: their names stand where a reader looks for them.
    for x, y, kind, label in sorted(places, key=lambda place: place[2] != "country"):
        _paint_point(sheet, kind, Span(x, x, y))
        _write_label(sheet, (x, y), (kind, label), taken)
    sheet.y = max(sheet.y, *(box[3] for box in taken)) + 0.1
    keys = {"country": "chart.countries", "": "chart.answers"}
    sheet.key([(partial(_paint_point, sheet, kind), words.text(key)) for kind, key in keys.items()])


def _paint_point(sheet: Sheet, kind: str, span: Span) -> None:
    role, shape, inside = ("data", ("o", 6.8), "data") if kind == "country" else ("against", ("D", 4.2), "ground")
    sheet.dot((span.x0 + span.x1) / 2, span.y, role, shape, inside=inside)


def _write_label(sheet: Sheet, at: tuple[float, float], named: tuple[str, str], taken: list[_Box]) -> None:
    """Write a name where it meets no other, as near to its mark as there is room."""
    country = named[0] == "country"
    look = SMALL._replace(role="ink" if country else "against", bold=country)
    text = look.wrap(named[1], _WIDEST)
    rooms = [room for room in _list_rooms(*at, look, text) if room[1][0] >= 0 and room[1][2] <= sheet.width]
    clear = (room for room in rooms if not any(_meet(room[1], box) for box in taken))
    placed, box = next(clear, rooms[0])
    taken.append(box)
    x = {"left": box[0], "right": box[2], "center": at[0]}[placed.align]
    sheet.write(x, (box[1] + box[3]) / 2, text, placed)


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _list_rooms(x: float, y: float, look: Look, text: str) -> Iterator[tuple[Look, _Box]]:
    """Right, left, above, below; then a little further off."""
    width, half = look.width(text), _LINE * (text.count("\n") + 1) / 2
    for off in (0.0, 0.12, 0.24, 0.36):
        for middle in dict.fromkeys((y, y - off, y + off)):
            yield look, (x + 0.09, middle - half, x + 0.09 + width, middle + half)
            yield look._replace(align="right"), (x - 0.09 - width, middle - half, x - 0.09, middle + half)
        for middle in (y - 0.08 - off - half, y + 0.08 + off + half):
            yield look._replace(align="center"), (x - width / 2, middle - half, x + width / 2, middle + half)
