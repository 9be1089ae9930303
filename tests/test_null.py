"""Where countries do not differ, few questions may be said to differ; and how often intervals hold the truth.

Seeded here, ten times as long in make soak. docs/comparison.md prints what sixty studies a kind gave.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.comparison import Rules, compare_countries, compare_pairs, compare_ratings
from cncb_analysis.statistics.intervals import (
    cliffs_delta_interval,
    paired_difference_interval,
    share_difference_interval,
)

# Partners of the study have 5 to 28 answers a country.
SIZES = {"AT": 9, "CZ": 9, "HU": 11, "IT": 28, "PL": 24, "SI": 6, "SK": 10}
COUNTRIES = np.repeat(list(SIZES), list(SIZES.values()))
UNITS = np.array([f"{country}-{place:02d}" for place, country in enumerate(COUNTRIES)])
CODES = ("one", "two", "three", "four")
LISTS = {
    "rating": tuple(Choice("rating", str(order), order=order) for order in range(1, 6)),
    "kind": tuple(Choice("kind", code) for code in CODES),
}
TRIALS = [25, pytest.param(250, marks=pytest.mark.slow)]


def observe(name: str, values: np.ndarray, option: object = "") -> pd.DataFrame:
    rows = {"step": "questionnaire", "country": COUNTRIES, "unit": UNITS, "variable": name, "option": option}
    return pd.DataFrame({**rows, "occasion": "", "value": values, "missing": ""})


def draw_single(name: str, rng: np.random.Generator) -> pd.DataFrame:
    return observe(name, np.ones(len(UNITS)), rng.choice(CODES, len(UNITS), p=[0.5, 0.3, 0.15, 0.05]))


def draw_multiple(name: str, rng: np.random.Generator) -> pd.DataFrame:
    return pd.concat(
        [
            observe(name, rng.random(len(UNITS)) < share, code)
            for code, share in zip(CODES, (0.1, 0.3, 0.5, 0.8), strict=True)
        ]
    )


def draw_rank(name: str, rng: np.random.Generator) -> pd.DataFrame:
    orders = rng.permuted(np.tile([1.0, 2.0, 3.0, np.nan], (len(UNITS), 1)), axis=1)
    return pd.concat([observe(name, orders[:, place], code) for place, code in enumerate(CODES)])


def draw_allocation(name: str, rng: np.random.Generator) -> pd.DataFrame:
    parts = rng.dirichlet([1.0, 0.5, 0.3, 0.2], len(UNITS)).round(1) * 100  # many zeros, many ties
    return pd.concat([observe(f"{name}_{place}", parts[:, place]) for place in range(4)])


def draw_ratings(name: str, rng: np.random.Generator) -> pd.DataFrame:
    rows = [observe(f"{name}_{place}", rng.integers(1, 6, len(UNITS))) for place in range(4)]
    return pd.concat(rows)


KINDS: dict[str, tuple[Callable[[str, np.random.Generator], pd.DataFrame], list[Variable]]] = {
    "single": (draw_single, [Variable("q", "single", "kind")]),
    "multiple": (draw_multiple, [Variable("q", "multiple", "kind")]),
    "rank": (draw_rank, [Variable("q", "rank", "kind")]),
    "allocation": (draw_allocation, [Variable(f"q_{i}", "allocation", battery="q", item=str(i)) for i in range(4)]),
    "ordinal": (draw_ratings, [Variable(f"q_{i}", "ordinal", "rating", battery="q", item=str(i)) for i in range(4)]),
    "number": (
        lambda name, rng: observe(name, rng.lognormal(0.5, 0.8, len(UNITS)).round()), [Variable("q", "number")],
    ),
}  # fmt: skip


def hold(rejected: np.ndarray, level: float = 0.05) -> None:
    """At most the level, within three standard errors of so many trials."""
    assert rejected.mean() <= level + 3 * np.sqrt(level * (1 - level) / len(rejected))


@pytest.mark.parametrize("trials", TRIALS)
@pytest.mark.parametrize("kind", KINDS)
def test_equal_countries_differ_in_at_most_five_percent_of_families(kind: str, trials: int) -> None:
    draw, variables = KINDS[kind]
    book, rng = Codebook({variable.name: variable for variable in variables}, LISTS), np.random.default_rng(20110711)
    tables = [
        compare_countries(draw("q", rng), book, rng=rng, rules=Rules(permutations=499)).assign(trial=trial)
        for trial in range(trials)
    ]
    table = pd.concat(tables)
    hold((table.groupby(["trial", "family"])["p_adjusted"].min() < 0.05).to_numpy())
    for _, tests in table.groupby("test"):
        hold((tests["p"] <= 0.05).to_numpy())
    assert (table["p"] > 0.5).mean() > 0.2  # a test that never rejects would pass the lines above


@pytest.mark.parametrize("trials", TRIALS)
def test_equal_items_of_a_battery_differ_in_at_most_five_percent(trials: int) -> None:
    draw, variables = KINDS["ordinal"]
    book, rng = Codebook({variable.name: variable for variable in variables}, LISTS), np.random.default_rng(1)
    rules = Rules(permutations=499)
    p = [compare_ratings(draw("q", rng), book, rng=rng, rules=rules)["p"].iloc[0] for _ in range(4 * trials)]
    hold(np.array(p) <= 0.05)


@pytest.mark.parametrize("trials", TRIALS)
def test_equal_pairs_beside_one_country_that_differs(trials: int) -> None:
    """Italy lies apart; of the pairs without it at most five percent of trials may name one."""
    book, rng = Codebook({"q": Variable("q", "number")}, {}), np.random.default_rng(2)
    wrong = []
    for _ in range(2 * trials):
        rows = observe("q", rng.integers(0, 4, len(UNITS)) + 2.0 * (COUNTRIES == "IT"))
        found = compare_countries(rows, book, rng=rng, rules=Rules(permutations=499))
        pairs = compare_pairs(rows, book, found, rng=rng, rules=Rules(permutations=499))
        others = pairs[~pairs["groups"].str.contains("IT")]
        wrong.append((others["verdict"] == "differs").any())
    hold(np.array(wrong))


@pytest.mark.parametrize("trials", [400, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("n", "m"), [(5, 5), (5, 28), (9, 11), (28, 24)])
def test_intervals_hold_the_truth_in_nine_of_ten(n: int, m: int, trials: int) -> None:
    rng = np.random.default_rng([20110711, n, m])
    held = []
    for p, q in ((0.5, 0.5), (0.2, 0.6), (0.05, 0.9)):
        counts = (rng.binomial(n, p, trials), n), (rng.binomial(m, q, trials), m)
        low, high = share_difference_interval(*counts, level=0.9)
        held.append(np.mean((low <= p - q) & (p - q <= high)))
    chances = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    for shift in (0, 2):
        first, second = (rng.choice(5, (trials, size), p=chances) + lift for size, lift in ((n, 0), (m, shift)))
        delta = np.sign(first[:, :, None] - second[:, None, :]).mean(axis=(1, 2))
        grid = np.sign(np.subtract.outer(np.arange(5), np.arange(5) + shift))
        truth = float(chances @ grid @ chances)
        low, high = cliffs_delta_interval(delta, n, m, level=0.9)
        held.append(np.mean((low <= truth) & (truth <= high)))
    for more, less in ((0.3, 0.3), (0.6, 0.1), (0.9, 0.02)):
        pairs = rng.multinomial(n, [more, less, 1 - more - less], trials).T
        low, high = paired_difference_interval(pairs[0], pairs[1], n, level=0.9)
        held.append(np.mean((low <= more - less) & (more - less <= high)))
    # Discrete data keep no level to the point: none falls below nine in ten by more than six in a hundred.
    assert min(held) > 0.84 - 3 * np.sqrt(0.16 * 0.84 / trials), np.round(held, 3)
    assert np.mean(held) > 0.89 - 3 * np.sqrt(0.1 * 0.9 / trials / len(held)), np.round(held, 3)
