"""How many of everything each partner has, and what is true in the simulated world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.simulation.banks import read_bank
from cncb_analysis.simulation.quotas import split_total

FINANCE = ("eu", "national", "regional", "fees", "services", "private", "other")
_SMALLEST = 20  # two mapped clusters a partner


@dataclass(frozen=True)
class PartnerPlan:
    """What one partner's four steps consist of.

    Parameters
    ----------
    partner, country, language : str
        Id, ISO alpha-2 code, language of the fieldwork.
    nuts : tuple of str
        Regions mapped, the partner's own first.
    counts : mapping of str to int
        mapped, invited, used, interviews, participants, ballots, aged_40_55, women, accepted, rejected, …
    medians : mapping of str to float
        fte and time.
    finance : mapping of str to float
        Mean percent a source.
    concentration : float
        Of the Dirichlet distribution of the sources: the higher, the more alike the clusters.
    coders : tuple of str
        Initials of the coder, the second coder and the translator.
    """

    partner: str
    country: str
    language: str
    nuts: tuple[str, ...]
    counts: Mapping[str, int]
    medians: Mapping[str, float]
    finance: Mapping[str, float]
    concentration: float
    coders: tuple[str, str, str]


_COUNTS = (
    "mapped",
    "invited",
    "used",
    "interviews",
    "participants",
    "ballots",
    "aged_40_55",
    "women",
    "centralised",
    "participative",
    "accepted",
    "rejected",
    "duplicates",
    "tests",
    "no_quotes",
    "finance_off",
    "double_coded",
    "named",
)
_AT_LEAST_ONE = ("used", "interviews", "participants", "ballots")


def read_plan(clusters: int | None = None) -> tuple[PartnerPlan, ...]:
    """Read the plan and scale it.

    Parameters
    ----------
    clusters : int, optional
        Mapped clusters in all; 220 as calibrated.

    Returns
    -------
    tuple of PartnerPlan
        In the order of the project's partner list.

    Raises
    ------
    StudyError
        When fewer than 20 clusters are asked for.

    Examples
    --------
    >>> plan = read_plan()
    >>> sum(partner.counts["used"] for partner in plan)
    97
    >>> sum(partner.counts["mapped"] for partner in read_plan(400))
    400
    """
    table = read_bank("partners")
    calibrated = table["mapped"].astype(int)
    total = int(calibrated.sum()) if clusters is None else clusters
    if total < _SMALLEST:
        raise StudyError(
            "too few clusters for ten partners", value=str(clusters), remedy=f"ask for at least {_SMALLEST}"
        )
    mapped = split_total(total - 2 * len(table), (calibrated - 2).to_list()) + 2
    rows = zip(table.to_dict("records"), mapped, strict=True)
    return tuple(_scale_partner(row, int(count)) for row, count in rows)


def _scale_partner(row: Mapping[str, str], mapped: int) -> PartnerPlan:
    factor = mapped / int(row["mapped"])
    counts = {name: int(int(row[name]) * factor + 0.5) for name in _COUNTS}
    counts.update({name: max(1, counts[name]) for name in _AT_LEAST_ONE}, mapped=mapped)
    counts["invited"] = min(max(counts["invited"], counts["used"]), mapped)
    # Accepted partials never were interviewed: they did not reach the question whether they would be.
    counts["accepted"] = min(counts["accepted"], counts["used"] - 1)
    counts["interviews"] = min(counts["interviews"], counts["used"] - counts["accepted"])
    counts["double_coded"] = min(counts["double_coded"], counts["interviews"])
    counts["no_quotes"] = min(counts["no_quotes"], counts["interviews"])
    counts["ballots"] = min(counts["ballots"], counts["participants"])
    for name in ("aged_40_55", "women", "centralised", "participative"):
        counts[name] = min(counts[name], counts["used"])
    counts["participative"] = min(counts["participative"], counts["used"] - counts["centralised"])
    return PartnerPlan(
        partner=row["partner"],
        country=row["country"],
        language=row["language"],
        nuts=tuple(row["nuts"].split(";")),
        counts=counts,
        medians={name: float(row[name]) for name in ("fte", "time")},
        finance={name: float(row[name]) for name in FINANCE},
        concentration=float(row["concentration"]),
        coders=(row["coder"], row["second_coder"], row["translator"]),
    )


@cache
def _calibration() -> dict[tuple[str, str, str], dict[str, float]]:
    values: dict[tuple[str, str, str], dict[str, float]] = {}
    for _, row in read_bank("calibration").iterrows():
        groups = row["groups"].split(";")
        cell = values.setdefault((row["variable"], row["option"], row["statistic"]), {})
        cell.update({group: float(row["value"]) for group in groups})
    return values


def find_value(variable: str, option: str, statistic: str) -> dict[str, float]:
    """Find what is planted for one option: group (partner id, country or "") to value.

    Parameters
    ----------
    variable, option, statistic : str
        As in the calibration table.

    Returns
    -------
    dict of str to float
        Empty when nothing is planted. The group "" holds everywhere else.

    Examples
    --------
    >>> find_value("obst_funding", "", "share_top2")
    {'': 0.75, 'AT': 0.2}
    """
    return dict(_calibration().get((variable, option, statistic), {}))


def find_values(variable: str, statistic: str) -> dict[str, dict[str, float]]:
    """Find what is planted for every option of a variable.

    Parameters
    ----------
    variable, statistic : str
        As in the calibration table.

    Returns
    -------
    dict of str to dict
        Option to group to value.

    Examples
    --------
    >>> sorted(find_values("int_level", "share"))
    ['core', 'none', 'occasional', 'planned']
    """
    cells = _calibration().items()
    return {option: dict(cell) for (name, option, kind), cell in cells if (name, kind) == (variable, statistic)}


def group_of(people: pd.DataFrame, groups: Mapping[str, float]) -> pd.Series:
    """Tell which planted group each person belongs to: the partner's, else the country's, else "".

    Parameters
    ----------
    people : DataFrame
        With columns partner and country.
    groups : mapping of str to float
        Keys are partner ids, country codes or "".

    Returns
    -------
    Series of str
        One a row of `people`.

    Examples
    --------
    >>> people = pd.DataFrame({"partner": ["milan", "plzen"], "country": ["IT", "CZ"]})
    >>> group_of(people, {"": 0.2, "CZ": 0.45}).tolist()
    ['', 'CZ']
    """
    by_partner = people["partner"].where(people["partner"].isin(list(groups)), "")
    return by_partner.where(by_partner != "", people["country"].where(people["country"].isin(list(groups)), ""))
