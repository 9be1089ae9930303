"""Facts about the managers and their organisations that must come out to the number, partner by partner."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cncb_analysis.simulation.banks import read_bank
from cncb_analysis.simulation.plan import FINANCE, PartnerPlan
from cncb_analysis.simulation.quotas import split_total

_AGE_REST = {"under_30": 0.08, "30_39": 0.46, "56_65": 0.40, "over_65": 0.06}
_WOMEN_IN_MILAN = ("Gheppio", "Picchio", "Airone")
_SMALL_TEAM, _SMALL_TEAM_SHARE = 3, 0.55
_ZERO_SHARE = (0.15, 0.40)

# The seven interviewed managers of Milan, after the deck: age, degree (typed when it is not in the list), earlier
# work, employer, later training in management, who steers (1 centralised - 5 participative), share of time.
MILAN: dict[str, tuple[str, str, str, str, str, str, int]] = {
    "Gheppio": ("40_55", "other", "private_other consulting", "development_agency", "master", "2", 50),
    "Picchio": ("40_55", "engineering", "private_same consulting", "association", "none", "4", 40),
    "Airone": ("30_39", "economics", "private_other consulting", "development_agency", "none", "1", 30),
    "Colibrì": ("40_55", "other", "private_same private_other research", "research_centre", "short", "5", 60),
    "Pavone": ("56_65", "politics_law", "private_same consulting", "association", "none", "2", 20),
    "Upupa": ("40_55", "engineering", "private_other consulting association", "development_agency", "short", "4", 40),
    "Rondine": ("40_55", "engineering", "private_same research", "research_centre", "none", "4", 100),
}
# What the two whose degree is not in the list typed instead: recodes.csv gives it its code.
MILAN_DEGREES = {"Gheppio": "Fisica", "Colibrì": "Filosofia"}


def draw_facts(people: pd.DataFrame, plan: tuple[PartnerPlan, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Draw age, sex, employer, time, staff, steering and financing.

    Parameters
    ----------
    people : DataFrame
        A row a respondent: partner, cluster, interviewed.
    plan : tuple of PartnerPlan
        Counts, medians and means to come out.
    rng : Generator
        Source of chance.

    Returns
    -------
    DataFrame
        `people` with the new columns.
    """
    drawn = people.copy()
    for name in ("cm_age_band", "cm_sex", "own_model"):
        drawn[name] = pd.Series(None, index=drawn.index, dtype=object)
    sources = [f"fin_src_{source}" for source in FINANCE]
    drawn[["cm_time", "st_fte", *sources]] = np.nan
    drawn["finance_off"] = False  # whose percents will not add up to 100 as delivered: the means hold without them
    for partner in plan:
        rows = drawn.index[drawn["partner"] == partner.partner]
        known = MILAN if partner.partner == "milan" else {}
        named = {row: known[name] for row, name in drawn.loc[rows, "cluster"].items() if name in known}
        _fill_people(drawn, rows, named, partner, rng)
        drawn.loc[rows, "cm_time"] = _draw_around_median(
            partner.medians["time"],
            len(rows),
            {place: float(named[row][6]) for place, row in enumerate(rows) if row in named},
            rng,
        )
        drawn.loc[rows, "st_fte"] = _draw_fte(partner.medians["fte"], len(rows), rng)
        wrong = rng.permutation(rows[~drawn.loc[rows, "interviewed"]])[: partner.counts["finance_off"]]
        drawn.loc[wrong, "finance_off"] = True
        for block in filter(len, (rows.difference(wrong), wrong)):
            drawn.loc[block, sources] = draw_finance(partner, len(block), rng)
    drawn["st_heads"] = _draw_heads(drawn["st_fte"].to_numpy(), rng)
    return drawn


