"""Everything that is wrong in the tables and the ledger of a study, found at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cncb_analysis.codebook import MISSING, read_labels
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.store import hash_file
from cncb_analysis.study.model import STEPS, Study
from cncb_analysis.study.tables import declared_tables
from cncb_analysis.words import LANGUAGES

__all__ = ["AREAS", "AUDIENCES", "MEASURES", "NOTEBOOKS", "check_study"]

NOTEBOOKS = (*STEPS, "national_workshop", "comparison", "joint_support")
AUDIENCES = ("public", "partner", "consortium")
AREAS = ("training", "optimisation", "internationalisation", "general")
# What can be estimated without being a variable of the codebook.
MEASURES = ("votes", "response", "jobs", "lq", "stars", "concentration", "map_concentrated", "profile")

_WORDS = {
    "content": "frame statistics answers cards segments presence ballots actions",
    "origin": "real synthetic published",
    "instrument": "questionnaire interview_card both mapping workshop",
    "role": "identifier free_text sensitive",
    "aspect": "importance own past now future actor role",
    "ballot": "dots ranks scores approval",
}
_KEYS = {
    "survey": ["name"],
    "choices": ["list_name", "name"],
    **{"words": ["key"], "themes": ["code"], "items": ["item"], "sources": ["path"], "figures": ["figure"]},
}
_PLAIN = ("integer", "decimal", "text", "begin_group", "end_group", "note")
_LISTED = ("select_one", "select_multiple", "rank")
_RULE = re.compile(r"\w+\s*(>=|<=|>|<|=)\s*-?\d+(\.\d+)?")


def check_study(study: Study) -> list[Problem]:
    """List everything that is wrong in the tables and the ledger of a study, all at once.

    Parameters
    ----------
    study : Study
        As `read_study` gives it.

    Returns
    -------
    list of Problem
        Empty when nothing is wrong. What stands inside the raw files is `cleaning.check_raw`'s subject.
    """
    return [
        *study.problems,
        *_check_settings(study),
        *_check_cells(study),
        *_check_rows(study),
        *_check_labels(study),
        *_check_unused(study),
        *_check_ledger(study),
    ]


def _check_settings(study: Study) -> Iterator[Problem]:
    ids = [partner.id for partner in study.partners]
    said = [
        ("languages", study.languages, LANGUAGES),
        ("language", [study.settings.get("language", "en")], study.languages),
        ("steps", study.settings.get("steps", ()), STEPS),
        ("audience", [study.audience], AUDIENCES),
        ("language", [partner.language for partner in study.partners], LANGUAGES),
    ]
    for name, values, allowed in said:
        for value in set(values) - set(allowed):
            yield Problem("unknown word", "study.toml", "", name, value, f"use: {', '.join(allowed)}")
    for partner_id in {name for name in ids if ids.count(name) > 1}:
        yield Problem("partner declared twice", "study.toml", "", "id", partner_id, "rename one")
    for partner in study.partners:
        if not re.fullmatch("[A-Z]{2}", partner.country):
            yield Problem("not an ISO alpha-2 code", "study.toml", "", "country", partner.country, "such as IT or GB")


def _list_known(study: Study) -> dict[str, set[str]]:
    """Everything a cell may name, by kind."""
    book = study.codebook
    codes = set(study.table("themes")["code"])
    roots = {f"theme:{code.partition('/')[0]}" for code in codes}
    return {
        **{kind: set(words.split()) for kind, words in _WORDS.items()},
        "missing": set(MISSING),
        "step": set(STEPS),
        "language": set(LANGUAGES),
        "notebook": set(NOTEBOOKS),
        "area": {*AREAS, *study.settings.get("themes", ())},
        "partner": {partner.id for partner in study.partners},
        "country": set(study.countries),
        "variable": set(book.variables),
        "type": {*_PLAIN, *(f"{word} {name}" for word in _LISTED for name in book.choices)},
        "code": codes,
        "measure": {*book.variables, *book.batteries, *MEASURES, *roots},
        "mapped": {*book.variables, *book.batteries, "theme"},
        "item": set(study.table("items")["item"]),
        "finding": set(study.table("findings")["finding"]),
    }


def _check_cells(study: Study) -> Iterator[Problem]:
    """Blank cells that may not be, unknown names, columns nobody declared: every table by its declaration."""
    known = _list_known(study)
    words = study.words("en")
    fits = {
        "word": words.has,
        "number": lambda cell: bool(re.fullmatch(r"-?\d+(\.\d+)?", cell)),
        "rule": lambda cell: bool(_RULE.fullmatch(cell)),
    }
    for name, table in declared_tables().items():
        frame, file = study.table(name), f"{name}.csv"
        for heading in set(frame.columns) - {column.name for column in table.columns} - set(LANGUAGES):
            if not heading.startswith("label"):
                yield Problem("column is not known", file, "1", heading, "", f"use: {', '.join(table.head(('en',)))}")
        for column in table.columns:
            cells = frame[column.name]
            for line in cells.index[cells == ""] if column.needed else ():
                yield Problem("is blank", file, str(line), column.name, "", "fill it, or delete the row")
            for line, cell in cells[cells != ""].items() if column.names else ():
                for part in [cell] if column.names in fits else re.split(r"\s*[;,]\s*", str(cell)):
                    if not (fits[column.names](part) if column.names in fits else part in known[column.names]):
                        remedy = "correct it, or declare it first"
                        yield Problem(f"unknown {column.names}", file, str(line), column.name, part, remedy)


def _check_rows(study: Study) -> Iterator[Problem]:
    """Rows that say nothing, or the same as another."""
    for line, row in study.table("crosswalk").iterrows():
        if not row["reason"] and not (row["code"] if row["value"] else row["variable"]):
            yield Problem("ignored without a reason", "crosswalk.csv", str(line), "reason", "", "say why")
    for name, columns in _KEYS.items():
        frame = study.table(name)
        for line in frame.index[frame.duplicated(columns) & (frame[columns] != "").all(axis=1)]:
            value = " ".join(frame.loc[line, columns])
            yield Problem("named twice", f"{name}.csv", str(line), columns[-1], value, "keep one row, or rename it")


def _check_labels(study: Study) -> Iterator[Problem]:
    """One problem for each table and language with blank labels, not one for each cell."""
    for name, table in declared_tables().items():
        if table.label_at < 0:
            continue
        frame = study.table(name)
        labels = frame.to_dict("records") if name == "words" else [read_labels(row) for row in frame.to_dict("records")]
        # A text that is blank in every language is meant to be blank.
        rows = [pair for pair in zip(frame.index, labels, strict=True) if any(map(pair[1].get, LANGUAGES))]
        for language in study.languages:
            blank = [str(line) for line, texts in rows if not texts.get(language)]
            if blank:
                said = f"{len(blank)} of {len(rows)} rows have no text in this language"
                remedy = "fill them, or take the language out of study.toml"
                yield Problem(said, f"{name}.csv", blank[0], language, "", remedy)


def _check_unused(study: Study) -> Iterator[Problem]:
    used = {variable.list_name for variable in study.codebook.variables.values()}
    for name in study.codebook.choices:
        if name not in used:
            yield Problem("list that no question uses", "choices.csv", "", "list_name", name, "delete it")
    figures = set(study.table("figures")["figure"])
    words = study.words("en")
    for figure in sorted(figures):
        if not words.has(f"figure.{figure}.title"):
            yield Problem("figure without a title", "words.csv", "", "key", f"figure.{figure}.title", "add this key")
    for line, key in study.table("words")["key"].items():
        if key.startswith("figure.") and key.count(".") > 1 and key.split(".")[1] not in figures:
            yield Problem("words of no figure", "words.csv", str(line), "key", key, "delete the row")


def _check_ledger(study: Study) -> Iterator[Problem]:
    """Files that are missing, changed or not listed."""
    listed = set()
    for line, row in study.table("sources").iterrows():
        try:
            path = study.raw_path(row["path"])
        except StudyError as error:
            yield error.problems[0]
            continue
        listed.add(path)
        digest = hash_file(path)
        if digest == "missing":
            yield Problem("file is missing", "sources.csv", str(line), "path", row["path"], "deliver it again")
        elif digest != row["sha256"]:
            remedy = f"if the new file is right, write {digest}"
            yield Problem("file is not the one listed", "sources.csv", str(line), "sha256", row["path"], remedy)
    # Another project's folder may hold more than this study reads; its own may not.
    if study.raw_root.is_relative_to(study.folder.resolve()):
        for path in sorted(study.raw_root.glob("*/**/*")):
            beside = path.name.startswith((".", "README", "SYNTHETIC"))
            if path.is_file() and path not in listed and not beside:
                value = path.relative_to(study.raw_root).as_posix()
                yield Problem("file is not in the ledger", "sources.csv", "", "path", value, "add a row, or remove it")
