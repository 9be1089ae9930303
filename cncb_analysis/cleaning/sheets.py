"""Sheets with a row a unit (frames, answers, interview cards): to units, observations and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.answers import BLANK, Answer, read_answer
from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.headings import Headings, match_headings
from cncb_analysis.cleaning.routing import Truth, decide_asked
from cncb_analysis.cleaning.tables import Cleaned, shape_table
from cncb_analysis.cleaning.units import find_column, judge_rows
from cncb_analysis.cleaning.values import fold_text, repair_column
from cncb_analysis.codebook import Variable

__all__ = ["clean_sheet", "read_hosts"]

_FORMS = {"frame": "{}-m-{:03d}", "answers": "{}-q-{:03d}", "cards": "{}-i-{:02d}"}
_CLUSTER, _HOST = ("cluster", "map_cluster"), ("host", "map_host")
_TOLERANCE = 1.0
# What a person should look at before a free text is quoted or opened in a spreadsheet.
_WATCHED = {
    "holds an address or a telephone number": r"\S@\S|\+?\d[\d /-]{7,}",
    "begins like a formula": r"^[=+@-]",
}

Hosts = Mapping[str, tuple[str, str]]


def clean_sheet(delivery: Delivery, *, hosts: Hosts, first: int = 1) -> tuple[Cleaned, dict[str, str]]:
    """Clean a sheet with a row a unit.

    Parameters
    ----------
    delivery : Delivery
        The file.
    hosts : mapping of str to (str, str)
        Folded cluster name to its name in the frame and its host.
    first : int
        Number of the first unit, where a partner delivered several files.

    Returns
    -------
    Cleaned
        Units, observations, texts, cell log.
    dict of str to str
        The file's own id of each unit to its unit id.
    """
    book, content = delivery.study.codebook, delivery.source["content"]
    # Whether an interview may be quoted stands on its card, whichever instrument declares the question.
    asked = {variable.name: variable for variable in book.asked_in(delivery.source["step"])}
    consent = {name: book.variables[name] for name in ("consent",) if content == "cards" and name in book.variables}
    headings, cells = _match(delivery, (asked | consent).values())
    _correct(delivery, cells)
    form, numbers = _FORMS[content], range(first, first + len(cells))
    ids = [form.format(delivery.partner.id, number) for number in numbers]
    units = pd.DataFrame({"unit": ids, "row": cells.index.astype(str)}, cells.index, dtype=object)
    units = units.assign(status=judge_rows(delivery, headings, cells), source=delivery.source["path"], consent="")
    units = _name_clusters(units, headings, cells, hosts)
    kept = cells[units["status"].isin(["complete", "partial"])]
    own = units.loc[kept.index]
    told = {target.variable.name: target.variable for target in headings.targets.values()}
    answers = _read_answers(delivery, headings, kept, asked=(asked | told).values())
    _check_sums(delivery, answers.values())
    _explain_blanks(answers, (own["status"] == "partial").to_numpy())
    if "consent" in answers:
        units.loc[kept.index, "consent"] = answers["consent"].codes
    parts = [part for answer in answers.values() for part in _emit(delivery, answer, own["unit"].to_numpy(object))]
    texts = list(_list_texts(delivery, headings, kept.assign(unit=own["unit"]), answers))
    tables = {"units": units, "observations": shape_table("observations", parts), "texts": shape_table("texts", texts)}
    own_ids = cells[headings.system["id"]] if "id" in headings.system else cells.index.astype(str)
    return delivery.finish(tables), dict(zip(own_ids, ids, strict=True))


def read_hosts(delivery: Delivery) -> Hosts:
    """Name and host of each cluster of a frame.

    Parameters
    ----------
    delivery : Delivery
        The frame.

    Returns
    -------
    mapping of str to (str, str)
        Folded cluster name to the name as mapped and the host.
    """
    headings, cells = _match(delivery, delivery.study.codebook.asked_in("mapping"))
    names, hosts = find_column(headings, cells, _CLUSTER), find_column(headings, cells, _HOST)
    return {fold_text(name): (name, host) for name, host in zip(names, hosts, strict=True) if name}


def _match(delivery: Delivery, asked: Iterable[Variable]) -> tuple[Headings, pd.DataFrame]:
    """Know the columns, and repair the texts of those that are used."""
    headings = match_headings(delivery, asked)
    used = [*headings.targets, *headings.system.values()]
    texts = {name: repair_column(delivery.cells[name], delivery.log) for name in used}
    return headings, pd.DataFrame(texts, index=delivery.cells.index, dtype=object)


def _correct(delivery: Delivery, cells: pd.DataFrame) -> None:
    """Apply corrections.csv where id, column and present value all fit; the rest is `check_raw`'s to report."""
    columns = {code: str(name) for name in cells for code in (str(name).strip(), str(name).strip().partition(". ")[0])}
    own = next((cells[columns[code]] for code in ("id", "_id", "interview") if code in columns), None)
    for line, row in delivery.study.table("corrections").iterrows() if own is not None else ():
        if row["column"] in columns:
            column = columns[row["column"]]
            rows = (own == row["id"]) & (cells[column] == row["value_now"])
            rule = f"correction in row {line}, {row['initials']}"
            delivery.log.note(cells.loc[rows, column], rule, "repaired", value=row["value_right"])
            cells.loc[rows, column] = row["value_right"]


def _name_clusters(units: pd.DataFrame, headings: Headings, cells: pd.DataFrame, hosts: Hosts) -> pd.DataFrame:
    """Cluster and host of each unit; the frame's spelling wins, so that steps can be joined."""
    known = [hosts.get(fold_text(name), (name, "")) for name in find_column(headings, cells, _CLUSTER)]
    own = find_column(headings, cells, _HOST)
    found = [host or framed for host, (_, framed) in zip(own, known, strict=True)]
    return units.assign(cluster=[name for name, _ in known], host=found)


