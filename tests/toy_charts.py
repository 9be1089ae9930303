"""Toy charts of every kind: invented numbers in the uniform chart table, with what is hard to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from cncb_analysis.words import Words, read_fixed_words

NAN = float("nan")
COUNTRIES = {
    "AT": "Österreich",
    "CZ": "Tschechische Republik",
    "HU": "Magyarország",
    "IT": "Italien",
    "PL": "Polen",
    "SI": "Slowenien",
    "SK": "Slowakei",
    "all": "Alle Länder zusammen",
}
ITEMS = (
    "A kis- és középvállalkozások kulturális korlátai, bizalmatlanság",
    "Gemeinsame Dienste und Einkauf",
    "Internationalisierung",
    "Nem elegendő pénzügyi támogatás a külpiacra lépéshez",
    "Hiányoznak a klaszterekre szabott szolgáltatások",
    "Interessenvertretung",
    "Öffentlichkeitsarbeit",
)
PARTS = (
    "EU-Mittel",
    "Bundesmittel",
    "Landes- und Gemeindemittel",
    "Mitgliedsbeiträge",
    "Térítéses szolgáltatások",
    "Szponzorok és magánprojektek",
    "Természetbeni hozzájárulás, egyéb",
)
STEPS = ("mapping", "questionnaire", "interviews", "workshops")


def say(language: str = "en") -> Words:
    return Words(pd.DataFrame({"key": []}), language, fixed=read_fixed_words())


def cell(row: tuple[str, str], column: tuple[str, str], **told: Any) -> dict[str, Any]:
    """One cell; k and n give the estimate, and a mark takes the number away."""
    number = {"estimate": NAN, "low": NAN, "high": NAN, "k": NAN, "n": NAN, "mark": "", "text": "", "section": ""}
    number |= {key: value for key, value in told.items() if key in number}
    if "k" in told and "estimate" not in told:
        share = told["k"] / told["n"]
        number |= {"estimate": share, "low": max(0.0, share - 0.2), "high": min(1.0, share + 0.2)}
    if number["mark"] not in {"", "coarsened"}:
        number |= dict.fromkeys(("estimate", "low", "high", "k"), NAN)
    names = {"row": row[0], "row_label": row[1], "column": column[0], "column_label": column[1]}
    return {**names, **number, **{key: value for key, value in told.items() if key not in number}}


def make_share() -> list[dict[str, Any]]:
    """Hidden, not asked, not delivered; two partners of one country; a benchmark."""
    column, cells = ("share", "Anteil"), []
    told = {"AT": 6, "CZ": 7, "HU": 5, "IT": 9, "all": 37}
    marks = {"PL": "not_asked", "SI": "hidden", "SK": "not_delivered"}
    for key, label in COUNTRIES.items():
        n = 58 if key == "all" else 12
        cells.append(cell((key, label), column, k=told.get(key, 0), n=n, mark=marks.get(key, "")))
    for partner, k, n in (("milan", 6, 7), ("veneto", 3, 5)):
        cells.append(cell(("IT", COUNTRIES["IT"]), (f"partner:{partner}", partner), k=k, n=n))
    return [*cells, cell(("benchmark", "Vergleichswert"), column, estimate=0.84, n=238)]


def make_allocation() -> list[dict[str, Any]]:
    parts = [(f"part{place}", label) for place, label in enumerate(PARTS)]
    return [
        cell(group, part, estimate=(1 + (place + turn) % 7) / 28, n=9, mark="hidden" if group[0] == "SI" else "")
        for turn, group in enumerate(COUNTRIES.items())
        for place, part in enumerate(parts)
    ]


def make_allocation_german() -> list[dict[str, Any]]:
    """Short names of groups, and long heads beside each other."""
    heads = dict(
        zip(PARTS, (*PARTS[:4], "Entgeltliche Leistungen", PARTS[5], "Sachleistungen und Sonstiges"), strict=True)
    )
    cells = [each for each in make_allocation() if each["row"] in {"PL", "all"}]
    return [{**each, "column_label": heads[each["column_label"]], "row_label": each["row"]} for each in cells]


def make_flow() -> list[dict[str, Any]]:
    stages = {"mapped": "erfasste Cluster", "invited": "eingeladen", "delivered": "Antworten", "used": "verwendet"}
    counts = {"a": (12, 12, 10, 9), "b": (24, 20, 12, 11), "all": (1220, 1183, 121, 97)}
    names = {"a": "Clusterland Oberösterreich", "b": "Banská Bystrica", "all": "Alle Partner"}
    cells = [
        cell((key, names[key]), stage, k=k, n=row[1], estimate=k)
        for key, row in counts.items()
        for stage, k in zip(stages.items(), row, strict=True)
    ]
    more = zip(stages.items(), ("", "", "hidden", "not_delivered"), strict=True)
    return [cell(("c", "Plzeň"), stage, k=5, n=5, estimate=5, mark=mark) for stage, mark in more] + cells


def make_diverging() -> list[dict[str, Any]]:
    """Five levels pooled; two countries with levels taken together, one end hidden in one; one row hidden."""
    levels = ("Stimme gar nicht zu", "Stimme eher nicht zu", "Teils, teils", "Stimme eher zu", "Stimme voll zu")
    wider = {"disagree": "Stimme nicht zu", "neither": "Teils, teils ", "agree": "Stimme zu"}
    cells = []
    for group, counts in (("AT", (NAN, NAN, 6)), ("CZ", (4, 3, 5))):
        for column, k in zip(wider.items(), counts, strict=True):
            mark = "coarsened" if k == k else "hidden"
            cells.append(cell((group, COUNTRIES[group]), column, k=k, n=9 if group == "AT" else 12, mark=mark))
        cells.append(cell((group, COUNTRIES[group]), ("dont_know", "Weiß nicht"), k=1, n=13))
    for group, mark in (("SI", "hidden"), ("SK", "not_asked"), ("all", "")):
        for place, (label, k) in enumerate(zip(levels, (3, 13, 12, 20, 6), strict=True), start=1):
            cells.append(cell((group, COUNTRIES[group]), (str(place), label), k=k, n=54, mark=mark))
    return cells


def make_ranked() -> list[dict[str, Any]]:
    cells = []
    for place, label in enumerate(ITEMS):
        item = (f"item{place}", label)
        cells.append(cell(item, ("main", "Összes ország"), k=50 - 6 * place, n=63))
        for turn, (key, name) in enumerate(list(COUNTRIES.items())[:-1]):
            n = 28 - place % 3
            mark = ("", "", "", "hidden", "", "not_asked", "not_delivered")[turn] if place > 2 else ""
            cells.append(cell(item, (key, name), k=8 - place, n=n, mark=mark))
    return cells


def make_ranked_partner() -> list[dict[str, Any]]:
    columns = {"main": ("main", "Milano"), "all": ("all", COUNTRIES["all"])}
    return [
        cell(
            (f"item{place}", label),
            columns[key],
            k=(10 - place) * (1 if n == 12 else 5),
            n=n,
            mark="hidden" if n == 12 and place == 4 else "",
        )
        for place, label in enumerate(ITEMS)
        for key, n in (("main", 12), ("all", 63))
    ]


def make_gap() -> list[dict[str, Any]]:
    heads = {"importance": "Bedeutung", "own": "Selbsteinschätzung", "gap": "Abstand"}
    cells = []
    for place, label in enumerate(ITEMS):
        means = {"importance": 4.4 - 0.1 * place, "own": 2.5 + 0.35 * place, "gap": 1.9 - 0.45 * place}
        for column, value in means.items():
            told = {"estimate": value, "low": value - 0.5, "high": value + 0.5, "n": 11 + (column == "own")}
            cells.append(cell((label, label), (column, heads[column]), mark="hidden" if place == 3 else "", **told))
    return cells


def make_bump() -> list[dict[str, Any]]:
    moments = {"past": (6, 5, 1, 4, 3, 2, 0), "now": (5, 2, 6, 4, 3, 1, 0), "future": (2, 1, 7, 5, 3, 4, 0)}
    heads = {"past": "in der Vergangenheit", "now": "heute", "future": "in den nächsten drei Jahren"}
    return [
        cell((label, label), (moment, heads[moment]), k=counts[place], n=7, mark="hidden" if place == 6 else "")
        for place, label in enumerate(ITEMS)
        for moment, counts in moments.items()
    ]


def make_matrix() -> list[dict[str, Any]]:
    bodies = {"committee": "Kezdeményező bizottság", "board": "Elnökség", "staff": "Klasztermenedzsment"}
    long = "Tanácsot ad és kapcsolatot tart a nemzetközi intézményekkel"
    rows = [("Ki ül benne", "Vállalatok"), ("Ki ül benne", "Egyetemek"), ("Mit csinál", long)]
    return [
        cell((label, label), body, section=section, k=2 + place + 2 * turn - 2 * (turn == 2), n=7, mark=mark)
        for place, (section, label) in enumerate(rows)
        for turn, body in enumerate(bodies.items())
        for mark in ("hidden" if (place, turn) == (1, 1) else "",)
    ]


def make_circle() -> list[dict[str, Any]]:
    nodes, links = (58, 51, 44, 39, 23, 31, 14), (47, 40, 33, 19, 17, 11, 9)
    return [
        cell((label, label), (column, column), k=counts[place], n=63, mark="hidden" if place == 4 else "")
        for place, label in enumerate(ITEMS)
        for column, counts in (("node", nodes), ("link", links))
    ]


def make_profile() -> list[dict[str, Any]]:
    column = ("share", "k von n")
    cells = [cell((label, label), column, k=place + 1, n=7) for place, label in enumerate(ITEMS[:4])]
    more = [cell(("many", ITEMS[5]), column, k=20, n=30), cell(("hidden", ITEMS[6]), column, n=7, mark="hidden")]
    return [*cells, *more]


def make_tiles() -> list[dict[str, Any]]:
    places = {"AT11": (6, 6, 3.2), "AT12": (5, 5, 0.4), "AT13": (6, 5, NAN), "SI03": (6, 7, 1.2), "ITC4": (3, 9, 11.0)}
    return [
        cell(
            (region, f"Südböhmisch-{region}-Niederösterreich"),
            ("value", "LQ"),
            estimate=value,
            mark="" if value == value else "hidden",
            text="own" if region == "ITC4" else "",
            **{"x": x, "y": y, "country": region[:2], "name": region},
        )
        for region, (x, y, value) in places.items()
    ]


def make_scatter() -> list[dict[str, Any]]:
    points = {"C10": (0.4, 20000, 0), "C28": (2.1, 1200, 2), "C30": (5.6, 9000, 3), "C15": (1.4, 400, 1)}
    cells = [
        cell((f"ITC4 {code}", code), ("lq", "LQ"), estimate=lq, jobs=float(jobs), stars=float(stars))
        for code, (lq, jobs, stars) in points.items()
    ]
    return [*cells, cell(("threshold", "LQ 2"), ("lq", "LQ"), estimate=2.0)]


def make_outlines() -> list[dict[str, Any]]:
    shapes = {"ITC4": "0,300 400,300 400,600", "AT11": "500,0 900,0 900,200 500,200", "SI03": "450,250 600,250 600,400"}
    return [line | {"outline": shapes[line["row"]]} for line in make_tiles() if line["row"] in shapes]


def make_ranking() -> list[dict[str, Any]]:
    points = {"C10": (5.6, 4.1, 7.7, 20000), "C28": (2.1, NAN, NAN, 1200), "C30": (0.4, 0.2, 0.7, NAN)}
    cells = []
    for code, (lq, low, high, jobs) in points.items():
        row = (f"ITC4 {code}", f"{code}, Südböhmisch-Niederösterreich")
        cells.append(cell(row, ("lq", "LQ"), estimate=lq, low=low, high=high))
        cells.append(cell(row, ("jobs", "Beschäftigte"), estimate=float(jobs)))
    return [*cells, cell(("threshold", "LQ 2"), ("lq", "LQ"), estimate=2.0)]


def make_bounds() -> list[dict[str, Any]]:
    return [line | {"low": 0.0, "high": line["estimate"]} for line in make_ranking()]


def make_decision() -> list[dict[str, Any]]:
    positions = ("agreement", "partial", "dissonance", "silence", "not_asked", "hidden")
    columns = [*((step, say("de").text(f"step.{step}.short")) for step in STEPS), *((code, code) for code in COUNTRIES)]
    cells = []
    for place, label in enumerate(ITEMS):
        row, section = (f"action{place}", label), "Alle gemeinsam" if place < 3 else "Nur im eigenen Land"
        for turn, column in enumerate(columns[:-1]):
            text = positions[(place + turn) % 6]
            mark = text if text in {"not_asked", "hidden"} else ""
            cells.append(cell(row, column, section=section, text=text, mark=mark))
        cells.append(cell(row, ("decision", "Entscheidung"), section=section, text=section))
        rank = {"estimate": place + 1.0, "low": max(1.0, place - 1.0), "high": min(7.0, place + 2.0)}
        cells.append(cell(row, ("rank", "Rang"), section=section, **rank))
    return cells


def make_map() -> list[dict[str, Any]]:
    """Two countries on one spot, long names, few answers expected in a cell."""
    column, more = ("contribution", "Anteil"), {"n": 60, "inertia_1": 0.5, "inertia_2": 0.3, "least_expected": 1.2}
    places = [(0.4, 0.2), (0.41, 0.2), (-0.5, 0.1), (0.1, -0.4), (0.0, 0.0), (0.3, 0.3), (-0.1, 0.5)]
    names = [pair for pair in COUNTRIES.items() if pair[0] != "all"]
    rows = [(name, "country", *place) for name, place in zip(names, places, strict=True)]
    rows += [((label, label), "", -x, y + 0.05) for label, (x, y) in zip(ITEMS, places, strict=True)]
    return [cell(name, column, estimate=0.1, text=kind, x=x, y=y, **more) for name, kind, x, y in rows]


TOYS: Mapping[str, Callable[[], Sequence[Mapping[str, Any]]]] = {
    "share": make_share,
    "allocation": make_allocation,
    "allocation german": make_allocation_german,
    "flow": make_flow,
    "diverging": make_diverging,
    "ranked": make_ranked,
    "ranked partner": make_ranked_partner,
    "gap": make_gap,
    "bump": make_bump,
    "matrix": make_matrix,
    "circle": make_circle,
    "profile": make_profile,
    "tiles": make_tiles,
    "tiles outlines": make_outlines,
    "scatter": make_scatter,
    "ranking": make_ranking,
    "bounds": make_bounds,
    "decision": make_decision,
    "map": make_map,
}


def toy(name: str) -> pd.DataFrame:
    return pd.DataFrame(TOYS[name]())
