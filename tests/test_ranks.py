"""The order of the support measures: each country the same weight, ranges by bootstrap, and when no order is clear."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.study import Partner, Study
from cncb_analysis.synthesis import rank_measures
from tests.stand_ins import make_study, make_table

CODES = ("a", "b", "c", "d", "e", "f")
COUNTRIES = {"IT": 30, "HU": 10, "AT": 8}
BOOK = Codebook(
    {f"sup_{code}": Variable(f"sup_{code}", "ordinal", "scale") for code in CODES}
    | {"top": Variable("top", "rank", "support"), "offer": Variable("offer", "multiple", "support")},
    {
        "scale": tuple(Choice("scale", str(place), order=place) for place in range(1, 6)),
        "support": tuple(Choice("support", code) for code in CODES),
    },
)
COLUMNS = ["step", "partner", "country", "unit", "variable", "option", "occasion", "value", "missing"]
Shares = Mapping[str, Mapping[str, float]]


def make_support_study(codes: tuple[str, ...] = CODES) -> Study:
    actions = [(code, f"sup_{code}", code, f"support/{code}", code) for code in codes]
    tables = {
        "support_actions": make_table("action variable item theme_code offer", actions),
        "themes": make_table("code", [("support",), *((f"support/{code}",) for code in codes)]),
        "items": make_table("item merged_into workshop", [*((code, "", "") for code in codes), ("old", "a", "")]),
        "ballots": make_table("workshop round kind cap rule", [("", "1", "dots", "", ""), ("", "2", "ranks", "", "")]),
    }
    partners = [Partner(country.lower(), country, country, country) for country in COUNTRIES]
    return make_study(tables, partners=partners, codebook=BOOK)


def answer(
    shares: Shares, sizes: Mapping[str, int] = COUNTRIES, rng: np.random.Generator | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Answers, excerpts and units in which a share of each country asks for each measure: by chance, or exactly."""
    rows, said, units = [], [], []
    for country, size in sizes.items():
        for step in ("questionnaire", "interviews", "workshops"):
            for number in range(size):
                unit = (step, country.lower(), country, f"{country}{step[0]}{number}")
                units.append((*unit, "complete"))
                for place, (code, own) in enumerate(shares.items()):
                    share = own.get(country, own.get("", 0.0))
                    # Exact shares fall on other units for every measure.
                    wants = rng.random() < share if rng else (number + 3 * place) % size < round(share * size)
                    if step == "questionnaire":
                        rows.append((*unit, f"sup_{code}", "5" if wants else "2", "", 5.0 if wants else 2.0, ""))
                        rows.append((*unit, "top", code, "", 1.0 if wants else np.nan, ""))
                    elif step == "workshops":
                        rows.append((*unit, "votes", "z", "2", 9.0, ""))
                        rows += [(*unit, "votes", code, "2", 1.0, "")] * wants
                    elif wants:
                        said.append((unit[3], f"support/{code}", "X", True))
    segments = pd.DataFrame(said, columns=["unit", "theme_code", "coder", "final"])
    return (
        pd.DataFrame(rows, columns=COLUMNS),
        segments,
        pd.DataFrame(units, columns=["step", "partner", "country", "unit", "status"]),
    )


def rank(shares: Shares, sizes: Mapping[str, int] = COUNTRIES, seed: int = 1) -> pd.DataFrame:
    study = make_support_study(tuple(shares))
    return rank_measures(*answer(shares, sizes), study, rng=np.random.default_rng(seed)).set_index("action")


