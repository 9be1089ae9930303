"""Voting sheets and agreed actions of the simulated workshops."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from cncb_analysis.simulation.banks import draw_generator
from cncb_analysis.simulation.plan import PartnerPlan, find_values
from cncb_analysis.simulation.quotas import draw_distinct

BALLOT_COLUMNS = ("sheet", "round", "item", "value")
MERGED = {"joint_promotion": "market_mapping"}
_DOTS, _DOTS_AN_ITEM, _RANKS = 10, 4, 5
_FEWER_DOTS, _TIES, _FEWER_RANKS = 0.12, 0.10, 0.08
_FIRST_DEADLINE = datetime.date(2011, 10, 31)
_OWNERS = ("manager", "public", "associations", "universities", "firms")


def draw_ballots(partner: PartnerPlan, seed: int) -> pd.DataFrame:
    """Draw the sheets of one workshop in both rounds.

    Parameters
    ----------
    partner : PartnerPlan
        For the number of sheets.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        sheet, round, item, value as text. Round 1: dots, at most four an item, ten a sheet, some sheets fewer.
        Round 2, after the merger: ranks, 1 the best; some sheets tie two items and then leave a rank out, some rank
        fewer than five.
    """
    rng = draw_generator(seed, f"ballots:{partner.partner}")
    weights = {item: cell.get(partner.partner, cell[""]) for item, cell in find_values("votes", "weight").items()}
    rows: list[tuple[str, str, str, str]] = []
    for number in range(1, partner.counts["ballots"] + 1):
        own = {item: weight * float(np.exp(rng.normal(0, 0.7))) for item, weight in weights.items()}
        sheet = f"S{number:02d}"
        rows += [(sheet, "1", item, str(dots)) for item, dots in _draw_dots(own, rng).items()]
        for old, new in MERGED.items():
            own[new] += 0.3 * own.pop(old)
        rows += [(sheet, "2", item, str(rank)) for item, rank in _draw_ranks(own, rng).items()]
    return pd.DataFrame(rows, columns=list(BALLOT_COLUMNS))


def _draw_dots(weights: dict[str, float], rng: np.random.Generator) -> dict[str, int]:
    dots = dict.fromkeys(weights, 0)
    count = _DOTS - (int(rng.integers(1, 4)) if rng.random() < _FEWER_DOTS else 0)
    for _ in range(count):
        open_items = {item: weights[item] ** 1.3 for item in weights if dots[item] < _DOTS_AN_ITEM}
        dots[draw_distinct(rng, open_items, 1)[0]] += 1
    return {item: number for item, number in dots.items() if number}


def _draw_ranks(weights: dict[str, float], rng: np.random.Generator) -> dict[str, int]:
    count = 3 if rng.random() < _FEWER_RANKS else _RANKS
    items = draw_distinct(rng, weights, count)
    ranks = list(range(1, count + 1))
    if rng.random() < _TIES:
        tie = int(rng.integers(0, count - 1))
        ranks[tie + 1] = ranks[tie]
    return dict(zip(items, ranks, strict=True))


def draw_actions(ballots: pd.DataFrame, partner: PartnerPlan, seed: int) -> pd.DataFrame:
    """Draw what a workshop agreed on: the items with the best ranks, an owner's role and a deadline each.

    Parameters
    ----------
    ballots : DataFrame
        As `draw_ballots` gives it.
    partner : PartnerPlan
        Whose workshop.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        item, role, deadline: codes, to be worded in the partner's language.
    """
    rng = draw_generator(seed, f"actions:{partner.partner}")
    ranked = ballots[ballots["round"] == "2"].copy()
    ranked["points"] = _RANKS + 1 - ranked["value"].astype(int)
    best = ranked.groupby("item")["points"].sum().sort_values(ascending=False, kind="stable").index
    count = int(rng.integers(2, 5))
    deadlines = [
        _FIRST_DEADLINE + datetime.timedelta(days=int(days)) for days in np.cumsum(rng.integers(30, 120, count))
    ]
    return pd.DataFrame(
        {
            "item": list(best[:count]),
            "role": [_OWNERS[place] for place in rng.integers(0, len(_OWNERS), count)],
            "deadline": [day.isoformat() for day in deadlines],
        }
    )
