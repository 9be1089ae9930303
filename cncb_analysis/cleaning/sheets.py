"""Sheets with a row a unit (frames, answers, interview cards): to units, observations and texts."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.answers import BLANK, Answer, read_answer
from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.headings import Headings, match_headings
from cncb_analysis.cleaning.tables import Cleaned, shape_table
from cncb_analysis.cleaning.values import fold_text
from cncb_analysis.codebook import MISSING, Variable
from cncb_analysis.errors import Problem
from cncb_analysis.routing import is_routing, weigh_routing

_FORMS = {"frame": "{}-m-{:03d}", "answers": "{}-q-{:03d}", "cards": "{}-i-{:02d}"}
_TOLERANCE = 1.0
_REASONS = ("", *MISSING)
# Two rows are almost the same when at most one filled cell in twenty differs, of at least twenty.
_SAME_SHARE, _SAME_LEAST, _BLOCKS = 0.95, 20, 4
# What a person should look at before a free text is quoted or opened in a spreadsheet.
_WATCHED = {
    "holds an address or a telephone number": r"\S@\S|\+?\d[\d /-]{7,}",
    "begins like a formula": r"^[=+@-]",
}


def clean_sheet(delivery: Delivery) -> Cleaned:
    """Clean a sheet with a row a unit.

    Parameters
    ----------
    delivery : Delivery
        The file; learns the unit id of each of its own ids.

    Returns
    -------
    Cleaned
        Units, observations, texts, cell log.
    """
    book, content = delivery.study.codebook, delivery.source["content"]
    asked = {variable.name: variable for variable in book.asked_in(delivery.source["step"])}
    if content == "cards" and "consent" in book.variables:
        asked["consent"] = book.variables["consent"]  # on the card, whichever instrument declares the question
    headings = match_headings(delivery, asked.values())
    used = [*headings.targets, *headings.system.values()]
    cells = pd.DataFrame({column: delivery.take(column) for column in used}, delivery.cells.index)
    own = headings.find(cells, "id") if "id" in headings.system else cells.index.to_series().astype(str)
    _correct(delivery, cells, own)
    ids = [_FORMS[content].format(delivery.partner.id, delivery.first + place) for place in range(len(cells))]
    delivery.ids.update(zip(own, ids, strict=True))
    units = pd.DataFrame({"unit": ids, "row": cells.index.astype(str), "consent": ""}, cells.index, dtype=object)
    units = units.assign(status=_judge_rows(delivery, headings, cells), source=delivery.source["path"])
    # The frame's spelling of a cluster wins, so that steps can be joined.
    framed = [delivery.hosts.get(fold_text(name), (name, "")) for name in headings.find(cells, "cluster")]
    units["cluster"], hosts = [name for name, _ in framed], [host for _, host in framed]
    units["host"] = headings.find(cells, "host").mask(lambda told: told == "", pd.Series(hosts, cells.index))
    kept = cells[units["status"].isin(["complete", "partial"])]
    units_kept = units.loc[kept.index]
    answers = _read_answers(delivery, headings, kept, asked)
    _check_sums(delivery, answers)
    _check_ranks(delivery, answers)
    _explain_blanks(delivery, answers, (units_kept["status"] == "partial").to_numpy())
    if "consent" in answers:
        said = answers["consent"]
        units.loc[kept.index, "consent"] = np.select([said.chose("yes"), said.chose("no")], ["yes", "no"], "")
    texts = _list_texts(delivery, headings, kept, answers, units_kept["unit"])
    observations = _tabulate(answers, units_kept["unit"].to_numpy(object))
    return delivery.finish({"units": units, "observations": observations, "texts": shape_table("texts", texts)})


def _judge_rows(delivery: Delivery, headings: Headings, cells: pd.DataFrame) -> pd.Series:
    """Decide for each row whether it counts (complete, partial, rejected, duplicate, test); note each that does not."""
    answers = cells[[column for column in headings.targets if column not in delivery.masked]]
    submitted = pd.Series(True, cells.index)
    verdict = pd.DataFrame({"status": "complete", "rule": ""}, index=cells.index, dtype=object)
    if delivery.source["content"] == "answers" and "submitted" in headings.system:
        submitted = headings.find(cells, "submitted") != ""
        page = int(delivery.study.setting("cleaning", "accepted_page", 1))
        reached = pd.to_numeric(headings.find(cells, "page"), errors="coerce") >= page
        verdict[~submitted & reached] = "partial", f"not submitted, but page {page} was reached"
        verdict[~submitted & ~reached] = "rejected", f"broken off before page {page}"
    amount = (answers != "").sum(axis=1)
    verdict[amount == 0] = "rejected", "no answer at all"
    tests = _find_tests(delivery, headings, cells)
    verdict[tests] = "test", "trial entry"
    # Of two rows for one, the submitted, then the fuller, then the later stays.
    best = pd.DataFrame({"submitted": submitted, "amount": amount, "row": np.arange(len(cells))})[~tests]
    best = best.sort_values(["submitted", "amount", "row"], ascending=False)
    for rule, keys in _list_keys(delivery, headings, cells, answers):
        ranked = keys.reindex(best.index)
        again = best.index[(ranked != "") & ranked.duplicated()]
        verdict.loc[again] = "duplicate", rule
        best = best.drop(again)
        for row in again if rule.startswith("second ") else ():
            delivery.report(rule, row, "", remedy="have one of the two deleted, or correct it in corrections.csv")
    for (status, rule), rows in verdict[verdict["rule"] != ""].groupby(["status", "rule"]):
        whole = pd.Series("whole row", index=rows.index, name="")
        delivery.note(whole, str(rule), "flagged" if status == "partial" else "ignored")
    return verdict["status"]


def _find_tests(delivery: Delivery, headings: Headings, cells: pd.DataFrame) -> pd.Series:
    """Rows where a name or token is one of the words for a trial; an address is no name."""
    words = map(re.escape, delivery.study.setting("cleaning", "test_words", []) or ["\0"])
    pattern = re.compile(rf"^[^@]*\b(?:{'|'.join(words)})\b[^@]*$", re.IGNORECASE)
    names = [*delivery.masked.intersection(cells), *filter(None, [headings.system.get("token")])]
    found = {name: cells[name].astype(object).str.contains(pattern) for name in names}
    return pd.DataFrame(found, index=cells.index, dtype=bool).any(axis=1)


def _list_keys(
    delivery: Delivery, headings: Headings, cells: pd.DataFrame, answers: pd.DataFrame
) -> Iterator[tuple[str, pd.Series]]:
    """What two rows may not share, as (rule, key a row); a "second" one is for the deliverer to mend."""
    content, cluster = delivery.source["content"], headings.find(cells, "cluster").map(fold_text)
    if content == "frame":
        yield "second row for one cluster", cluster
    elif content == "cards":
        yield "second row for one interview", headings.find(cells, "id")
    else:
        yield "same token", headings.find(cells, "token")
        yield "same organisation", cluster.mask(cluster.isin(delivery.missing_words), "")
        yield "almost the same answers", _find_near(answers)


def _find_near(answers: pd.DataFrame) -> pd.Series:
    """Key that rows with almost the same answers share; blank for all others.

    A few cells can differ in a few of four blocks of columns only, so two such rows agree in a whole block: rows are
    compared where a block agrees, never all with all.
    """
    keys = pd.Series("", index=answers.index, dtype=object)
    codes = np.array([pd.factorize(answers[name])[0] for name in answers]).T.reshape(answers.shape)
    filled = (answers != "").to_numpy()
    for block in range(_BLOCKS if answers.size else 0):
        hashes = pd.util.hash_pandas_object(pd.DataFrame(codes[:, block::_BLOCKS]), index=False)
        _, index, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        first = index[inverse]
        either = filled | filled[first]
        same, count = ((codes == codes[first]) & either).sum(axis=1), either.sum(axis=1)
        near = (first != np.arange(len(first))) & (count >= _SAME_LEAST) & (same >= _SAME_SHARE * count)
        for row in np.flatnonzero(near):
            keys.iloc[[row, first[row]]] = keys.iloc[first[row]] or str(first[row])
    return keys


def _correct(delivery: Delivery, cells: pd.DataFrame, own: pd.Series) -> None:
    """Apply corrections.csv where id, column and present value all fit; the rest is `check_raw`'s to report."""
    columns = {code: str(name) for name in cells for code in spell_heading(str(name))}
    for line, row in delivery.study.table("corrections").iterrows():
        if row["column"] in columns:
            column = columns[row["column"]]
            rows = (own == row["id"]) & (cells[column] == row["value_now"])
            rule = f"correction in row {line}, {row['initials']}"
            delivery.note(cells.loc[rows, column], rule, "repaired", value=row["value_right"])
            cells[column] = cells[column].astype(object).mask(rows, row["value_right"]).astype("category")


