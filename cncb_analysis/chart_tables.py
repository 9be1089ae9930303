"""Protected estimates to the uniform chart table: one maker a kind of chart, nothing computed but an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from cncb_analysis.figures.chart import CHART_COLUMNS
from cncb_analysis.view import ALL, Cell, Figure, Item, View

__all__ = ["CHART_COLUMNS", "MAKERS"]

_NUMBERS = ("estimate", "low", "high", "k", "n")
_NOTHING = {**dict.fromkeys(_NUMBERS, float("nan")), "mark": ""}
_DECISIONS = ("all", "coalition", "giver_taker", "national", "drop")

Label = tuple[str, str]


class _Spot(NamedTuple):
    """One cell of a chart: where it stands, and where its number is found."""

    row: Label
    column: Label
    variable: str
    option: str
    group: str
    statistic: str
    section: str = ""


def _place(row: Label, column: Label, found: Cell, **more: Any) -> Cell:
    """One line of the chart table; a hidden cell has lost its numbers already."""
    names = {"section": "", "row": row[0], "row_label": row[1], "column": column[0], "column_label": column[1]}
    mark = "" if found["mark"] == "published" else found["mark"]
    return {**names, **{name: float(found[name]) for name in _NUMBERS}, "mark": mark, "text": "", **more}


def _make(
    spots: Callable[[Figure, View], Iterator[_Spot | Cell]], extra: tuple[str, ...], figure: Figure, view: View
) -> pd.DataFrame:
    """Look up the number of every spot; cells that a maker finished itself stay."""
    cells = []
    for spot in spots(figure, view):
        if isinstance(spot, _Spot):
            found = view.cells(figure.step, spot.variable, spot.statistic, figure.occasion).get(
                (spot.option, spot.group)
            )
            found = found or {**_NOTHING, "mark": view.missing(figure.step, spot.variable, spot.group)}
            spot = _place(spot.row, spot.column, found, section=spot.section)
        cells.append(spot)
    return pd.DataFrame(cells, columns=[*CHART_COLUMNS, *extra])


def _spot_share(figure: Figure, view: View) -> Iterator[_Spot | Cell]:
    """Groups as rows; the single partners of a country as further columns; a benchmark as the last row."""
    column, option = ("share", view.words.text("head.share")), (*figure.options, "")[0]
    known = view.cells(figure.step, figure.variables[0], figure.statistic, figure.occasion)
    for group in view.groups:
        yield _Spot(group, column, figure.variables[0], option, group[0], figure.statistic)
        members = [partner for partner in view.study.partners if partner.country == group[0]]
        for partner in members if len(members) > 1 and not view.partner else ():
            if (option, partner.id) in known:
                own = (f"partner:{partner.id}", partner.short)
                yield _Spot(group, own, figure.variables[0], option, partner.id, figure.statistic)
    rows = view.study.table("benchmarks").to_dict("records")
    for row in [row for row in rows if row["measure"] == figure.benchmark][:1]:
        number = {**_NOTHING, "estimate": float(row["value"]), "n": float(row["n"] or "nan")}
        name = ("benchmark", view.words.text("chart.benchmark"))
        parts = (row["base"], row["source"].split(", http")[0], row["year"])
        text = f"{name[1]}: {', '.join(filter(None, parts))}."
        yield _place(name, column, number, text=text)


def _spot_diverging(figure: Figure, view: View) -> Iterator[Cell]:
    """Groups as rows, answer levels as columns; levels taken together where the single ones are hidden."""
    variable = figure.variables[0]
    found, unsure = (view.cells(figure.step, variable, name) for name in ("share", "share_missing"))
    levels = [(item.key, item.label) for item in view.items(variable)]
    book = view.study.codebook
    codes = dict.fromkeys(choice.collapse for choice in (book.options(variable) if variable in book.variables else ()))
    wider = [(code, view.option_label(variable, code)) for code in codes if code]
    for group in view.groups:
        own = {level: found.get((level[0], group[0])) for level in levels}
        if all(cell is None or cell["mark"] == "hidden" for cell in own.values()):
            together = {level: found.get((level[0], group[0])) for level in wider}
            own = {level: cell for level, cell in together.items() if cell} or own
        nothing = {**_NOTHING, "mark": view.missing(figure.step, variable, group[0])}
        yield from (_place(group, level, cell or nothing) for level, cell in own.items())
        if ("dont_know", group[0]) in unsure:
            yield _place(group, ("dont_know", view.words.text("dont_know")), unsure["dont_know", group[0]])


def _spot_allocation(figure: Figure, view: View) -> Iterator[_Spot]:
    """Groups as rows, parts of the whole as columns."""
    for group in view.groups:
        for part in view.items(figure.variables[0]):
            yield _Spot(group, (part.key, part.label), part.variable, "", group[0], figure.statistic)


def _rank_items(figure: Figure, view: View) -> list[Item]:
    """Items by the pooled value; ordered answers keep their own order."""
    known = {name: view.cells(figure.step, name, figure.statistic, figure.occasion) for name in figure.variables}
    items = [item for name in known for item in view.items(name, [option for option, _ in known[name]])]
    variables = view.study.codebook.variables
    if any(name in variables and variables[name].kind == "ordinal" for name in known):
        return items

    def size(item: Item) -> float:
        cell = view.cells(figure.step, item.variable, figure.statistic, figure.occasion).get((item.option, ALL))
        return -cell["estimate"] if cell is not None and cell["estimate"] == cell["estimate"] else 0.0

    return sorted(items, key=size)


def _spot_ranked(figure: Figure, view: View) -> Iterator[_Spot]:
    """Items as rows: the main group, then the others as small tracks."""
    others = [group for group in view.groups if (group[0] == ALL) == bool(view.partner)]
    for item in _rank_items(figure, view):
        for key, label, group in [("main", view.name(view.main), view.main), *((*each, each[0]) for each in others)]:
            yield _Spot((item.key, item.label), (key, label), item.variable, item.option, group, figure.statistic)


def _spot_gap(figure: Figure, view: View) -> Iterator[_Spot]:
    """Items as rows: importance, own level, and the gap between them; widest gap first."""
    battery = {(each.item, each.aspect): each.name for each in view.study.codebook.battery(figure.variables[0])}
    gaps = view.cells(figure.step, figure.variables[0], "gap")
    sizes = {item: gaps.get((item, ALL), _NOTHING)["estimate"] for item, _ in battery}
    for item in sorted(sizes, key=lambda item: -sizes[item] if sizes[item] == sizes[item] else 99):
        row = (item, view.label(battery[item, "importance"]))
        for aspect, head in (("importance", "head.importance"), ("own", "head.own_level")):
            yield _Spot(row, (aspect, view.words.text(head)), battery[item, aspect], "", view.main, "mean")
        yield _Spot(row, ("gap", view.words.text("head.gap")), figure.variables[0], item, view.main, "gap")


def _spot_bump(figure: Figure, view: View) -> Iterator[_Spot]:
    """Items as rows, the moments as columns: share that ranks the item."""
    moments = {each.aspect: each.name for each in view.study.codebook.battery(figure.variables[0])}
    for item in view.items(next(iter(moments.values()), "")):
        for moment, variable in moments.items():
            column = (moment, view.words.text(f"head.{moment}"))
            yield _Spot((item.key, item.label), column, variable, item.key, view.main, figure.statistic)


def _spot_matrix(figure: Figure, view: View) -> Iterator[_Spot]:
    """Options as rows under their battery; the battery's questions, or the topics, as columns."""
    for name in figure.variables:
        battery = {each.name: each.item for each in view.study.codebook.battery(name)}
        for variable, key in (battery or {name: name}).items():
            column, section = (key, view.label(variable)), view.label(name) if battery else ""
            for item in view.items(variable):
                row = (item.key, item.label)
                yield _Spot(row, column, variable, item.key, view.main, figure.statistic, section)


