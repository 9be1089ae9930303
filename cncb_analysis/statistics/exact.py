"""Tests counted to the last table or ranking where that can be done: Fisher-Freeman-Halton and Friedman."""

import itertools
import math

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Ways to fill one half of a table: what each uses up of the rows, its log weight, and how many ways are the same.
Half = tuple[Ints, Floats, Floats]

# Ways looked at: beyond, chance is drawn instead of counted.
_COUNTABLE = 200_000
# Weights that are equal on paper differ in the last digits.
_DIGITS, _SLACK = 9, 1e-7
# Of more, one unit alone has more rankings than are looked at.
_MOST_ITEMS = 6
_FRIEDMAN = ("statistic", "w", "p", "p_error", "p_attainable", "arrangements")


def fisher_freeman_halton(table: ArrayLike, *, most: int = _COUNTABLE) -> tuple[float, float, float] | None:
    """Fisher's exact test of a table with any number of rows and columns.

    p is the probability, given the margins, of all tables that are at most as probable as the observed one. They are
    counted by halves: what two halves of the columns use up of the rows has to make the rows, so only the ways to fill
    each half are listed, those of equal use and weight together.

    Parameters
    ----------
    table : array-like of int, (rows, columns)
        Counts.
    most : int
        Ways to fill half of the columns that are counted at most.

    Returns
    -------
    tuple of float or None
        p; the smallest p that a table with these margins can have; the probability of the observed table. None where
        there are too many ways to count.

    References
    ----------
    Freeman, G. H. and Halton, J. H. (1951). Note on an exact treatment of contingency, goodness of fit and other
    problems of significance. Biometrika, 38, 141-149. Same as R's ``fisher.test``.

    Examples
    --------
    >>> p, least, _ = fisher_freeman_halton([[3, 1], [1, 3]])
    >>> print(f"{p:.4f} {least:.4f}")
    0.4857 0.0286
    """
    counts = np.asarray(table, dtype=np.int64)
    counts = counts if counts.shape[0] <= counts.shape[1] else counts.T
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    # The large columns go into different halves, so that both stay small.
    order = np.argsort(-columns)
    halves = [_fill_half(rows, columns[order[side::2]].tolist(), most) for side in (0, 1)]
    if halves[0] is None or halves[1] is None:
        return None
    whole = float(gammaln(rows.sum() + 1) - gammaln(rows + 1).sum())
    seen = float((gammaln(columns + 1) - gammaln(counts + 1).sum(axis=0)).sum())
    p, attainable = _sum_tables(halves[0], halves[1], rows, seen, whole)
    return p, attainable, math.exp(seen - whole)


def _fill_half(rows: Ints, columns: list[int], most: int) -> Half | None:
    """Ways to fill some columns, in the order of what they use up and of their weight."""
    free = np.sort(rows)[:-1]  # the largest row follows from the others
    bounds = (min(math.comb(n + len(free), n), math.prod((np.minimum(free, n) + 1).tolist())) for n in columns)
    if math.prod(bounds) > most:
        return None
    fills = [_fill_column(total, rows) for total in columns]
    # What is used up of each row, as one number; no digit of it overflows, as no row does.
    radix = np.cumprod([1, *(rows[:-1] + 1)])
    used, weight, count = np.zeros((1, len(rows)), np.int64), np.zeros(1), np.ones(1)
    for fill, total in zip(fills, columns, strict=True):
        weights = gammaln(total + 1) - gammaln(fill + 1).sum(axis=1)
        sums = (used[:, None, :] + fill).reshape(-1, len(rows))
        within = (sums <= rows).all(axis=1)
        sums, weight = sums[within], np.round((weight[:, None] + weights).ravel()[within], _DIGITS)
        key, count = sums @ radix, count.repeat(len(fill))[within]
        order = np.lexsort((weight, key))
        key, weight = key[order], weight[order]
        starts = np.flatnonzero(np.r_[True, (np.diff(key) != 0) | (np.diff(weight) != 0)])
        used, weight, count = sums[order][starts], weight[starts], np.add.reduceat(count[order], starts)
    return used, weight, count


def _fill_column(total: int, rows: Ints) -> Ints:
    """Every way to put a column's total into the rows."""
    fills, left = np.zeros((1, 0), np.int64), np.array([total])
    for most in rows[:-1].tolist():
        choices = [np.arange(min(most, rest) + 1) for rest in left.tolist()]
        fills = np.column_stack([fills.repeat([len(each) for each in choices], axis=0), np.concatenate(choices)])
        left = total - fills.sum(axis=1)
    return np.column_stack([fills, left])[left <= rows[-1]]


def _sum_tables(first: Half, second: Half, rows: Ints, seen: float, whole: float) -> tuple[float, float]:
    """Probability of the tables of at most the weight seen, and of those of the least weight."""
    groups: dict[bytes, list[Half]] = {}
    for half, (used, weight, count) in enumerate((first, second)):
        starts = np.flatnonzero(np.r_[True, (np.diff(used, axis=0) != 0).any(axis=1)])
        for part in zip(*(np.split(each, starts[1:]) for each in (used, weight, count)), strict=True):
            key = part[0][0] if half == 0 else rows - part[0][0]
            groups.setdefault(key.tobytes(), []).append(part)
    met = [pair for pair in groups.values() if len(pair) == 2]
    # Within an equal use the ways stand in the order of their weight.
    least = min(one[1][0] + other[1][0] for one, other in met)
    sums = np.zeros(3)
    for one, other in met:
        upto = np.r_[0.0, np.cumsum(other[2] * np.exp(other[1] - whole))]
        for which, limit in enumerate((seen, least, np.inf)):
            places = np.searchsorted(other[1], limit + _SLACK - one[1], side="right")
            sums[which] += (one[2] * np.exp(one[1]) * upto[places]).sum()
    # All tables together are 1 but for rounding.
    return float(sums[0] / sums[2]), float(sums[1] / sums[2])


