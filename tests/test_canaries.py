"""Canaries planted in every raw format reach no file that leaves, whatever that file's own format is."""

from __future__ import annotations

import base64
import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from cncb_analysis.store import write_bytes
from tests.shipped import run_cncb
from tests.small_study import BALLOTS, CARDS, FRAME, SEGMENTS, SOUTH, SOUTH_HEAD, write_ledger, write_small_study
from tests.test_readers import make_workbook
from tests.test_readers_refi import build, select, source

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


def write_workbook(rows: Rows, above: Sequence[list[str]] = ()) -> bytes:
    return make_workbook([list(row) for row in (*above, *rows)])


def write_kobo(rows: Rows) -> bytes:
    """Answers as KoboToolbox gives them: groups before the question, columns of the tool."""
    tool = {"id": "_id", "submitdate": "_submission_time", "lastpage": "_index"}
    head = [tool.get(name) or ("ETA" if name == "ETA" else f"group_a/{name}") for name in rows[0]]
    return b"\xef\xbb\xbf" + write_delimited([head, *rows[1:]])


def write_project(rows: Rows) -> bytes:
    """Passages as a REFI-QDA project: each interview a source with its text."""
    texts = {f"sources/{name}.txt": said.encode() for name, said in {"ab1": rows[1][6], "ab2": OPINION}.items()}
    sources = "".join(
        source(select(0, len(text.decode())), f'name="{unit}" plainTextPath="internal://{path.partition("/")[2]}"')
        for unit, (path, text) in zip(["I01", "I03"], texts.items(), strict=True)
    )
    return build(sources, texts=texts)


def write_highlights(rows: Rows) -> bytes:
    """Passages as Taguette exports them."""
    said = [[str(place), row[0], row[2].replace("/", "."), row[6]] for place, row in enumerate(rows[1:], start=1)]
    return write_delimited([["id", "document", "tag", "content"], *said])


def write_orders(rows: Rows) -> bytes:
    """Ballots as PrefLib: what its heading says of people is not read."""
    head = f"# TITLE: {OPINION}\n# DATA TYPE: toi\n# ALTERNATIVE NAME 1: exchange\n# ALTERNATIVE NAME 2: tours\n"
    return f"{head}1: 2,1\n".encode()


Form = tuple[str, Callable[[Rows], bytes]]
PLAIN: Form = ("csv", write_delimited)
WORKBOOK: Form = ("xlsx", write_workbook)
# A format of a survey tool holds the answers; passages and ballots have their own; the rest comes as a spreadsheet.
FORMATS: dict[str, dict[str, Form]] = {
    "LimeSurvey VV in UTF-16": {
        "answers": ("txt", lambda rows: write_delimited([rows[0], *rows], "\t", "utf-16")),
    },
    "Excel": dict.fromkeys(("answers", "frame", "cards", "segments", "ballots"), WORKBOOK),
    "SPSS, REFI-QDA project": {"answers": ("sav", write_spss), "segments": ("qdpx", write_project)},
    "Kobo, Taguette, PrefLib": {
        "answers": ("csv", write_kobo),
        "segments": ("csv", write_highlights),
        "ballots": ("toi", write_orders),
    },
    "EUSurvey": {
        "answers": ("xlsx", lambda rows: write_workbook(rows, [["Alias", "a"], ["Export Date", "46113"], []])),
    },
}


def rename(text: str) -> str:
    for old, new in {"Usignolo": CANARIES["cluster"], "u@usignolo.example": CANARIES["email"]}.items():
        text = text.replace(old, new)
    return text


def plant(folder: Path, forms: Mapping[str, Form]) -> Path:
    """The small study with canaries in each delivery of `south`: clusters, addresses, telephones, words."""
    write_small_study(folder)
    texts = {"frame": FRAME, "cards": CARDS, "segments": SEGMENTS, "ballots": BALLOTS}
    deliveries = {content: list(csv.reader(each["south"].splitlines())) for content, each in texts.items()}
    deliveries["answers"] = list(csv.reader([SOUTH_HEAD, *SOUTH]))
    deliveries["answers"][1][deliveries["answers"][0].index("strength")] = OPINION
    deliveries["segments"][2][6] = OPINION  # of an interview without a card, so without consent
    ledger = list(csv.DictReader((folder / "study" / "sources.csv").read_text(encoding="utf-8").splitlines()))
    for content, rows in deliveries.items():
        suffix, write = forms.get(content, PLAIN)
        (folder / "raw" / "south" / f"{content}.csv").unlink()
        write_bytes(
            folder / "raw" / "south" / f"{content}.{suffix}", write([[rename(cell) for cell in row] for row in rows])
        )
        for row in ledger:
            if row["path"] == f"south/{content}.csv":
                row["path"] = f"south/{content}.{suffix}"
    write_ledger(folder, [{key: row[key] for key in ("step", "partner", "path", "content")} for row in ledger])
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
    study = plant(tmp_path / "small", FORMATS[form])
    done = run_cncb("run", "--study", str(study), "--audience", "public", "--out", str(tmp_path / "out"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # Hosts that are called Chamber and Agency, as the partners are: that nobody looks for them is said.
    assert "2 cluster or host name(s) are ordinary words" in done.stdout
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
