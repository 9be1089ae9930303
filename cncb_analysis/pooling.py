"""Beside the verdicts: countries the same, partners apart, partial pooling, what could have been seen."""

from bisect import bisect_left
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, logit, psi
from scipy.stats import beta, norm

from cncb_analysis.codebook import Codebook
from cncb_analysis.estimates import CELL, match_rows, shape_estimates, tabulate_estimates
from cncb_analysis.questionnaire import select_hosts
from cncb_analysis.statistics.intervals import wilson_interval

Floats = npt.NDArray[np.float64]

_STEP = "questionnaire"
_POOLED = ("share_top2", "share", "share_ranked", "mean", "gap")
_QUESTION = ["step", "variable", "option", "occasion"]
# A sum of a and b from here on is complete pooling: a share then differs between countries by less than 0.001.
_COMPLETE = 1e6
_POWER, _NULLS, _STUDIES, _PARTS = 0.8, 9_999, 1_000, 1_024
# Answers that a test sees: of a number hardly two the same; of a ranking first, second, third and not ranked.
_ANSWERS = {"number": 20, "allocation": 20, "rank": 4, "multiple": 2}
_WIDEST, _SLACK = 6.0, 1e-9
_ORDERED = {"kruskal_wallis": True, "fisher": False}


def fit_beta_binomial(k: npt.ArrayLike, n: npt.ArrayLike) -> tuple[float, float]:
    """Fit how shares vary between groups: k of n binomial, each group's probability from one beta distribution.

    Parameters
    ----------
    k, n : array-like, (groups,)
        Counts; not all of them none, nor all of them n.

    Returns
    -------
    mean, size : float
        Of the beta distribution with a = mean x size and b = (1 - mean) x size, by maximum likelihood; size ends at a
        million, where the groups do not vary at all.

    References
    ----------
    Skellam, J. G. (1948). A probability distribution derived from the binomial distribution by regarding the
    probability of success as variable between the sets of trials. Journal of the Royal Statistical Society B, 10,
    257-261.

    Examples
    --------
    >>> mean, size = fit_beta_binomial([5, 5, 5], [10, 10, 10])
    >>> print(f"{mean:.2f} {size:.0f}")
    0.50 1000000
    """
    counts, bases = (np.asarray(values, dtype=float) for values in (k, n))
    pooled = counts.sum() / bases.sum()

    def lose(found: Floats) -> tuple[float, Floats]:
        mean, size = expit(found[0]), np.exp(found[1])
        a, b = mean * size, (1 - mean) * size
        own = psi(size) - psi(bases + size)
        by_a, by_b = (psi(counts + a) - psi(a) + own).sum(), (psi(bases - counts + b) - psi(b) + own).sum()
        slope = -np.array([(by_a - by_b) * a * (1 - mean), by_a * a + by_b * b])
        return float((betaln(a, b) - betaln(counts + a, bases - counts + b)).sum()), slope

    ends = [(-12, 12), (-5, np.log(_COMPLETE))]
    best = minimize(lose, (logit(pooled), 2.0), jac=True, method="L-BFGS-B", bounds=ends)
    # Of two fits as good as each other the one without anything between the groups.
    if lose(np.array([logit(pooled), np.log(_COMPLETE)]))[0] <= best.fun + 1e-6:
        return float(pooled), _COMPLETE
    return float(expit(best.x[0])), float(np.exp(best.x[1]))


