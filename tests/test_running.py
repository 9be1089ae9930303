"""A run with real processes: what one change makes anew, how a run ends when it is told to, and a cluster."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cncb_analysis.__main__ import _Progress
from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Node
from cncb_analysis.pipeline import connect
from tests.size import ROOT
from tests.small_study import write_small_study

COMMAND = (sys.executable, "-W", "ignore", "-m", "cncb_analysis", "run", "--study", "small")


def make_environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run_small(folder: Path, *words: str) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Names of the nodes that ran, and the rest."""
    done = subprocess.run(
        [*COMMAND, *words], cwd=folder, env=make_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    ran = [line[2:36].strip() for line in done.stderr.splitlines() if line.startswith(("✓", "·"))]
    return ran, done


@functools.cache  # a fixture that another module imports is another fixture
def run_first(folder: Path) -> Path:
    write_small_study(folder / "small")
    _, done = run_small(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study, run once; the folder holds small/ and reports/. Copy before spoiling."""
    return run_first(tmp_path_factory.getbasetemp() / "running")


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def read_pages(folder: Path) -> dict[str, bytes]:
    site = folder / "reports"
    return {str(path.relative_to(site)): path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file()}


def test_two_runs_give_the_same_bytes_and_the_manifest_another_time(copied: Path) -> None:
    before, manifest = read_pages(copied), copied / "small" / "processed" / "manifest.json"
    first = json.loads(manifest.read_text(encoding="utf-8"))
    ran, done = run_small(copied, "--force")
    assert (len(ran), done.returncode) == (25, 0)
    after = read_pages(copied)
    assert len(after) > 20
    assert [name for name in before if before[name] != after.get(name)] == []
    second = json.loads(manifest.read_text(encoding="utf-8"))
    assert second["saved"] > first["saved"]
    assert second["versions"]["pandas"] == __import__("pandas").__version__
    assert second["run"]["options"]["force"] is True
    page = next(
        entry for name, entry in second["nodes"].items() if '"notebook": "mapping"' in name and '"north"' in name
    )
    assert page["seconds"] > 0
    assert {len(digest) for digest in page["inputs"].values()} == {64}
    assert any(name.endswith("north/1_mapping.html") for name in page["outputs"])


def test_a_run_with_nothing_changed_does_nothing(copied: Path) -> None:
    ran, done = run_small(copied)
    assert ran == []
    assert "0 ran, 25 up to date, 0 failed" in done.stdout


def test_a_run_with_nothing_changed_imports_nothing_heavy(copied: Path) -> None:
    code = (
        "import sys\nfrom cncb_analysis.__main__ import main\n"
        "main(['run', '--study', 'small'], standalone_mode=False)\n"
        "print([name for name in ('pandas', 'numpy', 'matplotlib', 'papermill') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copied, env=make_environment(), capture_output=True, text=True, check=True
    )
    assert "0 ran, 25 up to date" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_terminal_shows_a_bar_and_a_line_a_node_with_time_and_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress, node = _Progress(2), Node("clean milan mapping", "clean")
    for event, cause in (("start", "answers.csv changed"), ("done", "1.4 s"), ("start", "never run")):
        progress.report(event, node, cause)
    first, *later = terminal.getvalue().split("\r\x1b[K")
    assert first == ""
    assert later[0] == f"{'░' * 20} 0/2  {node.name}"
    assert later[1].split() == ["✓", *node.name.split(), "1.4", "s", "answers.csv", "changed"]
    assert later[-1] == f"{'█' * 10}{'░' * 10} 1/2  {node.name}"


def test_one_changed_answer_runs_only_what_rests_on_it(copied: Path) -> None:
    answers = copied / "small" / "raw" / "south" / "answers.csv"
    before = answers.read_text(encoding="utf-8")
    assert ",4,4,0,100," in before
    answers.write_text(before.replace(",4,4,0,100,", ",4,2,0,100,"), encoding="utf-8")
    dry, _ = run_small(copied, "--dry-run")
    assert dry[0] == "clean south questionnaire"
    ran, done = run_small(copied)
    assert done.returncode == 0, done.stderr
    assert ran[:2] == ["clean south questionnaire", "protect consortium"]
    assert ran[-1] == "site"
    assert "questionnaire south" in ran
    # What no table or mask of theirs has changed for.
    assert not {"mapping north", "mapping south", "workshops north", "workshops south"} & set(ran)
    assert sum(name.startswith("clean") for name in ran) == 1
    assert "scan south" in ran
    assert "answers.csv changed" in done.stderr


def test_what_must_not_leave_takes_its_file_away_and_fails_the_run_until_it_is_mended(copied: Path) -> None:
    choices, page = copied / "small" / "study" / "choices.csv", copied / "reports" / "south" / "1_mapping.html"
    before, whole = choices.read_text(encoding="utf-8"), read_pages(copied)
    choices.write_text(before.replace("Network,", "Network (ask u@usignolo.example),"), encoding="utf-8")
    _, done = run_small(copied)
    assert done.returncode == 1
    assert not page.exists()
    assert "1_mapping.html" in done.stderr
    assert "would tell: e-mail" in done.stderr
    assert "usignolo" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "1_mapping.html" not in (copied / "reports" / "index.html").read_text(encoding="utf-8")
    choices.write_text(before, encoding="utf-8")
    _, done = run_small(copied)
    assert done.returncode == 0, done.stderr
    assert read_pages(copied) == whole


def list_marked(mark: str) -> list[int]:
    """Processes that live and were started with the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            alive = folder.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if alive and mark.encode() in folder.joinpath("environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def start_and_wait(folder: Path, mark: str, *words: str, until: str) -> subprocess.Popen[str]:
    """Start a run and come back when a line of its progress says so."""
    process = subprocess.Popen(
        [*COMMAND, "--force", *words], cwd=folder, env=make_environment(CNCB_MARK=mark), text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stderr
    for line in process.stderr:
        if until in line:
            return process
    raise AssertionError(f"the run ended before it said {until!r}")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
@pytest.mark.parametrize("until", ["clean", "protect"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_within_two_seconds_and_leaves_no_process(
    copied: Path, number: signal.Signals, code: int, until: str
) -> None:
    mark = uuid.uuid4().hex
    process = start_and_wait(copied, mark, until=until)
    assert len(list_marked(mark)) > 1
    started = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - started < 2
    assert process.returncode == code
    assert "Traceback" not in said
    assert list_marked(mark) == []
    _, healed = run_small(copied)
    assert healed.returncode == 0, healed.stderr
    assert "0 failed" in healed.stdout


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_a_killed_worker_costs_nothing_but_time(copied: Path) -> None:
    mark = uuid.uuid4().hex
    process = start_and_wait(copied, mark, until="protect")
    servers = [pid for pid in list_marked(mark) if b"nodes.serve" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(servers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert list_marked(mark) == []


def test_a_missing_dask_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError) as caught, connect("tcp://127.0.0.1:8786"):
        pass
    assert str(caught.value).endswith("pip install 'cncb-analysis[cluster]'")


def test_no_address_is_this_machine() -> None:
    with connect("") as executor:
        assert executor is None


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and two workers, each with two threads, in folders of their own."""
    pytest.importorskip("distributed")
    told = tmp_path / "scheduler.json"
    dask = (sys.executable, "-W", "ignore", "-m", "dask")
    quiet = {"env": make_environment(), "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
    processes = [subprocess.Popen([*dask, "scheduler", *options], **quiet)]  # type: ignore[call-overload]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        words = ("--scheduler-file", str(told), "--nthreads", "2", "--no-dashboard", "--no-nanny")
        processes.append(subprocess.Popen([*dask, "worker", *words], cwd=tmp_path / name, **quiet))  # type: ignore[call-overload]
    deadline = time.monotonic() + 60
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield json.loads(told.read_text())["address"], processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_a_run_on_a_cluster_survives_the_death_of_a_worker(
    finished: Path, copied: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    shutil.rmtree(copied / "small" / "processed")
    shutil.rmtree(copied / "reports")
    mark = uuid.uuid4().hex
    process = start_and_wait(copied, mark, "--scheduler", address, until="protect")
    workers[0].kill()
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert read_pages(copied) == read_pages(finished)


def test_a_scheduler_that_is_not_there_is_one_line(finished: Path) -> None:
    pytest.importorskip("distributed")
    _, done = run_small(finished, "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1
    assert "no Dask scheduler answers there: 'tcp://127.0.0.1:9'" in done.stderr
