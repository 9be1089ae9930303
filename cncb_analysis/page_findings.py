"""What a page finds: its tables of figures.csv, the findings in brief, the three answers of the site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cncb_analysis import page_comparison
from cncb_analysis.chart_tables import MAKERS
from cncb_analysis.page_statistics import check_statements, tabulate_statistics
from cncb_analysis.page_synthesis import SYNTHESIS, count_partners, name_finding, pivot_positions
from cncb_analysis.page_tables import format_cell, summarise_chart, tabulate_chart, tabulate_frame, tabulate_questions
from cncb_analysis.tables import Cards, DisplayTable
from cncb_analysis.view import ALL, NOTHING, Cell, Figure, View

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_ROWS = 12
_ASPECTS = {"importance": "head.importance", "own": "head.own_level"}
_VERDICTS = ("differs", "similar", "cannot tell", "too few")

# One row of a table: each cell under its column, which words.csv names under `head`.
Row = Mapping[str, str]


def tabulate_figure(figure: Figure, page: Page, *, caption: str, source: str) -> DisplayTable | None:
    """Make a table of figures.csv: of its variables, or, where it names none, the one of its own name.

    Parameters
    ----------
    figure : Figure
        Of kind table.
    page : Page
        Whose.
    caption, source : str
        As in `DisplayTable`.

    Returns
    -------
    DisplayTable or None
        None where there is nothing to show.
    """
    view, table = page.view, None
    if figure.id in SYNTHESIS:
        table = tabulate_frame(view.words, caption, pd.DataFrame(SYNTHESIS[figure.id](page)))
        table = Cards(**vars(table)) if figure.id == "measures" else table
    elif not figure.variables:
        name, list_rows = _TABLES.get(figure.id, (figure.id, _list_facts))
        frame = page.tables.get(name, page.study.tables.get(name, page.table(name)))
        table = tabulate_frame(view.words, caption, pd.DataFrame(list_rows(frame, view) if len(frame) else ()))
        if figure.id == "verdicts":  # those that the table only counts stand in the numbers too
            plain = frame.astype(object).to_numpy().tolist()
            table = replace(table, numbers=(tuple(frame.columns), *map(tuple, plain)))
    elif figure.id in _ESTIMATES:
        rows = pd.DataFrame(_ESTIMATES[figure.id](figure, view))
        table = tabulate_frame(view.words, caption, rows)
    elif figure.statistic == "median":
        table = next(iter(tabulate_questions(view, figure.step, figure.variables, source=source)), None)
    elif figure.statistic != "share":
        table = tabulate_statistics(figure, view)
    elif summarise_chart(figure, chart := MAKERS["matrix"](figure, view), view):
        table = tabulate_chart(figure, chart, view, caption=caption, source=source)
    if table is None or not table.rows:
        return None
    base = table.base or view.say(f"figure.{figure.id}.caption", "")
    return replace(table, caption=caption, source=source, base=base)


def _list_facts(frame: pd.DataFrame, view: View) -> Iterator[Row]:
    """What is written as it stands, without the partner whose page it is."""
    yield from frame.drop(columns="partner", errors="ignore").to_dict("records")


def _list_clusters(clusters: pd.DataFrame, view: View) -> Iterator[Row]:
    """Facts of the list, in words; sector and region in one column."""
    for row in clusters.drop(columns="partner", errors="ignore").to_dict("records"):
        said = {name: _name_options(view, f"map_{name}", row[name]) for name in ("type", "stage", "origin")}
        place = f"{view.option_label('sector', row['sector'])}, {row.pop('region')}"
        yield {**row, "sector": place, **said}


def _name_options(view: View, variable: str, codes: str) -> str:
    return "; ".join(view.option_label(variable, code) for code in codes.split(";") if code)


def _list_disagreements(found: pd.DataFrame, view: View) -> Iterator[Row]:
    """What the list has and the statistics do not, then the other way round."""
    for row in found.drop(columns=["partner", "country"]).to_dict("records"):
        kind, sector = view.words.text(f"disagreement.{row['kind']}"), view.option_label("sector", row["sector"])
        numbers = {"lq": format_cell(view.words, {**NOTHING, "estimate": row["lq"], **row}, share=False)}
        place = {name: row[name] for name in ("region", "cluster")}
        yield {**place, "kind": kind, "sector": sector, **numbers, "jobs": row["jobs"]}


def _list_neighbourhoods(figure: Figure, view: View) -> Iterator[Row]:
    """Sectors by how alike neighbouring regions are, with the regions that stand out together."""
    index, p, ratio = (view.cells(figure.step, "neighbourhood", name) for name in ("moran", "moran_p", "moran_lq"))
    spots: dict[str, list[str]] = {}
    for row in view.rows(figure.step, "neighbourhood", "hot_spot"):
        spots.setdefault(row["option"], []).append(row["occasion"])
    for (sector, group), cell in sorted(index.items(), key=lambda item: -item[1]["estimate"])[:_ROWS]:
        said = {
            name: view.words.number(found[sector, group]["estimate"], 2)
            for name, found in (("moran", index), ("moran_lq", ratio), ("p_adjusted", p))
        }
        label = view.option_label("sector", sector)
        yield {"sector": label, **said, "n": view.words.number(cell["n"]), "hot_spots": " ".join(spots.get(sector, []))}


def _list_pairs(figure: Figure, view: View) -> Iterator[Row]:
    """Topics that came up together, the most often first; of what goes with a root each of its topics by itself."""
    alike = view.cells(figure.step, figure.variables[0], "jaccard")
    pairs = view.cells(figure.step, figure.variables[0], "share_both")
    by_passage, left = figure.variables[0] == "pairs:excerpt", Counter[str]()
    root = str(view.study.setting("interviews", "companions_of", "steering"))
    shown = [(option, group, cell) for (option, group), cell in pairs.items() if cell["k"] == cell["k"]]
    for option, group, cell in sorted(shown, key=lambda each: -each[2]["k"]):
        codes = sorted(option.split("+"), key=lambda code: not (by_passage or code.startswith(f"{root}/")))
        head = "" if by_passage else codes[0]
        left[head] += 1
        if left[head] <= (_ROWS if by_passage else _ROWS // 2):
            first, second = (view.label(f"theme:{code}") for code in codes)
            ratio = view.words.number(alike[option, group]["estimate"], 2) if (option, group) in alike else "–"
            counted = {"passages" if by_passage else "interviews": view.words.count_of(cell["k"], cell["n"])}
            yield {"topic": first, "told_with": second, **counted, "jaccard": ratio}


def _select_votes(view: View) -> pd.DataFrame:
    """What the page's own group voted."""
    table = view.estimates[view.estimates["step"].eq("workshops") & view.estimates["variable"].eq("votes")]
    return table[table["partner"].where(table["partner"].ne(""), table["country"]).replace("", ALL).eq(view.main)]


