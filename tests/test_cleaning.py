"""Cleaning: what each raw cell of the small study becomes, and that none vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.cleaning import TABLE_COLUMNS, Cleaned, check_raw, empty_cleaned, merge_cleaned
from cncb_analysis.store import write_text
from cncb_analysis.study import read_study
from tests.delivering import answer, clean, deliver, fates, south
from tests.small_study import SOUTH, SOUTH_HEAD, answers, write_small_study


@pytest.fixture(scope="module")
def cleaned() -> Iterator[Cleaned]:
    with TemporaryDirectory() as folder:
        yield clean(write_small_study(Path(folder) / "small"))


def test_the_tables_have_exactly_the_declared_columns_and_are_merged_as_they_are(cleaned: Cleaned) -> None:
    for name, columns in TABLE_COLUMNS.items():
        table = getattr(cleaned, name)
        assert list(table.columns) == columns
        assert list(getattr(empty_cleaned(), name).columns) == columns
        assert getattr(empty_cleaned(), name).dtypes.map(str).equals(table.dtypes.map(str))
        pd.testing.assert_frame_equal(
            getattr(merge_cleaned([cleaned, empty_cleaned()]), name), table, check_dtype=False, check_categorical=False
        )
    assert cleaned.observations["value"].dtype == float
    assert cleaned.segments["final"].dtype == bool


@pytest.mark.parametrize(
    ("unit", "variable", "expected"),
    [
        # N1 Bussard: everything in order, in labels
        ("north-q-001", "cm_sex", {"woman": 1}),
        ("north-q-001", "cm_age", {"40_55": 2}),
        ("north-q-001", "cm_time", {"": 80}),
        ("north-q-001", "st_fte", {"": 2.5}),
        ("north-q-001", "cm_upd", {"finance": 1, "languages": 0, "other": 0}),
        ("north-q-001", "skill_imp_law", {"5": 5}),
        ("north-q-001", "int_who", {"firms": 1}),
        # N2 Eisvogel: a mark inside a cell, a correction, words that mean no answer, a filter
        ("north-q-002", "cm_sex", {"man": 1}),
        ("north-q-002", "cm_time", {"": 40}),
        ("north-q-002", "st_fte", "refused"),
        ("north-q-002", "skill_imp_law", "dont_know"),
        ("north-q-002", "int_who", "not_asked"),
        ("north-q-002", "sup_top", {"exchange": 1, "tours": np.nan, "funding": np.nan}),
        ("north-q-002", "fin_eu", {"": 50}),
        # N4 Stieglitz: broken off after the courses
        ("north-q-004", "cm_sex", "refused"),
        ("north-q-004", "cm_time", "invalid"),
        ("north-q-004", "st_fte", "invalid"),
        ("north-q-004", "cm_upd", {"finance": 0, "languages": 0, "other": 0}),
        ("north-q-004", "int_level", "not_reached"),
        # S1, S2: codes, several in one cell, a point as decimal sign
        ("south-q-001", "cm_age", {"over_55": 3}),
        ("south-q-001", "st_fte", {"": 1.5}),
        ("south-q-001", "cm_upd", {"finance": 1, "languages": 1, "other": 0}),
        ("south-q-001", "sup_top", {"tours": 1, "exchange": 2, "funding": np.nan}),
        ("south-q-002", "cm_age", "invalid"),
        ("south-q-002", "cm_time", "invalid"),
        ("south-q-002", "cm_upd", "skipped"),
        ("south-q-002", "int_who", "skipped"),
        # a frame's codes that have no list stand for themselves
        ("north-m-002", "map_sector", {"C11": 1}),
        ("south-m-002", "map_type", {"district": 1}),
        ("north-i-02", "task", {"plan": 1, "firms": 1}),
    ],
)
def test_what_each_answer_becomes(cleaned: Cleaned, unit: str, variable: str, expected: dict[str, float] | str) -> None:
    found = answer(cleaned, unit, variable)
    assert (
        (found == expected)
        if isinstance(expected, str)
        else (pd.Series(found).sort_index().equals(pd.Series(expected, dtype=float).sort_index()))
    )


def test_who_counts_and_who_does_not(cleaned: Cleaned) -> None:
    units = cleaned.units.set_index("unit")
    status = units.loc[units["step"] == "questionnaire", "status"]
    assert status.to_dict() == {
        "north-q-001": "complete",
        "north-q-002": "complete",
        "north-q-003": "duplicate",
        "north-q-004": "partial",
        "north-q-005": "rejected",
        "north-q-006": "test",
        "south-q-001": "complete",
        "south-q-002": "complete",
    }
    seen = set(cleaned.observations["unit"])
    assert seen.isdisjoint(status.index[status.isin(["duplicate", "rejected", "test"])])
    assert {"north-q-004", "south-q-002"} <= seen
    for row, said in (("4", "same token"), ("6", "broken off before page 2"), ("7", "trial entry")):
        log = cleaned.cell_log
        assert said in set(log.loc[(log["file"] == "north/answers.csv") & (log["row"] == row), "rule"])


def test_cluster_and_host_come_from_the_frame_and_other_identifiers_stay_behind(cleaned: Cleaned) -> None:
    units = cleaned.units.set_index("unit")
    assert units.loc["north-q-004", ["cluster", "host", "consent"]].tolist() == ["Stieglitz", "Club", ""]
    assert units.loc["north-i-02", ["cluster", "host", "consent"]].tolist() == ["Eisvogel", "Agency", "no"]
    told = [name for name in TABLE_COLUMNS if name not in {"units", "identifiers"}]
    everything = "".join(getattr(cleaned, name).to_csv() for name in told)
    assert "@" not in everything
    assert "Bussard" not in everything


def test_the_log_says_what_was_done_to_each_cell(cleaned: Cleaned) -> None:
    third = fates(cleaned, "north/answers.csv", "3")
    assert ("cm_sex. Ihr Geschlecht?", "\ufeffMann", "Mann", "repaired") in third
    assert ("cm_time. Zeit", "400", "40", "repaired") in third
    assert ("st_fte. Personal", "k.A.", "refused", "repaired") in third
    assert ("fin_eu. EU", "50", "50", "flagged") in third  # 50 + 45: kept as they stand
    assert ("st_fte. Personal", "1.234", "invalid", "refused") in fates(cleaned, "north/answers.csv", "5")
    assert ("cm_upd[other]. Kurse [Anderes]", "Buchhaltung", "finance", "repaired") in fates(
        cleaned, "north/answers.csv", "2"
    )
    assert ("ETA", "C", "over_55", "repaired") in fates(cleaned, "south/answers.csv", "2")
    assert fates(cleaned, "north/answers.csv", "")[0][1] == "utf-8-sig, cells parted by ';'"


def test_problems_are_what_a_person_has_to_decide(small_study: Path) -> None:
    (problem,) = check_raw(read_study(small_study)).problems
    assert (problem.file, problem.row, problem.column, problem.value) == ("south/answers.csv", "3", "ETA", "Z")


def test_texts_keep_their_language_and_segments_their_coders(cleaned: Cleaned) -> None:
    texts = cleaned.texts.set_index("unit")
    assert texts.loc["south-q-001", ["variable", "text", "language"]].tolist() == ["strength", "Fiducia", "it"]
    segments = cleaned.segments
    assert segments[["unit", "coder", "final", "excerpt", "consent"]].to_numpy().tolist() == [
        ["north-i-01", "A", True, "north-i-01-e01", "yes"],
        ["north-i-01", "A", True, "north-i-01-e01", "yes"],
        ["north-i-02", "A", False, "north-i-02-e01", "no"],
        ["north-i-02", "B", False, "north-i-02-e01", "no"],
        ["north-i-02", "agreed", True, "north-i-02-e01", "no"],
        ["south-i-01", "C", True, "south-i-01-e01", "yes"],
        ["south-i-02", "C", True, "south-i-02-e01", ""],  # an interview without a card becomes a unit
    ]
    assert "south-i-02" in set(cleaned.units["unit"])


def test_a_sheet_that_breaks_the_rule_is_spoilt_and_a_tie_is_kept(cleaned: Cleaned) -> None:
    votes = cleaned.observations[cleaned.observations["variable"] == "votes"]
    own = votes[votes["partner"] == "north"]
    assert own[["unit", "option", "occasion", "value"]].to_numpy().tolist() == [
        ["north-w-01", "exchange", "1", 4.0],
        ["north-w-01", "fair", "1", 3.0],
        ["north-w-01", "exchange", "2", 1.0],
        ["north-w-01", "tours", "2", 1.0],
    ]
    assert cleaned.units.set_index("unit").loc["north-w-02", "status"] == "rejected"


def test_statistics_keep_the_year_the_countries_and_the_flags_and_appear_once(cleaned: Cleaned) -> None:
    assert cleaned.cells.fillna(-1).to_numpy().tolist() == [
        ["AT", "C10", "jobs", 2014, 1000.0, ""],
        ["AT31", "C10", "jobs", 2014, 200.0, "p"],
        ["IT", "C10", "jobs", 2014, 5000.0, ""],
        ["ITH3", "C10", "jobs", 2014, -1, "c"],
    ]
    assert cleaned.agreed_actions.to_numpy().tolist() == [["north", "Visit the other region", "Agency", "2011-10-31"]]


@pytest.mark.parametrize(
    ("column", "text", "variable", "expected"),
    [
        ("cm_sex", "Frau", "cm_sex", {"woman": 1}),  # a label of another language of the study
        ("cm_sex", "woman. Woman", "cm_sex", {"woman": 1}),
        ("cm_sex", "WOMAN ", "cm_sex", {"woman": 1}),
        ("ETA", "40 - 55", "cm_age", {"40_55": 2}),  # declared with a dash of another length
        ("st_fte", "12 FTE", "st_fte", {"": 12}),
        ("st_fte", "5 - 7", "st_fte", "invalid"),
        ("cm_upd", "languages other", "cm_upd", {"finance": 0, "languages": 1, "other": 1}),
        ("cm_upd", "Finanzen;Sprachen", "cm_upd", {"finance": 1, "languages": 1, "other": 0}),
        ("cm_upd", "Finanzen;Kochen", "cm_upd", "invalid"),
        ("sup_top", "funding", "sup_top", {"funding": 1, "exchange": np.nan, "tours": np.nan}),
        ("fin_eu", "", "fin_eu", {"": 0}),  # the other part is 100
    ],
)
def test_other_ways_to_write_the_same(
    small_study: Path, column: str, text: str, variable: str, expected: dict[str, float] | str
) -> None:
    cleaned, _ = deliver(small_study, "answers.csv", south(**{column: text}))
    found = answer(cleaned, "south-q-001", variable)
    if isinstance(expected, str):
        assert found == expected
    else:
        assert isinstance(found, dict)
        np.testing.assert_equal(found, {option: expected[option] for option in found})


@pytest.mark.parametrize(
    "heading", ["skill[law]", "skill_imp_law. What ever", "Law: importance", "\ufeffRecht: Wichtigkeit "]
)
def test_a_column_is_known_by_code_by_code_and_text_and_by_label(small_study: Path, heading: str) -> None:
    text = south().replace("skill_imp_law", heading)
    cleaned, problems = deliver(small_study, "answers.csv", text)
    known = heading != "skill[law]"  # not the name of any question
    assert (answer(cleaned, "south-q-001", "skill_imp_law") == {"4": 4.0}) is known
    assert (problems == []) is known


def test_ticks_a_column_each_with_a_refused_one_and_typed_others(small_study: Path) -> None:
    head = SOUTH_HEAD.replace("cm_upd", "cm_upd/finance,cm_upd_languages,cm_upd[other]")
    rows = [
        SOUTH[0].replace("finance;languages", "1,maybe,Cucina"),
        SOUTH[1].replace("120,2,,", "20,2,0,,buchhaltung,"),
    ]
    cleaned, problems = deliver(small_study, "answers.csv", answers(head, rows))
    assert answer(cleaned, "south-q-001", "cm_upd") == {"finance": 1, "other": 1}  # the refused box has no row
    assert answer(cleaned, "south-q-002", "cm_upd") == {"finance": 1, "languages": 0, "other": 0}
    assert cleaned.texts.loc[cleaned.texts["variable"] == "cm_upd", "text"].tolist() == ["Cucina"]
    assert ("south/answers.csv", "2", "cm_upd_languages", "maybe") in [
        (problem.file, problem.row, problem.column, problem.value) for problem in problems
    ]


def test_a_place_of_a_ranking_that_names_the_same_again_is_refused(small_study: Path) -> None:
    head = SOUTH_HEAD.replace("sup_top", "sup_top[1],sup_top[2],sup_top[3]")
    rows = [SOUTH[0].replace("tours;exchange", "tours,tours,funding"), SOUTH[1].replace("tours", ",funding,")]
    cleaned, _ = deliver(small_study, "answers.csv", answers(head, rows))
    assert answer(cleaned, "south-q-001", "sup_top") == pytest.approx(
        {"exchange": np.nan, "tours": 1, "funding": 3}, nan_ok=True
    )
    noted = cleaned.cell_log.set_index("rule")["raw"].to_dict()
    assert noted["ranked before"] == "tours"


def test_a_question_without_a_column_must_be_declared_not_asked(small_study: Path) -> None:
    text = south().replace("st_fte", "posti")
    cleaned, problems = deliver(small_study, "answers.csv", text)
    assert answer(cleaned, "south-q-001", "st_fte") == "not_asked"
    assert {(problem.problem, problem.column) for problem in problems} == {
        ("column is missing", "st_fte"),
        ("column is not known", "posti"),
    }
    path = small_study / "study" / "crosswalk.csv"
    rest = "south,,,,st_fte,,,not in their form\nsouth,,*,,,,,not ours\n"
    write_text(path, path.read_text(encoding="utf-8") + rest)
    cleaned, problems = deliver(small_study, "answers.csv", text)
    assert problems == []
    assert "left out: not ours" in set(cleaned.cell_log["rule"])


def test_what_is_declared_for_a_partner_wins_over_what_holds_for_all(small_study: Path) -> None:
    path = small_study / "study" / "crosswalk.csv"
    rows = (
        "south,,,Mann,cm_sex,man,,\n,,,Mann,cm_sex,woman,,\n"
        "south,south/answers.csv,,M,cm_sex,man,,\nsouth,,,M,cm_sex,woman,,\n"
    )
    write_text(path, path.read_text(encoding="utf-8") + rows)
    for text in ("Mann", "M"):
        cleaned, _ = deliver(small_study, "answers.csv", south(cm_sex=text))
        assert answer(cleaned, "south-q-001", "cm_sex") == {"man": 1}