def _spot_circle(figure: Figure, view: View) -> Iterator[_Spot]:
    """Steps as rows, in order: how many name it, and how many name it together with the next."""
    items = view.items(figure.variables[0])
    for item, following in zip(items, [*items[1:], *items[:1]], strict=True):
        row = (item.key, item.label)
        yield _Spot(row, ("node", view.words.text("head.count")), item.variable, item.key, view.main, figure.statistic)
        both = f"{item.key}+{following.key}"
        yield _Spot(row, ("link", following.label), item.variable, both, view.main, "share_both")


def _spot_profile(figure: Figure, view: View) -> Iterator[_Spot]:
    """Statements as rows with their count."""
    column = ("share", view.words.text("head.k_of_n"))
    for name in figure.variables:
        for item in view.items(name, [option for option, _ in view.cells(figure.step, name, figure.statistic)]):
            yield _Spot((item.key, item.label), column, name, item.option, view.main, figure.statistic)


def _spot_flow(figure: Figure, view: View) -> Iterator[_Spot]:
    """Partners as rows, stages from the list to the answers used as columns."""
    partners = [(partner.id, partner.short) for partner in view.study.partners]
    for group in view.groups if view.partner else [*partners, (ALL, view.words.text("all_partners"))]:
        for stage in figure.options:
            column = (stage, view.option_label(figure.variables[0], stage))
            yield _Spot(group, column, figure.variables[0], stage, group[0], figure.statistic)


