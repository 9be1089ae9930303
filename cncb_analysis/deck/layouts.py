"""How each slide is laid out: charts in rows, boxes, the organisation drawing, the circle, the words at both ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cncb_analysis.deck.drawing import BOTTOM, LEFT, TOP, Box, Series, Sheet, add_title, pack_deck
from cncb_analysis.deck.measure import ROOM, find_widths, measure_rows
from cncb_analysis.deck.slides import Deck, Plot, Row, draw_rows, list_rows, read_slides
from cncb_analysis.errors import StudyError
from cncb_analysis.shown import ShownFigure
from cncb_analysis.tables import DisplayTable
from cncb_analysis.view import ALL, NOTHING

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_THEMES, _STEERING = ("training", "optimisation", "internationalisation"), ("participative", "centralised")
_BODIES, _STAFF = ("committee", "board", "technical"), "staff"
_UNITS = {"mapping": "clusters", "questionnaire": "answers", "interviews": "interviews", "workshops": "participants"}
_OPEN = ("cannot tell", "too few")
_GAP, _MOST, _UNKNOWN = 0.3, 5, 0.5

# Text, size, role and inches of one part of a box.
Part = tuple[str, float, str, float]


def build_deck(page: Page) -> bytes:
    """Build the deck that slides.csv names for a page.

    Parameters
    ----------
    page : Page
        That of a partner's national workshop, or of the comparison.

    Returns
    -------
    bytes
        A PowerPoint file; the same page gives the same bytes. What was not asked has no slide.

    Raises
    ------
    StudyError
        When a layout is unknown.
    """
    deck = Deck(page)
    for row in read_slides(page.study, page.notebook):
        if row["layout"] not in LAYOUTS:
            place = {"file": "slides.csv", "column": "layout", "value": row["layout"]}
            raise StudyError("no such layout", **place, remedy=f"the layouts are: {', '.join(LAYOUTS)}")
        found = [page.show(name) for name in row["figure"].split(";") if name]
        deck.row, deck.shown = row, [each for each in found if isinstance(each, (ShownFigure, DisplayTable))]
        if deck.shown or not row["figure"]:
            LAYOUTS[row["layout"]](deck)
    return pack_deck(deck.show)


def _draw_items(deck: Deck, kind: str) -> None:
    """Items with the page's own number beside the pooled one; what a slide sets apart stands last, under its name."""
    shown = deck.figure
    turned, step = deck.page.known[shown.id].kind == "allocation", deck.page.known[shown.id].step
    rows = list_rows(shown, turned=turned, bands=step != "interviews")
    columns = (deck.view.main if turned else "main", *([ALL] if deck.page.partner else []))
    apart = [row._replace(section=row.label) for row in rows if row.key in deck.row["apart"].split(";")]
    rows = [row for row in rows if row.key not in deck.row["apart"].split(";")] + apart
    plot = Plot(kind, columns, columns, (-0.02, 1.02))
    marks: dict[str, float] = {}
    if kind == "links":
        plot = Plot(kind, ("own", "importance"), ("gap",), (0.9, 5.1))
    elif kind == "bars":
        values = [row.cells[name]["estimate"] for row in rows for name in columns if name in row.cells]
        plot = plot._replace(ends=(0.0, max((value for value in values if value == value), default=1.0)))
        marks = _find_benchmarks(deck, plot.ends[1])
    for place, row in enumerate(rows):
        if row.key in marks:
            said = deck.words.text("chart.benchmark_value", {"value": deck.words.percent(marks[row.key])})
            rows[place] = row._replace(texts={**row.texts, columns[-1]: f"{row.texts[columns[-1]]}\n{said}"})
    draw_rows(deck, rows, [plot], marks=marks)


def _find_benchmarks(deck: Deck, most: float) -> dict[str, float]:
    """Published figures of slides for the questions of a battery, by row; those that the scale holds."""
    table, found = deck.page.study.table("benchmarks"), {}
    for name in deck.page.known[deck.figure.id].variables:
        items = {each.name: each.item for each in deck.page.study.codebook.battery(name)}
        for row in table[table["variable"].isin(items) & table["slide"].ne("")].to_dict("records"):
            found[items[row["variable"]]] = float(row["value"])
    return {key: value for key, value in found.items() if value <= most}


