"""Readers: any export becomes a raw table of text cells, or is refused with one clear line."""

from __future__ import annotations

import csv
import datetime
import gzip
import io

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import RawTable, read_eurostat, read_raw

PANGRAMS = {
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "sk": "Kŕdeľ šťastných ďatľov učí pri ústí Váhu mĺkveho koňa",
    "sl": "V kožuščku hudobnega fanta stopiclja mizar",
    "hu": "Árvíztűrő tükörfúrógép",
    "pl": "Zażółć gęślą jaźń",
}


@pytest.mark.parametrize("language", PANGRAMS)
def test_central_european_code_page_is_found_by_the_letters(language: str) -> None:
    raw = read_raw(f"id;st_fte\n{PANGRAMS[language]};2,5\n".encode("cp1250"), file="a.csv", language=language)
    assert (raw.encoding, raw.delimiter) == ("cp1250", ";")
    assert raw.cells.iloc[0].tolist() == [PANGRAMS[language], "2,5"]


@pytest.mark.parametrize(("language", "text"), [("de", "Größe, Übung; süß"), ("it", "perché così è più giù")])
def test_western_code_page(language: str, text: str) -> None:
    raw = read_raw(f'id\ttext\n1\t"{text}"\n'.encode("cp1252"), file="a.txt", language=language)
    assert (raw.encoding, raw.delimiter, raw.cells.at[2, "text"]) == ("cp1252", "\t", text)


def test_without_a_language_the_letters_of_all_decide() -> None:
    for text, encoding in ((PANGRAMS["hu"], "cp1250"), ("perché così è più giù", "cp1252")):
        raw = read_raw(f"id,text\n1,{text}\n".encode(encoding), file="a.csv")
        assert (raw.encoding, raw.cells.at[2, "text"]) == (encoding, text)


def test_marks_decide_the_encoding() -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        raw = read_raw("id,name\n1,Čáp\n".encode(encoding), file="a.csv", language="cs")
        assert (raw.encoding, list(raw.cells.columns), raw.cells.at[2, "name"]) == (encoding, ["id", "name"], "Čáp")


def test_rows_count_as_in_a_spreadsheet_through_line_breaks_and_blank_lines() -> None:
    raw = read_raw(b'id,text\r\n1,"two\nlines"\r\n\r\n2,x\r\n', file="a.csv")
    assert raw.cells.index.tolist() == [2, 4]
    assert raw.cells.at[2, "text"] == "two\nlines"


def test_a_heading_full_of_commas_does_not_hide_the_semicolons() -> None:
    data = b'id;"q1. Which, if any, of these, or others?";q2\n1;a, b;2,5\n2;c;3,5\n'
    assert read_raw(data, file="a.csv").cells.shape == (2, 3)


def test_cells_beyond_the_heading_and_repeated_headings_get_names() -> None:
    raw = read_raw(b"id,a,a,\n1,2,3,4,5\n", file="a.csv")
    assert list(raw.cells) == ["id", "a", "a (3)", "(column 4)", "(column 5)"]
    assert raw.cells.loc[2].tolist() == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"one\ntwo\n", "one column only"),
        (b"\x00\x01\x02,\x03\x04\n" * 9, "not readable text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old, protected"),
        (b"PK\x03\x04 nothing behind it", "damaged, old"),
        (b"\xff\xfe\x00", "not readable text"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(StudyError, match=said) as caught:
        read_raw(data, file="a.csv")
    assert caught.value.problems[0].file == "a.csv"
    assert caught.value.problems[0].remedy


def make_workbook(rows: list[list[object]], *, hidden_first: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if hidden_first:
        sheet.append(["internal", "notes"])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("data")
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_shows_its_cells_as_the_partner_sees_them() -> None:
    rows: list[list[object]] = [
        ["id", "share", "when", "ok", "text"],
        [1, 2.5, datetime.datetime(2011, 7, 11), True, "2,5"],
        [2.0, 0.1 + 0.2, None, False, None],
    ]
    raw = read_raw(make_workbook(rows, hidden_first=True), file="a.xlsx", language="sk")
    assert raw.cells.loc[2].tolist() == ["1", "2,5", "2011-07-11", "TRUE", "2,5"]
    assert raw.cells.loc[3].tolist() == ["2", "0,3", "", "FALSE", ""]
    assert read_raw(make_workbook(rows), file="a.xlsx", language="en").cells.at[2, "share"] == "2.5"


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(StudyError, match="is empty"):
        read_raw(make_workbook([]), file="a.xlsx")


@given(st.binary(max_size=400))
@example(b"PK\x03\x04")
@example(b"a,b\n\xff,\x00\n")
def test_any_bytes_give_a_raw_table_or_a_study_error(data: bytes) -> None:
    try:
        raw = read_raw(data, file="any", language="pl")
    except StudyError as error:
        assert str(error)
        return
    assert isinstance(raw, RawTable)
    assert raw.cells.shape[1] >= 2
    assert raw.cells.columns.is_unique
    assert raw.cells.map(lambda cell: isinstance(cell, str)).to_numpy().all()


texts = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(str.strip)


@given(st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_no_cell_of_a_written_table_is_lost(rows: list[list[str]], delimiter: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "one", "two"], *rows])
    raw = read_raw(stream.getvalue().encode(), file="a.csv")
    assert raw.delimiter == delimiter
    assert raw.cells.to_numpy().tolist() == rows


EUROSTAT = (
    b"nace_r2,indic_sb,geo\\time\t2015 \t2014 \t2013 \n"
    b"C10,V16110,AT\t1 \t2 b\t3 \n"
    b"C10,V16110,AT31\t: c\t: \t12.5 p\n"
    b"C10,V16110,AT3\t7 \t7 \t7 \n"
    b"C10,V16110,CZZZ\t7 \t7 \t7 \n"
    b"C10,V99999,AT31\t7 \t7 \t7 \n"
    b"C10,V13320,PL22\t7 \t7 \t7 \n"
)


def test_eurostat_value_and_flag_are_parted() -> None:
    cells = read_eurostat(gzip.compress(EUROSTAT), file="sbs.tsv.gz", years=[2015, 2013], countries=["AT"])
    assert cells.fillna(-1).to_numpy().tolist() == [
        ["AT", "C10", "jobs", 2015, 1.0, ""],
        ["AT31", "C10", "jobs", 2015, -1, "c"],
        ["AT", "C10", "jobs", 2013, 3.0, ""],
        ["AT31", "C10", "jobs", 2013, 12.5, "p"],
    ]
    everything = read_eurostat(EUROSTAT, file="sbs.tsv")
    assert set(everything["indicator"]) == {"jobs", "wages"}
    assert set(everything["region"]) == {"AT", "AT31", "PL22"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (EUROSTAT.replace(b"12.5 p", b"12,5 p"), "cell is no number"),
        (EUROSTAT.replace(b"nace_r2", b"sector"), "column is missing: 'nace_r2'"),
        (b"nothing", "no Eurostat table"),
        (gzip.compress(EUROSTAT)[:40], "cannot be read"),
    ],
)
def test_eurostat_defects_are_named(data: bytes, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        read_eurostat(data, file="sbs.tsv", years=[2013])


def test_eurostat_names_the_years_there_are() -> None:
    with pytest.raises(StudyError, match="2015, 2014, 2013"):
        read_eurostat(EUROSTAT, file="sbs.tsv", years=[2020])
