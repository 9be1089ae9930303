"""Step 3: topics by interview asked, agreement of coders, quotes, and the profile of the cluster manager."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.estimates import shape_estimates, tabulate_counts, tabulate_shares
from cncb_analysis.statistics.agreement import krippendorff_alpha

_CIRCLE = "vc_link"
_QUOTE_COLUMNS = ["pseudonym", "partner", "country", "theme_code", "language", "text", "translation", "translator"]


def tabulate_codes(
    segments: pd.DataFrame, units: pd.DataFrame, themes: pd.DataFrame, *, not_asked: pd.DataFrame
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
    not_asked : DataFrame
        partner, code: topics that were not asked; an empty partner means all, a parent
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
    >>> themes, asked = pd.DataFrame({"code": ["tasks"]}), pd.DataFrame(columns=["partner", "code"])
    >>> table = tabulate_codes(segments, units.assign(status="complete"), themes, not_asked=asked)
    >>> table.loc[table["partner"] == "pecs", ["option", "statistic", "k", "n"]].values.tolist()
    [['', 'share', 1.0, 2.0], ['plan', 'share', 1.0, 2.0], ['', 'mentions', 2.0, 2.0], ['plan', 'mentions', 2.0, 2.0]]
    """
    used = units["step"].eq("interviews") & units["status"].isin(["complete", "partial"])
    interviews = units.loc[used, ["step", "partner", "country", "unit"]].drop_duplicates("unit")
    coded = _choose_coding(segments)
    said = coded.assign(code=coded["theme_code"].map(_list_ancestry)).explode("code")
    mentions = said.groupby(["unit", "code"]).size().rename("k").reset_index()
    codes = sorted({*themes["code"], *said.loc[said["unit"].isin(interviews["unit"]), "code"]})
    grid = interviews.merge(pd.DataFrame({"code": codes}, dtype="str"), how="cross")
    grid = grid.merge(mentions, on=["unit", "code"], how="left").fillna({"k": 0})
    grid = grid.loc[_is_asked(grid, not_asked)]
    parts = grid["code"].str.extract("([^/]*)/?(.*)")
    grid = grid.assign(variable="theme:" + parts[0], option=parts[1], occasion="", statistic="share")
    shares = tabulate_shares(tabulate_counts(grid.assign(k=grid["k"] > 0)))
    counts = tabulate_counts(grid.assign(statistic="mentions"))
    counts = shape_estimates(counts.assign(estimate=counts["k"], base="mentions", method="count"))
    return pd.concat([shares, counts], ignore_index=True)


def tabulate_agreement(segments: pd.DataFrame) -> pd.DataFrame:
    """Compare what two or more coders found in the same interviews, pooled over all partners.

    Each pair of excerpt and root topic is one judgement: the coder gave the excerpt a code of that root, or not.
    Excerpts are those that any coder marked in an interview coded more than once.

    Parameters
    ----------
    segments : DataFrame
        unit, excerpt, theme_code, coder, final. A third coder whose rows are all final is the agreed
        coding and is not compared.

    Returns
    -------
    DataFrame
        Estimates for all partners together, variable theme:ROOT and, over all roots, variable "theme". Statistic
        agreement: share of judgements in which all coders of the interview agree (k of n); alpha: Krippendorff's alpha,
        nominal, missing when only one category occurs. No interval: judgements of one interview are not independent.

    References
    ----------
    Alpha as in `statistics.agreement.krippendorff_alpha`.

    Examples
    --------
    >>> rows = [("a", "1", "tasks", "X"), ("a", "1", "tasks", "Y"), ("a", "2", "tasks", "X"), ("a", "2", "staff", "Y")]
    >>> segments = pd.DataFrame(rows, columns=["unit", "excerpt", "theme_code", "coder"]).assign(final=False)
    >>> tabulate_agreement(segments)[["variable", "statistic", "estimate"]].values.tolist()[2]
    ['theme:staff', 'agreement', 0.5]
    """
    agreed = segments["final"].astype(bool).groupby([segments["unit"], segments["coder"]]).transform("all")
    several = segments.groupby("unit")["coder"].transform("nunique")
    # Of two coders one may have been made final; only a third one, wholly final, is the coding they agreed on.
    own = segments[~(agreed & (several > 2)) & (several > 1)]
    own = own.assign(root=own["theme_code"].str.replace("/.*", "", regex=True))
    coders = own[["unit", "coder"]].drop_duplicates()
    coders = coders.assign(seat=coders.groupby("unit").cumcount())
    judgement = ["unit", "excerpt", "root"]
    grid = own[judgement[:2]].drop_duplicates().merge(coders, on="unit").merge(own[["root"]].drop_duplicates(), "cross")
    given, asked = (pd.MultiIndex.from_frame(table[[*judgement, "coder"]]) for table in (own, grid))
    grid["given"] = asked.isin(given)
    rows = []
    for name, part in pd.concat([grid.assign(name="theme:" + grid["root"]), grid.assign(name="theme")]).groupby("name"):
        judged = part.pivot(index="seat", columns=judgement, values="given").to_numpy(float)
        alike = np.nanmin(judged, axis=0) == np.nanmax(judged, axis=0)
        rows.append((name, "agreement", alike.mean(), alike.sum(), alike.size))
        rows.append((name, "alpha", krippendorff_alpha(judged), np.nan, alike.size))
    table = pd.DataFrame(rows, columns=["variable", "statistic", "estimate", "k", "n"])
    return shape_estimates(table.assign(step="interviews", base="judgements", method=table["statistic"]))


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


