"""Exact quotas, random places: how the simulation makes planted counts come out to the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

_LEVELS = np.arange(1, 6)
_BELOW, _TOP = (0.14, 0.31, 0.55), (0.62, 0.38)  # how those below and those in the top two spread
_SPREAD = 0.95


def split_total(total: int, weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """Split a whole number by weights: largest remainders first.

    Parameters
    ----------
    total : int
        What to split.
    weights : sequence of float
        Not negative, at least one positive.

    Returns
    -------
    ndarray of int
        Adds up to `total`.

    Examples
    --------
    >>> split_total(10, [1, 1, 1]).tolist()
    [4, 3, 3]
    """
    exact = np.asarray(weights, float) / np.sum(weights) * total
    whole = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - whole.sum()]] += 1
    return whole


def assign_levels(latent: np.ndarray, shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """Give the lowest to the first level, and so on, so that each level's count is exact.

    Parameters
    ----------
    latent : ndarray of float
        One number a person; who stands higher gets the higher level.
    shares : sequence of float
        One a level.

    Returns
    -------
    ndarray of int
        Level of each person, from 0.

    Examples
    --------
    >>> assign_levels(np.array([0.3, 0.1, 0.2, 0.9]), [0.5, 0.5]).tolist()
    [1, 0, 0, 1]
    """
    counts = split_total(len(latent), shares) if len(latent) else np.zeros(len(shares), int)
    levels = np.empty(len(latent), int)
    levels[np.argsort(latent, kind="stable")] = np.repeat(np.arange(len(shares)), counts)
    return levels


def assign_flags(latent: np.ndarray, share: float, forced: np.ndarray | None = None) -> np.ndarray:
    """Say yes for exactly round(share x n) persons, those who stand highest; forced answers count in it.

    Parameters
    ----------
    latent : ndarray of float
        One number a person.
    share : float
        0 to 1.
    forced : ndarray of float, optional
        1 or 0 where the answer is given, NaN elsewhere.

    Returns
    -------
    ndarray of bool
        Who says yes.

    Examples
    --------
    >>> assign_flags(np.array([0.3, 0.1, 0.2, 0.9]), 0.5, np.array([np.nan, 1, np.nan, 0])).tolist()
    [True, True, False, False]
    """
    place = np.asarray(latent, float).copy()
    wanted = int(np.floor(share * len(place) + 0.5))
    if forced is not None:
        place[forced == 1], place[forced == 0] = np.inf, -np.inf
        wanted = int(np.clip(wanted, (forced == 1).sum(), (forced != 0).sum()))
    flags = np.zeros(len(place), bool)
    flags[np.argsort(-place, kind="stable")[:wanted]] = True
    return flags


def rating_counts(count: int, top: float) -> list[int]:
    """Counts of the five levels of a rating whose share of 4-5 comes out exactly.

    Parameters
    ----------
    count : int
        Persons.
    top : float
        Share of levels 4 and 5 together.

    Returns
    -------
    list of int
        Five counts that add up to `count`.

    Examples
    --------
    >>> rating_counts(9, 0.2)
    [1, 2, 4, 1, 1]
    """
    above = int(top * count + 0.5)
    return [*split_total(count - above, _BELOW).tolist(), *split_total(above, _TOP).tolist()]


def rating_counts_of_mean(count: int, mean: float) -> list[int]:
    """Counts of the five levels of a rating whose mean comes out as near as whole persons allow.

    Parameters
    ----------
    count : int
        Persons.
    mean : float
        Mean level, between 1 and 5.

    Returns
    -------
    list of int
        Five counts that add up to `count`.

    Examples
    --------
    >>> counts = rating_counts_of_mean(9, 3.7)
    >>> sum(counts), sum(level * number for level, number in enumerate(counts, start=1))
    (9, 33)
    """
    low, high = -6.0, 12.0
    for _ in range(60):
        centre = (low + high) / 2
        shares = np.exp(-((_LEVELS - centre) ** 2) / (2 * _SPREAD**2))
        shares /= shares.sum()
        low, high = (centre, high) if shares @ _LEVELS < mean else (low, centre)
    counts = split_total(count, shares)
    missing = int(np.floor(mean * count + 0.5)) - int(counts @ _LEVELS)
    for _ in range(abs(missing)):
        # One person of the fullest level goes a level up (or down).
        step = 1 if missing > 0 else -1
        movable = counts[:-1] if step > 0 else counts[1:]
        place = int(np.argmax(movable)) + (0 if step > 0 else 1)
        counts[place] -= 1
        counts[place + step] += 1
    return counts.tolist()


def draw_distinct(rng: np.random.Generator, weights: Mapping[str, float], count: int) -> list[str]:
    """Draw codes without repeating one, best first, heavier codes earlier.

    Parameters
    ----------
    rng : Generator
        Source of chance.
    weights : mapping of str to float
        Code to weight.
    count : int
        How many.

    Returns
    -------
    list of str
        In order.

    Examples
    --------
    >>> draw_distinct(np.random.default_rng(1), {"a": 1.0, "b": 1e9}, 2)
    ['b', 'a']
    """
    codes = [code for code, weight in weights.items() if weight > 0]
    keys = np.log([weights[code] for code in codes]) + rng.gumbel(size=len(codes))
    return [codes[place] for place in np.argsort(-keys)[:count]]
