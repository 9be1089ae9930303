"""Measure speed side by side in one run and print ratios of medians. Run by make bench."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3
SCRIPT = """
import sys, time
from cncb_analysis import kernels
kernels.warm_up(["cncb_analysis.catalogue", "cncb_analysis.analysis"])
import papermill
engine = sys.argv[1] if sys.argv[1] != "stock" else None
for _ in range(int(sys.argv[2])):
    started = time.perf_counter()
    papermill.execute_notebook("2_questionnaire.ipynb", None, engine_name=engine, progress_bar=False)
    print(time.perf_counter() - started)
"""


def time_notebook(engine: str) -> float:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, engine, str(RUNS)]
    done = subprocess.run(command, cwd=ROOT / "notebooks", capture_output=True, text=True, check=True)
    return statistics.median(float(line) for line in done.stdout.split())


def time_command(*words: str) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    subprocess.run([sys.executable, "-m", "cncb_analysis", "run"], cwd=ROOT, check=True, capture_output=True)
    stock, warm = time_notebook("stock"), time_notebook("cncb")
    print(f"one notebook, stock kernel to warm kernel: {stock / warm:.1f} to 1")
    bare, nothing = time_command("-c", "pass"), time_command("-m", "cncb_analysis", "run")
    print(f"a run with nothing changed to starting Python: {nothing / bare:.1f} to 1 ({nothing:.2f} s)")


if __name__ == "__main__":
    main()
