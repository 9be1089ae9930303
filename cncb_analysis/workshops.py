"""Step 4: what the workshops voted, counted in more than one way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cncb_analysis.estimates import ESTIMATE_COLUMNS, tabulate_shares
from cncb_analysis.statistics.agreement import borda_scores, kendall_w

__all__ = ["tabulate_first_places", "tabulate_votes"]

_COUNTS = {"dots": "dots", "approval": "dots", "scores": "dots", "ranks": "borda"}
# Ways of counting a round whose first places are compared; a high figure is good in each.
_RULES = ("dots", "borda", "share_voted", "share_ranked", "share_first", "dots_by_workshop", "borda_by_workshop")
_PERMUTATIONS = 999


def tabulate_votes(
    observations: pd.DataFrame, ballots: pd.DataFrame, items: pd.DataFrame, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Count every round of voting, for each workshop, each country and all together.

    A sheet without any vote is an abstention and stands outside n. Country and all are counted twice: each participant
    with the same weight (`dots`, `borda`) and each workshop with the same weight (`…_by_workshop`).

    Parameters
    ----------
    observations : DataFrame
        Variable `votes` of step workshops: option = item, occasion = round, value = dots, score or rank (1 best); an
        item without a row was not chosen.
    ballots : DataFrame
        workshop (empty = all), round, kind (dots, ranks, scores, approval).
    items : DataFrame
        item, merged_into: the item that it became part of after the first round.
    rng : Generator
        For the permutation p-value of Kendall's W.

    Returns
    -------
    DataFrame
        Estimates, variable `votes`, option = item, occasion = round, base participants (n, without abstentions).
        share_voted: gave at least one dot; share_ranked: ranked it at all. dots: sum. borda: points, items not ranked
        sharing the places left; mean_rank in the same reading. share_first: put it first, alone or with others.
        dots_rank, borda_rank: place, 1 the best, ties the better place; …_by_workshop: mean points a participant over
        workshops, and its _rank. movement: places won since the round before, items merged then counted as merged.
        kendall_w and kendall_w_p: option empty.

    References
    ----------
    Borda and W as in `statistics.borda_scores` and `statistics.kendall_w`.
    """
    votes = observations[observations["step"].eq("workshops") & observations["variable"].eq("votes")]
    merged = {item: into for item, into in zip(items["item"], items["merged_into"], strict=True) if into}
    rows: list[dict[str, object]] = []
    places: dict[tuple[str, str], dict[str, float]] = {}
    for occasion in sorted(votes["occasion"].unique()):
        kinds = ballots[ballots["round"].eq(occasion)].set_index("workshop")["kind"].to_dict()
        on_sheet = items[items["merged_into"].eq("") | (occasion == votes["occasion"].min())]
        for partner, country, sheets in _list_groups(_spread(votes[votes["occasion"].eq(occasion)], on_sheet)):
            where = {"partner": partner, "country": country, "occasion": occasion}
            kind = kinds.get(partner) or kinds.get("") or next(iter(kinds.values()), "ranks")
            rows += [where | row for row in _count_round(sheets, kind, rng)]
            now = _place_items(_points(sheets, kind))
            before = places.get((partner, country), {})
            rows += [
                where | {"option": item, "statistic": "movement", "estimate": before[item] - place}
                for item, place in now.items()
                if item in before
            ]
            # The next round is compared with this one as if its merged items had been one already.
            places[partner, country] = _place_items(_points(_merge_items(sheets, merged, kind), kind))
    return _as_estimates(rows)


def tabulate_first_places(votes: pd.DataFrame) -> pd.DataFrame:
    """Say which item each way of counting puts first, and whether they agree.

    Parameters
    ----------
    votes : DataFrame
        From `tabulate_votes`.

    Returns
    -------
    DataFrame
        partner, country, occasion, rule (dots, borda, share_voted, share_ranked, share_first, …_by_workshop), first
        (item; several joined by ";" where they tie), agree (True when one item is first, alone or not, by every rule
        of that round).

    Examples
    --------
    >>> counted = {"dots": {"tours": 9, "coaching": 8}, "share_voted": {"tours": 0.3, "coaching": 0.6}}
    >>> rows = [(rule, item, value) for rule, own in counted.items() for item, value in own.items()]
    >>> votes = pd.DataFrame(rows, columns=["statistic", "option", "estimate"])
    >>> votes = votes.assign(partner="", country="", occasion="1")
    >>> tabulate_first_places(votes)[["rule", "first", "agree"]].values.tolist()
    [['dots', 'tours', False], ['share_voted', 'coaching', False]]
    """
    keys = ["partner", "country", "occasion"]
    counted = votes[votes["statistic"].isin(_RULES)]
    best = counted.groupby([*keys, "statistic"])["estimate"].transform("max")
    tops = counted[np.isclose(counted["estimate"], best, rtol=0, atol=1e-9)]
    table = tops.groupby([*keys, "statistic"], sort=False)["option"].agg(list).reset_index()
    table = table.rename(columns={"statistic": "rule", "option": "first"})
    shared = table.groupby(keys)["first"].agg(lambda firsts: bool(set.intersection(*map(set, firsts)))).rename("agree")
    table = table.merge(shared.reset_index(), on=keys).sort_values([*keys, "rule"], ignore_index=True)
    return table.assign(first=table["first"].map(";".join))[[*keys, "rule", "first", "agree"]]


