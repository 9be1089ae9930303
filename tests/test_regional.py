"""Specialisation of regions: quotients with interval and exact test, standardised quotients, Herfindahl."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from cncb_analysis.statistics.regional import (
    concentration_p,
    herfindahl,
    location_quotient,
    location_quotient_interval,
    standardise_quotients,
)


@pytest.fixture
def rng():
    return np.random.default_rng(20110711)


@pytest.mark.parametrize(
    ("counts", "quotient", "limits"),
    [  # R REAT, locq; the log-delta limits as computed for the project's notes
        ((1714, 79006, 879213, 15593224), 0.3847623, (0.3671784, 0.4031883)),
        ((35, 1200, 900, 90000), 2.9166667, (2.1176278, 4.0172047)),
        ((4, 60, 300, 9000), 2.0, (0.7808, 5.1233)),
    ],
)
def test_location_quotient(counts, quotient, limits):
    assert location_quotient(*counts) == pytest.approx(quotient, abs=1e-7)
    assert location_quotient_interval(*counts) == pytest.approx(limits, abs=5e-5)


def test_interval_covers(rng):
    # Near the second row above: jobs of the region and of the rest drawn by themselves, true quotient 2.979.
    own, rest = rng.binomial(1200, 35 / 1200, 20_000), rng.binomial(88_800, 865 / 88_800, 20_000)
    low, high = location_quotient_interval(own, 1200, own + rest, 90_000)
    truth = (35 / 1200) / (900 / 90_000)
    assert 0.94 <= ((low <= truth) & (truth <= high)).mean() <= 0.96


def test_interval_covers_when_jobs_come_in_plants(rng):
    # The same jobs in plants of five: the plain interval is too narrow, the one that knows the plants is not.
    own, rest = 5 * rng.binomial(1200, 35 / 1200, 20_000), 5 * rng.binomial(88_800, 865 / 88_800, 20_000)
    counts, truth = (own, 6000, own + rest, 450_000), (35 / 1200) / (900 / 90_000)
    covered = [
        ((low <= truth) & (truth <= high)).mean()
        for low, high in (location_quotient_interval(*counts, plant_size=size) for size in (1, 5))
    ]
    assert covered[0] < 0.7
    assert 0.94 <= covered[1] <= 0.96


def test_tail_is_that_of_the_binomial_test():
    # R: binom.test(35, 1200, 0.01, alternative = "greater"); scipy gives the same.
    for cell, region, sector, total in ((35, 1200, 900, 90000), (4, 60, 300, 9000), (1, 10, 30, 100)):
        expected = binomtest(cell, region, sector / total, alternative="greater").pvalue
        assert concentration_p(cell, region, sector, total) == pytest.approx(expected, rel=1e-9)
    assert concentration_p(0, 60, 300, 9000) == 1
    assert np.isnan(concentration_p(np.nan, 60, 300, 9000))
    # Plants of ten: 4 of 60 plants in place of 40 of 600 jobs.
    alike = concentration_p(40, 600, 3000, 90000, plant_size=10), concentration_p(4, 60, 3000, 90000)
    assert alike[0] == pytest.approx(alike[1])


@given(st.lists(st.lists(st.floats(0, 9), min_size=4, max_size=4), min_size=3, max_size=7))
def test_standardised_quotients_have_mean_0_and_sd_1(rows):
    scores = standardise_quotients(rows)
    varied = np.ptp(rows, axis=0) > 1e-3
    assert np.allclose(scores[:, varied].mean(axis=0), 0, atol=1e-9)
    assert np.allclose(scores[:, varied].std(axis=0, ddof=1), 1)


def test_zeros_stay_in_and_gaps_stay_out():
    # By hand: 0, 1, 2 have mean 1 and sd 1.
    assert standardise_quotients([0.0, 1.0, np.nan, 2.0])[[0, 1, 3]].tolist() == [-1, 0, 1]


def test_herfindahl():
    # R REAT 3.0.3, herf(c(20, 50, 20, 10)): 0.34, normalised 0.12, equivalent number 2.94.
    assert herfindahl([20, 50, 20, 10]) == pytest.approx((0.34, 0.12, 1 / 0.34))
    assert herfindahl([7, np.nan, 7])[1] == pytest.approx(0)
    assert np.isnan(herfindahl([0, 0])[0])


def test_no_jobs():
    low, high = location_quotient_interval(0, 60, 300, 9000)
    assert low == 0
    assert np.isnan(high)
    assert np.isnan(location_quotient(0, 0, 300, 9000))


@given(st.lists(st.lists(st.integers(0, 999), min_size=3, max_size=3), min_size=2, max_size=5))
@settings(max_examples=50, deadline=None)
def test_quotients_balance(rows):
    # For a complete table the quotients of a sector, weighted by the regions' shares, have the mean 1.
    jobs = np.array(rows) + 1
    quotient = location_quotient(jobs, jobs.sum(1)[:, None], jobs.sum(0), jobs.sum())
    assert (quotient * jobs.sum(1)[:, None] / jobs.sum()).sum(0) == pytest.approx(np.ones(3))
