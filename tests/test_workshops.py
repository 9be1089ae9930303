"""Votes counted by hand, and two ranking files from the literature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.workshops import tabulate_votes
from tests.stand_ins import find, make_observations, make_table

BALLOTS = make_table("workshop round kind", [("", "1", "dots"), ("", "2", "ranks")])
ITEMS = make_table("item merged_into", [("exchange", ""), ("tours", ""), ("bids", ""), ("fair", "tours")])
REAL = Path(__file__).parents[2] / "shared" / "real" / "ballots"

# Round 1, dots. Milan: three people, and M4 who put none. Pecs: one person, all on the fair, which is merged into the
# tours for round 2. Round 2, ranks: M2 ties two items, M3 leaves one out, P1 leaves two out.
DOTS = {
    ("milan", "IT", "M1"): {"exchange": 4, "tours": 1},
    ("milan", "IT", "M2"): {"exchange": 1, "bids": 4},
    ("milan", "IT", "M3"): {"exchange": 1, "fair": 2, "tours": 2},
    ("milan", "IT", "M4"): {"exchange": 0},
    ("pecs", "HU", "P1"): {"fair": 5},
}
RANKS = {
    ("milan", "IT", "M1"): {"exchange": 1, "tours": 2, "bids": 3},
    ("milan", "IT", "M2"): {"bids": 1, "exchange": 2, "tours": 2},
    ("milan", "IT", "M3"): {"exchange": 1, "tours": 3},
    ("pecs", "HU", "P1"): {"tours": 1},
}


@pytest.fixture(scope="module")
def votes() -> pd.DataFrame:
    rows = [
        (*who, "votes", item, value, occasion)
        for occasion, sheets in (("1", DOTS), ("2", RANKS))
        for who, sheet in sheets.items()
        for item, value in sheet.items()
    ]
    observations = make_observations(rows, step="workshops")
    return tabulate_votes(observations, BALLOTS, ITEMS, rng=np.random.default_rng(1))


def test_dots_and_the_share_that_gave_at_least_one(votes: pd.DataFrame) -> None:
    milan = {"partner": "milan", "country": "IT", "occasion": "1"}
    dots = find(votes, statistic="dots", option="exchange", **milan)
    assert (dots["estimate"], dots["n"], dots["base"]) == (6, 3, "participants")  # M4 abstained
    assert find(votes, statistic="share_voted", option="exchange", **milan)["estimate"] == 1
    # The bids got four dots, all of one person: as many as any two items but the first, by one voter of three.
    share = find(votes, statistic="share_voted", option="bids", **milan)
    assert (share["k"], share["n"]) == (1, 3)
    assert (share["low"], share["high"]) == pytest.approx((0.0615, 0.7923), abs=5e-5)  # Wilson
    assert find(votes, statistic="dots_rank", option="tours", **milan)["estimate"] == 3
    assert find(votes, statistic="share_first", option="bids", **milan)["k"] == 1


def test_borda_shares_the_places_of_ties_and_gaps(votes: pd.DataFrame) -> None:
    milan = {"partner": "milan", "country": "IT", "occasion": "2"}
    points = {
        item: find(votes, statistic="borda", option=item, **milan)["estimate"] for item in ("exchange", "tours", "bids")
    }
    # M1 2-1-0; M2 bids 2, the tied 0.5 each; M3's ranks 1 and 3 are first and second, the item left out third.
    assert points == {"exchange": 2 + 0.5 + 2, "tours": 1 + 0.5 + 1, "bids": 0 + 2 + 0}
    assert find(votes, statistic="mean_rank", option="tours", **milan)["estimate"] == pytest.approx((2 + 2.5 + 2) / 3)
    # W: rank sums 4.5, 6.5, 7 about 6; S = 3.5; m² (n³ - n) = 216, less 3 · 6 for the one tie: 12 · 3.5 / 198.
    assert find(votes, statistic="kendall_w", **milan)["estimate"] == pytest.approx(42 / 198)
    assert find(votes, statistic="share_ranked", option="bids", **milan)["k"] == 2
    assert not (votes["occasion"].eq("2") & votes["option"].eq("fair")).any()


def test_in_a_country_each_participant_weighs_the_same(votes: pd.DataFrame) -> None:
    # Milan 2.5 points of three people, Pecs 2 of one.
    assert find(votes, statistic="borda", option="tours", occasion="2")["estimate"] == 2.5 + 2
    assert find(votes, statistic="borda_rank", option="tours", occasion="2")["estimate"] == 2


def test_places_that_tie_are_the_better_one() -> None:
    dots = {"exchange": 3, "tours": 3, "bids": 1}
    rows = [("milan", "IT", "M1", "votes", item, number, "1") for item, number in dots.items()]
    found = tabulate_votes(make_observations(rows, step="workshops"), BALLOTS, ITEMS, rng=np.random.default_rng(1))
    ranks = found[found["partner"].eq("milan") & found["statistic"].eq("dots_rank")].set_index("option")["estimate"]
    assert ranks.to_dict() == {"exchange": 1, "tours": 1, "bids": 3, "fair": 4}


def test_no_votes_give_no_rows() -> None:
    nothing = make_observations([], step="workshops")
    found = tabulate_votes(nothing, BALLOTS, ITEMS, rng=np.random.default_rng(1))
    assert found.empty


def read_soc(path: Path) -> list[dict[str, int]]:
    """A complete PrefLib file: a line a voter, "count: best, …, worst"."""
    lines = path.read_text(encoding="utf-8").splitlines()
    names = [line.split(": ", 1)[1] for line in lines if line.startswith("# ALTERNATIVE NAME")]
    sheets = []
    for line in lines:
        if not line.startswith("#"):
            count, order = line.split(": ")
            ranks = {names[int(item) - 1]: rank for rank, item in enumerate(order.split(","), start=1)}
            sheets += [ranks] * int(count)
    return sheets


def count_sheets(sheets: list[dict[str, int]]) -> pd.DataFrame:
    rows = [
        ("one", "IT", f"s{place}", "votes", item, rank, "2")
        for place, sheet in enumerate(sheets)
        for item, rank in sheet.items()
    ]
    return tabulate_votes(
        make_observations(rows, step="workshops"), BALLOTS, ITEMS.head(0), rng=np.random.default_rng(1)
    )


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")
def test_thirty_voters_on_shirts_give_the_published_points() -> None:
    """PrefLib 00012, computed with preflibtools: Borda, plurality, W."""
    found = count_sheets(read_soc(REAL / "shirt.soc"))
    own = found[found["partner"].eq("") & found["country"].eq("")]
    points = own[own["statistic"].eq("borda")].set_index("option")["estimate"]
    assert points.to_dict() == {
        **{"TSP": 231, "Graph Coloring": 220, "Australia": 205, "VRP": 179, "Brush Strokes": 168, "Simple": 164},
        **{"Braille": 119, "College": 107, "Star Trek": 95, "Red": 92, "Exponential": 70},
    }
    firsts = own[own["statistic"].eq("share_first")].set_index("option")["k"]
    assert firsts[["Australia", "TSP", "Braille", "Graph Coloring", "Star Trek"]].tolist() == [7, 6, 4, 4, 4]
    assert find(own, statistic="kendall_w", occasion="2")["estimate"] == pytest.approx(0.31764, abs=5e-6)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")
def test_thirty_two_judges_on_salad_dressings_give_the_published_ranks() -> None:
    """Critchlow and Fligner (1991): W and mean ranks; a row of the file holds the ranks of A to D."""
    table = pd.read_csv(REAL / "salad.csv")
    found = count_sheets(table.to_dict("records"))
    ranks = found[found["partner"].eq("one") & found["statistic"].eq("mean_rank")].set_index("option")["estimate"]
    assert ranks[["A", "B", "C", "D"]].tolist() == [3.4375, 1.4375, 2.3125, 2.8125]
    assert find(found, partner="one", country="IT", occasion="2", statistic="kendall_w")["estimate"] == 0.428125
