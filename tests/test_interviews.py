"""Topics by interview asked, agreement of coders, quotes under pseudonyms, the profile card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cncb_analysis.analysis import read_key
from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.interviews import (
    tabulate_balance,
    tabulate_codes,
    tabulate_framework,
    tabulate_links,
    tabulate_profile,
    tabulate_quotes,
)
from cncb_analysis.store import read_table
from cncb_analysis.study import read_study
from tests.stand_ins import find, make_observations, make_table

STATEMENTS = Path(__file__).parents[1] / "data" / "study" / "profile.csv"
THEMES = make_table(
    "code", [("obstacles",), ("obstacles/culture",), ("obstacles/funding",), ("circle",), ("circle/trust",)]
)
ALL_ASKED = make_table("partner code", [])
# Two interviews in Milan, one in Pecs, one in Bratislava that brought nothing worth coding.
UNITS = pd.DataFrame(
    [("milan", "IT", "m1"), ("milan", "IT", "m2"), ("pecs", "HU", "p1"), ("bratislava", "SK", "b1")],
    columns=["partner", "country", "unit"],
).assign(step="interviews", status="complete")


def make_segments(rows: list[tuple[str, str, str, str, bool]]) -> pd.DataFrame:
    """Segments of (unit, excerpt, theme_code, coder, final)."""
    return pd.DataFrame(rows, columns=["unit", "excerpt", "theme_code", "coder", "final"])


# m1: culture twice and funding once. m2: A found funding, B culture; they agreed on funding. p1: trust.
SEGMENTS = make_segments(
    [
        ("m1", "1", "obstacles/culture", "A", True),
        ("m1", "2", "obstacles/culture", "A", True),
        ("m1", "2", "obstacles/funding", "A", True),
        ("m2", "1", "obstacles/funding", "A", False),
        ("m2", "1", "obstacles/culture", "B", False),
        ("m2", "1", "obstacles/funding", "agreed", True),
        ("p1", "1", "circle/trust", "C", True),
    ]
)


def test_a_topic_counts_once_an_interview_and_parents_by_union() -> None:
    found = tabulate_codes(SEGMENTS, UNITS, THEMES, not_asked=ALL_ASKED)
    culture = {"variable": "theme:obstacles", "option": "culture"}
    row = find(found, statistic="share", **culture)
    assert (row["k"], row["n"], row["base"]) == (1, 4, "interviews")  # twice in m1; in m2 it was not agreed on
    assert find(found, statistic="mentions", **culture)["estimate"] == 2
    assert find(found, statistic="mentions", **culture)["base"] == "mentions"
    root = find(found, statistic="share", variable="theme:obstacles")
    assert (root["k"], root["n"]) == (2, 4)  # m1 and m2, not the 1 + 2 of the children
    milan = find(found, statistic="share", variable="theme:obstacles", option="funding", partner="milan", country="IT")
    assert (milan["k"], milan["n"]) == (2, 2)
    nobody = find(found, statistic="share", variable="theme:circle", option="trust", country="SK")
    assert (nobody["k"], nobody["n"]) == (0, 1)


def test_topics_not_asked_stand_outside_the_base() -> None:
    not_asked = make_table("partner code", [("bratislava", "circle")])
    found = tabulate_codes(SEGMENTS, UNITS, THEMES, not_asked=not_asked)
    assert (
        find(found, statistic="share", variable="theme:circle", option="trust")["n"] == 3
    )  # the parent's children too
    assert find(found, statistic="share", variable="theme:obstacles")["n"] == 4
    assert not (found["country"].eq("SK") & found["variable"].eq("theme:circle")).any()
    one = tabulate_codes(SEGMENTS, UNITS, THEMES, not_asked=make_table("partner code", [("", "obstacles/culture")]))
    assert not (one["variable"].eq("theme:obstacles") & one["option"].eq("culture")).any()
    assert find(one, statistic="share", variable="theme:obstacles", option="funding")["n"] == 4


def test_a_code_missing_from_the_tree_is_still_counted() -> None:
    odd = make_segments([("m1", "1", "luck/weather/rain", "A", True)])
    found = tabulate_codes(odd, UNITS, THEMES, not_asked=ALL_ASKED)
    assert find(found, statistic="share", variable="theme:luck", option="weather/rain")["k"] == 1
    assert find(found, statistic="share", variable="theme:luck")["k"] == 1


def test_a_study_without_interviews_gives_empty_tables() -> None:
    assert tabulate_codes(SEGMENTS.head(0), UNITS.head(0), THEMES, not_asked=ALL_ASKED).empty
    assert tabulate_profile(make_observations([], step="interviews"), read_table(STATEMENTS)).empty


@pytest.fixture
def passages() -> pd.DataFrame:
    """m1 may be quoted, p1 may not; in m2 only the agreed coding counts."""
    said = {"m1": "Manca la fiducia.", "m2": "Chi paga?", "p1": "Nincs pénz."}
    return SEGMENTS.assign(
        text=SEGMENTS["unit"].map(said),
        partner=SEGMENTS["unit"].map({"m1": "milan", "m2": "milan", "p1": "pecs"}),
        country=SEGMENTS["unit"].map({"m1": "IT", "m2": "IT", "p1": "HU"}),
        language=SEGMENTS["unit"].map({"m1": "it", "m2": "it", "p1": "hu"}),
        translation="", translator="",
        consent=SEGMENTS["unit"].map({"m1": "yes", "m2": "yes", "p1": "no"}),
    )  # fmt: skip


def test_quotes_need_consent_and_bear_a_pseudonym(passages: pd.DataFrame) -> None:
    quotes = tabulate_quotes(passages, key=b"5")
    assert "unit" not in quotes and "Nincs pénz." not in quotes["text"].tolist()
    told = sorted(zip(quotes["theme_code"], quotes["text"], strict=True))
    assert told == [
        ("obstacles/culture", "Manca la fiducia."),  # once, though two excerpts of m1 bear the code
        ("obstacles/funding", "Chi paga?"),
        ("obstacles/funding", "Manca la fiducia."),
    ]
    names = quotes.groupby("text")["pseudonym"].unique().map(list)
    assert [len(own) for own in names] == [1, 1] and names.iloc[0] != names.iloc[1]


def test_pseudonyms_are_stable_and_do_not_follow_the_order(passages: pd.DataFrame) -> None:
    many = pd.concat([passages.head(1).assign(unit=f"u{place:02d}", text=f"t{place:02d}") for place in range(20)])
    first, again, other = (tabulate_quotes(many, key=key) for key in (b"one", b"one", b"two"))
    pd.testing.assert_frame_equal(first, again)
    assert not first["text"].is_monotonic_increasing  # the list is by pseudonym, and pseudonyms follow no order
    assert first["text"].tolist() != other["text"].tolist()
    assert not set(first["pseudonym"]) & set(other["pseudonym"])
    # Whoever else is interviewed, somebody keeps the pseudonym.
    fewer = tabulate_quotes(many.tail(7), key=b"one").set_index("text")["pseudonym"]
    assert fewer.to_dict() == first.set_index("text")["pseudonym"].loc[fewer.index].to_dict()


def test_two_people_never_share_a_pseudonym(passages: pd.DataFrame) -> None:
    crowd = pd.concat([passages.head(1).assign(unit=f"u{place}", text=f"t{place}") for place in range(3000)])
    names = tabulate_quotes(crowd, key=b"one")["pseudonym"]
    assert names.is_unique
    assert names.str.len().unique().tolist() == [5]


def test_the_key_stands_outside_the_study(small_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNCB_KEY", str(tmp_path / "restricted" / "key"))
    study = read_study(small_study)
    assert read_key(study) == b"made up: 7"
    real = replace(study, settings={**study.settings, "synthetic": False})
    assert read_key(real, needed=False) == b"made up: 7"
    assert not (tmp_path / "restricted").exists()
    key = read_key(real)
    assert len(key) == 64
    assert read_key(real) == key
    assert (tmp_path / "restricted" / "key").stat().st_mode & 0o077 == 0


# The seven of the Milan deck: aged 36, 58 and five between 40 and 55; three women; all from the private sector.
MILAN = [
    ("i1", "40_55", "woman", ("private_other", "consulting"), 40, "development_agency"),
    ("i2", "40_55", "woman", ("private_same",), 80, "development_agency"),
    ("i3", "40_55", "woman", ("consulting",), 50, "development_agency"),
    ("i4", "40_55", "man", ("private_other", "public"), 60, "association"),
    ("i5", "40_55", "man", ("private_other", "consulting"), 70, "association"),
    ("i6", "30_39", "man", ("consulting",), 79, "research_centre"),
    ("i7", "56_65", "man", ("consulting", "research"), 20, "research_centre"),
]


def test_the_profile_card_counts_the_statements_of_the_deck() -> None:
    careers = ("private_same", "private_other", "consulting", "public", "research", "association")
    rows: list[tuple[Any, ...]] = []
    for unit, age, sex, past, time, employer in MILAN:
        who = ("milan", "IT", unit)
        rows += [(*who, "cm_age_band", age, {"30_39": 2, "40_55": 3, "56_65": 4}[age]), (*who, "cm_sex", sex, 1)]
        rows += [(*who, "cm_past", option, float(option in past)) for option in careers]
        rows += [(*who, "cm_time", "", time), (*who, "cm_employer", employer, 1)]
    rows.append(("milan", "IT", "i8", "cm_sex", "", float("nan"), "", "refused"))
    statements = read_table(STATEMENTS)
    found = tabulate_profile(make_observations(rows, step="interviews"), statements)
    counts = found[found["partner"].eq("milan")].set_index("option")[["k", "n"]].apply(tuple, axis=1).to_dict()
    assert counts == {
        **{
            "age_40_55": (5, 7),
            "woman": (3, 7),
            "private_sector": (7, 7),
            "other_sector": (3, 7),
            "consulting": (5, 7),
        },
        **{"agency": (3, 7), "association": (2, 7), "research_centre": (2, 7), "part_time": (6, 7)},
    }
    assert set(counts) < set(statements["statement"])  # statements nobody was asked about have no row


def test_a_study_without_statements_has_no_profile() -> None:
    rows = [("milan", "IT", "i1", "cm_sex", "woman", 1)]
    none = make_table("statement variable options below", [])
    assert tabulate_profile(make_observations(rows, step="interviews"), none).empty


def test_links_of_the_circle_join_each_step_with_the_next() -> None:
    choices = tuple(Choice("circle", name) for name in ("trust", "projects", "results"))
    book = Codebook({"vc_link": Variable("vc_link", "multiple", "circle")}, {"circle": choices})
    named = {"i1": ("trust", "projects"), "i2": ("trust", "results"), "i3": ()}
    rows = [
        ("milan", "IT", unit, "vc_link", step, float(step in steps))
        for unit, steps in named.items()
        for step in ("trust", "projects", "results")
    ]
    found = tabulate_links(make_observations(rows, step="interviews"), book)
    whole = found[found["partner"].eq("") & found["country"].eq("")].set_index("option")
    assert whole["k"].to_dict() == {"trust+projects": 1, "projects+results": 0, "results+trust": 1}
    assert (whole["n"] == 3).all() and (whole["statistic"] == "share_both").all()
    assert tabulate_links(make_observations([], step="interviews"), book).empty


def test_the_framework_matrix_shows_passages_silence_and_what_was_not_asked() -> None:
    not_asked = make_table("partner code", [("bratislava", "circle")])
    bare = make_segments([("p1", "", "obstacles/culture", "C", True)])
    found = tabulate_framework(pd.concat([SEGMENTS, bare]), UNITS, THEMES, not_asked=not_asked)
    assert found.columns.tolist() == ["partner", "country", "unit", "circle", "obstacles"]
    assert found.set_index("unit")[["circle", "obstacles"]].agg(list, axis=1).to_dict() == {
        "b1": ["not_asked", ""],
        "m1": ["", "1; 2"],  # the passage with two codes of one root stands once
        "m2": ["", "1"],
        "p1": ["1", "x"],
    }


def test_quotes_are_balanced_by_partner(passages: pd.DataFrame) -> None:
    more = passages[passages["unit"] == "m1"].assign(text="Mancano i fondi.")
    quotes = tabulate_quotes(pd.concat([passages, more]), key=b"5")
    assert tabulate_balance(quotes, UNITS).to_dict("records") == [
        {"partner": "bratislava", "country": "SK", "interviews": 1, "people": 0, "passages": 0, "most": 0},
        {"partner": "milan", "country": "IT", "interviews": 2, "people": 2, "passages": 3, "most": 2},
        {"partner": "pecs", "country": "HU", "interviews": 1, "people": 0, "passages": 0, "most": 0},
    ]