def _fill_people(
    drawn: pd.DataFrame,
    rows: pd.Index,
    named: Mapping[int, tuple[str, str, str, str, str, str, int]],
    partner: PartnerPlan,
    rng: np.random.Generator,
) -> None:
    """Age, sex and who steers: exact counts, the named managers of Milan as they must be."""
    free = rng.permutation([row for row in rows if row not in named])
    ages = [fact[0] for fact in named.values()]
    middle = max(partner.counts["aged_40_55"] - ages.count("40_55"), 0)
    rest = np.repeat(list(_AGE_REST), split_total(max(len(free) - middle, 0), list(_AGE_REST.values())))
    drawn.loc[free, "cm_age_band"] = np.array([*["40_55"] * middle, *rng.permutation(rest)], object)[: len(free)]
    women = [row for row in named if drawn.loc[row, "cluster"] in _WOMEN_IN_MILAN]
    free = rng.permutation(free)
    drawn.loc[rows, "cm_sex"] = "man"
    drawn.loc[[*women, *free[: max(partner.counts["women"] - len(women), 0)]], "cm_sex"] = "woman"
    steering = [fact[5] for fact in named.values()]
    centralised = max(partner.counts["centralised"] - sum(step in "12" for step in steering), 0)
    participative = max(partner.counts["participative"] - sum(step in "45" for step in steering), 0)
    levels = [*rng.choice(["1", "2"], centralised), *rng.choice(["4", "5"], participative)]
    levels += ["3"] * max(len(free) - len(levels), 0)
    drawn.loc[rng.permutation(free), "own_model"] = np.array(levels, object)[: len(free)]
    for row, (age, _, _, _, _, step, _) in named.items():
        drawn.loc[row, ["cm_age_band", "own_model"]] = [age, step]


def _draw_around_median(median: float, count: int, fixed: Mapping[int, float], rng: np.random.Generator) -> np.ndarray:
    """Percent of working time in steps of five, with exactly this median."""
    values = np.full(count, np.nan)
    for place, value in fixed.items():
        values[place] = value
    free = np.flatnonzero(np.isnan(values))
    given = values[~np.isnan(values)]
    middle = min(2 - count % 2, len(free))
    half = (count - middle) // 2
    below = int(np.clip(half - (given < median).sum(), 0, len(free) - middle))
    above = len(free) - middle - below
    low = median - 5 * rng.integers(1, max(2, int(median / 10) + 1), below)
    high = np.minimum(median + 5 * rng.integers(1, 7, above), 100)
    values[free] = rng.permutation(np.concatenate([np.full(len(free) - below - above, median), low, high]))
    return values


