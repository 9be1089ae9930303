"""Location quotients, stars, bounds, vintages, and the partners' lists beside the statistics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from cncb_analysis.concentration import tabulate_location_quotients, tabulate_regions
from cncb_analysis.errors import StudyError
from cncb_analysis.mapping import tabulate_clusters, tabulate_disagreements, tabulate_mapping
from cncb_analysis.store import read_table
from cncb_analysis.study import Partner, Study
from tests.stand_ins import find, make_observations, make_study

GEOGRAPHY = read_table(Path(__file__).parents[1] / "data" / "study" / "geography.csv")
HIDDEN = float("nan")
SOUTH = Partner("south", "South", "South", "IT", ("ITH3",))
NORTH = Partner("north", "North", "North", "AT", ("AT31", "AT22"))


def make_cells(table: Mapping[tuple[str, str], float | str]) -> pd.DataFrame:
    """Jobs of 2014 by (region, sector); "c" = confidential."""
    rows = [
        (region, sector, "jobs", 2014, HIDDEN if value == "c" else float(value), "c" if value == "c" else "")
        for (region, sector), value in table.items()
    ]
    return pd.DataFrame(rows, columns=["region", "sector", "indicator", "year", "value", "flag"])


def study_of(*partners: Partner, **mapping: Any) -> Study:
    settings = {"mapping": {"year": 2014, "nuts": "2013", "sectors": "", **mapping}}
    return make_study({"geography": GEOGRAPHY}, partners=partners or (NORTH,), settings=settings)


# mapping.md 1.2, second row of the oracle: LQ 2.9166667, log delta 2.1176278 to 4.0172047.
ORACLE = {("AT31", "C"): 1200, ("AT31", "C10"): 35, ("AT", "C"): 90000, ("AT", "C10"): 900}


def test_quotient_interval_and_excess_are_those_of_the_oracle() -> None:
    row = find(tabulate_location_quotients(make_cells(ORACLE), study_of()), region="AT31")
    assert row["lq"] == pytest.approx(2.9166667, abs=1e-7)
    assert (row["low"], row["high"]) == pytest.approx((2.1176278, 4.0172047), abs=1e-7)
    assert row["excess_jobs"] == pytest.approx(35 - 1200 * 900 / 90000)  # 23 jobs more than the reference's share
    assert (row["bound"], row["hidden"], row["sector"]) == ("", "", "C10")


def test_sections_and_lone_divisions_make_up_the_total() -> None:
    # S95 has no section of its own and counts; G451 and C10 stand inside sections and must not count again.
    table = {("AT31", "C"): 60, ("AT31", "C10"): 20, ("AT31", "S95"): 40, ("AT31", "C101"): 20}
    national = {("AT", "C"): 600, ("AT", "C10"): 100, ("AT", "S95"): 400, ("AT", "C101"): 100}
    found = tabulate_location_quotients(make_cells(table | national), study_of())
    assert find(found, sector="C10")["lq"] == pytest.approx((20 / 100) / (100 / 1000))
    assert sorted(found["sector"]) == ["C10", "S95"]


def test_shares_times_quotients_add_to_one_in_a_complete_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    regions, sectors = ["AT31", "AT22", "AT11"], ["C10", "C11", "C12"]
    jobs = pd.DataFrame(rng.integers(1, 500, (3, 3)), index=regions, columns=sectors)
    table = {(region, sector): jobs.loc[region, sector] for region in regions for sector in sectors}
    found = tabulate_location_quotients(make_cells(table), study_of())
    weights = jobs.sum(axis=1) / jobs.to_numpy().sum()
    identity = (found["lq"] * found["region"].map(weights)).groupby(found["sector"]).sum()
    assert identity.to_numpy() == pytest.approx(np.ones(3))


def test_a_reference_summed_over_suppressed_regions_is_refused() -> None:
    table: dict[tuple[str, str], float | str] = {("AT31", "C10"): 5, ("AT22", "C10"): "c", ("AT31", "C11"): 7}
    with pytest.raises(StudyError, match=r"cannot be summed .*'AT'.*national rows"):
        tabulate_location_quotients(make_cells(table), study_of())


def test_a_confidential_national_figure_makes_an_upper_bound() -> None:
    table: dict[tuple[str, str], float | str] = {
        **{("AT31", "C"): 100, ("AT31", "C10"): 30, ("AT", "C"): 1000, ("AT", "C10"): "c"},
        **{("ITH3", "C"): 100, ("ITH3", "C10"): "c", ("IT", "C"): 1000, ("IT", "C10"): 60},
    }
    found = tabulate_location_quotients(make_cells(table), study_of(NORTH, SOUTH))
    row = find(found, region="AT31")
    # Against Italy's 60 of 2000 the quotient is 10; with Austria's hidden jobs it could only be smaller.
    assert (row["lq"], row["bound"], row["hidden"]) == (pytest.approx(10), "upper", "AT")
    assert np.isnan(row["low"]) and row["high"] > 10
    hidden = find(found, region="ITH3")
    assert (hidden["bound"], hidden["flag"]) == ("confidential", "c")
    assert np.isnan(hidden[["jobs", "lq", "stars"]].astype(float)).all()


@pytest.mark.parametrize(("mining", "bound"), [(5, "upper"), (1000, "")])
def test_a_hidden_section_counts_only_where_it_can_weigh(mining: int, bound: str) -> None:
    # The country has 1,010 mining jobs. With 1,000 of them published elsewhere at most 10 can hide in AT31's 2,000.
    table: dict[tuple[str, str], float | str] = {
        **{("AT31", "B"): "c", ("AT31", "C"): 2000, ("AT31", "C10"): 100, ("AT22", "B"): mining, ("AT22", "C"): 3000},
        **{("AT22", "C10"): 50, ("AT", "B"): 1010, ("AT", "C"): 5000, ("AT", "C10"): 150},
    }
    found = tabulate_location_quotients(make_cells(table), study_of())
    assert find(found, region="AT31")["bound"] == bound
    assert find(found, region="AT31")["hidden"] == ("B" if bound else "")
    assert find(found, region="AT22")["bound"] == ""


def test_stars_one_each_for_size_specialisation_and_focus() -> None:
    # Ten regions of 10,000 jobs. C10: 100, 200 … 900 and 5,000 jobs; C11 the rest. Reference 9,500 of 100,000.
    regions = sorted(GEOGRAPHY["region"][GEOGRAPHY["region"].str.startswith(("AT", "HU2"))])[:10]
    jobs = dict(zip(regions, [*range(100, 1000, 100), 5000], strict=True))
    cells = make_cells(
        {
            (region, sector): value
            for region, c10 in jobs.items()
            for sector, value in (("C10", c10), ("C11", 10000 - c10))
        }
    )
    partners = [Partner(code, code, code, code) for code in sorted({region[:2] for region in regions})]
    stars = tabulate_location_quotients(cells, study_of(*partners)).set_index(["sector", "region"])["stars"]
    # Largest of ten, LQ 5.3; but its share of the region is among the lower half of all twenty: two stars, not three.
    assert stars["C10", regions[9]] == 2
    # Second largest has rank 0.9 of its division and would have a star, were it not under 1,000 jobs.
    assert stars["C10", regions[8]] == 0
    # C11's two largest have size (ranks 1.0 and 0.9 of ten); the three largest focus (18th to 20th of twenty cells).
    assert stars["C11"].tolist() == [2, 2, 1, 0, 0, 0, 0, 0, 0, 0]
    rated = tabulate_location_quotients(cells, study_of(*partners, minimum_jobs=900, sectors="C"))
    assert find(rated, region=regions[8], sector="C10")["stars"] == 1
    assert tabulate_location_quotients(cells, study_of(*partners, sectors="D"))["stars"].isna().all()


def make_grid(jobs: pd.DataFrame, hidden: np.ndarray) -> dict[tuple[str, str], float | str]:
    """Regions of Austria by division, hidden where said, with its sections and national rows as they are."""
    cells: dict[tuple[str, str], float | str] = {}
    for place, region in enumerate(jobs.index):
        cells |= {
            (region, sector): "c" if hidden[place, at] else float(jobs.loc[region, sector])
            for at, sector in enumerate(jobs.columns)
        }
        cells[region, "C"] = float(jobs.loc[region].sum())
    cells |= {("AT", sector): float(jobs[sector].sum()) for sector in jobs.columns}
    return cells | {("AT", "C"): float(jobs.to_numpy().sum())}


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.6))
@settings(max_examples=60, deadline=None)
def test_what_is_hidden_lies_between_its_bounds(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    regions, sectors = ["AT31", "AT22", "AT11", "AT12"], ["C10", "C11", "C12"]
    jobs = pd.DataFrame(rng.integers(1, 500, (4, 3)), index=regions, columns=sectors)
    hidden = rng.random((4, 3)) < share
    cells = make_grid(jobs, hidden)
    # Now and then a national figure is confidential too.
    cells |= {("AT", "C12"): "c"} if seed % 3 == 0 else {}
    found = tabulate_location_quotients(make_cells(cells), study_of()).set_index(["region", "sector"])
    whole = jobs.to_numpy().sum()
    for region in regions:
        for sector in sectors:
            truth = (jobs.loc[region, sector] / jobs.loc[region].sum()) / (jobs[sector].sum() / whole)
            row = found.loc[(region, sector)]
            assert row["least"] <= truth * (1 + 1e-9)
            assert np.isnan(row["most"]) or truth <= row["most"] * (1 + 1e-9)
            if row["bound"] == "":
                assert row[["least", "most"]].tolist() == pytest.approx([truth, truth])


def test_bounds_are_as_close_as_margins_allow() -> None:
    table: dict[tuple[str, str], float | str] = {
        **{("AT31", "C"): 100, ("AT31", "C10"): "c", ("AT31", "C11"): 70, ("AT22", "C"): 200, ("AT22", "C10"): 50},
        **{("AT22", "C11"): 150, ("AT", "C"): 300, ("AT", "C10"): 90, ("AT", "C11"): 220},
    }
    row = find(tabulate_location_quotients(make_cells(table), study_of()), region="AT31", sector="C10")
    # The country leaves 90 - 50 = 40, the region's section 100 - 70 = 30: at most 30 of 100 against 90 of 300.
    assert (row["least"], row["most"], row["bound"]) == (0, pytest.approx(1.0), "confidential")


def test_a_hidden_section_of_the_country_leaves_no_most() -> None:
    # Nobody knows how large all jobs are: the quotient is at least what it is against those published.
    table: dict[tuple[str, str], float | str] = {
        **{("AT31", "B"): 50, ("AT31", "C"): 100, ("AT31", "C10"): 30, ("AT", "B"): "c"},
        **{("AT", "C"): 1000, ("AT", "C10"): 90, ("AT22", "B"): "c", ("AT22", "C"): 10, ("AT22", "C10"): 5},
    }
    found = tabulate_location_quotients(make_cells(table), study_of())
    row = find(found, region="AT31", sector="C10")
    assert row["bound"] == "lower" and np.isnan(row["most"]) and np.isnan(row["high"])
    assert row["least"] == pytest.approx((30 / 150) / (90 / 1000)) == row["lq"]
    # AT22's own hidden mining may be any size: its quotient may be as small as you like.
    assert find(found, region="AT22", sector="C10")[["bound", "least"]].tolist() == ["either", 0.0]


def add(cells: pd.DataFrame, indicator: str, year: int, values: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    return pd.concat([cells, make_cells(values).assign(indicator=indicator, year=year)], ignore_index=True)


def test_plants_make_intervals_wider_and_tests_milder() -> None:
    plain = find(tabulate_location_quotients(make_cells(ORACLE), study_of()), region="AT31")
    cells = add(make_cells(ORACLE), "plants", 2014, {("AT31", "C10"): 7})
    row = find(tabulate_location_quotients(cells, study_of()), region="AT31")
    # 35 jobs in 7 plants: the log interval is √5 times as wide.
    assert np.log(row["high"] / row["low"]) == pytest.approx(5**0.5 * np.log(plain["high"] / plain["low"]))
    assert row["lq"] == plain["lq"]
    assert plain["p_adjusted"] < 1e-6 < row["p_adjusted"]
    # With sizes known it is the plant of the average job that counts: one of 29 and six of 1 give 847 / 35.
    squared = add(cells, "squared_jobs", 2014, {("AT31", "C10"): 29**2 + 6})
    uneven = find(tabulate_location_quotients(squared, study_of()), region="AT31")
    ratio = np.log(uneven["high"] / uneven["low"]) / np.log(plain["high"] / plain["low"])
    assert ratio == pytest.approx((847 / 35) ** 0.5)
    without = find(tabulate_location_quotients(cells, study_of(), tests=False), region="AT31")
    assert np.isnan(without["p_adjusted"])


def test_tests_are_corrected_over_all_exact_cells() -> None:
    cells = {("AT31", "C"): 100, ("AT31", "C10"): 30, ("AT31", "C11"): 70}
    cells |= {("AT", "C"): 1000, ("AT", "C10"): 200, ("AT", "C11"): 800}
    found = tabulate_location_quotients(make_cells(cells), study_of())
    raw = [binomtest(30, 100, 0.2, alternative="greater").pvalue, binomtest(70, 100, 0.8, alternative="greater").pvalue]
    # R: p.adjust(raw, "BY"): two tests, so that the smaller is doubled and times 1 + 1/2, the larger times 1.5.
    assert found["p_adjusted"].tolist() == pytest.approx([min(3 * raw[0], 1.5 * raw[1]), min(1.5 * raw[1], 1.0)])


def test_stars_of_the_panorama_rate_pay_and_growth() -> None:
    # Five regions: ranks of 0.8 and 1.0, the first two of each, get a star.
    regions = ["AT11", "AT12", "AT13", "AT21", "AT22"]
    jobs = dict(zip(regions, [5000, 4000, 3000, 2000, 900], strict=True))
    now = {(region, "C10"): value for region, value in jobs.items()}
    cells = make_cells(now | {(region, "C11"): 10_000 - value for region, value in jobs.items()})
    pay = {(region, sector): 1.0 for region in regions for sector in ("C10", "C11")} | {("AT12", "C10"): 400_000.0}
    growth = {(region, sector): 10_000.0 for region in regions for sector in ("C10", "C11")} | {("AT12", "C10"): 1000.0}
    cells = add(add(cells, "wages", 2014, pay), "jobs", 2010, growth)
    study = study_of(stars="panorama2016", compared_year=2010)
    stars = tabulate_location_quotients(cells, study).set_index(["sector", "region"])["stars"]["C10"]
    # AT11 and AT12 lead in size and quotient; AT12 is first in pay and growth; second in growth is AT11 (5,000 of
    # 10,000), second in pay AT22 (1 of 900), which is too small for any star.
    assert stars.tolist() == [3, 4, 0, 0, 0]
    with pytest.raises(StudyError, match=r"panorama2016 need the jobs of the compared_year.*take stars = eco2007"):
        tabulate_location_quotients(cells, study_of(stars="panorama2016"))
    with pytest.raises(StudyError, match="panorama2016 need wages"):
        tabulate_location_quotients(cells[cells["indicator"].ne("wages")], study)


def test_two_figures_for_one_cell_are_refused() -> None:
    cells = add(make_cells(ORACLE), "jobs", 2014, {("AT31", "C10"): 36})
    with pytest.raises(StudyError, match=r"AT31 C10 2014: a second, other figure for jobs: '36'; deliver one file"):
        tabulate_location_quotients(cells, study_of())


def test_list_and_statistics_disagree_both_ways() -> None:
    cells = {("AT31", "C"): 10_000, ("AT31", "C10"): 4000, ("AT31", "C11"): 5000, ("AT31", "C12"): 1000}
    cells |= {("AT", "C"): 100_000, ("AT", "C10"): 10_000, ("AT", "C11"): 20_000, ("AT", "C12"): 70_000}
    quotients, study = tabulate_location_quotients(make_cells(cells), study_of()), study_of()
    facts = [("u1", "Alpha", "C12", "yes"), ("u2", "Beta", "C12", "none"), ("u3", "Gamma", "C11", "yes")]
    units = pd.DataFrame(
        [("mapping", "north", "AT", unit, name, "", "complete") for unit, name, *_ in facts],
        columns=["step", "partner", "country", "unit", "cluster", "host", "status"],
    )
    said = [
        {"step": "mapping", "unit": unit, "variable": variable, "option": option, "value": 1.0, "missing": ""}
        for unit, _, sector, known in facts
        for variable, option in (("map_region", "AT31"), ("map_sector", sector), ("map_recog", known))
    ]
    clusters = tabulate_clusters(units, pd.DataFrame(said), quotients, study)
    found = tabulate_disagreements(clusters, quotients, study)
    # Alpha is recognised at 0.1 / 0.7; Beta is not recognised; Gamma agrees; C10 has a quotient of 4 and no cluster.
    assert found[["kind", "sector", "cluster"]].to_numpy().tolist() == [
        ["without_concentration", "C12", "Alpha"],
        ["without_cluster", "C10", ""],
    ]
    assert found["lq"].tolist() == pytest.approx([1 / 7, 4.0])
    assert set(found["partner"]) == {"north"}
    assert tabulate_disagreements(clusters.iloc[:0], quotients, study).empty  # no list, nothing to disagree with


def test_an_unknown_way_of_giving_stars_is_refused() -> None:
    with pytest.raises(StudyError, match=r"stars.*'best'; use one of: eco2007"):
        tabulate_location_quotients(make_cells(ORACLE), study_of(stars="best"))


def test_every_code_gets_a_fate_and_none_is_dropped_in_silence() -> None:
    codes = ["ITH3", "ITD3", "IT", "ITH", "ITZZ", "FR10", "IT99", "HU11"]
    found = tabulate_regions(
        make_cells({(code, "C10"): 1 for code in codes}), study_of(SOUTH, Partner("h", "", "", "HU"))
    )
    fates = found.set_index("code")["fate"].to_dict()
    assert fates == {
        **{"ITH3": "used", "ITD3": "bridged", "HU11": "bridged", "IT": "total", "ITH": "total"},
        **{"ITZZ": "extra_regio", "FR10": "other_country", "IT99": "unknown"},
    }
    assert find(found, code="HU11", region="HU10", fate="bridged")["parts"] == 2
    later = tabulate_regions(make_cells({("HU10", "C10"): 1}), study_of(Partner("h", "", "", "HU"), nuts="2016"))
    assert later["fate"].tolist() == ["split"]  # one figure cannot be divided between two new regions


def test_vintages_are_bridged_and_the_code_in_force_wins() -> None:
    table: dict[tuple[str, str], float | str] = {
        **{("ITH3", "C10"): 70, ("ITD3", "C10"): 1, ("ITE3", "C10"): 20, ("ITH1", "C10"): "c", ("ITD1", "C10"): 8},
        **{("HU11", "C10"): 30, ("HU12", "C10"): 12, ("HU11", "C11"): 5},
        **{("IT", "C10"): 100, ("HU", "C10"): 100, ("HU", "C11"): 50},
    }
    found = tabulate_location_quotients(make_cells(table), study_of(SOUTH, Partner("h", "", "", "HU")))
    jobs = found.set_index(["region", "sector"])["jobs"]
    assert jobs["ITH3", "C10"] == 70 and jobs["ITI3", "C10"] == 20
    assert jobs["ITH1", "C10"] == 8  # the code in force says nothing, the older one does
    assert jobs["HU10", "C10"] == 42
    assert np.isnan(jobs["HU10", "C11"])  # HU12 says nothing of C11, and half a region is none


def test_no_figures_for_the_year_is_said() -> None:
    with pytest.raises(StudyError, match="no jobs of the year asked for: '2012'"):
        tabulate_location_quotients(make_cells(ORACLE), study_of(year=2012))


@pytest.fixture
def step_one() -> tuple[pd.DataFrame, pd.DataFrame, Study]:
    """Veneto's footwear (LQ 4.5), food (0.5) and a hidden cell; Upper Austria's machinery (6) without any cluster.

    Styria's footwear has an LQ of 5 but under 1,000 jobs; Upper Austria's C30 one of at most 12.
    """
    table: dict[tuple[str, str], float | str] = {
        **{("ITH3", "C"): 100_000, ("ITH3", "C10"): 5_000, ("ITH3", "C15"): 9_000, ("ITH3", "C12"): "c"},
        **{("AT31", "C"): 50_000, ("AT31", "C10"): 5_000, ("AT31", "C28"): 12_000, ("AT31", "C30"): 2_000},
        **{("AT22", "C"): 9_000, ("AT22", "C15"): 900, ("IT", "C"): 500_000, ("IT", "C10"): 60_000},
        **{("IT", "C12"): 900, ("IT", "C15"): 11_100, ("IT", "C28"): 10_000, ("IT", "C30"): "c"},
        **{("AT", "C"): 100_000, ("AT", "C10"): 0, ("AT", "C12"): 0, ("AT", "C15"): 900},
        **{("AT", "C28"): 14_000, ("AT", "C30"): 2_000},
    }
    study = study_of(NORTH, SOUTH, sectors="C")
    units = pd.DataFrame(
        [
            ("south-m-001", "Fenicottero", "complete"),  # footwear, recognised by the region
            ("south-m-002", "Tarabuso", "complete"),  # food, recognised, LQ 0.5
            ("south-m-003", "Ghiandaia", "complete"),  # food, not recognised
            ("south-m-004", "Usignolo", "complete"),  # tobacco, a hidden figure
            ("south-m-005", "Fagiano", "complete"),  # a sector that the statistics do not know
            ("south-m-006", "Poiana", "rejected"),  # struck from the list
        ],
        columns=["unit", "cluster", "status"],
    ).assign(step="mapping", partner="south", country="IT", host="")
    facts = zip(units["unit"], ["C15", "C10", "C10", "C12", "Z99"], strict=False)
    rows: list[tuple[Any, ...]] = []
    for unit, sector in facts:
        rows += [("south", "IT", unit, "map_sector", sector, 1), ("south", "IT", unit, "map_region", "ITD3", 1)]
        recognised = unit in ("south-m-001", "south-m-002")
        rows.append(("south", "IT", unit, "map_recog", "regional" if recognised else "none", 1))
    quotients = tabulate_location_quotients(make_cells(table), study)
    clusters = tabulate_clusters(units, make_observations(rows, step="mapping"), quotients, study)
    return clusters, quotients, study


def test_each_cluster_stands_beside_its_sector_and_region(step_one: tuple[pd.DataFrame, pd.DataFrame, Study]) -> None:
    clusters, _, _ = step_one
    verdicts = ["concentrated", "not_concentrated", "not_concentrated", "hidden", "unmatched"]
    assert clusters["verdict"].tolist() == verdicts
    assert clusters["region"].unique().tolist() == ["ITH3"]  # written with its superseded code
    assert clusters["recognised"].tolist() == [True, True, False, False, False]
    assert clusters["lq"].iloc[0] == pytest.approx((9 / 100) / (12 / 600))
    assert clusters["bound"].tolist() == ["", "", "", "confidential", ""]


def test_estimates_of_step_one(step_one: tuple[pd.DataFrame, pd.DataFrame, Study]) -> None:
    clusters, quotients, study = step_one
    found = tabulate_mapping(quotients, clusters, study)
    cell = {"variable": "concentration", "occasion": "ITH3", "partner": "south", "country": "IT"}
    assert find(found, statistic="lq", option="C15", **cell)["estimate"] == pytest.approx(4.5)
    assert find(found, statistic="jobs", option="C15", **cell)["estimate"] == 9000
    assert find(found, statistic="lq", **cell)["estimate"] == pytest.approx(4.5)  # the region's highest
    assert not (found["option"].eq("C12") & found["statistic"].eq("lq")).any()  # hidden cells have no number
    north = {"variable": "concentration", "occasion": "AT31", "partner": "north", "country": "AT", "statistic": "lq"}
    assert find(found, **north)["estimate"] == pytest.approx(6)  # of the exact ones: the 12 is only an upper bound
    assert find(found, **{**north, "option": "C30"})["method"] == "bound_upper"
    share = find(found, variable="map_concentrated", option="yes", partner="south", country="IT")
    assert (share["k"], share["n"], share["base"]) == (1, 3, "clusters")
