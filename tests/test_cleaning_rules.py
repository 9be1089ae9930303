"""Cleaning: what each raw cell of the small study becomes, and that none vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cncb_analysis.cleaning import Cleaned, check_raw, clean_step, empty_cleaned, merge_cleaned
from cncb_analysis.cleaning.values import fold_text, parse_number
from cncb_analysis.errors import StudyError
from cncb_analysis.store import write_text
from cncb_analysis.study import read_study
from tests.delivering import answer, clean, deliver, fates, south
from tests.small_study import BALLOTS, SOUTH_HEAD, answers, write_ledger, write_small_study


@pytest.fixture(scope="module")
def cleaned() -> Iterator[Cleaned]:
    with TemporaryDirectory() as folder:
        yield clean(write_small_study(Path(folder) / "small"))


def test_an_identifier_is_never_repeated_in_the_log(small_study: Path) -> None:
    cleaned, _ = deliver(small_study, "answers.csv", south(cluster="\u00a0Usignolo"))
    assert cleaned.units["cluster"].tolist() == ["Usignolo"]
    assert ("cluster", "(identifier)", "(identifier)", "repaired") in fates(cleaned, "south/answers.csv", "2")
    assert "Usignolo" not in cleaned.cell_log.to_csv()


@pytest.mark.parametrize(("fees", "eu"), [("99", {"": 0}), ("101", {"": 0}), ("98", "skipped")])
def test_a_blank_part_is_zero_only_where_the_others_add_to_a_hundred(
    small_study: Path, fees: str, eu: dict[str, float] | str
) -> None:
    survey = small_study / "study" / "survey.csv"
    write_text(survey, survey.read_text(encoding="utf-8").replace("0,100\nselect_one level", "0,200\nselect_one level"))
    cleaned, _ = deliver(small_study, "answers.csv", south(fin_eu="", fin_fees=fees))
    assert answer(cleaned, "south-q-001", "fin_eu") == eu
    assert answer(cleaned, "south-q-001", "fin_fees") == {"": float(fees)}
    assert "parts do not add to 100" in set(cleaned.cell_log["rule"])


def test_more_dots_in_all_than_there_are_spoil_a_sheet(small_study: Path) -> None:
    sheets = (
        "sheet,round,item,value\nA,1,exchange,4\nA,1,tours,4\nA,1,fair,3\nB,1,exchange,4\nB,1,tours,4\nB,1,fair,2\n"
    )
    cleaned, _ = deliver(small_study, "ballots.csv", sheets + "A,2,tours,3\nA,2,fair,1\n")
    votes = cleaned.observations
    assert votes.loc[votes["occasion"] == "1", "unit"].unique().tolist() == ["south-w-02"]
    assert votes.loc[votes["occasion"] == "2", ["option", "value"]].to_numpy().tolist() == [["fair", 1.0]]
    assert set(cleaned.cell_log.loc[cleaned.cell_log["fate"] == "refused", "rule"]) == {
        "sheet gives more dots than allowed",
        "rank outside 1 to 2",
    }


def test_another_unit_is_reported_and_not_merged(small_study: Path) -> None:
    path = small_study / "study" / "crosswalk.csv"
    write_text(path, path.read_text(encoding="utf-8") + "south,,st_fte,,st_fte,,hours,asked in hours\n")
    cleaned, _ = deliver(small_study, "answers.csv", south(st_fte="60"))
    assert answer(cleaned, "south-q-001", "st_fte") == "invalid"
    assert "in hours where the codebook has fte: not merged" in set(cleaned.cell_log["rule"])


def test_a_correction_that_fits_nowhere_is_reported(small_study: Path) -> None:
    path = small_study / "study" / "corrections.csv"
    write_text(path, path.read_text(encoding="utf-8") + "S1,cm_time,99,90,A. B.,\n")
    problems = [problem for problem in check_raw(read_study(small_study)).problems if problem.file == "corrections.csv"]
    assert [(problem.row, problem.value) for problem in problems] == [("3", "S1 cm_time 99")]


def test_routing_that_is_not_understood_is_reported_and_gives_unknown(small_study: Path) -> None:
    survey = small_study / "study" / "survey.csv"
    write_text(
        survey, survey.read_text(encoding="utf-8").replace("${int_level} != 'none',inter", "${int_level} > 1,inter")
    )
    study = read_study(small_study)
    assert answer(clean_step(study, "south", "questionnaire"), "south-q-002", "int_who") == "unknown"
    assert {problem.column for problem in check_raw(study).problems} == {"ETA", "relevant"}
    write_text(survey, survey.read_text(encoding="utf-8").replace("${int_level} > 1,inter", "unknown,inter"))
    assert [problem.column for problem in check_raw(read_study(small_study)).problems] == ["ETA"]


def test_an_unreadable_file_is_listed_and_the_rest_is_still_checked(small_study: Path) -> None:
    write_text(small_study / "raw" / "north" / "answers.csv", "one column\nonly\n")
    said = [(problem.file, problem.problem) for problem in check_raw(read_study(small_study)).problems]
    assert ("north/answers.csv", "has one column only") in said
    assert ("south/answers.csv", "unknown answer") in said
    with pytest.raises(StudyError, match="one column"):
        clean_step(read_study(small_study), "north", "questionnaire")


def test_unknown_codes_items_and_rounds_are_listed(small_study: Path) -> None:
    path = small_study / "raw" / "south"
    write_text(path / "segments.csv", "interview,code,coder,memo\nI01,obstacles/fear,C,x\nI01,Hilfe,C,\n")
    write_text(path / "ballots.csv", BALLOTS["south"] + "Q2,1,ferris wheel,1\nQ2,3,Tours,1\nQ2,1,tours,many\n")
    study = read_study(small_study)
    problems = [*clean_step(study, "south", "interviews").problems, *clean_step(study, "south", "workshops").problems]
    assert [(problem.problem, problem.value) for problem in problems] == [
        ("column is not known", ""),
        ("unknown code", "obstacles/fear"),
        ("unknown item", "ferris wheel"),
        ("round is not declared", "3"),
    ]


def test_a_table_of_codes_becomes_segments_without_text(small_study: Path) -> None:
    matrix = "interview_id,obstacles/funding,Kultur,notes\nE2,1,0,x\nE1,yes,1,\nE3,0,2,\n"
    write_text(small_study / "raw" / "south" / "codes.csv", matrix)
    entry = {"step": "interviews", "partner": "south", "path": "south/codes.csv", "content": "presence", "coder": "C"}
    write_ledger(small_study, [entry])
    cleaned = clean_step(read_study(small_study), "south", "interviews")
    assert cleaned.segments[["unit", "theme_code", "coder", "final"]].to_numpy().tolist() == [
        ["south-i-01", "obstacles/funding", "C", True],
        ["south-i-02", "obstacles/funding", "C", True],
        ["south-i-02", "obstacles/culture", "C", True],
    ]
    assert cleaned.units["unit"].tolist() == ["south-i-01", "south-i-02", "south-i-03"]
    assert [problem.problem for problem in cleaned.problems] == ["neither yes nor no", "column is not known"]


def test_almost_the_same_answers_count_once_and_the_fuller_one_stays(small_study: Path) -> None:
    survey, book = small_study / "study" / "survey.csv", read_study(small_study).codebook
    extra = [f"integer,q{n},Q{n},F{n},,general,questionnaire" + "," * 11 for n in range(40)]
    write_text(survey, survey.read_text(encoding="utf-8") + "\n".join(extra) + "\n")
    assert book.batteries
    rng = np.random.default_rng(3)
    numbers = rng.integers(0, 99, (3, 40)).astype(str)
    numbers[2] = numbers[0]
    numbers[2, 7] = "1000"  # one of forty differs, and one more cell of row 1 is blank
    numbers[0, 30] = ""
    head = f"{SOUTH_HEAD},{','.join(f'q{n}' for n in range(40))}"
    rows = [south(id=f"S{n}", cluster=f"C{n}").splitlines()[1] + "," + ",".join(numbers[n]) for n in range(3)]
    cleaned, _ = deliver(small_study, "answers.csv", answers(head, rows))
    assert cleaned.units["status"].tolist() == ["duplicate", "complete", "complete"]
    assert fates(cleaned, "south/answers.csv", "2")[0][3] == "ignored"


@pytest.mark.parametrize(
    ("text", "decimal", "value", "refused"),
    [
        ("12", ",", 12, ""),
        ("-3", ",", -3, ""),
        ("2,5", ",", 2.5, ""),
        ("2.5", ",", 2.5, ""),
        ("0.125", ",", 0.125, ""),
        ("1.234,5", ",", 1234.5, ""),
        ("1.234.567", ",", 1234567, ""),
        ("1 234,5", ",", 1234.5, ""),
        ("1,234.5", ".", 1234.5, ""),
        ("1.234", ".", 1.234, ""),
        ("50 %", ",", 50, ""),
        ("€ 1.200,50", ",", 1200.5, ""),
        ("1.234", ",", np.nan, "ambiguous"),
        ("1,234", ".", np.nan, "ambiguous"),
        ("ca. 10-15", ",", np.nan, "range"),
        ("10 bis 15", ",", np.nan, "range"),
        ("asi 40", ",", 40.0, "about"),
        ("ca. 1.200,50 EUR", ",", 1200.5, "about"),
        ("ca. 10-15", ",", np.nan, "range"),
        ("2011-10-15", ",", np.nan, "range"),
        ("12 Monate", ",", np.nan, "with words"),
        ("viele", ",", np.nan, "not a number"),
        ("1e5", ",", np.nan, "with words"),
        ("nan", ",", np.nan, "not a number"),
    ],
)
def test_numbers_are_read_by_the_writers_locale_and_never_guessed(
    text: str, decimal: str, value: float, refused: str
) -> None:
    found, rule = parse_number(text, decimal)
    np.testing.assert_equal(found, value)
    assert refused in rule


@given(st.floats(-1e6, 1e6), st.sampled_from([",", "."]), st.integers(0, 2))
def test_a_number_written_with_groups_is_read_back(number: float, decimal: str, digits: int) -> None:
    written = f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,") if decimal == "," else {})
    found, rule = parse_number(written, decimal)
    if "ambiguous" in rule:
        assert len(written.lstrip("-")) <= 7
        assert digits == 0
    else:
        assert found == pytest.approx(float(f"{number:.{digits}f}"))


def test_folding_agrees_on_spellings_and_not_on_words() -> None:
    assert fold_text("  Über\u00a0 40–55 ") == fold_text("über 40-55")
    assert fold_text("Ano") != fold_text("Áno")


def test_merging_drops_what_every_partner_brought(cleaned: Cleaned) -> None:
    twice = merge_cleaned([cleaned, replace(empty_cleaned(), cells=cleaned.cells, cell_log=cleaned.cell_log[:1])])
    assert len(twice.cells) == len(cleaned.cells)
    assert len(twice.cell_log) == len(cleaned.cell_log)
