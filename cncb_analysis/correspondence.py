"""Two questions crossed, and maps of which answers go with which countries: as analysts of 2011 looked at them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.estimates import shape_estimates, tabulate_shares

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

_STEP, _CROSSED, _MAPPED = "questionnaire", "cross:", "map:"
_AXES = 2
_POINT = ["step", "variable", "option", "country", "statistic", "estimate"]


class Correspondence(NamedTuple):
    """Outcome of a correspondence analysis; each pair is that of the rows and of the columns, an axis a column.

    Parameters
    ----------
    inertias : array, (axes,)
        Of each axis, the largest first; their sum is the table's chi-square over its total.
    masses : pair of array, (rows,) and (columns,)
        Share of each row and column in the total.
    principal, standard : pair of array, (rows, axes) and (columns, axes)
        Coordinates: with the inertia of the axis as their mass-weighted mean square, and with 1.
    contributions : pair of array, (rows, axes) and (columns, axes)
        Share of an axis that a point makes.
    """

    inertias: Floats
    masses: Pair
    principal: Pair
    standard: Pair
    contributions: Pair


def analyse_correspondence(counts: npt.ArrayLike) -> Correspondence:
    """Analyse which rows of a table of counts go with which columns.

    With P the table over its total, r and c its margins: the singular value decomposition of the standardised
    residuals (P - r c') / √(r c') is U D V'; standard coordinates are U / √r and V / √c, principal ones these times D,
    inertias D².

    Parameters
    ----------
    counts : array-like, (rows, columns)
        Not negative; no row and no column of none.

    Returns
    -------
    Correspondence
        As many axes as the smaller side has lines, less one. On each axis the column that makes most of it lies on the
        positive side.

    Raises
    ------
    ValueError
        When a row or column holds nothing.

    References
    ----------
    Greenacre, M. (1984). Theory and Applications of Correspondence Analysis. London: Academic Press. Same as R's
    ``ca::ca(counts)``.

    Examples
    --------
    >>> found = analyse_correspondence([[4, 2], [1, 3]])
    >>> print(f"{found.inertias[0]:.4f}", found.contributions[0].ravel().round(1).tolist())
    0.1667 [0.4, 0.6]
    """
    table = np.asarray(counts, dtype=float)
    if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any():
        raise ValueError("a row or column holds nothing")
    shares = table / table.sum()
    masses = shares.sum(axis=1), shares.sum(axis=0)
    expected = np.outer(*masses)
    left, values, right = np.linalg.svd((shares - expected) / np.sqrt(expected), full_matrices=False)
    axes = min(table.shape) - 1
    sides = left[:, :axes], right[:axes].T
    # A decomposition leaves the sign open.
    turn = np.sign(sides[1][np.abs(sides[1]).argmax(axis=0), np.arange(axes)])
    values, sides = values[:axes], (sides[0] * turn, sides[1] * turn)
    standard = sides[0] / np.sqrt(masses[0])[:, None], sides[1] / np.sqrt(masses[1])[:, None]
    principal = standard[0] * values, standard[1] * values
    return Correspondence(values**2, masses, principal, standard, (sides[0] ** 2, sides[1] ** 2))


def tabulate_maps(estimates: pd.DataFrame, figures: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Place answers and countries on a map, for each figure of the kind map.

    Parameters
    ----------
    estimates : DataFrame
        Protected, with `mark`: nothing but counts that may be seen is drawn.
    figures : DataFrame
        figures.csv; its figures of kind `map` name a question or battery and a statistic with counts.
    codebook : Codebook
        Batteries.

    Returns
    -------
    DataFrame
        Estimates with `mark`, variable `map:` with the question's or battery's name. axis_1, axis_2 (principal
        coordinates of both sides) and contribution (share of the inertia of both axes that a point makes) of each
        country (option empty) and each answer or item (country empty) that anybody gave; inertia_1, inertia_2 (share of
        all inertia) and least_expected (smallest count that independence would let expect). Where a count is hidden or
        missing, or fewer than three answers or countries are left: one row axis_1, hidden. n: respondents.
    """
    maps = figures[figures["kind"].eq("map")].to_dict("records")
    found = [each for figure in maps for each in _map_question(estimates, figure, codebook)]
    table = shape_estimates(pd.DataFrame(found, columns=[*_POINT, "n", "method"]))
    return table.assign(mark=np.where(table["estimate"].isna(), "hidden", ""))


