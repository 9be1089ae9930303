"""Intervals for shares, means, medians and differences that hold with five answers as with ninety."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.stats import binom, hypergeom

Floats = NDArray[np.float64]
Limits = tuple[Floats, Floats]
Counts = tuple[ArrayLike, ArrayLike]
# What lies beyond each limit of a 95 % interval.
_TAIL = 0.025
_BISECTIONS = 60


def wilson_interval(k: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> Limits:
    """Score interval for a share.

    With p = k/n and z the normal quantile: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n).

    Parameters
    ----------
    k, n : array-like
        Counts and their bases, 0 <= k <= n.
    level : float
        Confidence level.

    Returns
    -------
    low, high : array
        Shares; NaN where n is 0.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association, 22, 209-212. Same as R's ``prop.test(k, n, correct = FALSE)``.

    Examples
    --------
    >>> low, high = wilson_interval(3, 9)
    >>> print(f"{low:.4f} {high:.4f}")
    0.1206 0.6458
    """
    k, n = _counts(k, n)
    z = special.ndtri((1 + level) / 2)
    p, scale = k / n, 1 + z**2 / n
    centre = (p + z**2 / (2 * n)) / scale
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / scale
    # The limits at none and at all are 0 and 1 exactly; rounding must not leave 1e-17 there.
    return np.where(k == 0, 0 * n, centre - half)[()], np.where(k == n, n / n, centre + half)[()]


def hypergeometric_interval(k: ArrayLike, n: ArrayLike, frame: ArrayLike) -> Limits:
    """Exact 95 % interval for a share in a frame of known size of which n were drawn without replacement.

    All numbers K of the frame are kept under which k or more, and k or fewer, each have a probability above 0.025; the
    limits are the smallest and the largest K / frame. A census has no width.

    Parameters
    ----------
    k, n, frame : array-like of whole numbers
        Counts, bases and sizes of the frame, 0 <= k <= n <= frame.

    Returns
    -------
    low, high : array
        Shares of the frame; NaN where n is 0.

    Raises
    ------
    ValueError
        When more answered than the frame holds.

    References
    ----------
    Buonaccorsi, J. P. (1987). A note on confidence intervals for proportions in finite populations. The American
    Statistician, 41, 215-218.

    Examples
    --------
    >>> low, high = hypergeometric_interval(3, 12, 30)
    >>> print(f"{low:.3f} {high:.3f}")
    0.100 0.500
    """
    k, n, frame = np.broadcast_arrays(*_counts(k, n), np.asarray(frame, dtype=float))
    if np.any(n > frame):
        raise ValueError("more answers than the frame holds")
    cases, place = np.unique(np.reshape([k, n, frame], (3, -1)), axis=1, return_inverse=True)
    few, base, size = cases
    limits = np.stack([_find_fewest(few, base, size), size - _find_fewest(base - few, base, size)]) / size
    low, high = np.where(base > 0, limits, np.nan)[:, place.ravel()].reshape(2, *k.shape)
    return low, high


def _find_fewest(k: Floats, n: Floats, frame: Floats) -> Floats:
    """Smallest number of the frame under which k or more of n have a probability above the tail."""
    too_few, enough = np.full(k.shape, -1.0), frame
    while (enough - too_few > 1).any():
        middle = (too_few + enough) // 2
        likely = hypergeom.sf(k - 1, frame, middle, n) > _TAIL
        too_few, enough = np.where(likely, too_few, middle), np.where(likely, middle, enough)
    return enough


def mean_interval(mean: ArrayLike, sd: ArrayLike, n: ArrayLike, *, frame: ArrayLike = np.inf) -> Limits:
    """Student's 95 % interval for a mean, from its moments, with the finite-frame factor.

    mean ± t(n - 1) · sd/√n · √(1 - n/frame). Chosen over the bootstrap (BCa), which under-covers below some twenty
    values; with few, skewed values look at the median too.

    Parameters
    ----------
    mean, sd, n : array-like
        Mean, standard deviation (n - 1 in its divisor) and number of values.
    frame : array-like
        Size of the frame; infinite when unknown.

    Returns
    -------
    low, high : array
        NaN with fewer than two values, and where all values are equal: no spread says nothing about the next one
        (unless everybody in the frame answered).

    References
    ----------
    Student (1908). The probable error of a mean. Biometrika, 6, 1-25. Cochran, W. G. (1977). Sampling techniques,
    3rd ed., section 2.6; the factor is the one of R's survey package.

    Examples
    --------
    >>> low, high = mean_interval(3.5, 1.2, 9)
    >>> print(f"{low:.3f} {high:.3f}")
    2.578 4.422
    """
    mean, sd, n, frame = (np.asarray(value, dtype=float) for value in (mean, sd, n, frame))
    sampled = 1 - n / frame
    with np.errstate(invalid="ignore", divide="ignore"):
        half = special.stdtrit(np.maximum(n - 1, 1), 1 - _TAIL) * sd / np.sqrt(n) * np.sqrt(sampled)
    half = np.where(((n < 2) | (sd == 0)) & (sampled > 0), np.nan, np.where(sampled == 0, 0.0, half))
    return (mean - half)[()], (mean + half)[()]


def median_rank(n: ArrayLike) -> NDArray[np.int64]:
    """Which value from either end bounds the median, at 95 %.

    The largest d with P(B <= d - 1) <= 0.025, B binomial with n trials and probability 1/2: its quantile.

    Parameters
    ----------
    n : array-like of int
        Numbers of values.

    Returns
    -------
    array of int
        d: the interval runs from the d-th smallest to the d-th largest value. 0 where even the whole range covers
        less than 95 %, as with five values or fewer.

    References
    ----------
    David, H. A. and Nagaraja, H. N. (2003). Order statistics, 3rd ed., section 7.1. R: ``qbinom(0.025, n, 0.5)``.

    Examples
    --------
    >>> median_rank([5, 6, 9, 12]).tolist()
    [0, 1, 2, 3]
    """
    return np.asarray(binom.ppf(_TAIL, n, 0.5)).astype(np.int64)


def share_difference_interval(first: Counts, second: Counts, *, level: float = 0.95) -> Limits:
    """Interval for the difference of two shares that survives none against all.

    With Wilson limits (l, u) of each share p: d - √((p1 - l1)² + (u2 - p2)²) and d + √((u1 - p1)² + (p2 - l2)²).

    Parameters
    ----------
    first, second : tuple of array-like
        (k, n) of each group.
    level : float
        Confidence level.

    Returns
    -------
    low, high : array
        Limits of the first share minus the second.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of
    eleven methods. Statistics in Medicine, 17, 873-890; method 10.

    Examples
    --------
    >>> low, high = share_difference_interval((56, 70), (48, 80))
    >>> print(f"{low:.4f} {high:.4f}")
    0.0524 0.3339
    """
    (k1, n1), (k2, n2) = _counts(*first), _counts(*second)
    low1, high1 = wilson_interval(k1, n1, level=level)
    low2, high2 = wilson_interval(k2, n2, level=level)
    p1, p2 = k1 / n1, k2 / n2
    return p1 - p2 - np.hypot(p1 - low1, high2 - p2), p1 - p2 + np.hypot(high1 - p1, p2 - low2)


def cliffs_delta_interval(delta: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, level: float = 0.95) -> Limits:
    """Score interval for Cliff's delta that survives complete separation.

    With θ = (delta + 1)/2 and m = (n1 + n2)/2 - 1, the limits solve |θ - t| = z √V(t),
    V(t) = t(1 - t) (1 + m(1 - t)/(2 - t) + m t/(1 + t)) / (n1 n2).

    Parameters
    ----------
    delta : array-like
        Cliff's delta, -1 to 1.
    n1, n2 : array-like
        Sizes of the two groups.
    level : float
        Confidence level.

    Returns
    -------
    low, high : array
        Limits of delta.

    References
    ----------
    Newcombe, R. G. (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic.
    Part 2. Statistics in Medicine, 25, 559-573; method 5, on the scale of delta.

    Examples
    --------
    >>> low, high = cliffs_delta_interval(1.0, 5, 5)
    >>> print(f"{low:.2f} {high:.2f}")
    0.29 1.00
    """
    theta, n1, n2 = np.broadcast_arrays((np.asarray(delta, dtype=float) + 1) / 2, n1, n2)
    z2, m = special.ndtri((1 + level) / 2) ** 2, (n1 + n2) / 2 - 1

    def is_too_far(t: Floats) -> Any:
        variance = t * (1 - t) * (1 + m * (1 - t) / (2 - t) + m * t / (1 + t)) / (n1 * n2)
        return (theta - t) ** 2 > z2 * variance

    return 2 * _find_limit(theta, 0.0, is_too_far) - 1, 2 * _find_limit(theta, 1.0, is_too_far) - 1


def paired_difference_interval(more: ArrayLike, less: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> Limits:
    """Score interval for (more - less) / n of pairs that survives all pairs on one side.

    The limits solve |more - less - n t| = z √(n (2 q + t (1 - t))), q the most likely share of `less` under t: the
    larger root of 2n q² + (-more - less + (2n - more + less) t) q - less t (1 - t) = 0.

    Parameters
    ----------
    more, less : array-like
        Pairs in which the first is higher, and in which the second is.
    n : array-like
        All pairs, tied ones among them.
    level : float
        Confidence level.

    Returns
    -------
    low, high : array
        Limits of the difference, -1 to 1.

    References
    ----------
    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design. Statistics in Medicine, 17, 891-908. R: ``PropCIs::scoreci.mp``.

    Examples
    --------
    >>> low, high = paired_difference_interval(10, 0, 10)
    >>> print(f"{low:.2f} {high:.2f}")
    0.44 1.00
    """
    more, less, n = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in (more, less, n)))
    seen, z2 = (more - less) / n, special.ndtri((1 + level) / 2) ** 2

    def is_too_far(t: Floats) -> Any:
        b = -more - less + (2 * n - more + less) * t
        q = (np.sqrt(np.maximum(b**2 + 8 * n * less * t * (1 - t), 0)) - b) / (4 * n)
        return (more - less - n * t) ** 2 > z2 * n * np.maximum(2 * q + t * (1 - t), 0)

    return _find_limit(seen, -1.0, is_too_far), _find_limit(seen, 1.0, is_too_far)


def _find_limit(seen: Floats, end: float, is_too_far: Callable[[Floats], Any]) -> Floats:
    """Where the score test stops to contradict, between what was seen and an end of the scale."""
    outside, inside = np.full(seen.shape, end), seen
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        beyond = is_too_far(middle)
        outside, inside = np.where(beyond, middle, outside), np.where(beyond, inside, middle)
    return inside[()]


def _counts(k: ArrayLike, n: ArrayLike) -> Limits:
    k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    if np.any(k < 0) or np.any(k > n):
        raise ValueError("a count lies below 0 or above its base")
    # An empty base has no share: NaN goes through every formula without a warning.
    return k, np.where(n > 0, n, np.nan)