def _list_rules(_: Figure, view: View) -> Iterator[Row]:
    """A row a round and way of counting: what it puts first; after each round whether they agree."""
    votes, words = _select_votes(view), view.words
    rules = votes[votes["statistic"].str.startswith("first_by_")]
    for (occasion, name), part in rules.groupby(["occasion", "statistic"], observed=True, sort=False):
        first = [view.option_label("votes", option) for option in part.loc[part["estimate"].eq(1), "option"]]
        if part["mark"].eq("hidden").any():
            said = words.text("hidden")
        else:
            said = "; ".join(first) or words.text("workshops.no_condorcet")
        rule = words.text(f"vote_rule.{str(name).removeprefix('first_by_')}")
        yield {"occasion": str(occasion), "rule": rule, "first": said}
    for row in votes[votes["statistic"].eq("rules_agree") & votes["estimate"].eq(0)].to_dict("records"):
        yield {"occasion": row["occasion"], "rule": "", "first": words.text("workshops.rules_disagree")}
    agreement = votes[votes["statistic"].isin(["kendall_w", "kendall_w_p"])]
    for occasion, told in agreement.pivot_table("estimate", "occasion", "statistic").dropna().iterrows():
        said = f"{words.number(told['kendall_w'], 2)}, p = {words.number(told['kendall_w_p'], 3)}"
        yield {"occasion": str(occasion), "rule": words.text("statistic.kendall_w"), "first": said}


