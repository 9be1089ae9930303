"""Measure speed and print ratios: python -m benchmarks, with the names of LINES to measure only these.

Without a word, everything. BENCH_RUNS says how often each short command is timed; the median counts; BENCH_STUDY
names another study than the shipped one. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import cleaning, comparison, mapping, microdata, ours, peers

LINES = {
    "cleaning": cleaning.time_cleaning,
    "mapping": mapping.time_mapping,
    "comparison": comparison.time_comparison,
    "help": ours.time_help,
    "unchanged": ours.time_unchanged,
    "changed": ours.time_changed,
    "memory": ours.weigh,
    "cold": ours.time_cold,
    "growth": ours.time_growth,
    "aggregate": microdata.time_aggregate,
    "peers": peers.time_peers,
}


def main(words: list[str]) -> None:
    unknown = [word for word in words if word not in LINES]
    if unknown:
        raise SystemExit(f"no such line: {unknown[0]}; choose from: {', '.join(LINES)}")
    with tempfile.TemporaryDirectory() as folder:
        for word in words or LINES:
            LINES[word](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