def _read_answers(
    delivery: Delivery, headings: Headings, kept: pd.DataFrame, asked: Mapping[str, Variable]
) -> dict[str, Answer]:
    """Every question's answers; one without a column was not asked, and must be declared so."""
    columns: dict[str, dict[str, pd.Series]] = {}
    for column, target in headings.targets.items():
        columns.setdefault(target.variable, {})[target.option] = kept[column]
    units = {target.variable: target.unit for target in headings.targets.values()}
    declared = {row["variable"] for row in delivery.crosswalk if not row["column"] and not row["value"]}
    answers = {}
    for name, variable in asked.items():
        if variable.role in {"identifier", "free_text"}:
            continue
        if name in columns:
            answers[name] = read_answer(delivery, variable, columns[name], units[name])
            continue
        answers[name] = Answer(variable, np.full(len(kept), "not_asked", dtype=object))
        if not {name, variable.battery} - {""} & declared:
            remedy = "if it was not asked, add a crosswalk row with this variable, no column, and the reason"
            delivery.report("column is missing", 1, name, remedy=remedy)
    return answers


def _check_sums(delivery: Delivery, answers: Mapping[str, Answer]) -> None:
    """Percent batteries: where they add to 100, a blank part is zero; where not, they are kept and flagged."""
    parts = [answer for answer in answers.values() if answer.variable.kind == "allocation" and answer.cells]
    for battery in {answer.variable.battery: None for answer in parts}:
        block = [answer for answer in parts if answer.variable.battery == battery]
        values = np.column_stack([answer.parts[""] for answer in block])
        total = np.nansum(values, axis=1).round(6)
        given = ~np.isnan(values).all(axis=1)
        whole = given & (np.abs(total - 100) <= _TOLERANCE)
        for answer in block:
            zero = whole & (answer.missing == BLANK)
            answer.parts[""], answer.missing = np.where(zero, 0.0, answer.parts[""]), np.where(zero, "", answer.missing)
            wrong = answer.cells[0][given & (total != 100) & (answer.cells[0] != "").to_numpy()]
            delivery.note(wrong, "parts do not add to 100", "flagged", value=wrong.to_numpy())


