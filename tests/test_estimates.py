"""Estimates of an invented study small enough to count on one's fingers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.estimates import (
    CELL,
    ESTIMATE_COLUMNS,
    tabulate_estimates,
    tabulate_groups,
    tabulate_shares,
)

RATING = tuple(Choice("rating", str(order), order=order) for order in range(1, 6))
CHOICES = {
    "sex": (Choice("sex", "woman"), Choice("sex", "man"), Choice("sex", "refused", missing="refused")),
    "rating": (*RATING, Choice("rating", "dk", missing="dont_know")),
    "trend": tuple(Choice("trend", code, order=order) for order, code in enumerate(("fall", "same", "rise"), 1)),
    "act": (Choice("act", "fairs"), Choice("act", "missions")),
    "support": tuple(Choice("support", code) for code in ("exchange", "tours", "money")),
}
VARIABLES = [
    Variable("sex", "single", "sex", theme="training"),
    Variable("skill_imp_a", "ordinal", "rating", battery="skill", item="a", aspect="importance"),
    Variable("skill_own_a", "ordinal", "rating", battery="skill", item="a", aspect="own"),
    Variable("trend", "ordinal", "trend"),
    Variable("act", "multiple", "act"),
    Variable("top", "rank", "support"),
    Variable("heads", "number", minimum=0),
    Variable("time", "number", unit="percent"),
    Variable("src_eu", "allocation", battery="src", unit="percent"),
    Variable("email", "text", role="identifier"),
]
BOOK = Codebook({variable.name: variable for variable in VARIABLES}, CHOICES)

# Three people of Milan (m1-m3), one of Veneto (v1), one of Linz (l1).
PLACES = {
    "m1": ("milan", "IT"),
    "m2": ("milan", "IT"),
    "m3": ("milan", "IT"),
    "v1": ("veneto", "IT"),
    "l1": ("linz", "AT"),
}


def observe(variable, answers, *, step="questionnaire", occasion=""):
    """Rows of one variable: unit -> (option, value), or unit -> a kind of missing."""
    rows = []
    for unit, given_answers in answers.items():
        partner, country = PLACES[unit]
        for answer in given_answers if isinstance(given_answers, list) else [given_answers]:
            option, value, missing = ("", np.nan, answer) if isinstance(answer, str) else (*answer, "")
            rows.append((step, partner, country, unit, variable, option, occasion, value, missing))
    return pd.DataFrame(rows, columns=["step", "partner", "country", "unit", *CELL[1:4], "value", "missing"])


def pick(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    return table


SEX = observe("sex", {"m1": ("woman", 1), "m2": ("man", 1), "m3": "refused", "v1": ("man", 1), "l1": "not_asked"})


class TestShares:
    def test_base_excludes_missing_and_unchosen_options_stay(self):
        table = pick(tabulate_estimates(SEX, BOOK), statistic="share")
        all_ = pick(table, partner="", country="")
        assert all_[["option", "k", "n"]].values.tolist() == [["man", 2, 3], ["woman", 1, 3]]
        veneto = pick(table, partner="veneto")
        assert veneto[["option", "country", "k", "n"]].values.tolist() == [["man", "IT", 1, 1], ["woman", "IT", 0, 1]]
        assert pick(table, country="AT").empty

    def test_interval_is_wilson_by_name(self):
        row = pick(tabulate_estimates(SEX, BOOK), statistic="share", option="woman", country="").iloc[0]
        # R prop.test(1, 3, correct = FALSE)
        assert (row["low"], row["high"]) == pytest.approx((0.0614919, 0.7923404), abs=1e-6)
        assert (row["method"], row["base"]) == ("wilson", "respondents")

    def test_missing_kinds_count_those_asked(self):
        table = pick(tabulate_estimates(SEX, BOOK), statistic="share_missing", option="refused")
        assert pick(table, partner="", country="")[["k", "n"]].values.tolist() == [[1, 4]]
        assert pick(table, partner="veneto")[["k", "n"]].values.tolist() == [[0, 1]]
        assert pick(table, country="AT").empty  # not asked is no base

    def test_multiple_choice_counts_those_asked_for_the_option(self):
        rows = observe(
            "act", {"m1": [("fairs", 1), ("missions", 0)], "m2": [("fairs", 0), ("missions", 0)], "v1": [("fairs", 1)]}
        )
        table = pick(tabulate_estimates(rows, BOOK), country="", statistic="share")
        assert table[["option", "k", "n"]].values.tolist() == [["fairs", 2, 3], ["missions", 0, 2]]

    def test_top_two_needs_four_levels(self):
        ratings = observe("skill_own_a", {"m1": ("5", 5), "m2": ("4", 4), "m3": ("1", 1), "v1": "dont_know"})
        trends = observe("trend", {"m1": ("rise", 3)})
        table = pick(tabulate_estimates(pd.concat([ratings, trends]), BOOK), statistic="share_top2", country="")
        assert table[["variable", "k", "n"]].values.tolist() == [["skill_own_a", 2, 3]]

    def test_ranks(self):
        rows = observe(
            "top",
            {
                "m1": [("exchange", 1), ("tours", 2), ("money", np.nan)],
                "m2": [("exchange", 3), ("tours", np.nan), ("money", np.nan)],
            },
        )
        table = pick(tabulate_estimates(rows, BOOK), country="")
        shares = pick(table, statistic="share_ranked")
        assert shares[["option", "k", "n"]].values.tolist() == [["exchange", 2, 2], ["money", 0, 2], ["tours", 1, 2]]
        means = pick(table, statistic="mean_rank")
        assert means[["option", "estimate", "k", "n"]].values.tolist() == [["exchange", 2, 2, 2], ["tours", 2, 1, 2]]

    def test_counts_of_steps_hand_over(self):
        table = tabulate_shares(pd.DataFrame({"step": "workshops", "variable": "votes", "k": [3, 0], "n": [12, 0]}))
        assert table.columns.tolist() == ESTIMATE_COLUMNS
        assert table[["estimate", "base", "statistic", "option"]].values.tolist() == [
            [0.25, "participants", "share", ""]
        ]

    @given(st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=5, max_size=5), st.integers(0, 20))
    @settings(max_examples=40, deadline=None)
    def test_parts_add_up(self, answers, more):
        given_answers = {
            unit: ("dont_know" if a is None else (str(a), a)) for unit, a in zip(PLACES, answers, strict=True)
        }
        table = tabulate_estimates(
            observe("skill_imp_a", given_answers), BOOK, frame={"milan": 3 + more, "veneto": 1, "linz": 9}
        )
        shares = pick(table, statistic="share")
        assert (
            shares.groupby(["partner", "country"])["k"].sum() == shares.groupby(["partner", "country"])["n"].first()
        ).all()
        partners, countries = (
            shares[shares["partner"] != ""],
            shares[(shares["partner"] == "") & (shares["country"] != "")],
        )
        assert partners["k"].sum() == countries["k"].sum() == pick(shares, country="")["k"].sum()
        held = shares.dropna(subset=["low"])
        assert ((held["low"] <= held["estimate"] + 1e-12) & (held["estimate"] <= held["high"] + 1e-12)).all()


class TestNumbers:
    def test_mean_median_and_percent(self):
        rows = pd.concat(
            [
                observe("heads", {"m1": ("", 1), "m2": ("", 2), "m3": ("", 6)}),
                observe("time", {"m1": ("", 40.0), "m2": ("", 100.0)}),
            ]
        )
        table = pick(tabulate_estimates(rows, BOOK), country="")
        found = {(row.variable, row.statistic): row.estimate for row in table.itertuples()}
        assert found == {("heads", "mean"): 3, ("heads", "median"): 2, ("time", "mean"): 0.7, ("time", "median"): 0.7}
        heads = pick(table, variable="heads", statistic="mean").iloc[0]
        assert heads["low"] == 0  # no fewer than none
        assert heads["method"] == "student"

    def test_median_interval_from_six_values(self):
        values = [3, 1, 4, 1, 5, 9]
        rows = pd.concat([observe("heads", {"m1": ("", value)}).assign(unit=f"m{i}") for i, value in enumerate(values)])
        six = pick(tabulate_estimates(rows, BOOK), statistic="median", country="").iloc[0]
        assert six[["estimate", "low", "high", "n"]].tolist() == [3.5, 1, 9, 6]
        five = pick(tabulate_estimates(rows.iloc[:5], BOOK), statistic="median", country="").iloc[0]
        assert np.isnan([five["low"], five["high"]]).all()

    def test_allocation_is_a_share(self):
        table = tabulate_estimates(observe("src_eu", {"m1": ("", 30.0), "m2": ("", 50.0)}), BOOK)
        row = pick(table, country="", statistic="mean").iloc[0]
        assert row["estimate"] == 0.4
        assert (row["low"], row["high"]) == (0, 1)  # Student's limits -0.87 and 1.67 end with the scale

    def test_gap_is_paired(self):
        rows = pd.concat(
            [
                observe("skill_imp_a", {"m1": ("5", 5), "m2": ("4", 4), "m3": ("1", 1)}),
                observe("skill_own_a", {"m1": ("3", 3), "m2": ("4", 4), "v1": ("5", 5)}),
            ]
        )
        row = pick(tabulate_estimates(rows, BOOK), statistic="gap", country="").iloc[0]
        assert row[["variable", "option", "estimate", "n"]].tolist() == [
            "skill",
            "a",
            1.0,
            2,
        ]  # only m1 and m2 answered both

    def test_mean_rank_stands_on_those_who_ranked(self):
        ranks = {"m1": 2, "m2": 3, "m3": 3, "v1": 4, "l1": np.nan}
        rows = observe("top", {unit: [("tours", rank)] for unit, rank in ranks.items()})
        row = pick(tabulate_estimates(rows, BOOK), statistic="mean_rank", option="tours", country="").iloc[0]
        assert row[["estimate", "k", "n"]].tolist() == [3, 4, 5]
        # t(3) = 3.182446: the four who gave a rank, not the five who ranked anything; sd = sqrt(2/3)
        assert row["high"] == pytest.approx(3 + 3.182446 * np.sqrt(2 / 3) / 2, abs=1e-5)


FRAME = {"milan": 4, "veneto": 1, "linz": 12}


class TestFrame:
    def test_frame_of_groups(self):
        table = pick(tabulate_estimates(SEX, BOOK, frame=FRAME), statistic="share", option="man")
        frames = {(row.partner, row.country): row.frame for row in table.itertuples()}
        assert frames == {("milan", "IT"): 4, ("veneto", "IT"): 1, ("", "IT"): 5, ("", ""): 17}
        assert set(table["method"]) == {"hypergeometric"}
        census = pick(table, partner="veneto").iloc[0]
        assert (census["low"], census["high"]) == (1, 1)

    def test_partner_without_frame_takes_it_from_its_country(self):
        table = pick(tabulate_estimates(SEX, BOOK, frame={"milan": 4, "linz": 12}), statistic="share", option="man")
        methods = {(row.partner, row.country): row.method for row in table.itertuples()}
        assert methods == {
            ("milan", "IT"): "hypergeometric",
            ("veneto", "IT"): "wilson",
            ("", "IT"): "wilson",
            ("", ""): "wilson",
        }

    def test_participants_have_no_frame(self):
        table = tabulate_estimates(SEX.assign(step="workshops"), BOOK, frame=FRAME)
        assert table["frame"].isna().all()


class TestShape:
    def test_variables_in_the_order_of_the_codebook(self):
        parts = [observe("heads", {"m1": ("", 1)}), observe("skill_own_a", {"m1": ("5", 5)}), SEX]
        parts.append(observe("skill_imp_a", {"m1": ("5", 5)}))
        order = tabulate_estimates(pd.concat(parts), BOOK)["variable"].unique().tolist()
        assert order == ["sex", "skill", "skill_imp_a", "skill_own_a", "heads"]

    def test_occasions_stay_apart(self):
        rows = pd.concat([SEX.assign(occasion="1"), SEX.assign(occasion="2").iloc[:1]])
        table = pick(tabulate_estimates(rows, BOOK), statistic="share", option="woman", country="")
        assert table[["occasion", "k", "n"]].values.tolist() == [["1", 1, 3], ["2", 1, 1]]

    def test_unknown_variables_and_identifiers_are_passed_over(self):
        rows = pd.concat([observe("votes", {"m1": ("x", 3)}), observe("email", {"m1": ("", 1)})])
        table = tabulate_estimates(rows, BOOK)
        assert table.empty
        assert table.columns.tolist() == ESTIMATE_COLUMNS

    def test_arguments_are_left_alone_and_order_does_not_matter(self):
        before = SEX.copy()
        shuffled = SEX.sample(frac=1, random_state=1)
        pd.testing.assert_frame_equal(tabulate_estimates(shuffled, BOOK), tabulate_estimates(SEX, BOOK))
        pd.testing.assert_frame_equal(SEX, before)

    def test_categories_are_welcome(self):
        codes = SEX.astype({"partner": "category", "variable": "category", "option": "category", "missing": "category"})
        pd.testing.assert_frame_equal(tabulate_estimates(codes, BOOK), tabulate_estimates(SEX, BOOK))

    def test_text_columns_hold_no_missing(self):
        table = tabulate_estimates(SEX, BOOK)
        text = [*CELL, "statistic", "base", "method"]
        assert table[text].map(lambda cell: isinstance(cell, str)).all(axis=None)

    def test_groups(self):
        stacked = tabulate_groups(SEX)
        assert len(stacked) == 3 * len(SEX)
        assert stacked["country"].tolist().count("") == len(SEX)
