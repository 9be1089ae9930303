"""Do countries differ? One permutation test a question, with the size of the largest difference and a verdict."""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.estimates import describe_scales
from cncb_analysis.schema import read_schema
from cncb_analysis.statistics import intervals, permutation
from cncb_analysis.statistics.agreement import cliffs_delta
from cncb_analysis.statistics.exact import friedman_permutation

COMPARISON_COLUMNS = list(read_schema()["comparisons"])
_UNTESTED = {"option": "", "contrast": "", "test": "", "method": "", "verdict": "too few"}

_BY_OPTION = ("multiple", "rank")
_ORDERED = ("ordinal", "number", "allocation", "rank")
_TESTS = {False: ("fisher", permutation.fisher_permutation), True: ("kruskal_wallis", permutation.kruskal_permutation)}
MEASURED = ("statistic", "p", "p_error", "p_attainable")
EFFECT = ("p_adjusted", "p_fdr", "effect", "effect_low", "effect_high")
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
    adjust : str
        Which correction the verdict follows: holm (no false alarm in the family) or bh (few among the findings).
    cliffs_delta, share : float
        Largest difference that still counts as similar, for ordered answers and for shares.
    """

    permutations: int = 9999
    alpha: float = 0.05
    minimum_n: int = 5
    adjust: str = "holm"
    cliffs_delta: float = 0.33
    share: float = 0.20


_DECIDED = Rules()


class _Item(NamedTuple):
    """One question as it is tested: a cell a unit whose country reaches the minimum."""

    place: dict[str, str]
    kind: str
    groups: list[str]
    unit: npt.NDArray[Any]
    country: npt.NDArray[Any]
    value: npt.NDArray[Any]

    def pick(self, groups: Sequence[str], place: dict[str, str]) -> Self:
        """The same question asked of some countries."""
        rows = np.isin(self.country, groups)
        return type(self)(place, self.kind, list(groups), self.unit[rows], self.country[rows], self.value[rows])


def compare_countries(
    observations: pd.DataFrame, codebook: Codebook, *, rng: np.random.Generator, rules: Rules = _DECIDED
) -> pd.DataFrame:
    """Compare countries question by question, all at once; `compare_pairs` takes apart what differs.

    Choices without order: Fisher-Freeman-Halton (of each option where several could be chosen). Ordered answers,
    numbers, parts of an allocation: Kruskal-Wallis; ranks likewise, an item not ranked lying below all ranked ones. An
    allocation or a ranking as a whole: permutational analysis of variance, on square roots of shares (Hellinger
    distance) or on ranks. Exact where all can be counted, else by permutation. Questions answered by the same units
    share their arrangements.

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
        when the two do not overlap at all; of a whole allocation the share that would have to move, of a whole ranking
        the mean shift in places by the longest possible, both without interval. `groups` are the countries compared.
        `p_adjusted` is Holm's and `p_fdr` Benjamini and Hochberg's within `family`, the step and battery (or theme;
        wholes are a family of their own); tests that could never pass alone (`p_attainable` above alpha) do not count
        in it. `verdict`: differs (adjusted p < alpha), similar (the intervals of all differences lie within the
        margin), too few (fewer than two countries with enough answers), cannot tell.

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
    seed, answers = int(rng.integers(2**32)), _read_answers(observations, codebook)
    items = list(_list_items(answers, codebook, rules.minimum_n))
    outcomes = _test_items(items, seed, rules.permutations)
    rows = [_describe_item(item, outcomes.get(index), rules) for index, item in enumerate(items)]
    return _judge([*rows, *_compare_wholes(answers, codebook, seed, rules)], rules)


