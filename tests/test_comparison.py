"""Verdicts on invented countries whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.comparison import COMPARISON_COLUMNS, Rules, compare_countries, compare_pairs, compare_ratings

RATING = tuple(Choice("rating", str(order), order=order) for order in range(1, 6))
LISTS = {
    "rating": RATING,
    "origin": tuple(Choice("origin", code) for code in ("firms", "government", "research")),
    "act": tuple(Choice("act", code) for code in ("fairs", "missions")),
    "support": tuple(Choice("support", code) for code in ("exchange", "tours", "money")),
}
VARIABLES = [
    *(Variable(f"obst_{i}", "ordinal", "rating", theme="optimisation", battery="obst", item=str(i)) for i in range(6)),
    Variable("origin", "single", "origin", theme="general"),
    Variable("act", "multiple", "act", theme="internationalisation"),
    Variable("top", "rank", "support", theme="general"),
    Variable("heads", "number", theme="optimisation"),
    Variable("remark", "text"),
]
BOOK = Codebook({variable.name: variable for variable in VARIABLES}, LISTS)
QUICK = Rules(permutations=999)


def observe(variable, answers, *, option=""):
    """Rows of one variable: country -> its answers; a text is an option, a number a value."""
    rows = []
    for country, values in answers.items():
        for place, value in enumerate(values):
            code, number = (value, 1.0) if isinstance(value, str) else (option, value)
            rows.append(("questionnaire", country, f"{country}-{place:02d}", variable, code, "", number, ""))
    columns = ["step", "country", "unit", "variable", "option", "occasion", "value", "missing"]
    return pd.DataFrame(rows, columns=columns)


def compare(*parts, rules=QUICK, seed=1):
    return compare_countries(pd.concat(parts), BOOK, rng=np.random.default_rng(seed), rules=rules)


class TestTests:
    def test_ordered_answers_and_exact_p(self):
        # R coin::wilcox_test, exact: 0.0793650794; delta 0.76.
        row = compare(observe("obst_0", {"AT": [3, 4, 4, 5, 5], "SI": [2, 3, 3, 4, 2]})).iloc[0]
        assert row["test"] == "kruskal_wallis"
        assert row["method"].startswith("exact 252;")
        assert row["p"] == pytest.approx(0.0793650794, abs=1e-9)
        assert row["p_attainable"] == pytest.approx(2 / 252)  # two groups could have lain apart, either way round
        assert row["effect"] == pytest.approx(0.76)
        assert row["effect_low"] < 0.76 < row["effect_high"] < 1
        assert (row["contrast"], row["groups"], row["n"]) == ("AT-SI", "AT SI", 10)

    def test_option_of_a_multiple_choice(self):
        row = compare(observe("act", {"AT": [1] * 8, "SI": [0] * 8}, option="fairs")).iloc[0]
        assert (row["test"], row["option"], row["effect"]) == ("fisher", "fairs", 1)
        assert row["p"] == pytest.approx(2 / 12870)
        # Newcombe (1998), method 10, at 90 % from the Wilson limit of 8/8: 1 - sqrt(2) * 0.2527
        assert row["effect_low"] == pytest.approx(1 - np.sqrt(2) * 0.25274, abs=1e-4)

    def test_single_choice(self):
        row = compare(observe("origin", {"AT": ["firms"] * 6, "SI": ["research"] * 5 + ["firms"]})).iloc[0]
        assert (row["test"], row["variable"], row["option"]) == ("fisher", "origin", "")
        # Of 12, 7 say firms: all 6 of AT among them.
        assert row["statistic"] == pytest.approx(math.comb(6, 1) / math.comb(12, 7))
        assert row["method"].startswith("exact tables;")
        assert row["effect"] == pytest.approx(5 / 6)

    def test_ranks_put_the_unranked_last(self):
        parts = observe("top", {"AT": [1.0] * 5, "SI": [np.nan] * 5}, option="tours")
        row = compare(parts).iloc[0]
        assert (row["contrast"], row["effect"]) == ("AT-SI", 1)

    def test_numbers(self):
        assert compare(observe("heads", {"AT": range(5), "SI": range(5, 10)})).iloc[0]["contrast"] == "SI-AT"

    def test_text_votes_and_missing_are_passed_over(self):
        missing = observe("obst_0", {"AT": [1] * 5, "SI": [1] * 5}).assign(missing="dont_know")
        votes = observe("obst_1", {"AT": [1] * 5, "SI": [1] * 5}).assign(occasion="1")
        assert compare(missing, votes, observe("remark", {"AT": [1] * 5})).empty


class TestVerdicts:
    def test_differs(self):
        assert compare(observe("heads", {"AT": range(9), "SI": range(9, 18)})).iloc[0]["verdict"] == "differs"

    def test_too_few(self):
        row = compare(observe("heads", {"AT": range(9), "SI": range(4)})).iloc[0]
        assert (row["verdict"], row["groups"], row["n"]) == ("too few", "AT", 9)
        assert np.isnan(row["p"])

    def test_small_country_is_left_out(self):
        row = compare(observe("heads", {"AT": range(9), "HU": range(9), "SI": range(4)})).iloc[0]
        assert (row["groups"], row["n"]) == ("AT HU", 18)

    def test_cannot_tell(self):
        row = compare(observe("heads", {"AT": [1, 2, 3, 4, 5], "SI": [1, 2, 3, 4, 5]})).iloc[0]
        assert row["verdict"] == "cannot tell"
        assert row["effect"] == 0

    def test_similar_needs_a_narrow_interval(self):
        alike = {"AT": [0, 1] * 150, "SI": [0, 1] * 150}
        assert compare(observe("heads", alike)).iloc[0]["verdict"] == "similar"
        assert compare(observe("act", alike, option="fairs")).iloc[0]["verdict"] == "similar"
        strict = Rules(permutations=99, cliffs_delta=0.05, share=0.05)
        assert set(compare(observe("heads", alike), rules=strict)["verdict"]) == {"cannot tell"}

    def test_every_pair_must_lie_within_the_margin(self):
        alike = {"AT": [0, 1] * 150, "IT": [0, 1] * 150, "SI": [0, 1] * 3}
        assert compare(observe("heads", alike)).iloc[0]["verdict"] == "cannot tell"


class TestFamily:
    def test_holm_within_battery(self):
        clear = {"AT": [5, 5, 4, 4, 5, 5], "SI": [1, 1, 2, 2, 1, 3]}
        mixed = {"AT": [1, 2, 3, 4, 5, 1], "SI": [2, 3, 1, 5, 4, 2]}
        table = compare(
            observe("obst_0", clear), *(observe(f"obst_{i}", mixed) for i in range(1, 6)), observe("heads", clear)
        )
        assert set(table["family"]) == {"questionnaire:obst", "questionnaire:optimisation"}
        first = table.set_index("variable").loc["obst_0"]
        assert first["p_adjusted"] == pytest.approx(6 * first["p"])
        assert table.set_index("variable").loc["heads", "p_adjusted"] == first["p"]

    def test_tests_that_cannot_pass_do_not_count(self):
        # One of twelve: the smallest p these answers could give is 1.
        rare = {"AT": [1, 0, 0, 0, 0, 0], "SI": [0] * 6}
        clear = {"AT": [1] * 6, "SI": [0] * 6}
        table = compare(observe("act", rare, option="missions"), observe("act", clear, option="fairs")).set_index(
            "option"
        )
        assert table.loc["missions", ["p_attainable", "p_adjusted"]].tolist() == [1, 1]
        assert table.loc["fairs", "p_adjusted"] == table.loc["fairs", "p"]

    def test_nobody_chose_it(self):
        row = compare(observe("act", {"AT": [0] * 6, "SI": [0] * 6}, option="fairs")).iloc[0]
        assert (row["p"], row["effect"], row["verdict"]) == (1, 0, "cannot tell")


ANSWERS = {"AT": [1, 2, 3, 4, 5, 3], "HU": [2, 3, 1, 5, 4, 4, 1, 2], "IT": [5, 4, 3, 3, 2, 5, 1, 2, 3, 4]}


class TestChance:
    def test_p_does_not_depend_on_other_questions(self):
        alone = compare(observe("obst_0", ANSWERS))
        among = compare(
            observe("heads", ANSWERS),
            observe("obst_0", ANSWERS),
            observe("act", {"AT": [1] * 9}, option="fairs"),
        )
        assert alone.iloc[0]["p"] == among.set_index("variable").loc["obst_0", "p"]
        assert 0 < alone.iloc[0]["p_error"] < 0.02

    def test_same_seed_same_table(self):
        parts = [observe("obst_0", ANSWERS), observe("heads", ANSWERS)]
        pd.testing.assert_frame_equal(compare(*parts), compare(*reversed(parts)))
        assert compare(*parts, seed=2).iloc[0]["p"] != compare(*parts).iloc[0]["p"]

    def test_columns_and_untouched_argument(self):
        observations = observe("obst_0", ANSWERS)
        before = observations.copy()
        assert compare(observations).columns.tolist() == COMPARISON_COLUMNS
        pd.testing.assert_frame_equal(observations, before)

    def test_false_alarms_of_equal_countries(self):
        # 60 families of 6 items under the null: at most 5 % of the families may raise an alarm.
        rng = np.random.default_rng(3)
        alarms = []
        for _ in range(60):
            parts = [
                observe(f"obst_{i}", {c: rng.integers(1, 6, n).tolist() for c, n in (("AT", 6), ("HU", 9), ("IT", 14))})
                for i in range(6)
            ]
            alarms.append((compare(*parts, rules=Rules(permutations=199))["verdict"] == "differs").any())
        assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


PARTS = tuple(Variable(f"fin_{part}", "allocation", battery="fin", item=part) for part in ("eu", "fees", "other"))
WHOLES = Codebook({variable.name: variable for variable in [*VARIABLES, *PARTS]}, LISTS)


def divide(answers):
    """Rows of an allocation: country -> shares of its units in percent."""
    columns = [{country: [row[place] for row in rows] for country, rows in answers.items()} for place in range(3)]
    return pd.concat([observe(part.name, column) for part, column in zip(PARTS, columns, strict=True)])


class TestWholes:
    def test_allocation(self):
        answers = {"AT": [(0, 100, 0)] * 6, "SI": [(50, 50, 0)] * 3 + [(100, 0, 0)] * 3}
        table = compare_countries(divide(answers), WHOLES, rng=np.random.default_rng(1), rules=QUICK)
        row = table.set_index("variable").loc["fin"]
        assert (row["test"], row["family"], row["n"]) == ("permanova", "questionnaire:wholes", 12)
        # On average 75 of 100 would have to move from fees to the EU.
        assert (row["effect"], row["verdict"]) == (0.75, "differs")
        assert row["p"] == row["p_adjusted"] == pytest.approx(2 / 924)
        assert np.isnan([row["effect_low"], row["margin"]]).all()

    def test_units_that_left_a_part_open_do_not_count(self):
        rows = divide({"AT": [(0, 100, 0)] * 6, "SI": [(50, 50, 0)] * 5})
        rows = rows[~((rows["unit"] == "SI-00") & (rows["variable"] == "fin_eu"))]
        row = (
            compare_countries(rows, WHOLES, rng=np.random.default_rng(1), rules=QUICK).set_index("variable").loc["fin"]
        )
        assert (row["verdict"], row["groups"], row["n"]) == ("too few", "AT", 6)

    def test_ranking(self):
        options = {"exchange": (1.0, 2.0), "tours": (2.0, 1.0), "money": (np.nan, np.nan)}
        parts = [observe("top", {"AT": [a] * 6, "SI": [b] * 6}, option=code) for code, (a, b) in options.items()]
        row = compare(*parts).iloc[-1]
        assert (row["test"], row["variable"], row["option"], row["n"]) == ("permanova", "top", "", 12)
        assert row["effect"] == pytest.approx((0.5 + 0.5 + 0) / 3)  # two of three items lie one of two places apart


def compare_twice(*parts, rules=QUICK):
    rows = pd.concat(parts)
    found = compare_countries(rows, BOOK, rng=np.random.default_rng(1), rules=rules)
    return found, compare_pairs(rows, BOOK, found, rng=np.random.default_rng(2), rules=rules)


class TestPairs:
    def test_only_what_differs_is_taken_apart(self):
        apart = {"AT": range(9, 18), "HU": range(9), "SI": range(9)}
        alike = {"AT": range(9), "HU": range(9), "SI": range(9)}
        _, pairs = compare_twice(observe("heads", apart), observe("obst_0", alike))
        assert pairs[["variable", "groups", "verdict"]].to_numpy().tolist() == [
            ["heads", "AT HU", "differs"], ["heads", "AT SI", "differs"], ["heads", "HU SI", "cannot tell"],
        ]  # fmt: skip
        first = pairs.iloc[0]
        assert (first["family"], first["contrast"]) == ("questionnaire:heads:pairs", "AT-HU")
        assert first["p"] == pytest.approx(2 / math.comb(18, 9))
        assert first["p_adjusted"] == pytest.approx(6 / math.comb(18, 9))

    def test_a_pair_that_could_never_pass_is_no_test(self):
        # Three countries of five: wholly apart, two of them reach 2/252; of five such, none passes 0.05 / 10.
        answers = {
            code: [10 * place + unit for unit in range(5)] for place, code in enumerate(("AT", "CZ", "HU", "IT", "SI"))
        }
        found, pairs = compare_twice(observe("heads", answers))
        assert found.iloc[0]["verdict"] == "differs"
        assert len(pairs) == 10
        assert pairs["p_attainable"].to_numpy() == pytest.approx([2 / 252] * 10)
        assert pairs["p"].isna().all()
        assert set(pairs["verdict"]) == {"cannot tell"}
        assert (pairs["effect"] == 1).all()

    def test_choices_by_fisher_s_own_test(self):
        _, pairs = compare_twice(observe("act", {"AT": [1] * 9, "HU": [0] * 9, "SI": [0] * 9}, option="fairs"))
        assert set(pairs["test"]) == {"fisher"}
        assert pairs.iloc[0]["p"] == pytest.approx(2 / math.comb(18, 9))

    def test_two_countries_need_no_pairs(self):
        found, pairs = compare_twice(observe("heads", {"AT": range(9), "SI": range(9, 18)}))
        assert found.iloc[0]["verdict"] == "differs"
        assert pairs.empty
        assert pairs.columns.tolist() == COMPARISON_COLUMNS


class TestRatings:
    def test_items_of_a_battery(self):
        ratings = [observe(f"obst_{i}", {"AT": [high] * 6, "SI": [high] * 4}) for i, high in enumerate((5, 3, 1))]
        row = compare_ratings(pd.concat(ratings), BOOK, rng=np.random.default_rng(1), rules=QUICK).iloc[0]
        assert (row["variable"], row["test"], row["contrast"], row["groups"]) == ("obst", "friedman", "0-2", "0 1 2")
        assert (row["n"], row["statistic"], row["effect"], row["verdict"]) == (10, 20, 1, "differs")
        assert row["p"] == pytest.approx(6 / 6**10)
        z2 = 1.6448536**2  # Tango's equation where all lie on one side: n(1 - t) = z²(1 + t)
        assert row["effect_low"] == pytest.approx((10 - z2) / (10 + z2), abs=1e-6)

    def test_units_that_rated_some_items_do_not_count(self):
        ratings = [observe("obst_0", {"AT": [1] * 6}), observe("obst_1", {"AT": [2] * 4})]
        row = compare_ratings(pd.concat(ratings), BOOK, rng=np.random.default_rng(1)).iloc[0]
        assert (row["n"], row["verdict"]) == (4, "too few")

    def test_all_the_same_is_similar_only_with_enough(self):
        def rate(units):
            parts = [observe(f"obst_{i}", {"AT": [3] * units}) for i in range(2)]
            return compare_ratings(pd.concat(parts), BOOK, rng=np.random.default_rng(1)).iloc[0]

        assert (rate(5)["verdict"], rate(12)["verdict"]) == ("cannot tell", "similar")


class TestCorrection:
    def test_both_and_the_one_that_decides(self):
        parts = [observe(f"obst_{i}", {"AT": [1, 2, 3, 4, 5, 5], "SI": [1, 1, 1, 1, 2, 3]}) for i in range(3)]
        found = compare(*parts)
        assert (found["p_adjusted"] == (3 * found["p"]).clip(upper=1)).all()
        assert found["p_fdr"].to_numpy() == pytest.approx(found["p"].to_numpy())
        assert set(found["verdict"]) == {"cannot tell"}
        level = float(found["p"].iloc[0]) * 1.5
        loose = {
            rule: compare(*parts, rules=Rules(permutations=999, alpha=level, adjust=rule)) for rule in ("holm", "bh")
        }
        assert set(loose["bh"]["verdict"]) == {"differs"}
        assert set(loose["holm"]["verdict"]) == {"cannot tell"}
