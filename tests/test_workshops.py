"""Votes counted by hand, and two ranking files from the literature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cncb_analysis.readers import read_raw
from cncb_analysis.statistics.agreement import copeland_scores, rank_interval
from cncb_analysis.workshops import tabulate_votes
from tests.stand_ins import find, make_observations, make_table

BALLOTS = make_table("workshop round kind cap", [("", "1", "dots", "10"), ("", "2", "ranks", "5")])
ITEMS = make_table(
    "item merged_into workshop", [("exchange", "", ""), ("tours", "", ""), ("bids", "", ""), ("fair", "tours", "")]
)
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


Sheets = Mapping[tuple[str, str, str], Mapping[str, float]]


def count(
    rounds: Mapping[str, Sheets],
    ballots: pd.DataFrame = BALLOTS,
    items: pd.DataFrame = ITEMS,
    consensus: float | None = None,
) -> pd.DataFrame:
    rows = [
        (*who, "votes", item, value, occasion)
        for occasion, sheets in rounds.items()
        for who, sheet in sheets.items()
        for item, value in sheet.items()
    ]
    observations = make_observations(rows, step="workshops")
    return tabulate_votes(observations, ballots, items, rng=np.random.default_rng(1), consensus=consensus)


def vote(kind: str, sheets: Sequence[Mapping[str, float]], cap: str = "") -> pd.DataFrame:
    """One round of one workshop, items as the sheets name them: its rows over all."""
    ballots = make_table("workshop round kind cap", [("", "1", kind, cap)])
    found = count({"1": {("one", "IT", f"s{i}"): sheet for i, sheet in enumerate(sheets)}}, ballots, ITEMS.head(0))
    return found[found["partner"].eq("") & found["country"].eq("")]


def by_item(found: pd.DataFrame, statistic: str, **where: str) -> dict[str, float]:
    wanted = {"partner": "", "occasion": "1", "statistic": statistic, **where}
    rows = found[(found[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    assert rows["country"].nunique() <= 1
    return dict(zip(rows["option"], rows["estimate"], strict=True))


@pytest.fixture(scope="module")
def votes() -> pd.DataFrame:
    return count({"1": DOTS, "2": RANKS}, consensus=0.75)


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
    found = count({"1": {("milan", "IT", "M1"): {"exchange": 3, "tours": 3, "bids": 1}}})
    assert by_item(found, "dots_rank", partner="milan") == {"exchange": 1, "tours": 1, "bids": 3, "fair": 4}


def test_no_votes_and_abstentions_give_no_rows() -> None:
    assert count({}).empty
    assert count({"1": {("milan", "IT", "M1"): {"exchange": 0}}}).empty


def test_a_zero_is_the_same_as_no_dot() -> None:
    sheets = [{"tours": 3, "bids": 0}, {"bids": 2, "fair": 0}, {"fair": 1, "tours": 1}]
    without = [{item: dots for item, dots in sheet.items() if dots} for sheet in sheets]
    pd.testing.assert_frame_equal(
        *(vote("dots", own).sort_values(["statistic", "option"], ignore_index=True) for own in (sheets, without))
    )


def test_movement_counts_what_was_merged_as_one_before(votes: pd.DataFrame) -> None:
    # Dots of round 1 in all: tours with the fair 3 + 7, exchange 6, bids 4; round 2: exchange 5, tours 4.5, bids 2.5.
    assert by_item(votes, "movement", country="", occasion="2") == {"exchange": 1, "tours": -1, "bids": 0}
    # Milan: tours 3 + 2 dots stood before the bids' 4 already.
    assert by_item(votes, "movement", partner="milan", occasion="2") == {"exchange": 0, "tours": 0, "bids": 0}
    assert not votes["occasion"].eq("1")[votes["statistic"].eq("movement")].any()


@pytest.mark.parametrize(
    ("kind", "round_2", "expected"),
    [("ranks", {"fair": 1, "tours": 2, "bids": 3}, [2, 1, 0]), ("dots", {"fair": 2, "tours": 2, "bids": 3}, [4, 3, 0])],
)
def test_after_merging_a_vote_for_the_part_is_one_for_the_whole(
    kind: str, round_2: dict[str, float], expected: list[float]
) -> None:
    ballots = make_table("workshop round kind cap", [("", "1", "dots", ""), ("", "2", kind, "")])
    who = ("milan", "IT", "M1")
    found = count({"1": {who: {"exchange": 1}}, "2": {who: round_2}}, ballots)
    points = by_item(found, "borda" if kind == "ranks" else "dots", partner="milan", occasion="2")
    assert [points[item] for item in ("tours", "bids", "exchange")] == expected


def test_equal_workshops_beside_equal_participants(votes: pd.DataFrame) -> None:
    by_workshop = by_item(votes, "dots_by_workshop", country="")
    # Milan: three people gave the exchange six dots; Pecs: one gave the fair five.
    assert by_workshop == pytest.approx({"exchange": 1, "tours": 0.5, "bids": 2 / 3, "fair": (2 / 3 + 5) / 2})
    assert find(votes, statistic="share_voted", option="exchange", occasion="1")["estimate"] == 3 / 4
    assert find(votes, statistic="share_voted_by_workshop", option="exchange", occasion="1")["estimate"] == 1 / 2
    ranks = [by_item(votes, f"dots{name}_rank", country="")["bids"] for name in ("", "_by_workshop")]
    assert ranks == [3, 3]
    assert find(votes, statistic="borda_by_workshop", option="tours", occasion="2")["estimate"] == (2.5 / 3 + 2) / 2
    assert not votes["country"].eq("IT")[votes["statistic"].str.contains("by_workshop")].any()  # one workshop alone


def test_consensus_by_the_share_fixed_before(votes: pd.DataFrame) -> None:
    in_milan = {"exchange": 1, "tours": 0, "bids": 0, "fair": 0}
    assert by_item(votes, "consensus", partner="milan") == in_milan
    assert by_item(votes, "consensus", country="")["exchange"] == 1  # 3 of 4: exactly the share
    assert not count({"1": DOTS})["statistic"].eq("consensus").any()


def test_rules_that_disagree_are_told() -> None:
    """Two put all on the bids, three divide theirs: more dots here, more participants there."""
    found = vote("dots", [{"bids": 5}, {"bids": 5}, *[{"tours": 3, "fair": 2}] * 3])
    assert by_item(found, "first_by_dots") == {"bids": 1, "tours": 0, "fair": 0}
    assert by_item(found, "first_by_share_voted") == {"bids": 0, "tours": 1, "fair": 1}
    for rule in ("share_first", "condorcet"):
        assert by_item(found, f"first_by_{rule}") == {"bids": 0, "tours": 1, "fair": 0}
    assert find(found, statistic="rules_agree", occasion="1")["estimate"] == 0


def test_rules_that_agree_leave_one_item(votes: pd.DataFrame) -> None:
    milan = {"partner": "milan", "country": "IT", "occasion": "1"}
    assert find(votes, statistic="rules_agree", **milan)["estimate"] == 1
    # Each of the four is put first by one of three: first places tell nothing there.
    rules = votes.loc[votes["statistic"].str.startswith("first_by") & votes["partner"].eq("milan"), :]
    rules = rules[rules["occasion"].eq("1")]
    assert set(rules["option"]) == {"exchange"}
    assert set(rules["statistic"]) == {"first_by_dots", "first_by_share_voted", "first_by_condorcet"}


def test_a_circle_has_no_condorcet_winner() -> None:
    found = vote("ranks", [{"a": 1, "b": 2, "c": 3}, {"b": 1, "c": 2, "a": 3}, {"c": 1, "a": 2, "b": 3}, {"a": 1}])
    assert by_item(found, "copeland") == {"a": 1.5, "b": 1, "c": 0.5}
    assert set(by_item(found, "first_by_condorcet").values()) == {0}
    assert find(found, statistic="rules_agree", occasion="1")["estimate"] == 0


def test_scores_by_mean_and_the_two_highest() -> None:
    found = vote("scores", [{"a": 5, "b": 3}, {"a": 4, "b": 4}, {"a": 1}])
    assert by_item(found, "mean_score") == {"a": pytest.approx(10 / 3), "b": 3.5}
    assert by_item(found, "share_top2") == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 3)}
    # The first prefers a, the second neither, the third scored a alone.
    assert by_item(found, "borda") == {"a": 2.5, "b": 0.5}
    assert by_item(found, "mean_score_rank") == {"a": 2, "b": 1}
    # Not to be scored by six of nine costs b nothing.
    partly = vote("scores", [{"a": 3}] * 6 + [{"a": 3, "b": 5}] * 3)
    assert partly.loc[partly["statistic"].eq("mean_score_rank"), ["low", "high"]].to_numpy().tolist() == [
        [2, 2],
        [1, 1],
    ]
    ten = vote("scores", [{"a": 9, "b": 8}], cap="10")
    assert by_item(ten, "share_top2") == {"a": 1, "b": 0}


def test_approvals_count_one_each() -> None:
    found = vote("approval", [{"a": 1, "b": 1}, {"a": 1, "b": 0}])
    assert by_item(found, "dots") == {"a": 2, "b": 1}
    assert by_item(found, "share_voted") == {"a": 1, "b": 0.5}


def test_other_ballots_and_items_of_one_workshop_are_not_counted_together() -> None:
    ballots = make_table("workshop round kind cap", [("", "1", "dots", ""), ("pecs", "1", "ranks", "")])
    found = count({"1": {("milan", "IT", "M1"): {"tours": 2}, ("pecs", "HU", "P1"): {"tours": 1}}}, ballots)
    assert set(found["country"]) == {"IT", "HU"}
    items = ITEMS.assign(workshop=["milan", "", "", ""])
    found = count({"1": DOTS}, items=items)
    assert by_item(found, "dots", partner="milan")["exchange"] == 6
    assert "exchange" not in by_item(found, "dots", country="")


def test_ranges_of_places_hold_the_place() -> None:
    sure = vote("dots", [{"a": 3, "b": 1}] * 9)
    rows = sure[sure["statistic"].eq("dots_rank")]
    assert rows[["low", "estimate", "high"]].to_numpy().tolist() == [[1, 1, 1], [2, 2, 2]]
    assert set(rows["method"]) == {"bootstrap"}
    close = vote("dots", [{"a": 3, "b": 1}] * 3 + [{"b": 2}] * 4)
    assert by_item(close, "dots_rank") == {"a": 2, "b": 1}
    assert close.loc[close["statistic"].eq("dots_rank"), ["low", "high"]].to_numpy().tolist() == [[1, 2]] * 2


def test_ranges_cover_what_chance_makes() -> None:
    """Of 200 votes drawn with one item truly better by a fifth of a standard deviation, its range holds place 1."""
    rng = np.random.default_rng(2)
    held = [rank_interval(rng.normal([0.2, 0, 0], 1, (40, 3)), rng=rng, draws=199)[0][0] == 1 for _ in range(200)]
    assert np.mean(held) >= 0.95


PROFILES = st.integers(2, 4).flatmap(
    lambda items: st.lists(st.lists(st.integers(1, 5), min_size=items, max_size=items), min_size=1, max_size=7)
)


@given(PROFILES)
def test_a_condorcet_winner_beats_every_other(profile: list[list[int]]) -> None:
    ranks = np.array(profile)
    items = range(ranks.shape[1])
    wins = [[int((ranks[:, a] < ranks[:, b]).sum()) for b in items] for a in items]
    winners = [a for a in items if all(wins[a][b] > wins[b][a] for b in items if b != a)]
    scores = copeland_scores(ranks)
    assert np.flatnonzero(scores == len(items) - 1).tolist() == winners
    assert scores.sum() == len(items) * (len(items) - 1) / 2  # each pair shares out one win


@settings(max_examples=12, deadline=None)
@given(PROFILES, st.randoms(use_true_random=False), st.sampled_from(["dots", "ranks", "scores", "approval"]))
def test_neither_the_order_of_sheets_nor_the_names_of_items_matter(
    profile: list[list[int]], random: Random, kind: str
) -> None:
    """Anonymity and neutrality."""
    names = [f"i{place}" for place in range(len(profile[0]))]
    renamed = random.sample(names, len(names))
    sheets = [dict(zip(names, row, strict=True)) for row in profile]
    others = [dict(zip(renamed, row, strict=True)) for row in random.sample(profile, len(profile))]
    back = dict(zip(renamed, names, strict=True))
    first, second = (
        found[~found["statistic"].eq("kendall_w_p")].set_index(["statistic", "option"])["estimate"].sort_index()
        for found in (vote(kind, sheets), vote(kind, others).replace({"option": back}))
    )
    pd.testing.assert_series_equal(first, second)


def read_ranks(name: str) -> list[dict[str, float]]:
    """A PrefLib file, a sheet a voter."""
    cells = read_raw((REAL / name).read_bytes(), file=name).cells.astype(str).astype({"value": float})
    return [dict(zip(own["item"], own["value"], strict=True)) for _, own in cells.groupby("sheet", sort=False)]


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/real/ballots/shirt.soc is not here")
def test_thirty_voters_on_shirts_give_the_published_points() -> None:
    """PrefLib 00012-00000001, computed with preflibtools: Borda, plurality, Condorcet, Copeland, W."""
    own = vote("ranks", read_ranks("shirt.soc"))
    assert by_item(own, "borda") == {
        **{"TSP": 231, "Graph Coloring": 220, "Australia": 205, "VRP": 179, "Brush Strokes": 168, "Simple": 164},
        **{"Braille": 119, "College": 107, "Star Trek": 95, "Red": 92, "Exponential": 70},
    }
    firsts = own[own["statistic"].eq("share_first")].set_index("option")["k"]
    assert firsts[["Australia", "TSP", "Braille", "Graph Coloring", "Star Trek"]].tolist() == [7, 6, 4, 4, 4]
    copeland = by_item(own, "copeland")
    assert [copeland[item] for item in ("TSP", "Australia", "Graph Coloring")] == [9.5, 9, 8.5]
    assert by_item(own, "first_by_borda") == {"TSP": 1, "Australia": 0}
    assert by_item(own, "first_by_share_first") == {"TSP": 0, "Australia": 1}
    assert by_item(own, "first_by_condorcet") == {"TSP": 0, "Australia": 0}
    assert find(own, statistic="rules_agree", occasion="1")["estimate"] == 0
    w = find(own, statistic="kendall_w", occasion="1")["estimate"]
    assert w == pytest.approx(0.31764, abs=5e-6)
    assert 30 * 10 * w == pytest.approx(95.2909, abs=5e-5)


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/real/ballots/salad.csv is not here")
def test_thirty_two_judges_on_salad_dressings_give_the_published_ranks() -> None:
    """Critchlow and Fligner (1991): W and mean ranks; a row of the file holds the ranks of A to D."""
    found = vote("ranks", pd.read_csv(REAL / "salad.csv").to_dict("records"))
    assert by_item(found, "mean_rank") == {"A": 3.4375, "B": 1.4375, "C": 2.3125, "D": 2.8125}
    assert find(found, statistic="kendall_w", occasion="1")["estimate"] == 0.428125


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/real/ballots/*.to? are not here")
@pytest.mark.parametrize(
    ("name", "voters", "items", "named", "tied"),
    [("skaters.toc", 9, 30, 270, 3), ("education_qualities.toi", 15, 20, 40, 2)],
)
def test_the_other_ranking_files_are_read_whole(name: str, voters: int, items: int, named: int, tied: int) -> None:
    """Voters and alternatives as the heading says; places named and ballots with ties counted in the text."""
    sheets = read_ranks(name)
    assert (len(sheets), len({item for sheet in sheets for item in sheet})) == (voters, items)
    assert sum(map(len, sheets)) == named
    assert sum(len(set(sheet.values())) < len(sheet) for sheet in sheets) == tied
    found = vote("ranks", sheets)
    assert sum(by_item(found, "borda").values()) == voters * items * (items - 1) / 2
