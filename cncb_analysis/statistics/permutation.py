"""Tests whose p-value is counted: every arrangement of the answers over the groups, or a random share of them."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from scipy.stats import false_discovery_control, rankdata

from cncb_analysis.statistics.exact import count_rank_sums, fisher_freeman_halton

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Statistic = Callable[[Any], Floats]

# Up to here counting all is as quick as drawing some ten thousand.
_COUNTABLE = 300_000
# Additions that counting two groups by their rank sums may take.
_ADDITIONS = 100_000_000
# Cells of one block of arrangements: bounds the memory, whatever the number of answers.
_BLOCK = 4_000_000


@dataclass(frozen=True)
class Permuted:
    """Outcome of a permutation test of several items.

    Parameters
    ----------
    statistic : array, (items,)
        The observed statistic.
    p : array, (items,)
        Share of the arrangements at least as extreme, the observed one among them.
    p_error : array, (items,)
        Monte Carlo standard error of p; 0 when all arrangements were counted.
    p_attainable : array, (items,)
        Smallest p that these answers could have given, however they lay; what no test below it can find.
    arrangements : array, (items,)
        How many were looked at; 0 where tables were counted instead.
    exact : array, (items,)
        Whether these are all.
    """

    statistic: Floats
    p: Floats
    p_error: Floats
    p_attainable: Floats
    arrangements: Ints
    exact: NDArray[np.bool_]


def kruskal_permutation(values: ArrayLike, groups: ArrayLike, *, rng: Generator, permutations: int = 9999) -> Permuted:
    """Kruskal-Wallis test with its permutation p-value; ties need no correction of the p-value.

    H = (n - 1) Σ n_j (r̄_j - r̄)² / Σ (r_i - r̄)² over midranks r, which equals the tie-corrected H.

    Parameters
    ----------
    values : array-like, (n,) or (items, n)
        Ordered answers of the same n units, no NaN; each item is tested with the same arrangements.
    groups : array-like, (n,)
        Group of each unit.
    rng : numpy.random.Generator
        Source of chance; unused when all arrangements can be counted.
    permutations : int
        Random arrangements beside the observed one.

    Returns
    -------
    Permuted
        Arrays over the items. An item without spread has H = 0 and p = 1.

    References
    ----------
    Kruskal, W. H. and Wallis, W. A. (1952). Use of ranks in one-criterion variance analysis. Journal of the American
    Statistical Association, 47, 583-621. p: Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be
    zero. Statistical Applications in Genetics and Molecular Biology, 9(1), 39. R: ``coin::kruskal_test(...,
    distribution = "approximate")``.

    Examples
    --------
    >>> result = kruskal_permutation([1, 2, 3, 4], ["a", "a", "b", "b"], rng=np.random.default_rng(1))
    >>> print(f"{result.statistic[0]:.1f} {result.p[0]:.4f} {result.exact[0]}")
    2.4 0.3333 True
    """
    matrix = np.atleast_2d(np.asarray(values, dtype=float))
    # Twice the midranks are whole numbers, so that sums are exact and equal ones compare equal.
    ranks = (2 * rankdata(matrix, axis=1)).astype(np.int64)
    n, sizes = ranks.shape[1], np.unique(np.asarray(groups), return_counts=True)[1]
    spread = ((ranks - (n + 1)) ** 2).sum(axis=1)

    def statistic(sums: Ints) -> Floats:
        between = (sums**2 / sizes).sum(axis=-1) - n * (n + 1) ** 2
        return (n - 1) * between / np.where(spread > 0, spread, np.inf)[:, None]

    if len(sizes) == 2 and sizes.min() * n**3 <= _ADDITIONS:
        return _count_two(ranks, np.asarray(groups), statistic)
    return _permute(ranks, groups, statistic, rng, permutations)


def _count_two(ranks: Ints, groups: NDArray[Any], statistic: Statistic) -> Permuted:
    """Of two groups all arrangements can be counted, by the sum of the ranks of the smaller one."""
    names, sizes = np.unique(groups, return_counts=True)
    size, middle = int(sizes.min()), int(sizes.min()) * (len(groups) + 1)
    sums = np.stack([ranks[:, groups == name].sum(axis=1) for name in names], axis=-1)
    p, attainable = np.ones(len(ranks)), np.ones(len(ranks))
    for place, (row, seen) in enumerate(zip(ranks, sums[:, sizes.argmin()], strict=True)):
        ways = count_rank_sums(row, size)
        apart = np.abs(np.arange(len(ways)) - middle)
        p[place] = ways[apart >= abs(seen - middle)].sum() / ways.sum()
        attainable[place] = ways[apart == apart[ways > 0].max()].sum() / ways.sum()
    every, counted = np.full(len(p), math.comb(len(groups), size)), np.ones(len(p), bool)
    return Permuted(statistic(sums[:, None, :])[:, 0], p, np.zeros_like(p), attainable, every, counted)


def fisher_permutation(values: ArrayLike, groups: ArrayLike, *, rng: Generator, permutations: int = 9999) -> Permuted:
    """Fisher-Freeman-Halton test of answers without order: exact where the tables can be counted, else by permutation.

    Both order the tables by their probability given the margins, Π n_j! Π m_c! / (n! Π O!), O the units of group j (of
    n_j) with answer c (of m_c).

    Parameters
    ----------
    values : array-like, (n,) or (items, n)
        Answer codes of the same n units.
    groups : array-like, (n,)
        Group of each unit.
    rng : numpy.random.Generator
        Source of chance; unused where tables or arrangements can be counted.
    permutations : int
        Random arrangements beside the observed one.

    Returns
    -------
    Permuted
        As `kruskal_permutation`; the statistic is the probability of the observed table.

    References
    ----------
    `exact.fisher_freeman_halton`. R: ``fisher.test(...)``, ``fisher.test(..., simulate.p.value = TRUE)``.

    Examples
    --------
    >>> result = fisher_permutation([1, 1, 0, 0], ["a", "a", "b", "b"], rng=np.random.default_rng(1))
    >>> print(f"{result.statistic[0]:.4f} {result.p[0]:.4f}")
    0.1667 0.3333
    """
    blocks = [row == np.unique(row)[:, None] for row in np.atleast_2d(np.asarray(values))]
    names, sizes = np.unique(np.asarray(groups), return_counts=True)
    members = np.asarray(groups) == names[:, None]
    counted = [fisher_freeman_halton(block @ members.T.astype(np.int64)) for block in blocks]
    left = [place for place, found in enumerate(counted) if found is None]
    p, attainable, probability = np.array([found or (np.nan,) * 3 for found in counted]).T.copy()
    nothing, exact = np.zeros(len(p), np.int64), np.ones(len(p), bool)
    found = Permuted(probability, p, nothing.astype(float), attainable, nothing, exact)
    if left:
        columns = np.concatenate([blocks[place] for place in left]).astype(np.int64)
        starts = np.cumsum([0, *(len(blocks[place]) for place in left[:-1])])
        margins = [gammaln(blocks[place].sum(axis=1) + 1).sum() for place in left] + gammaln(sizes + 1).sum()
        logs = gammaln(np.arange(columns.shape[1] + 1) + 1)

        def statistic(sums: Ints) -> Floats:
            return np.asarray(np.add.reduceat(logs[sums].sum(axis=-1), starts, axis=0))

        drawn = _permute(columns, groups, statistic, rng, permutations)
        for name, numbers in vars(drawn).items():
            getattr(found, name)[left] = numbers
        found.statistic[left] = np.exp(margins - logs[-1] - drawn.statistic)
    return found


def permanova(points: ArrayLike, groups: ArrayLike, *, rng: Generator, permutations: int = 9999) -> Permuted:
    """Permutational analysis of variance: do groups differ in all parts of an answer at once?

    R² = Σ_j n_j |c_j - c|² / Σ_i |x_i - c|², the share of the squared Euclidean distances from the common centre c that
    lies between the centres c_j of the groups; it orders the arrangements as pseudo-F does.

    Parameters
    ----------
    points : array-like, (n, parts)
        An answer of several parts a unit, no NaN. Square roots of shares make it the Hellinger distance, which bears
        zeros, as logarithms of ratios do not.
    groups : array-like, (n,)
        Group of each unit.
    rng : numpy.random.Generator
        Source of chance; unused when all arrangements can be counted.
    permutations : int
        Random arrangements beside the observed one.

    Returns
    -------
    Permuted
        Of one item; the statistic is R².

    References
    ----------
    Anderson, M. J. (2001). A new method for non-parametric multivariate analysis of variance. Austral Ecology, 26,
    32-46. Legendre, P. and Gallagher, E. D. (2001). Ecologically meaningful transformations for ordination of species
    data. Oecologia, 129, 271-280 (Hellinger). R: ``vegan::adonis2``.

    Examples
    --------
    >>> found = permanova([[0, 1], [0, 1], [1, 0], [1, 0]], ["a", "a", "b", "b"], rng=np.random.default_rng(1))
    >>> print(f"{found.statistic[0]:.1f} {found.p[0]:.4f}")
    1.0 0.3333
    """
    centred = np.asarray(points, dtype=float)
    centred = centred - centred.mean(axis=0)
    sizes = np.unique(np.asarray(groups), return_counts=True)[1]
    whole = (centred**2).sum()

    def statistic(sums: Floats) -> Floats:
        return np.asarray((sums**2 / sizes).sum(axis=(0, -1)) / (whole or np.inf))[None, :]

    return _permute(centred.T, groups, statistic, rng, permutations)


def holm(p: ArrayLike) -> Floats:
    """Holm's step-down adjustment: keeps the chance of any false alarm in the family at the level.

    The i-th smallest of m becomes the largest of (m - j + 1) p(j) over j <= i, at most 1.

    Parameters
    ----------
    p : array-like
        p-values; NaN (a test not made) stays NaN and does not count.

    Returns
    -------
    array
        Adjusted p-values, same order.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6,
    65-70. Same as R's ``p.adjust(p, "holm")``.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]  # NaN comes last
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(order), 0, -1)), 1.0)
    return adjusted


