"""What `cncb` takes: cold, with nothing changed, with one answer changed; its help, memory and growth."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
from collections import Counter
from functools import cache
from pathlib import Path

from benchmarks.studies import change_one_answer, copy_study, count_partners, multiply_partners
from benchmarks.timing import ROOT, RUNS, SHORT, cncb, measure_peak, median, python, run, say
from cncb_analysis.nodes import IN_RUN


def run_cold(folder: Path) -> float:
    copy_study(folder)
    return run(cncb("run", "--jobs", "2"), folder)


@cache
def measure_ours(work: Path) -> tuple[float, float]:
    """Medians of our cold run and of a run with nothing changed, for every line; leaves an analysed study in ours."""
    cold = median(lambda: run_cold(work / "ours"))
    return cold, median(lambda: run(cncb("run", "--jobs", "2"), work / "ours"), SHORT)


def time_cold(work: Path) -> None:
    ours, _ = measure_ours(work)
    say("cold run of the whole study", f"{ours:.1f} s")
    told = [_time_script(copy_study(work / "script")) for _ in range(RUNS)]
    imported, script = (statistics.median(column) for column in zip(*told, strict=True))
    say("(a) plain script in one process / ours", f"{script / ours:.2f}")
    say("    ours / two-core bound of the script (target 1.25)", f"{ours / (imported + (script - imported) / 2):.2f}")
    # The notebooks clean nothing: their tables stand there already.
    one = median(lambda: _time_papermill(work / "ours", 1))
    say("(b) papermill in one process + nbconvert / ours (target 6)", f"{one / ours:.1f}")
    two = median(lambda: _time_papermill(work / "ours", 2))
    say("(c) papermill in two processes + nbconvert / ours (target 3)", f"{two / ours:.1f}")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), IN_RUN: "1"}


def _time_script(folder: Path) -> list[float]:
    """Seconds to import and in all."""
    command = python("-m", "benchmarks.plain", "script", "0", "1")
    told = subprocess.run(command, cwd=folder, env=_environment(), stdout=subprocess.PIPE, text=True, check=True)
    return list(json.loads(told.stdout))


def _time_papermill(folder: Path, parts: int) -> float:
    shutil.rmtree(folder / "papermill", ignore_errors=True)
    started = time.perf_counter()
    commands = [python("-m", "benchmarks.plain", "papermill", str(part), str(parts)) for part in range(parts)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen(command, cwd=folder, env=_environment(), **quiet) for command in commands]
    ends = [process.wait() for process in processes]
    if any(ends):
        raise SystemExit("papermill failed")
    return time.perf_counter() - started


def time_unchanged(work: Path) -> None:
    say("nothing changed (target 0.3 s)", f"{measure_ours(work)[1]:.2f} s")


def time_changed(work: Path) -> None:
    cold = run_cold(work / "changed")
    change_one_answer(work / "changed")
    say("one answer changed / cold", f"{run(cncb('run', '--jobs', '2'), work / 'changed') / cold:.2f}")


def time_help(work: Path) -> None:
    bare = median(lambda: run(python("-c", "pass"), work), SHORT)
    helped = median(lambda: run(cncb("--help"), work), SHORT)
    say("cncb --help, more than starting Python (target 0.15 s)", f"{helped - bare:.2f} s")


def weigh(work: Path) -> None:
    copy_study(work / "memory")
    peak = measure_peak(cncb("run", "--jobs", "2"), work / "memory")
    say("peak memory of a cold run, children included", f"{peak:.0f} MiB")


def time_growth(work: Path, sizes: tuple[int, ...] = (1, 3, 10)) -> None:
    """Partners ten, thirty and a hundred: copies of those shipped."""
    points = []
    for times in sizes:
        folder = multiply_partners(work / f"times_{times}", times)
        points.append((count_partners(folder), run(cncb("run", "--jobs", "2"), folder)))
        partners, seconds = points[-1]
        say(f"cold run with {partners} partners", f"{seconds:.1f} s")
        kinds = _sum_kinds(folder)
        say("    work of one process a partner", ", ".join(f"{kind} {kinds[kind] / partners:.2f} s" for kind in kinds))
    (few, short), (many, long) = points[0], points[-1]
    say("slope", f"{(long - short) / (many - few):.2f} s a partner")
    say("time a partner, many / few (1 or less: linear or better)", f"{(long / many) / (short / few):.2f}")


def _sum_kinds(folder: Path) -> Counter[str]:
    """Seconds by kind of node, as the manifest tells."""
    manifest = json.loads((folder / "data" / "processed" / "manifest.json").read_text(encoding="utf-8"))
    seconds: Counter[str] = Counter()
    for identity, node in manifest["nodes"].items():
        seconds[json.loads(identity)[0]] += node["seconds"]
    return seconds