def shrink_shares(k: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Draw each group's share towards all groups', the more the fewer its answers: empirical Bayes.

    With a, b and s = a + b of the fitted beta distribution and mean m: p = (k + a) / (n + s), the interval from the
    beta distribution with this mean and the variance p(1 - p)/(n + s + 1) + (s/(n + s))² V(m); the second part is what
    m itself is not known by, V(m) = 1 / Σ n / (m(1 - m)(1 + (n - 1)/(s + 1))). Where groups vary no more than chance
    would make them, s ends at a million: complete pooling, every group has the share of all. Where all counts are none
    or all n that holds too, with Wilson's interval.

    Parameters
    ----------
    k, n : array-like, (groups,)
        Counts; n above 0.

    Returns
    -------
    estimate, low, high : array, (groups,)
        Shares and their 95 % intervals.

    References
    ----------
    Kleinman, J. C. (1973). Proportions with extraneous variance: single and independent samples. Journal of the
    American Statistical Association, 68, 46-54. Morris, C. N. (1983). Parametric empirical Bayes inference: theory and
    applications. Journal of the American Statistical Association, 78, 47-55.

    Examples
    --------
    >>> shrink_shares([1, 8, 5], [5, 10, 10])[0].round(2).tolist()
    [0.43, 0.67, 0.52]
    """
    counts, bases = (np.asarray(values, dtype=float) for values in (k, n))
    if counts.sum() in (0, bases.sum()):
        pooled = (counts.sum() / bases.sum(), *wilson_interval(counts.sum(), bases.sum()))
        return tuple(np.full(len(counts), float(value)) for value in pooled)  # type: ignore[return-value]
    mean, size = fit_beta_binomial(counts, bases)
    p, weight = (counts + mean * size) / (bases + size), size / (bases + size)
    unsure = 1 / (bases / (mean * (1 - mean) * (1 + (bases - 1) / (size + 1)))).sum()
    spread = p * (1 - p) / (bases + size + 1) + weight**2 * unsure
    whole = p * (1 - p) / spread - 1
    low, high = beta.ppf([[0.025], [0.975]], p * whole, (1 - p) * whole)
    return p, low, high


def tabulate_pooling(estimates: pd.DataFrame) -> pd.DataFrame:
    """Put beside each result of the questionnaire what it is when countries, not respondents, weigh the same.

    Parameters
    ----------
    estimates : DataFrame
        Protected, with `mark`: only what may be seen is averaged, so that nothing hidden follows from it, and
        only where no country (of the spread within: no partner) is hidden.

    Returns
    -------
    DataFrame
        Estimates with `mark`, of each question's share (of an answer, of the two highest, of those who ranked it), else
        its mean. Partner and country empty but in the last. pooled: every respondent the same. equal_countries: mean
        of the countries' results, each the same; its interval is p - √Σ(p_c - l_c)² / C and p + √Σ(u_c - p_c)² / C from
        the countries' own, which know the finite frame. spread_between: standard deviation of the countries' results.
        spread_within: that of the partners of one country, over all countries with several. shrunken: share of each
        country as `shrink_shares` gives it; k and n are its own.

    References
    ----------
    Zou, G. Y., Huang, W. and Zhang, X. (2009). A note on confidence interval estimation for a linear function of
    binomial proportions. Computational Statistics & Data Analysis, 53, 1080-1085.
    """
    rows = _select_main(estimates)
    if rows.empty:
        return shape_estimates(rows).assign(mark="")
    rows["share"] = np.where(rows["statistic"].str.startswith("share"), "_share", "")
    whole, member = rows["country"].eq(""), rows["partner"].ne("")
    # Shares of the middle are hidden least: without the hidden ones a mean would lean towards them.
    closed = estimates[estimates["mark"].eq("hidden") & estimates["country"].ne("")]
    hidden = [closed[closed["partner"].eq("")], closed[closed["partner"].ne("")]]
    full = [~match_rows(rows, part, [*_QUESTION, "statistic"]) for part in hidden]
    countries, partners = rows[~whole & ~member & full[0]], rows[member & full[1]]
    p, whole_of = countries["estimate"], lambda part: part.sum(skipna=False)
    told = countries.assign(low=(p - countries["low"]) ** 2, high=(countries["high"] - p) ** 2, spread=p, size=1)
    sums = {"estimate": "mean", "spread": "std", "n": "sum", "size": "sum", "low": whole_of, "high": whole_of}
    equal = told.groupby([*_QUESTION, "share"], sort=False).agg(sums).query("size > 1").reset_index()
    low, high = (np.sqrt(equal[end]) / equal["size"] for end in ("low", "high"))
    ends = {"low": equal["estimate"] - low, "high": equal["estimate"] + high}
    spread = equal.drop(columns=["low", "high"]).assign(estimate=equal["spread"], method="spread" + equal["share"])
    shares = countries[countries["share"].ne("") & countries["k"].notna()]
    tables = [
        rows[whole].assign(statistic="pooled"),
        equal.assign(**ends, statistic="equal_countries", method="linear" + equal["share"]),
        spread.assign(statistic="spread_between"),
        _spread_within(partners),
        shares.groupby(_QUESTION, sort=False, group_keys=False)[[*shares.columns]].apply(_shrink),
    ]
    return pd.concat([shape_estimates(table) for table in tables if len(table)], ignore_index=True).assign(mark="")


def _select_main(estimates: pd.DataFrame) -> pd.DataFrame:
    """Main results of the questionnaire: of a rating the share of its two highest answers alone."""
    used = estimates["step"].eq(_STEP) & estimates["base"].eq("respondents") & estimates["estimate"].notna()
    rows = estimates[used & estimates["statistic"].isin(_POOLED)]
    rated = rows["variable"].isin(rows.loc[rows["statistic"].eq("share_top2"), "variable"])
    return rows[~rated | rows["statistic"].eq("share_top2")].copy()


def _spread_within(partners: pd.DataFrame) -> pd.DataFrame:
    own = partners.groupby([*_QUESTION, "country"])["estimate"]
    apart = (partners["estimate"] - own.transform("mean")) ** 2
    rows = partners.assign(apart=apart, free=1 - 1 / own.transform("size"))
    sums = rows[rows["free"] > 0].groupby([*_QUESTION, "share"], sort=False)[["apart", "free", "n"]].sum().reset_index()
    spread = np.sqrt(sums["apart"] / sums["free"])
    return sums.assign(estimate=spread, statistic="spread_within", method="spread" + sums["share"])


def _shrink(rows: pd.DataFrame) -> pd.DataFrame:
    estimate, low, high = shrink_shares(rows["k"], rows["n"])
    return rows.assign(estimate=estimate, low=low, high=high, statistic="shrunken", method="beta_binomial")


@cache
def find_detectable(sizes: tuple[int, ...], answers: int, *, ordered: bool, level: float) -> tuple[float, float]:
    """Find the smallest true difference that a comparison of groups of these sizes would find in 80 of 100 studies.

    One group differs from all others, who are alike. Studies are drawn and tested as `compare_countries` tests, the
    test's limit being taken from studies without a difference.

    Parameters
    ----------
    sizes : tuple of int
        Answers of each group.
    answers : int
        How many answers a question has; as often each as the other where groups do not differ.
    ordered : bool
        Whether they are ordered: Kruskal-Wallis, the difference a shift, given as Cliff's delta. Else Pearson's
        chi-square, the difference that of the share of one answer.
    level : float
        Of the test.

    Returns
    -------
    smallest, largest : float
        The difference when the smallest, and when the largest of the groups is the one that differs; NaN where not even
        the largest there can be would be found.

    Examples
    --------
    >>> [round(found, 1) for found in find_detectable((6, 10, 10, 28), 2, ordered=False, level=0.05)]
    [0.6, 0.4]
    """
    order, even = tuple(sorted(sizes)), np.full(answers, 1 / answers)
    null = _measure(_draw(order, even, even, 0, _NULLS), ordered=ordered)
    limit, step = np.quantile(null, 1 - level, method="higher"), (_WIDEST if ordered else 1.0) / _PARTS

    def find(odd: int) -> float:
        def is_found(part: int) -> bool:
            counts = _draw(order, *_differ(part * step, answers, ordered=ordered), odd, _STUDIES)
            return bool((_measure(counts, ordered=ordered) > limit + _SLACK).mean() >= _POWER)

        if not is_found(_PARTS):
            return float("nan")
        size = step * bisect_left(range(_PARTS), True, 1, key=is_found)
        own, rest = _differ(size, answers, ordered=ordered)
        above = np.concatenate([[0.0], rest.cumsum()[:-1]]) - np.concatenate([rest[::-1].cumsum()[::-1][1:], [0.0]])
        return float(own @ above) if ordered else size

    return find(0), find(len(order) - 1)


def _differ(size: float, answers: int, *, ordered: bool) -> tuple[Floats, Floats]:
    """Chances of each answer in the group that differs and in the others."""
    if ordered:
        ends = norm.ppf(np.arange(answers + 1) / answers)
        return np.diff(norm.cdf(ends - size / 2)), np.diff(norm.cdf(ends + size / 2))
    first = np.array([(1 - size) / answers + size, (1 - size) / answers])
    return tuple(np.array([share, *[(1 - share) / (answers - 1)] * (answers - 1)]) for share in first)  # type: ignore[return-value]


def _draw(sizes: tuple[int, ...], own: Floats, rest: Floats, odd: int, studies: int) -> npt.NDArray[np.int64]:
    """Counts of studies x groups x answers; always the same for the same sizes."""
    rng = np.random.default_rng(sizes)
    groups = [rng.multinomial(size, own if place == odd else rest, studies) for place, size in enumerate(sizes)]
    return np.stack(groups, axis=1)


def _measure(counts: npt.NDArray[np.int64], *, ordered: bool) -> Floats:
    """The test's statistic of each study, without what is the same in all."""
    sizes, totals = counts[0].sum(axis=1), counts.sum(axis=1)
    if not ordered:
        parts: Floats = (counts**2 / sizes[:, None]).sum(axis=1) / np.maximum(totals, 1)
        return parts.sum(axis=1)
    ranks = totals.cumsum(axis=1) - (totals + sizes.sum()) / 2
    between = ((counts * ranks[:, None]).sum(axis=2) ** 2 / sizes).sum(axis=1)
    return np.asarray(between / np.maximum((totals * ranks**2).sum(axis=1), 1e-9))


def tabulate_detectable(
    estimates: pd.DataFrame, comparisons: pd.DataFrame, codebook: Codebook, *, alpha: float = 0.05
) -> pd.DataFrame:
    """Say of each block of questions which difference this design would have found.

    Parameters
    ----------
    estimates : DataFrame
        For the answers of each country; their bases are never hidden.
    comparisons : DataFrame
        As `compare_countries` gives them; other tests than its two are passed over.
    codebook : Codebook
        Kinds, options.
    alpha : float
        Level of a family; its first step is alpha through the tests that could pass.

    Returns
    -------
    DataFrame
        A row a family, test and number of answers: family, test, questions, answers, sizes (answers of each country in
        the middle question, the smallest first), level, smallest, largest (as `find_detectable`), margin.
    """
    asked = estimates["country"].ne("") & estimates["partner"].eq("") & estimates["statistic"].ne("share_missing")
    sizes = estimates[asked].groupby(["step", "variable", "country"])["n"].max().unstack()
    possible = (comparisons["p_attainable"] <= alpha).groupby(comparisons["family"]).transform("sum").clip(lower=1)
    variables = comparisons["variable"].map(codebook.variables)
    tested = comparisons.assign(level=alpha / possible)[comparisons["test"].isin(list(_ORDERED)) & variables.notna()]
    kinds = [codebook.variables[name] for name in tested["variable"]]
    tested["answers"] = [_ANSWERS.get(each.kind, len(codebook.options(each))) for each in kinds]
    found = []
    for keys, part in tested.groupby(["family", "test", "answers", "groups"], sort=False):
        own = sizes.reindex(pd.MultiIndex.from_frame(part[["step", "variable"]]))[keys[3].split()]
        middle, level = tuple(sorted(own.median().round().astype(int))), float(part["level"].iloc[0])
        ends = find_detectable(middle, keys[2], ordered=_ORDERED[keys[1]], level=level)
        found.append((*keys[:2], len(part), keys[2], " ".join(map(str, middle)), level, *ends, part["margin"].iloc[0]))
    columns = ["family", "test", "questions", "answers", "sizes", "level", "smallest", "largest", "margin"]
    return pd.DataFrame(found, columns=columns)


def tabulate_hosts(
    estimates: pd.DataFrame, observations: pd.DataFrame, units: pd.DataFrame, codebook: Codebook
) -> pd.DataFrame:
    """Say of each country how its results move when each host counts once.

    Parameters
    ----------
    estimates, observations : DataFrame
        Not protected: what is left out may be few answers, so that this is for the consortium alone.
    units : DataFrame
        step, partner, country, unit, host, status.
    codebook : Codebook
        Kinds.

    Returns
    -------
    DataFrame
        A row a country, where most moves first: country, answers, hosts, moved (results that leave the interval they
        had), results, and of the one that moves most, in widths of its interval: variable, option, statistic, shown,
        once.
    """
    used, hosts = select_hosts(units)
    again = tabulate_estimates(observations[observations["unit"].isin(hosts["unit"])], codebook)
    key, rows = [*CELL, "statistic"], _select_main(estimates)
    rows = rows[rows["partner"].eq("") & rows["country"].ne("")].rename(columns={"estimate": "shown"})
    rows = rows.merge(again[[*key, "estimate"]].rename(columns={"estimate": "once"}), on=key)
    width = rows["high"] - rows["low"]
    change = ((rows["once"] - rows["shown"]).abs() / width.where(width > 0)).fillna(0.0)
    moved = ~rows["once"].between(rows["low"] - _SLACK, rows["high"] + _SLACK) & (width > 0)
    rows = rows.assign(change=change, moved=moved).sort_values("change", ascending=False, kind="stable")
    own = rows.groupby("country", sort=False)
    sizes = {name: part.groupby("country").size() for name, part in (("answers", used), ("hosts", hosts))}
    table = own[["variable", "option", "statistic", "shown", "once"]].first()
    table = table.assign(**sizes, moved=own["moved"].sum(), results=own.size())
    # Those that move as little as each other keep the order of the one result that moves most.
    return table.iloc[(-table["moved"] / table["results"]).argsort(kind="stable")].reset_index()
