"""Clean 100,000 synthetic responses with the full log, beside a plain pandas recode of the same table."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ROWS = 100_000
_PEAK = "import resource; print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
_START = "import sys, time, pathlib; folder = pathlib.Path(sys.argv[1])"
OURS = f"""
{_START}
from cncb_analysis.cleaning import clean_step
from cncb_analysis.study import read_study
study = read_study(folder)
started = time.perf_counter()
cleaned = clean_step(study, "milan", "questionnaire")
assert len(cleaned.observations) > 1_000_000 and len(cleaned.cell_log) > 100_000
{_PEAK}
"""
PLAIN = f"""
{_START}
from benchmarks.cleaning import recode_plainly
from cncb_analysis.study import read_study
study = read_study(folder)
started = time.perf_counter()
assert len(recode_plainly(folder / "raw" / "milan" / "answers.csv", study)) > 1_000_000
{_PEAK}
"""
READ = f"""
{_START}
import pandas as pd
started = time.perf_counter()
raw = pd.read_csv(folder / "raw" / "milan" / "answers.csv", dtype=str, keep_default_na=False)
print(time.perf_counter() - started, raw.memory_usage(deep=True).sum() / 1024)
"""


def write_large_study(folder: Path, rows: int = ROWS) -> None:
    """Copy the shipped study, its Milan answers drawn again column by column until there are enough."""
    shutil.copytree(ROOT / "data" / "study", folder / "study")
    raw = folder / "raw" / "milan"
    raw.mkdir(parents=True)
    shutil.copy(ROOT / "data" / "raw" / "milan" / "frame.csv", raw)
    given = (ROOT / "data" / "raw" / "milan" / "answers.csv").read_text(encoding="utf-8-sig")
    head, *body = csv.reader(io.StringIO(given, newline=""))
    rng = np.random.default_rng(1)
    columns = [np.array(column, dtype=object)[rng.integers(len(body), size=rows)] for column in zip(*body, strict=True)]
    table = pd.DataFrame(dict(zip(head, columns, strict=True)))
    for name, text in (("id", "{}"), ("token", "t{}"), ("cluster", "Cluster {}")):
        column = next(heading for heading in head if heading.startswith(f"{name}."))
        table[column] = [text.format(number) for number in range(rows)]
    submitted = next(heading for heading in head if heading.startswith("submitdate."))
    table[submitted] = "2011-05-02 10:00:00"
    table.to_csv(raw / "answers.csv", index=False, encoding="utf-8-sig", quoting=csv.QUOTE_ALL)
    ledger = pd.read_csv(folder / "study" / "sources.csv", dtype=str, keep_default_na=False)
    kept = ledger["path"].isin(["milan/frame.csv", "milan/answers.csv"])
    ledger[kept].to_csv(folder / "study" / "sources.csv", index=False)


def recode_plainly(path: Path, study: object) -> pd.DataFrame:
    """What a careful analyst would write in pandas: strip, map labels to codes, numbers, long table; no log."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table = table.rename(columns=lambda heading: heading.partition(". ")[0])
    parts = []
    for name, variable in study.codebook.variables.items():  # type: ignore[attr-defined]
        codes = {
            text: choice.name
            for choice in study.codebook.choices.get(variable.list_name, ())  # type: ignore[attr-defined]
            for text in (choice.name, *choice.labels.values())
        }
        base = f"{name.removesuffix('_' + variable.item)}[{variable.item}]"
        for column in [each for each in table if each in (name, base) or each.startswith(f"{name}[")]:
            cells = table[column].str.strip()
            if codes and variable.kind != "multiple":
                value, option = pd.Series(1.0, cells.index), cells.map(codes)
            elif variable.kind in ("number", "allocation"):
                value, option = pd.to_numeric(cells.str.replace(",", "."), errors="coerce"), pd.Series("", cells.index)
            else:
                value, option = cells.isin(["Sì", "Y"]).astype(float), pd.Series(column, cells.index)
            parts.append(pd.DataFrame({"unit": table["id"], "variable": name, "option": option, "value": value}))
    return pd.concat(parts, ignore_index=True)


def measure(script: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak kilobytes of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, kilobytes = done.stdout.split()
    return float(seconds), float(kilobytes)


def time_cleaning(folder: Path) -> None:
    """Our cleaning beside the plain recode, and our peak memory beside the raw text table."""
    large = folder / "large"
    write_large_study(large)
    (ours, peak), (plain, plain_peak), (_, held) = (measure(script, large) for script in (OURS, PLAIN, READ))
    print(
        f"cleaning {ROWS:,} answers with the full log to a plain pandas recode: {ours / plain:.2f} to 1 ({ours:.1f} s)"
    )
    print(f"  its peak memory to the raw text table as held: {peak / held:.2f} to 1 (plain: {plain_peak / held:.2f})")
