"""Tests whose p-value is counted: every arrangement of the answers over the groups, or a random share of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Statistic = Callable[[Ints], Floats]

# Up to here counting all is as quick as drawing some ten thousand.
_COUNTABLE = 300_000
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
    arrangements : int
        How many were looked at.
    exact : bool
        Whether these are all.
    """

    statistic: Floats
    p: Floats
    p_error: Floats
    p_attainable: Floats
    arrangements: int
    exact: bool


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
    >>> print(f"{result.statistic[0]:.1f} {result.p[0]:.4f} {result.exact}")
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

    return _permute(ranks, groups, statistic, rng, permutations)


def chi_square_permutation(
    values: ArrayLike, groups: ArrayLike, *, rng: Generator, permutations: int = 9999
) -> Permuted:
    """Pearson's chi-square of answers without order, with its permutation p-value: right for any expected count.

    X² = n (Σ O² / (n_j m_c) - 1), O the units of group j (of n_j) with answer c (of m_c).

    Parameters
    ----------
    values : array-like, (n,) or (items, n)
        Answer codes of the same n units.
    groups : array-like, (n,)
        Group of each unit.
    rng : numpy.random.Generator
        Source of chance; unused when all arrangements can be counted.
    permutations : int
        Random arrangements beside the observed one.

    Returns
    -------
    Permuted
        As `kruskal_permutation`.

    References
    ----------
    Agresti, A. (1992). A survey of exact inference for contingency tables. Statistical Science, 7, 131-153. R:
    ``chisq.test(..., simulate.p.value = TRUE)``.

    Examples
    --------
    >>> result = chi_square_permutation([1, 1, 0, 0], ["a", "a", "b", "b"], rng=np.random.default_rng(1))
    >>> print(f"{result.statistic[0]:.1f} {result.p[0]:.4f}")
    4.0 0.3333
    """
    blocks = [row == np.unique(row)[:, None] for row in np.atleast_2d(np.asarray(values))]
    columns, starts = np.concatenate(blocks).astype(np.int64), np.cumsum([0, *map(len, blocks[:-1])])
    n, sizes = columns.shape[1], np.unique(np.asarray(groups), return_counts=True)[1]
    totals = columns.sum(axis=1)[:, None]

    def statistic(sums: Ints) -> Floats:
        return n * (np.add.reduceat((sums**2 / sizes).sum(axis=-1) / totals, starts, axis=0) - 1)

    return _permute(columns, groups, statistic, rng, permutations)


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


def _permute(columns: Ints, groups: ArrayLike, statistic: Statistic, rng: Generator, permutations: int) -> Permuted:
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
    return Permuted(observed[:, 0], p, error, attainable, arrangements=drawn.shape[1], exact=exact)


def _all_orders(sizes: Ints) -> Iterator[Ints]:
    taken, left = np.empty((1, 0), dtype=np.int64), np.arange(int(sizes.sum()))[None, :]
    for size in sizes.tolist():
        picks = np.array(list(itertools.combinations(range(left.shape[1]), size)), dtype=np.int64).reshape(-1, size)
        kept = np.ones((len(picks), left.shape[1]), dtype=bool)
        np.put_along_axis(kept, picks, False, axis=1)
        rest = np.nonzero(kept)[1].reshape(len(picks), -1)
        taken = np.concatenate([np.repeat(taken, len(picks), axis=0), left[:, picks].reshape(-1, size)], axis=1)
        left = left[:, rest].reshape(len(taken), -1)
    yield taken


def _random_orders(n: int, rng: Generator, permutations: int) -> Iterator[Ints]:
    rows = max(1, _BLOCK // n)
    for start in range(0, permutations, rows):
        yield rng.permuted(np.tile(np.arange(n), (min(rows, permutations - start), 1)), axis=1)
