"""A first draft of crosswalk and codebook for a file that nobody has declared yet; a person accepts it row by row."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.headings import Headings, Target, index_headings, match_headings
from cncb_analysis.cleaning.others import clean_ballots, clean_passages, clean_presence
from cncb_analysis.cleaning.sheets import clean_sheet
from cncb_analysis.cleaning.tables import Cleaned
from cncb_analysis.cleaning.values import fold_text, parse_number
from cncb_analysis.codebook import Codebook, read_labels
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.readers import Structure, list_refi_codes, read_raw, read_structure
from cncb_analysis.store import hash_bytes
from cncb_analysis.study import Study, declared_tables

# What a file may hold, and for which step.
_STEPS = {
    "frame": "mapping", "statistics": "mapping", "answers": "questionnaire", "cards": "interviews",
    "segments": "interviews", "presence": "interviews", "ballots": "workshops", "actions": "workshops",
}  # fmt: skip
# What these name, and in which table and column it is declared.
_NAMED: Mapping[str, tuple[Callable[[Delivery], Cleaned], str, str]] = {
    "segments": (clean_passages, "themes", "code"),
    "presence": (clean_presence, "themes", "code"),
    "ballots": (clean_ballots, "items", "item"),
}
_INSTRUMENTS = {"mapping": "mapping", "interviews": "interview_card"}
_SPSS = b"$FL"
# A column with few different texts, each given more than once, is a question with answers to choose from.
_FEW, _OFTEN = 12, 2
_NEAREST, _ALIKE = 3, 0.5


def draft_import(
    study: Study, partner_id: str, data: bytes, *, file: str, content: str = "answers"
) -> dict[str, pd.DataFrame]:
    """Draft what the study's tables would have to say of a file.

    Parameters
    ----------
    study : Study
        Whose codebook is known so far; it may be empty.
    partner_id : str
        Who delivered it.
    data : bytes
        Any form that `read_raw` reads, the structure of a survey, or a REFI-QDA codebook or project.
    file : str
        Its path under the raw root, as the tables are to name it.
    content : str
        frame, statistics, answers, cards, segments, presence, ballots or actions.

    Returns
    -------
    dict of str to DataFrame
        sources: its row of the ledger. crosswalk: a row a column, and a row a raw answer that no choice is known for,
        with the columns of crosswalk.csv, then `match` (code, label, crosswalk, tool; new: a column that the draft of
        survey makes a question of; none: an answer that nobody knows) and `candidates` (the nearest names, with how
        alike they are, 0-1). survey, choices: rows that the codebook lacks; in survey `match` says whether the study
        has the question under its code, under a label, or not (new). themes or items instead, for passages, presence
        and ballots: what the file names and the study does not know; of a REFI-QDA codebook all its codes.

    Raises
    ------
    StudyError
        When the file is neither, or nobody knows such a content.
    """
    if content not in _STEPS:
        raise StudyError("no such content", value=content, remedy=f"use: {', '.join(_STEPS)}")
    partner, project = study.partner(partner_id), file.lower().endswith(".qdpx")
    content = "segments" if project else content
    source = {"step": _STEPS[content], "partner": partner_id, "path": file, "content": content, "coder": ""}
    told = {"sha256": hash_bytes(data), "bytes": str(len(data)), "origin": "real", "sensitivity": "personal"}
    ledger = {"sources": _list("sources", [source | told])}
    if project or file.lower().endswith(".qdc"):
        return _draft_themes(study, list_refi_codes(data, file=file)) | (ledger if project else {})
    structure = _find_structure(data, file)
    drafts = _draft_structure(structure, study.codebook, source["step"]) if structure else {}
    if structure and not data.startswith(_SPSS):
        return drafts
    if content in ("statistics", "actions"):
        return ledger
    delivery = Delivery(study, partner, source, read_raw(data, file=file, language=partner.language).cells)
    return ledger | (_draft_names(delivery) if content in _NAMED else _draft_sheet(delivery) | drafts)


def _draft_themes(study: Study, codes: Iterable[Mapping[str, str]]) -> dict[str, pd.DataFrame]:
    themes = pd.DataFrame(list(codes))
    match = themes["code"].isin(study.table("themes")["code"]).map({True: "code", False: "new"})
    return {"themes": _list("themes", themes.assign(match=match).to_dict("records"))}


def _draft_names(delivery: Delivery) -> dict[str, pd.DataFrame]:
    """Topics or things voted on that the file names and the study does not know."""
    content = delivery.source["content"]
    clean, table, column = _NAMED[content]
    if content == "presence":
        known = delivery.index_names(table, column)
        texts = [text for text in map(str, delivery.cells.columns[1:]) if fold_text(text) not in known]
    else:
        texts = [each.value for each in clean(delivery).problems if each.problem == f"unknown {column}"]
    label = f"label::{delivery.partner.language} ({delivery.partner.language})"
    rows = [{column: "/".join(map(_make_name, text.split("/"))), label: text} for text in texts]
    return {table: _list(table, rows)} if rows else {}


def _draft_sheet(delivery: Delivery) -> dict[str, pd.DataFrame]:
    """Crosswalk and codebook rows for a table with a row a unit."""
    headings = match_headings(delivery, delivery.study.codebook.asked_in(delivery.source["step"]))
    problems = clean_sheet(Delivery(delivery.study, delivery.partner, delivery.source, delivery.cells)).problems
    unknown = [problem for problem in problems if problem.problem == "unknown answer"]
    crosswalk = _list("crosswalk", _draft_rows(delivery, headings, unknown))
    return {**_draft_questions(delivery, headings), "crosswalk": crosswalk}


def _find_structure(data: bytes, file: str) -> Structure | None:
    try:
        return read_structure(data, file=file)
    except StudyError:
        if data.lstrip().startswith(b"<"):  # a structure, but a broken one: no table either
            raise
        return None


def _draft_structure(structure: Structure, book: Codebook, step: str) -> dict[str, pd.DataFrame]:
    """What the study's codebook knows of each question of a survey's structure."""
    labelled = {fold_text(text): each.name for each in book.variables.values() for text in each.labels.values()}
    rows = []
    for row in structure.survey.to_dict("records"):
        texts = [fold_text(text) for text in read_labels(row).values()]
        same = next((labelled[text] for text in texts if text in labelled), "")
        match = "code" if row["name"] in book.variables else "label" if same else "new"
        near = "" if match == "code" else same or _find_nearest([row["name"], *texts], _name_all(book, step))
        told = {"instrument": _INSTRUMENTS.get(step, "questionnaire"), "match": match, "candidates": near}
        rows.append({**row, **told})
    drafts = {"survey": _list("survey", rows), "choices": _list("choices", structure.choices.to_dict("records"))}
    return drafts | ({"unread": pd.DataFrame({"unread": structure.unread})} if structure.unread else {})


def _draft_rows(delivery: Delivery, headings: Headings, unknown: Iterable[Problem]) -> Iterator[dict[str, str]]:
    """Crosswalk rows: each column with what it was known by, then each answer that no choice is known for."""
    book = delivery.study.codebook
    names = _name_all(book, delivery.source["step"])
    place = {"partner": delivery.partner.id, "file": delivery.source["path"]}
    for column in map(str, delivery.cells.columns):
        heading, code = spell_heading(column)
        target, match = headings.targets.get(column, Target("")), headings.matched.get(column, "new")
        told = {"column": heading, "variable": target.variable, "code": target.option, "unit": target.unit}
        if match == "new":
            told |= {"variable": _make_name(code), "candidates": _find_nearest([heading, code], names)}
        yield {**place, **told, "match": match}
    for each in unknown:
        name = headings.targets[each.column].variable
        choices = book.choices.get(book.variable(name).list_name, ())
        known = {fold_text(text): each.name for each in choices for text in (each.name, *each.labels.values())}
        told = {"column": spell_heading(each.column)[0], "value": each.value, "variable": name, "match": "none"}
        yield {**place, **told, "candidates": _find_nearest([each.value], known)}


def _draft_questions(delivery: Delivery, headings: Headings) -> dict[str, pd.DataFrame]:
    """Codebook rows for columns that nothing is known of, their type guessed from what was answered."""
    label = f"label::{delivery.partner.language} ({delivery.partner.language})"
    survey, choices = [], []
    for column in (str(column) for column in delivery.cells if column not in headings.matched):
        heading, code = spell_heading(column)
        name, (battery, _, item) = _make_name(code), code.partition("[")
        given = delivery.take(column).loc[lambda texts: texts != ""]
        told = list(given.unique())
        few = 0 < len(told) <= _FEW and len(given) >= _OFTEN * len(told)
        number = told and not any(np.isnan(parse_number(text, delivery.decimal)[0]) for text in told)
        kind = "decimal" if number else f"select_one {name}" if few else "text"
        if kind.startswith("select_one"):
            choices += [{"list_name": name, "name": _make_name(text), label: text} for text in told]
        block = {"battery": _make_name(battery), "item": _make_name(item)} if item else {}
        text = heading.partition(". ")[2] or heading
        instrument = _INSTRUMENTS.get(delivery.source["step"], "questionnaire")
        survey.append({"type": kind, "name": name, label: text, "instrument": instrument, "match": "new", **block})
    return {"survey": _list("survey", survey), "choices": _list("choices", choices)}


def _list(table: str, rows: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """Rows with all columns of a table of the study, so that a draft can be taken over as it stands."""
    frame = pd.DataFrame(list(rows), dtype=object)
    declared = [column.name for column in declared_tables()[table].columns]
    more = ["match", "candidates"] if table in ("crosswalk", "survey") else []
    return frame.reindex(columns=list(dict.fromkeys([*declared, *frame, *more]))).astype(object).fillna("")


def _make_name(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_") or "unnamed"


def _name_all(book: Codebook, step: str) -> dict[str, str]:
    codes, labels = index_headings(book, book.asked_in(step))
    return {fold_text(heading): " ".join(filter(None, target)) for heading, target in (labels | codes).items()}


def _find_nearest(texts: Iterable[str], names: Mapping[str, str]) -> str:
    """Up to three names whose spelling comes nearest to one of the texts, with how alike they are (Dice, 1945)."""
    found: dict[str, float] = {}
    for own in {_cut(fold_text(text)) for text in texts}:
        for text, name in names.items():
            alike = 2 * len(own & _cut(text)) / (len(own) + len(_cut(text)))
            found[name] = max(found.get(name, 0.0), alike)
    ranked = sorted(found, key=lambda name: -found[name])[:_NEAREST]
    return "; ".join(f"{name} ({found[name]:.2f})" for name in ranked if found[name] >= _ALIKE)


@cache
def _cut(text: str) -> frozenset[str]:
    """Runs of three letters, the ends of the text counted as letters."""
    padded = f" {text} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2)) or frozenset({padded})