def tabulate_profile(observations: pd.DataFrame, statements: pd.DataFrame) -> pd.DataFrame:
    """Count the statements of the profile card of the cluster manager.

    Parameters
    ----------
    observations : DataFrame
        Of the interview card.
    statements : DataFrame
        statement, variable (the question it rests on), options (answers that make it true, joined by ;), below (a
        number below this one makes it true). The table profile.csv has this form.

    Returns
    -------
    DataFrame
        Estimates, variable `profile`, option = statement, statistic share: k of the n that answered. Below n = 10 to be
        shown as "k of n" with a word. Statements whose question was not asked have no row.

    Examples
    --------
    >>> card = {"step": "interviews", "partner": "pecs", "country": "HU", "variable": "time", "missing": ""}
    >>> card = pd.DataFrame({**card, "option": "", "unit": ["a", "b"], "value": [50.0, 80.0]})
    >>> statement = pd.DataFrame({"statement": ["part_time"], "variable": "time", "options": "", "below": "80"})
    >>> tabulate_profile(card, statement)[["option", "k", "n"]].values.tolist()[0]
    ['part_time', 1.0, 2.0]
    """
    valid = observations[observations["step"].eq("interviews") & observations["missing"].eq("")]
    rows = statements.merge(valid, on="variable")
    named = [option in options.split(";") for option, options in zip(rows["option"], rows["options"], strict=True)]
    below = rows["value"] < pd.to_numeric(rows["below"])
    true = np.where(rows["below"].eq(""), rows["value"].gt(0) & np.array(named, dtype=bool), below)
    rows = rows.assign(option=rows["statement"], k=true)
    people = rows.groupby(["step", "partner", "country", "unit", "option"], sort=False)["k"].any()
    table = people.reset_index().assign(variable="profile", occasion="", statistic="share")
    return tabulate_shares(tabulate_counts(table))


def tabulate_links(observations: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Count who named both a step of the virtuous circle (`vc_link`) and the one that follows.

    Parameters
    ----------
    observations : DataFrame
        step, partner, country, unit, variable, option, value, missing.
    codebook : Codebook
        Order of the steps; the last is followed by the first.

    Returns
    -------
    DataFrame
        Estimates, statistic share_both, option = "first+second": k of the n that answered.
    """
    answers = observations[observations["variable"].eq(_CIRCLE) & observations["missing"].eq("")]
    keys = ["step", "partner", "country", "unit", "variable", "occasion"]
    named = answers.groupby([*keys, "option"])["value"].max().gt(0).unstack()
    steps = [choice.name for choice in codebook.options(_CIRCLE) if choice.name in named] if len(named) else []
    both = {f"{a}+{b}": named[a] & named[b] for a, b in zip(steps, [*steps[1:], *steps[:1]], strict=True)}
    links = pd.DataFrame(both, index=named.index).melt(var_name="option", value_name="k", ignore_index=False)
    return tabulate_shares(tabulate_counts(links.reset_index().assign(statistic="share_both")))


def _choose_coding(segments: pd.DataFrame) -> pd.DataFrame:
    """The agreed coding of an interview where there is one, else every coder's."""
    final = segments["final"].astype(bool)
    return segments[final | ~segments["unit"].isin(segments.loc[final, "unit"])]


def _list_ancestry(code: str) -> list[str]:
    parts = code.split("/")
    return ["/".join(parts[: place + 1]) for place in range(len(parts))]


def _is_asked(grid: pd.DataFrame, not_asked: pd.DataFrame) -> list[bool]:
    """Whether neither a topic nor one above it was left out, by the partner or by all."""
    left_out = set(zip(not_asked["partner"], not_asked["code"], strict=True))
    cells = zip(grid["partner"], grid["code"], strict=True)
    return [left_out.isdisjoint(product((partner, ""), _list_ancestry(code))) for partner, code in cells]
