"""Observations to estimates: every publishable number with its interval, base and method, written once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.schema import read_schema
from cncb_analysis.statistics.intervals import hypergeometric_interval, mean_interval, median_rank, wilson_interval

CELL = ["step", "variable", "option", "occasion", "partner", "country"]
# Its `mark` is for disclosure control to add.
ESTIMATE_COLUMNS = [name for name in read_schema()["estimates"] if name != "mark"]
BASES = {"mapping": "clusters", "questionnaire": "respondents", "interviews": "interviews", "workshops": "participants"}

_KEYS = ["step", "variable", "occasion", "partner", "country"]
_TEXT = [name for name in ESTIMATE_COLUMNS if read_schema()["estimates"][name][0] is str]
# Steps whose units are clusters of the frame; a workshop's participants are not.
_FRAMED = ("mapping", "questionnaire", "interviews")
_TOP_TWO_OF = 4


def tabulate_estimates(
    observations: pd.DataFrame, codebook: Codebook, *, frame: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Tabulate everything that was asked, for every partner, every country and all together.

    Answers that are missing stand outside the base; how many of each kind is `share_missing`. Options that nobody
    chose stay, with k = 0. Groups without a valid answer have no row.

    Parameters
    ----------
    observations : DataFrame
        step, partner, country, unit, variable, option, occasion, value, missing. Variables that the codebook does not
        know (votes) and texts are passed over.
    codebook : Codebook
        Kinds, options, batteries.
    frame : mapping of str to int, optional
        Clusters mapped by each partner. Given, shares have exact hypergeometric intervals and means the finite-frame
        factor, in the steps whose units are clusters; the frame of a country is that of its partners.

    Returns
    -------
    DataFrame
        `ESTIMATE_COLUMNS`, variables in the codebook's order. `statistic` is share (single, ordinal, multiple),
        share_top2 (the two highest of at least four ordered answers), share_ranked and mean_rank (ranks: how many
        ranked it, mean among them), share_missing (option = kind of missing, base = all who were asked), median
        (number, ordinal), mean (number, part of an allocation, rating), gap (variable = battery, option = item:
        importance minus own, within each unit; option = "group:NAME": its mean over the unit's items of that group).
        Percentages become shares 0-1. Partner empty = the country; both empty = all.

    Examples
    --------
    >>> from cncb_analysis.codebook import Choice, Codebook, Variable
    >>> book = Codebook({"sex": Variable("sex", "single", "sex")}, {"sex": (Choice("sex", "f"), Choice("sex", "m"))})
    >>> row = {"step": "questionnaire", "country": "IT", "variable": "sex", "occasion": "", "value": 1.0, "missing": ""}
    >>> rows = [dict(row, partner=p, unit=p + u, option="f") for p, u in ("a1", "a2", "b1")]
    >>> table = tabulate_estimates(pd.DataFrame(rows), book)
    >>> table.loc[table["partner"] == "b", ["option", "estimate", "k", "n"]].values.tolist()
    [['f', 1.0, 1.0, 1.0], ['m', 0.0, 0.0, 1.0]]
    """
    rows = observations[[*CELL, "unit", "value", "missing"]].astype(dict.fromkeys([*CELL, "unit", "missing"], "str"))
    rows = rows.merge(describe_scales(codebook), on="variable")
    rows["value"] *= rows["factor"]
    answers = rows[rows["missing"] == ""]
    sizes = _size_frames(rows, frame or {})
    parts = (
        (tabulate_shares, _count_all(rows, answers, codebook)),
        (_tabulate_means, _measure_all(answers)),
        (shape_estimates, _find_medians(answers[answers["kind"].isin(["number", "ordinal"])])),
    )
    tables = [make(part.merge(sizes, how="left", on=["step", "partner", "country"])) for make, part in parts]
    return _in_order(pd.concat(tables, ignore_index=True), codebook)


