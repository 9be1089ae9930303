"""Display tables: accessible HTML, sheets that run nothing, workbooks with the same bytes."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import openpyxl
import pytest

from cncb_analysis.tables import DisplayTable, write_workbook

HOSTILE = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def table() -> DisplayTable:
    rows = (("Milan", "7 of 12", "1.3 (0.9 to 1.7)", "agency"), ("Veneto", "–", "-0.4", "chamber <b>"))
    return DisplayTable(
        "Staff", ("Group", "k of n", "Gap", "Host"), rows, base="Base: 12.", source="Survey.", total=True
    )


def test_headings_and_row_names_say_what_they_head(table: DisplayTable) -> None:
    html = table._repr_html_()
    assert html.startswith("<table><caption>Staff</caption>")
    assert html.count('scope="col"') == 4
    assert html.count('scope="row"') == 2
    assert '<tr class="total"><th scope="row">Veneto</th>' in html
    assert '<p class="note">Base: 12. Survey.</p>' in html


def test_numbers_stand_right_and_texts_left(table: DisplayTable) -> None:
    assert table.numeric == (False, True, True, False)


def test_everything_is_escaped(table: DisplayTable) -> None:
    html = DisplayTable("<script>", ("<i>", "b"), (("<u>", "&"),), source="<s>")._repr_html_()
    assert "chamber &lt;b&gt;" in table._repr_html_()
    for tag in ("<script>", "<i>", "<u>", "<s>"):
        assert tag not in html


def test_a_wide_table_scrolls_in_a_box_that_the_keyboard_reaches(table: DisplayTable) -> None:
    wide = DisplayTable("W", tuple("abcde"), (tuple("12345"),))
    assert wide._repr_html_().startswith('<section class="scroll" tabindex="0" aria-label="W">')
    assert "scroll" not in table._repr_html_()


def test_no_text_becomes_a_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    table = DisplayTable("A", ("x", "y"), ((HOSTILE, "+1"),), numbers=(("x", "y"), ("@a", 2.5), ("b", float("nan"))))
    write_workbook(tmp_path / "t.xlsx", [table])
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert cells[HOSTILE] == "s"
    assert cells["+1"] == "s"
    assert cells["@a"] == "s"
    assert cells[2.5] == "n"
    assert "f" not in cells.values()
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        assert b"nan" not in archive.read("xl/worksheets/sheet1.xml").lower()


def test_sheet_names_are_short_unique_and_allowed(tmp_path: Path, table: DisplayTable) -> None:
    long = "A title: that is [much] longer than Excel allows/for a sheet"
    tables = [DisplayTable(caption, table.columns, table.rows) for caption in (long, long.upper(), "?", "Staff")]
    write_workbook(tmp_path / "t.xlsx", tables)
    names = openpyxl.load_workbook(tmp_path / "t.xlsx").sheetnames
    assert len({name.casefold() for name in names}) == 4
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_a_control_character_does_not_break_the_workbook(tmp_path: Path) -> None:
    write_workbook(tmp_path / "t.xlsx", [DisplayTable("A\x01", ("x", "y"), (("a\x0b", "1"),))])
    assert openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0]["A4"].value == "a"


def test_same_tables_same_bytes(tmp_path: Path, table: DisplayTable) -> None:
    write_workbook(tmp_path / "a.xlsx", [table])
    time.sleep(1.1)
    write_workbook(tmp_path / "b.xlsx", [table])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
