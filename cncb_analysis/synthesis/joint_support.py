"""The project's result: which support measures to take together, in what order, and how sure that order is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from cncb_analysis.study import Study
from cncb_analysis.synthesis.evidence import SPOKEN, Lookup, Row, index_estimates, judge_step

Floats = npt.NDArray[np.float64]
Name = tuple[str, str, str, str]
Names = dict[str, list[Name]]

# What makes a partner ask for a measure, and offer it; and what makes a step ask for it.
_USEFUL, _OFFERED = 0.5, 1 / 3
_RULES = {"questionnaire": f"share_top2 >= {_USEFUL}", "interviews": "share >= 0.5", "workshops": "borda_rank <= 3"}
_WEIGHTS = {"yes": 1.0, "partly": 0.5, "no": 0.0, "silent": 0.0}
# Mean weight of the steps from which a country asks for a measure, wholly or in part.
_WHOLLY, _IN_PART = 0.75, 0.5
_DRAWS, _RANGE = 4000, (0.05, 0.95)
_COPIED = ("action", "family", "theme", "level", "lead", "owner", "date", "decision")


def tabulate_joint_support(
    estimates: pd.DataFrame, evidence: pd.DataFrame, study: Study, rng: np.random.Generator
) -> pd.DataFrame:
    """Rank the joint support measures, say who asks and who offers, and propose what to do with each.

    Each step ranks the measures by the mean of its countries' shares, every country weighing the same: the
    questionnaire by the share that finds it useful (the two highest answers) and the share that puts it among the
    first three, half each; interviews by the share that raises it; workshops by the share that votes for it in the
    last round. The rank is that of the mean over steps. The range holds 90 of 100 draws in which each country's share
    comes from its Jeffreys posterior, Beta(k + 1/2, n - k + 1/2), on its own.

    Parameters
    ----------
    estimates : DataFrame
        Of all steps, partners too. A step where a measure has no count in any country does not rank.
    evidence : DataFrame
        From `tabulate_evidence`: a position that people set on a finding about the same question stands here too.
    study : Study
        Table support_actions.
    rng : Generator
        For the ranges.

    Returns
    -------
    DataFrame
        A row a measure, by rank. action, family, theme, level, lead, owner, date, decision (as in the table); rank,
        rank_low, rank_high; clear_to (the same in every row: below that rank there is no clear order); asks, offers
        (partners joined by ";"), asks_k, asks_n, offers_k, offers_n; mapping to workshops (all countries) and a column
        a country: agreement (asks for it), partial, dissonance (does not), silence, not_asked, hidden; coalition
        (countries that ask, wholly or in part), givers (that offer and do not ask); proposed (all, coalition,
        giver_taker, national, drop).

    References
    ----------
    Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical
    Science, 16, 101-133 (Jeffreys posterior).
    """
    actions = study.table("support_actions").to_dict("records")
    if not actions:
        return pd.DataFrame(columns=[*_COPIED, "rank", "rank_low", "rank_high", "clear_to"])
    lookup, partners = index_estimates(estimates, "country"), index_estimates(estimates, "partner")
    ranking, offer = _find_questions(study, {row["offer"] for row in actions})
    names = [_name_shares(row, ranking) for row in actions]
    decided = _find_decided(evidence, study)
    ids = [partner.id for partner in study.partners]
    rows, groups = [], ("", *study.countries)
    for action, own in zip(actions, names, strict=True):
        offered: Name = ("questionnaire", offer, action["offer"], "share")
        asked = {step: {"variable": first[1], "option": first[2]} for step, (first, *_) in own.items()}
        rules = {step: place | {"rule": _RULES[step]} for step, place in asked.items()}
        said = {code: [judge_step(rules.get(step), lookup, code, step) for step in study.steps] for code in groups}
        together = {row["step"]: _sum_up([row]) for row in said.pop("")}
        positions = {code: decided.get((action["variable"], code)) or _sum_up(block) for code, block in said.items()}
        coalition = [code for code, position in positions.items() if position in ("agreement", "partial")]
        giving = [code for code in study.countries if _share(lookup, offered, code) >= _OFFERED]
        givers = [code for code in giving if code not in coalition]
        proposed = _propose(action["level"], len(coalition), len(study.countries), givers=bool(givers))
        row = {name: action[name] for name in _COPIED}
        row |= _list_partners("asks", partners, own["questionnaire"][0], ids, _USEFUL)
        row |= _list_partners("offers", partners, offered, ids, _OFFERED) | together | positions
        row |= {"coalition": ";".join(coalition), "givers": ";".join(givers), "proposed": proposed}
        rows.append(row)
    table = pd.concat([pd.DataFrame(rows), _rank_actions(lookup, names, study, rng)], axis=1)
    return table.sort_values(["rank", "action"], ignore_index=True)


def _find_questions(study: Study, codes: set[str]) -> tuple[str, str]:
    """The question that ranks the measures and the one that offers them: both have the measures as answers."""
    book = study.codebook
    answers = {name: {choice.name for choice in book.options(name)} for name in book.variables}
    found = {book.variables[name].kind: name for name, offered in answers.items() if codes <= offered}
    return found.get("rank", ""), found.get("multiple", "")


def _name_shares(action: Row, ranking: str) -> Names:
    """Where the shares of a measure stand, by step; the first is the one that the step's rule is about."""
    root, _, child = action["theme_code"].partition("/")
    step, useful = "questionnaire", action["variable"]
    return {
        step: [(step, useful, "", "share_top2"), (step, ranking, action["offer"], "share_ranked")],
        "interviews": [("interviews", f"theme:{root}", child, "share")],
        "workshops": [("workshops", "votes", action["item"], name) for name in ("share_ranked", "share_voted")],
    }


