"""What happens to a site when the machine fails: killed, full disk, no permission, two at once, a wrong clock."""

# ruff: noqa: F811 - fixtures of another module

from __future__ import annotations

import errno
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cncb_analysis import nodes
from cncb_analysis.graph import Options
from cncb_analysis.pipeline import run_study
from tests.size import ROOT
from tests.small_study import write_small_study
from tests.test_running import COMMAND, copied, finished, list_marked, make_environment, read_pages, run_small  # noqa: F401

ENDS = {".html": b"</html>", ".svg": b"</svg>", ".pdf": b"%%EOF", ".png": b"IEND\xaeB`\x82"}
# Pages are written too fast for a kill to come in between by chance: this one comes when the first bytes are written.
DEADLY_DISK = """
import builtins, io, itertools, os, re, signal, time

run = os.environ.setdefault("CNCB_RUN", str(os.getpid()))
deadly, count = int(os.environ["CNCB_DEADLY"]), itertools.count(1)

def watch(make):
    def make_watched(*words, **more):
        stream = make(*words, **more)
        name = os.readlink(f"/proc/self/fd/{stream.fileno()}")
        if isinstance(stream, io.BufferedWriter) and re.search("/reports/|/processed/[^/]*$", name):
            write, stream.write = stream.write, lambda data: [write(data[:99]), stream.flush(), die(), write(data[99:])]
        return stream
    return make_watched

def die():
    if next(count) == deadly:
        os.killpg(int(run), signal.SIGKILL)
        time.sleep(9)

builtins.open, io.open, os.fdopen = watch(builtins.open), watch(io.open), watch(os.fdopen)
"""
ANSWER = (",4,4,0,100,", ",4,2,0,100,")


def change_answer(folder: Path, old: str, new: str) -> None:
    answers = folder / "small" / "raw" / "south" / "answers.csv"
    answers.write_bytes(answers.read_bytes().replace(old.encode(), new.encode()))


def list_flaws(folder: Path) -> list[str]:
    """What is not whole in a site and the state of its run."""
    site, flaws = folder / "reports", []
    for path in (path for path in site.rglob("[!.]*") if path.is_file()):
        if path.suffix in {".xlsx", ".pptx"}:
            whole = zipfile.is_zipfile(path) and zipfile.ZipFile(path).testzip() is None
        else:
            whole = path.read_bytes().rstrip().endswith(ENDS.get(path.suffix, b""))
        flaws += [] if whole and path.suffix in {*ENDS, ".xlsx", ".pptx", ".csv"} else [str(path.relative_to(site))]
    index = site / "index.html"
    links = re.findall(r'href="([^"#:]+)', index.read_text(encoding="utf-8")) if index.is_file() else []
    flaws += [f"index -> {link}" for link in links if not (site / link).is_file()]
    manifest = folder / "small" / "processed" / "manifest.json"
    if manifest.is_file():
        assert json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    return flaws


