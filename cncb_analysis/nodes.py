"""What one node of a run does: clean, protect, run a notebook and make its page, make the site."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.graph import name_notebook
from cncb_analysis.store import read_bytes, read_text, recording, write_table, write_text

__all__ = ["check_everything", "draft_file", "find_notebooks", "run_node", "warm_up"]

CELL_SECONDS = 120.0
# A page reads these tables of the study and no other: a new correction or raw file changes it only through its numbers.
PAGE_TABLES = (
    "study.toml", "survey.csv", "choices.csv", "themes.csv", "words.csv", "figures.csv", "items.csv", "benchmarks.csv",
    "support_actions.csv", "findings.csv", "geography.csv", "fieldwork.csv", "published.csv",
)  # fmt: skip


def warm_up() -> None:
    """Import everything that nodes and notebooks use, before workers are forked.

    Examples
    --------
    >>> warm_up()
    """
    from cncb_analysis import kernels

    kernels.warm_up(f"cncb_analysis.{name}" for name in ("analysis", "catalogue", "cleaning", "report", "study"))


def run_node(kind: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Do one node's work in this process.

    Parameters
    ----------
    kind : str
        clean, protect, notebook or site.
    parameters : mapping of str to str
        All that the work is told.

    Returns
    -------
    dict
        inputs (path to SHA-256), outputs (paths), seconds, error (empty when all went well). An error that is not the
        user's leaves its traceback in processed/restricted/logs.
    """
    started = time.monotonic()
    outputs: list[Path] = []
    error = ""
    with recording() as inputs:
        try:
            outputs = _KINDS[kind](parameters)
        except StudyError as problem:
            error = str(problem)
        except Exception as problem:  # noqa: BLE001 - whatever a notebook does, the run names it and goes on
            error = _log_failure(problem, kind, parameters)
    return {
        "inputs": {path: digest for path, digest in inputs.items() if _counts(kind, Path(path))},
        "outputs": [str(path.resolve()) for path in outputs],
        "seconds": time.monotonic() - started,
        "error": error,
    }


def _counts(kind: str, path: Path) -> bool:
    """Whether a file read makes a node stale: a page looks at some of the study's tables only."""
    return kind in {"clean", "protect"} or path.parent.name != "study" or path.name in PAGE_TABLES


def _log_failure(problem: Exception, kind: str, parameters: Mapping[str, str]) -> str:
    name = "_".join(part for part in (kind, parameters.get("notebook", ""), parameters.get("partner", "")) if part)
    log = _restricted(parameters) / "logs" / f"{name}.txt"
    write_text(log, "".join(traceback.format_exception(problem)))
    said = f"{getattr(problem, 'ename', type(problem).__name__)}: {getattr(problem, 'evalue', problem)}"
    cell = getattr(problem, "cell_index", None)
    place = f" in cell {cell}" if cell is not None else ""
    return f"{said.splitlines()[0]}{place}; the whole story stands in {log}"


def _restricted(parameters: Mapping[str, str]) -> Path:
    return Path(parameters["study"]) / "processed" / "restricted"


def _clean(parameters: Mapping[str, str]) -> list[Path]:
    from cncb_analysis.analysis import write_cleaned
    from cncb_analysis.cleaning import clean_step
    from cncb_analysis.study import read_study

    study = read_study(Path(parameters["study"]))
    partner, step = parameters["partner"], parameters["step"]
    return write_cleaned(_restricted(parameters) / "clean" / partner / step, clean_step(study, partner, step))


def _protect(parameters: Mapping[str, str]) -> list[Path]:
    from cncb_analysis.analysis import analyse_study, read_cleaned, write_analysis
    from cncb_analysis.study import read_study

    study = read_study(Path(parameters["study"]))
    cleaned, counts = read_cleaned(_restricted(parameters) / "clean", study)
    return write_analysis(analyse_study(cleaned, counts, study), study, audience=parameters["audience"])