def _share(lookup: Lookup, name: Name, group: str) -> float:
    return float(lookup.get((*name, group), {"estimate": np.nan})["estimate"])


def _find_decided(evidence: pd.DataFrame, study: Study) -> dict[tuple[str, str], str]:
    """Positions that people set on the finding that rests on a measure's question."""
    asked = study.table("findings").query("step == 'questionnaire'").set_index("finding")["variable"].to_dict()
    rows = evidence[evidence["step"].eq("") & evidence["decided"].ne("")].to_dict("records")
    return {(asked[row["finding"]], row["country"]): row["decided"] for row in rows if row["finding"] in asked}


def _sum_up(said: list[dict[str, Any]]) -> str:
    """How far the steps ask for a measure."""
    words = [row["proposed"] for row in said if row["proposed"] != "not_asked"]
    weights = [_WEIGHTS[word] for word in words if word in _WEIGHTS]
    if not weights:
        return "hidden" if words else "not_asked"
    if not any(word in SPOKEN for word in words):
        return "silence"
    score = sum(weights) / len(weights)
    return "agreement" if score >= _WHOLLY else ("partial" if score >= _IN_PART else "dissonance")


def _list_partners(column: str, partners: Lookup, name: Name, ids: list[str], least: float) -> dict[str, Any]:
    shares = {code: _share(partners, name, code) for code in ids}
    found = [code for code, share in shares.items() if share >= least]
    known = sum(share == share for share in shares.values())
    return {column: ";".join(found), f"{column}_k": len(found), f"{column}_n": known}


def _propose(level: str, asking: int, countries: int, *, givers: bool) -> str:
    if level == "national":
        return "national"
    if asking >= max(countries - 1, 2):
        return "all"
    if asking and givers:
        return "giver_taker"
    return "coalition" if asking > 1 else ("national" if asking else "drop")


def _rank_actions(lookup: Lookup, names: list[Names], study: Study, rng: np.random.Generator) -> pd.DataFrame:
    size = len(names)
    point, drawn = np.zeros((1, size)), np.zeros((_DRAWS, size))
    for step in names[0]:
        columns = zip(*(own[step] for own in names), strict=True)
        counted = [_count(lookup, column, study.countries) for column in columns]
        counted = [(k, n) for k, n in counted if (n > 0).any(axis=1).all()]
        # Of the kinds of vote the last round's stands alone; the questionnaire's two measures weigh half each.
        counted = counted[:1] if step == "workshops" else counted
        for k, n in counted:
            point += _place(k / np.where(n > 0, n, np.nan)) / len(counted)
            shares = rng.beta(k + 0.5, n - k + 0.5, size=(_DRAWS, *k.shape))
            drawn += _place(np.where(n > 0, shares, np.nan)) / len(counted)
    if not point.any():
        return pd.DataFrame(np.nan, index=range(size), columns=["rank", "rank_low", "rank_high", "clear_to"])
    rank = rankdata(point[0].round(9), method="min")
    best, worst = (rankdata(drawn.round(9), method=ties, axis=1) for ties in ("min", "max"))
    low = np.minimum(np.quantile(best, _RANGE[0], axis=0, method="inverted_cdf"), rank)
    high = np.maximum(np.quantile(worst, _RANGE[1], axis=0, method="inverted_cdf"), rank)
    return pd.DataFrame({"rank": rank, "rank_low": low, "rank_high": high, "clear_to": _find_clear(rank, low, high)})


def _count(lookup: Lookup, column: Iterable[Name], countries: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Counts k and bases n, a row a measure, a column a country; n = 0 where there is no count."""
    none = {"k": np.nan, "n": np.nan}
    rows = [[lookup.get((*name, country), none) for country in countries] for name in column]
    k, n = (np.array([[row[part] for row in line] for line in rows], dtype=float) for part in ("k", "n"))
    return np.where(np.isnan(k), 0, k), np.where(np.isnan(k), 0, n)


def _place(shares: Floats) -> Floats:
    """Ranks of the measures by the mean over countries, 1 the highest."""
    known = ~np.isnan(shares)
    means = np.where(known, shares, 0).sum(axis=-1) / known.sum(axis=-1)
    ranks: Floats = rankdata(-np.atleast_2d(means).round(12), axis=1)
    return ranks


def _find_clear(rank: Floats, low: Floats, high: Floats) -> int:
    """The last rank down to which the measures stand apart from all that follow."""
    order = np.argsort(rank, kind="stable")
    worst = np.maximum.accumulate(high[order])
    best = np.minimum.accumulate(low[order][::-1])[::-1]
    cuts = np.flatnonzero(worst[:-1] < best[1:]) + 1
    last = int(cuts[-1]) if len(cuts) else 0
    return len(rank) if last == len(rank) - 1 else last
