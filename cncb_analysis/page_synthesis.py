"""What the steps say together, on a page: evidence, disagreements, the joint display, cards of the measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cncb_analysis.page_tables import format_cell, is_share
from cncb_analysis.synthesis import find_questions
from cncb_analysis.view import ALL, Cell, View
from cncb_analysis.words import SMALL_BASE, Words

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

# Where people must still judge stands first.
POSITIONS = ("dissonance", "partial", "silence", "agreement", "hidden", "not_asked")
_SAME_PEOPLE = " †"
_WORDED = SMALL_BASE // 2
_SUMMARY = ("decision", "who_asks", "who_offers", "counter", "owner", "date")
_CARD = ("purpose", "family", "for_whom", "mode", "level", "funding", "prerequisite", "indicator")

Row = Mapping[str, str]
Found = Mapping[str, Any]


def pivot_positions(evidence: pd.DataFrame, column: str = "position") -> pd.DataFrame:
    """Lay out the position of the steps together, by finding and country.

    Parameters
    ----------
    evidence : DataFrame
        From `synthesis.tabulate_evidence`.
    column : str
        position (what people decided goes before what a rule proposed) or any column of evidence.

    Returns
    -------
    DataFrame
        A row a finding, those on which the steps disagree over all countries first; a column a country, "" = all.
    """
    together = evidence[evidence["step"] == ""]
    position = together["decided"].where(together["decided"].ne(""), together["proposed"])
    together = together.assign(position=position)
    order = together[together["country"].eq("")].set_index("finding")["position"].map(POSITIONS.index)
    return together.pivot(index="finding", columns="country", values=column).loc[order.sort_values(kind="stable").index]


def name_finding(finding: object, view: View) -> str:
    """Name a finding by its sentence.

    Parameters
    ----------
    finding : str
        Its code.
    view : View
        For words and findings.csv.

    Returns
    -------
    str
        The code where nothing names it.
    """
    rows = view.study.table("findings")
    keys = rows.loc[rows["finding"] == finding, "title_key"]
    return view.say(next(iter(keys), ""), str(finding))


def count_partners(words: Words, row: Mapping[str, Any], name: str) -> str:
    """Count the partners that ask for a measure, or offer it.

    Parameters
    ----------
    words : Words
        Of the page's language.
    row : mapping
        Of `synthesis.tabulate_joint_support`.
    name : str
        asks or offers.

    Returns
    -------
    str
        Such as "9 of 10"; a dash where none may be shown.
    """
    return words.count_of(row[f"{name}_k"], row[f"{name}_n"]) if row[f"{name}_n"] > 0 else "–"


def _tell(view: View, row: Found) -> str:
    """What one step says of a finding: yes, no, …, and the number that it rests on."""
    word = view.words.text(f"step_verdict.{row['proposed']}")
    if row["proposed"] in ("not_asked", "hidden"):
        return word
    step, variable, option, occasion, statistic = row["estimates"].split("|")
    cell = view.cells(step, variable, statistic, occasion).get((option, row["country"] or ALL))
    return f"{word}: {_tell_cell(view, cell, variable, statistic)}"


def _tell_cell(view: View, cell: Cell | None, variable: str, statistic: str) -> str:
    words, share = view.words, is_share(view, variable, statistic)
    number = format_cell(words, cell, share=share)
    if statistic.endswith("_rank") and cell:
        return f"{words.text('head.place')} {number}"
    # Of so few a percent would promise too much: a word stands beside the count.
    few = cell is not None and share and cell["k"] == cell["k"] and 0 < cell["n"] < _WORDED
    return f"{number} ({words.quantity(cell['k'], cell['n'])})" if few and cell else number


def _write_position(view: View, row: Found) -> str:
    """A position in a word; marked where questionnaire and interviews say the same and the same people spoke."""
    return view.words.text(f"position.{row['position']}.short") + _SAME_PEOPLE * bool(row["overlap"] > 0)


def _list_evidence(page: Page) -> Iterator[Row]:
    """A row a finding: how far the steps agree in all countries, and in each."""
    view, evidence = page.view, page.table("evidence")
    if evidence.empty:
        return
    positions, overlaps = pivot_positions(evidence), pivot_positions(evidence, "overlap")
    for name, places in positions.to_dict("index").items():
        told = {place: {"position": each, "overlap": overlaps.loc[name, place]} for place, each in places.items()}
        groups = {country: _write_position(view, told[country]) for country in view.study.countries}
        yield {"finding": name_finding(name, view), "pooled": _write_position(view, told[""]), **groups}


def _list_dissonances(page: Page) -> Iterator[Row]:
    """A row a finding and place where one step says yes and another no: what each says, and what people decided."""
    view, evidence = page.view, page.table("evidence")
    if evidence.empty:
        return
    steps = [step for step in view.study.steps if step != "mapping"]
    taken = evidence["decided"].where(evidence["decided"].ne(""), evidence["proposed"])
    known = evidence.set_index(["finding", "country", "step"]).to_dict("index")
    rows = evidence[evidence["step"].eq("") & (taken.eq("dissonance") | evidence["proposed"].eq("dissonance"))]
    for row in rows.sort_values("country", kind="stable").to_dict("records"):
        place = (row["finding"], row["country"])
        said = {step: _tell(view, known[*place, step] | {"country": row["country"]}) for step in steps}
        people = ", ".join(filter(None, (row["decided_by"], row["reason"])))
        decided = f"{view.say('position.' + row['decided'], row['decided'])} ({people})" if row["decided"] else "–"
        named = {"finding": name_finding(row["finding"], view), "country": view.name(row["country"] or ALL)}
        yield {**named, **said, "decided": decided}


def _cite_excerpts(page: Page) -> dict[str, Found]:
    """An excerpt a topic that findings and measures rest on: a translated one, of whom is not cited yet."""
    study, quotes = page.study, page.table("quotes")
    rules = study.table("findings").query("step == 'interviews' and variable.str.startswith('theme:')")
    topics = [f"{row['variable'].removeprefix('theme:')}/{row['option']}" for row in rules.to_dict("records")]
    cited, told = {}, Counter[str]()
    for code in dict.fromkeys([*topics, *study.table("support_actions")["theme_code"]]):
        rows = quotes[quotes["theme_code"].eq(code)].to_dict("records") if len(quotes) else []
        if rows:
            cited[code] = min(rows, key=lambda row: (not row["translation"], told[row["pseudonym"]], row["excerpt"]))
            told[cited[code]["pseudonym"]] += 1
    return cited


def _list_cited(page: Page) -> Iterator[Row]:
    """The excerpts that the page cites by their number."""
    for code, row in _cite_excerpts(page).items():
        said = {"excerpt": row["text"], "translation": row["translation"]}
        yield {"number": row["excerpt"], "topic": page.view.label(f"theme:{code}"), **said}


def _list_joint_display(page: Page) -> Iterator[Row]:
    """A row a finding, by theme: the numbers, the interviewees, the workshops, and what follows from them together."""
    view, words, evidence = page.view, page.words, page.table("evidence")
    if evidence.empty:
        return
    cited, pooled = _cite_excerpts(page), evidence[evidence["country"].eq("")]
    known = pooled.set_index(["finding", "step"]).to_dict("index")
    themes, positions = pooled.drop_duplicates("finding").set_index("finding")["theme"], pivot_positions(evidence)[""]
    order = {theme: place for place, theme in enumerate(dict.fromkeys(themes))}
    for name in sorted(positions.index, key=lambda name: order[themes[name]]):
        said = {step: known[name, step] | {"country": ""} for step in view.study.steps}
        numbers = [row for step, row in said.items() if step in ("mapping", "questionnaire")]
        asked = [_tell(view, row) for row in numbers if row["proposed"] != "not_asked"]
        talk = said.get("interviews", {"proposed": "not_asked"})
        code = talk.get("estimates", "").partition("theme:")[2].replace("|", "/", 1).partition("|")[0]
        number = cited[code]["excerpt"] if code in cited and talk["proposed"] not in ("silent", "hidden") else ""
        excerpt = f"; {words.text('joint.excerpt')} {number}" if number else ""
        yield {
            "theme": view.say(f"theme.{themes[name]}", str(themes[name])),
            "finding": name_finding(name, view),
            "numbers": "; ".join(asked) or words.text("missing.not_asked"),
            "interviewees": _tell(view, talk) + excerpt,
            "voted": _tell(view, said.get("workshops", {"proposed": "not_asked"})),
            "together": _conclude(view, known[name, ""], {row["proposed"] for row in said.values()}),
        }


def _conclude(view: View, row: Found, said: set[str]) -> str:
    """What follows from a position; where the same people spoke twice, and what people decided."""
    words, position = view.words, row["decided"] or row["proposed"]
    against = ".no" * (position == "agreement" and "no" in said)
    told = words.text(f"meta.{position}{against}") + _SAME_PEOPLE * bool(row["overlap"] > 0)
    people = f" {words.text('joint.decided_by')}: {row['decided_by']} ({row['reason']})"
    return told + people * bool(row["decided"])


def _list_areas(page: Page) -> Iterator[Row]:
    """A row a theme and what is said of it: interviews that name it a strength or to improve, findings that agree."""
    view, words, evidence = page.view, page.words, page.table("evidence")
    roots = {root: view.cells("interviews", f"theme:{root}", "share") for root in ("strengths", "improvements")}
    options = dict.fromkeys(option for cells in roots.values() for option, _ in cells if option)
    groups = {name: "" if name == ALL else name for name, _ in view.groups}
    themes = evidence.drop_duplicates("finding").set_index("finding")["theme"] if len(evidence) else pd.Series()
    positions = pivot_positions(evidence) if len(evidence) else pd.DataFrame()
    for option in options:
        label = view.say(f"theme.{option}", option)
        for root, cells in roots.items():
            said = {view.name(name): format_cell(words, cells.get((option, name)), share=True) for name in groups}
            yield {"theme": label, "what_is_said": view.label(f"theme:{root}"), **said}
        own = positions[positions.index.map(themes) == option] if len(positions) else positions
        pairs = {name: (own[group].eq("agreement").sum(), own[group].isin(POSITIONS[:4]).sum())
                 for name, group in groups.items() if group in own}  # fmt: skip
        agreed = {view.name(name): words.count_of(k, n) if n else "–" for name, (k, n) in pairs.items()}
        yield {"theme": label, "what_is_said": words.text("joint.findings_agree"), **agreed}


def _list_measures(page: Page) -> Iterator[Row]:
    """A card a measure: the decision, what exactly, who asks and offers, the evidence and what speaks against it."""
    view, words = page.view, page.words
    cards = page.study.table("support_actions").set_index("action").to_dict("index")
    cited = _cite_excerpts(page)
    for row in page.table("joint_support").to_dict("records"):
        card = cards[row["action"]]
        own = dict.fromkeys(("decided_by", "reason", "owner", "date"), "") | card
        rank = {"rank": row["rank"], "low": row["rank_low"], "high": row["rank_high"]}
        ends = {name: words.number(value) for name, value in rank.items()}
        taken = f"{view.option_label('decision', row['decision'] or row['proposed'])} "
        facts = {
            "decision": taken + f"({words.text('joint.decided' if row['decision'] else 'joint.proposed')})",
            "owner": own["owner"],
            "date": words.date(own["date"]) if own["date"] else "",
            "decided_by": own["decided_by"],
            "reason": own["reason"],
            "rank": words.text("joint.rank_with_range", ends) if row["rank"] == row["rank"] else "–",
            "what": view.option_label("action", f"{row['action']}.deliverable"),
            "who_asks": _name_partners(view, row, "asks"),
            "who_offers": _name_partners(view, row, "offers"),
            "lead": view.name(row["lead"]) if row["lead"] else "",
            "coalition": row["coalition"].replace(";", ", "),
            **_tell_evidence(view, row, card, cited.get(card["theme_code"])),
            **{name: _describe(view, row["action"], name, card) for name in _CARD},
            "duration": words.text("joint.months", {"n": card["months"]}) if card["months"] else "",
            "cost": view.option_label("cost_class", card["cost_class"]),
        }
        title = view.option_label("action", f"{row['action']}.title")
        told = {words.text(f"joint.{name}"): value or words.text("joint.open") for name, value in facts.items()}
        yield {"action": title} | told


def _list_decisions(page: Page) -> Iterator[Row]:
    """The cards in a line each; partners are counted, not named."""
    heads = {page.words.text(f"joint.{name}"): name.startswith("who_") for name in _SUMMARY}
    for card in _list_measures(page):
        said = {head: card[head].partition(": ")[0] if counted else card[head] for head, counted in heads.items()}
        yield {"action": card["action"]} | said


def _name_partners(view: View, row: Found, name: str) -> str:
    names = ", ".join(view.name(partner) for partner in row[name].split(";") if partner)
    return count_partners(view.words, row, name) + (f": {names}" if names else "")


def _describe(view: View, action: str, name: str, card: Mapping[str, str]) -> str:
    said = view.option_label("action", f"{action}.{name}")
    return view.option_label(name, card.get(name, "")) if said == f"{action}.{name}" else said


def _tell_evidence(view: View, row: Found, card: Mapping[str, str], excerpt: Found | None) -> dict[str, str]:
    """What each step found of a measure; the strongest voice against it; how many people spoke twice."""
    words, root = view.words, card["theme_code"].partition("/")
    asked = {
        "questionnaire": ("questionnaire", card["variable"], "share_top2", ""),
        "top_three": ("questionnaire", find_questions(view.study)[0], "share_ranked", card["offer"]),
        "interviews": ("interviews", f"theme:{root[0]}", "share", root[2]),
        "workshops": ("workshops", "votes", "borda_rank", card["item"]),
    }
    said = {"mapping": words.text("missing.not_asked")}
    for name, (step, variable, statistic, option) in asked.items():
        cell = view.cells(step, variable, statistic).get((option, ALL))
        missing = view.missing(step, variable, ALL)
        number = _tell_cell(view, cell, variable, statistic)
        said[name] = number if cell else view.say(f"missing.{missing}", view.say(missing, missing))
    if excerpt and "interviews" in said and row.get("interviews") not in ("silence", "not_asked", "hidden"):
        said["interviews"] += f"; {words.text('joint.excerpt')} {excerpt['excerpt']}"
    against = words.text("hidden" if row["against_step"] == "hidden" else "joint.nothing_against")
    if row["against_country"]:
        where = f"{words.text('step.' + row['against_step'])}, {view.name(row['against_country'])}"
        against = f"{where}: {words.count_of(row['against_k'], row['against_n'])}"
        if row["against_step"] == "workshops":
            place = view.cells("workshops", "votes", "borda_rank").get((card["item"], row["against_country"]))
            against += f", {_tell_cell(view, place, 'votes', 'borda_rank')}"
    met = view.cells("interviews", "overlap", "share").get(("questionnaire", ALL))
    numbers = {name: words.number(met[name]) for name in ("k", "n")} if met and met["k"] == met["k"] else {}
    overlap = words.text("joint.overlap", numbers) if numbers else words.text("hidden") if met else "–"
    return said | {"counter": against, "same_people": f"{overlap}. {words.text('joint.sheets')}"}


# Tables of figures.csv by their name.
SYNTHESIS: Mapping[str, Callable[[Page], Iterator[Row]]] = {
    "evidence": _list_evidence,
    "dissonances": _list_dissonances,
    "joint_display": _list_joint_display,
    "areas_countries": _list_areas,
    "cited": _list_cited,
    "measures": _list_measures,
    "decisions": _list_decisions,
}
