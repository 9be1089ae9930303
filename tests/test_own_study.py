"""The guide "your own study", followed word for word: its commands run, its rows and settings go where it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pandas as pd

from cncb_analysis import open_page
from tests.shipped import run_cncb
from tests.size import ROOT

GUIDES = {
    name: (ROOT / "docs" / f"own_{name}.md").read_text(encoding="utf-8") for name in ("question", "language", "figure")
}
GUIDE = (ROOT / "docs" / "own_study.md").read_text(encoding="utf-8")
# One partner's files, as its tools gave them.
DELIVERED = ROOT / "data" / "raw" / "upper_austria"
BLOCK = re.compile(r"```(console|toml|csv)\n(.*?)```", re.DOTALL)
ROWS = re.compile(r"`(\w+)\.csv`:\n\n((?: *\|.*\n)+)")
NEEDLESS = {"survey": ("name", "invited"), "choices": ("list_name", "invited")}


def forget(table: Path, column: str, value: str) -> None:
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    assert value in set(rows[column])
    rows[rows[column] != value].to_csv(table, index=False)


def add_rows(study: Path, guide: str) -> int:
    """Write the tables that a guide shows into those of the study; how many rows."""
    added = 0
    for name, text in ROWS.findall(guide):
        head, _, *body = ([cell.strip() for cell in line.strip(" |").split(" | ")] for line in text.splitlines())
        path = study / "study" / f"{name}.csv"
        known = pd.read_csv(path, dtype=str, keep_default_na=False)
        pd.concat([known, pd.DataFrame(body, columns=head)]).fillna("").to_csv(path, index=False)
        added += len(body)
    return added


def try_other_guides(study: Path, cwd: Path) -> None:
    assert add_rows(study, GUIDES["question"]) == 5
    assert run_cncb("check", "--study", str(study), cwd=cwd).stdout.startswith("0 problem(s)")
    assert add_rows(study, GUIDES["figure"]) == 5
    assert add_rows(study, GUIDES["language"]) == 2
    settings = study / "study" / "study.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('["en"]', '["en", "hr"]', 1), encoding="utf-8")
    listed = pd.read_csv(study / "processed" / "restricted" / "problems.csv")
    assert listed.empty
    run_cncb("check", "--study", str(study), cwd=cwd)
    listed = pd.read_csv(study / "processed" / "restricted" / "problems.csv")
    assert set(listed["problem"]) == {"label is missing"}
    assert set(listed["column"]) == {"hr"}
    told = ("--study", str(study), "--language", "hr", "--partner", "linz", "--step", "questionnaire", "--out", "hr")
    assert run_cncb("run", *told, cwd=cwd).returncode == 0
    html = (cwd / "hr" / "linz" / "2_questionnaire.html").read_text(encoding="utf-8")
    assert '<html lang="hr">' in html
    assert "Pregled" in html
    assert " od 10" in html
    shown = open_page(study, notebook="questionnaire", partner="linz", language="en").show("origins_asked")
    assert (shown.title, "n = 10" in shown.subtitle) == ("Who started the clusters", True)


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
    try_other_guides(study, tmp_path)
