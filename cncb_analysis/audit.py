"""How much of a release is hidden, and how near it comes to single units."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from cncb_analysis.codebook import Codebook

_ANSWER = ["variable", "option", "value"]
_EMPTY = ("not_asked", "not_delivered", "too_few")


def count_hidden(charts: Iterable[pd.DataFrame]) -> tuple[int, int]:
    """Count the figures of which an audience sees nothing.

    Parameters
    ----------
    charts : iterable of DataFrame
        Chart tables: `row`, `mark`. What was not asked or answered, and benchmarks, count for neither side.

    Returns
    -------
    tuple of int
        Figures with every cell hidden, and all figures with a cell.

    Examples
    --------
    >>> cells = pd.DataFrame({"row": ["a", "b"], "mark": ["hidden", ""]})
    >>> count_hidden([cells, cells.iloc[:1], cells.iloc[:0]])
    (1, 2)
    """
    asked = [chart.loc[chart["row"].ne("benchmark") & ~chart["mark"].isin(_EMPTY), "mark"] for chart in charts]
    return sum(bool(len(marks)) and bool(marks.eq("hidden").all()) for marks in asked), sum(map(bool, map(len, asked)))


def count_alike(observations: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Count how many units share their country and sensitive answers with how many (k-anonymity).

    Parameters
    ----------
    observations : DataFrame
        Restricted: `step`, `country`, `unit`, `variable`, `option`, `value`. No answer is a value like others.
    codebook : Codebook
        Variables with the role sensitive are those by which somebody could be known.

    Returns
    -------
    DataFrame
        step, k (units with the same combination), units (how many stand in combinations of that size). Counts only:
        no combination is told.

    References
    ----------
    Sweeney, L. (2002). k-anonymity: a model for protecting privacy. International Journal of Uncertainty, Fuzziness
    and Knowledge-Based Systems, 10, 557-570.

    Examples
    --------
    >>> from cncb_analysis.codebook import Variable
    >>> rows = {"step": "interviews", "country": "AT", "unit": ["a", "b", "c"], "variable": "sex"}
    >>> rows = pd.DataFrame({**rows, "option": ["f", "m", "m"], "value": 1.0})
    >>> count_alike(rows, Codebook({"sex": Variable("sex", "single", role="sensitive")}, {})).to_dict("list")
    {'step': ['interviews', 'interviews'], 'k': [1, 2], 'units': [1, 2]}
    """
    sensitive = [name for name, variable in codebook.variables.items() if variable.role == "sensitive"]
    rows = observations[observations["variable"].isin(sensitive)]
    parts = [rows[name].astype(object).where(rows[name].notna(), "").astype(str) for name in _ANSWER]
    told = parts[0].str.cat(parts[1:], sep="=")
    answers = told.sort_values().groupby([rows[name] for name in ("step", "country", "unit")]).agg(";".join)
    sizes = answers.groupby(
        [answers.index.get_level_values("step"), answers.index.get_level_values("country"), answers]
    )
    found = sizes.transform("size").rename("k").reset_index()
    return found.groupby(["step", "k"]).size().reset_index(name="units")