def _spread(votes: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """A row a sheet, a column an item that could be chosen; sheets without a vote left out."""
    keys = ["partner", "country", "unit", "option"]
    cells = votes[votes["option"].ne("")].drop_duplicates(keys).set_index(keys)["value"]
    sheets = cells.unstack("option", sort=False)
    sheets = sheets.reindex(columns=list(dict.fromkeys([*items["item"], *sheets.columns])))
    return sheets[sheets.fillna(0).ne(0).any(axis=1)].astype(float)


def _list_groups(sheets: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    keys = sheets.index.to_frame(index=False)[["partner", "country"]].drop_duplicates()
    groups = [
        *keys.itertuples(index=False, name=None),
        *(("", code) for code in sorted(set(keys["country"]))),
        ("", ""),
    ]
    partners, countries = sheets.index.get_level_values("partner"), sheets.index.get_level_values("country")
    for partner, country in groups:
        own = sheets[(partners == partner) | ((partner == "") & ((countries == country) | (country == "")))]
        yield partner, country, own


def _points(sheets: pd.DataFrame, kind: str) -> pd.Series:
    """Points of each item on these sheets together."""
    if _COUNTS[kind] == "borda":
        return pd.Series(borda_scores(sheets.to_numpy()), index=sheets.columns)
    return sheets.sum()


def _points_by_workshop(sheets: pd.DataFrame, kind: str) -> pd.Series:
    """Points a participant, each workshop weighing the same."""
    workshops = [own for _, own in sheets.groupby(level="partner", sort=False)]
    return pd.concat([_points(own, kind) / len(own) for own in workshops], axis=1).mean(axis=1)


def _place_items(points: pd.Series) -> dict[str, float]:
    return {str(item): place for item, place in points.round(9).rank(ascending=False, method="min").items()}


def _merge_items(sheets: pd.DataFrame, merged: dict[str, str], kind: str) -> pd.DataFrame:
    """Give an item's votes to the item it became part of: dots add up, of two ranks the better one stands."""
    targets = [merged.get(item, item) for item in sheets.columns]
    grouped = sheets.T.groupby(targets, sort=False)
    return (grouped.min() if _COUNTS[kind] == "borda" else grouped.sum(min_count=1)).T


def _count_round(sheets: pd.DataFrame, kind: str, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    name, n = _COUNTS[kind], len(sheets)
    points = _points(sheets, kind)
    voted = sheets.notna() if name == "borda" else sheets.fillna(0) > 0
    ends = sheets.min(axis=1) if name == "borda" else sheets.max(axis=1)
    first = sheets.eq(ends, axis=0) & voted
    measures = {name: points, f"{name}_rank": pd.Series(_place_items(points))}
    if sheets.index.get_level_values("partner").nunique() > 1:
        equal = _points_by_workshop(sheets, kind)
        measures |= {f"{name}_by_workshop": equal, f"{name}_by_workshop_rank": pd.Series(_place_items(equal))}
    if name == "borda":
        measures["mean_rank"] = sheets.shape[1] - points / n
    for statistic, values in measures.items():
        for item, value in values.items():
            yield {"option": item, "statistic": statistic, "estimate": float(value), "n": n}
    for statistic, chosen in (("share_ranked" if name == "borda" else "share_voted", voted), ("share_first", first)):
        for item, k in chosen.sum().items():
            yield {"option": item, "statistic": statistic, "k": int(k), "n": n}
    concordance = kendall_w(sheets.to_numpy() * (1 if name == "borda" else -1), rng=rng, permutations=_PERMUTATIONS)
    for statistic, value in zip(("kendall_w", "kendall_w_p"), concordance, strict=True):
        yield {"option": "", "statistic": statistic, "estimate": value, "n": n}


def _as_estimates(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["partner", "country", "occasion", "option", "statistic", "estimate", "k", "n"])
    table = table.assign(step="workshops", variable="votes")
    shares = tabulate_shares(table[table["k"].notna()])
    plain = table[table["k"].isna() & table["estimate"].notna()].reindex(columns=ESTIMATE_COLUMNS)
    plain = plain.assign(base="participants", method="count")
    return pd.concat([shares, plain.astype(shares.dtypes.to_dict())], ignore_index=True)
