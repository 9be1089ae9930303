"""The lowest versions that pyproject.toml allows give the same tables and verdicts. Run by make lowest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pandas as pd

from tests.size import ROOT

EXTRAS = "cluster,scale,spss"
# Sums in another order end in another last digit.
NEAR = 1e-9


def find_differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """Columns of two tables of text that differ: words at all, numbers by more than `NEAR` of their size.

    Examples
    --------
    >>> find_differences(pd.DataFrame({"p": ["0.1", "x"]}), pd.DataFrame({"p": ["0.10000000000000001", "y"]}))
    ['p: 1']
    """
    if ours.shape != theirs.shape or list(ours) != list(theirs):
        return [f"shape: {ours.shape} and {theirs.shape}"]
    found = []
    for name in ours:
        own, other = (table[name][ours[name] != theirs[name]] for table in (ours, theirs))
        a, b = (pd.to_numeric(cells, errors="coerce") for cells in (own, other))
        near = (a - b).abs() <= NEAR * a.abs().clip(lower=1)
        found += [f"{name}: {(~near).sum()}"] * bool((~near).any())
    return found


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Every table that a run left, by its path."""
    return {
        path.relative_to(folder).as_posix(): pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted(folder.rglob("*.csv"))
        if path.stat().st_size > 1
    }


def run_study(python: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Run a copy of the shipped study with an environment's Python."""
    shutil.copytree(ROOT / "data", folder / "data", ignore=shutil.ignore_patterns("processed"))
    told = [str(python), "-m", "cncb_analysis", "run"]
    subprocess.run(told, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, stderr=subprocess.PIPE)
    return read_tables(folder / "data" / "processed")


def main() -> int:
    """Compare both runs; the exit code says whether they differ."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        venv.create(home / "venv", with_pip=False)
        python = home / "venv" / "bin" / "python"
        install = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", str(python)]
        subprocess.run([*install, "--resolution", "lowest-direct", f"{ROOT}[{EXTRAS}]"], check=True)
        theirs, ours = run_study(python, home / "lowest"), run_study(Path(sys.executable), home / "locked")
    found = [f"{name}: only in one" for name in ours.keys() ^ theirs.keys()]
    found += [f"{name}: {each}" for name in ours.keys() & theirs for each in find_differences(ours[name], theirs[name])]
    sys.stdout.write("".join(f"{line}\n" for line in sorted(found)))
    rows = sum(map(len, ours.values()))
    sys.stdout.write(f"{len(ours)} tables, {rows:,} rows compared, {len(found)} differences\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
