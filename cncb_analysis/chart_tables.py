"""Protected estimates to the uniform chart table: one maker a kind of chart, nothing computed but an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any

import pandas as pd

from cncb_analysis.view import ALL, NOTHING, Cell, Figure, Item, View

CHART_COLUMNS = [
    "section", "row", "row_label", "column", "column_label", "estimate", "low", "high", "k", "n", "mark", "text",
]  # fmt: skip
_ROWS = 12
_DECISIONS = ("all", "coalition", "giver_taker", "national", "drop")

Label = tuple[str, str]


def _place(row: Label, column: Label, found: Cell, **more: Any) -> Cell:
    """One line of the chart table; a hidden cell has lost its numbers already."""
    names = {"section": "", "row": row[0], "row_label": row[1], "column": column[0], "column_label": column[1]}
    mark = "" if found["mark"] == "published" else found["mark"]
    return {**names, **{name: float(found[name]) for name in CHART_COLUMNS[5:10]}, "mark": mark, "text": "", **more}


def _list_share(figure: Figure, view: View) -> Iterator[Cell]:
    """Groups as rows; the single partners of a country as further columns; a benchmark as the last row."""
    column, item = ("share", view.words.text("head.share")), Item(figure.variables[0], (*figure.options, "")[0])
    for group in view.groups:
        yield _place(group, column, view.find(figure, item, group[0]))
        members = [partner for partner in view.study.partners if partner.country == group[0]]
        for partner in members if len(members) > 1 and not view.partner else ():
            if (item.option, partner.id) in view.cells(figure.step, item.variable, figure.statistic, figure.occasion):
                yield _place(
                    group, (f"partner:{partner.id}", view.name(partner.id)), view.find(figure, item, partner.id)
                )
    rows = view.study.table("benchmarks")
    for row in rows[rows["measure"] == figure.benchmark].head(1).to_dict("records"):
        name = ("benchmark", view.words.text("chart.benchmark"))
        text = f"{name[1]}: {', '.join(filter(None, (row['base'], row['source'].split(', http')[0], row['year'])))}."
        yield _place(name, column, {**NOTHING, "estimate": row["value"], "n": row["n"] or "nan"}, text=text)


def _list_diverging(figure: Figure, view: View) -> Iterator[Cell]:
    """Groups as rows, answer levels as columns; levels taken together where the single ones are hidden."""
    variable, book = figure.variables[0], view.study.codebook
    found, unsure = (view.cells(figure.step, variable, name) for name in ("share", "share_missing"))
    levels = view.items(variable)
    codes = dict.fromkeys(choice.collapse for choice in (book.options(variable) if variable in book.variables else ()))
    wider = [Item(variable, code, code, view.option_label(variable, code)) for code in codes if code]
    for group in view.groups:
        single = any(found.get((item.key, group[0]), {"mark": "hidden"})["mark"] != "hidden" for item in levels)
        together = [item for item in wider if (item.key, group[0]) in found]
        for item in levels if single or not together else together:
            yield _place(group, item.name, view.find(figure, item, group[0]))
        if ("dont_know", group[0]) in unsure:
            yield _place(group, ("dont_know", view.words.text("dont_know")), unsure["dont_know", group[0]])


def _list_parts(figure: Figure, view: View) -> Iterator[Cell]:
    """Groups as rows, parts of the whole as columns; of a flow the partners, and the stages to the answers used."""
    partners = [(partner.id, view.name(partner.id)) for partner in view.study.partners]
    by_partner = figure.kind == "flow" and not view.partner
    for group in [*partners, (ALL, view.words.text("all_partners"))] if by_partner else view.groups:
        for part in view.items(figure.variables[0], figure.options):
            yield _place(group, part.name, view.find(figure, part, group[0]))


def _sort_items(figure: Figure, view: View, items: list[Item], unknown: float) -> list[Item]:
    """Sort by the pooled value, the largest first."""
    sizes = {item: -view.find(figure, item, ALL)["estimate"] for item in items}
    return sorted(items, key=lambda item: sizes[item] if sizes[item] == sizes[item] else unknown)


def _list_items(figure: Figure, view: View) -> Iterator[Cell]:
    """Items as rows: the main group, and where they are ranked the others as small tracks; answers in their order."""
    columns = [("share", view.words.text("head.k_of_n"), view.main)]
    known = {name: view.cells(figure.step, name, figure.statistic, figure.occasion) for name in figure.variables}
    items = [item for name in known for item in view.items(name, [option for option, _ in known[name]])]
    if figure.kind == "ranked":
        others = [(*group, group[0]) for group in view.groups if (group[0] == ALL) == bool(view.partner)]
        columns = [("main", view.name(view.main), view.main), *others]
        variables = view.study.codebook.variables
        ordered = any(name in variables and variables[name].kind == "ordinal" for name in known)
        items = items if ordered else _sort_items(figure, view, items, 0.0)
    for item in items:
        for *column, group in columns:
            yield _place(item.name, (column[0], column[1]), view.find(figure, item, group))


def _list_gap(figure: Figure, view: View) -> Iterator[Cell]:
    """Items as rows: importance, own level, and the gap between them; widest gap first."""
    ratings = [each for each in view.study.codebook.battery(figure.variables[0]) if each.aspect == "importance"]
    battery = {(each.item, each.aspect): each.name for each in view.study.codebook.battery(figure.variables[0])}
    items = [Item(figure.variables[0], each.item, each.item, view.label(each.name)) for each in ratings]
    heads = {"importance": "head.importance", "own": "head.own_level", "gap": "head.gap"}
    for item in _sort_items(figure, view, items, 99):
        for aspect, head in heads.items():
            rating = Item(battery[item.key, aspect]) if aspect != "gap" else item
            found = view.find(figure, rating, view.main, "mean" if aspect != "gap" else "gap")
            yield _place(item.name, (aspect, view.words.text(head)), found)


def _list_bump(figure: Figure, view: View) -> Iterator[Cell]:
    """Items as rows, the moments as columns: share that ranks the item."""
    moments = {each.aspect: each.name for each in view.study.codebook.battery(figure.variables[0])}
    for item in view.items(next(iter(moments.values()), "")):
        for moment, variable in moments.items():
            found = view.find(figure, item._replace(variable=variable), view.main)
            yield _place(item.name, (moment, view.words.text(f"head.{moment}")), found)


def _list_matrix(figure: Figure, view: View) -> Iterator[Cell]:
    """Options as rows under their battery; the battery's questions, or the topics, as columns."""
    for name in figure.variables:
        battery = {each.name: each.item for each in view.study.codebook.battery(name)}
        for variable, key in (battery or {name: name}).items():
            column, section = (key, view.label(variable)), view.label(name) if battery else ""
            for item in view.items(variable):
                yield _place(item.name, column, view.find(figure, item, view.main), section=section)


