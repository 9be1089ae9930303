"""Countries weighing the same, partial pooling, detectable differences, hosts: by hand and as published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.comparison import Rules, compare_countries
from cncb_analysis.estimates import tabulate_shares
from cncb_analysis.pooling import (
    find_detectable,
    fit_beta_binomial,
    shrink_shares,
    tabulate_detectable,
    tabulate_hosts,
    tabulate_pooling,
)
from cncb_analysis.statistics.intervals import share_difference_interval, wilson_interval

RATING = tuple(Choice("rating", str(order), order=order) for order in range(1, 6))
BOOK = Codebook(
    {
        "obst": Variable("obst", "ordinal", "rating", theme="optimisation"),
        "act": Variable("act", "multiple", "act", theme="optimisation"),
    },
    {"rating": RATING, "act": (Choice("act", "fairs"),)},
)
# Partner to country, k and n.
COUNTS = {"milan": ("IT", 6, 12), "veneto": ("IT", 3, 4), "plzen": ("CZ", 56, 70), "linz": ("AT", 0, 10)}


def share_table(counts=COUNTS, **more):
    rows = pd.DataFrame(
        [(partner, *told) for partner, told in counts.items()], columns=["partner", "country", "k", "n"]
    )
    groups = pd.concat([rows, rows.assign(partner=""), rows.assign(partner="", country="")])
    summed = groups.groupby(["partner", "country"], sort=False)[["k", "n"]].sum().reset_index()
    cells = {"step": "questionnaire", "variable": "act", "option": "fairs", **more}
    return tabulate_shares(summed.assign(**cells)).assign(mark="")


def pick(table, statistic, country=""):
    found = table[table["statistic"].eq(statistic) & table["country"].eq(country)]
    assert len(found) == 1
    return found.iloc[0]


class TestPooling:
    def test_every_respondent_and_every_country(self):
        table = tabulate_pooling(share_table())
        assert pick(table, "pooled")[["k", "n"]].tolist() == [65, 96]
        equal = pick(table, "equal_countries")
        assert equal["estimate"] == pytest.approx((9 / 16 + 56 / 70 + 0) / 3)
        assert (equal["n"], equal["method"]) == (96, "linear_share")
        assert table["mark"].eq("").all()

    def test_the_interval_of_two_is_newcombes(self):
        """Newcombe 1998: 56/70 against 48/80 differ by 0.0524 to 0.3339; with 32/80, the mean is (1 + difference)/2."""
        equal = pick(tabulate_pooling(share_table({"a": ("AT", 56, 70), "b": ("CZ", 32, 80)})), "equal_countries")
        assert [2 * equal["low"] - 1, 2 * equal["high"] - 1] == pytest.approx([0.0524, 0.3339], abs=5e-5)
        assert share_difference_interval((56, 70), (48, 80))[0] == pytest.approx(2 * equal["low"] - 1)

    def test_the_countries_intervals_know_the_frame(self):
        """A country of which all clusters answered adds nothing to the interval."""
        table = share_table({"a": ("AT", 3, 5), "b": ("CZ", 5, 10)}, frame=[5, 10, 5, 10, 15])
        equal = pick(tabulate_pooling(table), "equal_countries")
        assert equal[["low", "estimate", "high"]].tolist() == pytest.approx([0.55] * 3)

    def test_spread_between_and_within_countries(self):
        table = tabulate_pooling(share_table())
        assert pick(table, "spread_between")["estimate"] == pytest.approx(np.std([9 / 16, 0.8, 0], ddof=1))
        # Only Italy has two partners: the standard deviation of 6/12 and 3/4.
        assert pick(table, "spread_within")["estimate"] == pytest.approx(0.25 / np.sqrt(2))

    @pytest.mark.parametrize(("partner", "lost"), [("", "equal_countries"), ("milan", "spread_within")])
    def test_where_one_is_hidden_the_others_are_not_averaged(self, partner, lost):
        rows = share_table()
        closed = rows["country"].eq("IT") & rows["partner"].eq(partner)
        rows.loc[closed, ["estimate", "low", "high", "k"]] = np.nan
        rows.loc[closed, "mark"] = "hidden"
        found = set(tabulate_pooling(rows)["statistic"])
        assert lost not in found
        assert {"equal_countries", "spread_within", "pooled"} - {lost} <= found
        assert ("shrunken" in found) == (partner != "")

    def test_a_rating_is_pooled_by_its_two_highest_answers(self):
        whole = pd.concat([share_table(), share_table(statistic="share_top2", option="")])
        assert set(tabulate_pooling(whole)["option"]) == {""}

    def test_of_nothing_nothing(self):
        assert tabulate_pooling(share_table().iloc[:0]).empty


class TestPartialPooling:
    def test_fit_as_published(self):
        """Boys among the first twelve children of 6,115 Saxon families (Geissler 1889; Lindsey and Altham 1998): the
        published maximum likelihood estimates are 34.09558 and 31.5715."""
        families = [3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7]
        mean, size = fit_beta_binomial(np.repeat(np.arange(13), families), np.full(6115, 12))
        assert [mean * size, (1 - mean) * size] == pytest.approx([34.09558, 31.5715], rel=5e-4)

    def test_shares_are_drawn_by_the_fitted_beta(self):
        k, n = np.array([1, 8, 5, 20]), np.array([5, 10, 10, 25])
        mean, size = fit_beta_binomial(k, n)
        estimate, low, high = shrink_shares(k, n)
        assert estimate == pytest.approx((k + mean * size) / (n + size))
        assert ((low < estimate) & (estimate < high)).all()
        drawn = np.abs(estimate - mean) / np.abs(k / n - mean)
        assert drawn[0] < drawn[1] < drawn[3] < 1  # fewer answers keep less of their own

    def test_without_variation_all_are_pooled(self):
        k, n = np.array([5, 10, 15]), np.array([10, 20, 30])
        estimate, low, high = shrink_shares(k, n)
        assert estimate == pytest.approx([0.5] * 3)
        ends = wilson_interval(30, 60)
        assert [low[0], high[2]] == pytest.approx([float(end) for end in ends], abs=0.005)

    @pytest.mark.parametrize("share", [0, 1])
    def test_where_nobody_or_everybody_did(self, share):
        n = np.array([5, 10])
        estimate, low, high = shrink_shares(share * n, n)
        assert estimate.tolist() == [share, share]
        assert (low[0], high[0]) == pytest.approx([float(end) for end in wilson_interval(share * 15, 15)])


class TestDetectable:
    @pytest.mark.parametrize(("ordered", "kind"), [(False, "act"), (True, "obst")])
    def test_the_comparison_finds_it_in_four_of_five_studies(self, ordered, kind):
        """The outside judge is the comparison itself, on studies with just that difference."""
        sizes, rng = (8, 12, 12), np.random.default_rng(5)
        effect = find_detectable(sizes, 5 if ordered else 2, ordered=ordered, level=0.05)[0]
        if ordered:  # of the two outer answers: delta is the difference of their shares
            p, answers = (0.5 + effect / 2, 0.5 - effect / 2), (5.0, 1.0)
        else:
            p, answers = (0.5 + effect / 2, 0.5 - effect / 2), (1.0, 0.0)
        found = 0
        for _ in range(150):
            rows = [
                {"step": "questionnaire", "country": f"C{place}", "unit": f"{place}-{i}", "variable": kind,
                 "option": "fairs" if kind == "act" else "", "occasion": "", "missing": "",
                 "value": rng.choice(answers, p=(p[place > 0], 1 - p[place > 0]))}
                for place, size in enumerate(sizes) for i in range(size)
            ]  # fmt: skip
            rules = Rules(permutations=199)
            found += compare_countries(pd.DataFrame(rows), BOOK, rng=rng, rules=rules)["verdict"].eq("differs").sum()
        assert 0.7 < found / 150 < 0.92

    def test_more_answers_see_more_and_a_stricter_level_less(self):
        small, large = (find_detectable(sizes, 2, ordered=False, level=0.05) for sizes in ((6, 9, 9), (12, 18, 18)))
        strict = find_detectable((6, 9, 9), 2, ordered=False, level=0.005)
        assert large[0] < small[0] < strict[0]
        assert small[1] < small[0]

    def test_what_cannot_be_found_has_no_size(self):
        assert np.isnan(find_detectable((2, 2), 2, ordered=False, level=0.01)).all()

    def test_the_level_is_that_of_the_family(self):
        rows = pd.concat([share_table(), share_table(option="missions")])
        facts = {"step": "questionnaire", "variable": "act", "groups": "CZ IT", "test": "fisher", "margin": 0.2}
        told = pd.DataFrame({**facts, "option": ["fairs", "missions"], "family": "f", "p_attainable": [0.01, 0.01]})
        joint = told.tail(1).assign(test="another", variable="unknown")
        table = tabulate_detectable(rows, pd.concat([told, joint]), BOOK)
        assert table[["questions", "sizes", "answers"]].values.tolist() == [[2, "16 70", 2]]
        assert table["level"].tolist() == pytest.approx([0.05 / 3])


def test_hosts_once_by_country():
    """AT: one host of four; the first complete answer alone is left. CZ: hosts of their own."""
    answers = {"AT": [0, 0, 0, 1, 0, 0, 0, 0], "CZ": [1, 0, 1]}
    units, rows = [], []
    for country, values in answers.items():
        for place, value in enumerate(values):
            unit = f"{country}{place}"
            host = "agency" if country == "AT" else ""
            status = "complete" if (country, place) == ("AT", 3) or country == "CZ" else "partial"
            units.append(("questionnaire", country.lower(), country, unit, host, status))
            rows.append(("questionnaire", country.lower(), country, unit, "act", "fairs", "", float(value), ""))
    unit_table = pd.DataFrame(units, columns=["step", "partner", "country", "unit", "host", "status"])
    columns = ["step", "partner", "country", "unit", "variable", "option", "occasion", "value", "missing"]
    observations = pd.DataFrame(rows, columns=columns)
    estimates = share_table({"at": ("AT", 1, 8), "cz": ("CZ", 2, 3)})
    table = tabulate_hosts(estimates, observations, unit_table, BOOK)
    told = ["country", "answers", "hosts", "moved", "results", "shown", "once"]
    assert table[told].values.tolist() == [["AT", 8, 1, 1, 1, 0.125, 1.0], ["CZ", 3, 3, 0, 1, 2 / 3, 2 / 3]]
