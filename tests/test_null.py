"""Where countries do not differ, few questions may be said to differ: seeded here, longer in make soak."""

from __future__ import annotations

import numpy as np
import pytest

from cncb_analysis.statistics.permutation import kruskal_permutation

SIZES = (9, 9, 11, 28, 24, 6, 10)


@pytest.mark.parametrize("trials", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_rejections_under_the_null_are_at_most_five_percent(trials: int) -> None:
    rng = np.random.default_rng(20110711)
    groups = np.repeat(np.arange(len(SIZES)), SIZES)
    answers = rng.integers(1, 6, size=(trials, len(groups))).astype(float)
    p = np.asarray(kruskal_permutation(answers, groups, rng=rng, permutations=499).p)
    share = float((p <= 0.05).mean())
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert (p > 0.5).mean() > 0.3  # a test that never rejects would pass the line above
