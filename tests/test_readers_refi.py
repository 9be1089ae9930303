"""REFI-QDA projects, built here in the dialect of each program, and one that nobody here wrote."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cncb_analysis.cleaning import clean_step
from cncb_analysis.cleaning.drafts import draft_import
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import list_refi_codes, read_raw, refi
from cncb_analysis.store import write_bytes
from cncb_analysis.study import read_study
from tests.small_study import write_ledger

DEMO = Path(__file__).parents[2] / "shared" / "real" / "refi-qda" / "qc_demo.qdpx"
HOME = "C:/Users/maria.rossi/cncb"
BOOK = """<CodeBook><Codes><Code guid="G-1" name="obstacles" isCodable="false"><Code guid="G-2" name="funding"
 isCodable="true" color="#FF0000"/><Code guid="G-3" name="culture" isCodable="true"><Description>Trust</Description>
</Code></Code><Code guid="G-4" name="funding" isCodable="true"/></Codes></CodeBook>"""
TEXT = "Manca il denaro. Perché? Никто не верит, λίγοι."
MONEY = (0, 16)


def code(target: str = "G-2", user: str = "U-1") -> str:
    return f'<Coding guid="X" creatingUser="{user}"><CodeRef targetGUID="{target}"/></Coding>'


def select(start: int, end: int, inside: str = "", name: str = "") -> str:
    place = f'startPosition="{start}" endPosition="{end}"'
    return f'<PlainTextSelection guid="S" name="{name}" {place}>{inside or code()}</PlainTextSelection>'


def source(inside: str, head: str = 'name="I01" plainTextPath="internal://ab12.txt"', kind: str = "TextSource") -> str:
    return f'<{kind} guid="T" {head}>{inside}</{kind}>'


def build(
    sources: str = "",
    *,
    texts: dict[str, bytes] | None = None,
    projects: tuple[str, ...] = ("project.qde",),
    root: str = f'Project xmlns="urn:QDA-XML:project:1.0" origin="any" basePath="{HOME}"',
    before: str = '<?xml version="1.0" encoding="utf-8"?>',
) -> bytes:
    """A .qdpx with two coders, four codes and these sources."""
    users = '<Users><User guid="u-1" name="Anna"/><User guid="{U-2}" name="Béla"/></Users>'
    xml = f"{before}<{root}>{users}{BOOK}<Sources>{sources or source(select(*MONEY))}</Sources></{root.split()[0]}>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in projects:
            archive.writestr(name, xml)
        for name, data in (texts or {"sources/ab12.txt": TEXT.encode()}).items():
            archive.writestr(name, data)
    return packed.getvalue()


def read(data: bytes) -> list[list[str]]:
    return read_raw(data, file="coded.qdpx", language="it").cells.to_numpy().tolist()


PLAIN = ["I01", "obstacles/funding", "Anna", "0", "16", "Manca il denaro.", ""]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (build(), [PLAIN]),
        # Other namespaces, and none.
        (build(root='Project xmlns="urn:QDA-XML:project:1:0"'), [PLAIN]),
        (build(root="Project"), [PLAIN]),
        # ATLAS.ti names the inner file as the project.
        (build(projects=("Trial.qde",)), [PLAIN]),
        # GUIDs in braces or capitals; two coders; two codes of one selection; the same name on two paths.
        (
            build(source(select(*MONEY, code("{g-2}", "{u-2}") + code("G-4")))),
            [[*PLAIN[:2], "Béla", *PLAIN[3:]], ["I01", "funding", *PLAIN[2:]]],
        ),
        # qc: no name, a bare file name; NVivo: a hexadecimal name.
        (build(source(select(*MONEY), 'plainTextPath="I07.txt"'), texts={"sources/I07.txt": TEXT.encode()}),
         [["I07", *PLAIN[1:]]]),
        (build(source(select(*MONEY), 'name="6a1f" plainTextPath="internal://AB12.TXT"')), [["6a1f", *PLAIN[1:]]]),
        # A byte order mark counts for nothing; line ends, accents, Cyrillic and Greek count one each.
        (build(texts={"sources/ab12.txt": TEXT.encode("utf-8-sig")}), [PLAIN]),
        (build(source(select(15, 31)), texts={"sources/ab12.txt": b"a\r\nb. " + TEXT.encode()}),
         [["I01", *PLAIN[1:3], "15", "31", "denaro. Perché? ", ""]]),
        (build(source(select(25, 46))), [["I01", *PLAIN[1:3], "25", "46", "Никто не верит, λίγοι", ""]]),
        # The text inside the project's own file.
        (build(source(f"<PlainTextContent>{TEXT}</PlainTextContent>{select(*MONEY)}", 'name="I01"')), [PLAIN]),
        # An empty selection; a whole source; a region of a picture; a passage of a transcript or of a PDF's text.
        (build(source(select(3, 3))), [[*PLAIN[:3], "3", "3", "", ""]]),
        (build(source(code())), [[*PLAIN[:3], "", "", "", ""]]),
        (build(source(f'<PictureSelection firstX="1">{code()}</PictureSelection>', 'name="I01"', "PictureSource")),
         [[*PLAIN[:3], "", "", "", ""]]),
        (build(source(source(select(*MONEY), 'plainTextPath="internal://ab12.txt"', "Transcript"), 'name="I01"',
                      "AudioSource")), [PLAIN]),
        (build(source(source(select(*MONEY), 'plainTextPath="internal://ab12.txt"', "Representation"), 'name="I01"',
                      "PDFSource")), [PLAIN]),
        # No coding at all, as NVivo exports them.
        (build(source("")), []),
        # Nested as deep as nobody nests.
        (build(source("<X>" * 5000 + select(*MONEY) + "</X>" * 5000)), [PLAIN]),
        # A code that the codebook lacks is left for the cleaning to report.
        (build(source(select(*MONEY, code("G-9")))), [["I01", "(no code)", *PLAIN[2:]]]),
    ],
)  # fmt: skip
def test_every_dialect_gives_the_same_rows(data: bytes, expected: list[list[str]]) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(
    ("sources", "texts", "problem"),
    [
        (source(select(40, 4000)), None, "outside the text"),
        (source(select(9, 4)), None, "outside the text"),
        (source(select(*MONEY)), {"sources/other.txt": b"a"}, "outside the text"),
        (source(select(*MONEY), 'name="I01" plainTextPath="relative:///x/y.txt"'), None, "outside the text"),
        # The program gives the passage as a name, and it stands four characters further on.
        (source(select(*MONEY, name="Manca il denaro.")), {"sources/ab12.txt": b"xyz " + TEXT.encode()}, "elsewhere"),
        # An emoji before it: one sign, or two as Windows counts.
        (source(select(2, 18)), {"sources/ab12.txt": "🙂 ".encode() + TEXT.encode()}, "cannot be checked"),
    ],
)
def test_a_place_that_does_not_fit_leaves_no_text(sources: str, texts: dict[str, bytes] | None, problem: str) -> None:
    [row] = read(build(sources, texts=texts))
    assert row[:2] == PLAIN[:2]  # the coding counts
    assert row[5] == ""
    assert problem in row[6]


@pytest.mark.parametrize("name", ["Manca il denaro…", "Manca il", "line:6", "Manca il denaro. Perché? Никто"])
def test_a_name_that_begins_or_covers_the_passage_is_no_shift(name: str) -> None:
    assert read(build(source(select(*MONEY, name=name)))) == [PLAIN]


def test_an_emoji_is_no_problem_where_the_quote_confirms_the_place() -> None:
    data = build(source(select(2, 18, name="Manca il denaro.")), texts={"sources/ab12.txt": ("🙂 " + TEXT).encode()})
    assert read(data) == [[*PLAIN[:3], "2", "18", *PLAIN[5:]]]


BOMB = '<!DOCTYPE p [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (build(projects=("a.qde", "b.qde")), "2 projects"),
        (build(projects=("inner/a.qde",)), "0 projects"),
        (build(texts={"../evil.txt": b"x"}), "leave its folder"),
        (build(texts={"/etc/evil.txt": b"x"}), "leave its folder"),
        (build(texts={"sources\\..\\evil.txt": b"x"}), "leave its folder"),
        (build(before=BOMB), "unsafe"),
        (build(before='<!DOCTYPE p SYSTEM "file:///etc/passwd">'), "unsafe"),
        (build(root="Project a='1' a='2'"), "unsafe"),
        (build(source("") * 2), "two sources of one name"),
        (build()[:-30].replace(b"[", b""), "damaged"),
    ],
)
def test_what_cannot_be_trusted_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(StudyError, match=said) as caught:
        read_raw(data, file="coded.qdpx")
    [problem] = caught.value.problems
    assert problem.file == "coded.qdpx" and problem.remedy


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refi, "_LARGEST", 5000)
    assert read(build()) == [PLAIN]
    with pytest.raises(StudyError, match="too large"):
        read_raw(build(texts={"sources/ab12.txt": b"x" * 6000}), file="coded.qdpx")


def test_codes_are_named_by_their_path() -> None:
    paths = ["obstacles", "obstacles/funding", "obstacles/culture", "funding"]
    named = BOOK.replace("<CodeBook", '<CodeBook xmlns="urn:QDA-XML:codebook:0:4"')
    for data in (build(), f'<?xml version="1.0"?>{named}'.encode()):
        codes = pd.DataFrame(list_refi_codes(data, file="book"))
        assert codes["code"].tolist() == paths
        assert codes["parent"].tolist() == ["", "obstacles", "obstacles", ""]
        assert codes["definition"].tolist() == ["", "", "Trust", ""]


def deliver(small_study: Path, name: str, data: bytes) -> None:
    write_bytes(small_study / "raw" / "south" / name, data)
    files = [("cards.csv", "cards"), (name, "segments")]
    write_ledger(
        small_study,
        [{"step": "interviews", "partner": "south", "path": f"south/{path}", "content": kind} for path, kind in files],
    )


def test_a_project_goes_through_the_interviews_step(small_study: Path) -> None:
    sources = source(select(*MONEY) + select(900, 950, code("G-3", "U-2")) + select(*MONEY, code("G-9")))
    deliver(small_study, "coded.qdpx", build(sources, projects=("Trial.qde",)))
    cleaned = clean_step(read_study(small_study), "south", "interviews")
    assert cleaned.segments[["unit", "theme_code", "coder", "start", "text", "consent"]].to_numpy().tolist() == [
        ["south-i-01", "obstacles/funding", "Anna", 0, "Manca il denaro.", "yes"],
        ["south-i-01", "obstacles/culture", "Béla", 900, "", "yes"],
    ]
    assert [(problem.problem.partition(":")[0], problem.value) for problem in cleaned.problems] == [
        ("unknown code", "(no code)"),
        ("passage", "1 rows"),
    ]
    log = cleaned.cell_log
    assert "REFI-QDA project, Trial.qde" in log["raw"].tolist()  # an inner file of another name is said
    assert not log.map(lambda cell: "rossi" in cell).to_numpy().any()


def test_a_spreadsheet_whose_text_exceeds_its_place_is_reported(small_study: Path) -> None:
    deliver(small_study, "more.csv", b"interview,code,start,end,text\nI01,Geld,0,4,abcd\nI01,Geld,5,7,abcd\n")
    cleaned = clean_step(read_study(small_study), "south", "interviews")
    assert [(problem.problem, problem.row) for problem in cleaned.problems] == [("passage: longer than its place", "3")]
    assert len(cleaned.segments) == 2


def test_taguettes_highlights_go_through_the_interviews_step(small_study: Path) -> None:
    # The columns of highlights.csv of Taguette 1.5: id is the highlight's, tags are paths with full stops.
    said = '"Manca, il denaro"'
    rows = f"id,document,tag,content\n4,I01,obstacles.funding,{said}\n4,I01,obstacles.culture,{said}\n7,I01,,Nulla\n"
    deliver(small_study, "highlights.csv", rows.encode())
    cleaned = clean_step(read_study(small_study), "south", "interviews")
    assert cleaned.segments[["unit", "theme_code", "excerpt", "text"]].to_numpy().tolist() == [
        ["south-i-01", "obstacles/funding", "south-i-01-e01", "Manca, il denaro"],
        ["south-i-01", "obstacles/culture", "south-i-01-e01", "Manca, il denaro"],
    ]
    assert not cleaned.problems


def test_a_codebook_is_drafted_as_themes(small_study: Path) -> None:
    drafts = draft_import(read_study(small_study), "south", build(), file="coded.qdpx")
    assert list(drafts) == ["themes", "sources"]
    assert drafts["sources"].loc[0, ["step", "content"]].tolist() == ["interviews", "segments"]
    told = drafts["themes"].set_index("code")
    assert told["match"].to_dict() == {
        "obstacles": "code", "obstacles/funding": "code", "obstacles/culture": "code", "funding": "new",
    }  # fmt: skip
    assert told.loc["obstacles/culture", ["parent", "definition"]].tolist() == ["obstacles", "Trust"]


@pytest.mark.skipif(not DEMO.is_file(), reason="the real project is not here")
def test_a_real_project(small_study: Path) -> None:
    data = DEMO.read_bytes()
    codes = pd.DataFrame(list_refi_codes(data, file=DEMO.name))
    names = codes["code"].str.rpartition("/")[2]
    assert (len(codes), codes["code"].nunique(), names.nunique()) == (262, 262, 252)
    assert codes["code"].str.count("/").max() + 1 == 7
    cells = read_raw(data, file=DEMO.name, language="en").cells
    assert len(cells) == 205
    assert len(cells[["interview", "start", "end"]].drop_duplicates()) == 158
    assert set(cells["problem"]) == {""} and (cells["text"] != "").all()
    assert set(cells["interview"]) == {"board_2017"} and set(cells["coder"]) == {"cp"}
    # Through the step, with the codebook of its own.
    study = read_study(small_study)
    themes = codes.assign(**{column: "" for column in study.table("themes").columns if column not in codes})
    deliver(small_study, DEMO.name, data)
    study = replace(read_study(small_study), tables={**read_study(small_study).tables, "themes": themes})
    assert len(clean_step(study, "south", "interviews").segments) == 205
