"""What the simulated managers answer in the questionnaire: exact planted counts, everything else by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from cncb_analysis.simulation.banks import draw_generator
from cncb_analysis.simulation.facts import draw_facts, draw_typed_degrees, milan_facts
from cncb_analysis.simulation.plan import PartnerPlan, find_value, find_values, group_of
from cncb_analysis.simulation.quotas import (
    assign_flags,
    assign_levels,
    draw_distinct,
    rating_counts,
    rating_counts_of_mean,
)

# The questionnaire's pages: who stops after a page leaves the later ones blank.
PAGES: tuple[tuple[str, ...], ...] = (
    ("cluster", "cl_"),
    ("cm_", "skill_", "key_person"),
    ("st_", "own_", "str_doc", "fin_", "obst_"),
    ("int_",),
    ("sup_", "offer"),
    ("strength", "improve", "consent", "contact_", "email", "phone"),
)
_SUPPORT = (
    "staff_exchange",
    "funding_info",
    "org_practice",
    "study_tours",
    "market_mapping",
    "eu_projects",
    "coaching",
    "benchmarking",
)
_SKILLS = (
    "facilitation",
    "communication",
    "strategy",
    "project_management",
    "fundraising",
    "sector_knowledge",
    "internationalisation",
    "ip_innovation",
)
_OBSTACLES = ["culture", "reading_needs", "funding", "staff", "skills", "governance", "policy", "internationalisation"]
_SOFT = ("communication", "marketing", "business_management")
_BLANK, _DONT_KNOW = 0.02, 0.025
_PERSON = 0.45  # weight of the person in all ratings: who rates one thing high rates the next one high too


def draw_answers(clusters: pd.DataFrame, plan: tuple[PartnerPlan, ...], seed: int) -> pd.DataFrame:
    """Draw the answers of all clusters that count.

    Parameters
    ----------
    clusters : DataFrame
        As `draw_clusters` gives it.
    plan : tuple of PartnerPlan
        The counts that must come out.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        A row a respondent: partner, country, cluster, interviewed, last_page (6 when complete), typed (the degree under
        "other") and a column a variable. Codes are text, several codes a tuple, numbers float, a missing answer None.
    """
    rng = draw_generator(seed, "answers")
    people = clusters[clusters["used"]].reset_index(drop=True)
    people["last_page"] = _draw_last_pages(people, plan, rng)
    for name in ("type", "stage", "origin", "recog"):
        people[f"cl_{name}"] = people.pop(name)
    people["cl_year"] = people.pop("year").astype(float)
    people["cl_mem_total"] = people.pop("members").astype(float)
    people = draw_facts(people, plan, rng)
    forced = milan_facts(people)
    for part in (_draw_manager, _draw_organisation, _draw_abroad, _draw_support):
        people = part(people, forced, rng)
    people["typed"] = draw_typed_degrees(people, plan, rng)
    return _blank_unreached(people)


def _draw_last_pages(people: pd.DataFrame, plan: tuple[PartnerPlan, ...], rng: np.random.Generator) -> np.ndarray:
    pages = np.full(len(people), len(PAGES))
    for partner in plan:
        free = np.flatnonzero((people["partner"] == partner.partner) & ~people["interviewed"])
        stopped = rng.permutation(free)[: partner.counts["accepted"]]
        pages[stopped] = rng.choice([4, 4, 5], len(stopped))
    return pages


def draw_single(
    people: pd.DataFrame, variable: str, latent: np.ndarray, forced: Mapping[int, str] | None = None
) -> pd.Series:
    """Draw a single choice: in each planted group the options get their exact counts.

    Parameters
    ----------
    people : DataFrame
        With partner and country.
    variable : str
        A variable of the calibration table; its options in their order there.
    latent : ndarray of float
        Who stands high gets a late option (matters for ordinal options only).
    forced : mapping of int to str, optional
        Row to option: answers that are given.

    Returns
    -------
    Series of object
        Codes.
    """
    values = find_values(variable, "share")
    codes = list(values)
    groups = group_of(people, {group: 0.0 for cell in values.values() for group in cell})
    answers = pd.Series(None, index=people.index, dtype=object)
    for group in groups.unique():
        inside = np.flatnonzero(groups == group)
        given = {row: codes.index(code) for row, code in (forced or {}).items() if row in set(inside)}
        shares = np.array([cell.get(group, cell.get("", 0.0)) for cell in values.values()])
        wanted = shares * len(inside) - np.bincount(list(given.values()), minlength=len(codes))
        free = [row for row in inside if row not in given]
        levels = assign_levels(latent[free], np.clip(wanted, 1e-9, None))
        answers.iloc[free] = np.array(codes, object)[levels]
        for row, code in given.items():
            answers.iloc[row] = codes[code]
    return answers


def draw_multiple(
    people: pd.DataFrame, variable: str, rng: np.random.Generator, forced: Mapping[str, np.ndarray] | None = None
) -> pd.Series:
    """Draw a multiple choice: each option's count is exact in each planted group.

    Parameters
    ----------
    people : DataFrame
        With partner and country.
    variable : str
        A variable of the calibration table.
    rng : Generator
        Source of chance.
    forced : mapping of str to ndarray, optional
        Option to 1, 0 or NaN a row.

    Returns
    -------
    Series of object
        Tuples of codes, in the order of the calibration table.
    """
    chosen = {}
    for option, cell in find_values(variable, "share").items():
        groups = group_of(people, cell)
        flags = np.zeros(len(people), bool)
        given = (forced or {}).get(option, np.full(len(people), np.nan))
        for group in groups.unique():
            inside = (groups == group).to_numpy()
            flags[inside] = assign_flags(rng.random(inside.sum()), cell.get(group, cell.get("", 0.0)), given[inside])
        chosen[option] = flags
    return pd.Series(
        [tuple(option for option in chosen if chosen[option][row]) for row in range(len(people))], dtype=object
    )


def draw_top_ratings(people: pd.DataFrame, variable: str, latent: np.ndarray, blank: np.ndarray) -> pd.Series:
    """Draw a rating whose share of 4-5 is planted.

    Parameters
    ----------
    people : DataFrame
        With partner and country.
    variable : str
        Variable with a planted share_top2.
    latent : ndarray of float
        Who stands high rates high.
    blank : ndarray of object
        "" who answers, "dk" or None otherwise.

    Returns
    -------
    Series of object
        "1" to "5", "dk" or None.
    """
    cell = find_value(variable, "", "share_top2")
    return _rate(people, cell, latent, blank, rating_counts)


def draw_mean_ratings(people: pd.DataFrame, variable: str, latent: np.ndarray, blank: np.ndarray) -> pd.Series:
    """Draw a rating whose mean is planted; parameters and result as in `draw_top_ratings`."""
    cell = find_value(variable, "", "mean")
    return _rate(people, cell, latent, blank, rating_counts_of_mean)


def _rate(
    people: pd.DataFrame,
    planted: Mapping[str, float],
    latent: np.ndarray,
    blank: np.ndarray,
    weigh: Callable[[int, float], list[int]],
) -> pd.Series:
    groups = group_of(people, planted).to_numpy()
    answers = pd.Series(blank, index=people.index, dtype=object)
    for group in np.unique(groups):
        inside = np.flatnonzero((groups == group) & (blank == ""))
        levels = assign_levels(latent[inside], weigh(len(inside), planted[group]))
        answers.iloc[inside] = (levels + 1).astype(str).astype(object)
    return answers


def _draw_blanks(
    people: pd.DataFrame, rng: np.random.Generator, page: int, dont_know: float = _DONT_KNOW
) -> np.ndarray:
    chance = rng.random(len(people))
    blank = np.where(chance < dont_know, "dk", "").astype(object)
    blank[(chance > 1 - _BLANK) | (people["last_page"].to_numpy() < page)] = None
    return blank


def _draw_manager(
    people: pd.DataFrame, forced: Mapping[str, Mapping[str, np.ndarray]], rng: np.random.Generator
) -> pd.DataFrame:
    count = len(people)
    employers = {int(row): code for code, given in forced["cm_employer"].items() for row in np.flatnonzero(given == 1)}
    people["cm_employer"] = draw_single(people, "cm_employer", rng.random(count), employers)
    people["cm_edu_field"] = _at_least_one(
        draw_multiple(people, "cm_edu_field", rng, forced["cm_edu_field"]), "economics"
    )
    people["cm_past"] = _at_least_one(draw_multiple(people, "cm_past", rng, forced["cm_past"]), "private_same")
    people["cm_upd"] = _draw_courses(people, forced["cm_upd"], rng)
    person = rng.normal(size=count)
    for skill in _SKILLS:
        shared = rng.normal(size=count)
        for aspect in ("imp", "own"):
            latent = _PERSON * person + 0.3 * shared + rng.normal(size=count)
            name = f"skill_{aspect}_{skill}"
            people[name] = draw_mean_ratings(people, name, latent, _draw_blanks(people, rng, 2))
    people["key_person"] = draw_top_ratings(people, "key_person", rng.normal(size=count), _draw_blanks(people, rng, 2))
    return people


def _at_least_one(answers: pd.Series, fallback: str) -> pd.Series:
    return pd.Series([codes or (fallback,) for codes in answers], index=answers.index, dtype=object)


def _draw_courses(people: pd.DataFrame, forced: Mapping[str, np.ndarray], rng: np.random.Generator) -> pd.Series:
    """Soft courses: an exact share took at least one of the three; the others none of them."""
    share = find_value("cm_upd", ";".join(_SOFT), "share_any")[""]
    given = np.where(np.nansum([forced[name] == 1 for name in _SOFT], axis=0) > 0, 1.0, np.nan)
    soft = assign_flags(rng.random(len(people)), share, given)
    limits = {name: np.where(soft, forced[name], 0.0) for name in _SOFT}
    drawn = draw_multiple(people, "cm_upd", rng, {**forced, **limits})
    courses = []
    for row, codes in enumerate(drawn):
        taken = codes if not soft[row] or set(codes) & set(_SOFT) else (_SOFT[0], *codes)
        courses.append(taken or ("none",))
    return pd.Series(courses, index=people.index, dtype=object)


def _draw_organisation(
    people: pd.DataFrame, forced: Mapping[str, Mapping[str, np.ndarray]], rng: np.random.Generator
) -> pd.DataFrame:
    count = len(people)
    size = np.log1p(people["st_fte"].to_numpy(float))
    people["own_who"] = draw_single(people, "own_who", rng.random(count))
    people["str_doc"] = draw_single(people, "str_doc", size * 0.3 + rng.normal(size=count))
    people["fin_budget"] = draw_single(people, "fin_budget", size + rng.normal(0, 0.4, count))
    people["fin_trend"] = draw_single(people, "fin_trend", rng.normal(size=count))
    person = rng.normal(size=count)
    for item in _OBSTACLES:
        latent = _PERSON * person + rng.normal(size=count)
        people[f"obst_{item}"] = draw_top_ratings(people, f"obst_{item}", latent, _draw_blanks(people, rng, 3))
    return people


def _draw_abroad(
    people: pd.DataFrame, forced: Mapping[str, Mapping[str, np.ndarray]], rng: np.random.Generator
) -> pd.DataFrame:
    count = len(people)
    # Who was interviewed had something to tell about work abroad.
    told = np.flatnonzero(people["interviewed"]).tolist()
    levels = dict(zip(told, np.resize(["planned", "core", "occasional"], len(told)), strict=True))
    people["int_level"] = draw_single(people, "int_level", rng.normal(size=count), levels)
    abroad = (people["int_level"] != "none").to_numpy()
    active = people[abroad].reset_index(drop=True)
    people["int_act"] = None
    people.loc[abroad, "int_act"] = _at_least_one(draw_multiple(active, "int_act", rng), "fairs").to_numpy()
    people["int_barr"] = _at_least_one(draw_multiple(people, "int_barr", rng), "money")
    leading = forced["int_who"]["large_firms"][abroad] == 1
    who = dict.fromkeys(np.flatnonzero(leading).tolist(), "large_firms")
    people["int_who"] = None
    people.loc[abroad, "int_who"] = draw_single(active, "int_who", rng.random(len(active)), who).to_numpy()
    return people


def _draw_support(
    people: pd.DataFrame, forced: Mapping[str, Mapping[str, np.ndarray]], rng: np.random.Generator
) -> pd.DataFrame:
    count = len(people)
    person = rng.normal(size=count)
    for item in _SUPPORT:
        latent = _PERSON * person + rng.normal(size=count)
        people[f"sup_{item}"] = draw_top_ratings(people, f"sup_{item}", latent, _draw_blanks(people, rng, 5))
    ranks = []
    for _, row in people.iterrows():
        rated = {item: float(row[f"sup_{item}"]) if str(row[f"sup_{item}"]).isdigit() else 3.0 for item in _SUPPORT}
        ranks.append(tuple(draw_distinct(rng, {item: float(np.exp(1.3 * value)) for item, value in rated.items()}, 3)))
    people["sup_top3"] = pd.Series(ranks, index=people.index, dtype=object)
    people["offer"] = _at_least_one(draw_multiple(people, "offer", rng), "study_tours")
    return people


def _blank_unreached(people: pd.DataFrame) -> pd.DataFrame:
    """Blank everything that stands on a page after the last one reached."""
    for page, starts in enumerate(PAGES, start=1):
        stopped = people["last_page"] < page
        for name in people.columns:
            if stopped.any() and name != "last_page" and str(name).startswith(starts) and name != "cluster":
                people[name] = people[name].astype(object).where(~stopped, None)
    return people
