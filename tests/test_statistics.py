"""Every statistic against numbers that somebody else computed; the source stands beside each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cncb_analysis.statistics.agreement import borda_scores, cliffs_delta, kendall_w, measure_agreement
from cncb_analysis.statistics.intervals import (
    cliffs_delta_interval,
    hypergeometric_interval,
    mean_interval,
    median_rank,
    share_difference_interval,
    wilson_interval,
)
from cncb_analysis.statistics.permutation import fisher_permutation, holm, kruskal_permutation

BALLOTS = Path(__file__).parents[2] / "shared" / "real" / "ballots"

# Hollander and Wolfe, Nonparametric Statistical Methods: mucociliary efficiency of three groups.
MUCOCILIARY = [2.9, 3.0, 2.5, 2.6, 3.2, 3.8, 2.7, 4.0, 2.4, 2.8, 3.4, 3.7, 2.2, 2.0]
LUNGS = ["normal"] * 5 + ["obstructive"] * 4 + ["asbestosis"] * 5
# Agresti (1990), job satisfaction by income, from the help page of R's fisher.test.
JOB_SATISFACTION = [[1, 2, 1, 0], [3, 3, 6, 1], [10, 10, 14, 9], [6, 7, 12, 11]]
# Krippendorff's reliability data "C": four coders, twelve units.
NAN = float("nan")
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
# R irr, data set anxiety: twenty subjects rated by three raters.
ANXIETY = [
    [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
    [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
    [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
]
# Critchlow and Fligner (1991): 32 judges rank four salad dressings.
SALADS = {
    **{(4, 1, 2, 3): 11, (4, 1, 3, 2): 6, (4, 2, 1, 3): 3, (1, 2, 3, 4): 2, (2, 1, 4, 3): 2, (3, 1, 2, 4): 2},
    **{(2, 1, 3, 4): 1, (2, 3, 1, 4): 1, (3, 1, 4, 2): 1, (3, 4, 2, 1): 1, (4, 3, 1, 2): 1, (4, 3, 2, 1): 1},
}
# Benjamini and Hochberg (1995), section 3.2: fifteen p-values of thrombolysis end points.
THROMBOLYSIS = [
    *[0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344],
    *[0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000],
]


# Fleiss (1971): how many of six psychiatrists gave each of thirty patients each of five diagnoses.
PATIENTS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)
DIAGNOSES = np.array([np.repeat(np.arange(5), [int(count) for count in told]) for told in PATIENTS.split()]).T


@pytest.fixture
def rng():
    return np.random.default_rng(20110711)


def as_units(table):
    """Answers and groups of the units behind a table of groups by answers."""
    counts = np.array(table)
    group, answer = np.indices(counts.shape)
    return np.repeat(answer.ravel(), counts.ravel()), np.repeat(group.ravel(), counts.ravel())


# R irrCAC, data cont3x3abstractors: one hundred units by two abstractors.
ABSTRACTORS = as_units([[13, 0, 0], [0, 20, 7], [0, 4, 56]])


class TestShares:
    @pytest.mark.parametrize(
        ("k", "n", "wilson"),
        [
            # R prop.test(correct = FALSE); 81/263 is Newcombe's (1998) own example.
            (81, 263, (0.2552885, 0.3662096)),
            (3, 9, (0.1205838, 0.6457979)),
            (0, 12, (0.0, 0.2424940)),
            (7, 7, (0.6456696, 1.0)),
        ],
    )
    def test_oracles(self, k, n, wilson):
        assert wilson_interval(k, n) == pytest.approx(wilson, abs=1e-7)

    def test_hypergeometric_by_enumeration(self):
        low, high = hypergeometric_interval([3, 0, 6], [12, 12, 12], [30, 30, 12])
        assert low.tolist() == pytest.approx([0.1, 0.0, 0.5])
        assert high.tolist() == pytest.approx([0.5, 0.2, 0.5])  # a census has no width

    def test_more_answers_than_frame(self):
        with pytest.raises(ValueError, match="frame"):
            hypergeometric_interval(3, 12, 11)

    def test_impossible_count(self):
        with pytest.raises(ValueError, match="base"):
            wilson_interval(4, 3)

    def test_empty_base_is_not_a_number(self):
        assert np.isnan(wilson_interval(0, 0)).all()
        assert np.isnan(hypergeometric_interval(0, 0, 5)).all()

    @given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(n, 120))))
    @settings(max_examples=150, deadline=None)
    def test_intervals_hold_the_estimate(self, counts):
        k, n, frame = counts
        for low, high in (wilson_interval(k, n), hypergeometric_interval(k, n, frame)):
            assert 0 <= low <= k / n + 1e-12
            assert k / n - 1e-12 <= high <= 1
        (low, high), (narrow_low, narrow_high) = wilson_interval(k, n), wilson_interval(k, n, level=0.9)
        assert high - low > narrow_high - narrow_low

    @pytest.mark.parametrize(
        ("first", "second", "limits"),
        [  # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10
            ((56, 70), (48, 80), (0.0524, 0.3339)),
            ((9, 10), (3, 10), (0.1705, 0.8090)),
            ((10, 10), (0, 10), (0.6075, 1.0)),
        ],
    )
    def test_difference(self, first, second, limits):
        assert share_difference_interval(first, second) == pytest.approx(limits, abs=5e-5)


class TestMeansAndMedians:
    def test_student(self):
        # R: t.test(c(2, 3, 3, 4, 5, 7))$conf.int
        values = np.array([2, 3, 3, 4, 5, 7])
        from scipy import stats

        expected = stats.ttest_1samp(values, 0).confidence_interval()
        found = mean_interval(values.mean(), values.std(ddof=1), 6)
        assert found == pytest.approx((expected.low, expected.high))

    def test_finite_frame(self):
        # R survey, help(svymean): apisrs enroll, n 200 of 6194, mean 584.61, SE 27.36837 (27.82121 without the factor).
        sd = 27.82121 * np.sqrt(200)
        low, high = mean_interval(584.61, sd, 200, frame=6194)
        wide_low, wide_high = mean_interval(584.61, sd, 200)
        assert (high - low) / (wide_high - wide_low) == pytest.approx(27.36837 / 27.82121, rel=1e-6)

    def test_census_and_no_spread(self):
        assert mean_interval(4.0, 1.0, 9, frame=9) == (4.0, 4.0)
        assert np.isnan(mean_interval(4.0, 0.0, 9)).all()
        assert np.isnan(mean_interval(4.0, np.nan, 1)).all()

    def test_median_ranks(self):
        # Tables of the sign test, two-sided 5 %: n 6 -> 1, 9 -> 2, 12 -> 3, 15 -> 4, 17 -> 5; none below 6.
        assert median_rank([1, 5, 6, 8, 9, 11, 12, 15, 17]).tolist() == [0, 0, 1, 1, 2, 2, 3, 4, 5]


class TestPermutation:
    def test_kruskal_exact(self, rng):
        # Hollander and Wolfe; all 252,252 arrangements, R coin agrees (0.71043 approximate).
        found = kruskal_permutation(MUCOCILIARY, LUNGS, rng=rng)
        assert found.exact
        assert found.arrangements == 252_252
        assert found.statistic == pytest.approx(0.77142857, abs=1e-8)
        assert found.p == pytest.approx(0.7107733536, abs=1e-10)
        assert found.p_error == 0

    def test_two_groups_with_ties(self, rng):
        # R coin::wilcox_test, exact: 0.0793650794; scipy's method="exact" ignores ties and says 0.0556.
        found = kruskal_permutation([3, 4, 4, 5, 5, 2, 3, 3, 4, 2], list("aaaaabbbbb"), rng=rng)
        assert found.p == pytest.approx(0.0793650794, abs=1e-10)

    def test_smallest_p_at_five_against_five(self, rng):
        found = kruskal_permutation(range(10), list("aaaaabbbbb"), rng=rng)
        assert found.p == found.p_attainable == pytest.approx(2 / 252)

    def test_statistics_are_the_known_ones(self, rng):
        from scipy import stats

        values, groups = as_units(JOB_SATISFACTION)
        found = kruskal_permutation(values, groups, rng=rng, permutations=9)
        assert found.statistic == pytest.approx(stats.kruskal(*[values[groups == g] for g in range(4)]).statistic)

    def test_random_agrees_with_all(self, rng, monkeypatch):
        exact = kruskal_permutation(MUCOCILIARY, LUNGS, rng=rng)
        monkeypatch.setattr("cncb_analysis.statistics.permutation._COUNTABLE", 10)
        found = kruskal_permutation(MUCOCILIARY, LUNGS, rng=rng, permutations=9999)
        assert not found.exact
        assert found.arrangements == 10_000
        assert abs(found.p - exact.p) < 4 * found.p_error

    def test_no_spread(self, rng):
        for test, statistic in ((kruskal_permutation, 0), (fisher_permutation, 1)):
            found = test([3] * 8, list("aaaabbbb"), rng=rng)
            assert (found.statistic, found.p, found.p_attainable) == (pytest.approx(statistic, abs=1e-9), 1, 1)

    def test_items_share_arrangements(self):
        matrix = np.array([MUCOCILIARY, MUCOCILIARY[::-1]] * 2)
        groups = np.array(LUNGS * 1)
        together = kruskal_permutation(matrix, groups, rng=np.random.default_rng(5))
        alone = kruskal_permutation(matrix[1], groups, rng=np.random.default_rng(5))
        assert together.p.shape == (4,)
        assert together.p[1] == together.p[3] == alone.p[0]

    @pytest.mark.parametrize("test", [kruskal_permutation, fisher_permutation])
    def test_null_rejects_at_most_its_level(self, rng, test):
        groups = np.repeat(np.arange(4), [5, 6, 9, 12])
        values = rng.integers(1, 6, size=(600, 32))  # five answers: many ties
        p = test(values, groups, rng=rng, permutations=499).p
        for level in (0.05, 0.2, 0.5):
            assert (p <= level).mean() <= level + 4 * np.sqrt(level * (1 - level) / 600)
        assert (p <= 0.5).mean() > 0.4

    def test_memory_is_bounded(self, rng, monkeypatch):
        monkeypatch.setattr("cncb_analysis.statistics.permutation._BLOCK", 100)
        found = kruskal_permutation(np.arange(40) % 7, np.arange(40) % 3, rng=rng, permutations=50)
        assert found.arrangements == 51


class TestAdjustment:
    def test_holm_by_hand(self):
        assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])

    def test_thrombolysis(self):
        # Benjamini and Hochberg (1995), section 3.2: with the family-wise rate held, three of fifteen stand.
        assert (holm(THROMBOLYSIS) <= 0.05).sum() == 3

    def test_tests_not_made_do_not_count(self):
        with_gap = holm([0.01, NAN, 0.03])
        assert np.isnan(with_gap[1])
        assert with_gap[[0, 2]] == pytest.approx(holm([0.01, 0.03]))


class TestAgreement:
    @pytest.mark.parametrize(
        ("ratings", "measure", "level", "printed"),
        [
            # Krippendorff (2011); nominal 0.74342 and percent 0.81818 as printed in the README of irrCAC.
            (KRIPPENDORFF, "alpha", "nominal", 0.7434),
            (KRIPPENDORFF, "alpha", "ordinal", 0.8154),
            (KRIPPENDORFF, "alpha", "interval", 0.8491),
            (KRIPPENDORFF, "agreement", "nominal", 0.81818),
            # irrCAC, data cont3x3abstractors; kappa also by R psych.
            (ABSTRACTORS, "kappa", "nominal", 0.7964094),
            (ABSTRACTORS, "alpha", "nominal", 0.7972585),
            # irrCAC, data distrib.6raters: the first fifteen of Fleiss (1971); all thirty: irrCAC, krippendorff.
            (DIAGNOSES[:, :15], "alpha", "nominal", 0.4204384),
            (DIAGNOSES, "alpha", "nominal", 0.433410),
            # R psych::cohen.kappa, raters 1 and 2 of anxiety: plain, and with quadratic weights.
            (ANXIETY[:2], "kappa", "nominal", 0.1194969),
            (ANXIETY[:2], "kappa", "interval", 0.2967651),
        ],
    )
    def test_as_printed(self, ratings, measure, level, printed, rng):
        digits = len(str(printed)) - 2
        assert round(measure_agreement(ratings, measure, level=level, rng=rng)[0], digits) == printed

    def test_bootstrap_draws_units(self, rng):
        # irrCAC on the diagnoses: 0.323-0.544 by its formula, 0.320-0.529 by 2000 draws of units.
        _, low, high, undefined, reason = measure_agreement(DIAGNOSES, "alpha", rng=rng)
        assert (low, high) == (pytest.approx(0.320, abs=0.01), pytest.approx(0.529, abs=0.01))
        assert (undefined, reason) == (0, "")

    def test_columns_of_one_unit_are_drawn_together(self, rng):
        # Every unit told three times carries no more than told once.
        thrice, units = np.tile(ABSTRACTORS, 3), np.tile(np.arange(100), 3)
        alone, together, apart = (
            np.subtract(*measure_agreement(ratings, "agreement", rng=rng, units=names)[2:0:-1])
            for ratings, names in ((ABSTRACTORS, None), (thrice, units), (thrice, None))
        )
        assert together == pytest.approx(alone, rel=0.1)
        assert apart == pytest.approx(alone / np.sqrt(3), rel=0.15)

    def test_replicates_without_meaning_are_counted(self, rng):
        # The one unit that differs is drawn with probability 1 - (2/3)**3 in three: else one category alone.
        _, _, _, undefined, _ = measure_agreement([[1, 1, 1], [1, 1, 2]], "alpha", rng=rng)
        assert undefined / 2000 == pytest.approx((2 / 3) ** 3, abs=0.04)

    @pytest.mark.parametrize("measure", ["kappa", "alpha"])
    @pytest.mark.parametrize(
        ("ratings", "reason"),
        [
            ([[1, 1, 1], [1, 1, 1]], "one_category"),
            ([[1, NAN], [NAN, 2]], "no_overlap"),
            ([[1, 2, 2], [NAN, NAN, NAN]], "one_coder"),
            (np.empty((2, 0)), "one_coder"),
        ],
    )
    def test_no_number_has_a_reason(self, ratings, reason, measure, rng):
        *numbers, undefined, said = measure_agreement(ratings, measure, rng=rng)
        assert np.isnan(numbers).all()
        assert (undefined, said) == (0, reason)

    def test_percent_of_one_category_is_full(self, rng):
        assert measure_agreement([[1, 1], [1, 1]], "agreement", rng=rng) == (1, 1, 1, 0, "")

    def test_kendall_corrects_ties(self, rng):
        # R irr::kendall(anxiety, correct = TRUE): W 0.5396569, chi-square 30.76044 (uncorrected W 0.5019215).
        w, p = kendall_w(ANXIETY, rng=rng, permutations=999)
        assert w == pytest.approx(0.5396569, abs=1e-7)
        assert w * 3 * 19 == pytest.approx(30.76044, abs=1e-5)
        assert 0.001 <= p < 0.05

    def test_kendall_of_salads(self, rng):
        ranks = np.repeat(np.array(list(SALADS)), list(SALADS.values()), axis=0)
        assert kendall_w(ranks, rng=rng, permutations=99)[0] == pytest.approx(0.428125)
        # Points are n - mean rank, times the judges: mean ranks 3.4375 1.4375 2.3125 2.8125.
        assert borda_scores(ranks).tolist() == [18, 82, 54, 38]

    def test_kendall_without_meaning(self, rng):
        assert np.isnan(kendall_w([[1, 2, 3]], rng=rng)[0])
        assert np.isnan(kendall_w([[1, 1], [2, 2]], rng=rng)[0])

    def test_kendall_null(self, rng):
        p = [kendall_w(rng.random((4, 5)), rng=rng, permutations=199)[1] for _ in range(200)]
        assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.07)

    def test_shirt_ballots(self, rng):
        # PrefLib 00012: Borda of TSP 231, Graph Coloring 220, Australia 205, VRP 179; W 0.31764, chi-square 95.2909.
        file = BALLOTS / "shirt.soc"
        if not file.exists():
            pytest.skip("real ballots not at hand")
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        ranks = np.array([np.argsort([int(item) for item in line.split(": ")[1].split(",")]) + 1 for line in lines])
        assert borda_scores(ranks).tolist() == [205, 119, 168, 70, 107, 220, 92, 164, 95, 231, 179]
        assert kendall_w(ranks, rng=rng, permutations=99)[0] * 300 == pytest.approx(95.2909, abs=1e-4)

    def test_borda_ties_gaps_and_abstentions(self):
        assert borda_scores([[1, 2, 4]]).tolist() == borda_scores([[1, 2, 3]]).tolist() == [2, 1, 0]
        assert borda_scores([[1, 1, 2]]).tolist() == [1.5, 1.5, 0]
        assert borda_scores([[NAN, NAN, NAN], [1, NAN, NAN]]).tolist() == [2, 0.5, 0.5]

    @given(st.lists(st.permutations(range(5)), min_size=1, max_size=6))
    @settings(max_examples=50, deadline=None)
    def test_borda_shares_out_all_points(self, sheets):
        assert borda_scores(np.array(sheets) + 1).sum() == len(sheets) * 10


class TestDominance:
    def test_cliff(self):
        # R effsize, help(cliff.delta): -0.25.
        treatment, control = [10, 10, 20, 20, 20, 30, 30, 30, 40, 50], [10, 20, 30, 40, 40, 50]
        assert cliffs_delta(treatment, control) == pytest.approx(-0.25)
        assert cliffs_delta([3, 4, 4, 5, 5], [2, 3, 3, 4, 2]) == pytest.approx(0.76)
        assert np.isnan(cliffs_delta([], [1]))

    def test_score_interval(self):
        # R SingleCaseES::NAP on 6 and 7 values with A = 0.9166667: 0.5973406-0.9860176 (root finding to 1e-4).
        low, high = cliffs_delta_interval(2 * 0.9166667 - 1, 6, 7)
        assert ((low + 1) / 2, (high + 1) / 2) == pytest.approx((0.5973406, 0.9860176), abs=1e-4)

    def test_complete_separation_keeps_a_width(self):
        low, high = cliffs_delta_interval([1.0, -1.0], 5, 5)
        assert high[0] == 1
        assert low[1] == -1
        assert 0 < low[0] < 0.5
        assert high[1] == pytest.approx(-low[0])

    def test_score_interval_covers(self, rng):
        # Two five-point distributions with ties, 9 against 12 answers.
        first, second = [0.1, 0.2, 0.3, 0.25, 0.15], [0.2, 0.25, 0.25, 0.2, 0.1]
        points = np.arange(5)
        truth = (np.sign(np.subtract.outer(points, points)) * np.outer(first, second)).sum()
        drawn = [cliffs_delta(rng.choice(points, 9, p=first), rng.choice(points, 12, p=second)) for _ in range(1000)]
        low, high = cliffs_delta_interval(drawn, 9, 12)
        assert ((low <= truth) & (truth <= high)).mean() >= 0.93
