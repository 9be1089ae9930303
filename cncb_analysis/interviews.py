"""Step 3: topics by interview asked, case by theme, quotes, and the profile of the cluster manager."""

import base64
import hmac
from itertools import count, product

import numpy as np
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.coding import choose_coding, list_ancestry, list_interviews
from cncb_analysis.estimates import shape_estimates, tabulate_counts, tabulate_shares

_CIRCLE = "vc_link"
# So many letters tell a thousand people apart; where two would be called the same, all get one more.
_LETTERS = 4
_PLACE = ["excerpt", "pseudonym", "partner", "country", "theme_code"]
_QUOTE_COLUMNS = [*_PLACE, "language", "text", "translation", "translator"]


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
    interviews = list_interviews(units)
    coded = choose_coding(segments)
    said = coded.assign(code=coded["theme_code"].map(list_ancestry)).explode("code")
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


def tabulate_framework(
    segments: pd.DataFrame, units: pd.DataFrame, themes: pd.DataFrame, *, not_asked: pd.DataFrame
) -> pd.DataFrame:
    """Lay out interviews by theme, each cell the passages that speak of it. Restricted.

    Parameters
    ----------
    segments, units, themes, not_asked : DataFrame
        As for `tabulate_codes`; segments with excerpt.

    Returns
    -------
    DataFrame
        partner, country, unit and a column a root topic: the excerpts joined by "; ", "x" for a coding without one, ""
        where nothing was said, not_asked where nothing was asked.

    References
    ----------
    Ritchie, J. and Spencer, L. (1994). Qualitative data analysis for applied policy research. In Analyzing qualitative
    data, 173-194.

    Examples
    --------
    >>> units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": ["a", "b"]})
    >>> segments = pd.DataFrame({"unit": ["a"], "theme_code": "tasks/plan", "excerpt": "a-e01", "final": True})
    >>> themes, asked = pd.DataFrame({"code": ["tasks"]}), pd.DataFrame(columns=["partner", "code"])
    >>> tabulate_framework(segments, units.assign(status="complete"), themes, not_asked=asked)["tasks"].tolist()
    ['a-e01', '']
    """
    said = choose_coding(segments).replace({"excerpt": {"": "x"}})
    said = said.assign(code=said["theme_code"].str.partition("/")[0]).drop_duplicates(["unit", "code", "excerpt"])
    cells = said.groupby(["unit", "code"])["excerpt"].agg("; ".join).reset_index()
    roots = pd.DataFrame({"code": sorted({*themes["code"].str.partition("/")[0], *said["code"]})}, dtype="str")
    grid = list_interviews(units).merge(roots, how="cross").merge(cells, how="left").fillna({"excerpt": ""})
    grid["excerpt"] = grid["excerpt"].where(_is_asked(grid, not_asked), "not_asked")
    wide = grid.pivot(index=["partner", "country", "unit"], columns="code", values="excerpt")
    return wide.reset_index().rename_axis(columns=None)


def tabulate_quotes(segments: pd.DataFrame, *, key: bytes) -> pd.DataFrame:
    """List the passages that may be quoted, under pseudonyms.

    Parameters
    ----------
    segments : DataFrame
        unit, partner, country, theme_code, text, language, translation, translator, consent, final.
    key : bytes
        Secret from which the pseudonyms are made: who does not have it cannot tell who is who from the names of the
        interviews, and with the same key somebody keeps the pseudonym from run to run, whoever else is interviewed.

    Returns
    -------
    DataFrame
        excerpt (pseudonym and a number, to cite a passage by), pseudonym (a few letters, the same for all quotes of one
        person), partner, country, theme_code, language,
        text (as said), translation and translator (empty where there is none); only with consent, each passage once
        a topic.

    Examples
    --------
    >>> segment = {"unit": "u", "partner": "pecs", "country": "HU", "theme_code": "tasks", "text": "Sokat utazom."}
    >>> more = {"language": "hu", "translation": "I travel a lot.", "translator": "K. N.", "consent": "yes"}
    >>> quotes = tabulate_quotes(pd.DataFrame([segment | more | {"final": True}]), key=b"a secret")
    >>> len(quotes["pseudonym"][0]), quotes["translation"].tolist()
    (4, ['I travel a lot.'])

    References
    ----------
    Krawczyk, H., Bellare, M. and Canetti, R. (1997). HMAC: keyed-hashing for message authentication. RFC 2104.
    """
    people = sorted(segments["unit"].unique())
    codes = [base64.b32encode(hmac.digest(key, str(unit).encode(), "sha256")).decode() for unit in people]
    length = next(n for n in count(_LETTERS) if len({code[:n] for code in codes}) == len(codes))
    names = {unit: code[:length] for unit, code in zip(people, codes, strict=True)}
    agreed = segments["consent"].astype(str).str.casefold().isin(["yes", "true", "1"])
    quotes = choose_coding(segments[agreed & segments["text"].fillna("").ne("")])
    quotes = quotes.drop_duplicates(["unit", "theme_code", "text"])
    quotes = quotes.assign(pseudonym=[names[unit] for unit in quotes["unit"]])
    # By its letters, so that a number does not tell when in the talk it was said.
    place = quotes.groupby("unit")["text"].rank(method="dense").astype(int).astype(str)
    quotes = quotes.assign(excerpt=quotes["pseudonym"].astype(str) + "-" + place)
    return quotes.sort_values(["theme_code", "pseudonym"], kind="stable", ignore_index=True)[_QUOTE_COLUMNS]


def tabulate_balance(quotes: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Count quotes by partner, so that a report is not built from two talkative people.

    Parameters
    ----------
    quotes : DataFrame
        As `tabulate_quotes` gives them.
    units : DataFrame
        As for `tabulate_codes`.

    Returns
    -------
    DataFrame
        partner, country, interviews, people quoted, passages that may be quoted, most (passages of one person).

    Examples
    --------
    >>> units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": ["a", "b"]})
    >>> quotes = pd.DataFrame({"partner": "pecs", "country": "HU", "pseudonym": "01", "text": ["x", "y", "y"]})
    >>> tabulate_balance(quotes, units.assign(status="complete")).values.tolist()
    [['pecs', 'HU', 2, 1, 2, 2]]
    """
    keys = ["partner", "country"]
    each = quotes.drop_duplicates([*keys, "pseudonym", "text"]).groupby([*keys, "pseudonym"]).size()
    told = each.groupby(keys).agg(people="size", passages="sum", most="max")
    table = list_interviews(units).groupby(keys).size().rename("interviews").to_frame().join(told)
    return table.fillna(0).astype(int).reset_index()


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


def _is_asked(grid: pd.DataFrame, not_asked: pd.DataFrame) -> list[bool]:
    """Whether neither a topic nor one above it was left out, by the partner or by all."""
    left_out = set(zip(not_asked["partner"], not_asked["code"], strict=True))
    cells = zip(grid["partner"], grid["code"], strict=True)
    return [left_out.isdisjoint(product((partner, ""), list_ancestry(code))) for partner, code in cells]