def _read_answers(
    delivery: Delivery, headings: Headings, kept: pd.DataFrame, *, asked: Iterable[Variable]
) -> dict[str, Answer]:
    """Every question's answers; one without a column was not asked, and must be declared so."""
    columns: dict[str, dict[str, pd.Series]] = {}
    for column, target in headings.targets.items():
        columns.setdefault(target.variable.name, {})[target.option] = kept[column]
    units = {target.variable.name: target.unit for target in headings.targets.values()}
    declared = delivery.not_asked - {""}
    answers = {}
    for variable in asked:
        if variable.role in {"identifier", "free_text"}:
            continue
        if variable.name in columns:
            answers[variable.name] = read_answer(delivery, variable, columns[variable.name], units[variable.name])
            continue
        nobody = np.full(len(kept), "", dtype=object)
        answers[variable.name] = Answer(variable, missing=nobody + "not_asked", codes=nobody)
        if not {variable.name, variable.battery} & declared:
            remedy = "if it was not asked, add a crosswalk row with this variable, no column, and the reason"
            delivery.report("column is missing", 1, variable.name, remedy=remedy)
    return answers


def _check_sums(delivery: Delivery, answers: Iterable[Answer]) -> None:
    """Percent batteries: where they add to 100, a blank part is zero; where not, they are kept and flagged."""
    batteries: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.variable.kind == "allocation" and answer.cells:
            batteries.setdefault(answer.variable.battery, []).append(answer)
    for block in batteries.values():
        values = np.column_stack([answer.parts[""] for answer in block])
        total = np.nansum(values, axis=1).round(6)
        given = ~np.isnan(values).all(axis=1)
        whole = given & (np.abs(total - 100) <= _TOLERANCE)
        for answer in block:
            zero = whole & (answer.missing == BLANK)
            answer.parts[""], answer.missing = np.where(zero, 0.0, answer.parts[""]), np.where(zero, "", answer.missing)
            wrong = answer.cells[0][given & (total != 100) & (answer.cells[0] != "").to_numpy()]
            delivery.log.note(wrong, "parts do not add to 100", "flagged", value=wrong.to_numpy())


def _explain_blanks(answers: Mapping[str, Answer], partial: np.ndarray) -> None:
    """Say why an answer is missing: not reached, not asked, skipped, or unknown where routing cannot tell."""
    nobody = np.zeros(len(partial), dtype=bool)
    blank = {name: answer.missing == BLANK for name, answer in answers.items() if answer.cells}
    last = np.max([~missing * place for place, missing in enumerate(blank.values())] or [nobody], axis=0)

    def chosen(name: str, code: str) -> Truth:
        if name not in blank:
            return Truth(nobody, nobody)
        yes = answers[name].chose(code)
        return Truth(yes, ~yes & (answers[name].missing != "invalid"))

    def decide(relevant: str) -> Truth:
        try:
            return decide_asked(relevant, chosen) if relevant else Truth(~nobody, nobody)
        except ValueError:
            return Truth(nobody, nobody)

    asked = {name: decide(answers[name].variable.relevant) for name in blank}
    for place, (name, missing) in enumerate(blank.items()):
        reason = np.where(asked[name].no, "not_asked", np.where(asked[name].yes, "skipped", "unknown"))
        reason = np.where(partial & (place > last), "not_reached", reason)
        answers[name].missing = np.where(missing, reason, answers[name].missing)


def _emit(delivery: Delivery, answer: Answer, units: np.ndarray) -> Iterator[pd.DataFrame]:
    """Tidy rows of one question."""
    name, given = answer.variable.name, answer.missing == ""
    for option, values in answer.parts.items():
        # A refused box has no row; an option left out of a ranking has one, without a rank.
        rows = given & ~np.isnan(values) if answer.variable.kind == "multiple" else given
        yield pd.DataFrame({"unit": units[rows], "variable": name, "option": option, "value": values[rows]})
    if not answer.parts:
        choices = delivery.study.codebook.choices.get(answer.variable.list_name, ())
        order = {choice.name: float(choice.order or 1) for choice in choices}
        places = [order.get(code, 1.0) for code in answer.codes[given]]
        yield pd.DataFrame({"unit": units[given], "variable": name, "option": answer.codes[given], "value": places})
    yield pd.DataFrame({"unit": units[~given], "variable": name, "value": np.nan, "missing": answer.missing[~given]})


def _list_texts(
    delivery: Delivery, headings: Headings, kept: pd.DataFrame, answers: Mapping[str, Answer]
) -> Iterator[pd.DataFrame]:
    """Free texts, and what was typed under "other" without a recode; blank ones left out."""
    own = delivery.partner.language
    language = kept.get(headings.system.get("language", ""), pd.Series(own, kept.index)).replace("", own)
    free = {
        column: target.variable for column, target in headings.targets.items() if target.variable.role == "free_text"
    }
    found = [(variable.name, kept[column]) for column, variable in free.items()]
    found += [(name, answer.texts) for name, answer in answers.items() if answer.texts is not None]
    for name, texts in found:
        filled = texts[texts != ""]
        for rule, pattern in _WATCHED.items():
            watched = filled[[bool(re.search(pattern, text)) for text in filled]]
            delivery.log.note(watched.map(lambda text: f"({len(text)} characters)"), rule, "flagged")
        rows = {"unit": kept.loc[filled.index, "unit"], "text": filled, "language": language[filled.index]}
        yield pd.DataFrame(rows).assign(variable=name, step=delivery.source["step"])
