"""Cronbach's alpha against R's oracle, by hand, and against the variance components of the same ratings."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cncb_analysis.statistics.reliability import alpha_if_dropped, cronbach_alpha, feldt_interval

# R's data set `attitude` (Chatterjee and Price 1977; help page datasets::attitude), departments in rows: rating,
# complaints, privileges, learning, raises, critical, advance.
ATTITUDE = np.loadtxt(
    io.StringIO("""
    43 51 30 39 61 92 45  63 64 51 54 63 73 47  71 70 68 69 76 86 48  61 63 45 47 54 84 35  81 78 56 66 71 83 47
    43 55 49 44 54 49 34  58 67 42 56 66 68 35  71 75 50 55 70 66 41  72 82 72 67 71 83 31  67 61 45 47 62 80 41
    64 53 53 58 58 67 34  67 60 47 39 59 74 41  69 62 57 42 55 63 25  68 83 83 45 59 77 35  77 77 54 72 79 77 46
    81 90 50 72 60 54 36  74 85 64 69 79 79 63  65 60 65 75 55 80 60  65 70 46 57 75 85 46  50 58 68 54 64 78 52
    50 40 33 34 43 64 33  64 61 52 62 66 80 41  53 66 52 50 63 80 37  40 37 42 58 50 57 49  63 54 42 48 66 75 33
    66 77 66 63 88 76 72  78 75 58 74 80 78 49  48 57 44 45 51 83 38  85 85 71 71 77 74 55  82 82 39 59 64 78 39
    """)
).reshape(30, 7)


def test_alpha_and_its_interval_are_those_of_r() -> None:
    # R 4.2.2, psych 2.2.9: alpha(attitude) and alpha.ci(alpha, 30, 7).
    alpha = cronbach_alpha(ATTITUDE)
    assert alpha == pytest.approx(0.8431427696, abs=5e-11)
    assert feldt_interval(alpha, 30, 7) == pytest.approx((0.7393757, 0.9157731), abs=5e-8)


def test_alpha_without_each_item_is_that_of_the_others() -> None:
    # The help page of psych::alpha prints alpha.drop for these data: .81 .80 .83 .80 .80 .86 .84.
    found = alpha_if_dropped(ATTITUDE)
    assert found == pytest.approx([0.81, 0.80, 0.83, 0.80, 0.80, 0.86, 0.84], abs=0.005)


def test_alpha_by_hand() -> None:
    # Variances 1 and 3, that of the sums 3, 4, 8 is 7: 2 (1 - 4/7).
    assert cronbach_alpha([[1, 2], [2, 2], [3, 5]]) == pytest.approx(6 / 7)
    assert cronbach_alpha([[1, 1], [2, 2], [3, 3]]) == pytest.approx(1)


@pytest.mark.parametrize("items", [[[1, 2], [2, 3]], [[1], [2], [3]], [[1, 3], [2, 2], [3, 1]], [[4, 4]] * 5])
def test_what_says_nothing_has_no_alpha(items: list[list[int]]) -> None:
    assert np.isnan(cronbach_alpha(items))


def test_the_interval_is_wide_where_few_answered() -> None:
    low, high = feldt_interval(0.8, 5, 5)
    assert (round(low, 2), round(high, 2)) == (0.25, 0.98)


@given(arrays(float, st.tuples(st.integers(3, 9), st.integers(2, 6)), elements=st.integers(1, 5).map(float)))
def test_alpha_is_hoyts_ratio_of_mean_squares(items: np.ndarray) -> None:
    """Hoyt, C. (1941). Test reliability estimated by analysis of variance. Psychometrika, 6, 153-160."""
    n, k = items.shape
    between = k * ((items.mean(axis=1) - items.mean()) ** 2).sum() / (n - 1)
    rest = items - items.mean(axis=1, keepdims=True) - items.mean(axis=0) + items.mean()
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    alpha = cronbach_alpha(items)
    if between > 1e-9:
        assert alpha == pytest.approx(1 - error / between, abs=1e-6)
    else:
        assert np.isnan(alpha)
