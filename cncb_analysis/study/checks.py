"""Everything that is wrong in the tables and the ledger of a study, found at once."""

import re
from collections.abc import Iterator

from babel.localedata import exists

from cncb_analysis.codebook import LISTED, MISSING, PLAIN, read_labels
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.graph import AUDIENCES
from cncb_analysis.store import hash_file
from cncb_analysis.study.model import STEPS, Study
from cncb_analysis.study.tables import Column, declared_tables
from cncb_analysis.words import read_fixed_words

# What can be estimated without being a variable of the codebook.
_MEASURES = (
    "votes", "response", "jobs", "lq", "stars", "concentration", "neighbourhood", "theme", "pairs:excerpt",
    "pairs:unit", "saturation", "map_concentrated", "profile",
)  # fmt: skip
_SHOWN = ("begin_group", "end_group", "note")
# Tables whose rows are shown by a label, or a text, in each language of the study; and what names a row.
_LABELLED = {"survey": "name", "choices": "name", "themes": "code", "items": "item", "words": "key"}
# Statistic, comparison and number of a rule such as share >= 0.5.
RULE = re.compile(r"\s*(\w+)\s*(>=|<=|>|<|=)\s*(-?\d+(?:\.\d+)?)\s*")
# Cells that are not one or several names but follow a form.
_FORMS = {"number": re.compile(r"-?\d+(\.\d+)?"), "rule": RULE}


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
    known = _list_known(study)
    problems = [*study.problems, *_check_settings(study)]
    for name, table in declared_tables().items():
        problems += _check_headings(study, name)
        for column in table.columns:
            problems += _check_cells(study, name, column, known)
    return [*problems, *_check_labels(study), *_check_crosswalk(study), *_check_ledger(study)]


def _check_settings(study: Study) -> Iterator[Problem]:
    share = study.setting("workshops", "consensus", 1)
    unknown = [each.language for each in study.partners if not exists(each.language)]
    said = [
        ("consensus", [] if 0 < share <= 1 else [str(share)], ["a share such as 0.75"]),
        ("languages", study.languages, _list_languages(study)),
        ("language", [study.settings.get("language", "en")], study.languages),
        ("steps", study.settings.get("steps", ()), STEPS),
        ("audience", [study.audience], AUDIENCES),
        ("language", unknown, ["a code such as de or hr"]),
    ]
    for name, values, allowed in said:
        for value in set(values) - set(allowed):
            yield Problem("unknown word", "study.toml", "", name, value, f"use: {', '.join(allowed)}")
    ids = [partner.id for partner in study.partners]
    for partner_id in {name for name in ids if ids.count(name) > 1}:
        yield Problem("partner declared twice", "study.toml", "", "id", partner_id, "rename one")


def _list_languages(study: Study) -> list[str]:
    """Languages that pages can be in: the columns of the package's words and of the study's own."""
    return list(dict.fromkeys(name for name in (*read_fixed_words(), *study.table("words")) if name != "key"))


def _list_known(study: Study) -> dict[str, set[str]]:
    """Everything a cell may name, by kind."""
    book, codes = study.codebook, set(study.table("themes")["code"])
    roots = {f"theme:{code.partition('/')[0]}" for code in codes}
    asked = {*book.variables, *book.batteries}
    return {
        "missing": set(MISSING),
        "step": set(STEPS),
        "language": set(_list_languages(study)),
        "partner": {partner.id for partner in study.partners},
        "country": set(study.countries),
        "variable": set(book.variables),
        "answer": {choice.name for choices in book.choices.values() for choice in choices},
        "type": {*_SHOWN, *PLAIN, *(f"{word} {name}" for word in LISTED for name in book.choices)},
        "code": codes,
        "measure": {*asked, *_MEASURES, *roots, *(f"response:{name}" for name in book.variables)},
        "mapped": {*asked, "theme"},
        "item": set(study.table("items")["item"]),
        "finding": set(study.table("findings")["finding"]),
        "word": {*study.table("words")["key"], *read_fixed_words()["key"]},
    }


def _check_headings(study: Study, name: str) -> Iterator[Problem]:
    """Columns that nobody declared, and rows known by the same key."""
    frame, table = study.table(name), declared_tables()[name]
    for heading in set(frame.columns) - {column.name for column in table.columns}:
        if not (exists(heading) if name == "words" else heading.startswith("label")):
            yield Problem("column is not known", f"{name}.csv", "1", heading, "", f"use: {', '.join(table.head)}")
    key = [column.name for column in table.columns if column.needed == "key"]
    for line, row in frame[frame.duplicated(key)].iterrows() if key else ():
        value = " ".join(row[key])
        yield Problem("named twice", f"{name}.csv", str(line), key[-1], value, "keep one row, or rename it")


def _check_cells(study: Study, name: str, column: Column, known: dict[str, set[str]]) -> Iterator[Problem]:
    """Blank cells that may not be, and names that nobody declared."""
    cells = study.table(name)[column.name]
    kind, _, words = column.names.partition(": ")
    allowed = set(words.split()) if words else known.get(kind, set())
    for line, cell in cells.items() if column.names or column.needed else ():
        if cell == "" and column.needed:
            yield Problem("is blank", f"{name}.csv", str(line), column.name, "", "fill it, or delete the row")
        parts = [cell] if kind in _FORMS else re.split(r"\s*[;,]\s*", str(cell))
        for part in filter(None, parts if column.names else ()):
            if not (_FORMS[kind].fullmatch(part) if kind in _FORMS else part in allowed):
                remedy = f"use {column.names}" if words else "correct it, or declare it first"
                yield Problem(f"unknown {column.name}", f"{name}.csv", str(line), column.name, part, remedy)


def _check_labels(study: Study) -> Iterator[Problem]:
    """What a page would show in another language than the one asked for, or as a code."""
    for name, key in _LABELLED.items():
        for line, row in study.table(name).iterrows():
            said = {language: row[language] for language in study.languages if language in row} or read_labels(row)
            for language in [] if row.get("type") in _SHOWN else study.languages:
                if not said.get(language):
                    yield Problem("label is missing", f"{name}.csv", str(line), language, row[key], "translate it")


def _check_crosswalk(study: Study) -> Iterator[Problem]:
    for line, row in study.table("crosswalk").iterrows():
        if not row["reason"] and not (row["code"] if row["value"] else row["variable"]):
            yield Problem("ignored without a reason", "crosswalk.csv", str(line), "reason", "", "say why")


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
                yield Problem(
                    "file is not in the ledger",
                    "sources.csv",
                    "",
                    "path",
                    value,
                    "cncb import drafts its row; or remove it",
                )
