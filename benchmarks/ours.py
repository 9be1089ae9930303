"""What `cncb` takes: cold, with nothing changed, with one answer changed; its help, memory and growth."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from benchmarks.studies import change_one_answer, copy_study, count_partners, multiply_partners
from benchmarks.timing import ROOT, cncb, measure_peak, median, python, run, say


def run_cold(folder: Path) -> float:
    copy_study(folder)
    return run(cncb("run", "--jobs", "2"), folder)


def time_cold(work: Path) -> None:
    ours = median(lambda: run_cold(work / "ours"))
    say("cold run of the whole shipped study", f"{ours:.1f} s")
    copy_study(work / "script")
    command = python("-m", "benchmarks.plain", "script", "0", "1")
    told = subprocess.run(command, cwd=work / "script", env=_environment(), capture_output=True, text=True, check=True)
    imported, script = json.loads(told.stdout)
    bound = imported + (script - imported) / 2
    say("(a) plain script in one process / ours", f"{script / ours:.2f}")
    say("    ours / two-core bound of the script (target 1.25)", f"{ours / bound:.2f}")
    # The notebooks clean nothing: their tables stand there already.
    analysed = work / "ours"
    one = _time_papermill(analysed, 1)
    say("(b) papermill in one process + nbconvert / ours (target 6)", f"{one / ours:.1f}")
    two = _time_papermill(analysed, 2)
    say("(c) papermill in two processes + nbconvert / ours (target 3)", f"{two / ours:.1f}")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _time_papermill(folder: Path, parts: int) -> float:
    started = time.perf_counter()
    commands = [python("-m", "benchmarks.plain", "papermill", str(part), str(parts)) for part in range(parts)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen(command, cwd=folder, env=_environment(), **quiet) for command in commands]
    if any(process.wait() for process in processes):
        raise SystemExit("papermill failed")
    return time.perf_counter() - started


def time_unchanged(work: Path) -> None:
    run_cold(work / "same")
    same = median(lambda: run(cncb("run", "--jobs", "2"), work / "same"))
    say("nothing changed (target 0.3 s)", f"{same:.2f} s")


def time_changed(work: Path) -> None:
    cold = run_cold(work / "changed")
    change_one_answer(work / "changed")
    say("one answer changed / cold", f"{run(cncb('run', '--jobs', '2'), work / 'changed') / cold:.2f}")


def time_help(work: Path) -> None:
    bare = median(lambda: run(python("-c", "pass"), work))
    helped = median(lambda: run(cncb("--help"), work))
    say("cncb --help, more than starting Python (target 0.15 s)", f"{helped - bare:.2f} s")


def weigh(work: Path) -> None:
    copy_study(work / "memory")
    peak = measure_peak(cncb("run", "--jobs", "2"), work / "memory")
    say("peak memory of a cold run, children included", f"{peak:.0f} MiB")


def time_growth(work: Path, sizes: tuple[int, ...] = (1, 10)) -> None:
    """Partners ten and a hundred: copies of those shipped."""
    points = []
    for times in sizes:
        folder = multiply_partners(work / f"times_{times}", times)
        points.append((count_partners(folder), run(cncb("run", "--jobs", "2"), folder)))
        say(f"cold run with {points[-1][0]} partners", f"{points[-1][1]:.1f} s")
    (few, short), (many, long) = points[0], points[-1]
    say("slope", f"{(long - short) / (many - few):.2f} s a partner")
    say("time a partner, many / few (1 or less: linear or better)", f"{(long / many) / (short / few):.2f}")