def _check_ranks(delivery: Delivery, answers: Mapping[str, Answer]) -> None:
    """Rankings with ties and gaps are kept and flagged."""
    for answer in answers.values():
        if answer.variable.kind == "rank" and answer.cells:
            ranks = np.sort(np.column_stack(list(answer.parts.values())), axis=1)
            tie = (np.diff(ranks, axis=1) == 0).any(axis=1)
            gap = (np.nan_to_num(ranks).max(axis=1) > (~np.isnan(ranks)).sum(axis=1)) & ~tie
            for rule, rows in (("tie in the ranking", tie), ("gap in the ranking", gap)):
                for cells in answer.cells:
                    touched = cells[rows & (cells != "").to_numpy()]
                    delivery.note(touched, rule, "flagged", value=touched.to_numpy())


def _explain_blanks(delivery: Delivery, answers: Mapping[str, Answer], partial: np.ndarray) -> None:
    """Say why an answer is missing: not reached, not asked, skipped, or unknown where routing cannot tell."""
    blank = {name: answer.missing == BLANK for name, answer in answers.items() if answer.cells}
    last = np.max([~missing * place for place, missing in enumerate(blank.values())] or [partial * 0], axis=0)
    for place, (name, missing) in enumerate(blank.items()):
        reason = np.where(partial & (place > last), "not_reached", _route(delivery, answers, name))
        answers[name].missing = np.where(missing, reason, answers[name].missing)


