"""Sum establishments by region and sector: the command, beside the sums of the same file in SQL by hand.

BENCH_ROWS says how many establishments; 50 million in 1,400 regions and 88 sectors without it.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.timing import cncb, measure_peak, median, python, run, say

ROWS = int(os.environ.get("BENCH_ROWS", str(50_000_000)))
FILE = "establishments.parquet"
# Skewed sizes, 1 to some thousand persons; a hash draws, so that the file is the same wherever it is made.
_DRAW = "greatest(hash(i + {0}) % 1000000, 1) / 1e6"
_SIZE = f"greatest(1, round(exp(1.5 + 1.2 * sqrt(-2 * ln({_DRAW.format(2)})) * cos(2 * pi() * {_DRAW.format(3)}))))"
MAKE = f"""
copy (
    select i as plant, 'AT' || lpad((hash(i) % 1400)::varchar, 4, '0') as region,
        'S' || lpad((hash(i + 1) % 88)::varchar, 2, '0') as sector, {_SIZE}::integer as jobs
    from range({ROWS}) numbers(i)
) to '{FILE}' (format parquet)
"""
BY_HAND = f"""
select region, sector, sum(jobs), count(*), sum(jobs * jobs), max(jobs), sum(jobs) filter (jobs < 50),
    sum(jobs) filter (jobs between 50 and 249), sum(jobs) filter (jobs >= 250)
from '{FILE}' group by all
"""


def _ask(query: str) -> list[str]:
    return python("-c", f"import duckdb, pandas; print(len(duckdb.sql({query!r}).df()))")


def time_aggregate(work: Path) -> None:
    run(python("-c", f"import duckdb; duckdb.sql({MAKE!r})"), work)
    command = cncb("aggregate", FILE, "--year", "2014")
    ours, hand = median(lambda: run(command, work)), median(lambda: run(_ask(BY_HAND), work))
    say(f"cells of {ROWS:,} establishments, hidden where small", f"{ours:.1f} s")
    say("    ours / SQL by hand, its sums only", f"{ours / hand:.2f}")
    say("    peak memory (target 1,000 MiB)", f"{measure_peak(command, work):.0f} MiB")
