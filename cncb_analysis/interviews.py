"""Step 3: topics by interview asked, agreement of coders, quotes, and the profile of the cluster manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cncb_analysis.estimates import CELL, ESTIMATE_COLUMNS, tabulate_groups, tabulate_shares
from cncb_analysis.statistics.agreement import krippendorff_alpha

if TYPE_CHECKING:
    from cncb_analysis.codebook import Codebook

__all__ = [
    "PROFILE",
    "tabulate_agreement",
    "tabulate_codes",
    "tabulate_links",
    "tabulate_profile",
    "tabulate_quotes",
]

# Statements of the profile card: the question each rests on, and the answers that make it true.
PROFILE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "age_40_55": ("cm_age_band", ("40_55",)),
    "woman": ("cm_sex", ("woman",)),
    "technical_degree": ("cm_edu_field", ("engineering", "natural_science")),
    "other_degree": ("cm_edu_field", ("economics", "politics_law", "humanities", "other")),
    "management_training": ("cm_edu_mgmt", ("short", "master")),
    "private_sector": ("cm_past", ("private_same", "private_other", "consulting")),
    "other_sector": ("cm_past", ("private_other",)),
    "consulting": ("cm_past", ("consulting",)),
    "agency": ("cm_employer", ("development_agency",)),
    "association": ("cm_employer", ("association",)),
    "research_centre": ("cm_employer", ("research_centre",)),
    "part_time": ("cm_time", ()),
    "soft_courses": ("cm_upd", ("communication", "marketing", "business_management")),
    "finance_course": ("cm_upd", ("finance",)),
}
# Percent of working time from which a manager counts as full time.
_FULL_TIME = 80
_QUOTE_COLUMNS = ["pseudonym", "partner", "country", "theme_code", "language", "text", "translation", "translator"]


def tabulate_codes(
    segments: pd.DataFrame, units: pd.DataFrame, themes: pd.DataFrame, *, not_asked: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Count the interviews in which a topic came up, of those that were asked about it.

    A topic counts once an interview however often it was coded; a parent is present when any of its children is.
    Where an interview has an agreed coding, that counts; else what any coder found.

    Parameters
    ----------
    segments : DataFrame
        unit, theme_code, coder, final.
    units : DataFrame
        step, partner, country, unit, status: every interview, also one without a segment.
    themes : DataFrame
        code: paths such as obstacles/funding.
    not_asked : DataFrame, optional
        partner, code and, if need be, unit: topics that were not asked; an empty partner or unit means all, a parent
        its children. These interviews stand outside n. The table coverage.csv has this form.

    Returns
    -------
    DataFrame
        Estimates, variable theme:ROOT, option = the path below the root ("" = the root itself). Statistic share: k of n
        interviews; mentions: coded segments (k), n interviews.

    Examples
    --------
    >>> units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": ["a", "b"]})
    >>> segments = pd.DataFrame({"unit": ["a", "a"], "theme_code": "tasks/plan", "coder": "X", "final": True})
    >>> table = tabulate_codes(segments, units.assign(status="complete"), pd.DataFrame({"code": ["tasks"]}))
    >>> table.loc[table["partner"] == "pecs", ["option", "statistic", "k", "n"]].values.tolist()
    [['', 'share', 1.0, 2.0], ['plan', 'share', 1.0, 2.0], ['', 'mentions', 2.0, 2.0], ['plan', 'mentions', 2.0, 2.0]]
    """
    interviews = _list_interviews(units)
    coded = _choose_coding(segments[segments["unit"].isin(interviews["unit"])])
    pairs = zip(coded["unit"], coded["theme_code"], strict=True)
    lines = [(unit, each) for unit, code in pairs for each in _ancestry(code)]
    said = pd.DataFrame(lines, columns=["unit", "code"], dtype="str")
    counts = said.groupby(["unit", "code"]).size().rename("mentions").reset_index()
    codes = sorted({*themes["code"], *said["code"]})
    grid = interviews.merge(pd.DataFrame({"code": codes}, dtype="str"), how="cross")
    grid = grid.merge(counts, on=["unit", "code"], how="left")
    if not_asked is not None and len(not_asked):
        grid = grid[~_find_not_asked(grid, not_asked)]
    grid = grid.assign(k=grid["mentions"].notna(), mentions=grid["mentions"].fillna(0))
    table = _count_cells(grid.assign(occasion="", **_split_code(grid["code"])), mentions=("mentions", "sum"))
    mentions = table.assign(k=table["mentions"], estimate=table["mentions"], statistic="mentions", method="count")
    mentions = mentions.reindex(columns=ESTIMATE_COLUMNS).assign(base="mentions")
    shares = tabulate_shares(table)
    return pd.concat([shares, mentions.astype(shares.dtypes.to_dict())], ignore_index=True)