def _notebook(parameters: Mapping[str, str]) -> list[Path]:
    from papermill import execute_notebook

    from cncb_analysis.analysis import read_page
    from cncb_analysis.kernels import ENGINE
    from cncb_analysis.report import render_page

    study, notebook, partner = Path(parameters["study"]), parameters["notebook"], parameters["partner"]
    stem = name_notebook(notebook)
    source = find_notebooks() / f"{stem}.ipynb"
    folder = Path(parameters["out"]).resolve() / partner
    given = {
        "study": str(study.resolve()),
        "language": parameters["language"],
        "audience": parameters["audience"],
        "out": str(folder / f"{stem}_files"),
    }
    if partner:
        given["partner"] = partner
    read_text(source)
    book = execute_notebook(
        str(source), None, parameters=given, engine_name=ENGINE, progress_bar=False, execution_timeout=CELL_SECONDS
    )
    executed = _restricted(parameters) / "notebooks" / partner / f"{stem}.ipynb"
    write_text(executed, json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True))
    # What papermill was given names folders of this machine: it stays with the executed notebook.
    book.cells = [cell for cell in book.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    page = read_page(study, notebook, partner=partner, language=parameters["language"], audience=parameters["audience"])
    html = folder / f"{stem}.html"
    write_text(html, render_page(book, page))
    files = folder / f"{stem}_files"
    return [executed, html, *(sorted(path for path in files.rglob("*") if path.is_file()) if files.is_dir() else [])]


def _site(parameters: Mapping[str, str]) -> list[Path]:
    from cncb_analysis.analysis import SITE, read_delivered, read_page
    from cncb_analysis.report import Site, render_site

    study, audience = Path(parameters["study"]), parameters["audience"]
    page = read_page(study, SITE, language=parameters["language"], audience=audience)
    site = Site(page, read_delivered(study, audience))
    out = Path(parameters["out"]).resolve()
    pages = render_site(site, out, json.loads(parameters.get("failed", "{}")))
    for name, html in pages.items():
        write_text(out / name, html)
    return [out / name for name in pages]


_KINDS: dict[str, Callable[[Mapping[str, str]], list[Path]]] = {
    "clean": _clean,
    "protect": _protect,
    "notebook": _notebook,
    "site": _site,
}


def find_notebooks() -> Path:
    """Find the folder of the seven notebooks: in the checkout, or inside the installed package.

    Returns
    -------
    Path
        Holds 1_mapping.ipynb and the others.

    Examples
    --------
    >>> find_notebooks().name
    'notebooks'
    """
    package = Path(__file__).resolve().parent
    checkout = package.parent / "notebooks"
    return checkout if (checkout / "1_mapping.ipynb").is_file() else package / "notebooks"


def check_everything(folder: Path) -> tuple[list[Problem], Path]:
    """Check tables, ledger and the content of every raw file, and store the cell log.

    Parameters
    ----------
    folder : Path
        The study's folder.

    Returns
    -------
    list of Problem
        All of them; empty when the study is ready.
    Path
        Where the cell log stands: a row a raw cell that was not taken as it stood.
    """
    from cncb_analysis.cleaning import check_raw
    from cncb_analysis.study import check_study, read_study

    target = folder / "processed" / "restricted" / "cell_log.csv"
    try:
        study = read_study(folder)
    except StudyError as error:
        return list(error.problems), target
    cleaned = check_raw(study)
    write_table(target, cleaned.cell_log)
    return list(dict.fromkeys([*check_study(study), *cleaned.problems])), target


def draft_file(file: Path, folder: Path, partner: str, step: str) -> dict[Path, str]:
    """Write first drafts of crosswalk and codebook rows for a delivered file, for a person to accept.

    Parameters
    ----------
    file, folder : Path
        The file, and the study's folder.
    partner, step : str
        Who delivered it, and for which step.

    Returns
    -------
    dict of Path to str
        Each draft written, and how many of its rows were known by what.

    Raises
    ------
    StudyError
        When the file cannot be read, or partner or step are not known.
    """
    from cncb_analysis.cleaning.drafts import draft_import
    from cncb_analysis.study import read_study

    study = read_study(folder)
    inside = file.resolve().is_relative_to(study.raw_root)
    name = file.resolve().relative_to(study.raw_root).as_posix() if inside else file.name
    target, told = folder / "processed" / "restricted" / "import" / partner, {}
    for draft, rows in draft_import(study, partner, read_bytes(file), file=name, step=step).items():
        path = target / f"{file.stem}_{draft}.csv"
        write_table(path, rows)
        counts = rows["match"].value_counts() if "match" in rows else {"rows": len(rows)}
        told[path] = ", ".join(f"{count} {match}" for match, count in counts.items())
    return told
