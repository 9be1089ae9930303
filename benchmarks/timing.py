"""Time commands: wall seconds, and the peak memory of a command with all its children."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SHORT = max(RUNS, 7)  # of what takes less than a second


def say(what: str, value: str) -> None:
    print(f"{what:<62} {value}", flush=True)


def run(command: Sequence[str], folder: Path, **more: str) -> float:
    started = time.perf_counter()
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    return time.perf_counter() - started


def median(work: Callable[[], float], runs: int = RUNS) -> float:
    return statistics.median(work() for _ in range(runs))


def python(*words: str) -> list[str]:
    return [sys.executable, "-W", "ignore", *words]


def cncb(*words: str) -> list[str]:
    return python("-m", "cncb_analysis", *words)


def _list_family(parent: int) -> list[int]:
    """The process and all below it, as /proc tells."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except OSError:
            continue
    family = [parent]
    for member in family:
        family += parents.get(member, [])
    return family


def _weigh(pid: int) -> float:
    """Proportional set size in MiB: a page that n processes share counts 1/n for each."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measure_peak(command: Sequence[str], folder: Path) -> float:
    """Peak memory of a command, its children included, in MiB, looked at five times a second."""
    peak, ended = [0.0], threading.Event()
    environment, away = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=away, stderr=away)

    def watch() -> None:
        while not ended.wait(0.2):
            peak[0] = max(peak[0], sum(map(_weigh, _list_family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    ended.set()
    watcher.join()
    return peak[0]
