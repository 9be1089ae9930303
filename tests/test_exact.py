"""Counted tests against published numbers and against counting by brute force.

Oracles of the same family that are not run, because their data are not at hand: ASAT and rotarod of
exactRankTests, jobsatisfaction of coin (Cochran-Mantel-Haenszel).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, stats

from cncb_analysis.statistics.exact import fisher_freeman_halton, friedman_permutation
from cncb_analysis.statistics.intervals import paired_difference_interval
from cncb_analysis.statistics.permutation import benjamini_hochberg, fisher_permutation, kruskal_permutation, permanova
from tests.test_statistics import JOB_SATISFACTION, THROMBOLYSIS, as_units

# Friendly, vcd: visits to mental patients by length of stay.
HOSPITAL = [[43, 16, 3], [6, 11, 10], [9, 18, 16]]
# Hollander and Wolfe (1973), p. 140, from the help page of R's friedman.test: three ways to round first base.
ROUNDING_TIMES = np.array([
    [5.40, 5.50, 5.55], [5.85, 5.70, 5.75], [5.20, 5.60, 5.50], [5.55, 5.50, 5.40], [5.90, 5.85, 5.70],
    [5.45, 5.55, 5.60], [5.40, 5.40, 5.35], [5.45, 5.50, 5.35], [5.25, 5.15, 5.00], [5.85, 5.80, 5.70],
    [5.25, 5.20, 5.10], [5.65, 5.55, 5.45], [5.60, 5.35, 5.45], [5.05, 5.00, 4.95], [5.50, 5.50, 5.40],
    [5.45, 5.55, 5.50], [5.55, 5.55, 5.35], [5.45, 5.50, 5.55], [5.50, 5.45, 5.25], [5.65, 5.60, 5.40],
    [5.70, 5.65, 5.55], [6.30, 6.30, 6.25],
])  # fmt: skip
MANY = 20_000_000


@pytest.fixture
def rng():
    return np.random.default_rng(20110711)


class TestFisher:
    @pytest.mark.parametrize(
        ("table", "p"),
        [
            (JOB_SATISFACTION, 0.782684939),  # R fisher.test, Agresti (1990)
            (np.transpose(JOB_SATISFACTION), 0.782684939),
            (HOSPITAL, 9.26415168e-08),  # R fisher.test
            ([[3, 1], [1, 3]], 0.4857142857),  # tea tasting, two-sided: twice 0.2428571429
            ([[5, 0, 0], [0, 4, 0], [0, 0, 3]], 1 / 27720),  # by hand: 5! 4! 3! / 12!
        ],
    )
    def test_published(self, table, p):
        found = fisher_freeman_halton(table, most=MANY)
        assert found is not None
        assert found[0] == pytest.approx(p, rel=1e-8)

    @pytest.mark.parametrize("shape", [(2, 2), (2, 4), (3, 3), (4, 2)])
    def test_as_every_arrangement(self, rng, shape):
        for _ in range(5):
            table = rng.integers(0, 3, shape)
            values, groups = as_units(table)
            values = values[:9]
            groups = groups[:9]
            sizes = [np.count_nonzero(groups == g) for g in np.unique(groups)]
            cuts = np.cumsum(sizes)[:-1]

            def count(order, cuts=cuts):
                return np.array([np.bincount(part, minlength=shape[1]) for part in np.split(np.array(order), cuts)])

            def weigh(counts):
                return math.prod(math.factorial(cell) for cell in counts.ravel().tolist())

            weights = np.array([weigh(count(order)) for order in set(itertools.permutations(values.tolist()))])
            found = fisher_freeman_halton(count(values))
            assert found is not None
            assert found[0] == pytest.approx((weights >= weigh(count(values))).mean())
            assert found[1] == pytest.approx((weights == weights.max()).mean())

    def test_as_scipy_for_two_by_two(self, rng):
        for table in rng.integers(0, 8, (60, 2, 2)):
            found = fisher_freeman_halton(table)
            assert found is not None
            assert found[0] == pytest.approx(stats.fisher_exact(table).pvalue)

    def test_too_many_tables_are_drawn_instead(self, rng):
        assert fisher_freeman_halton(JOB_SATISFACTION, most=1000) is None
        values, groups = as_units(JOB_SATISFACTION)
        found = fisher_permutation(values, groups, rng=rng, permutations=4999)
        assert abs(found.p[0] - 0.782684939) < 4 * found.p_error[0]
        assert (found.exact[0], found.arrangements[0]) == (False, 5000)
        counted = fisher_freeman_halton(JOB_SATISFACTION, most=MANY)
        assert counted is not None
        assert found.statistic[0] == pytest.approx(counted[2])

    def test_items_are_counted_or_drawn_each_on_its_own(self, rng):
        groups = np.repeat(np.arange(7), [9, 9, 11, 28, 24, 6, 10])
        items = np.stack([rng.integers(0, size, len(groups)) for size in (2, 5, 2)])
        found = fisher_permutation(items, groups, rng=np.random.default_rng(1), permutations=199)
        assert found.exact.tolist() == [True, False, True]
        assert (found.p_error > 0).tolist() == [False, True, False]
        alone = fisher_permutation(items[1], groups, rng=np.random.default_rng(1), permutations=199)
        assert alone.p[0] == found.p[1]


class TestFriedman:
    def test_published(self, rng):
        found = friedman_permutation(ROUNDING_TIMES, rng=rng)
        assert found["statistic"] == pytest.approx(11.142857, abs=1e-6)  # R friedman.test
        assert found["w"] == pytest.approx(0.2532467532, abs=1e-10)
        assert found["p_error"] == found["arrangements"] == 0
        # R's p 0.003805 is asymptotic; two other ways to the exact one agree with ours.
        drawn = stats.permutation_test(
            tuple(ROUNDING_TIMES.T), lambda *items, axis: stats.friedmanchisquare(*items, axis=axis).statistic,
            permutation_type="samples", vectorized=True, axis=0, alternative="greater", n_resamples=4999,
            random_state=rng,
        )  # fmt: skip
        assert abs(drawn.pvalue - found["p"]) < 4 * math.sqrt(found["p"] * (1 - found["p"]) / 5000) + 1e-4

    def test_as_every_arrangement(self, rng):
        for _ in range(6):
            scores = rng.integers(1, 4, (4, 3))
            if (scores == scores[:, :1]).all():
                continue
            ranks = stats.rankdata(scores, axis=1)
            spreads = [
                ((np.sum(rows, axis=0) - 8) ** 2).sum()
                for rows in itertools.product(*(list(itertools.permutations(row)) for row in ranks.tolist()))
            ]
            observed = ((ranks.sum(axis=0) - 8) ** 2).sum()
            found = friedman_permutation(scores, rng=rng)
            assert found["p"] == pytest.approx(np.mean(np.array(spreads) >= observed - 1e-9))
            assert found["p_attainable"] == pytest.approx(np.mean(np.array(spreads) >= max(spreads) - 1e-9))

    def test_drawn_agrees_with_counted(self, rng, monkeypatch):
        counted = friedman_permutation(ROUNDING_TIMES[:9], rng=rng)
        monkeypatch.setattr("cncb_analysis.statistics.exact._COUNTABLE", 1)
        drawn = friedman_permutation(ROUNDING_TIMES[:9], rng=rng)
        assert drawn["arrangements"] == 10_000
        assert abs(drawn["p"] - counted["p"]) < 4 * drawn["p_error"]

    def test_without_meaning(self, rng):
        assert np.isnan(friedman_permutation([[1, 2, 3]], rng=rng)["p"])
        assert np.isnan(friedman_permutation([[1, 1], [2, 2]], rng=rng)["p"])


class TestWholes:
    def test_r2_by_hand(self, rng):
        # Centres (0, 0) and (2, 0), the whole (1, 0): 4 * 1 between, 4 * 1/4 within.
        found = permanova([[0, 0.5], [0, -0.5], [2, 0.5], [2, -0.5]], ["a", "a", "b", "b"], rng=rng)
        assert found.statistic[0] == pytest.approx(0.8)
        assert found.p[0] == pytest.approx(1 / 3)

    def test_one_part_is_kruskal_on_its_ranks(self, rng):
        values, groups = rng.integers(1, 5, 14), np.repeat(["a", "b", "c"], [4, 5, 5])
        one = permanova(stats.rankdata(values)[:, None], groups, rng=rng)
        other = kruskal_permutation(values, groups, rng=rng)
        assert one.p == pytest.approx(other.p)
        assert one.statistic * 13 == pytest.approx(other.statistic)

    def test_no_spread(self, rng):
        found = permanova([[0.5, 0.5]] * 8, list("aaaabbbb"), rng=rng)
        assert (found.statistic[0], found.p[0]) == (0, 1)


class TestPaired:
    @pytest.mark.parametrize(("more", "less", "n"), [(12, 2, 44), (0, 0, 9), (10, 0, 10), (3, 5, 9), (0, 7, 12)])
    @pytest.mark.parametrize("level", [0.90, 0.95])
    def test_limits_solve_the_score_equation(self, more, less, n, level):
        """An independent way: the likelihood under each difference maximised numerically."""
        z = stats.norm.ppf((1 + level) / 2)

        def score(t):
            tied = n - more - less

            def unlikely(q):
                parts = ((more, q + t), (less, q), (tied, 1 - 2 * q - t))
                return -sum(k * np.log(max(share, 1e-300)) for k, share in parts if k)

            low, high = max(0.0, -t), (1 - t) / 2
            q = optimize.minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
            return abs(more - less - n * t) - z * np.sqrt(n * (2 * q + t * (1 - t)))

        for limit, out in zip(paired_difference_interval(more, less, n, level=level), (-1, 1), strict=True):
            if abs(limit) < 1 - 1e-9:
                assert score(limit) == pytest.approx(0, abs=1e-3)
                assert score(limit + 0.02 * out) > 0 or abs(limit + 0.02 * out) >= 1

    def test_all_on_one_side_by_hand(self):
        # With none lower and no ties the equation is n(1 - t) = z²(1 + t).
        z2 = stats.norm.ppf(0.95) ** 2
        low, high = paired_difference_interval(8, 0, 8, level=0.9)
        assert (low, high) == (pytest.approx((8 - z2) / (8 + z2)), 1)


def test_benjamini_and_hochberg_s_own_example():
    # Section 3.2: four of fifteen stand. R p.adjust: .0015 .003 .0095 .035625 .0603.
    adjusted = benjamini_hochberg([*THROMBOLYSIS, np.nan])
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])
    assert np.isnan(adjusted[-1])
    assert np.isnan(benjamini_hochberg([np.nan])).all()