def _draw_multiples(deck: Deck) -> None:
    """A small chart a country."""
    turned = deck.page.known[deck.figure.id].kind in {"allocation", "diverging"}
    rows = list_rows(deck.figure, turned=turned, bands=False)
    values = [cell["estimate"] for row in rows for cell in row.cells.values() if cell["estimate"] == cell["estimate"]]
    columns = {
        **{name: name for name in deck.page.study.countries},
        ALL: deck.words.text("head.pooled"),
    }
    ends = (0.0, max(values, default=1.0))
    named = {ALL: ALL if turned else "main"}
    plots = [
        Plot("bars", (named.get(name, name),), (named.get(name, name),), ends, label) for name, label in columns.items()
    ]
    draw_rows(deck, rows, plots, size=11)


def _draw_share(deck: Deck) -> None:
    """Countries with their single partners as pale dots; all together and a benchmark as lines."""
    chart, words, rows = deck.figure.chart, deck.words, list_rows(deck.figure)
    main = chart[chart["column"].eq("share") & chart["estimate"].notna()].set_index("row")["estimate"]
    lines = [(float(main[key]), role) for key, role in ((ALL, "ink"), ("benchmark", "against")) if key in main]
    head = [f"●   ○ {words.text('head.partner')}"]
    head += [f"| {deck.view.name(ALL)}: {row.texts['share']}" for row in rows if row.key == ALL]
    if "benchmark" in main:
        head.append(f"¦ {words.text('chart.benchmark_value', {'value': words.percent(main['benchmark'])})}")
    points: dict[str, list[float]] = {}
    single = chart[chart["column"].str.startswith("partner:") & chart["estimate"].notna()]
    for row in single.to_dict("records"):
        points.setdefault(row["row"], []).append(row["estimate"])
    plot = Plot("dots", ("share",), ("share",), (-0.02, 1.02), "   ".join(head), tuple(lines))
    draw_rows(deck, [row for row in rows if row.key != ALL], [plot], points=points)


def _draw_support(deck: Deck) -> None:
    """Measures by family, with what they are for and how they are done."""
    cards = {row["action"]: row for row in deck.page.study.table("support_actions").to_dict("records")}
    families = [card["family"] for card in cards.values()]
    rows = [(cards.get(row.key, {}), row) for row in list_rows(deck.figure)]
    rows.sort(key=lambda pair: families.index(pair[0]["family"]) if pair[0] else len(families))
    told = {row.key: (deck.view.say(card["purpose_key"], ""), deck.view.say(f"mode.{card['mode']}", ""))
            for card, row in rows if card}  # fmt: skip
    named = [
        row._replace(section=deck.view.option_label("family", card["family"]) if card else "") for card, row in rows
    ]
    columns = ("main", *([ALL] if deck.page.partner else []))
    draw_rows(deck, named, [Plot("dots", columns, ("main",), (-0.02, 1.02))], told=told, size=12,
              names=("", deck.words.text("joint.purpose"), deck.words.text("head.mode")))  # fmt: skip


def _draw_table(deck: Deck) -> None:
    """A table as the page has it, some columns or rows of it."""
    table = next(each for each in deck.shown if isinstance(each, DisplayTable))
    named = [name if "." in name else f"head.{name}" for name in deck.row["columns"].split(";") if name]
    wanted = [deck.view.say(name, name) for name in named] or table.columns
    places = [table.columns.index(name) for name in wanted if name in table.columns]
    keep = deck.words.text(deck.row["apart"]) if deck.row["apart"] else ""
    rows = [[row[place] for place in places] for row in table.rows if not keep or keep in row]
    if rows:
        _add_pages(deck, [table.columns[place] for place in places], rows, deck.words.number(len(rows)))


def _draw_card(deck: Deck) -> None:
    """Statements with k of n, in two columns."""
    rows = [(row.label, deck.say(row.cells["share"], row.texts["share"])) for row in list_rows(deck.figure)]
    half = math.ceil(len(rows) / 2)
    lines = [
        [*row, *(rows[place + half] if place + half < len(rows) else ("", ""))] for place, row in enumerate(rows[:half])
    ]
    _add_pages(deck, ["", deck.words.text("head.k_of_n")] * 2, lines, "")


