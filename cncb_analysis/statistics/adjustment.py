"""Adjusted p-values for a family of tests. NaN (a test not made) stays NaN and does not count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "holm"]

Floats = npt.NDArray[np.float64]


def holm(p: npt.ArrayLike) -> Floats:
    """Holm's step-down adjustment: keeps the chance of any false alarm in the family at the level.

    The i-th smallest of m becomes the largest of (m - j + 1) p(j) over j <= i, at most 1.

    Parameters
    ----------
    p : array-like
        p-values.

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
    return _adjust(p, lambda ordered: np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1)))


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Benjamini and Hochberg's step-up adjustment: keeps the expected share of false alarms among the finds.

    The i-th smallest of m becomes the smallest of m p(j)/j over j >= i, at most 1.

    Parameters
    ----------
    p : array-like
        p-values of independent or positively dependent tests.

    Returns
    -------
    array
        Adjusted p-values, same order.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical
    Society B, 57, 289-300. Same as R's ``p.adjust(p, "BH")``.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjust(p, _step_up)


def benjamini_yekutieli(p: npt.ArrayLike) -> Floats:
    """Benjamini and Yekutieli's adjustment: as `benjamini_hochberg` under any dependence.

    The Benjamini-Hochberg values times 1 + 1/2 + … + 1/m, at most 1.

    Parameters
    ----------
    p : array-like
        p-values.

    Returns
    -------
    array
        Adjusted p-values, same order.

    References
    ----------
    Benjamini, Y. and Yekutieli, D. (2001). The control of the false discovery rate in multiple testing under
    dependency. Annals of Statistics, 29, 1165-1188. Same as R's ``p.adjust(p, "BY")``.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.04, 0.03]).round(3).tolist()
    [0.055, 0.073, 0.073]
    """
    return _adjust(p, lambda ordered: _step_up(ordered) * np.sum(1 / np.arange(1, len(ordered) + 1)))


def _step_up(ordered: Floats) -> Floats:
    size = len(ordered)
    return np.minimum.accumulate((ordered * size / np.arange(1, size + 1))[::-1])[::-1]


def _adjust(p: npt.ArrayLike, step: Callable[[Floats], Floats]) -> Floats:
    values = np.asarray(p, dtype=float)
    made = np.flatnonzero(~np.isnan(values))
    made = made[np.argsort(values[made], kind="stable")]
    adjusted = np.full(values.shape, np.nan)
    adjusted[made] = np.minimum(step(values[made]), 1.0)
    return adjusted
