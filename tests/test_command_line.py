"""What a researcher types, and what comes back when something is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.size import ROOT
from tests.test_site import run_cncb


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped study, free to be spoilt."""
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("processed"))
    return tmp_path / "data"


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8"))


def test_check_lists_every_kind_of_mistake_at_once(copied: Path) -> None:
    frame = copied / "raw" / "milan" / "frame.csv"
    lines = frame.read_bytes().split(b"\n")
    lines[2] = lines[1]  # the same cluster twice, and with that another hash than the ledger's
    frame.write_bytes(b"\n".join(lines))
    replace_in(copied / "study" / "items.csv", "merged_into,", "merged,")
    replace_in(copied / "raw" / "silesia" / "answers.txt", "\tmature\t", "\tripe\t")
    done = run_cncb("check", "--study", str(copied), cwd=ROOT)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    table = done.stdout
    for said in ("merged_into", "ripe", "second row for one cluster", "sha256"):
        assert said in table, said
    heading = table.splitlines()[0].split()
    assert heading == ["file", "row", "column", "value", "problem", "remedy"]
    duplicate = next(line for line in table.splitlines() if "second row for one cluster" in line)
    assert duplicate.split()[0] == "milan/frame.csv"
    assert "Airone" not in table


def test_the_shipped_study_has_no_problem(copied: Path) -> None:
    done = run_cncb("check", "--study", str(copied), cwd=ROOT)
    assert done.stdout.startswith("0 problem(s)"), done.stdout[:2000]
    assert done.returncode == 0
    log = (copied / "processed" / "restricted" / "cell_log.csv").read_text(encoding="utf-8")
    assert log.startswith("file,row,column,raw,value,rule,fate\n")
    assert ".example" not in log


def test_a_new_study_checks_and_runs(tmp_path: Path) -> None:
    for words in (("new", "mine"), ("check", "--study", "mine"), ("run", "--study", "mine")):
        done = run_cncb(*words, cwd=tmp_path)
        assert done.returncode == 0, f"{words}: {done.stderr}"
    assert (tmp_path / "reports" / "index.html").is_file()
    again = run_cncb("new", "mine", cwd=tmp_path)
    assert again.returncode == 1
    assert "there is already a study" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--study", "nowhere"), "study.toml: there is no such file"),
        (("run", "--partner", "milano"), "no such partner: 'milano'; choose from: upper_austria"),
        (("run", "--step", "maping"), "no such step: 'maping'"),
        (("check", "--study", "nowhere"), "there is no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(words: tuple[str, ...], said: str) -> None:
    done = run_cncb(*words, cwd=ROOT)
    assert done.returncode == 1
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom cncb_analysis.__main__ import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print([name for name in ('pandas', 'numpy', 'matplotlib', 'papermill') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_environment_yml_is_what_pyproject_says() -> None:
    from tests.environment import ROOT, TARGETS, render_environment

    assert {name: (ROOT / name).read_text(encoding="utf-8") for name in TARGETS} == {
        name: render_environment(binder) for name, binder in TARGETS.items()
    }


def test_many_problems_of_a_kind_are_cut_short_and_all_kept(tmp_path: Path) -> None:
    run_cncb("new", "mine", cwd=tmp_path)
    head = (tmp_path / "mine" / "study" / "survey.csv").read_text(encoding="utf-8").splitlines()[0]
    rows = [f"text,q{number},{',' * (head.count(',') - 2)}" for number in range(50)]
    (tmp_path / "mine" / "study" / "survey.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    done = run_cncb("check", "--study", "mine", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + 20 + 2
    assert lines[-2] == "30 more in survey.csv: label is missing; see problems.csv beside the cell log"
    assert lines[-1].startswith("50 problem(s)")
    kept = (tmp_path / "mine" / "processed" / "restricted" / "problems.csv").read_text(encoding="utf-8")
    assert kept.count("label is missing,survey.csv") == 50