def _list_circle(figure: Figure, view: View) -> Iterator[Cell]:
    """Steps as rows, in order: how many name it, and how many name it together with the next."""
    items = view.items(figure.variables[0])
    for item, following in zip(items, [*items[1:], *items[:1]], strict=True):
        both = item._replace(option=f"{item.key}+{following.key}")
        yield _place(item.name, ("node", view.words.text("head.count")), view.find(figure, item, view.main))
        yield _place(item.name, ("link", following.label), view.find(figure, both, view.main, "share_both"))


def _list_tiles(figure: Figure, view: View) -> Iterator[Cell]:
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
            where["outline"] = view.outlines.get(code, "")
            cell = found.get(code, {**NOTHING, "mark": "not_delivered"})
            yield _place((code, tile["name"]), column, cell, text=text, **where)


def _list_scatter(figure: Figure, view: View) -> Iterator[Cell]:
    """Sectors of regions as rows with jobs and stars, the highest first; on a partner's page its own regions only."""
    variable = figure.variables[0]

    def find_all(name: str) -> dict[tuple[str, str], float]:
        return {(row["occasion"], row["option"]): row["estimate"] for row in view.rows(figure.step, variable, name)}

    more = {name: find_all(name) for name in ("jobs", "stars")}
    places = {row["region"]: row["name"] for row in view.study.table("geography").to_dict("records")}
    rows = [row for row in view.rows(figure.step, variable, figure.statistic) if row["option"]]
    column = ("lq", view.words.text("statistic.lq"))
    for row in sorted(rows, key=lambda row: -row["estimate"] if row["estimate"] == row["estimate"] else 0.0):
        if not view.partner or row["partner"] == view.partner:
            region, sector = row["occasion"], row["option"]
            label = f"{view.option_label('sector', sector)}, {places.get(region, region)}"
            facts = {name: known.get((region, sector), float("nan")) for name, known in more.items()}
            yield _place((f"{region} {sector}", label), column, row, country=row["country"], name=region, **facts)
    for axis, setting, usual in (("lq", "location_quotient", 2.0), ("jobs", "minimum_jobs", 1000)):
        limit = float(view.study.setting("mapping", setting, usual))
        line = ("threshold", f"{view.words.text('chart.threshold')} {view.words.number(limit)}")
        yield _place(line, (axis, view.words.text(f"statistic.{axis}")), {**NOTHING, "estimate": limit})