def match_rows(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.bool_]:
    """Find the rows that another table has too.

    Parameters
    ----------
    rows, others : DataFrame
        With these columns.
    columns : list of str
        What has to be equal.

    Returns
    -------
    array of bool
        For each of `rows`, whether it stands in `others`.

    Examples
    --------
    >>> cells = pd.DataFrame({"region": ["AT11", "AT12"], "sector": "C10"})
    >>> match_rows(cells, cells.iloc[1:], ["region", "sector"]).tolist()
    [False, True]
    """
    return np.asarray(pd.MultiIndex.from_frame(rows[columns]).isin(pd.MultiIndex.from_frame(others[columns])))


def tabulate_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Stack rows three times: for their partner, for their country, for all.

    Parameters
    ----------
    rows : DataFrame
        With partner and country.

    Returns
    -------
    DataFrame
        Three times as long; partner empty in the second part, partner and country in the third.

    Examples
    --------
    >>> tabulate_groups(pd.DataFrame({"partner": ["milan"], "country": ["IT"]})).values.tolist()
    [['milan', 'IT'], ['', 'IT'], ['', '']]
    """
    return pd.concat([rows, rows.assign(partner=""), rows.assign(partner="", country="")], ignore_index=True)


def tabulate_counts(chances: pd.DataFrame) -> pd.DataFrame:
    """Count of how many of those who could be counted were, for every partner, every country and all together.

    Parameters
    ----------
    chances : DataFrame
        step, variable, option, occasion, partner, country, statistic and k (whether, or how often, it was counted): a
        row for each unit that could be counted in that cell.

    Returns
    -------
    DataFrame
        Those columns, k summed, and n (rows).

    Examples
    --------
    >>> cell = {"step": "interviews", "variable": "cm_sex", "option": "woman", "occasion": "", "statistic": "share"}
    >>> chances = pd.DataFrame({**cell, "partner": ["milan", "veneto"], "country": "IT", "k": [True, False]})
    >>> tabulate_counts(chances)[["partner", "country", "k", "n"]].values.tolist()
    [['milan', 'IT', 1, 1], ['veneto', 'IT', 0, 1], ['', 'IT', 1, 2], ['', '', 1, 2]]
    """
    cells = [*CELL, "statistic"]
    counts = chances.groupby(cells, sort=False).agg(k=("k", "sum"), n=("k", "size")).reset_index()
    return tabulate_groups(counts).groupby(cells, sort=False).sum().reset_index()


def tabulate_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn counts into shares with their intervals.

    Parameters
    ----------
    counts : DataFrame
        k, n and any other of `ESTIMATE_COLUMNS`; a text column not given is empty, `statistic` is "share", `base` the
        step's. Where `frame` is given and at least n, the interval is the exact hypergeometric one, else Wilson's.

    Returns
    -------
    DataFrame
        `ESTIMATE_COLUMNS`; rows with n = 0 are left out.

    Examples
    --------
    >>> counts = pd.DataFrame({"step": ["interviews"], "variable": ["theme:tasks"], "k": [5], "n": [7]})
    >>> tabulate_shares(counts)[["estimate", "low", "high", "base", "method"]].round(2).values.tolist()
    [[0.71, 0.36, 0.92, 'interviews', 'wilson']]
    """
    table = shape_estimates(counts[counts["n"] > 0])
    table["statistic"] = table["statistic"].replace("", "share")
    k, n, frame = (table[column].to_numpy(dtype=float) for column in ("k", "n", "frame"))
    low, high = wilson_interval(k, n)
    known = frame >= n
    low[known], high[known] = hypergeometric_interval(k[known], n[known], frame[known])
    return table.assign(estimate=k / n, low=low, high=high, method=np.where(known, "hypergeometric", "wilson"))


