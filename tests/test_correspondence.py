"""Correspondence analysis as published; maps and crossed tables of protected numbers only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.correspondence import analyse_correspondence, close_crossed, tabulate_crossed, tabulate_maps
from cncb_analysis.disclosure import Protected, Release, protect_estimates
from cncb_analysis.estimates import tabulate_shares

# Staff groups by smoking: Greenacre 1984, table 3.1; R package ca, data(smoke).
SMOKE = np.array([[4, 2, 3, 2], [4, 3, 7, 4], [25, 10, 12, 4], [18, 24, 33, 13], [10, 6, 7, 2]])
BOOK = Codebook(
    {name: Variable(name, "single", name) for name in ("act", "doc")},
    {name: tuple(Choice(name, code) for code in "abcde") for name in ("act", "doc")},
)
MAP = pd.DataFrame([{"figure": "m", "kind": "map", "variables": "act", "statistic": "share"}])
CROSS = pd.DataFrame([{"figure": "c", "kind": "table", "variables": "act;doc", "statistic": "share_crossed"}])


class TestAnalysis:
    def test_inertias_as_published(self):
        """R: ca(smoke)$sv^2 and the summary's total."""
        found = analyse_correspondence(SMOKE)
        assert found.inertias == pytest.approx([0.074759, 0.010017, 0.000414], abs=5e-7)
        assert found.inertias.sum() == pytest.approx(0.085190, abs=5e-7)

    def test_coordinates_and_contributions_as_published(self):
        """R: summary(ca(smoke)), in thousandths; the sign of an axis is free."""
        found = analyse_correspondence(SMOKE)
        rows, columns = (np.round(1000 * found.principal[side][:, 0]) for side in (0, 1))
        assert (-rows * np.sign(rows[0])).tolist() == [-66, 259, -381, 233, -201]
        assert np.abs(columns).tolist() == [393, 99, 196, 294]
        assert np.round(1000 * found.contributions[0][:, 0]).tolist() == [3, 84, 512, 331, 70]
        assert np.round(1000 * found.contributions[1][:, 1]).tolist() == [29, 463, 2, 506]

    def test_standard_and_principal_coordinates(self):
        found = analyse_correspondence(SMOKE)
        for side in (0, 1):
            weights = found.masses[side][:, None]
            assert (weights * found.standard[side] ** 2).sum(axis=0) == pytest.approx([1, 1, 1])
            assert (weights * found.principal[side] ** 2).sum(axis=0) == pytest.approx(found.inertias)
            assert (weights * found.principal[side]).sum(axis=0) == pytest.approx([0, 0, 0])

    def test_all_axes_give_the_chi_square_distances_back(self):
        """Squared distance of two rows: Σ (profile - profile')² / column mass."""
        found, profiles = analyse_correspondence(SMOKE), SMOKE / SMOKE.sum(axis=1, keepdims=True)
        told = ((profiles[0] - profiles[3]) ** 2 / found.masses[1]).sum()
        assert ((found.principal[0][0] - found.principal[0][3]) ** 2).sum() == pytest.approx(told)

    def test_an_empty_line_is_refused(self):
        with pytest.raises(ValueError, match="holds nothing"):
            analyse_correspondence([[1, 0], [2, 0]])


def shares(**marks):
    """Countries by answers, of the smoking table; the counts of a country are of 100."""
    countries = ["AT", "CZ", "HU", "IT", "PL"]
    rows = [("act", code, country, count, 100) for code, line in zip("abcd", SMOKE.T, strict=True)
            for country, count in zip(countries, line, strict=True)]  # fmt: skip
    rows += [("act", code, "", line.sum(), 500) for code, line in zip("abcd", SMOKE.T, strict=True)]
    rows += [("act", "e", country, 0, 100) for country in countries]
    table = pd.DataFrame(rows, columns=["variable", "option", "country", "k", "n"])
    return tabulate_shares(table.assign(step="questionnaire")).assign(mark="")


class TestMaps:
    def test_countries_and_answers_have_places(self):
        table = tabulate_maps(shares(), MAP, BOOK)
        at = table.set_index(["statistic", "option", "country"])["estimate"]
        expected = analyse_correspondence(SMOKE.T)
        assert at["axis_1", "a", ""] == pytest.approx(expected.principal[0][0, 0])
        assert at["axis_2", "", "PL"] == pytest.approx(expected.principal[1][4, 1])
        assert at["inertia_1", "", ""] == pytest.approx(0.074759 / 0.085190, rel=1e-4)
        assert at["least_expected", "", ""] == pytest.approx(11 * 25 / 193)
        assert at["contribution"].loc[["a", "b", "c", "d"]].sum() == pytest.approx(1)
        assert "e" not in set(table["option"])  # nobody gave it
        assert set(table["variable"]) == {"map:act"}
        assert table["n"].eq(500).all()

    @pytest.mark.parametrize("lost", ["hidden", "missing"])
    def test_with_one_count_hidden_nothing_is_drawn(self, lost):
        rows = shares()
        if lost == "hidden":
            rows.loc[3, ["estimate", "low", "high", "k"]], rows.loc[3, "mark"] = np.nan, "hidden"
        else:
            rows = rows.drop(index=3)
        table = tabulate_maps(rows, MAP, BOOK)
        assert table[["statistic", "mark"]].values.tolist() == [["axis_1", "hidden"]]
        assert Protected(table).frame["estimate"].isna().all()

    def test_a_question_not_asked_has_no_map(self):
        assert tabulate_maps(shares().iloc[:0], MAP, BOOK).empty


def observe(pairs):
    rows = [("questionnaire", f"u{unit}", name, code, 1.0, "") for unit, pair in enumerate(pairs)
            for name, code in zip(("act", "doc"), pair, strict=True) if code]  # fmt: skip
    return pd.DataFrame(rows, columns=["step", "unit", "variable", "option", "value", "missing"])


class TestCrossed:
    PAIRS = (*[("a", "a")] * 5, *[("a", "b")] * 4, *[("b", "a")] * 6, *[("b", "b")] * 3, ("a", ""))

    def test_counts_of_those_who_answered_both(self):
        table = tabulate_crossed(observe(self.PAIRS), CROSS)
        told = table.set_index("option")[["k", "n"]].T.to_dict("list")
        assert told == {"a+a": [5, 18], "a+b": [4, 18], "b+a": [6, 18], "b+b": [3, 18]}
        assert set(table["variable"]) == {"cross:act+doc"}

    @pytest.mark.parametrize(("fewer", "marks"), [(0, {""}), (1, {"hidden"})])
    def test_a_small_cell_closes_the_whole_table(self, fewer, marks):
        """Its row and column would tell the cell."""
        table = tabulate_crossed(observe(self.PAIRS[: 18 - fewer]), CROSS)
        shown = close_crossed(protect_estimates(table, BOOK, Release("public")).frame)
        assert set(Protected(shown).frame["mark"]) == marks

    def test_nothing_asked_for_nothing_counted(self):
        assert tabulate_crossed(observe(self.PAIRS), MAP).empty
