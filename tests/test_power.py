"""The score of the comparison against the planted truth: a seeded few here, two hundred with make soak."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from benchmarks import power
from cncb_analysis.comparison import Rules
from tests.size import ROOT

DOC = (ROOT / "docs" / "power.md").read_text(encoding="utf-8")
# Dirt planted in the files, of which cleaning keeps something else or nothing: half a percent, a slip, a typed degree.
DIRTY = 0.006


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    return power.read_shipped()


def test_the_short_way_gives_the_observations_of_cleaning(shipped: pd.DataFrame) -> None:
    """Drawing the shipped study's seed and tabulating it, beside cleaning its files: the same but for planted dirt."""
    study = power.load_study()
    people = power.draw_population(int(study.settings["seed"]))
    short = power.observe_population(people, study.codebook)
    asked = shipped["variable"].isin(set(short["variable"])) & shipped["missing"].eq("")
    long = shipped[asked].astype({"variable": str, "option": str, "unit": str})
    # Files stand in another order and have ids of their own: each partner's answers as multisets.
    keys = ["partner", "variable", "option", "value"]
    counts = [table.fillna({"value": -1.0}).groupby(keys).size() for table in (short, long)]
    both = pd.concat(counts, axis=1).fillna(0)
    apart = (both[0] - both[1]).abs().sum() / 2
    assert len(long) > 10_000
    assert apart <= DIRTY * len(long)
    assert set(short["variable"]) == set(long["variable"])


def test_planted_and_equal_are_told_apart() -> None:
    asked = [
        ("obst_funding", "", "planted"), ("cm_upd", "finance", "planted"), ("cm_upd", "languages", "equal"),
        ("cm_employer", "", "planted"), ("fin_src", "", "planted"), ("cl_type", "", "planted"),
        ("sup_top3", "", "follows"), ("cl_recog", "eu", "equal"), ("cm_sex", "", "equal"),
        ("sup_top3", "coaching", "follows"), ("obst_culture", "", "equal"),
    ]  # fmt: skip
    rows = pd.DataFrame(asked, columns=["variable", "option", "truth"])
    found = power.name_truth(rows, power.load_truth(), power.load_study().codebook)
    assert found.tolist() == rows["truth"].tolist()


def test_a_few_studies_are_within_what_the_page_tells() -> None:
    """Two seeded studies: what is always found is found, and false alarms stay rare."""
    rules = Rules(permutations=999)
    book = power.load_study().codebook
    people = {seed: power.draw_population(seed) for seed in (1, 2)}
    parts = [power.score(power.observe_population(drawn, book), seed, rules) for seed, drawn in people.items()]
    scored = pd.concat(parts, ignore_index=True)
    found = power.tabulate_power(scored).set_index("variable")["power"]
    assert found[["fin_src_eu", "cm_time", "st_fte"]].tolist() == [1, 1, 1]
    verdicts = power.tabulate_verdicts(scored).set_index(["truth", "what"])["share"]
    assert verdicts["equal", "differs"] <= 0.02
    assert 0.01 < verdicts["equal", "p below the level, unadjusted"] < 0.12


def test_intervals_come_from_the_studies() -> None:
    rows = [
        (study, f"q{i}", "", "t", "equal", "differs" if i < study else "cannot tell", 0.5)
        for study in (0, 2)
        for i in range(4)
    ]
    scored = pd.DataFrame(rows, columns=["study", "variable", "option", "test", "truth", "verdict", "p"])
    table = power.tabulate_verdicts(scored).set_index("what").loc["differs"]
    spread = 1.96 * np.std([0, 0.5], ddof=1) / np.sqrt(2)
    assert table[["share", "low", "high"]].tolist() == pytest.approx([0.25, max(0.25 - spread, 0), 0.25 + spread])


@pytest.mark.slow
def test_two_hundred_studies_give_the_printed_tables() -> None:
    """As `python -m benchmarks.power` prints them."""
    scored = power.score_studies()
    for table in (power.tabulate_verdicts(scored), power.tabulate_power(scored)):
        assert power.write_markdown(table) in DOC


def test_the_page_prints_what_matters() -> None:
    assert re.search(r"\| equal \| any false alarm in a study \| \d", DOC)
    assert "python -m benchmarks.power" in DOC
