"""Step 4: what the workshops voted, counted in more than one way."""

import numpy as np
import pandas as pd

from cncb_analysis.estimates import shape_estimates, tabulate_groups, tabulate_shares
from cncb_analysis.statistics.agreement import borda_scores, copeland_scores, kendall_w, rank_interval

# By kind of ballot: what points are called, who counts as choosing an item, how votes for merged items are taken
# together.
_COUNTS = {
    "dots": ("dots", "share_voted", "sum"),
    "approval": ("dots", "share_voted", "max"),
    "scores": ("mean_score", "share_top2", "max"),
    "ranks": ("borda", "share_ranked", "min"),
}
_HIGHEST_SCORE = 5
_PERMUTATIONS = 999
_GROUP = ["partner", "country"]


def tabulate_votes(
    observations: pd.DataFrame,
    ballots: pd.DataFrame,
    items: pd.DataFrame,
    *,
    rng: np.random.Generator,
    consensus: float | None = None,
) -> pd.DataFrame:
    """Count every round of voting, for each workshop, each country and all together.

    A sheet without any vote is an abstention and stands outside n. In a country, and in all, each participant weighs
    the same, in `…_by_workshop` each workshop; workshops that voted by other ballots are not counted together, nor are
    items that one workshop alone could choose. After the first round a vote for a merged item is one for what it became
    part of: dots add up, of several ranks, scores or approvals the best stands.

    Parameters
    ----------
    observations : DataFrame
        Variable `votes` of step workshops: option = item, occasion = round, value = dots, score, 1 for an approval, or
        rank (1 best); an item without a row was not chosen.
    ballots : DataFrame
        workshop (empty = all), round, kind (dots, ranks, scores, approval), cap (of scores: the highest, else 5).
    items : DataFrame
        item, workshop (empty = all), merged_into: the item that it became part of after the first round.
    rng : Generator
        For the permutation p-value of Kendall's W and the ranges of places.
    consensus : float, optional
        Share of the participants that must choose an item, as fixed before the vote; without it none is told.

    Returns
    -------
    DataFrame
        Estimates, variable `votes`, option = item, occasion = round, base participants (n, without abstentions).

        share_voted: gave at least one dot, or approval; share_ranked: ranked it at all; share_top2: gave one of the two
        highest scores. share_first: put it first, alone or with others. consensus: 1 where that share (share_first
        apart) reaches `consensus`, else 0. dots: sum, of approvals too; mean_score: among those who scored it. borda
        (ranks, scores): points, items that tie or are not named sharing their places; mean_rank in the same reading.
        copeland: items it beats one against one, a draw being half.

        dots_rank, mean_score_rank, borda_rank: place, 1 the best, ties the better place; low and high: its range by
        bootstrap over participants. dots_by_workshop and so on, share_voted_by_workshop and so on: mean over the
        workshops of the points, or share, a participant; with its _rank. movement: places won since the round before,
        items merged then counted as merged.

        first_by_ with a rule (one of those above, or condorcet: beats every other item one against one): 1 where it is
        first, alone or with others, else 0; for every item that is first by some rule. Where condorcet is 0 for all,
        no item beats every other. A rule that puts all items first is left out.

        Option empty: kendall_w and kendall_w_p; rules_agree: 1 where one item is first by every rule, else 0.

    References
    ----------
    Borda, Copeland, W and ranges as in `statistics.agreement`. Diamond, I. R. et al. (2014). Defining consensus: a
    systematic review recommends methodologic criteria for reporting of Delphi studies. Journal of Clinical
    Epidemiology, 67, 401-409 (median threshold 75 %).
    """
    votes = observations[observations["step"].eq("workshops") & observations["variable"].eq("votes")]
    votes = votes[votes["option"].ne("")].drop_duplicates(["occasion", *_GROUP, "unit", "option"])
    counted = [pd.DataFrame(columns=["option", "statistic", "estimate", "low", "high", "n", "method"])]
    before: dict[object, pd.Series] = {}
    for occasion, cast in votes.groupby("occasion"):
        forms = ballots[ballots["round"].eq(occasion)].set_index("workshop")[["kind", "cap"]].T.to_dict("list")
        sheets = cast.pivot(index=[*_GROUP, "unit"], columns="option", values="value").astype(float)
        sheets = sheets.reindex(columns=list(dict.fromkeys([*items["item"], *sheets.columns]))).reset_index(_GROUP)
        for place, own in tabulate_groups(sheets.assign(workshop=sheets["partner"])).groupby(_GROUP, sort=False):
            kinds = {tuple(forms.get(each) or forms.get("") or ("ranks", "")) for each in own["workshop"]}
            (kind, cap), workshops = min(kinds), own["workshop"]
            own = own.drop(columns=[*_GROUP, "workshop", *items.loc[~items["workshop"].isin(["", place[0]]), "item"]])
            own = own.fillna(0) if _COUNTS[kind][0] == "dots" else own
            both = _merge_items(own, items, kind)
            own = own if occasion == votes["occasion"].min() else both
            voted = own.fillna(0).ne(0).any(axis=1)
            if len(kinds) == 1 and voted.any():
                table = _count_sheets(own[voted], workshops[voted], kind, float(cap or _HIGHEST_SCORE), consensus)
                won = before.get(place, pd.Series(dtype=float)) - table[f"{_COUNTS[kind][0]}_rank"]
                before[place] = _place_items(_score_items(both[voted], kind)[1].mean())
                where = dict(zip(_GROUP, place, strict=True), occasion=occasion, n=int(voted.sum()))
                counted.append(_measure_order(table.assign(movement=won), own[voted], kind, rng).assign(**where))
    rows = pd.concat(counted[1:] or counted, ignore_index=True).dropna(subset="estimate")
    rows = rows.assign(step="workshops", variable="votes").fillna({"method": "count"})
    share = rows["statistic"].isin([*(names[1] for names in _COUNTS.values()), "share_first"])
    shares = tabulate_shares(rows[share].rename(columns={"estimate": "k"}))
    return pd.concat([shares, shape_estimates(rows[~share])], ignore_index=True)


