"""Every question of the shipped study that countries are compared on, beside scipy's permutation test."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import gammaln

from benchmarks.timing import ROOT, say
from cncb_analysis.analysis import make_rng
from cncb_analysis.cleaning import check_raw
from cncb_analysis.comparison import Rules, compare_countries
from cncb_analysis.study import read_study

_DRAWN, _FEW = 9999, 4


def score_order(*parts: Any, axis: int = -1) -> Any:
    """Kruskal-Wallis, as the library at hand has it."""
    return stats.kruskal(*parts, axis=axis).statistic


def score_ranks(*parts: Any, axis: int = -1) -> Any:
    """The same but for constants, of midranks that were found once: what an analyst in a hurry would think of."""
    return sum(part.sum(axis=axis) ** 2 / part.shape[axis] for part in parts)


def score_table(*parts: Any, axis: int = -1) -> Any:
    """Fisher-Freeman-Halton: the logarithms of the cells' factorials, of answers numbered from 0."""
    counts = ((part == answer).sum(axis=axis) for part in parts for answer in range(12))
    return sum(gammaln(each + 1) for each in counts)


def test_plainly(answers: pd.DataFrame, *, ordered: bool, ranked: bool) -> float:
    """The same statistic, all arrangements at once."""
    values = answers["value"]
    if not ordered:
        values = pd.Series(pd.factorize(values)[0], values.index)
    elif ranked:
        values = values.rank()
    parts = [part.to_numpy(float) for _, part in values.groupby(answers["country"].astype(str))]
    score, rng = (score_ranks if ranked else score_order) if ordered else score_table, np.random.default_rng(1)
    more = {"vectorized": True, "n_resamples": _DRAWN, "alternative": "greater", "axis": -1}
    return float(stats.permutation_test(parts, score, rng=rng, **more).pvalue)


def list_answers(table: pd.DataFrame, observations: pd.DataFrame, kinds: dict[str, str]) -> list[pd.DataFrame]:
    """The answers behind each row of the comparison."""
    valid = observations[observations["missing"].eq("") & observations["occasion"].eq("")]
    parts = dict(iter(valid.groupby(["step", "variable"])))
    found = []
    for row in table.to_dict("records"):
        part, kind = parts[row["step"], row["variable"]], kinds[row["variable"]]
        part = part[part["option"].eq(row["option"])] if kind in ("multiple", "rank") else part
        # Not ranked lies below every rank.
        value = (-part["value"]).fillna(-99) if kind == "rank" else part["value"]
        part = part.assign(value=part["option"] if kind == "single" else value)
        found.append(part[part["country"].isin(row["groups"].split()) & part["value"].notna()])
    return found


def time_comparison(_: Path) -> None:
    """All questions, pandas included, beside scipy on the same answers; wholes of batteries are left out."""
    study = read_study(ROOT / "data")
    observations = check_raw(study).observations
    kinds = {name: variable.kind for name, variable in study.codebook.variables.items()}
    started = time.perf_counter()
    rules = Rules(permutations=_DRAWN)
    table = compare_countries(observations, study.codebook, rng=make_rng(study, "comparison"), rules=rules)
    ours = time.perf_counter() - started
    table = table[table["test"].isin(["fisher", "kruskal_wallis"])]
    questions = list(zip(table["test"] != "fisher", list_answers(table, observations, kinds), strict=True))
    p = table["p"].to_numpy()
    error = np.hypot(np.sqrt(p * (1 - p) / _DRAWN), table["p_error"])
    ordered = [answers for is_ordered, answers in questions if is_ordered][:: len(questions) // _FEW // 2][:_FEW]
    started = time.perf_counter()
    for answers in ordered:
        parts = [part.to_numpy(float) for _, part in answers["value"].groupby(answers["country"].astype(str))]
        stats.permutation_test(parts, lambda *own: stats.kruskal(*own).statistic, n_resamples=_DRAWN, rng=1)
    theirs = (time.perf_counter() - started) * len(questions) / len(ordered)
    say(
        f"compare {len(table)} questions: scipy (a plain function, {len(ordered)} scaled) / ours",
        f"{theirs / ours:.0f}",
    )
    for said, ranked in (("as scipy has the statistic", False), ("ranks found once", True)):
        started = time.perf_counter()
        plain = [test_plainly(answers, ordered=ordered, ranked=ranked) for ordered, answers in questions]
        theirs = time.perf_counter() - started
        apart = int((np.abs(p - plain) > 4.5 * error + 2 / _DRAWN).sum())
        # scipy's H is a difference of large numbers: arrangements that tie on paper may not tie there.
        assert apart <= (0 if ranked else len(table) / 50), "p-values differ"
        say(f"compare {len(table)} questions: scipy ({said}) / ours", f"{theirs / ours:.1f}; {apart} p-values differ")