def count_rank_sums(ranks: ArrayLike, size: int) -> Floats:
    """Count the ways to draw units by the sum of their ranks, ties and all.

    Parameters
    ----------
    ranks : array-like of whole numbers
        Twice the midranks of all units.
    size : int
        Units drawn.

    Returns
    -------
    array
        Number of ways with the sum 0, 1, 2, …

    References
    ----------
    Streitberg, B. and Röhmel, J. (1986). Exact distributions for permutation and rank tests: an introduction to some
    recently published algorithms. Statistical Software Newsletter, 12, 10-17 (the shift algorithm).

    Examples
    --------
    >>> np.flatnonzero(count_rank_sums([2, 5, 5, 8], 2)).tolist()
    [7, 10, 13]
    """
    values = sorted(np.asarray(ranks).tolist())
    ways = np.zeros((size + 1, sum(values[len(values) - size :]) + 1))
    ways[0, 0] = 1
    for value in values:
        ways[1:, value:] += ways[:-1, : ways.shape[1] - value]
    return np.asarray(ways[size])


def friedman_permutation(scores: ArrayLike, *, rng: Generator, permutations: int = 9999) -> dict[str, float]:
    """Friedman's test of several items rated by the same units, with its permutation p-value.

    X² = m (k - 1) W over m units and k items, W Kendall's coefficient of concordance over midranks within each unit,
    corrected for ties. Each unit's ranks are rearranged on their own: all ways where their rank sums can be counted,
    else at random.

    Parameters
    ----------
    scores : array-like, (units, items)
        Ratings, no NaN.
    rng : numpy.random.Generator
        Source of chance; unused when everything can be counted.
    permutations : int
        Random arrangements beside the observed one.

    Returns
    -------
    dict
        statistic, w, p, p_error (0 when counted), p_attainable, arrangements (0 when counted). NaN with fewer than two
        units or items, or when every unit ties everything.

    References
    ----------
    Friedman, M. (1937). The use of ranks to avoid the assumption of normality. Journal of the American Statistical
    Association, 32, 675-701. R: ``friedman.test``; W: Kendall, M. G. and Babington Smith, B. (1939). The problem of m
    rankings. Annals of Mathematical Statistics, 10, 275-287.

    Examples
    --------
    >>> found = friedman_permutation([[1, 2, 3], [1, 2, 3], [2, 1, 3]], rng=np.random.default_rng(1))
    >>> print(f"{found['statistic']:.4f} {found['w']:.4f} {found['p']:.4f}")
    4.6667 0.7778 0.1944
    """
    ranks = (2 * rankdata(np.atleast_2d(np.asarray(scores, dtype=float)), axis=1)).astype(np.int64)
    units, items = ranks.shape
    most = units * int(((ranks - (items + 1)) ** 2).sum())
    if units < 2 or most == 0:
        return dict.fromkeys(_FRIEDMAN, float("nan"))
    sums, shares = _count_sums(ranks) or _draw_sums(ranks, rng, permutations)
    # Whole numbers: equal ones compare equal.
    spread = ((np.vstack([ranks.sum(axis=0), sums]) - units * (items + 1)) ** 2).sum(axis=1)
    drawn = 0 if len(shares) else permutations + 1
    weights = shares if len(shares) else np.full(drawn, 1 / drawn)
    # Added up, the weights of all can pass 1 in the last digit.
    p, least = (min(float(weights[spread[1:] >= limit].sum()), 1.0) for limit in (spread[0], spread[1:].max()))
    w, error = float(spread[0] / most), math.sqrt(p * (1 - p) / drawn) if drawn else 0.0
    statistic = units * (items - 1) * w
    told = (statistic, w, p, error, least, float(drawn))
    return dict(zip(_FRIEDMAN, told, strict=True))


def _count_sums(ranks: Ints) -> tuple[Ints, Floats] | None:
    """Every vector of rank sums with its probability; None where there are too many."""
    units, items = ranks.shape
    if items > _MOST_ITEMS:
        return None
    # A vector of sums as one number.
    radix = (2 * items * units + 1) ** np.arange(items)
    sums: Ints = np.zeros((1, items), np.int64)
    shares: Floats = np.ones(1)
    for row in ranks:
        ways = np.array(list(itertools.permutations(row.tolist())), np.int64)
        if len(ways) * len(sums) > _COUNTABLE:
            return None
        every = (sums[:, None, :] + ways).reshape(-1, items)
        _, first, place = np.unique(every @ radix, return_index=True, return_inverse=True)
        sums = every[first]
        shares = np.asarray(np.bincount(place, weights=(shares / len(ways)).repeat(len(ways))), dtype=np.float64)
    return sums, shares


def _draw_sums(ranks: Ints, rng: Generator, permutations: int) -> tuple[Ints, Floats]:
    sums = np.tile(ranks.sum(axis=0), (permutations + 1, 1))
    for row in ranks:
        sums[1:] += rng.permuted(np.tile(row, (permutations, 1)), axis=1) - row
    return sums, np.empty(0)