def benjamini_hochberg(p: ArrayLike, *, method: str = "bh") -> Floats:
    """Benjamini and Hochberg's adjustment: keeps the expected share of false alarms among the findings at the level.

    The i-th smallest of m becomes the smallest of m p(j) / j over j >= i.

    Parameters
    ----------
    p : array-like
        p-values; NaN (a test not made) stays NaN and does not count.
    method : str
        bh, or by: Benjamini and Yekutieli's, which holds for tests that depend on each other in any way.

    Returns
    -------
    array
        Adjusted p-values, same order.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical
    Society B, 57, 289-300. Benjamini, Y. and Yekutieli, D. (2001). The control of the false discovery rate in multiple
    testing under dependency. Annals of Statistics, 29, 1165-1188. Same as R's ``p.adjust(p, "BH")`` and ``"BY"``.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=float)
    known = ~np.isnan(values)
    adjusted = np.full(values.shape, np.nan)
    if known.any():
        adjusted[known] = false_discovery_control(values[known], method=method)
    return adjusted


def _permute(
    columns: Ints | Floats, groups: ArrayLike, statistic: Statistic, rng: Generator, permutations: int
) -> Permuted:
    _, code, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    units, starts = np.argsort(code, kind="stable"), np.cumsum(sizes) - sizes
    exact = math.prod(map(math.comb, np.cumsum(sizes).tolist(), sizes.tolist())) <= _COUNTABLE

    def measure(orders: Ints) -> Floats:
        return statistic(np.stack([np.add.reduceat(column[orders], starts, axis=1) for column in columns]))

    observed = measure(units[None, :])
    blocks = _all_orders(sizes) if exact else _random_orders(len(code), rng, permutations)
    drawn = np.concatenate([measure(units[block]) for block in blocks] + ([] if exact else [observed]), axis=1)
    # Statistics that are equal on paper differ in the last digits.
    slack = 1e-9 * (1 + np.abs(observed))
    p = (drawn >= observed - slack).mean(axis=1)
    attainable = (drawn >= drawn.max(axis=1, keepdims=True) - slack).mean(axis=1)
    error = np.zeros_like(p) if exact else np.sqrt(p * (1 - p) / drawn.shape[1])
    looked, counted = np.full(len(p), drawn.shape[1]), np.full(len(p), exact)
    return Permuted(observed[:, 0], p, error, attainable, arrangements=looked, exact=counted)


def _all_orders(sizes: Ints) -> Iterator[Ints]:
    taken, left = np.empty((1, 0), dtype=np.int64), np.arange(int(sizes.sum()))[None, :]
    for size in sizes.tolist():
        n = left.shape[1]
        # In reverse the second are what each of the first leaves.
        picks, rest = (np.array(list(combinations(range(n), k)), dtype=np.int64) for k in (size, n - size))
        taken = np.concatenate([np.repeat(taken, len(picks), axis=0), left[:, picks].reshape(-1, size)], axis=1)
        left = left[:, rest[::-1]].reshape(len(taken), n - size)
    yield taken


def _random_orders(n: int, rng: Generator, permutations: int) -> Iterator[Ints]:
    rows = max(1, _BLOCK // n)
    for start in range(0, permutations, rows):
        yield rng.permuted(np.tile(np.arange(n), (min(rows, permutations - start), 1)), axis=1)
