"""Step 2: who answered, of whom, and how far the answers carry."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.estimates import (
    CELL,
    match_rows,
    shape_estimates,
    tabulate_counts,
    tabulate_estimates,
    tabulate_groups,
    tabulate_shares,
)  # fmt: skip
from cncb_analysis.statistics.agreement import kendall_w
from cncb_analysis.statistics.permutation import fisher_permutation
from cncb_analysis.statistics.reliability import alpha_if_dropped, cronbach_alpha, feldt_interval
from cncb_analysis.study import Study
from cncb_analysis.words import read_shipped

_STEP = "questionnaire"
# Statuses that count as an answer used, and why the others are not.
_USED = ["complete", "partial"]
_STATUSES = [*_USED, "rejected", "duplicate", "test"]
_STAGES = ["mapped", "invited", "delivered", *_STATUSES, "used"]
# What is a part of what.
_PARTS = {"invited": "mapped", "used": "invited"}
_PLACE = ["step", "partner", "country"]
# The statistic that stands for a question, by its kind.
_MAIN = {"rating": "share_top2", "number": "median", "allocation": "mean", "rank": "share_ranked"}
_MOST_CLASSES = 12
# A partner or country with fewer whole blocks of ratings says nothing about how they hang together.
_FEWEST_RATED, _FEWEST_RANKED = 5, 3
_PERMUTATIONS = 999
_Found = tuple[object, ...]
_FOUND = [*_PLACE, "variable", "option", "statistic", "estimate", "low", "high", "n", "method"]


def tabulate_response(units: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Follow the clusters from the map to the answers used.

    Parameters
    ----------
    units : DataFrame
        step, partner, status; of the mapping and of the questionnaire.
    study : Study
        Its fieldwork table says how many were invited.

    Returns
    -------
    DataFrame
        Estimates, variable `response`. Statistic count (k; no interval): options mapped, invited (clusters), delivered,
        complete, partial, rejected, duplicate, test, used (answers); none where it is not known. Statistic share:
        invited of mapped, used of invited. A country where one partner's figure is unknown has none.
    """
    keys = ["partner", "country"]
    counts = pd.DataFrame([(partner.id, partner.country) for partner in study.partners], columns=keys)
    answers = units[units["step"].eq(_STEP)]
    by_status = pd.crosstab(answers["partner"], answers["status"]).reindex(columns=_STATUSES, fill_value=0)
    by_status = by_status.assign(delivered=by_status.sum(axis=1), used=by_status[_USED].sum(axis=1))
    counts = counts.join(by_status, "partner")
    mapped = units.loc[units["step"].eq("mapping") & units["status"].isin(_USED), "partner"].value_counts()
    fieldwork = study.table("fieldwork").query("step == @_STEP").set_index("partner")
    invited = pd.to_numeric(fieldwork["invited"], errors="coerce")
    counts = counts.assign(mapped=counts["partner"].map(mapped), invited=counts["partner"].map(invited))
    table = tabulate_groups(counts).groupby(keys, sort=False)[_STAGES].agg(lambda part: part.sum(skipna=False))
    rows = table.melt(value_vars=_STAGES, var_name="option", value_name="k", ignore_index=False).reset_index()
    rows = rows.assign(step=_STEP, variable="response", whole=rows["option"].map(_PARTS))
    totals = rows[[*keys, "option", "k"]].rename(columns={"option": "whole", "k": "n"})
    parts = rows.merge(totals, on=[*keys, "whole"]).dropna(subset=["k", "n"]).query("k <= n")
    shares = tabulate_shares(parts.assign(base="clusters"))
    base = np.where(rows["option"].isin(["mapped", "invited"]), "clusters", "answers")
    rows = rows.assign(statistic="count", estimate=rows["k"], base=base, method="count").dropna(subset="k")
    return pd.concat([shape_estimates(rows), shares], ignore_index=True)