def compare_pairs(
    observations: pd.DataFrame,
    codebook: Codebook,
    comparisons: pd.DataFrame,
    *,
    rng: np.random.Generator,
    rules: Rules = _DECIDED,
) -> pd.DataFrame:
    """Compare two countries at a time where all of them together differ, and where the pair could ever pass.

    Parameters
    ----------
    observations, codebook, rng, rules
        As for `compare_countries`.
    comparisons : DataFrame
        What that gave.

    Returns
    -------
    DataFrame
        `COMPARISON_COLUMNS`, a row a pair; the family are the pairs of the question. Ordered answers: Mann-Whitney as
        the Kruskal-Wallis of two groups; else Fisher's exact test. A pair whose smallest attainable p could not pass
        the correction even if it lay wholly apart is no test: its p is NaN and its verdict cannot tell.

    References
    ----------
    Tarone, R. E. (1990). A modified Bonferroni method for discrete data. Biometrics, 46, 515-522.
    """
    seed, differing = int(rng.integers(2**32)), comparisons.loc[comparisons["verdict"] == "differs"]
    places = set(differing[["step", "variable", "option"]].itertuples(index=False, name=None))
    rows: list[dict[str, Any]] = []
    for item in _list_items(_read_answers(observations, codebook), codebook, rules.minimum_n):
        place = (item.place["step"], item.place["variable"], item.place["option"])
        if place not in places or len(item.groups) < 3:
            continue
        family = {**item.place, "family": ":".join(filter(None, (*place, "pairs")))}
        pairs = [item.pick(pair, family) for pair in combinations(item.groups, 2)]
        outcomes = _test_items(pairs, seed, rules.permutations)
        limit = _limit_attainable([outcomes[index]["p_attainable"] for index in range(len(pairs))], rules.alpha)
        for index, pair in enumerate(pairs):
            outcome = outcomes[index]
            if outcome["p_attainable"] > limit:
                outcome |= {"p": np.nan, "p_error": np.nan}
            rows.append(_describe_item(pair, outcome, rules))
    return _judge(rows, rules)


def _limit_attainable(attainable: list[float], alpha: float) -> float:
    """Tarone's limit: alpha / K with the least K such that at most K tests could reach it."""
    return next(alpha / k for k in range(1, len(attainable) + 1) if sum(p <= alpha / k for p in attainable) <= k)


def compare_ratings(
    observations: pd.DataFrame, codebook: Codebook, *, rng: np.random.Generator, rules: Rules = _DECIDED
) -> pd.DataFrame:
    """Compare the items of each rated battery, all countries together: the same units rated each of them.

    Parameters
    ----------
    observations, codebook, rng, rules
        As for `compare_countries`.

    Returns
    -------
    DataFrame
        `COMPARISON_COLUMNS`, a row a battery and aspect (`option`); n counts units that rated every item, `groups` are
        the items. Test: Friedman within units, exact where countable. `contrast` names the items with the highest and
        the lowest mean rank; `effect` is the share of units that rate the first higher minus the share that rate it
        lower, with Tango's score interval. The batteries of a step are one family.
    """
    seed = int(rng.integers(2**32))
    scales = describe_scales(codebook).query("kind == 'ordinal' and battery != ''").drop(columns="kind")
    answers, rows = _read_answers(observations, codebook).merge(scales, on="variable"), []
    for (step, battery, aspect), part in answers.groupby(["step", "battery", "aspect"], sort=False):
        sheet = part.pivot(index="unit", columns="item", values="value").dropna()
        place = {"step": step, "variable": battery, "option": aspect, "family": f"{step}:ratings"}
        row = place | {"n": len(sheet), "groups": " ".join(sheet.columns)}
        if len(sheet.columns) > 1 and len(sheet) >= rules.minimum_n:
            chance = np.random.default_rng([seed, zlib.crc32(f"{step} {battery} {aspect}".encode())])
            found = friedman_permutation(sheet, rng=chance, permutations=rules.permutations)
            row |= {name: found[name] for name in MEASURED} | _describe_ratings(sheet, found, rules)
        rows.append(row)
    return _judge(rows, rules)