def _add_pages(deck: Deck, head: Sequence[str], rows: Sequence[Sequence[str]], finding: str) -> None:
    """Add a table, run on over as many slides as it needs, each about as full."""
    widths = find_widths([head, *rows], 13)
    first, *tall = measure_rows([head, *rows], widths, 13)
    for count in range(1, len(tall) + 1):
        parts: list[list[int]] = [[] for _ in range(count)]
        for place, height in enumerate(tall):
            parts[min(int((sum(tall[:place]) + height / 2) / sum(tall) * count), count - 1)].append(place)
        if max(sum(tall[place] for place in part) for part in parts) <= BOTTOM - TOP - first:
            break
    for number, part in enumerate(filter(None, parts)):
        heights = [first, *(tall[place] for place in part)]
        deck.start(finding, number).add_table([head, *(rows[place] for place in part)], widths, heights, TOP, 13)


def _draw_title(deck: Deck) -> None:
    """The first slide; what the study does not say stays a placeholder to fill."""
    page, words = deck.page, deck.words
    known = page.study.settings.get("deck", {}).get(page.partner or "european", {})
    place = ", ".join(filter(None, (known.get("place", ""), words.date(known.get("date", "")))))
    name = deck.view.organisation(page.partner) if page.partner else deck.view.say("study.title", page.study.title)
    told = {"deck.event": known.get("event", ""), "deck.place_date": place, "deck.speaker": known.get("speaker", "")}
    prompts = {words.text(key): text for key, text in told.items()}
    add_title(deck.show, f"{deck.title}\n{name}", prompts, logo=words.text("deck.logo"), notes=deck.mark)


def _draw_closing(deck: Deck) -> None:
    words, page = deck.words, deck.page
    contact = str(page.study.settings.get("contact") or words.text("provenance.contact_missing"))
    stamp = words.text("audience.stamp" if page.audience == "consortium" else f"audience.{page.audience}.note")
    deck.start().write((LEFT, 2.4, ROOM, 2.6), f"{words.text('page.contact')}: {contact}\n\n{stamp}", 20)


def _stack(sheet: Sheet, box: Box, parts: Sequence[Part]) -> None:
    """A box with texts one below the other; those in the colour of data are bold, as is the first."""
    sheet.write(box, "", fill="band", line="rule")
    y = box[1] + 0.1
    for place, (text, size, role, high) in enumerate(parts):
        sheet.write((box[0] + 0.15, y, box[2] - 0.3, high), text, size, role=role, bold=not place or role == "data")
        y += high


def _draw_boxes(deck: Deck, boxes: Sequence[Sequence[Part]]) -> None:
    sheet, wide = deck.start(), (ROOM - _GAP * (len(boxes) - 1)) / len(boxes)
    for place, parts in enumerate(boxes):
        high = min(BOTTOM - TOP, sum(part[3] for part in parts) + 0.2)
        _stack(sheet, (LEFT + place * (wide + _GAP), TOP, wide, high), parts)


def _draw_steps(deck: Deck) -> None:
    """A box a step, with its count: the answers used, or those who came."""
    boxes, field, words = [], deck.page.study.table("fieldwork"), deck.words
    for place, step in enumerate(deck.page.study.steps, start=1):
        own = field[field["step"].eq(step) & (field["partner"].eq(deck.page.partner) | (deck.page.partner == ""))]
        used = deck.view.cells(step, "response", "count").get(("used", deck.view.main), NOTHING)["estimate"]
        count = used if used == used else sum(int(n) for n in own["done"] if n.isdigit())
        lead, unit = (f"{place}  {words.text(f'step.{step}')}", 18, "ink", 0.7), words.text(f"index.{_UNITS[step]}")
        boxes.append([lead, (words.number(count), 54, "data", 1.2), (unit, 16, "ink", 0.8),
                      (words.text(f"step.{step}.how"), 14, "grey", 1.6)])  # fmt: skip
    _draw_boxes(deck, boxes)


def _draw_areas(deck: Deck) -> None:
    """A box an area: strengths above, what to improve below, each with its count and a passage."""
    boxes: list[list[Part]] = []
    for theme in _THEMES:
        boxes.append([(deck.words.text(f"theme.{theme}.long"), 18, "ink", 0.8)])
        for root in ("strengths", "improvements"):
            said = f"{deck.words.text(f'deck.{root}')}: {deck.find(f'theme:{root}', theme)}"
            boxes[-1] += [(said, 15, "data", 0.4), (deck.quote(f"{root}/{theme}"), 14, "ink", 1.7)]
    _draw_boxes(deck, boxes)