def _merge_items(sheets: pd.DataFrame, items: pd.DataFrame, kind: str) -> pd.DataFrame:
    into = items.loc[items["merged_into"].ne("")].set_index("item")["merged_into"].to_dict()
    groups = sheets.T.groupby([into.get(item, item) for item in sheets.columns], sort=False)
    return groups.agg(_COUNTS[kind][2]).T


def _place_items(points: pd.Series) -> pd.Series:
    return points.round(9).rank(ascending=False, method="min")


def _score_items(sheets: pd.DataFrame, kind: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Place and points of each item on each sheet; one that is not named shares the places left."""
    placed = (sheets if kind == "ranks" else -sheets).rank(axis=1, na_option="bottom")
    # An item that was not scored neither gains nor loses by it.
    points = {"ranks": sheets.shape[1] - placed, "scores": sheets.fillna(sheets.mean()).fillna(0)}
    return placed, points.get(kind, sheets)


def _count_sheets(
    sheets: pd.DataFrame, workshops: pd.Series, kind: str, highest: float, consensus: float | None
) -> pd.DataFrame:
    """A row an item, a column a way of counting."""
    name, share, _ = _COUNTS[kind]
    placed, points = _score_items(sheets, kind)
    chosen = {"ranks": sheets.notna(), "scores": sheets >= highest - 1}.get(kind, sheets > 0)
    first = placed.eq(placed.min(axis=1), axis=0)
    total = sheets.mean() if kind == "scores" else points.sum()
    table = pd.DataFrame({name: total, share: chosen.sum(), "share_first": first.sum()})
    if kind in ("ranks", "scores"):
        table["borda"] = borda_scores(placed)
    table["copeland"] = copeland_scores(placed)
    if workshops.nunique() > 1:
        for of, given in ((name, points), (share, chosen)):
            table[f"{of}_by_workshop"] = given.groupby(workshops).mean().mean()
    best = table.round(9).eq(table.round(9).max()).rename(columns={"copeland": "condorcet"})
    best["condorcet"] &= table["copeland"].eq(len(table) - 1)
    best = best.loc[:, ~best.all()].astype(float).add_prefix("first_by_")
    for each in table.columns.intersection([name, "borda", f"{name}_by_workshop"]):
        table[f"{each}_rank"] = _place_items(table[each])
    if kind == "ranks":
        table["mean_rank"] = placed.mean()
    if consensus is not None:
        table["consensus"] = chosen.mean().ge(consensus).astype(float)
    return table.join(best[best.any(axis=1)])


def _measure_order(table: pd.DataFrame, sheets: pd.DataFrame, kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """Estimates of the items, ranges of their places, and how far participants and rules agree."""
    placed, points = _score_items(sheets, kind)
    agree = table.filter(like="first_by_").eq(1).all(axis=1).any()
    found = [*kendall_w(placed, rng=rng, permutations=_PERMUTATIONS), float(agree)]
    whole = pd.DataFrame({"option": "", "statistic": ["kendall_w", "kendall_w_p", "rules_agree"], "estimate": found})
    low, high = rank_interval(points, rng=rng)
    ends = {"option": sheets.columns, "statistic": f"{_COUNTS[kind][0]}_rank", "low": low, "high": high}
    long = table.rename_axis("option").melt(var_name="statistic", value_name="estimate", ignore_index=False)
    long = long.reset_index().merge(pd.DataFrame(ends).assign(method="bootstrap"), how="left")
    return pd.concat([long, whole])
