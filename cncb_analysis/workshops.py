"""Step 4: what the workshops voted, counted in more than one way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cncb_analysis.estimates import shape_estimates, tabulate_groups, tabulate_shares
from cncb_analysis.statistics.agreement import borda_scores, kendall_w

_COUNTS = {"dots": "dots", "approval": "dots", "scores": "dots", "ranks": "borda"}
_PERMUTATIONS = 999
_GROUP = ["partner", "country"]


def tabulate_votes(
    observations: pd.DataFrame, ballots: pd.DataFrame, items: pd.DataFrame, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Count every round of voting, for each workshop, each country and all together.

    A sheet without any vote is an abstention and stands outside n. In a country, and in all, each participant weighs
    the same.

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
        dots_rank, borda_rank: place, 1 the best, ties the better place. kendall_w and kendall_w_p: option empty.

    References
    ----------
    Borda and W as in `statistics.agreement`.
    """
    votes = observations[observations["step"].eq("workshops") & observations["variable"].eq("votes")]
    votes = votes[votes["option"].ne("")].drop_duplicates(["occasion", *_GROUP, "unit", "option"])
    counted = [pd.DataFrame(columns=["option", "statistic", "estimate", "n"])]
    for occasion, cast in votes.groupby("occasion"):
        kinds = ballots[ballots["round"].eq(occasion)].set_index("workshop")["kind"].to_dict()
        offered = items.loc[items["merged_into"].eq("") | (occasion == votes["occasion"].min()), "item"]
        sheets = cast.pivot(index=[*_GROUP, "unit"], columns="option", values="value").astype(float)
        sheets = sheets.reindex(columns=list(dict.fromkeys([*offered, *sheets.columns])))
        sheets = sheets[sheets.fillna(0).ne(0).any(axis=1)].rename_axis(columns="option").reset_index(_GROUP)
        for (partner, country), own in tabulate_groups(sheets).groupby(_GROUP, sort=False):
            name = _COUNTS[kinds.get(partner) or kinds.get("") or next(iter(kinds.values()), "ranks")]
            own = own.drop(columns=_GROUP)
            table = _count_sheets(own, name)
            concordance = kendall_w(own * (1 if name == "borda" else -1), rng=rng, permutations=_PERMUTATIONS)
            agreed = pd.DataFrame({"option": "", "statistic": ["kendall_w", "kendall_w_p"], "estimate": concordance})
            long = table.melt(var_name="statistic", value_name="estimate", ignore_index=False).reset_index()
            place = {"partner": partner, "country": country, "occasion": occasion, "n": len(own)}
            counted.append(pd.concat([long, agreed]).assign(**place))
    rows = pd.concat(counted[1:] or counted).assign(step="workshops", variable="votes").dropna(subset="estimate")
    share = rows["statistic"].str.startswith("share")
    shares = tabulate_shares(rows[share].rename(columns={"estimate": "k"}))
    return pd.concat([shares, shape_estimates(rows[~share].assign(method="count"))], ignore_index=True)


def _count_sheets(sheets: pd.DataFrame, name: str) -> pd.DataFrame:
    """A row an item, a column a way of counting."""
    if name == "borda":
        points, chosen, best = pd.Series(borda_scores(sheets), sheets.columns), sheets.notna(), sheets.min(axis=1)
        table = pd.DataFrame({"mean_rank": sheets.shape[1] - points / len(sheets), "share_ranked": chosen.sum()})
    else:
        points, chosen, best = sheets.sum(), sheets > 0, sheets.max(axis=1)
        table = pd.DataFrame({"share_voted": chosen.sum()})
    rank = points.round(9).rank(ascending=False, method="min")
    first = (sheets.eq(best, axis=0) & chosen).sum()
    return table.assign(**{name: points, f"{name}_rank": rank, "share_first": first})