def lose_notebooks(folder: Path, rng: random.Random) -> tuple[str, ...]:
    found = sorted((folder / "small" / "processed" / "restricted" / "notebooks").rglob("*.ipynb"))
    for path in rng.sample(found, len(found) // 2):
        path.unlink()
    return ()


def change_back_and_forth(folder: Path, rng: random.Random) -> tuple[str, ...]:
    change_answer(folder, *rng.sample(ANSWER, 2))
    return ()


SPOILT: tuple[Callable[[Path, random.Random], tuple[str, ...]], ...] = (
    lose_notebooks, change_back_and_forth, lambda folder, rng: ("--force",),
)  # fmt: skip


def kill_at_random(folder: Path, rng: random.Random) -> bool:
    """Start a run and kill its process group after a random time, or within a file; whether it still ran."""
    words, mark, by_time = rng.choice(SPOILT)(folder, rng), uuid.uuid4().hex, rng.random() < 0.6
    disk = {"PYTHONPATH": f"{folder.parent}{os.pathsep}{ROOT}", "CNCB_DEADLY": str(rng.randint(1, 20))}
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=make_environment(CNCB_MARK=mark, **({} if by_time else disk)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    if by_time:
        time.sleep(rng.uniform(0.2, 1.8))
        os.killpg(process.pid, signal.SIGKILL)
    killed = bool(process.wait(60) == -signal.SIGKILL)
    deadline = time.monotonic() + 1
    while (left := list_marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []
    return killed


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_run_killed_at_any_moment_leaves_a_whole_site_and_the_next_one_heals_it(
    finished: Path,
    copied: Path,
    kills: int,
) -> None:
    rng, whole, done = random.Random(kills), read_pages(finished), 0
    (copied.parent / "sitecustomize.py").write_text(DEADLY_DISK, encoding="utf-8")
    while done < kills:
        done += kill_at_random(copied, rng)
        assert list_flaws(copied) == []
    change_answer(copied, *reversed(ANSWER))
    for folder in ("reports/north", "small/processed/pages"):
        (copied / folder / ".cncb-half").write_bytes(b"what a kill between writing and renaming leaves")
    _, healed = run_small(copied)
    assert healed.returncode == 0, healed.stderr
    assert read_pages(copied) == whole
    assert list((copied / "small" / "processed").rglob(".cncb-*")) == []


def run_refused(command: Sequence[str], folder: Path) -> str:
    """Run where it cannot go well: exit code 1 and, beside progress, a single line, which is given back."""
    done = subprocess.run(command, cwd=folder, env=make_environment(), capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("✓")]
    assert (done.returncode, len(lines)) == (1, 1), done.stderr
    return lines[0]


# A small disk of one's own, filled up, for all or for the site alone; a site that may only be read.
TAKE = "mount -t tmpfs -o size=16m none disk"
FILL = "(head -c 99m /dev/zero > disk/.filler 2>/dev/null || true)"
DISKS = {
    "full": f"{TAKE}; cp -a copy/. disk; {FILL}; cd disk",
    "site full": f"{TAKE}; cp -a copy/reports/. disk; {FILL}; mount --bind disk copy/reports; cd copy",
    "site read-only": "mount --bind copy/reports copy/reports; mount -o remount,ro,bind copy/reports; cd copy",
}


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        ("full", "manifest.json: cannot be written, no room is left (No space left on device); free some space or"),
        ("site full", "cannot be written, no room is left (No space left on device); free some space or"),
        ("site read-only", "reports/.cncb-probe: cannot be written (Read-only file system); free some space or choose"),
    ],
)
def test_a_disk_that_takes_nothing_is_one_line_and_the_last_site_stays(copied: Path, disk: str, said: str) -> None:
    inside = ["unshare", "-rm", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no mounts of one's own (unshare)")
    top, before = copied.parent, read_pages(copied)["index.html"]
    change_answer(copied, *ANSWER)
    for name in ("disk", "kept"):
        (top / name).mkdir()
    script = f"set -e; {DISKS[disk]}; set +e; {shlex.join(COMMAND)}; code=$?; cp -a . {top / 'kept'}; exit $code"
    assert said in run_refused([*inside, script], top)
    assert list_flaws(top / "kept") == []
    assert read_pages(top / "kept")["index.html"] == before


def spoil_with_a_limit(folder: Path) -> list[str]:
    return ["sh", "-c", f"ulimit -f 60; exec {shlex.join(COMMAND)}"]


def spoil_with_a_file(folder: Path) -> list[str]:
    return [*COMMAND, "--out", "small/study/study.toml/reports"]


def spoil_the_processed(folder: Path) -> list[str]:
    shutil.rmtree(folder / "small" / "processed")
    (folder / "small" / "processed").write_bytes(b"")
    return list(COMMAND)


def spoil_with_a_lock(folder: Path) -> list[str]:
    held = "import fcntl, subprocess, sys; file = open('small/processed/.lock'); fcntl.flock(file, fcntl.LOCK_EX)"
    return [sys.executable, "-c", f"{held}; sys.exit(subprocess.call({COMMAND!r}))"]


def spoil_with_rights(folder: Path) -> list[str]:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (folder / "small" / "processed").chmod(0o555)
    (folder / "small" / "processed" / ".lock").unlink()
    return list(COMMAND)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_with_a_limit, "manifest.json: cannot be written, no room is left (File too large); free some space or"),
        (spoil_with_a_file, "reports/.cncb-probe: cannot be written (Not a directory); free some space or choose"),
        (spoil_the_processed, "small/processed/.lock: cannot be written (File exists); run where you may write"),
        (spoil_with_a_lock, "small/processed: another run works on this study; wait until it ends"),
        (spoil_with_rights, "small/processed/.lock: cannot be written (Permission denied); run where you may write"),
    ],
)
def test_what_stops_a_run_is_one_line_and_the_last_site_stays(
    copied: Path,
    spoil: Callable[[Path], list[str]],
    said: str,
) -> None:
    before = read_pages(copied)
    change_answer(copied, *ANSWER)
    assert said in run_refused(spoil(copied), copied)
    assert read_pages(copied) == before


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b"{}", b'{"nodes": 3}', bytes(99)])
def test_a_state_that_cannot_be_read_is_made_anew(copied: Path, state: bytes) -> None:
    (copied / "small" / "processed" / "manifest.json").write_bytes(state)
    summary = run_study(Options(copied / "small", copied / "reports"), dry_run=True)
    assert (len(summary.done), summary.fresh) == (25, [])