def _map_question(estimates: pd.DataFrame, figure: dict[str, str], codebook: Codebook) -> list[dict[str, object]]:
    name = figure["variables"]
    names = [each.name for each in codebook.battery(name)] or [name]
    rows = estimates[estimates["step"].eq(_STEP) & estimates["statistic"].eq(figure["statistic"])]
    rows = rows[rows["variable"].isin(names) & rows["partner"].eq("")]
    rows = rows.assign(code=rows["variable"] if names != [name] else rows["option"])
    pooled, counted = rows[rows["country"].eq("")], rows[rows["country"].ne("")]
    if counted.empty:
        return []
    place = {"step": _STEP, "variable": _MAPPED + name, "n": pooled["n"].max(), "method": "correspondence"}
    counts = counted.pivot_table("k", "code", "country", aggfunc="sum", dropna=False, sort=False, observed=True)
    closed = counted["k"].isna().any() or len(counted) < counts.size
    counts = counts.loc[counts.sum(axis=1) > 0, counts.sum(axis=0) > 0]
    if closed or min(counts.shape) <= _AXES:
        return [{**place, "statistic": "axis_1"}]
    found = analyse_correspondence(counts)
    shares = found.inertias / found.inertias.sum()
    weights = shares[:_AXES] / shares[:_AXES].sum()
    told = [{**place, "statistic": f"inertia_{axis + 1}", "estimate": shares[axis]} for axis in range(_AXES)]
    least = np.outer(*found.masses).min() * counts.to_numpy().sum()
    told.append({**place, "statistic": "least_expected", "estimate": least})
    for side, (head, codes) in enumerate((("option", counts.index), ("country", counts.columns))):
        made = found.contributions[side][:, :_AXES] @ weights
        for code, at, contribution in zip(codes, found.principal[side], made, strict=True):
            numbers = {"axis_1": at[0], "axis_2": at[1], "contribution": contribution}
            told += [{**place, head: code, "statistic": key, "estimate": value} for key, value in numbers.items()]
    return told


def tabulate_crossed(observations: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Count which answers to one question come with which to another, over all countries.

    Parameters
    ----------
    observations : DataFrame
        step, unit, variable, option, value, missing.
    figures : DataFrame
        figures.csv; its figures with statistic `share_crossed` name two questions each.

    Returns
    -------
    DataFrame
        Estimates, statistic share_crossed: variable `cross:` with both names joined by +, option both codes joined by
        +; k of the n who answered both questions. Of several answers that could be chosen those chosen count.
    """
    answers = observations[observations["step"].eq(_STEP) & observations["missing"].eq("")]
    tables = []
    for pair in figures.loc[figures["statistic"].eq("share_crossed"), "variables"].str.split(";"):
        first, second = (answers.loc[answers["variable"].eq(name), ["unit", "option", "value"]] for name in pair)
        both = first.merge(second, on="unit", suffixes=("", "_other")).astype({"option": str, "option_other": str})
        chosen = both[(both["value"] > 0) & (both["value_other"] > 0)]
        counts = pd.crosstab(chosen["option"], chosen["option_other"]).stack()
        options = [f"{one}+{other}" for one, other in counts.index]
        cells = {"step": _STEP, "variable": _CROSSED + "+".join(pair), "statistic": "share_crossed"}
        tables.append(pd.DataFrame({**cells, "option": options, "k": counts.to_numpy(), "n": both["unit"].nunique()}))
    return tabulate_shares(pd.concat(tables)) if tables else shape_estimates(pd.DataFrame(columns=["step"]))


def close_crossed(estimates: pd.DataFrame) -> pd.DataFrame:
    """Hide a whole crossed table where a cell of it is hidden: its margins would tell the cell.

    Parameters
    ----------
    estimates : DataFrame
        Protected, with `mark`.

    Returns
    -------
    DataFrame
        The same rows.
    """
    crossed = estimates["variable"].str.startswith(_CROSSED)
    closed = crossed & estimates["variable"].isin(estimates.loc[crossed & estimates["mark"].eq("hidden"), "variable"])
    told = estimates.assign(mark=estimates["mark"].mask(closed, "hidden"))
    told.loc[closed, ["estimate", "low", "high", "k"]] = np.nan
    return told
