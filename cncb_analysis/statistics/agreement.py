"""Agreement of coders, of judges' rankings, and how far two groups overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def kendall_w(ranks: ArrayLike, *, rng: np.random.Generator, permutations: int = 9999) -> tuple[float, float]:
    """Kendall's coefficient of concordance, corrected for ties, with its permutation p-value.

    W = 12 S / (m² (n³ - n) - m Σ (t³ - t)), S the squared deviations of the n rank sums of m judges, t the sizes of
    ties. 0 is no agreement on the order, 1 full agreement. Chance: each judge's ranks are shuffled on their own. A
    tiny p with a small W means weak agreement of many, not strong agreement.

    Parameters
    ----------
    ranks : array-like, (judges, items)
        Ranks or scores, in one direction. NaN (not ranked) counts as tied in the last place; a row of NaN alone is
        left out.
    rng : numpy.random.Generator
        Source of chance.
    permutations : int
        Random arrangements beside the observed one.

    Returns
    -------
    w, p : float
        NaN with fewer than two judges or items, or when every judge ties everything.

    References
    ----------
    Kendall, M. G. and Babington Smith, B. (1939). The problem of m rankings. Annals of Mathematical Statistics, 10,
    275-287. R: ``irr::kendall(t(ranks), correct = TRUE)``.

    Examples
    --------
    >>> w, p = kendall_w([[1, 2, 3], [1, 2, 3], [2, 1, 3]], rng=np.random.default_rng(1))
    >>> print(f"{w:.4f}")
    0.7778
    """
    placed = _place(ranks)
    judges, items = placed.shape
    # Σ(r - r̄)² of a judge's midranks is (n³ - n - Σ(t³ - t))/12: the tie correction needs no counting of ties.
    most = judges * ((placed - (items + 1) / 2) ** 2).sum()
    if judges < 2 or most == 0:
        return float("nan"), float("nan")
    sums = np.zeros((permutations + 1, items)) + placed.sum(axis=0)
    for row in placed:
        sums[1:] += rng.permuted(np.tile(row, (permutations, 1)), axis=1) - row
    w = ((sums - judges * (items + 1) / 2) ** 2).sum(axis=1) / most
    return float(w[0]), float((w >= w[0] - 1e-9).mean())


def borda_scores(ranks: ArrayLike) -> Floats:
    """Borda points: how many other items each item beats, summed over the sheets; a tie is half a win.

    An item gets n - r on a sheet, r its midrank among all n items. So gaps in the ranks (1, 2, 4) change nothing, and
    items not ranked share the places that are left.

    Parameters
    ----------
    ranks : array-like, (sheets, items)
        Ranks, 1 the best; NaN where not ranked. A sheet of NaN alone is an abstention and counts nowhere.

    Returns
    -------
    array, (items,)
        Points.

    References
    ----------
    Emerson, P. (2013). The original Borda count and partial voting. Social Choice and Welfare, 40, 353-358; unranked
    items share their places' mean, as in Dummett, M. (1997), Principles of electoral reform.

    Examples
    --------
    >>> borda_scores([[1, 2, 4], [1, np.nan, np.nan]]).tolist()
    [4.0, 1.5, 0.5]
    """
    placed = _place(ranks)
    return (placed.shape[1] - placed).sum(axis=0)


def _place(ranks: ArrayLike) -> Floats:
    matrix = np.atleast_2d(np.asarray(ranks, dtype=float))
    matrix = matrix[~np.isnan(matrix).all(axis=1)]
    placed: Floats = rankdata(np.where(np.isnan(matrix), np.inf, matrix), axis=1)
    return placed


def krippendorff_alpha(ratings: ArrayLike) -> float:
    """Krippendorff's alpha for codes: agreement of any number of coders beyond chance, units missing at will.

    alpha = 1 - (n - 1) Σ o_ck / Σ n_c n_k over c ≠ k, o the coincidences within units, n_c their margins.

    Parameters
    ----------
    ratings : array-like, (coders, units)
        Codes as numbers; NaN where a coder did not code the unit. Units with one coding say nothing about agreement.

    Returns
    -------
    float
        1 perfect, 0 as by chance, below 0 worse. NaN when undefined: no unit coded twice, or one category alone
        (percent agreement is then 1, but there is nothing to agree upon).

    References
    ----------
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania. R:
    ``irr::kripp.alpha(ratings, "nominal")``.

    Examples
    --------
    >>> round(krippendorff_alpha([[1, 2, 3, 3], [1, 2, 3, 2]]), 3)
    0.667
    """
    matrix = np.asarray(ratings, dtype=float)
    categories = np.unique(matrix[~np.isnan(matrix)])
    counts = (matrix[:, :, None] == categories).sum(axis=0)
    counts = counts[counts.sum(axis=1) > 1].astype(float)
    n = counts.sum(axis=1, keepdims=True)
    total, margins = counts.sum(), counts.sum(axis=0)
    observed = (counts * (n - counts) / (n - 1)).sum()
    expected = total**2 - (margins**2).sum()
    return float(1 - (total - 1) * observed / expected) if expected else float("nan")


def cliffs_delta(first: ArrayLike, second: ArrayLike) -> float:
    """Cliff's delta: how much more often the first group lies above the second than below.

    delta = (#(x > y) - #(x < y)) / (n1 n2); 1 all above, 0 as often above as below.

    Parameters
    ----------
    first, second : array-like
        Ordered answers of two groups, no NaN.

    Returns
    -------
    float
        From -1 to 1; NaN when a group is empty.

    References
    ----------
    Cliff, N. (1993). Dominance statistics. Psychological Bulletin, 114, 494-509. R: ``effsize::cliff.delta``.

    Examples
    --------
    >>> round(cliffs_delta([3, 4, 4, 5, 5], [2, 3, 3, 4, 2]), 2)
    0.76
    """
    a, b = np.asarray(first, dtype=float), np.sort(np.asarray(second, dtype=float))
    if not (a.size and b.size):
        return float("nan")
    below, not_above = np.searchsorted(b, a, "left"), np.searchsorted(b, a, "right")
    return float((below - (b.size - not_above)).sum() / (a.size * b.size))
