"""What must not leave is found in every format that leaves, and nothing else is."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import matplotlib
import openpyxl
import pptx
import pytest
from matplotlib.figure import Figure

from cncb_analysis.canary import Secrets, index_secrets, scan_file

NAME = "Žofie Kanárková"
TEXT = "We lost the largest member because nobody answered its letters for eleven months"
QUOTE = "Trust grows slowly between firms that sell to the same three customers every year"
SECRETS = [("identifier", NAME), ("text", TEXT), ("text", QUOTE), ("cluster", "Gheppio")]


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    return index_secrets(SECRETS, [QUOTE, "Province of Milan"], addresses=["contact@study.example"])


def pack(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", text)
    return buffer.getvalue()


def pack_twice(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("outer.zip", pack(text))
    return buffer.getvalue()


def name_member(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{text}/inner.txt", "nothing")
    return buffer.getvalue()


def write_workbook(text: str) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.create_sheet("hidden").sheet_state = "hidden"
    book["hidden"]["C7"] = text
    book.save(buffer)
    return buffer.getvalue()


def write_properties(text: str) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.properties.creator = text
    book.save(buffer)
    return buffer.getvalue()


def write_slides(text: str) -> bytes:
    show, buffer = pptx.Presentation(), io.BytesIO()
    show.slides.add_slide(show.slide_layouts[5]).notes_slide.notes_text_frame.text = text
    show.save(buffer)
    return buffer.getvalue()


def draw(form: str, *, metadata: bool = False) -> Callable[[str], bytes]:
    def write(text: str) -> bytes:
        figure, buffer = Figure(), io.BytesIO()
        if not metadata:
            figure.text(0.1, 0.5, text)
        with matplotlib.rc_context({"svg.fonttype": "none"}):
            figure.savefig(buffer, format=form, metadata={"Title": text} if metadata else None)
        return buffer.getvalue()

    return write


FORMATS: dict[str, Callable[[str], bytes]] = {
    "text": str.encode,
    "markup": lambda text: f'<img alt="{text.encode("ascii", "xmlcharrefreplace").decode()}">'.encode(),
    "notebook": lambda text: json.dumps({"cells": [{"source": text}]}, ensure_ascii=False).encode(),
    "svg": draw("svg"),
    "svg metadata": draw("svg", metadata=True),
    "png metadata": draw("png", metadata=True),
    "zip": pack,
    "zip in zip": pack_twice,
    "name in zip": name_member,
    "xlsx hidden sheet": write_workbook,
    "xlsx properties": write_properties,
    "pptx notes": write_slides,
    "base64": lambda text: b'<img src="data:text/plain;base64,' + base64.b64encode(text.encode()) + b'">',
    "zip in base64": lambda text: b'<a href="data:application/zip;base64,' + base64.b64encode(pack(text)) + b'">',
}


def scan(folder: Path, data: bytes, secrets: Secrets) -> list[str]:
    path = folder / "file"
    path.write_bytes(data)
    return [hit.kind for hit in scan_file(path, secrets)]


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"Thanks to {NAME.upper()}", "identifier"),
        (f"One said: {TEXT[8:60]} and more", "text"),
        ("The cluster Gheppio", "cluster"),
        ("ask anna.rossi@cluster.example", "e-mail"),
        ("call +39 02 7740 1234", "telephone"),
    ],
)
def test_secret_is_found_in_every_format(
    tmp_path: Path, secrets: Secrets, write: Callable[[str], bytes], text: str, kind: str
) -> None:
    assert scan(tmp_path, write(text), secrets) == [kind]


@pytest.mark.parametrize("write", [draw("pdf"), draw("pdf", metadata=True)], ids=["pdf", "pdf metadata"])
def test_secret_is_found_in_the_strings_of_a_pdf(
    tmp_path: Path, secrets: Secrets, write: Callable[[str], bytes]
) -> None:
    assert scan(tmp_path, write("The cluster Gheppio"), secrets) == ["cluster"]


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        "Province of Milan",
        f"“{QUOTE}”",
        "We lost the largest member because",  # six words in a row are anybody's
        "Zofie or Kanárek",
        "write to contact@study.example",
        "2011-03-04 10:22:31, 1 234 567 890, p = 0.000123456789",
    ],
)
def test_nothing_else_is_found(tmp_path: Path, secrets: Secrets, write: Callable[[str], bytes], text: str) -> None:
    assert scan(tmp_path, write(text), secrets) == []


def test_hit_names_the_member_and_never_the_secret(tmp_path: Path, secrets: Secrets) -> None:
    path = tmp_path / "deck.zip"
    path.write_bytes(pack_twice(NAME))
    (hit,) = scan_file(path, secrets)
    assert (hit.path, hit.place) == (path, "outer.zip/inner.txt")
    assert "Kan" not in str(hit)


def test_one_letter_or_a_number_is_no_secret() -> None:
    assert (
        index_secrets([("identifier", "12"), ("identifier", "A"), ("text", "no, thanks")], [], addresses=())["runs"]
        == {}
    )
