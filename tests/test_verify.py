"""The same result twice, and what is said where it is not."""

# ruff: noqa: F811 - fixtures of another module

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Options
from cncb_analysis.verify import verify_run
from tests.test_running import COMMAND, copied, finished, make_environment  # noqa: F401

PUBLISHED = """\
statement_id,slide,statement,step,variable,option,statistic,comparison,value,k,n,source,partner,exempt
p1,6,1 woman of 2,interviews,cm_sex,woman,share,=,0.5,1,2,deck,north,1
p2,6,2 women of 2,interviews,cm_sex,woman,share,=,1,2,2,deck,north,1
p3,9,Courses at workshops,workshops,cm_upd,finance,share,=,1,2,2,deck,north,1
p4,11,No manager over 55,interviews,cm_age,over_55,share,<=,0.1,,,deck,south,1
"""
# What shows the statements, new to the run that is verified.
PRINTED = ("5_national_work", "deck.pptx", "tables.xlsx", "estimates.csv")


def verify_small(folder: Path) -> tuple[str, set[tuple[str, ...]]]:
    """Last line of `cncb verify`, and name of file, row, problem and value of each row of its table."""
    command = [*COMMAND[:-3], "verify", "--study", "small"]
    done = subprocess.run(command, cwd=folder, env=make_environment(), capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (1, "")
    heading, *rows, last = done.stdout.splitlines()
    places = [match.start() for match in re.finditer(r"\S+", heading)]
    ends = [*places[1:], None]
    cells = [[row[start:end].strip() for start, end in zip(places, ends, strict=True)] for row in rows]
    return last, {(Path(file).name, row, problem, value) for file, row, _, value, problem, _ in cells}


def test_spoilt_site_ledger_and_statements_are_told_row_by_row_and_nothing_else_differs(copied: Path) -> None:
    site, small = copied / "reports", copied / "small"
    page, executed = site / "index.html", small / "processed" / "restricted" / "notebooks" / "north"
    lines = page.read_bytes().split(b"\n")
    lines[4] = b"<!-- somebody was here -->" + lines[4]
    page.write_bytes(b"\n".join(lines))
    (site / "south" / "1_mapping.html").unlink()
    (site / "old.html").write_text("left over", encoding="utf-8")
    book = executed / "1_mapping.ipynb"
    book.write_text(
        book.read_text(encoding="utf-8").replace('"cell_type": "markdown"', '"cell_type": "raw"', 1), "utf-8"
    )
    (small / "study" / "published.csv").write_text(PUBLISHED, encoding="utf-8")
    with (small / "raw" / "north" / "actions.csv").open("ab") as changed:
        changed.write(b"\n")
    (small / "raw" / "south" / "late.csv").write_bytes(b"nobody listed it")
    last, told = verify_small(copied)
    assert {row[:3] for row in told if not row[0].startswith(PRINTED)} == {
        ("index.html", "5", "differs the second time"),
        ("1_mapping.html", "", "is made now, but does not stand there"),
        ("old.html", "", "stands there, but no run makes it"),
        ("1_mapping.ipynb", "4", "differs the second time"),
        ("sources.csv", "13", "file is not the one listed"),
        ("sources.csv", "", "file is not in the ledger"),
        ("published.csv", "3", "slide 6: the data say 1 of 2"),
        ("published.csv", "5", "slide 11: the data say 1 of 1"),
        ("answers.csv", "3", "unknown answer"),  # the small study's own
    }
    values = {"north/actions.csv", "south/late.csv", "2 women of 2", "No manager over 55"}
    assert values <= {value for *_, value in told}
    assert int(last.split()[0]) > 60


def test_a_missing_raw_file_is_told_once_and_not_by_every_page_that_rests_on_it(copied: Path) -> None:
    (copied / "small" / "raw" / "south" / "answers.csv").unlink()
    _, told = verify_small(copied)
    assert {(row, problem) for _, row, problem, _ in told} == {
        ("9", "file is missing"),
        ("", "there is no such file"),
        ("", "'clean south questionnaire' failed the second time"),
    }


def test_before_the_first_run_there_is_nothing_to_verify(small_study: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing to verify"):
        verify_run(Options(small_study, tmp_path / "none"), tmp_path / "scratch")
