"""Studies of files that nobody here wrote become sites too; where these files are absent the tests are skipped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.shipped import run_cncb
from tests.size import ROOT

REAL = ROOT.parent / "shared" / "real"


def run_real(name: str, folder: str, out: Path) -> str:
    if not (REAL / folder).is_dir():
        pytest.skip(f"the real files of {name} are not here")
    done = run_cncb("run", "--study", f"tests/real/{name}", "--out", str(out), cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    return (out / "index.html").read_text(encoding="utf-8")


def read_page(path: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")))


def test_six_countries_of_one_survey(tmp_path: Path) -> None:
    index = run_real("rse", "rse", tmp_path)
    assert "ynthetic" not in index
    pages = sorted(path.parent.name for path in tmp_path.rglob("2_questionnaire.html"))
    assert len(pages) == 6
    assert (tmp_path / "6_comparison.html").is_file()


def test_regional_statistics_of_seven_countries(tmp_path: Path) -> None:
    run_real("eurostat", "eurostat", tmp_path)
    pages = list(tmp_path.rglob("1_mapping.html"))
    assert len(pages) >= 1
    text = " ".join(read_page(page) for page in pages)
    assert "10.7" in text  # Marche, C15: 10.684


def test_coded_interviews(tmp_path: Path) -> None:
    run_real("wac", "interviews", tmp_path)
    text = " ".join(read_page(page) for page in tmp_path.rglob("3_interviews.html"))
    assert "15 of 57" in text
