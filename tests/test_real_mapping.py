"""Eurostat's structural business statistics of 2014, as published, against figures worked out by hand.

Expected figures: persons employed, reference = the seven national rows of the regional file itself, sections B to N
without K and division S95; total 33,334,824.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.cleaning import empty_cleaned
from cncb_analysis.concentration import tabulate_location_quotients, tabulate_regions
from cncb_analysis.mapping import tabulate_clusters, tabulate_mapping, tabulate_neighbourhoods
from cncb_analysis.readers import read_eurostat
from cncb_analysis.store import read_bytes, read_table
from cncb_analysis.study import Partner, Study
from tests.stand_ins import find, make_study

FILE = Path(__file__).parents[2] / "shared" / "real" / "eurostat" / "sbs_r_nuts06_r2.tsv.gz"
GEOGRAPHY = Path(__file__).parents[1] / "data" / "study" / "geography.csv"
COUNTRIES = ("AT", "CZ", "HU", "IT", "PL", "SI", "SK")

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the real file is not here")


@pytest.fixture(scope="module")
def study() -> Study:
    settings = {"mapping": {"year": 2014, "nuts": "2013", "stars": "eco2007", "sectors": "C"}}
    partners = [Partner(code, code, code, code) for code in COUNTRIES]
    return make_study({"geography": read_table(GEOGRAPHY)}, partners=partners, settings=settings)


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    return read_eurostat(read_bytes(FILE), file=FILE.name, years=[2014], countries=COUNTRIES)


@pytest.fixture(scope="module")
def quotients(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    return tabulate_location_quotients(cells, study)


@pytest.mark.parametrize(
    ("region", "sector", "jobs", "quotient"),
    [
        ("ITI3", "C15", 26_578, 10.684),  # Marche, leather and footwear
        ("ITH3", "C15", 27_016, 3.029),  # Veneto, the same
        ("PL22", "B05", 88_043, 20.477),  # Silesia, coal
        ("CZ02", "C29", 41_983, 5.570),  # Central Bohemia, vehicles
        ("PL41", "C31", 41_325, 3.843),  # Greater Poland, furniture
        ("ITH4", "C31", 13_613, 3.802),  # Friuli, chairs
        ("AT22", "C24", 9_974, 2.842),  # Styria, steel
        ("SK01", "C29", 17_384, 2.432),  # Bratislava, vehicles
    ],
)
def test_what_every_expert_knows(quotients: pd.DataFrame, region: str, sector: str, jobs: int, quotient: float) -> None:
    row = find(quotients, region=region, sector=sector)
    assert row["jobs"] == jobs
    assert row["lq"] == pytest.approx(quotient, abs=0.0005)


def test_stars_of_manufacturing(quotients: pd.DataFrame) -> None:
    stars = quotients["stars"].value_counts()
    assert (stars[3], stars[2], stars[1]) == (24, 75, 214)
    three = quotients[quotients["stars"].eq(3)]
    named = set(three["region"] + " " + three["sector"])
    expected = "CZ02 C29,CZ05 C29,HU21 C29,HU22 C29,ITI1 C15,ITI3 C15,ITI3 C31,ITH4 C31,PL41 C31,PL62 C31"
    assert named >= {*expected.split(","), "PL11 C14", "SK04 C24", "CZ08 C24", "HU31 C26", "AT31 C28"}
    manufacturing = quotients[quotients["sector"].str.startswith("C")]
    assert len(manufacturing) == 1608 and (manufacturing["lq"] >= 2).sum() == 138


def test_a_hidden_national_figure_makes_an_upper_bound_not_a_record(quotients: pd.DataFrame) -> None:
    # Summed over published regions only, Styria's 211 ore miners would come out at 88.9.
    row = find(quotients, region="AT22", sector="B07")
    assert (row["jobs"], row["bound"], row["hidden"]) == (211, "upper", "AT CZ IT SK")
    assert row["lq"] == row["most"] == pytest.approx(1.389, abs=0.0005)
    # With all that sections leave to the four countries' hidden figures the quotient would be 0.80.
    assert row["least"] == pytest.approx(0.801, abs=0.0005)


def test_hidden_cells_are_limited_by_their_margins(quotients: pd.DataFrame) -> None:
    hidden = quotients[quotients["bound"].eq("confidential")]
    assert hidden["most"].notna().sum() == 349
    assert (hidden["least"] == 0).all()
    exact = quotients[quotients["bound"].eq("")]
    # What a regional total may lack and still count as whole is one part in a hundred.
    assert exact["least"].to_numpy() == pytest.approx(exact["lq"].to_numpy(), rel=0.01)
    assert exact["most"].to_numpy() == pytest.approx(exact["lq"].to_numpy())


def test_machinery_of_the_po_valley_stands_out_together(quotients: pd.DataFrame, study: Study) -> None:
    found = tabulate_neighbourhoods(quotients, study, rng=np.random.default_rng(1))
    spots = found[found["statistic"].eq("hot_spot") & found["option"].eq("C28")]
    assert {"ITC4", "ITH3", "ITH5"} <= set(spots["occasion"])
    p = found[found["statistic"].eq("moran_p")]
    assert len(p) == 24 and p["estimate"].between(0.0005, 1).all()
    again = tabulate_neighbourhoods(quotients, study, rng=np.random.default_rng(1))
    pd.testing.assert_frame_equal(found, again)


def test_confidential_cells_stay_in_the_list(quotients: pd.DataFrame) -> None:
    hidden = quotients[quotients["bound"].eq("confidential")]
    assert len(hidden) == 358
    assert hidden["lq"].isna().all()


def test_sixty_seven_regions_carry_values_and_every_code_has_a_fate(cells: pd.DataFrame, study: Study) -> None:
    fates = tabulate_regions(cells, study)
    assert fates["fate"].value_counts().to_dict() == {"used": 67, "bridged": 11, "total": 7}
    assert set(fates.loc[fates["fate"].eq("bridged"), "code"].str[:3]) == {"ITD", "ITE", "SI0"}


def test_without_a_list_of_clusters_every_region_still_has_its_highest_quotient(
    quotients: pd.DataFrame, study: Study
) -> None:
    nothing = empty_cleaned()
    clusters = tabulate_clusters(nothing.units, nothing.observations, quotients, study)
    found = tabulate_mapping(quotients, clusters, study)
    highest = found[found["option"].eq("") & found["statistic"].eq("lq")].set_index("occasion")
    assert len(highest) == 67
    assert highest.loc["ITI3", ["estimate", "method"]].tolist() == [pytest.approx(10.684, abs=0.0005), "log_delta"]
    # Burgenland hides two sections, so that every quotient of it is an upper bound.
    assert highest.loc["AT11", "method"] == "bound_upper"