def _list_places(_: Figure, view: View) -> Iterator[Row]:
    """The last round, the best first: place with its range, those it beats one against one, how many put it first."""
    votes, words = _select_votes(view), view.words
    votes = votes[votes["occasion"].eq(votes["occasion"].max()) & votes["option"].ne("")]
    found: dict[str, dict[str, Cell]] = {}
    for row in votes.to_dict("records"):
        found.setdefault(row["option"], {})[row["statistic"]] = row
    counted = set(votes["statistic"])
    rank = next((rank for rank in ("borda_rank", "mean_score_rank", "dots_rank") if rank in counted), "")
    places = {option: cells.get(rank, NOTHING)["estimate"] for option, cells in found.items()}
    for option in sorted(found, key=lambda option: (places[option] != places[option], places[option])):
        cells = found[option]
        moved = cells.get("movement", NOTHING)["estimate"]
        agreed = cells.get("consensus", NOTHING)["estimate"]
        yield {
            "measure": view.option_label("votes", option),
            "place": format_cell(words, cells.get(rank, NOTHING), share=False),
            "beats": words.number(cells.get("copeland", NOTHING)["estimate"], 1),
            "first": format_cell(words, cells.get("share_first", NOTHING), share=True),
            "consensus": "–" if agreed != agreed else words.text(f"step_verdict.{'yes' if agreed else 'no'}"),
            "movement": "–" if moved != moved else f"{'+' * (moved > 0)}{words.number(moved)}",
        }


def _list_verdicts(comparisons: pd.DataFrame, view: View) -> Iterator[Row]:
    """Questions on which countries differ or are similar, then how many cannot be told."""
    words, heads = view.words, ("question", "country", "n", "effect", "p_adjusted")
    for verdict in _VERDICTS:
        found = comparisons[comparisons["verdict"] == verdict].to_dict("records")
        said = {"verdict": words.text(f"verdict.{verdict.replace(' ', '_')}")}
        if verdict in _VERDICTS[2:] and found:
            further = words.text("page.further", {"n": words.number(len(found))})
            yield {**dict.fromkeys(heads, ""), "question": further, **said}
            continue
        for row in found:
            asked = page_comparison.name_question(view, row["variable"], row["option"])
            cells = (asked, row["contrast"], words.number(row["n"]), _write_effect(row, view))
            yield {**dict(zip(heads, (*cells, _write_p(row["p_adjusted"], view)), strict=True)), **said}


def _write_effect(row: Mapping[str, float], view: View) -> str:
    effect, low, high = (view.words.number(row[f"effect{end}"], 2) for end in ("", "_low", "_high"))
    known = row["effect_low"] == row["effect_low"]
    return f"{effect} ({view.words.text('interval.from_to', {'low': low, 'high': high})})" if known else effect


def _write_p(p: float, view: View) -> str:
    return f"< {view.words.number(0.001, 3)}" if p < 0.001 else view.words.number(p, 3)


def _list_ratings(ratings: pd.DataFrame, view: View) -> Iterator[Row]:
    """The items of a battery that lie farthest apart, all countries together."""
    words = view.words
    for row in ratings.to_dict("records"):
        battery, option = view.study.codebook.battery(row["variable"]), row["option"]
        labels = {each.item: view.label(each.name) for each in battery if each.aspect == option}
        ends = [labels[item] for item in row["contrast"].split("-") if item in labels]
        yield {
            "question": view.label(row["variable"]) + (f" ({words.text(_ASPECTS[option])})" if option else ""),
            "highest_lowest": " – ".join(ends),
            "n": words.number(row["n"]),
            "effect": _write_effect(row, view),
            "p_adjusted": _write_p(row["p_adjusted"], view),
            "verdict": words.text(f"verdict.{row['verdict'].replace(' ', '_')}"),
        }


