"""The graph of nodes: what is stale, run it, say what happened."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Node, Options, plan_run
from cncb_analysis.store import hash_bytes, hash_file, locked, read_text, write_text

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

__all__ = ["Summary", "open_page", "run_study"]

_STATE = "state.json"
_POLL = 0.2

Report = Callable[[str, "Node", str], None]


@dataclass
class Summary:
    """What a run did.

    Parameters
    ----------
    done, fresh : list of str
        Names of nodes that ran, and of those that were up to date.
    failed : dict of str to str
        Name to cause.
    seconds : float
        Wall time.
    """

    done: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class _State:
    """What each node read and wrote when it last ran, by content."""

    def __init__(self, folder: Path) -> None:
        # Paths are kept from the study's folder on, so that a copy of the study is judged by its own files.
        self.root, self.path = folder.resolve(), folder / "processed" / _STATE
        self._hashes: dict[str, str] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(StudyError, ValueError):
            self.nodes = json.loads(read_text(self.path))

    def hash(self, path: str) -> str:
        if path not in self._hashes:
            self._hashes[path] = hash_file(self.root / path)
        return self._hashes[path]

    def keep(self, identity: str, key: str, result: Mapping[str, Any]) -> None:
        inputs = {os.path.relpath(path, self.root): digest for path, digest in result["inputs"].items()}
        written = [os.path.relpath(path, self.root) for path in result["outputs"]]
        for path in written:
            self._hashes.pop(path, None)
        outputs = {path: self.hash(path) for path in written}
        self.nodes[identity] = {"key": key, "inputs": inputs, "outputs": outputs}
        write_text(self.path, json.dumps(self.nodes, indent=0, sort_keys=True))

    def explain(self, identity: str, key: str) -> str:
        """Why a node must run again; empty when it need not."""
        known = self.nodes.get(identity)
        if known is None:
            return "never run"
        if known["key"] != key:
            return "the package, its environment or a parameter changed"
        files = [*known["inputs"].items(), *known["outputs"].items()]
        return next((f"{Path(path).name} changed" for path, digest in files if self.hash(path) != digest), "")


def _fingerprint() -> str:
    """Fingerprint of the package's own files and of the names of the installed distributions."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    parts = [f"{path.relative_to(package)} {hash_file(path)}" for path in files]
    installed = (path.name for folder in map(Path, sys.path) for path in folder.glob("*.dist-info"))
    return hash_bytes("\n".join([*parts, *sorted(installed)]).encode())


def _key(node: Node, fingerprint: str, failed: Mapping[str, str] | None = None) -> str:
    return hash_bytes(json.dumps([node.identity, fingerprint, failed], sort_keys=True).encode())


def run_study(
    options: Options, *, report: Report | None = None, executor: Executor | None = None, dry_run: bool = False
) -> Summary:
    """Run what is stale: cleaning, protection, notebooks and their pages, the site.

    Parameters
    ----------
    options : Options
        What the user asked for.
    report : callable, optional
        Called with ("start" | "done" | "fresh" | "stale" | "failed", node, cause) as things happen.
    executor : concurrent.futures.Executor, optional
        Where to run; by default forked processes of this machine.
    dry_run : bool
        Only say what would run, and why.

    Returns
    -------
    Summary
        Names of nodes done, fresh and failed. A failing node stops those that need it, and no other.

    Raises
    ------
    StudyError
        When an option is unknown, or another run works on the same study.
    """
    started = time.monotonic()
    nodes = plan_run(options)
    with locked(options.study / "processed" / ".lock"):
        runner = _Runner(options, report or (lambda event, node, cause: None), executor, dry_run)
        try:
            runner.run(nodes)
        finally:
            runner.close()
    runner.summary.seconds = time.monotonic() - started
    return runner.summary


