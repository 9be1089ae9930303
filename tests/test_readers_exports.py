"""Exports as survey tools write them; each is built here from the tool's documented form and says so."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_raw, read_structure
from tests.test_readers import PANGRAMS, make_workbook

# Built as LimeSurvey's vvexport writes it: texts, then codes; {question_not_shown} for what was not asked; line breaks,
# tabs, a leading quote and curly brackets of an answer written out.
VV = (
    "Response ID\tDate submitted\tLast page\tMember?\tWhich? (Work)\tWhy?\n"
    "id\tsubmitdate\tlastpage\tmember\twhich_work\twhy\n"
    "7\t2026-03-01 10:00:00\t3\tY\t\t{quote}so{newline}it is{lbrace}1}{tab}{cr}\n"
    "8\t{question_not_shown}\t1\tN\t{question_not_shown}\t{question_not_shown}\n"
)


def test_vv_built_from_its_documented_form() -> None:
    raw = read_raw(VV.encode(), file="vvexport_1.csv")
    assert (raw.delimiter, raw.cells.index.tolist()) == ("\t", [3, 4])
    assert list(raw.cells) == ["id", "submitdate", "lastpage", "member", "which_work", "why"]
    assert raw.cells.at[3, "why"] == '"so\nit is{1}\t\r'
    assert raw.cells.loc[4, ["member", "which_work", "why"]].tolist() == ["N", *["{question_not_shown}"] * 2]


def test_results_with_a_heading_of_codes_are_no_vv_file() -> None:
    raw = read_raw(b"id,submitdate,lastpage,why\n1,,2,{tab}\n", file="results.csv")
    assert raw.cells.to_numpy().tolist() == [["1", "", "2", "{tab}"]]


# Built as EUSurvey writes its sheet Content: alias, date of the export, an empty line, the heading.
EUSURVEY: list[list[object]] = [
    ["Alias", "clusters-2026"],
    ["Export Date", 46113.5],
    [],
    ["What is your role? (ID12)", "Which topics? (ID13)", "Years", "Creation Date", "Last update"],
    ["Manager (ID76)", "Skills (ID80);Export (of goods) (ID81)", 46113, 46100.25, "2026-03-20"],
]


def test_eusurvey_built_from_its_documented_form() -> None:
    raw = read_raw(make_workbook(EUSURVEY), file="Content_Export.xlsx")
    assert list(raw.cells) == ["What is your role?", "Which topics?", "Years", "Creation Date", "Last update"]
    # 46100 days after 1899-12-30, as a spreadsheet counts.
    assert raw.cells.loc[5].tolist() == ["Manager", "Skills;Export (of goods)", "46113", "2026-03-19", "2026-03-20"]


def test_kobo_built_from_its_documented_form() -> None:
    text = (
        '"start","group_a/member","group_a/topics","group_a/topics/skills","group_a/topics/export","_id","_uuid",'
        '"meta/instanceID"\n"2026-03-01T10:00:00.000+01:00","yes","skills export","1","1","77","u-1","uuid:u-1"\n'
    )
    raw = read_raw(b"\xef\xbb\xbf" + text.encode(), file="kobo.csv")
    assert raw.encoding == "utf-8-sig"
    assert raw.cells.loc[2, ["group_a/topics", "group_a/topics/export", "_id"]].tolist() == ["skills export", "1", "77"]


@pytest.mark.parametrize(
    ("heading", "answer"),
    [("q1", "A1"), ("q1. How\r\nmany, roughly?", "1.200,50"), ("How\tmany?", "ein; zwei")],
    ids=["codes", "code and text with a line break", "text with a tab"],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_limesurvey_results_built_with_each_heading(heading: str, answer: str, mark: bytes) -> None:
    text = f'"id";"submitdate";"{heading}";"q2[SQ1]"\r\n"1";"2026-03-01 10:00:00";"{answer}";"Y"\r\n'
    raw = read_raw(mark + text.encode(), file="results.csv")
    assert (raw.delimiter, list(raw.cells)[2:]) == (";", [heading, "q2[SQ1]"])
    assert raw.cells.loc[2].tolist() == ["1", "2026-03-01 10:00:00", answer, "Y"]


@pytest.mark.parametrize("language", PANGRAMS)
def test_results_in_a_central_european_code_page_built_with_decimal_commas(language: str) -> None:
    text = f'"id";"q1. {PANGRAMS[language]}?";"share"\r\n"1";"{PANGRAMS[language].upper()}";"12,5"\r\n'
    raw = read_raw(text.encode("cp1250"), file="results.csv", language=language)
    assert (raw.encoding, raw.delimiter) == ("cp1250", ";")
    assert raw.cells.loc[2].tolist() == ["1", PANGRAMS[language].upper(), "12,5"]


def test_a_survey_structure_is_not_read_as_answers() -> None:
    for data in (b"class\ttype/scale\tname\ttext\nQ\tN\tq1\tHow many?\n", b'<?xml version="1.0"?><document/>\n,'):
        with pytest.raises(StudyError, match="structure, not answers"):
            read_raw(data, file="survey")


def test_more_columns_than_a_survey_can_have_are_refused() -> None:
    assert read_raw((b"a," * 999) + b"a\n", file="a.csv").cells.shape == (0, 1_000)
    with pytest.raises(StudyError, match="too many columns"):
        read_raw((b"a," * 16_385) + b"a\n", file="a.csv")


def test_a_workbook_that_unpacks_to_an_absurd_size_is_refused() -> None:
    stream = io.BytesIO(make_workbook([["id", "a"], [1, 2]]))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/media/zeros.bin", "w") as member:
        for _ in range(201):
            member.write(bytes(1_000_000))
    assert len(stream.getvalue()) < 1_000_000
    with pytest.raises(StudyError, match="too large"):
        read_raw(stream.getvalue(), file="bomb.xlsx")


def test_a_second_reader_sees_the_same_cells() -> None:
    data = make_workbook(EUSURVEY[3:])
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    raw = read_raw(data, file="a.xlsx")
    assert raw.cells.loc[2].tolist() == [f"{cell.value}" for cell in sheet[2]]


VALID = {"VV": VV.encode(), "EUSurvey": make_workbook(EUSURVEY)}


@given(st.sampled_from([*VALID.values()]), st.data())
def test_a_damaged_export_gives_a_raw_table_or_a_study_error(data: bytes, draw: st.DataObject) -> None:
    start, end = sorted(draw.draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    damaged = data[:start] + draw.draw(st.binary(max_size=20)) + data[end:]
    for read in (read_raw, read_structure):
        try:
            read(damaged, file="any")
        except StudyError as error:
            assert str(error)
