"""Whether neighbouring regions are alike: Moran's I of all, and of each region, by permutation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Spatial(NamedTuple):
    """Moran's I with its permutation p-value, of all regions together and of each.

    Parameters
    ----------
    overall, p : float
        Global I, and how often chance gives so much likeness or more.
    local, local_p : array, (n,)
        Local I_i (positive: like its neighbours), and how often chance puts its neighbours so far to their side of the
        mean, or farther; NaN for a region without neighbours.
    high : array of bool, (n,)
        Whether region and neighbours both lie above the mean.
    """

    overall: float
    p: float
    local: Floats
    local_p: Floats
    high: NDArray[np.bool_]


def weigh_neighbours(regions: Sequence[str], neighbours: Sequence[Sequence[str]]) -> Floats:
    """Turn lists of neighbours into weights, each row's sum 1.

    Parameters
    ----------
    regions : sequence of str
        Their codes.
    neighbours : sequence of sequence of str
        Codes of the neighbours of each; those that are no regions here are passed over.

    Returns
    -------
    array, (n, n)
        Row-standardised weights; a row of zeros for a region without neighbours.

    Examples
    --------
    >>> weigh_neighbours(["A", "B", "C"], [["B"], ["A", "C"], ["B", "X"]]).tolist()
    [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    weights = np.array([[code in near for code in regions] for near in neighbours], dtype=float)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)


def moran(values: ArrayLike, weights: Floats, *, rng: Generator, permutations: int = 999) -> Spatial:
    """Moran's I and its local parts.

    I = (n / S0) z'Wz / z'z, I_i = (z_i / m2) sum_j w_ij z_j, m2 = z'z / n, z the deviations from the mean. p = (as
    extreme + 1) / (permutations + 1): for I all values change places, for I_i those of the other regions do while
    region i keeps its own (conditional permutation). Local p-values are one-sided, as in most software, and not
    corrected.

    Parameters
    ----------
    values : array-like, (n,)
        A number a region, none missing.
    weights : array, (n, n)
        From `weigh_neighbours`.
    rng : numpy.random.Generator
        Source of chance.
    permutations : int
        How many.

    Returns
    -------
    Spatial
        NaN throughout where values do not vary or no region has a neighbour.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis, 27, 93-115. R:
    ``spdep::moran.test``, ``spdep::localmoran`` (which divides by m2 as here; PySAL by n - 1, so that its local I is
    (n - 1) / n of this one).

    Examples
    --------
    >>> line = weigh_neighbours("ABCD", ["B", "AC", "BD", "C"])
    >>> found = moran([1.0, 2.0, 3.0, 4.0], line, rng=np.random.default_rng(1))
    >>> print(f"{found.overall:.2f}", found.local.round(2).tolist(), found.high.tolist())
    0.40 [0.6, 0.2, 0.2, 0.6] [False, False, True, True]
    """
    given = np.asarray(values, dtype=float)
    z = given - given.mean()
    n, linked, m2 = len(z), weights.sum(axis=1) > 0, float(np.mean(z**2))
    if not linked.any() or m2 <= 1e-12 * float(np.mean(given**2)):
        nothing = np.full(n, np.nan)
        return Spatial(np.nan, np.nan, nothing, nothing, np.zeros(n, dtype=bool))
    lag, scale = weights @ z, weights.sum() * m2
    drawn = rng.permuted(np.tile(z, (permutations, 1)), axis=1)
    likeness = np.einsum("ri,ri->r", drawn, drawn @ weights.T) / scale
    index = float(z @ lag / scale)
    p = (np.count_nonzero(likeness >= index - 1e-12) + 1) / (permutations + 1)
    # One arrangement of places for all regions: each takes from it those of the others, in the order of its weights.
    places = rng.permuted(np.tile(np.arange(n - 1), (permutations, 1)), axis=1)
    local_p = np.full(n, np.nan)
    for i in np.flatnonzero(linked):
        near = np.delete(weights[i], i)
        kept = np.flatnonzero(near)
        chance = np.delete(z, i)[places[:, : len(kept)]] @ near[kept]
        extreme = chance >= lag[i] - 1e-12 if lag[i] > 0 else chance <= lag[i] + 1e-12
        local_p[i] = (np.count_nonzero(extreme) + 1) / (permutations + 1)
    return Spatial(index, p, np.where(linked, z * lag / m2, np.nan), local_p, (z > 0) & (lag > 0))
