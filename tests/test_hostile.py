"""Hostile deliveries: each is refused in one line or stays plain text, within bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import list_refi_codes, read_eurostat, read_outlines, read_raw, read_structure
from cncb_analysis.readers import regional as regional_reader
from tests.test_readers_exports import make_workbook

ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
LSS = f'<?xml version="1.0"?>{ENTITIES}<document><LimeSurveyDocType>Survey</LimeSurveyDocType>&b;</document>'
QDC = f'<?xml version="1.0"?>{ENTITIES}<CodeBook><Codes><Code guid="1" name="&b;"/></Codes></CodeBook>'


def pack(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return stream.getvalue()


def read_codes(data: bytes, *, file: str) -> object:
    return list(list_refi_codes(data, file=file))


def read_regions(data: bytes, *, file: str) -> object:
    return read_outlines(data, file=file, regions={"AT31"})


BOOK = make_workbook([["id", "a"], [1, 2]])
# What is delivered, who reads it, and what is said.
REFUSED: dict[str, tuple[bytes, Callable[..., object], str]] = {
    "0 bytes": (b"", read_raw, "is empty"),
    "NUL bytes": (b"\x00" * 4096, read_raw, ""),
    "a truncated workbook": (BOOK[: len(BOOK) // 2], read_raw, "damaged"),
    "a workbook of no sheets": (pack(**{"[Content_Types].xml": b"<x/>"}), read_raw, "damaged"),
    "a million columns": (b"a," * 1_000_000 + b"b\n1\n", read_raw, r"too many columns \(1000001\)"),
    "a million cells in one line": (b"a,b\n" + b"1," * 1_000_000 + b"\n", read_raw, "too many columns"),
    "entities in a survey structure": (LSS.encode(), read_structure, ""),
    "entities in a codebook": (QDC.encode(), read_codes, ""),
    "a project with a climbing name": (pack(**{"../project.qde": b"<Project/>"}), read_codes, "leave its folder"),
    "a project with an absolute name": (pack(**{"/etc/project.qde": b"<Project/>"}), read_codes, "leave its folder"),
    "a damaged gzip": (
        gzip.compress(b"freq,geo\\TIME\t2020\n" * 50)[:10] + b"\xff" * 40,
        read_eurostat,
        "cannot be read",
    ),
    "outlines that are none": (b'{"type": "FeatureCollection", "features": 3}', read_regions, ""),
    "outlines nested without end": (b"[" * 100_000, read_regions, ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_in_one_line(name: str) -> None:
    data, read, said = REFUSED[name]
    with pytest.raises(StudyError, match=said or None) as refused:
        read(data, file="delivered")
    assert "\n" not in str(refused.value)
    assert "delivered" in str(refused.value)
    assert len(str(refused.value)) < 400


def test_statistics_that_unpack_to_an_absurd_size_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regional_reader, "_LARGEST", 1_000_000)
    with pytest.raises(StudyError, match="too large unpacked"):
        read_eurostat(gzip.compress(bytes(2_000_000)), file="sbs.tsv.gz")


MEASURE = """
import resource, sys
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_raw
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_raw(sys.stdin.buffer.read(), file="wide.csv")
except StudyError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


def test_a_million_columns_cost_little_memory() -> None:
    data = b"a," * 1_000_000 + b"b\n" + b"1," * 1_000_000 + b"1\n"
    done = subprocess.run([sys.executable, "-c", MEASURE], input=data, capture_output=True, timeout=60, check=True)
    grown, said = done.stdout.decode().split(" ", 1)
    assert "too many columns" in said
    assert int(grown) * 1024 < 25 * len(data)


FORMULAS = ("=1+1", '=HYPERLINK("http://x","y")', "@SUM(A1)", "+1+1", "-1+1|cmd", "\t=1")


def test_formulas_and_scripts_in_answers_stay_text() -> None:
    hostile = [*FORMULAS, "<script>alert(1)</script>", "![x](http://x)"]
    stream = io.StringIO()
    csv.writer(stream).writerows([["id", "a"], *enumerate(hostile)])
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [["id", "a"], *[[place, text] for place, text in enumerate(hostile)]]:
        book.active.append(row)
        book.active.cell(book.active.max_row, 2).data_type = "s"
    packed = io.BytesIO()
    book.save(packed)
    for data in (stream.getvalue().encode(), packed.getvalue()):
        assert read_raw(data, file="a").cells["a"].tolist() == hostile


def test_merged_cells_and_repeated_headings_lose_nothing() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["id", "a", "a"], [1, "x", "y"], [2, "z", None]):
        sheet.append(row)
    sheet.merge_cells("B3:C3")
    stream = io.BytesIO()
    book.save(stream)
    cells = read_raw(stream.getvalue(), file="merged.xlsx").cells
    assert cells.astype(object).to_numpy().tolist() == [["1", "x", "y"], ["2", "z", ""]]
    assert len(set(cells.columns)) == 3


READERS: dict[str, tuple[bytes, Callable[..., object]]] = {
    "codebook": (b'<?xml version="1.0"?><CodeBook><Codes><Code guid="1" name="a"/></Codes></CodeBook>', read_codes),
    "statistics": (b"nace_r2,indic_sb,geo\\time\t2014 \nC10,V16110,AT31\t123 p\n", read_eurostat),
    "outlines": (
        json.dumps({
            "type": "FeatureCollection",
            "features": [{
                "type": "Feature",
                "properties": {"NUTS_ID": "AT31"},
                "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
            }],
        }).encode(),
        read_regions,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@given(draw=st.data())
def test_damaged_files_give_what_they_hold_or_a_study_error(name: str, draw: st.DataObject) -> None:
    data, read = READERS[name]
    start, end = sorted(draw.draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    damaged = data[:start] + draw.draw(st.binary(max_size=20)) + data[end:]
    try:
        read(damaged, file="any")
    except StudyError as error:
        assert str(error)
