"""Who answered, and whose answer counts: trial entries, answers broken off, the same answer twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.headings import Headings
from cncb_analysis.cleaning.values import fold_text

__all__ = ["judge_rows"]

# Two rows are almost the same when at most one filled cell in twenty differs, of at least twenty.
_SAME_SHARE, _SAME_LEAST, _BLOCKS = 0.95, 20, 4


def judge_rows(delivery: Delivery, headings: Headings, cells: pd.DataFrame) -> pd.Series:
    """Decide for each row of a file whether it counts; each that does not is noted.

    Parameters
    ----------
    delivery : Delivery
        The file.
    headings : Headings
        What its columns are.
    cells : DataFrame
        Repaired texts.

    Returns
    -------
    Series
        complete, partial, rejected, duplicate or test, by row.
    """
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
