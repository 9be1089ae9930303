"""The guide "your own study", followed word for word: its commands run, its rows and settings go where it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pandas as pd

from tests.shipped import run_cncb
from tests.size import ROOT

GUIDE = (ROOT / "docs" / "own_study.md").read_text(encoding="utf-8")
# One partner's files, as its tools gave them.
DELIVERED = ROOT / "data" / "raw" / "upper_austria"
BLOCK = re.compile(r"```(console|toml|csv)\n(.*?)```", re.DOTALL)
NEEDLESS = {"survey": ("name", "invited"), "choices": ("list_name", "invited")}


def forget(table: Path, column: str, value: str) -> None:
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    assert value in set(rows[column])
    rows[rows[column] != value].to_csv(table, index=False)


def test_the_guide_leads_from_nothing_to_a_site(tmp_path: Path) -> None:
    study, said = tmp_path / "my_study", []
    for match in BLOCK.finditer(GUIDE):
        kind, text = match.groups()
        if kind == "toml":
            with (study / "study" / "study.toml").open("a", encoding="utf-8") as settings:
                settings.write(f"\n{text}")
        elif kind == "csv":
            (name,) = re.findall(r"`study/(\w+)\.csv`", GUIDE[: match.start()])[-1:]
            with (study / "study" / f"{name}.csv").open("a", encoding="utf-8") as table:
                table.write(text)
            # "and its draft row is deleted"
            for other, (column, value) in NEEDLESS.items():
                forget(study / "study" / f"{other}.csv", column, value)
        else:
            for line in text.splitlines():
                words = shlex.split(line.removeprefix("$ cncb "))
                if words[0] == "import" and not (study / "raw" / "linz").exists():
                    shutil.copytree(DELIVERED, study / "raw" / "linz", ignore=shutil.ignore_patterns("*.txt"))
                done = run_cncb(*words, cwd=tmp_path)
                said.append((words[0], done.returncode, done.stdout))
                assert "Traceback" not in done.stderr
    codes = [(command, code) for command, code, _ in said if command in ("check", "run")]
    # The second check finds the column that the guide then speaks of.
    assert codes == [("check", 0), ("check", 1), ("run", 0)]
    listed = next(out for command, code, out in said if (command, code) == ("check", 1))
    assert "2 problem(s)" in listed
    assert "invited" in listed
    assert run_cncb("check", "--study", "my_study", cwd=tmp_path).returncode == 0
    pages = {path.name for path in (study / "reports").rglob("*.html")}
    assert {"index.html", "1_mapping.html", "4_workshops.html", "7_joint_support.html", "country_AT.html"} <= pages
    assert "of 10" in (study / "reports" / "linz" / "2_questionnaire.html").read_text(encoding="utf-8")