def _list_best(figure: Figure, view: View) -> Iterator[Cell]:
    """The highest of the scatter, jobs as a second column; then the thresholds. A ranking has large cells alone."""
    cells = list(_list_scatter(figure, view))
    marks = [cell for cell in cells if cell["row"] == "threshold"]
    least = float(view.study.setting("mapping", "minimum_jobs", 1000)) if figure.kind == "ranking" else -1.0
    kept = [cell for cell in cells if cell["row"] != "threshold" and not cell["jobs"] < least and cell["estimate"] > 0]
    for cell in kept[:_ROWS]:
        yield cell
        jobs = {**NOTHING, "estimate": cell["jobs"]}
        yield _place((cell["row"], cell["row_label"]), ("jobs", view.words.text("statistic.jobs")), jobs)
    yield from marks


def _list_map(figure: Figure, view: View) -> Iterator[Cell]:
    """Countries and answers with their places on a map; a row without a number where it cannot be drawn."""
    name, extra = figure.variables[0], _EXTRA["map"][2:]
    column = ("contribution", view.words.text("statistic.contribution"))
    labels = {item.option or item.variable: item.label for item in view.items(name)}
    first = {each: view.rows(figure.step, f"map:{name}", each)[:1] for each in extra}
    facts = {each: found[0]["estimate"] if found else NOTHING["estimate"] for each, found in first.items()}
    drawn = (view.rows(figure.step, f"map:{name}", each) for each in ("axis_1", "axis_2", "contribution"))
    # Where it cannot be drawn there is one row on the first axis alone.
    for x, y, cell in zip_longest(*drawn):
        code = x["country"] or x["option"]
        label = view.name(code) if x["country"] else labels.get(code) or view.label(name)
        at = {"x": x["estimate"], "y": y["estimate"] if y else NOTHING["estimate"]}
        yield _place((code or name, label), column, cell or x, text="country" * bool(x["country"]), **at, **facts)


def _list_decision(figure: Figure, view: View) -> Iterator[Cell]:
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
            yield _place(named, column, {**NOTHING, "mark": mark}, section=section, text=row[name])
        yield _place(named, ("decision", view.words.text("head.decision")), NOTHING, section=section, text=section)
        rank = {"estimate": row["rank"], "low": row["rank_low"], "high": row["rank_high"]}
        yield _place(named, ("rank", view.words.text("head.rank")), {**NOTHING, **rank}, section=section)


_EXTRA = {
    "tiles": ("x", "y", "country", "name", "outline"),
    "scatter": ("jobs", "stars", "country", "name"),
    "map": ("x", "y", "inertia_1", "inertia_2", "least_expected"),
}
_LISTS: Mapping[str, Callable[[Figure, View], Iterator[Cell]]] = {
    "share": _list_share, "diverging": _list_diverging, "allocation": _list_parts, "ranked": _list_items,
    "gap": _list_gap, "bump": _list_bump, "matrix": _list_matrix, "circle": _list_circle, "profile": _list_items,
    "tiles": _list_tiles, "scatter": _list_scatter, "flow": _list_parts,
    "ranking": _list_best, "bounds": _list_best, "decision": _list_decision, "map": _list_map,
}  # fmt: skip


def _make(kind: str, figure: Figure, view: View) -> pd.DataFrame:
    return pd.DataFrame(_LISTS[kind](figure, view), columns=[*CHART_COLUMNS, *_EXTRA.get(kind, ())])


MAKERS: Mapping[str, Callable[[Figure, View], pd.DataFrame]] = {kind: partial(_make, kind) for kind in _LISTS}
