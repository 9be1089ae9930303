"""What shown counts leave open: the least and greatest value of each hidden one, as no count is below zero."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_ZERO = 1e-6
Matrix = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


class Span(NamedTuple):
    """Values that hidden sums of counts take in some tables that agree with everything shown.

    Parameters
    ----------
    low, high : array
        Least and greatest found so far.
    """

    low: Matrix
    high: Matrix


class Shown(NamedTuple):
    """What is known of counts that no count of is below zero.

    Parameters
    ----------
    known, totals : array, rows by counts; rows
        Which counts each number shown adds up, and to what.
    upper : array
        Greatest value of each count; infinite where only the numbers shown bound it.
    """

    known: Matrix
    totals: Matrix
    upper: Matrix


def find_narrow(shown: Shown, asked: Matrix, needed: Matrix, span: Span) -> tuple[dict[int, Places], Span]:
    """Find the hidden sums of counts that the numbers shown narrow down too far.

    Each table found that agrees with everything shown bounds all sums at once: few are solved for themselves.

    Parameters
    ----------
    shown : Shown
        What is known.
    asked : array, sums by counts
        Which counts each hidden sum adds up.
    needed : array
        How far apart least and greatest value of each sum must be.
    span : Span
        Found before, as the true values are.

    Returns
    -------
    dict of int to array
        Sums that are narrower, each with the numbers shown that make it so; none where these contradict each other.
    Span
        With what was found.

    References
    ----------
    Fischetti, M., & Salazar, J. J. (2001). Solving the cell suppression problem on tabular data with linear
    constraints. Management Science, 47, 1008-1027.

    Examples
    --------
    >>> known, true = np.array([[1.0, 1.0, 0.0]]), np.array([1.0, 1.0, 5.0])
    >>> shown = Shown(known, known @ true, np.full(3, 9.0))
    >>> narrow, span = find_narrow(shown, np.eye(3), np.full(3, 3.0), Span(true, true))
    >>> sorted(narrow), span.high[:2].tolist()
    ([0, 1], [2.0, 2.0])
    """
    from scipy.optimize import linprog

    bounds = np.column_stack([np.zeros_like(shown.upper), shown.upper])
    (low, high), narrow = span, {}
    for place, sums in enumerate(asked):
        makes = np.zeros(len(shown.known), dtype=bool)
        for sign in (-1.0, 1.0):
            if high[place] - low[place] < needed[place] - _ZERO:
                found = linprog(
                    sign * sums, A_eq=shown.known, b_eq=shown.totals, bounds=bounds, options={"presolve": False}
                )
                if found.x is None:
                    # As where rows of some answers are missing: who reckons with them finds no table at all.
                    return {}, span
                low, high = np.minimum(low, asked @ found.x), np.maximum(high, asked @ found.x)
                makes |= np.abs(found.eqlin.marginals) > _ZERO
        if high[place] - low[place] < needed[place] - _ZERO:
            narrow[place] = np.flatnonzero(makes)
    return narrow, Span(low, high)