def _list_quotes(quotes: pd.DataFrame, view: View) -> Iterator[Row]:
    """One passage a topic, as it was said and translated."""
    own = quotes[quotes["partner"].eq(view.partner)] if view.partner else quotes
    chosen = own.iloc[own["translation"].eq("").argsort(kind="stable")].drop_duplicates("theme_code").head(_ROWS)
    chosen = chosen.assign(topic=[view.label(f"theme:{code}") for code in chosen["theme_code"]], excerpt=chosen["text"])
    columns = ["topic", "excerpt", "translation"]
    yield from chosen[columns].sort_values(columns).to_dict("records")


# A table of a measure of its own.
_ESTIMATES: Mapping[str, Callable[[Figure, View], Iterator[Row]]] = {
    "neighbourhoods": _list_neighbourhoods,
    "pairs": _list_pairs,
    "companions": _list_pairs,
    "vote_rules": _list_rules,
    "vote_places": _list_places,
    "shrunken": page_comparison.list_shrunken,
    "crossed": page_comparison.list_crossed,
}
# A table without variables: its rows, and which frame of the page they come from.
_TABLES: Mapping[str, tuple[str, Callable[[pd.DataFrame, View], Iterator[Row]]]] = {
    "verdicts": ("comparisons", _list_verdicts),
    "country_pairs": ("pairs", _list_verdicts),
    "ratings": ("ratings", _list_ratings),
    "clusters": ("clusters", _list_clusters),
    "disagreements": ("disagreements", _list_disagreements),
    "quotes": ("quotes", _list_quotes),
    "detectable": ("detectable", page_comparison.list_detectable),
    "hosts": ("hosts", page_comparison.list_hosts),
    "benchmarks": ("benchmarks", page_comparison.list_benchmarks),
    "published": ("published", check_statements),
}


def list_findings(page: Page) -> Iterator[tuple[str, str]]:
    """List what a page says in brief, counts first.

    Parameters
    ----------
    page : Page
        Which.

    Yields
    ------
    tuple of str
        A number such as "7 of 12", and what it is.
    """
    words, verdicts = page.words, page.table("comparisons").get("verdict", pd.Series(dtype=str))
    if page.notebook == "joint_support":
        yield from _sum_up_measures(page)
    elif page.notebook == "comparison":
        compared = int((verdicts != "too few").sum()) if len(verdicts) else 0
        for verdict in _VERDICTS[:3] if compared else ():
            count = words.count_of(int((verdicts == verdict).sum()), compared)
            yield count, words.text(f"brief.{verdict.replace(' ', '_')}")
        if len(verdicts) and not compared:
            yield words.count_of(len(verdicts), len(verdicts)), words.text("verdict.too_few.long")
    else:
        figures = [figure for figure in page.figures.values() if figure.kind not in {"table", "flow"}]
        for figure in sorted(figures, key=lambda figure: not figure.statistic.startswith("share")):
            told = summarise_chart(figure, MAKERS[figure.kind](figure, page.view), page.view)
            if told and told["top"] != "–":
                title = page.view.say(f"figure.{figure.id}.title", page.view.label(figure.variables[0]))
                yield told["top_value"], title if figure.kind == "share" else f"{title}: {told['top']}"