def _describe_ratings(sheet: pd.DataFrame, found: Mapping[str, float], rules: Rules) -> dict[str, Any]:
    ranks, level = sheet.rank(axis=1).mean(), 1 - 2 * rules.alpha
    higher = (sheet.to_numpy()[:, :, None] > sheet.to_numpy()[:, None, :]).sum(axis=0)
    low, high = intervals.paired_difference_interval(higher, higher.T, len(sheet), level=level)
    first, second = int(ranks.to_numpy().argmax()), int(ranks.to_numpy().argmin())
    alike = max(-low.min(), high.max()) <= rules.cliffs_delta
    # Where every unit rates all items the same there is nothing to arrange.
    arrangements = int(np.nan_to_num(found["arrangements"]))
    return {
        "test": "friedman",
        "method": f"{f'permutation {arrangements}' if arrangements else 'exact'}; tango {level:.2f}",
        "contrast": f"{sheet.columns[first]}-{sheet.columns[second]}",
        "effect": (higher[first, second] - higher[second, first]) / len(sheet),
        "effect_low": low[first, second],
        "effect_high": high[first, second],
        "margin": rules.cliffs_delta,
        "verdict": "similar" if alike else "cannot tell",
    }


def _judge(rows: list[dict[str, Any]], rules: Rules) -> pd.DataFrame:
    """Correct within each family, and say which differ."""
    table = pd.DataFrame([_UNTESTED | row for row in rows], columns=COMPARISON_COLUMNS)
    # The family are the tests that could pass: one that cannot needs no guarding against, and stands alone.
    possible = table["p"].where(table["p_attainable"] <= rules.alpha)
    families = possible.groupby(table["family"])
    methods = {"p_adjusted": permutation.holm, "p_fdr": permutation.benjamini_hochberg}
    alone = table["p"].notna() & possible.isna()
    corrected = {column: families.transform(method).mask(alone, 1.0) for column, method in methods.items()}
    decisive = corrected["p_fdr" if rules.adjust == "bh" else "p_adjusted"]
    return table.assign(**corrected, verdict=table["verdict"].mask(decisive < rules.alpha, "differs"))


