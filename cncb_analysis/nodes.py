"""What one node of a run does: clean, protect, run a notebook and make its page, scan what it wrote, make the site."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.graph import list_pages, name_notebook
from cncb_analysis.store import read_text, recording, write_text

if TYPE_CHECKING:
    from cncb_analysis.study import Study

CELL_SECONDS = 120
# Set where nodes are done: a notebook of a run need not ask whether what it reads is up to date.
IN_RUN = "CNCB_IN_RUN"
_END_SECONDS = 1.0
_SERVE = (
    "import json, sys; sys.path[:], caller = json.loads(sys.argv[1]); from cncb_analysis import nodes; "
    "nodes.serve(caller)"
)
_servers: dict[int, subprocess.Popen[str]] = {}
# A page reads these tables of the study and no other: a new correction or raw file changes it only through its numbers.
PAGE_TABLES = (
    "study.toml", "survey.csv", "choices.csv", "themes.csv", "words.csv", "figures.csv", "items.csv", "benchmarks.csv",
    "support_actions.csv", "findings.csv", "geography.csv", "fieldwork.csv", "published.csv", "slides.csv",
    "checklists.csv",
)  # fmt: skip


def warm_up() -> None:
    """Import everything that nodes and notebooks use, before workers are forked.

    Examples
    --------
    >>> warm_up()
    """
    from cncb_analysis import kernels

    used = ("analysis", "catalogue", "cleaning", "engine", "report", "study")
    kernels.warm_up(f"cncb_analysis.{name}" for name in used)


def run_apart(kind: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Do one node's work in a process that belongs to the calling thread and stays for its next node.

    That process has a single thread, whatever the caller is (a thread of the run, a Dask worker, a daemon), so that
    notebooks can be forked from it.

    Parameters
    ----------
    kind, parameters
        As for `run_node`.

    Returns
    -------
    dict
        What `run_node` returned there.

    Raises
    ------
    ChildProcessError
        When the process was killed; the next call starts another.
    """
    server = _servers.get(threading.get_ident())
    if server is None or server.poll() is not None:
        command, pipe = [sys.executable, "-c", _SERVE, json.dumps([sys.path, os.getpid()])], subprocess.PIPE
        # In a session of its own, Ctrl-C reaches the run alone, which then ends its servers in order.
        server = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        _servers[threading.get_ident()] = server
    assert server.stdin and server.stdout
    try:
        server.stdin.write(json.dumps([kind, dict(parameters)]) + "\n")
        server.stdin.flush()
        return dict(json.loads(server.stdout.readline()))
    except (BrokenPipeError, json.JSONDecodeError):
        server.kill()
        server.wait()
        raise ChildProcessError("the process that did this work was killed") from None


def serve(caller: int) -> None:
    """Do node after node for `run_apart`: a line of JSON in, a line out, until the caller (a process) hangs up."""
    from cncb_analysis.kernels import end_with_parent

    end_with_parent(caller)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    os.environ[IN_RUN] = "1"
    # A notebook must neither eat the orders nor write among the answers.
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    warm_up()
    for order in orders:
        answers.write(json.dumps(run_node(*json.loads(order))) + "\n")


def end_servers() -> None:
    """End the processes of `run_apart` and the kernels they run: asked first, killed after a second."""
    deadline, ending = time.monotonic() + _END_SECONDS, list(_servers.values())
    for server in ending:
        server.terminate()
    for server in ending:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(max(0.0, deadline - time.monotonic()))
        server.kill()