def _draw_steering(deck: Deck) -> None:
    """Two columns: how many steer so, and what was told about it."""
    boxes: list[list[Part]] = []
    for option in _STEERING:
        count, told = deck.find("theme:steering", option), deck.quote(f"steering/{option}", 3)
        boxes.append([(deck.view.label(f"theme:steering/{option}"), 20, "ink", 0.6), (count, 24, "data", 0.9)])
        boxes[-1].append((told, 15, "ink", 3.4))
    _draw_boxes(deck, boxes)


def _draw_numbers(deck: Deck) -> None:
    """A box a number: the page's own large, the others below."""
    table = next(each for each in deck.shown if isinstance(each, DisplayTable))
    boxes = []
    for label, own, *others in table.rows:
        said = "\n".join(f"{name}: {text}" for name, text in zip(table.columns[2:], others, strict=True))
        boxes.append([(label, 16, "ink", 1.2), (own, 30, "data", 1.2), (said, 14, "grey", 1.6)])
    _draw_boxes(deck, boxes)


def _draw_organisation(deck: Deck) -> None:
    """The bodies with who sits in them and what they do; the staff below, which the board leads."""
    sheet, wide = deck.start(), (ROOM - 2 * _GAP) / 3
    told: dict[str, list[Part]] = {}
    for shown in deck.shown:
        assert isinstance(shown, ShownFigure)
        for body in list_rows(shown, turned=True):
            labels = dict(zip(shown.chart["row"], shown.chart["row_label"], strict=True))
            kept = [key for key in sorted(body.cells, key=body.size, reverse=True) if body.cells[key]["k"] != 0]
            said = [f"{labels[key]}: {body.texts[key]}" for key in kept if body.cells[key]["mark"] != "not_asked"]
            parts = told.setdefault(body.key, [(body.label, 16, "ink", 0.45)])
            parts.append(("\n".join(said[:_MOST]), 13, "data" if len(parts) > 1 else "ink", 1.5))
            if body.key == _STAFF:
                told[_STAFF] = [parts[0], ("   ·   ".join(said[:_MOST]), 14, "data", 0.75)]
    for place, name in enumerate(_BODIES):
        left = LEFT + place * (wide + _GAP)
        if name in told:
            _stack(sheet, (left, TOP, wide, 3.6), told[name])
            sheet.draw_line((left - _GAP * bool(place), 2.0), (left, 2.0), "grey")
    if _STAFF in told:
        sheet.draw_line((LEFT + ROOM / 2, TOP + 3.6), (LEFT + ROOM / 2, 5.5), "grey", arrow=True)
        _stack(sheet, (LEFT, 5.5, ROOM, 1.35), told[_STAFF])


def _rank(rows: Sequence[Row], column: str) -> list[str]:
    return [row.key for row in sorted(rows, key=lambda row: -row.size(column))]


def _draw_bump(deck: Deck) -> None:
    """Places in three columns, joined; the count behind each name."""
    moments = dict(zip(deck.figure.chart["column"], deck.figure.chart["column_label"], strict=True))
    rows = sorted(list_rows(deck.figure), key=lambda row: -max(map(row.size, moments)))[:7]
    sheet, high, left, wide = deck.start(), (BOTTOM - TOP - 0.4) / len(rows), LEFT + 4.3, ROOM - 8.6
    places = {moment: _rank(rows, moment) for moment in moments}
    series = []
    for row, role in zip(rows, ("data", "against", "ink", *["faint"] * len(rows)), strict=False):
        at = {moment: places[moment].index(row.key) for moment in moments}
        points = [(float(x), len(rows) - at[moment] - 0.5) for x, moment in enumerate(moments) if not row.hides(moment)]
        series += [Series(row.label, tuple(points), role, "dot", 3.0 if role != "faint" else 1.0)] * bool(points)
        first, *_, last = moments
        for x, moment, align in ((LEFT, first, "right"), (left + wide + 0.1, last, "left")):
            box = (x, TOP + 0.4 + at[moment] * high, 4.2, high)
            sheet.write(box, f"{row.label}  {row.texts[moment]}", 13, role=role, align=align, anchor="middle")
    ends = (-0.1, len(moments) - 0.9)
    sheet.add_points((left, TOP + 0.4, wide, high * len(rows)), series[::-1], ends, len(rows), alt=deck.figure.alt)
    for place, label in enumerate(moments.values()):
        middle = left + wide * (place - ends[0]) / (ends[1] - ends[0])
        sheet.write((middle - 1, TOP, 2, 0.34), label, 14, role="grey", align="center")


