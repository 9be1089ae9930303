"""No small count is narrowed down, however one reckons with what is shown: held against a programme solved apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.optimize import linprog

from cncb_analysis.bounding import Shown, Span, find_narrow
from cncb_analysis.disclosure import Release, protect_estimates
from tests.test_disclosure import BOOK, bases, tabulate, write_equation

THRESHOLD = 3
PLACE = ["option", "statistic", "partner", "country"]
Matrix = npt.NDArray[np.float64]


def bound_sums(known: Matrix, totals: Matrix, asked: Matrix, upper: Matrix) -> Matrix:
    """Least and greatest value of each sum that agrees with everything shown, each solved for itself."""
    given = {"A_eq": known, "b_eq": totals, "bounds": np.column_stack([np.zeros_like(upper), upper])}
    solved = [[linprog(sign * sums, **given).fun * sign for sign in (1, -1)] for sums in asked]
    return np.array(solved, dtype=np.float64).round(6)


@pytest.mark.parametrize(
    ("known", "upper", "narrow"),
    [
        ([[1, 1, 0], [0, 1, 1]], [9, 9, 9], {0, 1, 2}),  # nothing to be had from linear algebra alone
        ([[1, 1, 1]], [9, 9, 9], set()),
        ([[1, 1, 1]], [9, 9, 2], {2}),
    ],
)
def test_a_count_is_narrow_where_others_leave_it_little(
    known: list[list[int]], upper: list[int], narrow: set[int]
) -> None:
    true, rows = np.array([1.0, 1.0, 4.0]), np.array(known, dtype=float)
    true[2] = min(true[2], upper[2])
    shown = Shown(rows, rows @ true, np.array(upper, dtype=float))
    found, span = find_narrow(shown, np.eye(3), np.full(3, 3.0), Span(true, true))
    assert set(found) == narrow
    # What is narrow by its own bound is not made so by a number shown.
    assert all(bool(makes.size) == (upper[place] > 3) for place, makes in found.items())
    bounds = bound_sums(*shown[:2], np.eye(3), shown.upper)
    assert (span.low >= bounds[:, 0] - 1e-6).all()
    assert (span.high <= bounds[:, 1] + 1e-6).all()
    for place in found:
        assert [span.low[place], span.high[place]] == pytest.approx(bounds[place])


def test_counts_that_contradict_each_other_bound_nothing() -> None:
    shown, span = Shown(np.ones((2, 2)), np.array([1.0, 2.0]), np.full(2, 9.0)), Span(np.zeros(2), np.zeros(2))
    assert find_narrow(shown, np.eye(2), np.full(2, 3.0), span) == ({}, span)


def invent(seed: int) -> tuple[str, dict[str, str], pd.DataFrame, Release]:
    """A question asked of up to six partners in three countries, and an audience."""
    rng = np.random.default_rng(seed)
    variable = str(rng.choice(["origin", "voice", "budget", "act"]))
    partners = {f"p{number}": str(rng.choice(["AT", "IT", "SK"])) for number in range(6)}
    codes = [choice.name for choice in BOOK.options(variable)]
    weights = rng.dirichlet(np.full(len(codes), 0.7))
    answers: dict[str, list[Any]] = {
        partner: rng.integers(0, 2, size).tolist() if variable == "act" else rng.choice(codes, size, p=weights).tolist()
        for partner, size in zip(partners, rng.integers(1, 13, 6), strict=True)
    }
    audiences = [
        Release("public"),
        Release("public", publish=set(partners)),
        Release("partner", partner="p2"),
        Release("public", publish={"p0", "p1"}),
    ]
    return variable, partners, tabulate(variable, answers, partners), audiences[rng.integers(4)]


def count_narrow(seed: int) -> tuple[int, int]:
    """How many small counts that are not shown have fewer than three values left; how many there are."""
    variable, partners, table, release = invent(seed)
    frame = protect_estimates(table, BOOK, release).frame
    shown = frame[frame["statistic"].isin(["share", "share_top2"]) & frame["mark"].ne("hidden")]
    counts = table[table["statistic"].isin(["share", "share_top2"])]
    small = counts[counts["k"].between(1, 2) | (counts["n"] - counts["k"]).between(1, 2)]
    small = small[~pd.MultiIndex.from_frame(small[PLACE]).isin(pd.MultiIndex.from_frame(shown[PLACE]))]
    size = counts[counts["partner"].ne("")].groupby("partner")["n"].max().reindex(list(partners)).fillna(0).to_numpy()
    told = [write_equation(row, variable, partners) for row in shown.itertuples()] + bases(variable, partners)
    totals = [*shown["k"], *(size if variable != "act" else [])]
    asked = [write_equation(row, variable, partners) for row in small.itertuples()]
    if not asked:
        return 0, 0
    upper = np.repeat(size.astype(float), len(BOOK.options(variable)))
    known = np.array(told or [np.zeros(len(upper))])
    ends = bound_sums(known, np.array(totals or [0.0], dtype=float), np.array(asked), upper)
    needed = np.minimum(THRESHOLD, small["n"].to_numpy())
    return int((ends[:, 1] - ends[:, 0] < needed - 1e-6).sum()), len(small)


@pytest.mark.parametrize("seed", range(30))
def test_no_small_count_of_a_random_study_is_narrowed_down(seed: int) -> None:
    assert count_narrow(seed)[0] == 0


def test_random_studies_have_small_counts() -> None:
    assert sum(count_narrow(seed)[1] for seed in range(10)) > 100


@pytest.mark.slow
def test_nor_of_a_thousand() -> None:
    found = np.array([count_narrow(seed) for seed in range(1000)])
    assert np.flatnonzero(found[:, 0]).tolist() == []
