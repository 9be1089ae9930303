"""Thematic saturation: how much new information the later interviews bring, in file order and in any order."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
# Random ones beside the file's.
_ORDERS = 1000


def measure_saturation(
    presence: ArrayLike, *, rng: np.random.Generator, base: int = 4, run: int = 2, threshold: float = 0.05
) -> tuple[Floats, Floats, Floats, Floats]:
    """Base size, run length and new-information threshold of thematic saturation.

    The codes of the first `base` interviews are the base; each further `run` interviews, one run after the other,
    bring new ones: saturation is reached with the first run whose new codes are at most `threshold` of the base. That
    depends on the order of the interviews, so it is told for random orders too.

    Parameters
    ----------
    presence : array-like of bool, (interviews, codes)
        In file order; an interview that was not asked lacks the code.
    rng : numpy.random.Generator
        Source of the other orders.
    base, run : int
        Interviews.
    threshold : float
        Share of the base.

    Returns
    -------
    ends : array, (runs,)
        Last interview of each run, counted from 1; none where there are fewer than base + run interviews.
    known : array, (interviews,)
        Codes known after each interview, in file order.
    ratio : array, (1001, runs)
        New codes of the run / codes of the base, NaN where that has none; the first row in file order.
    reached : array, (1001,)
        Last interview of the first run at or below the threshold; infinite where there is none.

    References
    ----------
    Guest, G., Namey, E. and Chen, M. (2020). A simple method to assess and report thematic saturation in qualitative
    research. PLOS ONE, 15(5), e0232076.

    Examples
    --------
    >>> interviews, rng = [[1, 0, 0], [0, 1, 0], [1, 1, 0]], np.random.default_rng(1)
    >>> ends, known, ratio, reached = measure_saturation(interviews, base=1, run=1, rng=rng)
    >>> ends.tolist(), known.tolist(), ratio[0].tolist(), float(reached[0])
    ([2.0, 3.0], [1.0, 2.0, 2.0], [1.0, 0.0], 3.0)
    """
    matrix = np.asarray(presence, dtype=bool)
    orders = np.stack([matrix, *(rng.permutation(matrix) for _ in range(_ORDERS))])
    known = np.logical_or.accumulate(orders, axis=1).sum(axis=2)
    ends = np.arange(base + run, len(matrix) + 1, run)
    new = (known[:, ends - 1] - known[:, ends - run - 1]).astype(float)
    first = known[:, base - 1 : base]
    ratio = np.divide(new, first, out=np.full(new.shape, np.nan), where=first > 0)
    reached = np.where(ratio <= threshold, ends, np.inf).min(axis=1, initial=np.inf)
    return ends.astype(float), known[0].astype(float), ratio, reached