def tabulate_agreement(segments: pd.DataFrame) -> pd.DataFrame:
    """Compare what two or more coders found in the same interviews, pooled over all partners.

    Each pair of excerpt and root topic is one judgement: the coder gave the excerpt a code of that root, or not.
    Excerpts are those that any coder marked in an interview coded more than once; where there are no excerpt ids the
    interview stands for the excerpt.

    Parameters
    ----------
    segments : DataFrame
        unit, theme_code, coder, final and, if known, excerpt. A third coder whose rows are all final is the agreed
        coding and is not compared.

    Returns
    -------
    DataFrame
        Estimates for all partners together, variable theme:ROOT and, over all roots, variable "theme". Statistic
        agreement: share of judgements in which all coders of the interview agree (k of n); alpha: Krippendorff's alpha,
        nominal, missing when only one category occurs. No interval: judgements of one interview are not independent.

    References
    ----------
    Alpha as in `statistics.krippendorff_alpha`.

    Examples
    --------
    >>> rows = [("a", "1", "tasks", "X"), ("a", "1", "tasks", "Y"), ("a", "2", "tasks", "X"), ("a", "2", "staff", "Y")]
    >>> segments = pd.DataFrame(rows, columns=["unit", "excerpt", "theme_code", "coder"]).assign(final=False)
    >>> tabulate_agreement(segments)[["variable", "statistic", "estimate"]].head(1).values.tolist()
    [['theme:staff', 'agreement', 0.5]]
    """
    rows = [
        {"variable": name, "statistic": statistic, "estimate": value, "k": k, "n": n}
        for name, judged in _list_judgements(segments)
        for k, n in [(int((np.nanmin(judged, axis=0) == np.nanmax(judged, axis=0)).sum()), judged.shape[1])]
        for statistic, value in (("agreement", k / n), ("alpha", krippendorff_alpha(judged)))
    ]
    table = pd.DataFrame(rows, columns=["variable", "statistic", "estimate", "k", "n"])
    table["k"] = table["k"].where(table["statistic"].eq("agreement"))
    text = {"step": "interviews", "option": "", "occasion": "", "partner": "", "country": ""}
    table = table.assign(**text, base="judgements", method=table["statistic"])
    return table.reindex(columns=ESTIMATE_COLUMNS).astype({"low": float, "high": float, "frame": float})


