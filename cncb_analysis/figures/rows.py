"""Charts by row: share, ranked, profile, flow, allocation, gap, diverging; each a list of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from matplotlib.patches import Circle, Wedge

from cncb_analysis.figures.chart import NOTHING, Cell
from cncb_analysis.figures.layout import CLOSED, HEAD, LABEL, QUIET, RIGHT, Column, Sheet, Span, draw_rows, drawer
from cncb_analysis.words import SMALL_BASE

_MOST_PERSONS, _PERSON, _BAR = 12, (("ground", "faint"), ("data", "data")), 0.2
_LEVELS, _TOGETHER = ("low-2", "low-1", "neutral", "high-1", "high-2"), ("low", "neutral", "high")


def text_column(sheet: Sheet, key: str, say: Callable[[Cell], str], head: str = "", role: str = "ink") -> Column:
    """Make a column of words or numbers as wide as they are."""

    def paint(sheet: Sheet, span: Span, cell: Cell) -> None:
        sheet.write(span.x1, span.y, say(cell), RIGHT._replace(role=role, bold=span.pooled and role == "ink"))

    widths = [LABEL._replace(bold=True).width(say(cell)) for cell in sheet.cells(key)]
    return Column(paint, key, head, max([*widths, *map(HEAD.width, head.split(" "))]) + 0.02, "right")


def _count_column(sheet: Sheet, key: str, head: str = "") -> Column:
    """Say a count of its base, or percent where there is no count."""
    words = sheet.words

    def say(cell: Cell) -> str:
        known = words.percent(cell.estimate) if cell.k != cell.k else words.count_of(cell.k, cell.n)
        return known if cell.drawn else "–"

    return text_column(sheet, key, say, head)


def _base_column(sheet: Sheet) -> Column:
    return text_column(sheet, "", lambda cell: sheet.words.number(cell.n), sheet.words.text("head.n"), "grey")


def _percents(sheet: Sheet, step: float = 0.25) -> Mapping[float, str]:
    return {i * step: sheet.words.percent(i * step) for i in range(round(1 / step) + 1)}


def paint_interval(sheet: Sheet, span: Span, cell: Cell) -> None:
    """Paint a pale band with two dark ends and a dot on it; single partners as rings, everybody as a tick."""
    back, front = ("rule", "ink") if span.pooled else ("tint", "data")
    if cell.drawn and cell.high > cell.low:
        x0, x1 = span.at(max(cell.low, span.low)), span.at(min(cell.high, span.high))
        sheet.box(span._replace(x0=x0, x1=x1), 0.11, back)
        sheet.rule([x0, x0], [span.y - 0.075, span.y + 0.075], front, 1.1)
        sheet.rule([x1, x1], [span.y - 0.075, span.y + 0.075], front, 1.1)
    for key, other in span.line.items():
        if key.startswith("partner:") and other.drawn:
            sheet.dot(span.at(other.estimate), span.y, "data", ("o", 3.6), inside="ground", mew=1.0)
        elif key == "all" and other.drawn:
            sheet.rule([span.at(other.estimate)] * 2, [span.y - 0.12, span.y + 0.12], "ink", 1.4)
    if not cell.drawn:
        return sheet.missing(span, cell.mark, 0.7 if span.line.get("all", NOTHING).estimate < 0.5 else 0.3)
    role, shape = "against" if cell.estimate < 0 else front, ("D", 6.4) if span.pooled else ("o", 6.8)
    return sheet.dot(span.at(cell.estimate), span.y, role, shape)


@drawer
def draw_share(sheet: Sheet) -> None:
    """Draw a share by group with its interval, everybody as a line through all rows, single partners as rings.

    Rows: groups, `all`, `benchmark`. Columns: `share`, `partner:<id>`.
    """
    head = sheet.words.text("head.k_of_n" if sheet.table["k"].notna().any() else "head.share")
    plot = Column(paint_interval, "share", ticks=_percents(sheet))
    span = draw_rows(sheet, [_base_column(sheet), plot, _count_column(sheet, "share", head)], 1.45, 0.24)["share"]
    pooled = sheet.lines.get(("", "all"), {}).get("share", NOTHING)
    marks = [(pooled.estimate, "pooled", "ink")] * pooled.drawn
    marks = sorted([*marks, *((value, "benchmark", "against") for value in sheet.apart("benchmark")["estimate"])])
    for place, (value, name, role) in enumerate(marks):
        x, text = span.at(value), sheet.words.text(f"chart.{name}_value", {"value": sheet.words.percent(value)})
        sheet.rule([x, x], [span.y, sheet.y], role, 1.0)
        room = HEAD.width(text)
        left = x - room / 2 if len(marks) == 1 else x - 0.02 if place else x - room + 0.08
        sheet.write(min(max(left, 0), sheet.width - room), sheet.y + 0.1, text, HEAD._replace(role=role))
    sheet.y += 0.16 * bool(marks)


@drawer
def draw_ranked(sheet: Sheet) -> None:
    """Draw items in the order given: dots with intervals and counts left, a small track a group right.

    Rows: items. Columns: `main`, then a group each; the group `all` becomes a tick.
    """
    tracks = [name for name in sheet.columns if name not in {"main", "all"}]
    main = sheet.columns.get("main", "")
    columns = [Column(paint_interval, "main", ticks=_percents(sheet, 0.5 if tracks else 0.25))]
    columns.append(_count_column(sheet, "main", "" if tracks else main))
    columns += [_count_column(sheet, "all", f"| {sheet.columns['all']}")] if "all" in sheet.columns else []
    for name in tracks:
        head = f"{name if len(name) == 2 else sheet.columns[name]}\n{sheet.base([name])}"
        columns.append(Column(_paint_track, name, head, 0.24, "center", {0.1: "", 0.9: ""}))
    top = draw_rows(sheet, columns, *((1.85, 0.12) if tracks else (2.0, 0.24)))["main"].y
    sheet.write(0, top - 0.135, main if tracks else "", HEAD)


def _paint_track(sheet: Sheet, span: Span, cell: Cell) -> None:
    """Paint a share on a small track; the main value is a tick, a hidden one an open ring in the middle."""
    if cell.mark in {"not_asked", "not_delivered", "too_few"}:
        return sheet.write(span.at(0.5), span.y, "–" * (cell.mark != "not_asked"), QUIET)
    sheet.rule([span.at(0), span.at(1)], [span.y] * 2, "grid", 1.6)
    main = span.line.get("main", NOTHING)
    if main.drawn:
        sheet.rule([span.at(main.estimate)] * 2, [span.y - 0.08, span.y + 0.08], "grey", 1.0)
    if not cell.drawn:
        return sheet.dot(span.at(0.5), span.y, "rule", ("o", 4.6), inside="ground")
    sheet.rule([span.at(0), span.at(cell.estimate)], [span.y] * 2, "data", 1.6)
    return sheet.dot(span.at(cell.estimate), span.y, "data", ("o", 4.0))


@drawer
def draw_profile(sheet: Sheet) -> None:
    """Draw statements: a figure for each person up to twelve, else an interval; the count, and it in a word.

    Rows: statements. Column: `share`.
    """
    many = any(cell.n > _MOST_PERSONS for cell in sheet.cells("share") if cell.drawn)
    plot = Column(_paint_persons, "share", ticks=_percents(sheet) if many else {})

    def say(cell: Cell) -> str:
        return sheet.words.quantity(cell.k, cell.n) if cell.drawn and cell.n < SMALL_BASE else ""

    draw_rows(sheet, [plot, _count_column(sheet, "share"), text_column(sheet, "share", say)], 2.3, 0.2)


def _paint_persons(sheet: Sheet, span: Span, cell: Cell) -> None:
    """Paint a figure for each person asked, those counted filled; for many their interval."""
    if cell.n > _MOST_PERSONS:
        return paint_interval(sheet, span, cell)
    if not cell.drawn:
        return sheet.missing(span, cell.mark)
    size = min(0.2, (span.x1 - span.x0) / cell.n)
    for person in range(round(cell.n)):
        x, r, (fill, edge) = span.x0 + size * (person + 0.5), size * 0.43, _PERSON[person < cell.k]
        sheet.add(Wedge((x, span.y + r * 1.6), r, 180, 360), fill, edge, 0.9, 3)
        sheet.add(Circle((x, span.y - r * 0.25), r * 0.62), fill, edge, 0.9, 3)
    return None


def _paint_stage(role: str, room: float, sheet: Sheet, span: Span, cell: Cell) -> None:
    """Paint a count, and a thin bar as share of those invited."""
    if cell.mark == "hidden":
        return sheet.write(span.x0, span.y, sheet.words.text("hidden"), QUIET._replace(align="left"))
    whole = span.line.get("invited", NOTHING).k
    if role and cell.drawn and whole > 0:
        bar = span._replace(x0=span.x0 + room + 0.08)
        sheet.box(bar, 0.12, "band")
        bar = bar._replace(x1=bar.x0 + (bar.x1 - bar.x0) * min(cell.k / whole, 1))
        sheet.box(bar, 0.12, "ink" if span.pooled else role)
    return sheet.write(span.x0 + room, span.y, sheet.number(cell), RIGHT._replace(bold=span.pooled))


@drawer
def draw_flow(sheet: Sheet) -> None:
    """Draw counts by stage: the number first, then a thin bar as share of those invited; the last stage dark.

    Rows: partners, `all`. Columns: stages in order, k.
    """
    room = LABEL._replace(bold=True).width(sheet.words.number(max([99.0, *sheet.table["k"].dropna()])))
    columns, role = [], ""
    for place, (key, head) in enumerate(sheet.columns.items(), start=1):
        role = "data" if place == len(sheet.columns) else "tint" if key == "invited" else role
        columns.append(Column(partial(_paint_stage, role, room), key, head))
    draw_rows(sheet, columns, 1.35, 0.18)


def _paint_part(most: float, sheet: Sheet, span: Span, cell: Cell) -> None:
    """Paint a bar with its number behind it, dark where it is the largest of its row."""
    largest = cell.estimate == max([each.estimate for each in span.line.values() if each.drawn], default=0.0)
    bar = span._replace(x1=span.x0 + (span.x1 - span.x0 - 0.26) * (cell.estimate / most if cell.drawn else 0.0))
    sheet.box(bar, 0.17, "ink" if span.pooled else "data" if largest else "tint")
    text = sheet.words.number(100 * cell.estimate) if cell.drawn else CLOSED if cell.mark == "hidden" else "–"
    sheet.write(bar.x1 + 0.05, span.y, text, LABEL._replace(bold=span.pooled, boxed=True))


@drawer
def draw_allocation(sheet: Sheet) -> None:
    """Draw the parts of a whole: a column of bars a part, all on one scale, the largest part of a row dark.

    Rows: groups, `all`. Columns: parts, estimate = mean share.
    """
    most = max([0.01, *sheet.table["estimate"].dropna()])
    columns = [Column(partial(_paint_part, most), key, head) for key, head in sheet.columns.items()]
    spans = draw_rows(sheet, [_base_column(sheet), *columns], 1.2, 0.12)
    for span in (spans[key] for key in sheet.columns):
        sheet.rule([span.x0] * 2, [span.y, sheet.y])


@drawer
def draw_gap(sheet: Sheet) -> None:
    """Draw importance (dot) and own level (ring) of each item, and right the gap with its interval.

    Rows: items, widest gap first. Columns: `importance`, `own` (means of ratings from 1 to 5) and `gap`.
    """

    def say(value: float, digits: int = 0) -> str:
        value = round(value, digits)
        return ("−" if value < 0 else "+" if value > 0 else "") + sheet.words.number(abs(value), digits)

    ends = [value for cell in sheet.cells("gap") for value in (cell.low, cell.high, cell.estimate) if value == value]
    low, high = min([0.0, *ends]), max([1.0, *ends])
    gaps = {low: "", high: "", **{float(value): say(value) for value in range(int(low), int(high) + 1)}}
    sheet.write(0, 0.1, f"{sheet.words.text('head.n')} = {sheet.base(sheet.columns)}", HEAD)
    for_own, for_importance = (partial(_draw_rating, sheet, inside=role) for role in ("ground", "data"))
    sheet.key([(for_own, sheet.columns["own"]), (for_importance, sheet.columns["importance"])], 2.1)
    ratings = {float(value): sheet.words.number(value) for value in range(1, 6)}
    number = text_column(sheet, "gap", lambda cell: say(cell.estimate, 1) if cell.drawn else "–", sheet.columns["gap"])
    interval = Column(paint_interval, "gap", ticks=gaps, zero="ink")
    draw_rows(sheet, [Column(_paint_pair, "importance", ticks=ratings), interval, number], 1.9, 0.24)


def _draw_rating(sheet: Sheet, span: Span, inside: str) -> None:
    sheet.dot(span.at(0.5), span.y, inside=inside)


def _paint_pair(sheet: Sheet, span: Span, cell: Cell) -> None:
    own = span.line.get("own", NOTHING)
    if not (cell.drawn and own.drawn):
        return sheet.missing(span, cell.mark or own.mark)
    role = "data" if cell.estimate >= own.estimate else "against"
    sheet.rule([span.at(own.estimate), span.at(cell.estimate)], [span.y] * 2, role, 2.0)
    sheet.dot(span.at(cell.estimate), span.y)
    return sheet.dot(span.at(own.estimate), span.y, inside="ground")


@drawer
def draw_diverging(sheet: Sheet) -> None:
    """Draw answer levels around their middle, a cell an answer where few answered; counts of both sides at the ends.

    Rows: groups, `all`. Columns: levels in order, those that take several together, `dont_know`.
    """
    lines, unsure = sheet.lines.values(), sheet.words.text("dont_know")
    for coarse in (False, True):
        shown = [line for line in lines if _is_coarse(line) == coarse and any(cell.drawn for cell in line.values())]
        levels = {key: role for line in shown for key, role, *_ in _place_levels(line)}
        signs = [(partial(sheet.box, height=0.12, role=role), sheet.columns[key]) for key, role in levels.items()]
        if coarse and signs and (sheet.table["mark"] == "hidden").any():
            signs.append((partial(sheet.slants, height=0.1), sheet.words.text("hidden")))
        sheet.key(signs)
    ends = [end for line in lines for *_, x0, x1 in _place_levels(line) for end in (x0, x1)]
    ticks = {min([-0.05, *ends]): "", 0.0: "", max([0.05, *ends]): ""}
    plot = Column(_paint_levels, " ".join(key for key in sheet.columns if key != "dont_know"), ticks=ticks, zero="ink")
    low, high = (Column(partial(_paint_side, side), "", "", 0.25, "right") for side in (-1, 1))
    count = text_column(sheet, "dont_know", lambda cell: "–" if cell.k == 0 else sheet.number(cell), unsure)
    draw_rows(sheet, [_base_column(sheet), low, plot, high, count], 1.45)


def _is_coarse(line: Mapping[str, Cell]) -> bool:
    return any(cell.mark == "coarsened" for cell in line.values())


def _place_levels(line: Mapping[str, Cell]) -> list[tuple[str, str, Cell, int, float, float]]:
    """Key, role, cell, side and ends of each level, the middle at 0.

    All ends are at 0 where what is hidden is not one piece of several levels at one end: then nothing can be drawn.
    """
    cells = {key: cell for key, cell in line.items() if key != "dont_know"}
    roles, last = _TOGETHER if _is_coarse(line) else _LEVELS, max(len(cells) - 1, 1)
    run = [place for place, cell in enumerate(cells.values()) if not cell.drawn]
    whole = run in (list(range(len(run))), list(range(len(cells) - len(run), len(cells))))
    drawn = [cell.estimate for cell in cells.values() if cell.drawn] if whole and len(run) != 1 else []
    rest = (1 - sum(drawn)) / max(len(run), 1)
    sizes = [(cell.estimate if cell.drawn else rest) if drawn else 0.0 for cell in cells.values()]
    sides = [(2 * place > last) - (2 * place < last) for place in range(len(cells))]
    x = -sum(size * (1, 0.5, 0)[side + 1] for size, side in zip(sizes, sides, strict=True))
    if run:  # nothing hidden straddles the middle: the piece ends, or starts, there
        x = -sum(size for place, size in enumerate(sizes) if (place in run) == (0 in run))
    places = []
    for place, (key, cell) in enumerate(cells.items()):
        role = roles[round((len(roles) - 1) * place / last)]
        places.append((key, role, cell, sides[place], x, x + sizes[place]))
        x += sizes[place]
    return places


def _paint_levels(sheet: Sheet, span: Span, _: Cell) -> None:
    """Paint the levels of a row, thin gaps between answers where few answered; what is hidden as one slanted piece."""
    places = _place_levels(span.line)
    if not any(x1 > x0 for *_, x0, x1 in places):
        marks = [cell.mark for cell in span.line.values()]
        return sheet.missing(span, "hidden" if "hidden" in marks else marks[0])
    for _key, role, cell, _side, x0, x1 in places:
        if not cell.drawn:
            continue
        part, cuts = span._replace(x0=span.at(x0), x1=span.at(x1)), round(cell.k) if cell.n < SMALL_BASE else 1
        sheet.box(part, _BAR, role)
        for cut in range(1, cuts + 1):
            x = part.x0 + (part.x1 - part.x0) * cut / cuts
            sheet.rule([x, x], [span.y - _BAR / 2, span.y + _BAR / 2], "ground", 0.7 if cut < cuts else 1.4)
    closed = [(x0, x1) for _key, _role, cell, _side, x0, x1 in places if not cell.drawn]
    if closed:
        part = span._replace(x0=span.at(closed[0][0]) + 0.02, x1=span.at(closed[-1][1]) - 0.02)
        sheet.box(part, _BAR, "", "faint")
        sheet.slants(part, _BAR)
    return None


def _paint_side(side: int, sheet: Sheet, span: Span, _: Cell) -> None:
    """Say the count of one side, in its colour; it would tell what a row hides."""
    places = _place_levels(span.line)
    cells = [cell for _, _, cell, where, *_ in places if where == side]
    closed = next((sheet.number(cell) for cell in cells if not cell.drawn), "")
    if any(x1 > x0 for *_, x0, x1 in places):
        text, role = closed or sheet.words.number(sum(cell.k for cell in cells)), "data" if side > 0 else "against"
        sheet.write(span.x1, span.y, text, RIGHT._replace(role=role, bold=span.pooled))