def _sum_up_measures(page: Page) -> Iterator[tuple[str, str]]:
    words, table = page.words, page.table("joint_support")
    if table.empty:
        return
    first = table.iloc[0].to_dict()
    measure = page.view.option_label("action", f"{first['action']}.title")
    yield count_partners(words, first, "asks"), words.text("brief.first_measure", {"measure": measure})
    taken = table["decision"].where(table["decision"].ne(""), table["proposed"])
    yield words.count_of(int((taken == "all").sum()), len(table)), words.text("brief.all_together")
    clear, ahead = first["clear_to"] or 0, first["ahead"] or 0
    if clear >= ahead:
        rank = words.number(clear or float("nan"))
        yield rank, words.text("joint.clear_to" if clear else "joint.no_order", {"rank": rank})
    else:
        yield words.count_of(ahead, len(table)), words.text("joint.ahead")


def list_answers(page: Page) -> list[dict[str, str]]:
    """List the three answers of the site's first screen: what all share, what differs, what to do together.

    Parameters
    ----------
    page : Page
        That of joint support, with comparisons and evidence.

    Returns
    -------
    list of dict
        heading (key of words.csv), number, said, small, notebook; without those that the study cannot give.
    """
    words, view, answers = page.words, page.view, []
    evidence, comparisons = page.table("evidence"), page.table("comparisons")
    if len(evidence):
        positions, countries = pivot_positions(evidence), list(view.study.countries)
        calm = (positions[countries] != "dissonance").sum(axis=1)
        pooled = evidence[evidence["country"].eq("") & evidence["k"].notna()]
        held = pooled[pooled["proposed"].eq("yes") & pooled["finding"].map(positions[""]).eq("agreement")]
        held = held.assign(calm=held["finding"].map(calm), share=held["k"] / held["n"])
        held = held.sort_values(["calm", "share"], ascending=False, kind="stable")
        for row in held.head(1).to_dict("records"):
            small = f"{words.text('brief.shared')}: {words.count_of(row['calm'], len(countries))}"
            told = (words.count_of(row["k"], row["n"]), name_finding(row["finding"], view), small)
            answers.append(("index.shared", *told, "comparison"))
    compared = comparisons[comparisons["verdict"].ne("too few")] if len(comparisons) else comparisons
    if len(compared):
        differing = compared[compared["verdict"] == "differs"]
        largest = differing.iloc[(-differing["effect"].abs()).argsort(kind="stable")[:1]].to_dict("records")
        number, said = words.count_of(len(differing), len(compared)), words.text("brief.differs")
        named = (page_comparison.name_question(view, row["variable"], row["option"]) for row in largest)
        small = "".join(f"{words.text('brief.example')}: {name}" for name in named)
        answers.append(("index.differs", number, said, small, "comparison"))
    answers += [("index.together", *pair, "", "joint_support") for pair in list(_sum_up_measures(page))[:1]]
    return [dict(zip(("heading", "number", "said", "small", "notebook"), answer, strict=True)) for answer in answers]


def list_provenance(page: Page, ledger: pd.DataFrame) -> list[tuple[str, str]]:
    """List what a page rests on and whom to ask.

    Parameters
    ----------
    page : Page
        Which.
    ledger : DataFrame
        Rows of sources.csv that it rests on.

    Returns
    -------
    list of tuple of str
        Label and value; no time of day, so that the same inputs give the same page.
    """
    settings, words = page.study.settings, page.words
    files = [f"{Path(row['path']).name} ({row['sha256'][:8]})" for row in ledger.to_dict("records")]
    note = str(settings.get("synthetic_note") or words.text("synthetic.note")) * bool(settings.get("synthetic"))
    pairs = {
        "provenance.study": page.study.title,
        "provenance.audience": words.text(f"audience.{page.audience}.note"),
        "provenance.threshold": str(page.study.threshold) * (page.audience != "consortium"),
        "provenance.language": words.text("language.name"),
        "provenance.files": ", ".join(files) if page.partner else words.number(len(files)),
        "provenance.seed": str(settings.get("seed", "")),
        "provenance.version": version("cncb-analysis"),
        "synthetic.word": note and page.view.say("study.synthetic_note", note),
        "page.contact": str(settings.get("contact") or words.text("provenance.contact_missing")),
    }
    return [(words.text(key), value) for key, value in pairs.items() if value]