def shape_estimates(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table of numbers to publish the columns, order and types of estimates.

    Parameters
    ----------
    table : DataFrame
        step, and any other of `ESTIMATE_COLUMNS`; what else it holds is left out.

    Returns
    -------
    DataFrame
        `ESTIMATE_COLUMNS`: a text not given is empty, the base is the step's, a number not given is missing.

    Examples
    --------
    >>> shape_estimates(pd.DataFrame({"step": ["workshops"], "k": [4]}))[["variable", "k", "base"]].values.tolist()
    [['', 4.0, 'participants']]
    """
    given = table.reset_index(drop=True).reindex(columns=ESTIMATE_COLUMNS).astype(dict.fromkeys(_TEXT, object))
    given["base"] = given["base"].where(given["base"].notna(), given["step"].map(BASES))
    given[_TEXT] = given[_TEXT].fillna("").astype("str")
    return given.astype(dict.fromkeys(["estimate", "low", "high", "k", "n", "frame"], "float64"))


def describe_scales(codebook: Codebook) -> pd.DataFrame:
    """Describe what counting asks of each variable.

    Parameters
    ----------
    codebook : Codebook
        Kinds, options, batteries.

    Returns
    -------
    DataFrame
        variable, kind, battery, item, aspect, group; factor (0.01 for percent), lowest, highest (ends of the scale),
        top (the two highest answers begin here; missing with fewer than four). Neither texts nor identifiers.
    """
    described = []
    for name, variable in codebook.variables.items():
        if variable.kind == "text" or variable.role in ("identifier", "free_text"):
            continue
        factor = 0.01 if variable.unit == "percent" else 1.0
        orders = sorted(choice.order for choice in codebook.options(variable) if choice.order is not None)
        ends = (0, 100) if variable.unit == "percent" else (variable.minimum, variable.maximum)
        low, high = (np.nan if end is None else factor * end for end in (orders[:1] + orders[-1:] or ends))
        top = orders[-2] if len(orders) >= _TOP_TWO_OF else np.nan
        facts = (variable.kind, variable.battery, variable.item, variable.aspect, variable.group)
        described.append((name, *facts, factor, low, high, top))
    columns = ["variable", "kind", "battery", "item", "aspect", "group", "factor", "lowest", "highest", "top"]
    return pd.DataFrame(described, columns=columns)


def _count_all(rows: pd.DataFrame, answers: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    kind, value = answers["kind"], answers["value"]
    names = answers["variable"].unique()
    choices = [(name, choice.name) for name in names for choice in codebook.options(name)]
    one = answers[kind.isin(["single", "ordinal"])]
    one = one.merge(pd.DataFrame(choices, columns=["variable", "offered"], dtype="str"), on="variable")
    multiple, ranked = answers[(kind == "multiple") & value.notna()], answers[kind == "rank"]
    top = answers[answers["top"].notna() & value.notna()]
    asked = rows[rows["missing"] != "not_asked"]
    reasons = asked.loc[asked["missing"] != "", ["step", "variable", "missing"]].drop_duplicates()
    asked = asked.merge(reasons.rename(columns={"missing": "reason"}), on=["step", "variable"])
    asked = asked.assign(statistic="share_missing", option=asked["reason"], k=asked["missing"] == asked["reason"])
    chances = [
        one.assign(statistic="share", option=one["offered"], k=one["option"] == one["offered"]),
        multiple.assign(statistic="share", k=multiple["value"] > 0),
        top.assign(statistic="share_top2", option="", k=top["value"] >= top["top"]),
        ranked.assign(statistic="share_ranked", k=ranked["value"].notna()),
        asked.sort_values("k", kind="stable").drop_duplicates([*_KEYS, "unit", "option"], keep="last"),
    ]
    return tabulate_counts(pd.concat(chances))


def _measure_all(answers: pd.DataFrame) -> pd.DataFrame:
    """Means and standard deviations of numbers, ratings, ranks, and of the gap between what is asked for and there."""
    kind = answers["kind"]
    rated = (kind == "ordinal") & (answers["battery"] != "")
    measured = answers[answers["value"].notna() & (rated | kind.isin(["number", "allocation"]))]
    # Both aspects of an item, where a unit rated both; value = importance minus own.
    keys = ["step", "partner", "country", "unit", "occasion", "battery", "item"]
    rated_both = [*keys, "group", "value"]
    sides = [answers.loc[rated & (answers["aspect"] == side), rated_both] for side in ("importance", "own")]
    gaps = sides[0].merge(sides[1], on=keys, suffixes=("", "_own"))
    gaps["value"] -= gaps["value_own"]
    gaps["group"] = "group:" + gaps["group"].where(gaps["group"] != "")
    grouped = gaps.groupby([*keys[:-1], "group"], sort=False)["value"].mean().reset_index()
    gaps = pd.concat([gaps, grouped.rename(columns={"group": "item"})])
    parts = [
        measured.assign(option="", statistic="mean"),
        answers[kind == "rank"].assign(statistic="mean_rank", lowest=1.0, highest=np.nan),
        gaps.rename(columns={"battery": "variable", "item": "option"}).assign(statistic="gap"),
    ]
    grouped = tabulate_groups(pd.concat(parts)).groupby([*_KEYS, "option", "statistic"], sort=False)
    moments = {"mean": ("value", "mean"), "sd": ("value", "std"), "k": ("value", "count"), "n": ("value", "size")}
    ends = {end: (end, "first") for end in ("lowest", "highest")}
    table = grouped.agg(**moments, **ends).reset_index()
    return table[table["k"] > 0]


def _tabulate_means(table: pd.DataFrame) -> pd.DataFrame:
    """Means with their intervals, which end with the scale; k of the n hold a value."""
    known = table["frame"] >= table["n"]
    ends = mean_interval(table["mean"], table["sd"], table["k"], frame=table["frame"].where(known, np.inf))
    low, high = map(pd.Series, ends)
    table = table.assign(
        estimate=table["mean"],
        # An end of the scale that is missing bounds nothing.
        low=low.clip(table["lowest"]).clip(upper=table["mean"]),
        high=high.clip(upper=table["highest"]).clip(table["mean"]),
        method=np.where(known, "student_finite", "student"),
        # A mean rank stands on the k who ranked the item; its base is all n who ranked anything.
        k=table["k"].where(table["statistic"] == "mean_rank"),
    )
    return shape_estimates(table)


def _find_medians(answers: pd.DataFrame) -> pd.DataFrame:
    rows = tabulate_groups(answers[answers["value"].notna()]).sort_values("value", ignore_index=True)
    groups = rows.groupby(_KEYS, sort=False)["value"]
    place, n = groups.cumcount() + 1, groups.transform("size")
    rank = median_rank(n)
    rows = rows.assign(low=rows["value"].where(place == rank), high=rows["value"].where(place == n + 1 - rank))
    ends = {end: (end, "max") for end in ("low", "high")}
    table = rows.groupby(_KEYS, sort=False).agg(estimate=("value", "median"), **ends, n=("value", "size"))
    return table.reset_index().assign(statistic="median", method="order_statistics")


def _size_frames(rows: pd.DataFrame, frame: Mapping[str, int]) -> pd.DataFrame:
    """Clusters mapped in each group. One partner without a frame leaves its country without: a part is no whole."""
    keys = ["step", "partner", "country"]
    members = rows.loc[rows["step"].isin(_FRAMED), keys].drop_duplicates()
    members = tabulate_groups(members.assign(frame=members["partner"].map(frame).astype(float)))
    return members.groupby(keys)["frame"].agg(lambda sizes: sizes.sum(skipna=False)).reset_index()


def _in_order(table: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """By variable as the codebook has them, a battery before its first question."""
    names = [name for variable in codebook.variables.values() for name in (variable.battery, variable.name)]
    place = table["variable"].map({name: place for place, name in reversed(list(enumerate(names)))})
    order = ["step", "place", "statistic", "occasion", "option", "country", "partner"]
    return table.assign(place=place).sort_values(order, kind="stable", ignore_index=True)[ESTIMATE_COLUMNS]
