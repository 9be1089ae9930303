"""What the interviewed managers say on the one-page interview card."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cncb_analysis.simulation.answers import draw_mean_ratings, draw_multiple
from cncb_analysis.simulation.banks import draw_generator
from cncb_analysis.simulation.facts import MILAN
from cncb_analysis.simulation.plan import PartnerPlan, find_value, find_values
from cncb_analysis.simulation.quotas import assign_levels, draw_distinct, split_total

# Asked in the questionnaire and again on the card: the same person says the same, but for the planted dissonance.
BOTH = (
    "cm_age_band",
    "cm_sex",
    "cm_edu_field",
    "cm_past",
    "cm_employer",
    "cm_time",
    "cm_upd",
    "own_model",
    "own_who",
    "int_level",
    "int_barr",
    "int_who",
)
_DISSONANT = {"plzen": ("int_who", "large_firms")}
NOT_ASKED = {"bratislava": ("vc_link",)}
_ATTRIBUTES = ["change_agent", "learning", "boundaries", "connected", "motivates", "business_speed", "portfolio"]
_TASKS = ["bodies", "plan", "institutions", "international", "scenarios", "firms", "promotion", "admin"]
_BODIES = ("committee", "board", "technical", "staff")


def draw_cards(answers: pd.DataFrame, plan: tuple[PartnerPlan, ...], seed: int) -> pd.DataFrame:
    """Draw the interview cards.

    Parameters
    ----------
    answers : DataFrame
        As `draw_answers` gives it.
    plan : tuple of PartnerPlan
        For the numbers who do not consent to be quoted.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        A row an interview: partner, country, cluster, interview ("I01" inside each partner), consent, and a column
        a variable of the card, coded as in the answers.
    """
    rng = draw_generator(seed, "cards")
    cards = answers.loc[answers["interviewed"], ["partner", "country", "cluster", "typed", *BOTH]].reset_index(
        drop=True
    )
    cards["last_page"] = 1
    number = cards.groupby("partner", sort=False).cumcount() + 1
    cards["interview"] = "I" + number.astype(str).str.zfill(2)
    cards["consent"] = "yes"
    for partner in plan:
        rows = cards.index[cards["partner"] == partner.partner]
        cards.loc[rng.permutation(rows)[: partner.counts["no_quotes"]], "consent"] = "no"
        if partner.partner in _DISSONANT:
            variable, code = _DISSONANT[partner.partner]
            cards.loc[rows, variable] = code
    cards["cm_edu_mgmt"] = _draw_training(cards, rng)
    cards = _draw_work(cards, rng)
    return _draw_cluster(cards, rng)


def _draw_training(cards: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    shares = find_values("cm_edu_mgmt", "share")
    levels = assign_levels(rng.random(len(cards)), [cell[""] for cell in shares.values()])
    trained = pd.Series(np.array(list(shares), object)[levels], index=cards.index)
    told = cards["cluster"].map({name: fact[4] for name, fact in MILAN.items()})
    return told.where((cards["partner"] == "milan") & told.notna(), trained)


def _draw_work(cards: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    cards["task"] = draw_multiple(cards, "task", rng)
    time = np.array([find_value(f"task_time_{task}", "", "mean")[""] for task in _TASKS])
    for row, named in enumerate(cards["task"]):
        told = np.array([task in named for task in _TASKS])
        shares = rng.dirichlet(12 * time / time.sum()) * told + 1e-9 * told
        # People answer in steps of five percent.
        cards.loc[row, [f"task_time_{task}" for task in _TASKS]] = 5.0 * split_total(20, shares)
    person = rng.normal(size=len(cards))
    answered = np.full(len(cards), "", object)
    for item in _ATTRIBUTES:
        for aspect in ("imp", "own"):
            latent = 0.4 * person + rng.normal(size=len(cards))
            name = f"attr_{aspect}_{item}"
            cards[name] = draw_mean_ratings(cards, name, latent, answered)
    return cards


def _draw_cluster(cards: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    cards["st_profile"] = draw_multiple(cards, "st_profile", rng)
    for body in _BODIES:
        for kind in ("gov_actor", "gov_role"):
            cards[f"{kind}_{body}"] = draw_multiple(cards, f"{kind}_{body}", rng)
    for moment in ("past", "now", "future"):
        weights = {code: cell[""] for code, cell in find_values(f"pri_{moment}", "weight").items()}
        ranks = [tuple(draw_distinct(rng, weights, 3)) for _ in range(len(cards))]
        cards[f"pri_{moment}"] = pd.Series(ranks, index=cards.index, dtype=object)
    cards["vc_link"] = draw_multiple(cards, "vc_link", rng)
    for partner, variables in NOT_ASKED.items():
        for variable in variables:
            cards.loc[cards["partner"] == partner, variable] = None
    return cards