def test_a_planted_order_is_found() -> None:
    found = rank({"a": {"": 0.9}, "b": {"": 0.5}, "c": {"": 0.1}}, {"IT": 60, "HU": 40})
    assert found[["rank", "rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]
    assert (found["clear_to"].eq(3) & found["ahead"].eq(2)).all()


def test_ties_end_the_clear_order() -> None:
    found = rank({"a": {"": 1.0}, "b": {"": 0.9}, "c": {"": 0.2}, "d": {"": 0.2}, "e": {"": 0.2}})
    assert found["clear_to"].tolist() == [2] * 5
    assert found.loc["c":"e", "rank_low"].tolist() == [3] * 3 and found.loc["c":"e", "rank_high"].tolist() == [5] * 3


def test_a_group_ahead_is_no_order_within_it() -> None:
    found = rank({"a": {"": 0.8}, "b": {"": 0.8}, "c": {"": 0.1}, "d": {"": 0.1}})
    assert found["clear_to"].tolist() == [0] * 4 and found["ahead"].tolist() == [2] * 4


def test_countries_weigh_the_same_however_many_answers_they_gave() -> None:
    # Italy's hundred want b, Hungary's ten want a even more; pooled, b would lead.
    shares = {"a": {"IT": 0.4, "HU": 0.9}, "b": {"IT": 0.6, "HU": 0.5}, "c": {"IT": 0.1, "HU": 0.1}}
    assert rank(shares, {"IT": 100, "HU": 10})["rank"].to_dict() == {"a": 1, "b": 2, "c": 3}


def test_a_step_that_knows_not_every_measure_does_not_rank() -> None:
    observations, segments, units = answer({"a": {"": 0.9}, "b": {"": 0.5}, "c": {"": 0.1}})
    study = make_support_study(("a", "b", "c"))
    gone = observations["variable"].isin(["top", "votes"]) | observations["variable"].eq("sup_c")
    silent = segments[segments["theme_code"].eq("support/c")]
    study.tables["coverage"].loc[0] = ["", "support/a", "left out"]
    found = rank_measures(observations[~gone], silent, units, study, rng=np.random.default_rng(1))
    assert found["rank"].isna().all() and found["action"].tolist() == ["a", "b", "c"]
    kept = observations[observations["variable"].str.startswith("sup_")]
    assert rank_measures(kept, silent, units, study, rng=np.random.default_rng(1))["rank"].tolist() == [1, 2, 3]


def test_merged_items_and_earlier_rounds_count_as_the_workshop_meant() -> None:
    unit = ("workshops", "it", "IT")
    votes = [(*unit, f"w{place}", "votes", item, "2", 1.0, "") for place, item in enumerate(["old", "a", "b"])]
    early = [(*unit, f"w{place}", "votes", "c", "1", 3.0, "") for place in range(3)]
    observations = pd.DataFrame([*votes, *early], columns=COLUMNS)
    nobody = answer({}, {})[1:]
    found = rank_measures(observations, *nobody, make_support_study(("a", "b", "c")), rng=np.random.default_rng(1))
    assert found["rank"].tolist() == [1, 2, 3]


def test_no_measures_no_order_and_no_answers_no_ranks() -> None:
    nothing = answer({}, {})
    rng = np.random.default_rng(1)
    assert rank_measures(*nothing, make_support_study(()), rng=rng).empty
    assert rank_measures(*nothing, make_support_study(), rng=rng)["rank"].isna().all()


def test_the_same_seed_gives_the_same_ranges() -> None:
    shares = {"a": {"": 0.6}, "b": {"": 0.5}, "c": {"": 0.4}}
    pd.testing.assert_frame_equal(rank(shares, seed=3), rank(shares, seed=3))


@pytest.mark.parametrize(
    ("shares", "least"),
    # All alike: hardly ever is a first one declared. Apart: the true place lies within nine of ten ranges or more.
    [(dict.fromkeys(CODES, 0.5), 0.0), (dict(zip(CODES, (0.9, 0.75, 0.6, 0.4, 0.25, 0.1), strict=True)), 0.88)],
)
def test_ranges_hold_what_they_promise(shares: Mapping[str, float], least: float) -> None:
    rng, study, draws = np.random.default_rng(7), make_support_study(), 60
    told = {code: {"": share} for code, share in shares.items()}
    found = [
        rank_measures(*answer(told, {"IT": 20, "HU": 9, "AT": 7}, rng), study, rng=rng).assign(truth=range(1, 7))
        for _ in range(draws)
    ]
    table = pd.concat(found)
    if least:
        assert (table["rank_low"].le(table["truth"]) & table["truth"].le(table["rank_high"])).mean() >= least
    else:
        assert np.mean([one["clear_to"].iloc[0] > 0 for one in found]) <= 0.1
