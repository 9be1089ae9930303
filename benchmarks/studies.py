"""Studies to time: the shipped one, and one with copies of its partners."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from pathlib import Path

from benchmarks.timing import ROOT

SOURCE = Path(os.environ.get("BENCH_STUDY", ROOT / "data"))
PARTNER = re.compile(r"(?ms)^\[\[partners\]\].*?(?=^\[\[|\Z)")


def copy_study(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder / "data", ignore=shutil.ignore_patterns("processed"))
    return folder


def count_partners(folder: Path) -> int:
    return len(PARTNER.findall((folder / "data" / "study" / "study.toml").read_text(encoding="utf-8")))


def multiply_partners(folder: Path, times: int) -> Path:
    """Give the study each partner `times` times, the copies named ID_2, ID_3 and so on."""
    study, raw = copy_study(folder) / "data" / "study", folder / "data" / "raw"
    settings = (study / "study.toml").read_text(encoding="utf-8")
    names = re.findall(r'(?m)^id = "(\w+)"', settings)
    copies = range(2, times + 1)
    blocks = [
        re.sub(r'(?m)^id = "(\w+)"', rf'id = "\1_{n}"', block) for n in copies for block in PARTNER.findall(settings)
    ]
    (study / "study.toml").write_text(settings.rstrip() + "\n\n" + "\n".join(blocks), encoding="utf-8")
    for name in names:
        for n in copies:
            shutil.copytree(raw / name, raw / f"{name}_{n}")
    for table in study.glob("*.csv"):
        _multiply_rows(table, names, copies)
    return folder


def _multiply_rows(table: Path, names: list[str], copies: range) -> None:
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    if not rows or "partner" not in rows[0]:
        return
    more = []
    for n in copies:
        for row in rows:
            if row["partner"] in names:
                partner = row["partner"]
                renamed = {key: value.replace(f"{partner}/", f"{partner}_{n}/") for key, value in row.items()}
                more.append({**renamed, "partner": f"{partner}_{n}"})
    with table.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, *more])


def change_one_answer(folder: Path) -> None:
    """Turn one cell of one partner's answers into what stands in the row below."""
    path = folder / "data" / "raw" / "milan" / "answers.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    pairs = ((y, x) for y in range(1, len(rows) - 1) for x in range(len(rows[y]) - 1, 3, -1))
    row, column = next((y, x) for y, x in pairs if rows[y][x] and rows[y + 1][x] and rows[y][x] != rows[y + 1][x])
    rows[row][column] = rows[row + 1][column]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    path.write_text(buffer.getvalue(), encoding="utf-8-sig")