def _draw_ring(deck: Deck) -> None:
    """The steps as nodes, clockwise from the top, with their counts; an arrow as wide as those who named both ends."""
    rows, sheet, middle = list_rows(deck.figure), deck.start(), (LEFT + ROOM / 2, (TOP + BOTTOM) / 2)
    turns = [2 * math.pi * place / len(rows) - math.pi / 2 for place in range(len(rows))]
    spots = [(middle[0] + 2.6 * math.cos(turn), middle[1] + 2.1 * math.sin(turn)) for turn in turns]
    for place, (row, (x, y)) in enumerate(zip(rows, spots, strict=True)):
        end, share = spots[(place + 1) % len(rows)], row.size("link")
        part = 0.46 / math.dist((x, y), end)
        near, far = ((x + (end[0] - x) * t, y + (end[1] - y) * t) for t in (part, 1 - part))
        few = row.hides("link") or share < 1 / 3
        sheet.draw_line(near, far, "against" if few else "data", width=1 + 4 * share, dash=few, arrow=True)
        count = "–" if row.hides("node") else deck.words.number(row.cells["node"]["k"])
        sheet.write((x - 0.42, y - 0.42, 0.84, 0.84), count, 20, fill="data", line="data", shape="oval", role="ground",
                    bold=True, align="center", anchor="middle")  # fmt: skip
        right, up = x >= middle[0] - 0.01, y - (0.65 if not place else 0.4)
        told = f"{place + 1}. {row.label}\n{deck.say(row.cells['node'], row.texts['node'])}"
        box = (x + 0.55, up, LEFT + ROOM - x - 0.55, 0.8) if right else (LEFT, up, x - 0.55 - LEFT, 0.8)
        sheet.write(box, told, 14, lead=True, anchor="middle", align="left" if right else "right")
    told = deck.view.say(f"figure.{deck.figure.id}.caption", "")
    sheet.write((middle[0] - 1.4, middle[1] - 0.9, 2.8, 1.8), told, 13, role="grey", align="center", anchor="middle")


def _draw_quotation(deck: Deck) -> None:
    if said := deck.quote(deck.row["apart"]):
        deck.start().write((LEFT + 1, 2.2, ROOM - 2, 3.6), said, 30, role="data", anchor="middle")


def _draw_unsaid(deck: Deck) -> None:
    """What the answers do not settle: verdicts, what is hidden, what the steps cannot tell."""
    words, view, table = deck.words, deck.view, deck.page.table("comparisons")
    verdicts = list(table.get("verdict", ()))
    counts = [(words.count_of(verdicts.count(name), len(verdicts)), name.replace(" ", "_")) for name in _OPEN]
    said = [f"{count}: {words.text(f'verdict.{name}.long')}" for count, name in counts if verdicts]
    hidden = words.number(int(view.estimates["mark"].eq("hidden").sum()))
    said.append(f"{hidden}: {words.text('hidden.long', {'threshold': deck.page.study.threshold})}")
    keys = ["comparison", "interviews", "workshops", *["synthetic"] * bool(deck.mark)]
    names = [
        view.label(name) for name, verdict in zip(table.get("variable", ()), verdicts, strict=True) if verdict in _OPEN
    ]
    names = list(dict.fromkeys(names))
    left: list[Part] = [
        ("\n".join(said), 16, "ink", 2.2),
        ("\n".join(view.say(f"limits.{key}", "") for key in keys), 13, "ink", 2.7),
    ]
    further = words.text("page.further", {"n": words.number(len(names) - 8)}) if len(names) > 8 else ""
    right: list[Part] = [
        (words.text("verdict.cannot_tell"), 16, "ink", 0.4),
        ("\n".join(["–  " + name for name in names[:8]] + [further]), 13, "ink", 4.5),
    ]
    _draw_boxes(deck, [left, right])


LAYOUTS: Mapping[str, Callable[[Deck], None]] = {
    "title": _draw_title, "steps": _draw_steps, "areas": _draw_areas, "table": _draw_table, "card": _draw_card,
    **{kind: partial(_draw_items, kind=kind) for kind in ("bars", "dots", "links")}, "multiples": _draw_multiples,
    "share": _draw_share, "support": _draw_support, "numbers": _draw_numbers, "organisation": _draw_organisation,
    "steering": _draw_steering, "bump": _draw_bump, "ring": _draw_ring, "quotation": _draw_quotation,
    "unsaid": _draw_unsaid, "closing": _draw_closing,
}  # fmt: skip
