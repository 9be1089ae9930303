"""The same result twice: a run again in an empty folder, compared byte for byte with what stands and was printed."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cncb_analysis.analysis import read_page
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.graph import Options
from cncb_analysis.page_statistics import check_statements
from cncb_analysis.pipeline import Report, run_study
from cncb_analysis.store import read_bytes, read_settings, read_text
from cncb_analysis.study import read_study

_PUBLIC, _NOTEBOOKS = Path("processed", "public"), Path("processed", "restricted", "notebooks")


def verify_run(options: Options, scratch: Path, *, report: Report | None = None) -> tuple[int, list[Problem]]:
    """Run a study again from its tables and raw files alone, and compare what came out.

    Parameters
    ----------
    options : Options
        As for the run that is verified; its site and its processed tables are only read.
    scratch : Path
        An empty folder for the second run.
    report : callable, optional
        As for `run_study`.

    Returns
    -------
    int
        Files compared: all of the site, the public tables, and the executed notebooks without times and folders.
    list of Problem
        A row a file that differs, lacks, or stands there though no run makes it (unless a node failed, which has a row
        then); and a row a statement of published.csv that the data contradict, with what they say.

    Raises
    ------
    StudyError
        When there is nothing to verify yet.
    """
    if not (options.out / "index.html").is_file():
        raise StudyError("nothing to verify", file=str(options.out), remedy="run first: cncb run")
    again = replace(options, study=_copy_study(options.study, scratch), out=scratch / "out", force=False)
    failed = run_study(again, report=report).failed
    own = {node: cause for node, cause in failed.items() if not cause.startswith("not run, because")}
    problems = [Problem(f"'{node}' failed the second time", value=cause) for node, cause in own.items()]
    problems += _check_printed(again) if (again.study / _PUBLIC).is_dir() else []
    compared, processed = 0, [(options.study / folder, again.study / folder) for folder in (_PUBLIC, _NOTEBOOKS)]
    for first, second in ((options.out, again.out), *processed):
        names = [sorted(str(p.relative_to(side)) for p in side.rglob("*") if p.is_file()) for side in (first, second)]
        compared += len(names[1])
        if failed:  # what a failed node did not make cannot be told from what no run makes
            names[0] = [name for name in names[0] if name in names[1]]
        problems += _compare_folders(first, second, names)
    return compared, problems


def _copy_study(study: Path, scratch: Path) -> Path:
    """Tables copied, so that nothing made before is there; raw files as they stand."""
    target = scratch / "study"
    shutil.copytree(study / "study", target / "study")
    raw = Path(str(read_settings(study / "study" / "study.toml").get("raw", "raw")))
    if not raw.is_absolute():
        (target / raw).parent.mkdir(parents=True, exist_ok=True)
        (target / raw).symlink_to((study / raw).resolve(), target_is_directory=True)
    return target


def _check_printed(options: Options) -> Iterator[Problem]:
    """Statements of printed decks that what this audience may see contradicts."""
    study = read_study(options.study)
    published = study.table("published")
    for partner in (each.id for each in study.partners if each.id in set(published["partner"])):
        told = {"language": options.language, "audience": options.audience}
        view = read_page(options.study, "national_workshop", partner=partner, **told).view
        lines = published.index[published["partner"].eq(partner)]
        for line, row in zip(lines, check_statements(published, view), strict=True):
            if row["verdict"] == view.words.text("published.contradicted"):
                said = f"slide {row['slide']}: the data say {row['found']}"
                remedy = "correct the row, or what was delivered"
                yield Problem(said, "published.csv", str(line), "statement", row["printed"], remedy)


def _compare_folders(first: Path, second: Path, names: list[list[str]]) -> Iterator[Problem]:
    for name in sorted(set(names[0]) ^ set(names[1])):
        said = "stands there, but no run makes it" if name in names[0] else "is made now, but does not stand there"
        yield Problem(said, str(first / name), remedy="delete it" if name in names[0] else "cncb run")
    for name in sorted(set(names[0]) & set(names[1])):
        old, new = (_normalise(folder / name) for folder in (first, second))
        if old != new:
            place = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(new))
            line, seen = old[:place].count(b"\n") + 1, new[max(place - 20, 0) : place + 20].decode("utf-8", "replace")
            remedy = "cncb run --force"
            yield Problem("differs the second time", str(first / name), str(line), value=seen, remedy=remedy)


def _normalise(path: Path) -> bytes:
    """Content without what papermill notes of time and folders."""
    if path.suffix != ".ipynb":
        return read_bytes(path)
    book: dict[str, Any] = json.loads(read_text(path))
    cells = [cell for cell in book["cells"] if "injected-parameters" not in cell["metadata"].get("tags", [])]
    for part in (book, *cells):
        part["metadata"].pop("papermill", None)
    return json.dumps(book | {"cells": cells}, indent=1, sort_keys=True).encode()
