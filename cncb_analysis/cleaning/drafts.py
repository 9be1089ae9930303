"""A first draft of crosswalk and codebook for a file that nobody has declared yet; a person accepts it row by row."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.headings import Headings, Target, index_headings, match_headings
from cncb_analysis.cleaning.sheets import clean_sheet
from cncb_analysis.cleaning.values import fold_text, parse_number
from cncb_analysis.codebook import Codebook, read_labels
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.readers import Structure, list_refi_codes, read_raw, read_structure
from cncb_analysis.store import hash_bytes
from cncb_analysis.study import Study, declared_tables

_CONTENTS = {"mapping": "frame", "questionnaire": "answers", "interviews": "cards"}
_SPSS = b"$FL"
# A column with few different texts, each given more than once, is a question with answers to choose from.
_FEW, _OFTEN = 12, 2
_NEAREST, _ALIKE = 3, 0.5


def draft_import(
    study: Study, partner_id: str, data: bytes, *, file: str, step: str = "questionnaire"
) -> dict[str, pd.DataFrame]:
    """Draft what crosswalk.csv, survey.csv and choices.csv would have to say of a file.

    Parameters
    ----------
    study : Study
        Whose codebook is known so far; it may be empty.
    partner_id : str
        Who delivered it.
    data : bytes
        Answers in any form that `read_raw` reads, the structure of a survey, or a REFI-QDA codebook or project.
    file : str
        Its path under the raw root, as the crosswalk is to name it.
    step : str
        mapping, questionnaire or interviews.

    Returns
    -------
    dict of str to DataFrame
        crosswalk: a row a column, and a row a raw answer that no choice is known for, with the columns of
        crosswalk.csv, then `match` (code, label, crosswalk, tool, none) and `candidates` (the nearest names, with
        how alike they are, 0-1). survey, choices: rows that the codebook lacks; in survey `match` says whether the
        study has the question under its code, under a label, or not (new). themes alone for REFI-QDA: a row a code of
        the file, and whether the study has it.

    Raises
    ------
    StudyError
        When the file is neither.
    """
    if file.lower().endswith((".qdc", ".qdpx")):
        known, themes = {*study.table("themes")["code"]}, pd.DataFrame(list_refi_codes(data, file=file))
        match = themes["code"].isin(known).map({True: "code", False: "new"})
        return {"themes": _list("themes", themes.assign(match=match).to_dict("records"))}
    partner, structure = study.partner(partner_id), _find_structure(data, file)
    drafts = _draft_structure(structure, study.codebook) if structure else {}
    if structure is None or data.startswith(_SPSS):
        cells = read_raw(data, file=file, language=partner.language).cells
        source = {"step": step, "path": file, "content": _CONTENTS[step], "coder": ""}
        delivery = Delivery(study, partner, source, cells)
        headings = match_headings(delivery, study.codebook.asked_in(step))
        problems = clean_sheet(Delivery(study, partner, source, cells)).problems
        unknown = [problem for problem in problems if problem.problem == "unknown answer"]
        drafts["crosswalk"] = _list("crosswalk", _draft_rows(delivery, headings, unknown))
        drafts["sources"] = _list("sources", [source | {"partner": partner_id, "sha256": hash_bytes(data)}])
        drafts = _draft_questions(delivery, headings) | drafts
    return drafts


def _find_structure(data: bytes, file: str) -> Structure | None:
    try:
        return read_structure(data, file=file)
    except StudyError:
        if data.lstrip().startswith(b"<"):  # a structure, but a broken one: no table either
            raise
        return None


def _draft_structure(structure: Structure, book: Codebook) -> dict[str, pd.DataFrame]:
    """What the study's codebook knows of each question of a survey's structure."""
    labelled = {fold_text(text): each.name for each in book.variables.values() for text in each.labels.values()}
    rows = []
    for row in structure.survey.to_dict("records"):
        texts = [fold_text(text) for text in read_labels(row).values()]
        same = next((labelled[text] for text in texts if text in labelled), "")
        match = "code" if row["name"] in book.variables else "label" if same else "new"
        near = "" if match == "code" else same or _find_nearest([row["name"], *texts], _name_all(book))
        rows.append({**row, "match": match, "candidates": near})
    drafts = {"survey": _list("survey", rows), "choices": _list("choices", structure.choices.to_dict("records"))}
    return drafts | ({"unread": pd.DataFrame({"unread": structure.unread})} if structure.unread else {})


def _draft_rows(delivery: Delivery, headings: Headings, unknown: Iterable[Problem]) -> Iterator[dict[str, str]]:
    """Crosswalk rows: each column with what it was known by, then each answer that no choice is known for."""
    book, names = delivery.study.codebook, _name_all(delivery.study.codebook)
    place = {"partner": delivery.partner.id, "file": delivery.source["path"]}
    for column in map(str, delivery.cells.columns):
        target, match = headings.targets.get(column, Target("")), headings.matched.get(column, "none")
        told = {"variable": target.variable, "code": target.option, "unit": target.unit, "match": match}
        told |= {"column": spell_heading(column)[0]}
        yield {**place, **told, "candidates": _find_nearest(spell_heading(column), names) if match == "none" else ""}
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
        survey.append({"type": kind, "name": name, label: text, "match": "new", **block})
    return {"survey": _list("survey", survey), "choices": _list("choices", choices)}


def _list(table: str, rows: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """Rows with all columns of a table of the study, so that a draft can be taken over as it stands."""
    frame = pd.DataFrame(list(rows), dtype=object)
    declared = [column.name for column in declared_tables()[table].columns]
    more = ["match", "candidates"] if table in ("crosswalk", "survey") else []
    return frame.reindex(columns=list(dict.fromkeys([*declared, *frame, *more]))).astype(object).fillna("")


def _make_name(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_") or "unnamed"


def _name_all(book: Codebook) -> dict[str, str]:
    codes, labels = index_headings(book, book.variables.values())
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