def _spot_tiles(figure: Figure, view: View) -> Iterator[Cell]:
    """Regions as rows with their place on the tile map; `text` marks the page's own."""
    rows = view.rows(figure.step, figure.variables[0], figure.statistic)
    found = {row["occasion"]: row for row in rows if row["option"] == ""}
    vintage = str(view.study.setting("mapping", "nuts", "2013"))
    own = view.study.partner(view.partner).nuts if view.partner else ()
    column = ("value", view.words.text(f"statistic.{figure.statistic}"))
    for tile in view.study.table("geography").to_dict("records"):
        if tile["country"] in view.study.countries and vintage in tile["vintage"] and tile["column"]:
            code, text = tile["region"], "own" if tile["region"] in own else ""
            where = {"x": int(tile["column"]), "y": int(tile["row"]), "country": tile["country"], "name": tile["name"]}
            cell = found.get(code, {**_NOTHING, "mark": "not_delivered"})
            yield _place((code, tile["name"]), column, cell, text=text, **where)


def _spot_scatter(figure: Figure, view: View) -> Iterator[Cell]:
    """Sectors of regions as rows with jobs and stars, the highest first; on a partner's page its own regions only."""
    facts: dict[str, dict[str, float]] = {}
    for name in ("jobs", "stars"):
        for row in view.rows(figure.step, figure.variables[0], name):
            facts.setdefault(f"{row['occasion']} {row['option']}", {})[name] = row["estimate"]
    places = {row["region"]: row["name"] for row in view.study.table("geography").to_dict("records")}
    rows = [row for row in view.rows(figure.step, figure.variables[0], figure.statistic) if row["option"]]
    column = ("lq", view.words.text("statistic.lq"))
    for row in sorted(rows, key=lambda row: -row["estimate"] if row["estimate"] == row["estimate"] else 0.0):
        if not view.partner or row["partner"] == view.partner:
            key, region = f"{row['occasion']} {row['option']}", row["occasion"]
            label = f"{view.option_label('sector', row['option'])}, {places.get(region, region)}"
            more = {"jobs": float("nan"), "stars": float("nan"), "country": row["country"], "name": region}
            yield _place((key, label), column, row, **(more | facts.get(key, {})))
    for axis, setting, usual in (("lq", "location_quotient", 2.0), ("jobs", "minimum_jobs", 1000)):
        limit = float(view.study.setting("mapping", setting, usual))
        line = ("threshold", f"{view.words.text('chart.threshold')} {view.words.number(limit)}")
        yield _place(line, (axis, view.words.text(f"statistic.{axis}")), {**_NOTHING, "estimate": limit})


def _spot_decision(figure: Figure, view: View) -> Iterator[Cell]:
    """Measures as rows under their decision: a position a step and country, the decision, the rank with its range."""
    table = view.joint_support
    taken = table["decision"].where(table["decision"].ne(""), table["proposed"]) if len(table) else pd.Series(dtype=str)
    order = taken.map({name: place for place, name in enumerate(_DECISIONS)}).fillna(len(_DECISIONS))
    for place in order.argsort(kind="stable"):
        row, section = table.iloc[place].to_dict(), view.option_label("decision", taken.iloc[place])
        named = (row["action"], view.option_label("action", f"{row['action']}.title"))
        for name in (*view.study.steps, *view.study.countries):
            column = (name, view.say(f"step.{name}.short", name))
            mark = row[name] if row[name] in {"hidden", "not_asked"} else ""
            yield _place(named, column, {**_NOTHING, "mark": mark}, section=section, text=row[name])
        yield _place(named, ("decision", view.words.text("head.decision")), _NOTHING, section=section, text=section)
        rank = {"estimate": row["rank"], "low": row["rank_low"], "high": row["rank_high"]}
        yield _place(named, ("rank", view.words.text("head.rank")), {**_NOTHING, **rank}, section=section)


_EXTRA = {"tiles": ("x", "y", "country", "name"), "scatter": ("jobs", "stars", "country", "name")}
_SPOTS: Mapping[str, Callable[[Figure, View], Iterator[_Spot | Cell]]] = {
    "share": _spot_share,
    "diverging": _spot_diverging,
    "allocation": _spot_allocation,
    "ranked": _spot_ranked,
    "gap": _spot_gap,
    "bump": _spot_bump,
    "matrix": _spot_matrix,
    "circle": _spot_circle,
    "profile": _spot_profile,
    "tiles": _spot_tiles,
    "scatter": _spot_scatter,
    "flow": _spot_flow,
    "decision": _spot_decision,
}
MAKERS: Mapping[str, Callable[[Figure, View], pd.DataFrame]] = {
    kind: partial(_make, spots, _EXTRA.get(kind, ())) for kind, spots in _SPOTS.items()
}
