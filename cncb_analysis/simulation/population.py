"""The simulated clusters: the frame of each partner, who was invited, who answered, who was interviewed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cncb_analysis.simulation.answers import draw_single
from cncb_analysis.simulation.banks import draw_generator, read_bank
from cncb_analysis.simulation.plan import PartnerPlan, find_values
from cncb_analysis.simulation.quotas import assign_flags, assign_levels

_RESPONSE_SLOPE = 0.6  # those who answer come out about 0.4 standard deviations larger and older
_HOST = {
    "de": "Trägerorganisation",
    "cs": "Nositel",
    "hu": "Gazdaszervezet",
    "it": "Ente gestore",
    "pl": "Organizacja prowadząca",
    "sk": "Nositeľ",
    "sl": "Nosilna organizacija",
}
_FIRST_YEAR, _LAST_YEAR = 1980, 2010


def draw_clusters(plan: tuple[PartnerPlan, ...], seed: int) -> pd.DataFrame:
    """Draw every mapped cluster.

    Parameters
    ----------
    plan : tuple of PartnerPlan
        How many.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        A row a cluster: partner, country, cluster, sector, region, host, type, stage, origin, recog (tuple of
        codes), members, year, invited, used, interviewed (bool). The interviewed stand first in each partner, then
        the other respondents.
    """
    frames = [_draw_partner(partner, draw_generator(seed, f"clusters:{partner.partner}")) for partner in plan]
    clusters = pd.concat(frames, ignore_index=True)
    return _describe_clusters(clusters, draw_generator(seed, "clusters"))


def _draw_partner(partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    total = partner.counts["mapped"]
    named = read_bank("clusters").query("partner == @partner.partner")
    place = np.arange(total)
    # More clusters than names: the round is told by a number, so that every cluster keeps a name of its own.
    again = place // len(named)
    rows = named.iloc[place % len(named)].reset_index(drop=True)
    number = pd.Series(again + 1, dtype=str)
    host = rows["host"].str.removeprefix("host_").str.lstrip("0")
    clusters = pd.DataFrame(
        {
            "partner": partner.partner,
            "country": partner.country,
            "cluster": rows["cluster"].where(again == 0, rows["cluster"] + " " + number),
            "sector": rows["nace"],
            "region": rows["region"],
            "host": _HOST[partner.language] + " " + host,
            # The bank lists the clusters that people know by name first: they always answer.
            "named": place < partner.counts["named"],
        }
    )
    age = rng.gamma(2.2, 3.2, total)
    clusters["year"] = np.clip(2010 - age, _FIRST_YEAR, _LAST_YEAR).round().astype(int)
    size = 0.35 * (age - age.mean()) / (age.std() or 1.0) + rng.normal(0, 0.9, total)
    clusters["members"] = np.clip(np.exp(3.6 + 0.75 * size), 6, 900).round().astype(int)
    return _choose_respondents(clusters, partner, age, rng)


def _choose_respondents(
    clusters: pd.DataFrame, partner: PartnerPlan, age: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Choose who is invited and who answers: larger and older clusters answer more; the named ones always."""
    known = clusters["named"].to_numpy() * 1e3
    standing = _standardise(age) + _standardise(np.log(clusters["members"].to_numpy()))
    clusters["invited"] = _take(known + rng.gumbel(size=len(clusters)), partner.counts["invited"])
    pull = known + _RESPONSE_SLOPE * standing + rng.logistic(size=len(clusters))
    clusters["used"] = _take(np.where(clusters["invited"], pull, -np.inf), partner.counts["used"])
    eager = known - np.arange(len(clusters))
    clusters["interviewed"] = _take(np.where(clusters["used"], eager, -np.inf), partner.counts["interviews"])
    first = clusters["interviewed"] * 2 + clusters["used"] * 1
    return clusters.iloc[np.argsort(-first.to_numpy(), kind="stable")].drop(columns="named")


def _take(score: np.ndarray, count: int) -> np.ndarray:
    taken = np.zeros(len(score), bool)
    taken[np.argsort(-np.asarray(score, float), kind="stable")[:count]] = True
    return taken


def _standardise(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / (values.std() or 1.0)


def _describe_clusters(clusters: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Type, stage, origin and recognition of each cluster, older ones further on."""
    clusters["type"] = draw_single(clusters, "map_type", rng.random(len(clusters)))
    age = 2010 - clusters["year"].to_numpy()
    shares = {code: cell[""] for code, cell in find_values("map_stage", "share").items()}
    stages = assign_levels(age + rng.normal(0, 4, len(clusters)), list(shares.values()))
    clusters["stage"] = np.array(list(shares), object)[stages]
    clusters["origin"] = draw_single(clusters, "map_origin", rng.random(len(clusters)))
    held: list[list[str]] = [[] for _ in range(len(clusters))]
    for option, groups in find_values("map_recog", "share").items():
        flags = assign_flags(age * 0.1 + rng.normal(size=len(clusters)), groups[""])
        for place in np.flatnonzero(flags):
            held[place].append(option)
    # The regional call of the Milan deck: every interviewed cluster of Milan holds it, no other.
    for place in np.flatnonzero((clusters["partner"] == "milan") & clusters["interviewed"]):
        held[place] = [*dict.fromkeys([*held[place], "regional", "triade_2009"])]
    clusters["recog"] = [tuple(codes) or ("none",) for codes in held]
    return clusters
