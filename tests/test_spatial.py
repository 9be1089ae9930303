"""Moran's I against published values: the 49 neighbourhoods of Columbus, Ohio, 1980 (Anselin 1988, table 12.1)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.statistics.spatial import moran, weigh_neighbours

COLUMBUS = pd.read_csv(Path(__file__).with_name("columbus.csv"), dtype={"queen": str, "corner_only": str}).fillna("")
UNITS = [str(unit) for unit in COLUMBUS["unit"]]
QUEEN = [near.split() for near in COLUMBUS["queen"]]
ROOK = [sorted(set(near) - set(corners.split())) for near, corners in zip(QUEEN, COLUMBUS["corner_only"], strict=True)]


# R spdep 1.2-7, moran.test(CRIME, nb2listw(...)), equal to PySAL esda 2.9.0.
@pytest.mark.parametrize(("neighbours", "expected"), [(QUEEN, 0.50018855718), (ROOK, 0.52367021275)])
def test_crime_in_columbus(neighbours: list[list[str]], expected: float) -> None:
    found = moran(COLUMBUS["crime"], weigh_neighbours(UNITS, neighbours), rng=np.random.default_rng(1))
    assert found.overall == pytest.approx(expected, abs=1e-8)
    assert found.p == 0.001  # the least that 999 permutations can give


def test_local_index_is_that_of_spdep_and_not_of_pysal() -> None:
    found = moran(COLUMBUS["crime"], weigh_neighbours(UNITS, QUEEN), rng=np.random.default_rng(1), permutations=9999)
    # spdep::localmoran, first unit; esda divides by n - 1: 0.7217813788.
    assert found.local[0] == pytest.approx(0.7368184906, abs=1e-8)
    assert found.local[0] * 48 / 49 == pytest.approx(0.7217813788, abs=1e-8)
    # esda 2.9.0, Moran_Local, p_sim of the first five units with 999 permutations: up to its own chance.
    assert found.local_p[:5] == pytest.approx([0.206, 0.188, 0.261, 0.500, 0.156], abs=0.035)
    assert found.high.sum() == 21  # quadrant HH of esda


def test_chance_gives_p_values_that_are_even() -> None:
    rng, weights = np.random.default_rng(5), weigh_neighbours(UNITS, QUEEN)
    p = [moran(rng.normal(size=49), weights, rng=rng, permutations=199).p for _ in range(200)]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.06)


def test_without_variation_or_neighbours_nothing_is_said() -> None:
    weights = weigh_neighbours(["A", "B", "C"], [["B"], ["A"], ["elsewhere"]])
    flat = moran([2.0, 2.0, 2.0], weights, rng=np.random.default_rng(1))
    assert np.isnan(flat.overall) and np.isnan(flat.local).all()
    island = moran([1.0, 2.0, 9.0], weights, rng=np.random.default_rng(1))
    assert np.isnan(island.local).tolist() == [False, False, True] == np.isnan(island.local_p).tolist()
    alone = moran([1.0, 2.0], np.zeros((2, 2)), rng=np.random.default_rng(1))
    assert np.isnan(alone.overall)
