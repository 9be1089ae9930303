"""In what order the respondents, interviewees and workshops put the measures, and how sure that order is."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from cncb_analysis.coding import list_interviews
from cncb_analysis.estimates import describe_scales
from cncb_analysis.interviews import tabulate_codes
from cncb_analysis.statistics.agreement import find_rank_range
from cncb_analysis.study import Study

Floats = npt.NDArray[np.float64]

_DRAWS, _TAIL = 2000, 0.05
_UNIT = ["country", "partner", "unit"]
_RANKED = ["rank", "rank_low", "rank_high", "clear_to", "ahead"]


def find_questions(study: Study) -> tuple[str, str]:
    """Find the question that ranks the measures and the one that offers them: both have the measures as answers.

    Parameters
    ----------
    study : Study
        Codebook, and table support_actions.

    Returns
    -------
    tuple of str
        Empty where there is none.
    """
    book, codes = study.codebook, set(study.table("support_actions")["offer"])
    answers = {name: {choice.name for choice in book.options(name)} for name in book.variables}
    found = {book.variables[name].kind: name for name, offered in answers.items() if codes <= offered}
    return found.get("rank", ""), found.get("multiple", "")


def rank_measures(
    observations: pd.DataFrame, segments: pd.DataFrame, units: pd.DataFrame, study: Study, *, rng: np.random.Generator
) -> pd.DataFrame:
    """Rank the joint support measures, with ranges by bootstrap over units within countries.

    Each step ranks the measures by the mean of its countries' shares, every country weighing the same: the
    questionnaire by the share that finds it useful (the two highest answers) and the share that puts it among the
    first three, half each; interviews by the share that raises it; workshops by the share of the sheets that choose it
    in the last round. The rank is that of the mean over steps. A step where nobody was asked of a measure does not
    rank. The range holds 90 of 100 draws: within each country and step n - 1 of its n units are drawn with
    replacement, each with all its answers, which gives means the variance of simple random sampling even where a
    country has two interviews.

    It rests on every answer, hidden ones too, and so is computed before protection. What leaves it is an order over all
    countries: no share, count, partner or country. Of a hidden share the order tells at most that a mean over
    countries and steps lies between two others; where a study has one country and one step that is the place of the
    hidden share among those shown, never its count.

    Parameters
    ----------
    observations, segments, units : DataFrame
        Restricted, of all steps.
    study : Study
        Codebook; tables support_actions, themes, coverage, items, ballots.
    rng : Generator
        For the ranges.

    Returns
    -------
    DataFrame
        A row a measure, in the table's order: action, rank, rank_low, rank_high, and, the same in every row, clear_to
        (down to that rank each measure stands apart from all that follow; below it there is no clear order) and ahead
        (so many measures stand apart from the others, in whatever order). Ranks are missing where no step ranks.

    References
    ----------
    Rao, J. N. K. and Wu, C. F. J. (1988). Resampling inference with complex survey data. Journal of the American
    Statistical Association, 83, 231-241. Goldstein, H. and Spiegelhalter, D. J. (1996). League tables and their
    limitations. Journal of the Royal Statistical Society A, 159, 385-443 (ranks with ranges).
    """
    actions = study.table("support_actions")["action"]
    steps = (_list_answers(observations, study), _list_topics(segments, units, study), _list_votes(observations, study))
    places = np.zeros((1 + _DRAWS, len(actions)))
    for blocks in map(list, steps):
        blocks = [block for block in blocks if len(actions) and len(block) and block.notna().any().all()]
        for shares in _draw_shares(blocks, rng):
            places += rankdata(-shares.round(12), axis=1) / len(blocks)
    if not places.any():
        return pd.DataFrame({"action": actions}).reindex(columns=["action", *_RANKED])
    rank = rankdata(places[0].round(9), method="min")
    low, high = (ends.astype(int) for ends in find_rank_range(-places, tail=_TAIL))
    found = dict(zip(_RANKED, (rank, low, high, *_find_clear(rank, low, high)), strict=True))
    return pd.DataFrame({"action": actions, **found})


def _list_answers(observations: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Who finds a measure useful, and who puts it among the first; a row a respondent, a column a measure."""
    actions = study.table("support_actions")
    said = observations[observations["step"].eq("questionnaire") & observations["missing"].eq("")]
    useful = said[said["variable"].isin(actions["variable"]) & said["value"].notna()]
    top = describe_scales(study.codebook).set_index("variable")["top"]
    useful = useful.assign(k=useful["value"].ge(useful["variable"].map(top)))
    first = said[said["variable"].eq(find_questions(study)[0])]
    yield _lay_out(useful, "variable").reindex(columns=actions["variable"])
    yield _lay_out(first.assign(k=first["value"].notna()), "option").reindex(columns=actions["offer"])