def _read_answers(observations: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Valid answers, by unit, so that questions answered by the same units are known by it."""
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
    return rows.sort_values("unit", kind="stable", ignore_index=True)


def _list_items(answers: pd.DataFrame, codebook: Codebook, minimum_n: int) -> Iterator[_Item]:
    keys = ["step", "variable", "option"]
    places = answers[keys].drop_duplicates().itertuples(index=False, name=None)
    size = answers.groupby([*keys, "country"], sort=False)["value"].transform("size")
    enough = answers[size >= minimum_n]
    rows, nobody = enough.groupby(keys, sort=False).indices, np.empty(0, dtype=np.int64)
    columns = [enough[name].to_numpy() for name in ("unit", "country", "value")]
    for step, name, option in sorted(places, key=lambda place: _place(place, codebook)):
        variable, own = codebook.variables[name], rows.get((step, name, option), nobody)
        family = f"{step}:{variable.battery or variable.theme}"
        place = {"step": step, "variable": name, "option": option, "family": family}
        unit, country, value = (column[own] for column in columns)
        yield _Item(place, variable.kind, sorted(set(country)), unit, country, value)


def _place(key: tuple[str, str, str], codebook: Codebook) -> tuple[str, int, int]:
    step, variable, option = key
    codes = [choice.name for choice in codebook.options(variable)]
    return step, list(codebook.variables).index(variable), codes.index(option) if option in codes else -1


def _test_items(items: list[_Item], seed: int, permutations: int) -> dict[int, dict[str, Any]]:
    batches: dict[tuple[bytes, bool], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if len(item.groups) > 1:
            batches["\n".join(item.unit).encode(), item.kind in _ORDERED].append(index)
    outcomes = {}
    for (units, ordered), batch in batches.items():
        name, test = _TESTS[ordered]
        # The arrangements depend on the units alone: another question more or less changes no p-value.
        rng = np.random.default_rng([seed, zlib.crc32(units)])
        values = np.stack([items[index].value for index in batch])
        found = test(values, items[batch[0]].country, rng=rng, permutations=permutations)
        for row, index in enumerate(batch):
            outcomes[index] = _tell_outcome(name, found, row)
    return outcomes


def _tell_outcome(test: str, found: permutation.Permuted, row: int = 0) -> dict[str, Any]:
    numbers = {measure: float(getattr(found, measure)[row]) for measure in MEASURED}
    looked = f"{'exact' if found.exact[row] else 'permutation'} {found.arrangements[row] or 'tables'}"
    return {"test": test, "method": looked, **numbers}


def _compare_wholes(answers: pd.DataFrame, codebook: Codebook, seed: int, rules: Rules) -> Iterator[dict[str, Any]]:
    """Whole allocations and rankings, beside their parts."""
    parts = answers[answers["kind"].isin(["allocation", "rank"])]
    names = {name: variable.battery or name for name, variable in codebook.variables.items()}
    whole = parts["variable"].map(names).where(parts["kind"] == "allocation", parts["variable"])
    parts = parts.assign(whole=whole, part=parts["option"].where(parts["kind"] == "rank", parts["variable"]))
    for (step, name, kind), block in parts.groupby(["step", "whole", "kind"], sort=False):
        sheet = block.pivot(index=["unit", "country"], columns="part", values="value").dropna()
        sheet = sheet[sheet.groupby("country")[sheet.columns[0]].transform("size") >= rules.minimum_n]
        countries = sheet.index.get_level_values("country").astype(str)
        groups, shares = sorted(countries.unique()), kind == "allocation"
        row = {"step": step, "variable": name, "family": f"{step}:wholes", "n": len(sheet), "groups": " ".join(groups)}
        if len(groups) < 2:
            yield row
            continue
        # Not ranked lies below all: tied in the last place.
        ranks = (sheet.rank(axis=1) - 1) / max(len(sheet.columns) - 1, 1)
        points = sheet.div(sheet.sum(axis=1).replace(0, 1), axis=0) if shares else ranks
        chance = np.random.default_rng([seed, zlib.crc32(f"{step} {name}".encode())])
        roots = np.sqrt(points.clip(lower=0)) if shares else points
        found = permutation.permanova(roots, countries, rng=chance, permutations=rules.permutations)
        centres = points.groupby(countries).mean().to_numpy()
        apart = np.abs(centres[:, None, :] - centres[None, :, :])
        apart = apart.sum(axis=2) / 2 if shares else apart.mean(axis=2)
        one, other = np.unravel_index(apart.argmax(), apart.shape)
        row |= {"contrast": f"{groups[one]}-{groups[other]}", "effect": apart[one, other], "verdict": "cannot tell"}
        yield row | _tell_outcome("permanova", found)


def _describe_item(item: _Item, outcome: dict[str, Any] | None, rules: Rules) -> dict[str, Any]:
    row: dict[str, Any] = {**item.place, "n": len(item.value), "groups": " ".join(item.groups)}
    if outcome is None:
        return row
    margin, level = rules.cliffs_delta if item.kind in _ORDERED else rules.share, 1 - 2 * rules.alpha
    first, second = np.triu_indices(len(item.groups), 1)
    effect, low, high = _compare_groups(item, first, second, level)
    widest = np.unravel_index(np.abs(effect).argmax(), effect.shape)
    names, sign = [item.groups[side[widest[0]]] for side in (first, second)], 1 if effect[widest] >= 0 else -1
    ends = sorted((sign * low[widest], sign * high[widest]))
    row |= {"contrast": "-".join(names[::sign]), "effect": abs(effect[widest])}
    row |= {"effect_low": ends[0], "effect_high": ends[1], "margin": margin}
    row["verdict"] = "similar" if max(-low.min(), high.max()) <= margin else "cannot tell"
    return row | outcome | {"method": f"{outcome['method']}; newcombe {level:.2f}"}


def _compare_groups(item: _Item, first: Places, second: Places, level: float) -> Effect:
    """Every pair (rows): Cliff's delta, or differences of shares in every answer (columns)."""
    parts = [item.value[item.country == group] for group in item.groups]
    n = np.array([len(part) for part in parts])[:, None]
    if item.kind in _ORDERED:
        delta = np.array([[cliffs_delta(parts[a], parts[b])] for a, b in zip(first, second, strict=True)])
        return delta, *intervals.cliffs_delta_interval(delta, n[first], n[second], level=level)
    codes = [1.0] if item.kind == "multiple" else np.unique(item.value).tolist()
    k = np.array([[np.count_nonzero(part == code) for code in codes] for part in parts])
    low, high = intervals.share_difference_interval((k[first], n[first]), (k[second], n[second]), level=level)
    return k[first] / n[first] - k[second] / n[second], low, high