def test_a_clock_that_jumps_makes_nothing_stale_and_hides_no_change(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied)
    for place, path in enumerate(sorted(copied.rglob("*"))):
        os.utime(path, (moment := (10**8, 3 * 10**9)[place % 2], moment))  # 1973 and 2065
    options = Options(Path("small"), Path("reports"))
    assert run_study(options, dry_run=True).done == []
    answers = copied / "small" / "raw" / "south" / "answers.csv"
    before = answers.stat()
    change_answer(copied, *ANSWER)
    os.utime(answers, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert answers.stat().st_size == before.st_size
    assert run_study(options, dry_run=True).done[0] == "clean south questionnaire"


def test_a_failure_whose_log_finds_no_place_is_still_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "processed").write_bytes(b"")
    monkeypatch.setitem(nodes._KINDS, "scan", lambda **told: [1 // 0])
    error = nodes.run_node("scan", {"study": str(tmp_path)})["error"]
    assert error.startswith("ZeroDivisionError: integer division or modulo by zero; ")
    assert "scan.txt: cannot be written (Not a directory)" in error


def test_restricted_files_are_for_their_owner_alone(finished: Path) -> None:
    processed = finished / "small" / "processed"
    modes = {
        path: path.stat().st_mode & 0o777 for path in processed.rglob("*") if path.is_file() and path.name != ".lock"
    }
    closed = {path for path in modes if path.is_relative_to(processed / "restricted")}
    assert len(closed) > 20
    assert {modes[path] for path in closed} == {0o600}
    assert {modes[path] for path in modes.keys() - closed} == {0o644}


def test_a_run_changes_neither_raw_files_nor_tables(finished: Path, small_study: Path) -> None:
    for folder in ("raw", "study"):
        before, after = (
            {p.relative_to(top): p.read_bytes() for p in (top / folder).rglob("*") if p.is_file()}
            for top in (small_study, finished / "small")
        )
        assert len(after) > 5
        assert after == before


def test_a_run_needs_no_network(finished: Path, tmp_path: Path) -> None:
    alone = ["unshare", "-rn"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no network of one's own (unshare)")
    reach = "import socket, sys; sys.exit(socket.socket(type=socket.SOCK_DGRAM).connect_ex(('192.0.2.1', 9)))"
    assert subprocess.run([*alone, sys.executable, "-c", reach]).returncode == errno.ENETUNREACH
    write_small_study(tmp_path / "small")
    done = subprocess.run([*alone, *COMMAND], cwd=tmp_path, env=make_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert read_pages(tmp_path) == read_pages(finished)
