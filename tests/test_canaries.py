"""Canaries planted in every raw format reach no file that leaves, whatever that file's own format is."""

from __future__ import annotations

import base64
import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from cncb_analysis.store import write_bytes, write_text
from tests.shipped import run_cncb
from tests.small_study import BALLOTS, CARDS, FRAME, SEGMENTS, SOUTH, SOUTH_HEAD, write_ledger, write_small_study
from tests.test_readers import make_workbook

CANARIES = {
    "cluster": "Zaunkoenig",
    "email": "kanarie.vogel@voliere.example",
    "phone": "+39 041 2223344",
    "text": "wir haben damals im Keller bei Frau Nachtigall heimlich angefangen",
}
OPINION = f"{CANARIES['text']}: {CANARIES['email']} {CANARIES['phone']}"
Rows = list[list[str]]


def write_delimited(rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode(encoding)


def write_spss(rows: Rows) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sav"
        pyreadstat.write_sav(pd.DataFrame(rows[1:], columns=rows[0]), str(path))
        return path.read_bytes()


FORMATS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "LimeSurvey VV in UTF-16": ("txt", lambda rows: write_delimited([rows[0], *rows], "\t", "utf-16")),
    "Excel": ("xlsx", lambda rows: make_workbook([list(row) for row in rows])),
    "SPSS": ("sav", write_spss),
}
# Words that every page has are no names: the small study's hosts get some of their own.
HOSTS = {"Agency": "Traegerverein", "Club": "Vogelklub", "Chamber": "Camera Alata", "Usignolo": CANARIES["cluster"]}


def rename(text: str) -> str:
    for old, new in {**HOSTS, "u@usignolo.example": CANARIES["email"]}.items():
        text = text.replace(old, new)
    return text


def plant(folder: Path, suffix: str, write: Callable[[Rows], bytes]) -> Path:
    """The small study with canaries in each delivery of `south`: clusters, addresses, telephones, words."""
    write_small_study(folder)
    answers = list(csv.reader([SOUTH_HEAD, *SOUTH]))
    place = answers[0].index("strength")
    answers[1][place] = OPINION
    deliveries = {
        "answers": answers,
        "frame": list(csv.reader(FRAME["south"].splitlines())),
        "cards": list(csv.reader(CARDS["south"].splitlines())),
        "segments": list(csv.reader(SEGMENTS["south"].splitlines())),
        "ballots": list(csv.reader(BALLOTS["south"].splitlines())),
    }
    deliveries["segments"][2][6] = OPINION  # of an interview without a card, so without consent
    write_text(folder / "raw" / "north" / "frame.csv", rename(FRAME["north"]))
    ledger = list(csv.DictReader((folder / "study" / "sources.csv").read_text(encoding="utf-8").splitlines()))
    for content, rows in deliveries.items():
        named = [[rename(cell) for cell in row] for row in rows]
        # A format of a survey tool holds its answers; the other tables come as spreadsheets do.
        own = (suffix, write) if content == "answers" or suffix == "xlsx" else ("csv", write_delimited)
        (folder / "raw" / "south" / f"{content}.csv").unlink()
        write_bytes(folder / "raw" / "south" / f"{content}.{own[0]}", own[1](named))
        for row in ledger:
            if row["path"] == f"south/{content}.csv":
                row["path"] = f"south/{content}.{own[0]}"
    kept = [{key: row[key] for key in ("step", "partner", "path", "content")} for row in ledger]
    write_ledger(folder, kept)
    return folder


def open_up(data: bytes) -> Iterator[bytes]:
    """Everything that stands in a file: itself, the members of archives, what is embedded as base64."""
    yield data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield from open_up(packed.read(name))
    for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", data):
        yield from open_up(base64.b64decode(found))


def find_canaries(folder: Path) -> list[tuple[str, str]]:
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        inside = list(open_up(path.read_bytes()))
        for kind, text in CANARIES.items():
            spelt = [text.encode(), text.encode("utf-16-le"), text.replace(" ", "").encode()]
            if any(each in part for part in inside for each in spelt):
                found.append((kind, path.name))
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_no_canary_leaves(form: str, tmp_path: Path) -> None:
    study = plant(tmp_path / "small", *FORMATS[form])
    done = run_cncb("run", "--study", str(study), "--audience", "public", "--out", str(tmp_path / "out"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    restricted = [(kind, name) for kind, name in find_canaries(study / "processed" / "restricted")]
    # They were read: whoever reads nothing leaks nothing.
    assert {kind for kind, _ in restricted} == set(CANARIES)
    assert find_canaries(tmp_path / "out") == []
    assert find_canaries(study / "processed" / "public") == []
    assert len(list((tmp_path / "out").rglob("*.html"))) > 10


def test_a_canary_would_be_found(tmp_path: Path) -> None:
    html = b"data:text/csv;base64," + base64.b64encode(CANARIES["email"].encode())
    (tmp_path / "a.html").write_bytes(html)
    (tmp_path / "b.xlsx").write_bytes(make_workbook([["id", "a"], ["1", CANARIES["cluster"]]]))
    assert sorted(find_canaries(tmp_path)) == [("cluster", "b.xlsx"), ("email", "a.html")]
