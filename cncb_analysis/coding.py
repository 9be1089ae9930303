"""Step 3: what the coding carries: agreement of coders, topics told together, saturation, labels much alike."""

from difflib import SequenceMatcher
from itertools import combinations

import numpy as np
import pandas as pd

from cncb_analysis.codebook import read_labels
from cncb_analysis.estimates import match_rows, shape_estimates, tabulate_groups
from cncb_analysis.statistics.agreement import measure_agreement
from cncb_analysis.statistics.saturation import measure_saturation

_PASSAGE = ["unit", "excerpt"]


def choose_coding(segments: pd.DataFrame) -> pd.DataFrame:
    """Choose the agreed coding of an interview where there is one, else every coder's.

    Parameters
    ----------
    segments : DataFrame
        unit, final.

    Returns
    -------
    DataFrame
        The rows that count.

    Examples
    --------
    >>> choose_coding(pd.DataFrame({"unit": ["a", "a", "b"], "final": [False, True, False]})).index.tolist()
    [1, 2]
    """
    final = segments["final"].astype(bool)
    return segments[final | ~segments["unit"].isin(segments.loc[final, "unit"])]


def list_ancestry(code: str) -> list[str]:
    """List a code and those above it.

    Parameters
    ----------
    code : str
        Path.

    Returns
    -------
    list of str
        From the root down.

    Examples
    --------
    >>> list_ancestry("obstacles/funding")
    ['obstacles', 'obstacles/funding']
    """
    parts = code.split("/")
    return ["/".join(parts[: place + 1]) for place in range(len(parts))]


def list_interviews(units: pd.DataFrame) -> pd.DataFrame:
    """List the interviews that count.

    Parameters
    ----------
    units : DataFrame
        step, partner, country, unit, status.

    Returns
    -------
    DataFrame
        step, partner, country, unit; a row an interview, in file order.

    Examples
    --------
    >>> units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": ["a", "b"]})
    >>> list_interviews(units.assign(status=["complete", "rejected"]))["unit"].tolist()
    ['a']
    """
    used = units["step"].eq("interviews") & units["status"].isin(["complete", "partial"])
    return units.loc[used, ["step", "partner", "country", "unit"]].drop_duplicates("unit")


