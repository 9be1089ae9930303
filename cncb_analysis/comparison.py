"""Do countries differ? One permutation test a question, with the size of the largest difference and a verdict."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.schema import read_schema
from cncb_analysis.statistics.agreement import cliffs_delta
from cncb_analysis.statistics.intervals import cliffs_delta_interval, share_difference_interval
from cncb_analysis.statistics.permutation import chi_square_permutation, holm, kruskal_permutation

COMPARISON_COLUMNS = list(read_schema()["comparisons"])

_BY_OPTION = ("multiple", "rank")
_ORDERED = ("ordinal", "number", "allocation", "rank")
_MEASURED = ("statistic", "p", "p_error", "p_attainable")
Places = npt.NDArray[np.int64]
Effect = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Rules:
    """What was decided before the data were seen: ``Rules(**settings["comparison"], **settings["margins"])``.

    Parameters
    ----------
    permutations : int
        Random arrangements a test.
    alpha : float
        Level of the tests; effects have intervals at 1 - 2 alpha, as two one-sided tests ask.
    minimum_n : int
        Valid answers that a country needs to be compared.
    cliffs_delta, share : float
        Largest difference that still counts as similar, for ordered answers and for shares.
    """

    permutations: int = 9999
    alpha: float = 0.05
    minimum_n: int = 5
    cliffs_delta: float = 0.33
    share: float = 0.20


class _Item(NamedTuple):
    """One question as it is tested: the answers of the units whose country reaches the minimum."""

    place: dict[str, str]
    kind: str
    answers: pd.DataFrame
    groups: list[str]


def compare_countries(
    observations: pd.DataFrame, codebook: Codebook, *, rng: np.random.Generator, rules: Rules | None = None
) -> pd.DataFrame:
    """Compare countries question by question, all at once and never pair by pair.

    Choices without order: permutation chi-square (of each option where several could be chosen). Ordered answers,
    numbers, parts of an allocation: permutation Kruskal-Wallis; ranks likewise, an item not ranked lying below all
    ranked ones. Questions answered by the same units share their arrangements.

    Parameters
    ----------
    observations : DataFrame
        step, country, unit, variable, option, occasion, value, missing. Rows of an occasion (votes) are passed over.
    codebook : Codebook
        Kinds, batteries, themes.
    rng : numpy.random.Generator
        Source of chance. The p-value of a question does not depend on which other questions are there.
    rules : Rules, optional
        Level, margins, smallest group.

    Returns
    -------
    DataFrame
        `COMPARISON_COLUMNS`. `contrast` names the two countries that lie farthest apart, the higher one first, and
        `effect` how far: Cliff's delta or a difference of shares, with its score interval (Newcombe), which also holds
        when the two do not overlap at all. `groups` are the countries compared. `p_adjusted` is Holm's within
        `family`, the step and battery (or theme); tests that could never pass alone (`p_attainable` above alpha) do
        not count in it. `verdict`: differs (p_adjusted < alpha), similar (the intervals of all differences lie within
        the margin), too few (fewer than two countries with enough answers), cannot tell.

    References
    ----------
    Tarone, R. E. (1990). A modified Bonferroni method for discrete data. Biometrics, 46, 515-522. Schuirmann, D. J.
    (1987). A comparison of the two one-sided tests procedure. Journal of Pharmacokinetics and Biopharmaceutics, 15,
    657-680. The tests: `statistics.permutation`.

    Examples
    --------
    >>> from cncb_analysis.codebook import Codebook, Variable
    >>> book = Codebook({"fte": Variable("fte", "number", theme="optimisation")}, {})
    >>> row = {"step": "questionnaire", "variable": "fte", "option": "", "occasion": "", "missing": ""}
    >>> values = {"AT": [5, 6, 7, 8, 9], "SI": [1, 1, 2, 2, 3]}
    >>> rows = [dict(row, unit=f"{c}{v}{i}", country=c, value=v) for c in values for i, v in enumerate(values[c])]
    >>> found = compare_countries(pd.DataFrame(rows), book, rng=np.random.default_rng(1))
    >>> found[["contrast", "test", "p", "effect", "verdict"]].round(4).values.tolist()
    [['AT-SI', 'kruskal_wallis', 0.0079, 1.0, 'differs']]
    """
    rules = rules or Rules()
    items = list(_list_items(observations, codebook, rules.minimum_n))
    outcomes = _test_items(items, int(rng.integers(2**32)), rules.permutations)
    rows = [_describe_item(item, outcomes.get(index), rules) for index, item in enumerate(items)]
    table = pd.DataFrame(rows, columns=COMPARISON_COLUMNS)
    # Holm's family are the tests that could pass: one that cannot needs no guarding against.
    possible = table["p"].where(table["p_attainable"] <= rules.alpha)
    adjusted = possible.groupby(table["family"]).transform(lambda p: pd.Series(holm(p), index=p.index))
    adjusted = adjusted.where(possible.notna() | table["p"].isna(), 1.0)
    return table.assign(p_adjusted=adjusted, verdict=table["verdict"].mask(adjusted < rules.alpha, "differs"))


def _list_items(observations: pd.DataFrame, codebook: Codebook, minimum_n: int) -> Iterator[_Item]:
    kinds = pd.Series({name: variable.kind for name, variable in codebook.variables.items()}, dtype="str")
    columns = ["step", "variable", "option", "unit", "country", "occasion", "missing"]
    rows = observations[[*columns, "value"]].astype(dict.fromkeys(columns, "str"))
    kind = rows["variable"].map(kinds)
    # Not ranked lies below every rank, and a first rank is the highest.
    value = (-rows["value"]).fillna(-np.inf).where(kind == "rank", rows["value"])
    value = value.where(kind != "single", pd.factorize(rows["option"], sort=True)[0].astype(float))
    option = rows["option"].where(kind.isin(_BY_OPTION), "")
    rows = rows.assign(kind=kind, value=value, option=option)
    used = (rows["missing"] == "") & (rows["occasion"] == "") & value.notna()
    rows = rows[used & kind.isin(["single", "multiple", *_ORDERED])]
    # By unit, so that questions answered by the same units are known by it.
    grouped = rows.sort_values("unit", kind="stable").groupby(["step", "variable", "option"], sort=False)
    for (step, name, option), part in sorted(grouped, key=lambda entry: _place(entry[0], codebook)):
        enough = part[part.groupby("country")["unit"].transform("size") >= minimum_n]
        variable = codebook.variables[name]
        family = f"{step}:{variable.battery or variable.theme}"
        place = {"step": step, "variable": name, "option": option, "family": family}
        yield _Item(place, variable.kind, enough, sorted(enough["country"].unique()))


def _place(key: tuple[str, str, str], codebook: Codebook) -> tuple[str, int, int]:
    step, variable, option = key
    codes = [choice.name for choice in codebook.options(variable)]
    return step, list(codebook.variables).index(variable), codes.index(option) if option in codes else -1


def _test_items(items: list[_Item], seed: int, permutations: int) -> dict[int, dict[str, Any]]:
    batches: dict[tuple[bytes, bool], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if len(item.groups) > 1:
            batches["\n".join(item.answers["unit"]).encode(), item.kind in _ORDERED].append(index)
    outcomes = {}
    for (units, ordered), batch in batches.items():
        name, test = ("kruskal_wallis", kruskal_permutation) if ordered else ("chi_square", chi_square_permutation)
        # The arrangements depend on the units alone: another question more or less changes no p-value.
        rng = np.random.default_rng([seed, zlib.crc32(units)])
        values = np.stack([items[index].answers["value"] for index in batch])
        found = test(values, items[batch[0]].answers["country"], rng=rng, permutations=permutations)
        method = f"{'exact' if found.exact else 'permutation'} {found.arrangements}"
        for row, index in enumerate(batch):
            numbers = {measure: float(getattr(found, measure)[row]) for measure in _MEASURED}
            outcomes[index] = {"test": name, "method": method, **numbers}
    return outcomes


def _describe_item(item: _Item, outcome: dict[str, Any] | None, rules: Rules) -> dict[str, Any]:
    row: dict[str, Any] = {**item.place, "n": len(item.answers), "groups": " ".join(item.groups)}
    if outcome is None:
        return row | {"contrast": "", "test": "", "method": "", "verdict": "too few"}
    ordered, level = item.kind in _ORDERED, 1 - 2 * rules.alpha
    margin, compare = (rules.cliffs_delta, _compare_orders) if ordered else (rules.share, _compare_shares)
    first, second = np.triu_indices(len(item.groups), 1)
    effect, low, high = compare(item, first, second, level)
    widest = np.unravel_index(np.abs(effect).argmax(), effect.shape)
    names, sign = [item.groups[side[widest[0]]] for side in (first, second)], 1 if effect[widest] >= 0 else -1
    ends = sorted((sign * low[widest], sign * high[widest]))
    row |= {"contrast": "-".join(names[::sign]), "effect": abs(effect[widest])}
    row |= {"effect_low": ends[0], "effect_high": ends[1], "margin": margin}
    row["verdict"] = "similar" if max(-low.min(), high.max()) <= margin else "cannot tell"
    return row | outcome | {"method": f"{outcome['method']}; newcombe {level:.2f}"}


def _compare_shares(item: _Item, first: Places, second: Places, level: float) -> Effect:
    """Differences of every pair (rows) in every answer (columns)."""
    counts = pd.crosstab(item.answers["country"], item.answers["value"])
    n = counts.sum(axis=1).to_numpy(float)[:, None]
    k = counts.reindex(columns=[1.0] if item.kind == "multiple" else counts.columns, fill_value=0).to_numpy(float)
    low, high = share_difference_interval((k[first], n[first]), (k[second], n[second]), level=level)
    return k[first] / n[first] - k[second] / n[second], low, high


def _compare_orders(item: _Item, first: Places, second: Places, level: float) -> Effect:
    """Cliff's delta of every pair, in one column."""
    parts = [part.to_numpy() for _, part in item.answers.groupby("country")["value"]]
    delta = np.array([[cliffs_delta(parts[a], parts[b])] for a, b in zip(first, second, strict=True)])
    sizes = np.array([len(part) for part in parts])[:, None]
    return delta, *cliffs_delta_interval(delta, sizes[first], sizes[second], level=level)