def _route(delivery: Delivery, answers: Mapping[str, Answer], name: str) -> np.ndarray:
    """Why each unit may have left a question blank: skipped where it was asked, else not_asked, or unknown."""
    relevant = answers[name].variable.relevant
    unknown = np.full(len(answers[name].missing), 0.5)

    def weigh(question: str, code: str) -> np.ndarray:
        other = answers.get(question)
        if other is None or not other.cells:
            return unknown
        return np.where(other.missing == "invalid", 0.5, other.chose(code))

    asked = unknown if relevant else unknown + 0.5
    if is_routing(relevant, delivery.study.codebook.variables):
        asked = weigh_routing(relevant, weigh)
    elif relevant not in {"", "unknown"}:
        remedy = "use = != selected() and or not over questions of survey.csv; or, where it is not known: unknown"
        place = {"file": "survey.csv", "column": "relevant", "value": relevant, "remedy": remedy}
        delivery.problems.append(Problem(f"routing of {name} is not understood", **place))
    return np.select([asked == 1, asked == 0], ["skipped", "not_asked"], "unknown")


def _tabulate(answers: Mapping[str, Answer], units: np.ndarray) -> pd.DataFrame:
    """Tidy rows: one an option where a question was answered, else one with the kind of missing."""
    blocks = []
    for name, answer in answers.items():
        given = answer.missing == ""
        for option, values in answer.parts.items():
            # A refused box has no row; an option left out of a ranking has one, without a rank.
            rows = np.flatnonzero(given if answer.variable.kind == "rank" else given & ~np.isnan(values))
            blocks.append((name, option, rows, values[rows], np.zeros(len(rows), np.int8)))
        rows = np.flatnonzero(~given)
        codes = pd.Categorical(answer.missing[rows], _REASONS).codes
        blocks.append((name, "", rows, np.full(len(rows), np.nan), codes))
    if not blocks:
        return pd.DataFrame()
    names, options, places, values, missing = zip(*blocks, strict=True)
    lengths = [len(rows) for rows in places]
    table = {
        "unit": pd.Categorical.from_codes(np.concatenate(places), units),
        "variable": pd.Categorical(names, list(dict.fromkeys(names))).repeat(lengths),
        "option": pd.Categorical(options, list(dict.fromkeys(options))).repeat(lengths),
        "value": np.concatenate(values),
        "missing": pd.Categorical.from_codes(np.concatenate(missing), _REASONS),
    }
    return pd.DataFrame(table)


def _list_texts(
    delivery: Delivery, headings: Headings, kept: pd.DataFrame, answers: Mapping[str, Answer], units: pd.Series
) -> Iterator[pd.DataFrame]:
    """Free texts, and what was typed under "other" without a recode; blank ones left out."""
    language = headings.find(kept, "language").replace("", delivery.partner.language)
    roles = {name: variable.role for name, variable in delivery.study.codebook.variables.items()}
    found = [(t.variable, kept[column]) for column, t in headings.targets.items() if roles[t.variable] == "free_text"]
    found += [(name, answer.texts) for name, answer in answers.items() if answer.texts is not None]
    for name, texts in found:
        filled = texts[texts != ""]
        for rule, pattern in _WATCHED.items():
            watched = filled[filled.str.contains(pattern, na=False)]
            delivery.note(watched.map(lambda text: f"({len(text)} characters)"), rule, "flagged")
        rows = {"unit": units[filled.index], "text": filled, "language": language[filled.index]}
        yield pd.DataFrame(rows).assign(variable=name, step=delivery.source["step"])