def tabulate_agreement(segments: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Compare what two or more coders found in the same interviews, pooled over all partners.

    Each pair of excerpt and topic is one judgement: the coder gave the excerpt that topic or one below it, or not.
    Excerpts are those that any coder marked in an interview coded more than once.

    Parameters
    ----------
    segments : DataFrame
        unit, excerpt, theme_code, coder, final. A third coder whose rows are all final is the agreed
        coding and is not compared.
    rng : Generator
        Of the bootstrap over excerpts.

    Returns
    -------
    DataFrame
        Estimates for all partners together, variable theme:ROOT, option the path below; over all roots, variable
        "theme". Statistic agreement: share of judgements in which two coders of the interview agree (k of n); kappa:
        Cohen's, where no interview has a third coder; alpha: Krippendorff's, nominal. method is bootstrap, or why there
        is no number: one_coder, one_category. alpha_undefined, kappa_undefined: replicates without a number, of n; no
        row where there are none. The interval tells what other excerpts of these people would change, not other people.

    References
    ----------
    As `statistics.agreement.measure_agreement`.

    Examples
    --------
    >>> rows = [("a", "1", "tasks", "X"), ("a", "1", "tasks", "Y"), ("a", "2", "tasks", "X"), ("a", "2", "staff", "Y")]
    >>> segments = pd.DataFrame(rows, columns=["unit", "excerpt", "theme_code", "coder"]).assign(final=False)
    >>> table = tabulate_agreement(segments, rng=np.random.default_rng(1))
    >>> table.loc[table["variable"] == "theme:staff", ["statistic", "estimate"]].values.tolist()[0]
    ['agreement', 0.5]
    """
    judged = _list_judgements(segments)
    rows = [("", "alpha", *[np.nan] * 4, 0, "one_coder")] if judged.empty and len(segments) else []
    roots = judged[~judged["code"].str.contains("/")]
    for name, part in pd.concat([judged.assign(name=judged["code"]), roots.assign(name="")]).groupby("name"):
        ratings = part.pivot(index="seat", columns=[*_PASSAGE, "code"], values="given")
        excerpts, n = ratings.columns.droplevel("code").factorize()[0], ratings.shape[1]
        for measure in ("agreement", "kappa", "alpha") if len(ratings) == 2 else ("agreement", "alpha"):
            values = ratings.to_numpy(float)
            *told, undefined, reason = measure_agreement(values, measure, rng=rng, units=excerpts)
            k = round(told[0] * n, 6) if measure == "agreement" else np.nan
            rows.append((name, measure, *told, k, n, reason or "bootstrap"))
            if undefined:
                rows.append((name, f"{measure}_undefined", undefined, *[np.nan] * 3, 2000, "bootstrap"))
    table = pd.DataFrame(rows, columns=["name", "statistic", "estimate", "low", "high", "k", "n", "method"])
    parts = table["name"].str.extract("([^/]*)/?(.*)")
    variable = ("theme:" + parts[0]).str.removesuffix(":")
    base = np.where(table["statistic"].str.endswith("undefined"), "replicates", "judgements")
    return shape_estimates(table.assign(step="interviews", variable=variable, option=parts[1], base=base))


def tabulate_disagreements(segments: pd.DataFrame) -> pd.DataFrame:
    """List the excerpts in which the coders of an interview differ, for them to talk about. Restricted.

    Parameters
    ----------
    segments : DataFrame
        As for `tabulate_agreement`, with text.

    Returns
    -------
    DataFrame
        unit, excerpt, code (root topic), given_by, not_by (coders, joined by "; "), text.

    Examples
    --------
    >>> rows = [("a", "1", "tasks", "X"), ("a", "1", "staff", "Y"), ("a", "1", "tasks", "Y")]
    >>> segments = pd.DataFrame(rows, columns=["unit", "excerpt", "theme_code", "coder"]).assign(final=False, text="t")
    >>> tabulate_disagreements(segments).values.tolist()
    [['a', '1', 'staff', 'Y', 'X', 't']]
    """
    judged = _list_judgements(segments)
    judged = judged[~judged["code"].str.contains("/")]
    sides = {"given_by": judged[judged["given"]], "not_by": judged[~judged["given"]]}
    named = {side: own.groupby([*_PASSAGE, "code"])["coder"].agg("; ".join) for side, own in sides.items()}
    texts = segments.drop_duplicates(_PASSAGE)[[*_PASSAGE, "text"]]
    return pd.concat(named, axis=1, join="inner").reset_index().merge(texts, on=_PASSAGE)


def _list_judgements(segments: pd.DataFrame) -> pd.DataFrame:
    """unit, excerpt, coder, seat (place among the interview's coders), code, given: a row a coder, excerpt and code."""
    agreed = segments["final"].astype(bool).groupby([segments["unit"], segments["coder"]]).transform("all")
    several = segments.groupby("unit")["coder"].transform("nunique")
    # Of two coders one may have been made final; only a third one, wholly final, is the coding they agreed on.
    own = segments[~(agreed & (several > 2)) & (several > 1)]
    own = own.assign(code=own["theme_code"].map(list_ancestry)).explode("code")
    coders = own[["unit", "coder"]].drop_duplicates().sort_values(["unit", "coder"])
    coders = coders.assign(seat=coders.groupby("unit").cumcount())
    grid = own[_PASSAGE].drop_duplicates().merge(coders, on="unit").merge(own[["code"]].drop_duplicates(), "cross")
    return grid.assign(given=match_rows(grid, own, [*_PASSAGE, "code", "coder"]))


def tabulate_pairs(segments: pd.DataFrame, units: pd.DataFrame, *, by: str = "excerpt", root: str = "") -> pd.DataFrame:
    """Count how often two topics came up together, pooled over all partners.

    Parameters
    ----------
    segments, units : DataFrame
        As for `interviews.tabulate_codes`; segments with excerpt.
    by : str
        excerpt (in the same passage) or unit (in the same interview): the base, printed with every number.
    root : str
        Only pairs of a topic below this root with one outside it: what goes with it.

    Returns
    -------
    DataFrame
        Estimates, variable pairs:excerpt or pairs:unit, option FIRST+SECOND as coded; pairs that never met have no row.
        Statistic share_both: k of the n coded excerpts, or of all n interviews; jaccard: k of the n with either. No
        interval: passages of one interview are not independent.

    References
    ----------
    Jaccard, P. (1912). The distribution of the flora in the alpine zone. New Phytologist, 11, 37-50.

    Examples
    --------
    >>> units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": ["a", "b"]})
    >>> segments = pd.DataFrame({"unit": "a", "excerpt": "1", "theme_code": ["tasks", "staff"], "final": True})
    >>> tabulate_pairs(segments, units.assign(status="complete"), by="unit")[["option", "k", "n"]].values.tolist()
    [['staff+tasks', 1.0, 2.0], ['staff+tasks', 1.0, 1.0]]
    """
    interviews = list_interviews(units)["unit"]
    coded = choose_coding(segments[segments["unit"].isin(interviews) & segments[by].ne("")])
    place = _PASSAGE if by == "excerpt" else ["unit"]
    coded = coded[[*place, "theme_code"]].drop_duplicates()
    pairs = coded.merge(coded, on=place, suffixes=("", "_2")).query("theme_code < theme_code_2")
    pairs = pairs.groupby(["theme_code", "theme_code_2"]).size().rename("k").reset_index()
    if root:
        below = [pairs[name].str.startswith(f"{root}/") for name in ("theme_code", "theme_code_2")]
        pairs = pairs[below[0] != below[1]]
    own = coded["theme_code"].value_counts()
    either = pairs["theme_code"].map(own) + pairs["theme_code_2"].map(own) - pairs["k"]
    n = len(interviews) if by == "unit" else len(coded[place].drop_duplicates())
    both = pd.concat([pairs.assign(statistic="share_both", n=n), pairs.assign(statistic="jaccard", n=either)])
    both = both.assign(estimate=both["k"] / both["n"], option=both["theme_code"] + "+" + both["theme_code_2"])
    base = "excerpts" if by == "excerpt" else "interviews"
    return shape_estimates(both.assign(step="interviews", variable=f"pairs:{by}", base=base, method="count"))


def tabulate_saturation(segments: pd.DataFrame, units: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Tabulate how much new the later interviews brought, pooled over all partners, and what so many can show.

    Parameters
    ----------
    segments, units : DataFrame
        As for `interviews.tabulate_codes`; units in file order.
    rng : Generator
        Of the random orders.

    Returns
    -------
    DataFrame
        Estimates, variable saturation. Statistic new_information, by run (occasion = its last interview): new codes / n
        codes of the base of 4 interviews; saturation: interviews until a run of 2 brings at most 5 % new, missing where
        none does; low and high of both are the 5-95 % of 1000 random orders. visible_share, for every group: the
        smallest share of managers whose topic n interviews show at least once in 95 of 100 studies,
        1 - 0.05 ** (1 / n).

    References
    ----------
    As `statistics.saturation.measure_saturation`. Weller, S. C. et al. (2018). Open-ended interview questions and
    saturation. PLOS ONE, 13(6), e0198606, needed a median of 75 interviews.

    Examples
    --------
    >>> units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": list("abcdefg")})
    >>> segments = pd.DataFrame({"unit": list("abe"), "theme_code": ["tasks", "staff", "tasks"], "final": True})
    >>> found = tabulate_saturation(segments, units.assign(status="complete"), rng=np.random.default_rng(1))
    >>> found[["statistic", "estimate", "n"]].round(2).values.tolist()[:3]
    [['visible_share', 0.35, 7.0], ['visible_share', 0.35, 7.0], ['visible_share', 0.35, 7.0]]
    """
    interviews, coded = list_interviews(units), choose_coding(segments)
    sizes = tabulate_groups(interviews).groupby(["partner", "country"]).size().rename("n").reset_index()
    rows = [sizes.assign(statistic="visible_share", estimate=1 - 0.05 ** (1 / sizes["n"]))]
    presence = pd.crosstab(coded["unit"], coded["theme_code"]).reindex(interviews["unit"], fill_value=0) > 0
    ends, known, ratio, reached = measure_saturation(presence, rng=rng)
    if len(ends):
        low, high = np.quantile(ratio[1:], [0.05, 0.95], axis=0)
        runs = pd.DataFrame({"occasion": ends.astype(int).astype(str), "estimate": ratio[0], "low": low, "high": high})
        rows.append(runs.assign(statistic="new_information", n=known[3], base="codes"))
        # Orders in which no run brings so little come last.
        ordered = np.sort(reached[1:])[[int(0.05 * len(reached)), -1 - int(0.05 * len(reached))]]
        at = dict(zip(("estimate", "low", "high"), [reached[0], *ordered], strict=True))
        rows.append(pd.DataFrame([at]).replace(np.inf, np.nan).assign(statistic="saturation", n=len(presence)))
    return shape_estimates(pd.concat(rows).assign(step="interviews", variable="saturation", method="permutation"))


def tabulate_near_duplicates(themes: pd.DataFrame, *, least: float = 0.85) -> pd.DataFrame:
    """List codes named much alike, in English or else in the code, such as singular and plural: false disagreement.

    Parameters
    ----------
    themes : DataFrame
        code (path); labels by language where there are any.
    least : float
        Ratio of letters in common from which on two are listed.

    Returns
    -------
    DataFrame
        first, second (codes), alike (0-1): the most alike first.

    References
    ----------
    Ratcliff, J. W. and Metzener, D. E. (1988). Pattern matching: the gestalt approach. Dr. Dobb's Journal, 13(7).

    Examples
    --------
    >>> tabulate_near_duplicates(pd.DataFrame({"code": ["need/fund", "gap/funds", "trust"]})).values.tolist()
    [['need/fund', 'gap/funds', 0.89]]
    """
    names = {row["code"]: read_labels(row).get("en") or row["code"] for row in themes.to_dict("records")}
    named = [(code, name.rpartition("/")[2].casefold()) for code, name in names.items()]
    rows = [(a, b, SequenceMatcher(None, one, two).ratio()) for (a, one), (b, two) in combinations(named, 2)]
    found = pd.DataFrame(rows, columns=["first", "second", "alike"]).round(2)
    return found[found["alike"] >= least].sort_values("alike", ascending=False, kind="stable", ignore_index=True)
