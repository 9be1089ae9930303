"""How far the answers carry: who is missing, what hangs together, what would change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.catalogue import Page
from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.disclosure import Release, protect_estimates
from cncb_analysis.estimates import tabulate_estimates
from cncb_analysis.questionnaire import tabulate_quality, tabulate_sensitivity
from cncb_analysis.shown import Html
from cncb_analysis.statistics.reliability import cronbach_alpha
from cncb_analysis.tables import DisplayTable
from tests.small_estimates import page, row
from tests.stand_ins import find, make_observations, make_study, make_table

ITEMS = ("a", "b", "c")
BOOK = Codebook(
    {
        "map_type": Variable("map_type", "single", "types", instrument="mapping"),
        "map_members": Variable("map_members", "number", instrument="mapping"),
        "map_year": Variable("map_year", "number", instrument="mapping", role="sensitive"),
        **{
            f"rate_{item}": Variable(
                f"rate_{item}", "ordinal", "five", battery="rate", item=item, reverse="1" * (item == "c")
            )
            for item in ITEMS
        },
        "top": Variable("top", "rank", "things"),
    },
    {
        "types": (Choice("types", "district"), Choice("types", "network")),
        "five": tuple(Choice("five", str(order), order=order) for order in range(1, 6)),
        "things": tuple(Choice("things", name) for name in "xyz"),
    },
)
# Eight clusters mapped: 4 districts, of which 3 answered, and 4 networks, of which 1 answered.
MAPPED = [("district", 10), ("district", 20), ("district", 30), ("district", 40)]
MAPPED += [("network", 50), ("network", 60), ("network", 70), ("network", 80)]
ANSWERED = (0, 1, 2, 7)
RATINGS = [(1, 2, 5), (2, 2, 4), (3, 4, 3), (5, 4, 1), (4, 5, 2)]
RANKS = [(1, 2, 3), (1, 2, np.nan), (2, 1, 3)]


def make_units(*, linked: bool = True) -> pd.DataFrame:
    mapped = [("mapping", f"m{place}", f"cluster {place}", "", "complete") for place in range(len(MAPPED))]
    answers = [
        ("questionnaire", f"q{place}", f"cluster {number}" if linked else "", f"host {number // 2}", status)
        for place, (number, status) in enumerate(zip(ANSWERED, ["partial", *["complete"] * 3], strict=True))
    ]
    table = pd.DataFrame(mapped + answers, columns=["step", "unit", "cluster", "host", "status"])
    return table.assign(partner="milan", country="IT")


def make_answers() -> pd.DataFrame:
    facts = [("milan", "IT", f"m{place}", "map_type", kind, 1.0) for place, (kind, _) in enumerate(MAPPED)]
    facts += [("milan", "IT", f"m{place}", "map_members", "", size) for place, (_, size) in enumerate(MAPPED)]
    facts += [("milan", "IT", f"m{place}", "map_year", "", 1990 + place) for place in range(len(MAPPED))]
    rated = [
        ("milan", "IT", f"q{unit}", f"rate_{item}", str(value), value)
        for unit, ratings in enumerate(RATINGS)
        for item, value in zip(ITEMS, ratings, strict=True)
    ]
    ranked = [
        ("milan", "IT", f"q{unit}", "top", name, value)
        for unit, ranks in enumerate(RANKS)
        for name, value in zip("xyz", ranks, strict=True)
    ]
    steps = (make_observations(facts, step="mapping"), make_observations(rated + ranked, step="questionnaire"))
    return pd.concat(steps, ignore_index=True)


def measure(units: pd.DataFrame) -> pd.DataFrame:
    return tabulate_quality(units, make_answers(), BOOK, rng=np.random.default_rng(1))


def test_a_class_of_the_frame_has_those_who_answered() -> None:
    table = measure(make_units())
    share = find(table, variable="response:map_type", option="district", statistic="share")
    assert (share["k"], share["n"], share["method"], share["base"]) == (3, 4, "wilson", "clusters")
    # Of the answering 3/4 are districts, of the mapped 2/4: 0.25 / sqrt((3/16 + 4/16) / 2), Austin 2009.
    apart = find(table, variable="response:map_type", option="district", statistic="std_difference")
    assert apart["estimate"] == pytest.approx(0.25 / np.sqrt(7 / 32))
    assert np.isnan(apart["k"])


def test_the_test_of_non_response_is_exact_and_says_what_it_could_find() -> None:
    table = measure(make_units())
    # Fisher, 3 1 / 1 3 both sides: 34/70; the most extreme tables, 4 0 and 0 4: 2/70. R: fisher.test.
    assert find(table, variable="response:map_type", statistic="nonresponse_p")["estimate"] == pytest.approx(34 / 70)
    least = find(table, variable="response:map_type", statistic="nonresponse_p_least")
    assert (least["estimate"], least["n"], least["method"]) == (pytest.approx(2 / 70), 8, "fisher_exact")


def test_sizes_are_cut_into_thirds_of_the_frame() -> None:
    table = measure(make_units())
    sizes = table[table["variable"].eq("response:map_members") & table["partner"].eq("") & table["country"].eq("")]
    shares = sizes[sizes["statistic"] == "share"]
    assert shares[["option", "k", "n"]].to_numpy().tolist() == [["10–39", 3, 3], ["40–59", 0, 2], ["60+", 1, 3]]
    assert "response:map_year" not in set(table["variable"])


def test_without_a_link_nothing_is_told_of_non_response() -> None:
    table = measure(make_units(linked=False))
    assert not table["variable"].str.startswith("response:").any()
    assert "cronbach_alpha" in set(table["statistic"])


def test_alpha_turns_reversed_items_round() -> None:
    table = measure(make_units())
    turned = [(a, b, 6 - c) for a, b, c in RATINGS]
    row = find(table, variable="rate", statistic="cronbach_alpha")
    assert (row["estimate"], row["n"]) == (pytest.approx(cronbach_alpha(turned)), 5)
    assert row["low"] < row["estimate"] < row["high"] <= 1
    rest = find(table, variable="rate_c", statistic="alpha_if_dropped")
    assert rest["estimate"] == pytest.approx(cronbach_alpha([pair[:2] for pair in turned]))


def test_few_whole_blocks_give_alpha_for_all_together_only() -> None:
    answers = make_answers()
    kept = answers[~(answers["unit"].eq("q4") & answers["variable"].eq("rate_a"))]
    table = tabulate_quality(make_units(), kept, BOOK, rng=np.random.default_rng(1))
    alphas = table[table["statistic"] == "cronbach_alpha"]
    assert alphas[["partner", "country", "n"]].to_numpy().tolist() == [["", "", 4]]


def test_a_ranking_says_how_far_all_agree() -> None:
    row = find(measure(make_units()), variable="top", statistic="kendall_w", partner="milan", country="IT")
    # Rank sums 4, 5, 9 of three judges: 12 * 14 / (9 * 24).
    assert (row["estimate"], row["n"]) == (pytest.approx(168 / 216), 3)


FIGURES = make_table(
    "figure notebook kind variables statistic", [("sensitivity", "questionnaire", "table", "rate", "")]
)


def rerun() -> pd.DataFrame:
    units, answers = make_units(), make_answers()
    answers = answers[~answers["unit"].isin(["q4"])]
    estimates = tabulate_estimates(answers, BOOK, frame={"milan": 8})
    return tabulate_sensitivity(estimates, answers, units, make_study({"figures": FIGURES}, codebook=BOOK))


def test_each_host_counts_once_and_partial_answers_can_be_left_out() -> None:
    table = rerun()
    # Ratings of a: 1 (partial), 2, 3, 5; top two 1 of 4. q0 and q1 have one host: its complete answer q1 counts.
    found = {name: find(table, variable="rate_a", statistic=name) for name in ("shown", "hosts_once", "complete_only")}
    assert {name: (row["k"], row["n"]) for name, row in found.items()} == {
        "shown": (1, 4),
        "hosts_once": (1, 3),
        "complete_only": (1, 3),
    }
    width = found["shown"]["high"] - found["shown"]["low"]
    change = find(table, variable="rate_a", statistic="largest_change")
    assert change["estimate"] == pytest.approx((1 / 3 - 1 / 4) / width)
    assert not (table["statistic"].eq("hosts_once") & table["country"].ne("")).any()


def test_both_intervals_stand_side_by_side() -> None:
    table = rerun()
    exact, wilson = (find(table, variable="rate_a", statistic=name) for name in ("shown", "wilson"))
    assert (exact["method"], wilson["method"]) == ("hypergeometric", "wilson")
    # 1 of 4, of 8: at least the one, at most 8 - 3; Wilson as R's prop.test(1, 4, correct = FALSE).
    assert (exact["low"], exact["high"]) == (0.125, 0.625)
    assert (wilson["low"], wilson["high"]) == pytest.approx((0.0456, 0.6994), abs=5e-5)


def test_a_few_answers_left_out_are_not_told_in_public() -> None:
    frame = protect_estimates(rerun(), BOOK, Release("public", 3)).frame
    assert set(frame.loc[frame["statistic"].isin(["hosts_once", "complete_only"]), "mark"]) == {"hidden"}


def test_small_classes_of_the_frame_are_hidden_and_do_not_follow() -> None:
    frame = protect_estimates(measure(make_units()), BOOK, Release("public", 3)).frame
    classes = frame[frame["variable"].eq("response:map_type") & frame["option"].ne("")]
    assert set(classes["mark"]) == {"hidden"}
    assert classes["estimate"].isna().all()


def test_soft_and_hard_skills_have_their_gap() -> None:
    rated = {("imp", "x"): 5, ("own", "x"): 2, ("imp", "y"): 4, ("own", "y"): 3, ("imp", "z"): 5}
    names = {"imp": "importance", "own": "own"}
    book = Codebook(
        {
            f"s_{side}_{item}": Variable(
                f"s_{side}_{item}", "ordinal", "five", battery="s", item=item, aspect=names[side], group="soft"
            )
            for side, item in rated
        },
        BOOK.choices,
    )
    rows = [("milan", "IT", "u", f"s_{side}_{item}", str(value), value) for (side, item), value in rated.items()]
    table = tabulate_estimates(make_observations(rows, step="questionnaire"), book)
    assert find(table, variable="s", statistic="gap", option="group:soft")["estimate"] == 2
    assert find(table, variable="s", statistic="gap", option="x")["estimate"] == 3


def show(name: str, *rows: dict[str, Any]) -> object:
    shown: Page = page(rows)
    return shown.show(name)


def test_statistics_stand_side_by_side_with_interval_and_base() -> None:
    alpha: dict[str, Any] = {"statistic": "cronbach_alpha", "estimate": 0.612, "low": 0.214, "high": 0.853, "n": 12}
    dropped = row("skill_imp_strategy", "milan", statistic="alpha_if_dropped", estimate=0.5, n=12)
    table = show("reliability", row("skill", "milan", option="importance", **alpha), dropped)
    assert isinstance(table, DisplayTable)
    assert table.columns == ("answer", "Milan: alpha", "Milan: alpha without it")
    assert table.rows[0] == ("Skills: importance", "0.61 (0.21 to 0.85), n = 12", "")
    assert table.rows[1] == ("Strategic planning: importance", "", "0.50")
    assert "30" in table.base


def test_a_share_has_its_interval_and_none_below_ten() -> None:
    wilson: dict[str, Any] = {"statistic": "wilson", "method": "wilson"}
    table = show(
        "sensitivity", row("obst_culture", "milan", k=7, n=12, **wilson), row("obst_staff", "milan", k=3, n=7, **wilson)
    )
    assert isinstance(table, DisplayTable)
    assert [line[1] for line in table.rows] == ["7 of 12, 10% to 90%", "3 of 7"]


def test_the_page_says_when_non_response_cannot_be_told() -> None:
    told = show("nonresponse", row("obst_culture", "milan", k=7, n=12))
    assert isinstance(told, Html)
    assert "no link to the list" in told.html