def run_node(kind: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Do one node's work in this process.

    Parameters
    ----------
    kind : str
        clean, protect, notebook, scan or site.
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
            outputs = _KINDS[kind](**parameters)
        except StudyError as problem:
            error = str(problem)
        except Exception as problem:  # noqa: BLE001 - whatever a notebook does, the run names it and goes on
            error = _log_failure(problem, kind, parameters)
    counted = {path: digest for path, digest in inputs.items() if _counts(kind, Path(path))}
    files, seconds = [str(path.resolve()) for path in outputs], time.monotonic() - started
    return {"inputs": counted, "outputs": files, "seconds": seconds, "error": error}


def _counts(kind: str, path: Path) -> bool:
    """Whether a file read makes a node stale: a page looks at some of the study's tables only."""
    return kind in {"clean", "protect"} or path.parent.name != "study" or path.name in PAGE_TABLES


def _log_failure(problem: Exception, kind: str, parameters: Mapping[str, str]) -> str:
    if getattr(problem, "ename", "") == StudyError.__name__:  # the user's, from inside a notebook
        return str(getattr(problem, "evalue", ""))
    name = "_".join(filter(None, (kind, parameters.get("notebook"), parameters.get("partner"))))
    log = _restricted(parameters["study"]) / "logs" / f"{name}.txt"
    story = f"the whole story stands in {log}"
    try:
        write_text(log, "".join(traceback.format_exception(problem)))
    except StudyError as refused:
        story = str(refused)
    said = f"{getattr(problem, 'ename', type(problem).__name__)}: {getattr(problem, 'evalue', problem)}"
    place = f" in cell {problem.cell_index}" if hasattr(problem, "cell_index") else ""
    return f"{said.splitlines()[0]}{place}; {story}"


def _restricted(study: str | Path) -> Path:
    return Path(study) / "processed" / "restricted"


def _clean(study: str, partner: str, step: str) -> list[Path]:
    from cncb_analysis.analysis import write_cleaned
    from cncb_analysis.cleaning import clean_step
    from cncb_analysis.study import read_study

    cleaned = clean_step(read_study(Path(study)), partner, step)
    return write_cleaned(_restricted(study) / "clean" / partner / step, cleaned)


def _protect(study: str, audience: str) -> list[Path]:
    from cncb_analysis.analysis import analyse_study, read_cleaned, write_analysis
    from cncb_analysis.canary import collect_secrets
    from cncb_analysis.study import read_study

    known = read_study(Path(study))
    cleaned, counts = read_cleaned(_restricted(study) / "clean", known)
    analysis = analyse_study(cleaned, counts, known)
    path = _restricted(study) / f"secrets_{audience}.json"
    secrets = collect_secrets(cleaned, analysis["quotes"], known, audience=audience)
    write_text(path, json.dumps(secrets))
    written = write_analysis(analysis, known, audience=audience)
    return [path, *written, _measure(known, audience, ordinary=len(secrets["ordinary"]))]


def _measure(study: Study, audience: str, *, ordinary: int) -> Path:
    """Note how many figures of notebooks 5 to 7 are wholly hidden from an audience, and names not looked for."""
    from cncb_analysis.analysis import read_page
    from cncb_analysis.audit import count_hidden
    from cncb_analysis.chart_tables import MAKERS

    listed = list_pages([partner.id for partner in study.partners], list(study.steps))
    named = [each for each in listed if each[0] not in study.steps] if audience != "consortium" else []
    pages = [read_page(study.folder, notebook, partner=partner, audience=audience) for notebook, partner in named]
    drawn = [(page, figure) for page in pages for figure in page.figures.values() if figure.kind in MAKERS]
    hidden, figures = count_hidden(MAKERS[figure.kind](figure, page.view) for page, figure in drawn)
    target = _name_release(study.folder, audience)
    write_text(target, json.dumps({"hidden": hidden, "figures": figures, "ordinary": ordinary}))
    return target


def _name_release(study: Path, audience: str) -> Path:
    return study / "processed" / "pages" / audience / "release.json"


def _notebook(study: str, out: str, notebook: str, partner: str, **shown: str) -> list[Path]:
    """Run a notebook and make its page; `shown` are language and audience."""
    from papermill import execute_notebook

    from cncb_analysis.analysis import read_page
    from cncb_analysis.engine import ENGINE
    from cncb_analysis.report import render_page

    stem, folder = name_notebook(notebook), Path(out).resolve() / partner
    source, html, files = find_notebooks() / f"{stem}.ipynb", folder / f"{stem}.html", folder / f"{stem}_files"
    given = {"partner": partner, **shown, "study": str(Path(study).resolve()), "out": str(files)}
    given = {name: value for name, value in given.items() if value}
    read_text(source)
    how = {"engine_name": ENGINE, "progress_bar": False, "execution_timeout": CELL_SECONDS}
    book = execute_notebook(str(source), None, given, **how)
    executed = _restricted(study) / "notebooks" / partner / source.name
    write_text(executed, json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True))
    # What papermill was given names folders of this machine: it stays with the executed notebook.
    book.cells = [cell for cell in book.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    write_text(html, render_page(book, read_page(Path(study), notebook, partner=partner, **shown)))
    return [executed, html, *sorted(path for path in files.rglob("*") if path.is_file())]


def _scan(study: str, audience: str, files: str, partner: str = "") -> list[Path]:
    """Look into what pages wrote for what must not leave, and take away the files that hold it."""
    from cncb_analysis.canary import scan_file

    secrets = json.loads(read_text(_restricted(study) / f"secrets_{audience}.json"))
    paths = [Path(study, name).resolve() for name in json.loads(files)]
    leaving = [path for path in paths if not path.is_relative_to(_restricted(study).resolve())]
    found = [hit for path in leaving for hit in scan_file(path, secrets)]
    for path in {hit.path for hit in found}:
        path.unlink()
    if found:
        remedy = "the file was taken away; find where the study's own tables say it, and run again"
        told = (Problem(f"would tell: {hit.kind}", str(hit.path), value=hit.place, remedy=remedy) for hit in found)
        raise StudyError.from_problems(told)
    return []


def _site(study: str, out: str, failed: str = "{}", **shown: str) -> list[Path]:
    from cncb_analysis.analysis import SITE, read_delivered, read_page
    from cncb_analysis.report import render_site

    page, delivered = read_page(Path(study), SITE, **shown), read_delivered(Path(study), shown["audience"])
    release = json.loads(read_text(_name_release(Path(study), shown["audience"])))
    files = render_site(page, delivered, Path(out), json.loads(failed), release)
    pages = {Path(out) / name: html for name, html in files.items()}
    for path, html in pages.items():
        write_text(path, html)
    _scan(study, shown["audience"], json.dumps([str(path.resolve()) for path in pages]))
    return list(pages)


_Work = Callable[..., list[Path]]
_KINDS: dict[str, _Work] = {"clean": _clean, "protect": _protect, "notebook": _notebook, "scan": _scan, "site": _site}


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
