"""Agreement of coders, of judges' rankings, and how far two groups overlap."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from cncb_analysis.statistics.exact import friedman_permutation

Floats = NDArray[np.float64]
# Of the bootstrap.
_REPLICATES = 2000


def kendall_w(ranks: ArrayLike, *, rng: np.random.Generator, permutations: int = 9999) -> tuple[float, float]:
    """Kendall's coefficient of concordance, corrected for ties, with its permutation p-value.

    W = 12 S / (m² (n³ - n) - m Σ (t³ - t)), S the squared deviations of the n rank sums of m judges, t the sizes of
    ties. 0 is no agreement on the order, 1 full agreement. p: Friedman's test of the items, exact where countable. A
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
    found = friedman_permutation(placed, rng=rng, permutations=permutations)
    return found["w"], found["p"]


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


def copeland_scores(ranks: ArrayLike) -> Floats:
    """Copeland scores: how many other items each item beats one against one, by the majority; a draw is half a win.

    An item that beats all n - 1 others is the Condorcet winner; there need not be one.

    Parameters
    ----------
    ranks : array-like, (sheets, items)
        As for `borda_scores`: a ranked item stands before those not ranked, and ties count for neither.

    Returns
    -------
    array, (items,)
        From 0 to n - 1.

    References
    ----------
    Copeland, A. H. (1951). A reasonable social welfare function. University of Michigan. Condorcet, M. de (1785). Essai
    sur l'application de l'analyse à la probabilité des décisions rendues à la pluralité des voix.

    Examples
    --------
    >>> copeland_scores([[1, 2, 3], [2, 1, 3], [1, 3, 2]]).tolist()
    [2.0, 1.0, 0.0]
    """
    placed = _place(ranks)
    wins = np.stack([(row < placed.T).sum(axis=1) for row in placed.T])
    return np.asarray((np.sign(wins - wins.T).sum(axis=1) + len(wins) - 1) / 2, dtype=float)


def rank_interval(points: ArrayLike, *, rng: np.random.Generator, draws: int = 999) -> tuple[Floats, Floats]:
    """Range of the place of each item by its points in 95 of 100 draws of the sheets with replacement.

    Parameters
    ----------
    points : array-like, (sheets, items)
        What each sheet gives each item, more the better, no NaN.
    rng : numpy.random.Generator
        Source of chance.
    draws : int
        How often.

    Returns
    -------
    low, high : array, (items,)
        Best and worst place, 1 the best; items that tie reach from the first to the last place they share. The place
        found lies between.

    References
    ----------
    Hall, P. and Miller, H. (2009). Using the bootstrap to quantify the authority of an empirical ranking. Annals of
    Statistics, 37, 3929-3959.

    Examples
    --------
    >>> low, high = rank_interval([[3, 1, 0], [3, 0, 1]], rng=np.random.default_rng(1))
    >>> low.tolist(), high.tolist()
    ([1.0, 2.0, 2.0], [1.0, 3.0, 3.0])
    """
    given, n = np.asarray(points, dtype=float), len(np.asarray(points))
    return find_rank_range(np.vstack([given.sum(axis=0), rng.multinomial(n, np.full(n, 1 / n), size=draws) @ given]))


def find_rank_range(points: Floats, *, tail: float = 0.025) -> tuple[Floats, Floats]:
    """Range of the place of each item over draws.

    Parameters
    ----------
    points : array, (1 + draws, items)
        More the better; as found in the first row, then in each draw.
    tail : float
        Share of the draws that may lie beyond each end.

    Returns
    -------
    low, high : array, (items,)
        Best and worst place, 1 the best; the place found lies between, and items that tie reach over all they share.

    Examples
    --------
    >>> find_rank_range(np.array([[3.0, 1.0], [2.0, 2.0]]))
    (array([1., 1.]), array([2., 2.]))
    """
    best, worst = (rankdata(-points.round(9), method=ties, axis=1).astype(float) for ties in ("min", "max"))
    low = np.quantile(best[1:], tail, axis=0, method="inverted_cdf")
    high = np.quantile(worst[1:], 1 - tail, axis=0, method="inverted_cdf")
    return np.minimum(low, best[0]), np.maximum(high, worst[0])


def _place(ranks: ArrayLike) -> Floats:
    matrix = np.atleast_2d(np.asarray(ranks, dtype=float))
    matrix = matrix[~np.isnan(matrix).all(axis=1)]
    placed: Floats = rankdata(np.where(np.isnan(matrix), np.inf, matrix), axis=1)
    return placed


