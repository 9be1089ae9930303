"""Observations to estimates: every publishable number with its interval, base and method, written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cncb_analysis.statistics import hypergeometric_interval, mean_interval, median_rank, wilson_interval

if TYPE_CHECKING:
    from cncb_analysis.codebook import Codebook, Variable

__all__ = [
    "BASES", "CELL", "ESTIMATE_COLUMNS", "tabulate_estimates", "tabulate_groups", "tabulate_means", "tabulate_shares",
]  # fmt: skip

CELL = ["step", "variable", "option", "occasion", "partner", "country"]
ESTIMATE_COLUMNS = [*CELL, "statistic", "estimate", "low", "high", "k", "n", "frame", "base", "method"]
BASES = {
    "mapping": "clusters",
    "questionnaire": "respondents",
    "interviews": "interviews",
    "workshops": "participants",
}

_KEYS = ["step", "variable", "occasion", "partner", "country"]
_UNIT = ["step", "partner", "country", "unit", "occasion"]
# Steps whose units are clusters of the frame; a workshop's participants are not.
_FRAMED = ("mapping", "questionnaire", "interviews")
_TOP_TWO_OF = 4
_STATISTICS = ("share", "share_top2", "share_ranked", "share_missing", "median", "mean", "gap", "mean_rank")


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
        `ESTIMATE_COLUMNS`, in the codebook's order. `statistic` is share (single, ordinal, multiple), share_top2 (the
        two highest of at least four ordered answers), share_ranked and mean_rank (ranks: how many ranked it, mean among
        them), share_missing (option = kind of missing, base = all who were asked), median (number, ordinal), mean
        (number, part of an allocation, rating), gap (variable = battery, option = item: importance minus own, within
        each unit). Percentages become shares 0-1. Partner empty = the country; both empty = all.

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
    text = dict.fromkeys([*CELL, "unit", "missing"], "str")
    rows = observations[[*CELL, "unit", "value", "missing"]].astype(text)
    rows = rows.merge(_describe(codebook), on="variable")
    gaps = _pair_aspects(rows[rows["missing"] == ""])
    sizes = _size_frames(rows, frame or {})
    rows, gaps = tabulate_groups(rows), tabulate_groups(gaps)
    answers = rows[rows["missing"] == ""]
    parts = [
        tabulate_shares(_add_frame(_count_all(rows, answers, codebook), sizes)),
        tabulate_means(_add_frame(_measure_all(answers, gaps), sizes)),
        _add_frame(_tabulate_medians(answers[answers["kind"].isin(["number", "ordinal"])]), sizes),
    ]
    return _in_order(pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True), codebook)


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
    table = _fill_columns(counts[counts["n"] > 0], "share")
    k, n, frame = (table[column].to_numpy(dtype=float) for column in ("k", "n", "frame"))
    low, high = wilson_interval(k, n)
    known = frame >= n
    low[known], high[known] = hypergeometric_interval(k[known], n[known], frame[known])
    return table.assign(estimate=k / n, low=low, high=high, method=np.where(known, "hypergeometric", "wilson"))


def tabulate_means(moments: pd.DataFrame) -> pd.DataFrame:
    """Turn means and standard deviations into estimates with their intervals.

    Parameters
    ----------
    moments : DataFrame
        mean, sd, n and any other of `ESTIMATE_COLUMNS`; defaults as `tabulate_shares`, `statistic` is "mean". Where k
        is given, k of the n hold a value. `lowest` and `highest`, if given, end the scale and the interval.

    Returns
    -------
    DataFrame
        `ESTIMATE_COLUMNS`.

    Examples
    --------
    >>> moments = pd.DataFrame({"variable": ["st_fte"], "mean": [2.0], "sd": [1.0], "n": [9]})
    >>> tabulate_means(moments)[["estimate", "low", "high", "method"]].round(2).values.tolist()
    [[2.0, 1.23, 2.77, 'student']]
    """
    table = _fill_columns(moments, "mean")
    values = table["k"].fillna(table["n"]).to_numpy(dtype=float)
    frame = table["frame"].to_numpy(dtype=float)
    known = frame >= table["n"].to_numpy(dtype=float)
    low, high = mean_interval(moments["mean"], moments["sd"], values, frame=np.where(known, frame, np.inf))
    mean = moments["mean"].to_numpy(dtype=float)
    ends = [moments[end].to_numpy(dtype=float) if end in moments else np.nan for end in ("lowest", "highest")]
    return table.assign(
        estimate=mean,
        # The scale ends the interval; NaN (no interval, no end) passes through.
        low=np.where(np.isnan(low), np.nan, np.minimum(np.fmax(low, ends[0]), mean)),
        high=np.where(np.isnan(high), np.nan, np.maximum(np.fmin(high, ends[1]), mean)),
        method=np.where(known, "student_finite", "student"),
    )


def _describe(codebook: Codebook) -> pd.DataFrame:
    described = [
        {
            "variable": name,
            "kind": variable.kind,
            "battery": variable.battery,
            "item": variable.item,
            "aspect": variable.aspect,
            **_scale(variable, [choice.order for choice in codebook.options(variable) if choice.order is not None]),
        }
        for name, variable in codebook.variables.items()
        if variable.kind != "text" and variable.role not in ("identifier", "free_text")
    ]
    columns = ["variable", "kind", "battery", "item", "aspect", "factor", "lowest", "highest", "top"]
    return pd.DataFrame(described, columns=columns)


def _scale(variable: Variable, orders: list[int]) -> dict[str, float]:
    factor = 0.01 if variable.unit == "percent" else 1.0
    ends = [min(orders), max(orders)] if orders else [variable.minimum, variable.maximum]
    if variable.unit == "percent":
        ends = [0, 100]
    low, high = (np.nan if end is None else factor * end for end in ends)
    top = max(orders) - 1 if len(orders) >= _TOP_TWO_OF else np.nan
    return {"factor": factor, "lowest": low, "highest": high, "top": top}


def _pair_aspects(answers: pd.DataFrame) -> pd.DataFrame:
    """One row a unit and item of a battery that both aspects were answered for; value = importance minus own."""
    keys = [*_UNIT, "battery", "item"]
    rated = answers[answers["kind"] == "ordinal"]
    sides = [rated.loc[rated["aspect"] == aspect, [*keys, "value"]] for aspect in ("importance", "own")]
    pairs = sides[0].merge(sides[1], on=keys, suffixes=("", "_own"))
    pairs["value"] -= pairs["value_own"]
    return pairs.rename(columns={"battery": "variable", "item": "option"})


def _count_all(rows: pd.DataFrame, answers: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    multiple = answers[(answers["kind"] == "multiple") & answers["value"].notna()]
    ranked = answers[answers["kind"] == "rank"]
    top = answers[answers["top"].notna() & answers["value"].notna()]
    counts = {
        "share": [_count_choices(answers, codebook), _count_true(multiple, multiple["value"] > 0, "option")],
        "share_top2": [_count_true(top, top["value"] >= top["top"])],
        "share_ranked": [_count_true(ranked, ranked["value"].notna(), "option")],
        "share_missing": [_count_missing(rows)],
    }
    return pd.concat([part.assign(statistic=name) for name, parts in counts.items() for part in parts])


def _count_true(rows: pd.DataFrame, chosen: pd.Series, *extra: str) -> pd.DataFrame:
    grouped = chosen.groupby([rows[key] for key in (*_KEYS, *extra)], sort=False)
    return grouped.agg(k="sum", n="size").reset_index()


def _count_choices(answers: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    chosen = answers[answers["kind"].isin(["single", "ordinal"])]
    bases = chosen.groupby(_KEYS, sort=False).size().rename("n").reset_index()
    found = chosen.groupby([*_KEYS, "option"], sort=False).size().rename("k").reset_index()
    options = [(name, choice.name) for name in bases["variable"].unique() for choice in codebook.options(name)]
    table = bases.merge(pd.DataFrame(options, columns=["variable", "option"], dtype="str"), on="variable")
    table = table.merge(found, how="left", on=[*_KEYS, "option"])
    return table.assign(k=table["k"].fillna(0))


def _count_missing(rows: pd.DataFrame) -> pd.DataFrame:
    asked = rows.loc[rows["missing"] != "not_asked", [*_KEYS, "unit", "missing"]].drop_duplicates()
    bases = asked.drop_duplicates([*_KEYS, "unit"]).groupby(_KEYS, sort=False).size().rename("n").reset_index()
    gone = asked[asked["missing"] != ""].rename(columns={"missing": "option"})
    kinds = gone[["step", "variable", "option"]].drop_duplicates()
    found = gone.groupby([*_KEYS, "option"], sort=False).size().rename("k").reset_index()
    table = bases.merge(kinds, on=["step", "variable"]).merge(found, how="left", on=[*_KEYS, "option"])
    return table.assign(k=table["k"].fillna(0))


def _measure_all(answers: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    kind = answers["kind"]
    rated = (kind == "ordinal") & (answers["battery"] != "")
    measured = answers[answers["value"].notna() & (rated | kind.isin(["number", "allocation"]))]
    measured = measured.assign(value=measured["value"] * measured["factor"], option="", statistic="mean")
    ranked = answers[kind == "rank"].assign(statistic="mean_rank", lowest=1.0, highest=np.nan)
    gaps = gaps.assign(statistic="gap", lowest=np.nan, highest=np.nan)
    grouped = pd.concat([measured, ranked, gaps]).groupby([*_KEYS, "option", "statistic"], sort=False)
    table = grouped.agg(
        mean=("value", "mean"),
        sd=("value", "std"),
        k=("value", "count"),
        n=("value", "size"),
        lowest=("lowest", "first"),
        highest=("highest", "first"),
    ).reset_index()
    # A mean rank stands on the k who ranked the item; its base is all n who ranked anything.
    return table[table["k"] > 0].assign(k=table["k"].where(table["statistic"] == "mean_rank"))


def _tabulate_medians(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["value"].notna()].assign(value=rows["value"] * rows["factor"])
    rows = rows.sort_values([*_KEYS, "value"], kind="stable")
    table = rows.groupby(_KEYS, sort=False).size().rename("n").reset_index()
    values, n = rows["value"].to_numpy(), table["n"].to_numpy()
    start, d = np.cumsum(n) - n, median_rank(n)
    middle = (values[start + (n - 1) // 2] + values[start + n // 2]) / 2 if len(n) else values
    low, high = (
        np.where(d > 0, values[start + place], np.nan) for place in (np.maximum(d, 1) - 1, n - np.maximum(d, 1))
    )
    return _fill_columns(table, "median").assign(estimate=middle, low=low, high=high, method="order_statistics")


def _fill_columns(table: pd.DataFrame, statistic: str) -> pd.DataFrame:
    given = table.reset_index(drop=True).reindex(columns=ESTIMATE_COLUMNS)
    text = [*CELL, "statistic", "base", "method"]
    given[text] = given[text].astype(object)
    given["statistic"] = given["statistic"].where(given["statistic"].notna(), statistic)
    given["base"] = given["base"].where(given["base"].notna(), given["step"].map(BASES))
    given[text] = given[text].where(given[text].notna(), "").astype("str")
    return given.astype(dict.fromkeys(["estimate", "low", "high", "k", "n", "frame"], "float64"))


def _size_frames(rows: pd.DataFrame, frame: Mapping[str, int]) -> pd.Series:
    members = rows[["partner", "country"]].drop_duplicates()
    members = tabulate_groups(members.assign(frame=members["partner"].map(frame).astype(float)))
    # One partner without a frame leaves its country without: a part is not the whole.
    return members.groupby(["partner", "country"])["frame"].agg(lambda sizes: sizes.sum(skipna=False))


def _add_frame(table: pd.DataFrame, sizes: pd.Series) -> pd.DataFrame:
    joined = table.drop(columns="frame", errors="ignore")
    joined = joined.merge(sizes.reset_index(), how="left", on=["partner", "country"])
    return joined.assign(frame=joined["frame"].where(joined["step"].isin(_FRAMED)))


def _in_order(table: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    variables: dict[str, int] = {}
    options: dict[tuple[str, str], int] = {}
    for place, (name, variable) in enumerate(codebook.variables.items()):
        variables[name] = place
        variables.setdefault(variable.battery, place)
        options.update({(name, choice.name): order for order, choice in enumerate(codebook.options(variable))})
        options.setdefault((variable.battery, variable.item), place)
    pairs = zip(table["variable"], table["option"], strict=True)
    keyed = table.assign(
        _step=table["step"].map({step: place for place, step in enumerate(BASES)}),
        _variable=table["variable"].map(variables),
        _statistic=table["statistic"].map({name: place for place, name in enumerate(_STATISTICS)}),
        _option=[options.get(pair, -1) for pair in pairs],
    )
    order = ["_step", "_variable", "_statistic", "occasion", "_option", "option", "country", "partner"]
    return keyed.sort_values(order, kind="stable", ignore_index=True)[ESTIMATE_COLUMNS]
