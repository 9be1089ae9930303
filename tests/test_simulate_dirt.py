"""The dirt of the synthetic deliveries stands where the list of planted dirt says, and nobody in them is real."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.simulated import DATA, FORMATS, NOT_COUNTED, find_heading, read_planted, read_second

LOOKS = {
    "identifier": r".",
    "number_range": r"\d+-\d+",
    "number_words": r"\w+ \d+",
    "no_answer_word": r"k\.A\.|n\.a\.",
    "no_break_space": "\u00a0",
    "zero_width": "\u200b",
    "inner_bom": "\ufeff",
    "outer_space": r"^ | $",
    "capitals": r"^[^a-z]+$",
    "unknown_label": r"možná|v pripravi",
    "unknown_code": r"^[79]$",
    "out_of_scale": r"^7$",
    "ambiguous_number": r"^1\.234$",
    "personal_data": r"@\w+\.example",
    "line_break": "\n",
    "corrected_cell": r"^430$",
    "excel_date": r"^2011-10-15",
    "out_of_range": r"^(?:430|1890)$",
    "formula_text": r"^=",
    "decimal_comma": r"^\d+,5$",
    "sum_not_100": r"^\d",
    "sum_99": r"^\d",
    "typed_other": r"^\w{4}",
    "old_region_code": r"^SI01$",
}


def test_planted_dirt_stands_where_the_list_says() -> None:
    planted = read_planted()
    places = {file: str(file).removesuffix(Path(file).suffix).split("/") for file in planted["file"].unique()}
    tables = {file: read_second(partner, name) for file, (partner, name) in places.items()}
    for cell in planted[planted["column"] != ""].to_dict("records"):
        text = tables[cell["file"]][cell["column"]].iloc[int(cell["row"]) - 2]
        assert re.search(LOOKS[cell["kind"]], text), cell
    assert set(planted["kind"]) == {*LOOKS, *NOT_COUNTED, "partial_accepted", "encoding_cp1250", "encoding_bom"}
    for file in planted.loc[planted["kind"] == "encoding_cp1250", "file"]:
        with pytest.raises(UnicodeDecodeError):
            (DATA / "raw" / file).read_bytes().decode("utf-8")
    for file in planted.loc[planted["kind"] == "encoding_bom", "file"]:
        assert (DATA / "raw" / file).read_bytes().startswith(b"\xef\xbb\xbf")


def test_whole_entries_are_what_the_list_says() -> None:
    planted = read_planted()
    for entry in planted[planted["row"].ne("") & planted["column"].eq("")].to_dict("records"):
        partner = entry["file"].partition("/")[0]
        table = read_second(partner, "answers")
        row = table.iloc[int(entry["row"]) - 2]
        short = {str(name).partition(". ")[0]: name for name in table.columns}
        cluster = find_heading(partner, table, "cluster")
        if entry["kind"].startswith("partial"):
            assert row[short["submitdate"]] == ""
            assert (int(row[short["lastpage"]]) >= 4) == (entry["kind"] == "partial_accepted")
        elif entry["kind"] == "duplicate" and "token" in short:
            assert (table[short["token"]] == row[short["token"]]).sum() == 2
        elif entry["kind"] == "duplicate":
            assert (table[cluster] == row[cluster].removesuffix(" klaszter")).sum() == 1
        else:
            assert re.search("(?i)test|prova|zkouška|próba|skúška", row[cluster])


def test_nobody_is_real() -> None:
    bank = pd.read_csv(Path(__file__).resolve().parents[1] / "cncb_analysis" / "simulation" / "names.csv")
    people = set(bank["name"])
    for partner in FORMATS:
        table = read_second(partner, "answers")
        names, mails, phones = (
            table[find_heading(partner, table, name)] for name in ("contact_name", "email", "phone")
        )
        assert mails[mails != ""].str.endswith(".example").all()
        assert phones[phones != ""].str.fullmatch(r"\+\d{2,3} 555 01\d\d \d\d").all()
        told = names[(names != "") & ~names.str.contains("(?i)test|prova|zkouška|próba|skúška")]
        assert told.map(lambda name: set(name.split()) <= people).all()
        assert (names != "").sum() >= 2
    for path in (DATA / "raw").rglob("*.csv"):
        text = path.read_bytes().decode("utf-8", "ignore")
        assert all(mail.endswith(".example") for mail in re.findall(r"[\w.-]+@[\w.-]*\w", text)), path