def tabulate_quality(
    units: pd.DataFrame, observations: pd.DataFrame, codebook: Codebook, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Say who did not answer, and how far ratings and rankings hang together: for each partner, country and for all.

    Parameters
    ----------
    units : DataFrame
        step, partner, country, unit, cluster, status.
    observations : DataFrame
        Of all steps.
    codebook : Codebook
        Its mapping variables that are neither identifier nor sensitive and have one answer a cluster tell who did not
        answer; its batteries of ratings, with `reverse`, and its rankings.
    rng : Generator
        For p-values, where not all arrangements can be counted.

    Returns
    -------
    DataFrame
        Estimates.

        Variable `response:` with a mapping variable, option = class (of a number: thirds of the frame, named by where
        they begin and end; of more than twelve codes: their first letter), base clusters. share: k that
        answered of the n mapped. std_difference: (p - q) / √((p(1 - p) + q(1 - q)) / 2), p and q the share of
        the class among the answering and the mapped. Option empty: nonresponse_p of the chi-square permutation
        test of class against answering, and nonresponse_p_least, the smallest p that these clusters could have
        given. Clusters are joined by partner and name; partners without one joined answer (an anonymous
        questionnaire) stand outside.

        cronbach_alpha with Feldt's interval, variable = battery, option = aspect; alpha_if_dropped, variable = the item
        left out. n: units that rated every item, at least five of a partner or country, three of all.

        kendall_w and kendall_w_p of a ranking, items not ranked tied in the last place; n: units that ranked anything,
        at least three.

    References
    ----------
    Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates between treatment
    groups in propensity-score matched samples. Statistics in Medicine, 28, 3083-3107. The others as in
    `statistics.permutation`, `statistics.reliability` and `statistics.agreement`.
    """
    answers = observations[observations["missing"].eq("")]
    frame = _join_frame(units, answers, codebook)
    counts = tabulate_counts(frame)
    whole = counts.groupby(["variable", *_PLACE])[["k", "n"]].transform("sum")
    p, q = counts["k"] / whole["k"], counts["n"] / whole["n"]
    apart = counts.assign(estimate=(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2), k=np.nan, n=whole["n"])
    found = [*_test_response(frame, rng), *_test_batteries(answers, codebook), *_test_rankings(answers, codebook, rng)]
    rows = pd.concat([apart.assign(statistic="std_difference"), pd.DataFrame(found, columns=_FOUND)])
    table = pd.concat([tabulate_shares(counts), shape_estimates(rows.dropna(subset="estimate"))], ignore_index=True)
    return table.assign(base=table["base"].mask(table["variable"].str.startswith("response:"), "clusters"))


def _join_frame(units: pd.DataFrame, answers: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Class of each mapped cluster by each fact, and whether it answered (k); of partners whose answers name any."""
    used, link = units[units["status"].isin(_USED)], ["partner", "cluster"]
    named = used.loc[used["step"].eq(_STEP) & used["cluster"].ne(""), link]
    frame = used.loc[used["step"].eq("mapping"), [*_PLACE, "unit", "cluster"]].assign(step=_STEP)
    frame["k"] = match_rows(frame, named, link)
    frame = frame[frame["partner"].isin(frame.loc[frame["k"], "partner"])]
    kinds = {each.name: each.kind for each in codebook.asked_in("mapping") if not each.role and each.kind != "multiple"}
    facts = answers.loc[answers["variable"].isin(kinds), ["unit", "variable", "option", "value"]].reset_index(drop=True)
    for _, own in facts[facts["variable"].map(kinds).eq("number")].groupby("variable"):
        facts.loc[own.index, "option"] = _name_thirds(own["value"])
    # Of more answers than a table can hold the first letter: a NACE division by its section.
    many = facts.groupby("variable")["option"].transform("nunique") > _MOST_CLASSES
    facts["option"] = facts["option"].mask(many, facts["option"].str[:1])
    facts = facts.assign(variable="response:" + facts["variable"], occasion="", statistic="share")
    return facts.sort_values(["value", "option"], kind="stable").merge(frame, on="unit")


def _name_thirds(values: pd.Series) -> pd.Series:
    """Third of each value, named by its ends; the last is open, so that it does not tell the largest."""
    # Cut at values that stand there: between two of them the last digit of a quantile decides.
    ordered, size = np.sort(values), len(values)
    third = np.searchsorted(np.unique(ordered[[(size - 1) // 3, 2 * (size - 1) // 3]]), values)
    starts = values.groupby(third).min().tolist()
    names = [f"{first:g}–{following - 1:g}" for first, following in pairwise(starts)] + [f"{max(starts):g}+"]
    return pd.Series(np.array(names)[third], index=values.index)


def _test_response(frame: pd.DataFrame, rng: np.random.Generator) -> Iterator[_Found]:
    for (variable, *place), part in tabulate_groups(frame).groupby(["variable", *_PLACE], sort=False):
        if part["option"].nunique() > 1 and part["k"].nunique() > 1:
            test = fisher_permutation(part["option"], part["k"], rng=rng, permutations=_PERMUTATIONS)
            method = "fisher_exact" if test.exact[0] else "fisher_permutation"
            for statistic, p in (("nonresponse_p", test.p[0]), ("nonresponse_p_least", test.p_attainable[0])):
                yield (*place, variable, "", statistic, p, np.nan, np.nan, len(part), method)


def _test_batteries(answers: pd.DataFrame, codebook: Codebook) -> Iterator[_Found]:
    ratings = [each for each in codebook.variables.values() if each.battery and each.kind == "ordinal"]
    blocks = {each.name: (each.battery, each.aspect) for each in ratings}
    # A reversed answer need only count as negative: alpha knows variances, not levels.
    signs = {each.name: -1.0 if each.reverse else 1.0 for each in ratings}
    rated = answers.assign(value=answers["value"] * answers["variable"].map(signs))
    for block in dict.fromkeys(blocks.values()):
        names = [name for name, own in blocks.items() if own == block]
        for place, items in _split_units(rated[rated["variable"].isin(names)], "variable"):
            whole = items.dropna()
            if place[-1] and len(whole) < _FEWEST_RATED:
                continue
            alpha = cronbach_alpha(whole)
            ends = feldt_interval(alpha, *whole.shape)
            yield (*place, *block, "cronbach_alpha", alpha, *ends, len(whole), "feldt")
            for name, rest in zip(whole.columns, alpha_if_dropped(whole), strict=True):
                yield (*place, name, "", "alpha_if_dropped", rest, np.nan, np.nan, len(whole), "")


def _test_rankings(answers: pd.DataFrame, codebook: Codebook, rng: np.random.Generator) -> Iterator[_Found]:
    for variable in (each for each in codebook.variables.values() if each.kind == "rank"):
        options = [choice.name for choice in codebook.options(variable)]
        for place, ranks in _split_units(answers[answers["variable"].eq(variable.name)], "option"):
            sheets = ranks.reindex(columns=options).dropna(how="all")
            if len(sheets) >= _FEWEST_RANKED:
                found = kendall_w(sheets, rng=rng, permutations=_PERMUTATIONS)
                for statistic, value in zip(("kendall_w", "kendall_w_p"), found, strict=True):
                    yield (*place, variable.name, "", statistic, value, np.nan, np.nan, len(sheets), "")


def _split_units(rows: pd.DataFrame, across: str) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Step, partner, country; values of that group, a row a unit, a column a variable or an option."""
    wide = rows.groupby([*_PLACE, "unit", across], sort=False)["value"].first().unstack().reset_index(_PLACE)
    for place, part in tabulate_groups(wide).groupby(_PLACE, sort=False):
        yield place, part.drop(columns=_PLACE)


def select_hosts(units: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Select the answers used of the questionnaire, and of these one a host.

    Parameters
    ----------
    units : DataFrame
        step, partner, unit, host, status.

    Returns
    -------
    used, hosts : DataFrame
        Complete answers first; of each host of a partner the first. A unit without a host is its own.

    Examples
    --------
    >>> told = {"step": "questionnaire", "partner": "linz", "unit": ["a", "b", "c"], "host": ["x", "x", ""]}
    >>> select_hosts(pd.DataFrame({**told, "status": ["partial", "complete", "complete"]}))[1]["unit"].tolist()
    ['b', 'c']
    """
    used = units[units["step"].eq(_STEP) & units["status"].isin(_USED)].sort_values("status", kind="stable")
    used["host"] = used["host"].where(used["host"].ne(""), used["unit"])
    return used, used.drop_duplicates(["partner", "host"])


def tabulate_sensitivity(
    estimates: pd.DataFrame, observations: pd.DataFrame, units: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Say of the questionnaire's main results how much they rest on choices of the analysis.

    Parameters
    ----------
    estimates : DataFrame
        As `tabulate_estimates` gives them.
    observations : DataFrame
        What they were made of.
    units : DataFrame
        step, partner, unit, host, status.
    study : Study
        Kinds of questions; the figure `sensitivity` of its figures.csv names those meant.

    Returns
    -------
    DataFrame
        Estimates. shown: the result of a question (share of an answer or of the two highest, median, mean part, gap).
        wilson: a share with Wilson's interval, which takes no account of the list's end. All together only, as the
        difference would tell the few answers left out of a smaller group: hosts_once, the result with one answer a
        host, its first complete one or else its first; complete_only, that without partial answers; largest_change, the
        larger of the two differences from shown, in widths of its interval. `frame` of these three: the answers that
        shown rests on.
    """
    figures = study.table("figures") if len(study.table("figures")) else read_shipped("figures")
    named = set(figures.loc[figures["figure"].eq("sensitivity"), "variables"].str.split(";").explode())
    main = dict.fromkeys(named, "gap")
    for each in study.codebook.variables.values():
        if named & {each.name, each.battery} and not each.aspect:
            rating = each.kind == "ordinal" and each.battery != ""
            main[each.name] = _MAIN.get("rating" if rating else each.kind, "share")
    shown = estimates[estimates["step"].eq(_STEP) & estimates["statistic"].eq(estimates["variable"].map(main))]
    used, hosts = select_hosts(units)
    kept = {"hosts_once": hosts["unit"], "complete_only": used.loc[used["status"].eq("complete"), "unit"]}
    told = ((check, observations[observations["unit"].isin(own)]) for check, own in kept.items())
    again = [tabulate_estimates(own, study.codebook).assign(check=check) for check, own in told]
    pooled = shown[shown["country"].eq("")].assign(frame=shown["n"], width=shown["high"] - shown["low"])
    pooled = pooled[[*CELL, "statistic", "frame", "width", "estimate"]].rename(columns={"estimate": "whole"})
    checks = pd.concat(again).drop(columns=["low", "high", "frame"]).merge(pooled, on=[*CELL, "statistic"])
    change = checks.assign(estimate=(checks["estimate"] - checks["whole"]).abs() / checks["width"], k=np.nan)
    change = change[np.isfinite(change["estimate"])].sort_values("estimate", kind="stable")
    change = change.drop_duplicates(CELL, keep="last")
    change = change.assign(statistic="largest_change", method="width")
    tables = [shown.assign(statistic="shown"), checks.assign(statistic=checks["check"]), change]
    wilson = shown[shown["statistic"].str.startswith("share")].assign(statistic="wilson", frame=np.nan)
    return pd.concat([tabulate_shares(wilson), *map(shape_estimates, tables)], ignore_index=True)