def tabulate_quotes(segments: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """List the passages that may be quoted, under pseudonyms.

    Parameters
    ----------
    segments : DataFrame
        unit, partner, country, theme_code, text, language, translation, translator, consent, final.
    rng : Generator
        Shuffles the pseudonyms, so that a number does not give away partner or order of interviews.

    Returns
    -------
    DataFrame
        pseudonym (a number as text, the same for all quotes of one person), partner, country, theme_code, language,
        text (as said), translation and translator (empty where there is none); only with consent, each passage once
        a topic.

    Examples
    --------
    >>> segment = {"unit": "u", "partner": "pecs", "country": "HU", "theme_code": "tasks", "text": "Sokat utazom."}
    >>> more = {"language": "hu", "translation": "I travel a lot.", "translator": "K. N.", "consent": "yes"}
    >>> quotes = tabulate_quotes(pd.DataFrame([segment | more | {"final": True}]), rng=np.random.default_rng(1))
    >>> quotes[["pseudonym", "translation"]].values.tolist()
    [['01', 'I travel a lot.']]
    """
    people = sorted(segments["unit"].unique())
    numbers = dict(zip(people, rng.permutation(len(people)) + 1, strict=True))
    agreed = segments["consent"].astype(str).str.casefold().isin(["yes", "true", "1"])
    quotes = _choose_coding(segments[agreed & segments["text"].fillna("").ne("")])
    quotes = quotes.drop_duplicates(["unit", "theme_code", "text"])
    quotes = quotes.assign(pseudonym=[f"{numbers[unit]:02d}" for unit in quotes["unit"]])
    return quotes.sort_values(["theme_code", "pseudonym"], kind="stable", ignore_index=True)[_QUOTE_COLUMNS]


def tabulate_profile(observations: pd.DataFrame, *, step: str = "interviews") -> pd.DataFrame:
    """Count the statements of the profile card of the cluster manager.

    Parameters
    ----------
    observations : DataFrame
        Of the interview card (or, with `step`, of the questionnaire).
    step : str
        interviews or questionnaire.

    Returns
    -------
    DataFrame
        Estimates, variable `profile`, option = statement of `PROFILE`, statistic share: k of the n that answered. Below
        n = 10 to be shown as "k of n" with a word. Statements whose question was not asked have no row.
    """
    valid = observations[observations["step"].eq(step) & observations["missing"].eq("")]
    people = ["partner", "country", "unit"]
    parts = []
    for statement, (variable, options) in PROFILE.items():
        rows = valid[valid["variable"].eq(variable)]
        chosen = rows["option"].isin(options) & (rows["value"] > 0) if options else rows["value"] < _FULL_TIME
        parts.append(rows.assign(k=chosen, option=statement).groupby([*people, "option"])["k"].any().reset_index())
    return tabulate_shares(_count_cells(pd.concat(parts).assign(step=step, variable="profile", occasion="")))


def tabulate_links(observations: pd.DataFrame, codebook: Codebook, *, variable: str = "vc_link") -> pd.DataFrame:
    """Count who named both a step of a circle and the one that follows.

    Parameters
    ----------
    observations : DataFrame
        step, partner, country, unit, variable, option, value, missing.
    codebook : Codebook
        Order of the steps; the last is followed by the first.
    variable : str
        A multiple choice.

    Returns
    -------
    DataFrame
        Estimates, statistic share_both, option = "first+second": k of the n that answered.
    """
    answers = observations[observations["variable"].eq(variable) & observations["missing"].eq("")]
    if answers.empty:
        return tabulate_shares(pd.DataFrame({"k": [], "n": []}))
    people = ["step", "partner", "country", "unit", "occasion"]
    named = answers.groupby([*people, "option"])["value"].max().unstack() > 0
    steps = [choice.name for choice in codebook.options(variable) if choice.name in named]
    both = {f"{a}+{b}": named[a] & named[b] for a, b in zip(steps, [*steps[1:], *steps[:1]], strict=True)}
    long = pd.DataFrame(both).rename_axis(columns="option").stack().rename("k").reset_index()
    return tabulate_shares(_count_cells(long.assign(variable=variable)).assign(statistic="share_both"))


def _count_cells(rows: pd.DataFrame, **more: tuple[str, str]) -> pd.DataFrame:
    """Sum k of each cell for partners, countries and all; n = rows."""
    grouped = tabulate_groups(rows).groupby(CELL, sort=False)
    return grouped.agg(k=("k", "sum"), n=("k", "size"), **more).reset_index()


def _list_interviews(units: pd.DataFrame) -> pd.DataFrame:
    used = units[units["step"].eq("interviews") & units["status"].isin(["complete", "partial"])]
    return used[["step", "partner", "country", "unit"]].drop_duplicates("unit")


def _choose_coding(segments: pd.DataFrame) -> pd.DataFrame:
    """The agreed coding of an interview where there is one, else every coder's."""
    final = segments["final"].astype(bool)
    return segments[final | ~segments["unit"].isin(segments.loc[final, "unit"])]


def _ancestry(code: str) -> list[str]:
    parts = code.split("/")
    return ["/".join(parts[: place + 1]) for place in range(len(parts))]


def _split_code(codes: pd.Series) -> dict[str, pd.Series]:
    parts = codes.str.extract("([^/]*)/?(.*)")
    return {"variable": "theme:" + parts[0], "option": parts[1]}


def _find_not_asked(grid: pd.DataFrame, not_asked: pd.DataFrame) -> pd.Series:
    found = pd.Series(False, index=grid.index)
    for row in not_asked.to_dict("records"):
        code = str(row["code"])
        hit = grid["code"].eq(code) | grid["code"].str.startswith(code + "/")
        for column in ("partner", "unit"):
            if row.get(column):
                hit &= grid[column].eq(row[column])
        found |= hit
    return found


def _list_judgements(segments: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Coders x judgements of each root, then of all: 1 where the coder gave the excerpt a code of that root, else 0."""
    places = [name for name in ("unit", "excerpt") if name in segments]
    agreed = segments["final"].astype(bool).groupby([segments["unit"], segments["coder"]]).transform("all")
    several = segments.groupby("unit")["coder"].transform("nunique")
    # Of two coders one may have been made final; only a third one, wholly final, is the coding they agreed on.
    own = segments[~(agreed & (several > 2)) & (several > 1)]
    own = own.assign(root=own["theme_code"].str.replace("/.*", "", regex=True))
    coders = own[["unit", "coder"]].drop_duplicates()
    coders = coders.assign(seat=coders.groupby("unit").cumcount())
    grid = own[places].drop_duplicates().merge(coders, on="unit").merge(own[["root"]].drop_duplicates(), how="cross")
    given = own[[*places, "coder", "root"]].drop_duplicates().assign(given=1.0)
    grid = grid.merge(given, on=[*places, "coder", "root"], how="left").fillna({"given": 0.0})
    for root, part in grid.groupby("root", sort=True):
        yield f"theme:{root}", part.pivot(index="seat", columns=places, values="given").to_numpy(float)
    if len(grid):
        yield "theme", grid.pivot(index="seat", columns=[*places, "root"], values="given").to_numpy(float)