class _Runner:
    """Gives each node to the executor as soon as what it needs is done."""

    def __init__(self, options: Options, report: Report, executor: Executor | None, dry_run: bool) -> None:
        self.options, self.report, self.dry_run = options, report, dry_run
        self.summary = Summary()
        self._executor, self._own = executor, executor is None
        self._jobs = options.jobs or os.cpu_count() or 1
        self._state = _State(options.study)
        self._mark = _fingerprint()
        self._would: set[str] = set()

    def run(self, nodes: list[Node]) -> None:
        waiting = {node.name: node for node in nodes}
        running: dict[Future[dict[str, Any]], Node] = {}
        while waiting or running:
            for node in self._ready(waiting, running):
                if len(running) >= self._jobs:
                    break
                del waiting[node.name]
                cause = "asked for" if self.options.force else self._state.explain(node.identity, self._key(node))
                if self.dry_run:
                    self._say_stale(node, cause)
                elif cause:
                    self.report("start", node, cause)
                    running[self._submit(node)] = node
                else:
                    self.summary.fresh.append(node.name)
                    self.report("fresh", node, "")
            for future in wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done:
                self._finish(running.pop(future), future)
            self._drop_hopeless(waiting)

    def _say_stale(self, node: Node, cause: str) -> None:
        waits = [need for need in node.needs if need in self._would]
        cause = cause or (f"after {waits[0]}, if that changes what it reads" if waits else "")
        (self.summary.done if cause else self.summary.fresh).append(node.name)
        if cause:
            self._would.add(node.name)
            self.report("stale", node, cause)

    def _ready(self, waiting: Mapping[str, Node], running: Mapping[Any, Node]) -> list[Node]:
        open_names = {*waiting, *(node.name for node in running.values())}
        return [node for node in waiting.values() if not open_names.intersection(node.needs)]

    def _key(self, node: Node) -> str:
        # The site tells which pages failed, so it is another site when others failed.
        return _key(node, self._mark, self.summary.failed if node.kind == "site" else None)

    def _submit(self, node: Node) -> Future[dict[str, Any]]:
        from cncb_analysis import nodes

        if self._executor is None:
            self._executor = _start_workers(self._jobs)
        parameters = dict(node.parameters)
        if node.kind == "site":
            parameters["failed"] = json.dumps(self.summary.failed)
        return self._executor.submit(nodes.run_node, node.kind, parameters)

    def _finish(self, node: Node, future: Future[dict[str, Any]]) -> None:
        try:
            result = future.result()
        except Exception as error:  # noqa: BLE001 - a worker may die in any way; the run names it and goes on
            result = {"error": f"{type(error).__name__}: {error}"}
        if result["error"]:
            self._fail(node, result["error"])
            return
        self._state.keep(node.identity, self._key(node), result)
        self.summary.done.append(node.name)
        self.report("done", node, f"{result['seconds']:.1f} s")

    def _fail(self, node: Node, cause: str) -> None:
        self.summary.failed[node.name] = cause
        self.report("failed", node, cause)

    def _drop_hopeless(self, waiting: dict[str, Node]) -> None:
        """Take out nodes whose need failed; the site is still made, to say so, unless nothing was protected."""
        for node in list(waiting.values()):
            lost = [need for need in node.needs if need in self.summary.failed]
            if lost and (node.kind != "site" or lost[0].startswith(("protect", "clean"))):
                del waiting[node.name]
                self._fail(node, f"not run, because '{lost[0]}' failed")

    def close(self) -> None:
        if self._own and self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.kill()
                process.join()


def _start_workers(jobs: int) -> Executor:
    """Import once, then fork: the workers share what the runner has imported."""
    from cncb_analysis import nodes

    nodes.warm_up()
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(method))


def open_page(study: str | Path, *, notebook: str, partner: str = "", language: str = "", audience: str = "") -> Page:
    """Open the page that a notebook tells: everything it may show, already protected.

    Cleans and protects first where that is not up to date, so that a notebook runs as it stands.

    Parameters
    ----------
    study : str or Path
        The study's folder.
    notebook : str
        Its name without number: mapping, questionnaire, interviews, workshops, national_workshop, comparison or
        joint_support.
    partner : str
        The partner's id; empty in the last two.
    language, audience : str
        Empty = as study.toml says.

    Returns
    -------
    Page
        Its methods show findings, figures and tables.

    Raises
    ------
    StudyError
        When the partner, language or audience is unknown or a file cannot be used.
    """
    from cncb_analysis import nodes
    from cncb_analysis.analysis import read_page

    options = Options(Path(study), Path("reports"), (partner,) if partner else (), (), language, audience)
    state, mark = _State(options.study), _fingerprint()
    for node in plan_run(options):
        if node.kind not in {"clean", "protect"} or not state.explain(node.identity, _key(node, mark)):
            continue
        result = nodes.run_node(node.kind, dict(node.parameters))
        if result["error"]:
            raise StudyError(result["error"])
        state.keep(node.identity, _key(node, mark), result)
    return read_page(options.study, notebook, partner=partner, language=language, audience=audience)
