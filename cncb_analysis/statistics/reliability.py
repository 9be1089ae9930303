"""Whether the ratings of a block hang together: Cronbach's alpha, its interval, and what each item adds."""

import numpy as np
import numpy.typing as npt
from scipy.stats import f

Floats = npt.NDArray[np.float64]
# With fewer units than this a variance says nothing.
_FEWEST = 3


def cronbach_alpha(items: npt.ArrayLike) -> float:
    """Cronbach's alpha: how far the items of a block rise and fall together.

    alpha = k / (k - 1) · (1 - Σ s_i² / s²), s_i² the variances of the k items, s² that of their sum.

    Parameters
    ----------
    items : array-like, (units, items)
        Ratings in one direction (reversed items turned round), no NaN.

    Returns
    -------
    float
        1 when all items say the same, 0 when they are unrelated, below 0 when they contradict each other. NaN with
        fewer than three units or two items, and where the sum does not vary.

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16, 297-334. R:
    ``psych::alpha(items)$total$raw_alpha``.

    Examples
    --------
    >>> round(cronbach_alpha([[1, 2], [2, 2], [3, 5]]), 4)
    0.8571
    """
    matrix = np.asarray(items, dtype=float)
    units, k = matrix.shape
    if units < _FEWEST or k < 2 or np.ptp(matrix.sum(axis=1)) == 0:
        return float("nan")
    return float(k / (k - 1) * (1 - matrix.var(axis=0).sum() / matrix.sum(axis=1).var()))


def feldt_interval(alpha: float, n: int, k: int, *, level: float = 0.95) -> tuple[float, float]:
    """Feldt's interval for Cronbach's alpha.

    (1 - α) / (1 - alpha) follows F with n - 1 and (n - 1)(k - 1) degrees of freedom: the limits are
    1 - (1 - alpha) F(1 - a/2) and 1 - (1 - alpha) F(a/2), a = 1 - level.

    Parameters
    ----------
    alpha : float
        Cronbach's alpha.
    n, k : int
        Numbers of units and of items, at least two each.
    level : float
        Confidence level.

    Returns
    -------
    low, high : float
        Limits; NaN where alpha is.

    References
    ----------
    Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability coefficient twenty.
    Psychometrika, 30, 357-370. R: ``psych::alpha.ci(alpha, n, k)``.

    Examples
    --------
    >>> print("{:.2f} {:.2f}".format(*feldt_interval(0.8, 12, 5)))
    0.54 0.93
    """
    low, high = 1 - (1 - alpha) * f.ppf([(1 + level) / 2, (1 - level) / 2], n - 1, (n - 1) * (k - 1))
    return float(low), float(high)


def alpha_if_dropped(items: npt.ArrayLike) -> Floats:
    """Cronbach's alpha of the other items, for each item left out in turn.

    Parameters
    ----------
    items : array-like, (units, items)
        As for `cronbach_alpha`.

    Returns
    -------
    array, (items,)
        NaN where alpha is not defined, as with two items.

    References
    ----------
    As `cronbach_alpha`. R: ``psych::alpha(items)$alpha.drop$raw_alpha``.

    Examples
    --------
    >>> alpha_if_dropped([[1, 1, 3], [2, 2, 1], [4, 4, 2]]).round(3).tolist()
    [-0.857, -0.857, 1.0]
    """
    matrix = np.asarray(items, dtype=float)
    return np.array([cronbach_alpha(np.delete(matrix, item, axis=1)) for item in range(matrix.shape[1])])
