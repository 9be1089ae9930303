"""The same result twice, and what is said where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Options
from cncb_analysis.verify import verify_run
from tests.test_running import copied, finished, run_small  # noqa: F401 - fixtures


def test_a_spoilt_site_is_told_file_by_file_and_nothing_else_differs(copied: Path, tmp_path: Path) -> None:  # noqa: F811
    site = copied / "reports"
    page, executed = site / "index.html", copied / "small" / "processed" / "restricted" / "notebooks" / "north"
    lines = page.read_bytes().split(b"\n")
    lines[4] = b"<!-- somebody was here -->" + lines[4]
    page.write_bytes(b"\n".join(lines))
    (site / "south" / "1_mapping.html").unlink()
    (site / "old.html").write_text("left over", encoding="utf-8")
    book = executed / "1_mapping.ipynb"
    book.write_text(
        book.read_text(encoding="utf-8").replace('"cell_type": "markdown"', '"cell_type": "raw"', 1), "utf-8"
    )
    compared, problems = verify_run(Options(copied / "small", site), tmp_path)
    told = {Path(problem.file).name: (problem.problem, problem.row) for problem in problems}
    assert told == {
        "index.html": ("differs the second time", "5"),
        "1_mapping.html": ("is made now, but does not stand there", ""),
        "old.html": ("stands there, but no run makes it", ""),
        "1_mapping.ipynb": ("differs the second time", told["1_mapping.ipynb"][1]),
    }
    assert compared > 60


def test_before_the_first_run_there_is_nothing_to_verify(small_study: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing to verify"):
        verify_run(Options(small_study, tmp_path / "none"), tmp_path / "scratch")
