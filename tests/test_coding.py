"""What the coding carries: agreement of coders, topics told together, saturation, labels much alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.coding import (
    tabulate_agreement,
    tabulate_disagreements,
    tabulate_near_duplicates,
    tabulate_pairs,
    tabulate_saturation,
)
from tests.stand_ins import find, make_table

Rows = list[tuple[str, str, str, str, bool]]


def make_segments(rows: Rows) -> pd.DataFrame:
    """Segments of (unit, excerpt, theme_code, coder, final)."""
    table = pd.DataFrame(rows, columns=["unit", "excerpt", "theme_code", "coder", "final"])
    return table.assign(text="said in " + table["unit"] + table["excerpt"])


def make_units(units: str) -> pd.DataFrame:
    """Interviews of Milan."""
    return pd.DataFrame({"unit": units.split()}).assign(
        step="interviews", partner="milan", country="IT", status="complete"
    )


def agree(rows: Rows) -> pd.DataFrame:
    return tabulate_agreement(make_segments(rows), rng=np.random.default_rng(1))


# Interview u: four excerpts. A: obstacles in 1, 2, 3 and circle in 4; B: obstacles in 1, 2 and circle in 3, 4.
FIRST = [("1", "obstacles/culture"), ("2", "obstacles/funding"), ("3", "obstacles/culture"), ("4", "circle/trust")]
SECOND = [("1", "obstacles/funding"), ("2", "obstacles/funding"), ("3", "circle"), ("4", "circle")]
TWICE: Rows = [
    *(("u", *place, "A", True) for place in FIRST),
    *(("u", *place, "B", False) for place in SECOND),
    ("u", "1", "obstacles/funding", "A", True),  # a second child of the same root adds nothing to it
    ("single", "1", "obstacles/culture", "A", True),  # coded once: nothing to compare
]


def test_agreement_by_hand() -> None:
    found = agree(TWICE)
    share = find(found, statistic="agreement", variable="theme:obstacles")
    assert (share["k"], share["n"], share["estimate"]) == (3, 4, 0.75)  # another child of the same root agrees
    # alpha = 1 - 7 * 2 / (2 * 5 * 3): of 8 codings 5 say yes; one disagreement is two mismatched pairs of 30 possible.
    assert find(found, statistic="alpha", variable="theme:obstacles")["estimate"] == pytest.approx(1 - 7 * 2 / 30)
    # kappa: agreed 3 / 4; by chance 3/4 * 2/4 + 1/4 * 2/4.
    assert find(found, statistic="kappa", variable="theme:obstacles")["estimate"] == pytest.approx((0.75 - 0.5) / 0.5)
    # All: eight judgements of two, six alike; 8 of 16 codings say yes.
    assert find(found, statistic="agreement", variable="theme")["estimate"] == 6 / 8
    assert find(found, statistic="alpha", variable="theme")["estimate"] == pytest.approx(1 - 15 * 4 / (2 * 8 * 8))
    # Per code: A gave culture to 1 and 3, B to none.
    culture = find(found, statistic="agreement", variable="theme:obstacles", option="culture")
    assert (culture["k"], culture["n"]) == (2, 4)


def test_agreement_has_an_interval_and_tells_undefined_replicates() -> None:
    found = agree(TWICE)
    row = find(found, statistic="agreement", variable="theme:obstacles")
    assert (row["low"], row["high"], row["method"]) == (0.25, 1, "bootstrap")
    # Only the excerpts 3 and 4 vary in either coder: without a mix of answers there is no alpha.
    lost = find(found, statistic="alpha_undefined", variable="theme:obstacles")
    assert (lost["n"], lost["base"]) == (2000, "replicates")
    # All drawn from 1 and 2 (yes throughout), or all the 4 (no throughout).
    assert lost["estimate"] / 2000 == pytest.approx((2 / 4) ** 4 + (1 / 4) ** 4, abs=0.02)
    # Of the whole, an excerpt is drawn with its judgements on both topics: always yes once and no once.
    assert not (found["variable"].eq("theme") & found["statistic"].eq("alpha_undefined")).any()


def test_kappa_is_for_two_and_alpha_for_any_number() -> None:
    # A wholly final coding beside two others would be the agreed one.
    third = agree([*((*row[:4], False) for row in TWICE), ("u", "1", "circle", "C", False)])
    assert "kappa" not in set(third["statistic"])
    # Two of three pairs differ in one excerpt (1: only C says circle): agreement of pairs, mean over the excerpts.
    assert find(third, statistic="agreement", variable="theme:circle")["k"] == pytest.approx(1 / 3 + 1 + 1 / 3 + 1 / 3)


def test_the_agreed_coding_is_no_third_coder() -> None:
    own: Rows = [
        *[("u", "1", "obstacles", "A", False), ("u", "2", "circle", "A", False)],
        *[("u", "1", "obstacles", "B", False), ("u", "2", "obstacles", "B", False)],
    ]
    agreed: Rows = [("u", "1", "obstacles", "agreed", True), ("u", "2", "obstacles", "agreed", True)]
    with_third = agree(own + agreed)
    pd.testing.assert_frame_equal(with_third, agree(own))
    assert find(with_third, statistic="agreement", variable="theme:obstacles")["estimate"] == 0.5


def test_no_number_without_a_reason() -> None:
    one = agree([("u", excerpt, "obstacles", coder, False) for excerpt in "12" for coder in "AB"])
    assert find(one, statistic="agreement", variable="theme:obstacles")["estimate"] == 1
    for statistic in ("kappa", "alpha"):
        row = find(one, statistic=statistic, variable="theme:obstacles")
        assert np.isnan(row["estimate"]) and row["method"] == "one_category"
    alone = agree([("u", "1", "obstacles", "A", False)])
    assert alone[["variable", "statistic", "n", "method"]].values.tolist() == [["theme", "alpha", 0, "one_coder"]]
    assert agree([]).empty


def test_disagreements_are_listed_with_who_and_what() -> None:
    found = tabulate_disagreements(make_segments(TWICE))
    assert found.values.tolist() == [
        ["u", "3", "circle", "B", "A", "said in u3"],
        ["u", "3", "obstacles", "A", "B", "said in u3"],
    ]
    assert tabulate_disagreements(make_segments(TWICE[-1:])).empty


# In m1 culture and funding in one passage, trust in another; in m2 funding and trust in one.
PASSAGES: Rows = [
    *[("m1", "1", "culture", "A", True), ("m1", "1", "funding", "A", True), ("m1", "2", "trust", "A", True)],
    *[("m1", "1", "culture", "B", True), ("m2", "1", "funding", "A", True), ("m2", "1", "trust", "A", True)],
    ("m2", "2", "trust", "B", False),  # not the agreed coding
]


@pytest.mark.parametrize(
    ("by", "base", "n", "counts"),
    [
        ("excerpt", "excerpts", 3, {"culture+funding": (1, 2), "funding+trust": (1, 3)}),
        ("unit", "interviews", 3, {"culture+funding": (1, 2), "culture+trust": (1, 2), "funding+trust": (2, 2)}),
    ],
)
def test_topics_told_together_by_passage_and_by_interview(
    by: str, base: str, n: int, counts: dict[str, tuple[int, int]]
) -> None:
    found = tabulate_pairs(make_segments(PASSAGES), make_units("m1 m2 silent"), by=by)
    assert set(found["option"]) == set(counts) and set(found["base"]) == {base}
    for option, (k, either) in counts.items():
        both = find(found, variable=f"pairs:{by}", option=option, statistic="share_both")
        assert (both["k"], both["n"], both["estimate"]) == (k, n, k / n)
        assert find(found, option=option, statistic="jaccard")["estimate"] == k / either


def saturate(codes: list[str]) -> pd.DataFrame:
    """Saturation of interviews u1, u2 … with these one-letter codes."""
    rows = [(f"u{place}", "1", code, "A", True) for place, told in enumerate(codes, start=1) for code in told]
    units = make_units(" ".join(f"u{place}" for place in range(1, len(codes) + 1)))
    return tabulate_saturation(make_segments(rows), units, rng=np.random.default_rng(1))


def test_saturation_by_hand() -> None:
    # Base of four: a b c d. Then e and f; then nothing; an interview that brought nothing counts; the ninth is no run.
    found = saturate(["ab", "c", "", "d", "e", "fa", "", "b", "z"])
    told = {occasion: find(found, statistic="new_information", occasion=occasion) for occasion in ("6", "8")}
    assert [(row["estimate"], row["n"], row["base"]) for row in told.values()] == [(0.5, 4, "codes"), (0, 4, "codes")]
    assert told["6"]["low"] <= 0.5 <= told["6"]["high"]
    at = find(found, statistic="saturation")
    assert (at["estimate"], at["n"], at["base"]) == (8, 9, "interviews")
    assert at["low"] == 6  # other orders reach it at once; every order differs from the file's
    assert (found["occasion"] == "9").sum() == 0


def test_saturation_that_is_not_reached_is_no_number() -> None:
    row = find(saturate(list("abcdefgh")), statistic="saturation")
    assert np.isnan(row[["estimate", "low", "high"]].astype(float)).all()


def test_what_so_many_interviews_can_show() -> None:
    few = saturate(["a"] * 5)  # too few for a base and a run
    assert set(few["statistic"]) == {"visible_share"}
    seven = find(saturate(["a"] * 7), statistic="visible_share", partner="milan", country="IT")
    # A topic of 35 of 100 managers is missed by seven interviews in 0.65 ** 7 = 5 of 100 studies.
    assert (1 - seven["estimate"]) ** 7 == pytest.approx(0.05)
    assert seven["n"] == 7 and round(seven["estimate"], 2) == 0.35


def test_labels_much_alike_are_listed() -> None:
    codes = [("a/funding", "Lack of funds"), ("b/fonds", "Lack of fund"), ("c/trust", ""), ("d/trust", "Mistrust")]
    themes = make_table("code label::en", codes)
    assert tabulate_near_duplicates(themes)[["first", "second"]].values.tolist() == [["a/funding", "b/fonds"]]
    # Without labels the names of the codes: a name that stands twice in the tree.
    assert tabulate_near_duplicates(themes[["code"]]).values.tolist() == [["c/trust", "d/trust", 1.0]]
    assert tabulate_near_duplicates(themes.head(0)).empty


def test_what_goes_with_a_topic_lies_outside_its_root() -> None:
    units = pd.DataFrame({"step": "interviews", "partner": "pecs", "country": "HU", "unit": ["a", "b", "c"]})
    said = [("a", "steering/centre"), ("a", "abroad/large"), ("b", "steering/centre"), ("b", "abroad/large")]
    said += [("c", "steering/members"), ("c", "steering/centre"), ("c", "tasks/plan"), ("a", "tasks/plan")]
    segments = pd.DataFrame(said, columns=["unit", "theme_code"]).assign(excerpt="", final=True)
    found = tabulate_pairs(segments, units.assign(status="complete"), by="unit", root="steering")
    both = found[found["statistic"] == "share_both"].set_index("option")["k"].to_dict()
    # Neither two ways of steering (c) nor two topics outside (a) are a pair here.
    assert both == {
        "abroad/large+steering/centre": 2,
        "steering/centre+tasks/plan": 2,
        "steering/members+tasks/plan": 1,
    }