def measure_agreement(
    ratings: ArrayLike,
    measure: str,
    *,
    level: str = "nominal",
    rng: np.random.Generator,
    units: ArrayLike | None = None,
) -> tuple[float, float, float, int, str]:
    """Percent agreement, Cohen's kappa or Krippendorff's alpha, with a bootstrap interval over units.

    All are 1 - D_o / D_e, D_o the mean distance d of two codings of a unit. D_e is 1 for percent; for kappa that of
    the first coder's margin with the second's; for alpha that of two of all n codings drawn without replacement. d is
    0 or 1 (nominal), the squared difference (interval: kappa is then quadratically weighted), or the squared number of
    codings in between (ordinal). The bootstrap draws units, coders stay.

    Parameters
    ----------
    ratings : array-like, (coders, units)
        Codes as numbers; NaN where a coder did not code the unit. Units with one coding say nothing about agreement.
    measure : str
        agreement (share of agreeing pairs, mean of the units), kappa or alpha.
    level : str
        nominal, ordinal or interval.
    rng : numpy.random.Generator
        Source of chance.
    units : array-like, (units,), optional
        Columns with the same name are drawn together, as judgements of one passage.

    Returns
    -------
    estimate, low, high : float
        1 perfect, 0 as by chance (percent: never), below 0 worse; the ends are 95% percentiles. NaN where undefined.
    undefined : int
        Of the 2000 replicates, those in which it was not defined; they are left out of the interval.
    reason : str
        Why there is no estimate: one_coder, no_overlap (no unit has two codings), one_category (all say the same, so
        that percent agreement is 1, but there is nothing to agree upon); else empty.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement, 20,
    37-46. Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania. R:
    ``irr::kappa2``, ``irr::kripp.alpha``, ``irrCAC::pa.coeff.raw``.

    Examples
    --------
    >>> round(measure_agreement([[1, 2, 3, 3], [1, 2, 3, 2]], "kappa", rng=np.random.default_rng(1))[0], 3)
    0.636
    >>> measure_agreement([[1, 1], [1, 1]], "alpha", rng=np.random.default_rng(1))[-1]
    'one_category'
    """
    matrix = np.asarray(ratings, dtype=float)
    matrix = matrix[~np.isnan(matrix).all(axis=1)]
    codes = np.unique(matrix[~np.isnan(matrix)])
    given = (matrix[:, :, None] == codes).astype(float)
    counts = given.sum(axis=0)
    size = counts.sum(axis=1)[:, None, None]
    alone = measure != "agreement" and len(codes) == 1
    reason = "one_coder" if len(matrix) < 2 else "no_overlap" if size.max() < 2 else "one_category" if alone else ""
    if reason:
        return float("nan"), float("nan"), float("nan"), 0, reason
    if measure == "kappa":
        pairs = given[0][:, :, None] * given[1][:, None, :]
    else:
        pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(codes))
        pairs /= np.maximum(size - 1, 1) * (np.maximum(size, 1) if measure == "agreement" else 1)
    place = np.unique(np.arange(len(pairs)) if units is None else np.asarray(units), return_inverse=True)[1]
    parts = np.zeros((place.max() + 1, *pairs.shape[1:]))
    np.add.at(parts, place, pairs)
    n = len(parts)
    draws = rng.integers(n, size=(_REPLICATES, n)) + n * np.arange(_REPLICATES)[:, None]
    weights = np.bincount(draws.ravel(), minlength=draws.size).reshape(draws.shape)
    found = _relate(np.tensordot(np.vstack([np.ones(n), weights]), parts, 1), codes, measure, level)
    known = found[1:][~np.isnan(found[1:])]
    low, high = np.quantile(known, [0.025, 0.975]) if known.size else (np.nan, np.nan)
    return float(found[0]), float(low), float(high), _REPLICATES - known.size, ""


def _relate(pairs: Floats, codes: Floats, measure: str, level: str) -> Floats:
    """1 - D_o / D_e of tables of pairs (…, codes, codes); NaN where nothing is expected to differ."""
    first, second = pairs.sum(axis=-1), pairs.sum(axis=-2)
    total = first.sum(axis=-1)
    # The codings between two codes, half of their own included, are a difference of mid ranks.
    points = first.cumsum(axis=-1) - first / 2 if level == "ordinal" else codes
    apart = (points[..., :, None] - points[..., None, :]) ** 2
    apart = (codes[:, None] != codes).astype(float) if level == "nominal" else apart
    chance = (first[..., :, None] * second[..., None, :] * apart).sum(axis=(-1, -2))
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = {"agreement": total, "kappa": chance / total, "alpha": chance / (total - 1)}[measure]
        found: Floats = 1 - np.where(expected > 0, (pairs * apart).sum(axis=(-1, -2)) / expected, np.nan)
    return found


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