def _draw_fte(median: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Full-time posts in steps of a half, with exactly this median."""
    spread = np.exp(np.clip(rng.normal(0, 0.6, count), -1.1, 1.1))
    order = np.argsort(spread)
    values = np.maximum(np.round(median * spread * 2) / 2, 0.5)
    middle = order[(count - 1) // 2 : count // 2 + 1]
    values[order[: (count - 1) // 2]] = np.minimum(values[order[: (count - 1) // 2]], median)
    values[order[count // 2 + 1 :]] = np.maximum(values[order[count // 2 + 1 :]], median)
    values[middle] = median
    return values


def _draw_heads(fte: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """People behind the full-time posts; 55 % of all teams have three people or fewer."""
    least = np.ceil(fte)
    extra = least + rng.poisson(0.4 + 0.25 * fte)
    order = np.argsort(extra + rng.random(len(fte)) * 0.5, kind="stable")
    small = order[: int(_SMALL_TEAM_SHARE * len(fte) + 0.5)]
    heads = np.maximum(extra, _SMALL_TEAM + 1)
    heads[small] = np.minimum(extra[small], np.maximum(_SMALL_TEAM, least[small]))
    return heads


def draw_finance(partner: PartnerPlan, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the sources of money, each row adding up to 100 and each mean as planted.

    Dirichlet draws with some sources left out, rounded to whole percents; then single percents move between sources
    until every column's mean stands within half a percent of the plan.

    Parameters
    ----------
    partner : PartnerPlan
        Means and concentration.
    count : int
        Clusters.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of float
        A row a cluster, a column a source, in the order of `FINANCE`.

    Examples
    --------
    >>> from cncb_analysis.simulation.plan import read_plan
    >>> money = draw_finance(read_plan()[0], 9, np.random.default_rng(1))
    >>> money.sum(axis=1).tolist() == [100.0] * 9, money.mean(axis=0).round().tolist()
    (True, [6.0, 4.0, 20.0, 20.0, 41.0, 6.0, 3.0])
    """
    means = np.array([partner.finance[source] for source in FINANCE]) / 100
    # Small sources are left out more often; the share of zeros runs from 15 to 40 %.
    share = np.interp(means, [0.03, 0.4], _ZERO_SHARE[::-1])
    zeros = np.column_stack([np.isin(np.arange(count), rng.permutation(count)[: int(part * count)]) for part in share])
    zeros[np.arange(count), np.argmax(means * ~zeros + 1e-9 * means, axis=1)] = False
    draws = rng.dirichlet(partner.concentration * means, count) * ~zeros + 1e-9 * means
    money = np.array([split_total(100, row) for row in draws], int)
    target = split_total(100 * count, means)
    for _ in range(200 * count):
        gap = target - money.sum(axis=0)
        if not gap.any():
            break
        rich, poor = int(np.argmin(gap)), int(np.argmax(gap))
        givers = np.flatnonzero((money[:, rich] > 1) & ~zeros[:, poor])
        giver = rng.choice(givers) if len(givers) else int(np.argmax(money[:, rich]))
        money[giver, rich] -= 1
        money[giver, poor] += 1
    return money.astype(float)


def draw_typed_degrees(people: pd.DataFrame, plan: tuple[PartnerPlan, ...], rng: np.random.Generator) -> pd.Series:
    """Draw what people typed whose degree is not in the list.

    Parameters
    ----------
    people : DataFrame
        With partner, cluster and cm_edu_field.
    plan : tuple of PartnerPlan
        For the language.
    rng : Generator
        Source of chance.

    Returns
    -------
    Series of str
        Empty where the degree is in the list.
    """
    bank = read_bank("answers").query("variable == 'cm_edu_field'")
    typed = pd.Series("", index=people.index)
    chose = people["cm_edu_field"].map(lambda codes: "other" in codes)
    for partner in plan:
        rows = people.index[chose & (people["partner"] == partner.partner)]
        texts = bank.loc[bank["language"] == partner.language, "text"]
        free = rng.permutation(texts[~texts.isin(list(MILAN_DEGREES.values()))].to_numpy())
        typed[rows] = np.resize(free, len(rows))
    told = people["cluster"].map(MILAN_DEGREES)
    return typed.where(told.isna() | (people["partner"] != "milan"), told)


def milan_facts(people: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """List the answers that the Milan deck fixes.

    Parameters
    ----------
    people : DataFrame
        A row a respondent, with partner, country and cluster.

    Returns
    -------
    dict of str to dict
        Variable to option to an array: 1 or 0 where the answer is given, NaN where it is free.
    """
    wanted = {
        "cm_edu_field": "engineering natural_science economics politics_law humanities other",
        "cm_past": "private_same private_other consulting public research association",
        "cm_upd": "communication marketing business_management finance internationalisation ip_innovation languages",
        "cm_employer": "development_agency association research_centre cluster_organisation firm public_body",
        "int_who": "large_firms",
    }
    facts = {name: {code: np.full(len(people), np.nan) for code in codes.split()} for name, codes in wanted.items()}
    for row, name in enumerate(people["cluster"]):
        if people["partner"].iloc[row] != "milan" or name not in MILAN:
            continue
        _, degree, past, employer, _, step, _ = MILAN[name]
        held = {"cm_edu_field": (degree,), "cm_past": past.split(), "cm_employer": (employer,)}
        for variable, codes in held.items():
            for code, given in facts[variable].items():
                given[row] = float(code in codes)
        soft = ("communication", "marketing", "business_management")
        for code, given in facts["cm_upd"].items():
            given[row] = np.nan if code in soft else 0.0
        facts["cm_upd"]["marketing" if degree == "engineering" else "communication"][row] = 1.0
        if step in "12":
            facts["int_who"]["large_firms"][row] = 1.0
    return facts