def _list_topics(segments: pd.DataFrame, units: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Who raised a measure: what is counted of partners, counted of each interview as if it were one."""
    people, left_out = list_interviews(units), study.table("coverage")
    own = left_out.merge(people[["partner", "unit"]], on="partner", how="left")
    own = own.assign(partner=own["unit"].fillna(own["partner"]))
    alone = units.assign(partner=units["unit"])
    rows = tabulate_codes(segments, alone, study.table("themes"), not_asked=own)
    rows = rows[rows["statistic"].eq("share") & rows["partner"].ne("")]
    code = (rows["variable"].str.removeprefix("theme:") + "/" + rows["option"]).str.rstrip("/")
    table = _lay_out(rows.assign(code=code, unit=rows["partner"], k=rows["k"]), "code")
    yield table.reindex(columns=study.table("support_actions")["theme_code"])


def _list_votes(observations: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Who chose a measure in the last round; an abstention is no sheet."""
    items, ballots = study.table("items"), study.table("ballots")
    cast = observations[observations["variable"].eq("votes") & observations["value"].gt(0)]
    last = cast["occasion"].max()
    forms = set(ballots.loc[ballots["round"].eq(last), "kind"])
    if cast.empty or "scores" in forms:
        return
    cast = cast[cast["occasion"].eq(last)].assign(k=1.0)
    if cast["occasion"].iloc[0] != observations.loc[observations["variable"].eq("votes"), "occasion"].min():
        into = items.loc[items["merged_into"].ne("")].set_index("item")["merged_into"]
        cast = cast.assign(option=cast["option"].replace(into.to_dict()))
    table = _lay_out(cast, "option")
    table = table.reindex(columns=list(dict.fromkeys([*items["item"], *table.columns]))).fillna(0)
    yield table.reindex(columns=study.table("support_actions")["item"])


def _lay_out(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.astype({"k": float}).pivot_table("k", _UNIT, column, aggfunc="max", observed=True)


def _draw_shares(blocks: list[pd.DataFrame], rng: np.random.Generator) -> Iterator[Floats]:
    """Means over countries by draw and measure, the first as observed; the blocks of a step draw the same units."""
    if not blocks:
        return
    both = pd.concat(blocks, axis=1)
    total, known = 0.0, 0.0
    for _, own in both.groupby(level="country"):
        size = len(own)
        drawn = rng.multinomial(max(size - 1, 1), np.full(size, 1 / size), size=_DRAWS)
        weights = np.vstack([np.ones(size), drawn])
        bases, counts = weights @ own.notna().to_numpy(float), weights @ own.fillna(0).to_numpy()
        total, known = total + np.divide(counts, bases, where=bases > 0, out=np.zeros_like(bases)), known + (bases > 0)
    shares = total / np.maximum(known, 1)
    yield from np.split(shares, len(blocks), axis=1)


def _find_clear(rank: Floats, low: Floats, high: Floats) -> tuple[int, int]:
    """How many ranks from the first on stand apart one by one, and how many as a group, from all that follow."""
    order = np.argsort(rank, kind="stable")
    worst = np.maximum.accumulate(high[order])
    best = np.minimum.accumulate(low[order][::-1])[::-1]
    apart = worst[:-1] < best[1:]
    clear = int(np.logical_and.accumulate(apart).sum())
    return len(rank) if clear == len(rank) - 1 else clear, int(np.append(np.flatnonzero(apart) + 1, 0).max())
