"""make judge counts what outside judges find, and each of them is pinned."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests import judges
from tests.judges import JUDGES, ROOT, Judge, main


def test_a_line_a_judge_and_the_number_that_found_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "judge").symlink_to("/bin/sh")
    asked = {"content": "judge -c exit", "strict": "judge -c false", "talking": "judge {copy}"}
    (tmp_path / "said").write_text("echo line 3: a word; exit 2\n", encoding="utf-8")
    monkeypatch.setattr(judges, "HOMES", tmp_path)
    monkeypatch.setattr(judges, "JUDGES", {name: Judge("", words) for name, words in asked.items()})
    monkeypatch.setattr(judges, "build", lambda folder: {"copy": str(tmp_path / "said")})
    monkeypatch.setattr(judges, "prepare", lambda name, judge, made: tmp_path)
    assert main([]) == 2
    told = re.sub(r" \(\d+ s\)", "", capsys.readouterr().out).splitlines()
    assert told == [
        "content: ok",
        "strict: found something",
        "    exit code 1",
        "talking: found something",
        "    line 3: a word",
    ]
    assert main(["content"]) == 0


def test_a_judge_is_pinned_and_the_hooks_ask_the_same_one() -> None:
    pinned = {word for judge in JUDGES.values() for word in judge.packages.split() if word != "{wheel}"}
    assert [word for word in pinned if not re.fullmatch(r"[\w\[\]-]+==[\d.]+", word)] == []
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    asked = {word for words in re.findall(r"additional_dependencies: \[(.*)\]", hooks) for word in words.split(", ")}
    assert len(asked) == 2
    assert asked <= pinned


def test_what_a_judge_is_told_to_overlook_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)["tool"]["repo-review"]["ignore"]
    reasons = dict(re.findall(r'^  "([A-Z]+\d+)",(?: # (.+))?$', text, re.MULTILINE))
    # One reason may stand for those that follow it.
    assert set(told) <= set(reasons)
    assert [code for code in told if not reasons[code]] == ["PC902", "PC903"]
