"""The graph of nodes: what is stale, run it, say what happened."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cncb_analysis import nodes as work
from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Node, Options, plan_run
from cncb_analysis.store import hash_bytes, hash_file, locked, read_text, write_text

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_MANIFEST = "manifest.json"
_POLL = 0.2
_TRIES, _FOLDERS = 3, ("study", "out")
_SAVE_SECONDS = 2.0

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


def _fingerprint() -> str:
    """Fingerprint of the package's own files and of the names of the installed distributions."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    parts = [f"{path.relative_to(package)} {hash_file(path)}" for path in files]
    installed = (path.name for folder in map(Path, sys.path) for path in folder.glob("*.dist-info"))
    return hash_bytes("\n".join([*parts, *sorted(installed)]).encode())


class _State:
    """What each node read and wrote when it last ran, by content, kept in the manifest of the run."""

    def __init__(self, folder: Path) -> None:
        # Paths near the study are kept from its folder on, so that a copy of it is judged by its own files.
        self.root, self.path = folder.resolve(), folder / "processed" / _MANIFEST
        self._hashes: dict[str, str] = {}
        self._mark, self._due = _fingerprint(), 0.0
        self.nodes: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(StudyError, ValueError):
            self.nodes = json.loads(read_text(self.path))["nodes"]

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.root) if Path(path).is_relative_to(self.root.parent) else path

    def hash(self, path: str) -> str:
        if path not in self._hashes:
            self._hashes[path] = hash_file(self.root / path)
        return self._hashes[path]

    def _key(self, node: Node, failed: Mapping[str, str]) -> str:
        # The site tells which pages failed, so it is another site when others failed.
        told = [node.identity, self._mark, failed if node.kind == "site" else None]
        return hash_bytes(json.dumps(told, sort_keys=True).encode())

    def keep(self, node: Node, result: Mapping[str, Any], failed: Mapping[str, str]) -> None:
        """Note what a node has read and written."""
        inputs = {self._name(path): digest for path, digest in result["inputs"].items()}
        written = [self._name(path) for path in result["outputs"]]
        for path in written:
            self._hashes.pop(path, None)
        outputs = {path: self.hash(path) for path in written}
        known = {"key": self._key(node, failed), "seconds": result["seconds"], "inputs": inputs, "outputs": outputs}
        self.nodes[node.identity] = known

    def save(self, run: Mapping[str, Any], *, at_once: bool = True) -> None:
        """Write the manifest; it grows with the study, so not after every node."""
        from importlib.metadata import distributions

        started = time.monotonic()
        if at_once or started > self._due:
            versions = {each.name: each.version for each in distributions()} | {"python": sys.version.split()[0]}
            told = {"run": run, "saved": datetime.now(UTC).isoformat(), "versions": versions, "nodes": self.nodes}
            write_text(self.path, json.dumps(told, indent=0, sort_keys=True, default=str))
            self._due = started + _SAVE_SECONDS + 20 * (time.monotonic() - started)

    def explain(self, node: Node, failed: Mapping[str, str]) -> str:
        """Why a node must run again; empty when it need not."""
        known = self.nodes.get(node.identity)
        if known is None:
            return "never run"
        if known["key"] != self._key(node, failed):
            return "the package, its environment or a parameter changed"
        files = [*known["inputs"].items(), *known["outputs"].items()]
        return next((f"{Path(path).name} changed" for path, digest in files if self.hash(path) != digest), "")


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
        Where to run; by default processes of this machine. A worker needs the package and the same folders.
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
            runner.summary.seconds = time.monotonic() - started
            runner.close()
    return runner.summary


@contextlib.contextmanager
def connect(address: str) -> Iterator[Executor | None]:
    """Open a Dask cluster as an executor for `run_study`.

    Parameters
    ----------
    address : str
        Of the scheduler, such as tcp://host:8786; empty = this machine.

    Yields
    ------
    concurrent.futures.Executor or None
        None for this machine. Dask gives the nodes of a lost worker to another.

    Raises
    ------
    StudyError
        When Dask is not installed or no scheduler answers.
    """
    if not address:
        yield None
        return
    try:
        from distributed import Client

        client = Client(address, timeout=10)
    except ImportError:
        remedy = "pip install 'cncb-analysis[cluster]'"
        raise StudyError("Dask is not installed", value=address, remedy=remedy) from None
    except (OSError, ValueError):
        remedy = "start one with: dask scheduler"
        raise StudyError("no Dask scheduler answers there", value=address, remedy=remedy) from None
    with client:
        yield client.get_executor(retries=_TRIES, pure=False)


class _Runner:
    """Gives each node to the executor as soon as what it needs is done."""

    def __init__(self, options: Options, report: Report, executor: Executor | None, dry_run: bool) -> None:
        self.options, self.report, self.dry_run = options, report, dry_run
        self.summary = Summary()
        self._tries: dict[str, int] = {}
        self._own = ThreadPoolExecutor(options.jobs or os.cpu_count() or 1) if executor is None else None
        self._executor: Executor = executor or self._own  # type: ignore[assignment]
        self._jobs = options.jobs or (os.cpu_count() or 1 if executor is None else sys.maxsize)
        self._running: dict[Future[dict[str, Any]], Node] = {}
        self._state = _State(options.study)
        self._would: set[str] = set()

    def run(self, nodes: list[Node]) -> None:
        waiting = {node.name: node for node in nodes}
        while waiting or self._running:
            for node in self._ready(waiting):
                if len(self._running) >= self._jobs:
                    break
                del waiting[node.name]
                cause = "asked for" if self.options.force else self._state.explain(node, self.summary.failed)
                if self.dry_run:
                    self._say_stale(node, cause)
                elif cause:
                    self._submit(node, cause)
                else:
                    self.summary.fresh.append(node.name)
                    self.report("fresh", node, "")
            for future in wait(self._running, timeout=_POLL, return_when=FIRST_COMPLETED).done:
                self._finish(self._running.pop(future), future)
            self._drop_hopeless(waiting)

    def _say_stale(self, node: Node, cause: str) -> None:
        waits = [need for need in node.needs if need in self._would]
        cause = cause or (f"after {waits[0]}, if that changes what it reads" if waits else "")
        (self.summary.done if cause else self.summary.fresh).append(node.name)
        if cause:
            self._would.add(node.name)
            self.report("stale", node, cause)

    def _ready(self, waiting: Mapping[str, Node]) -> list[Node]:
        open_names = {*waiting, *(node.name for node in self._running.values())}
        return [node for node in waiting.values() if open_names.isdisjoint(node.needs)]

    def _submit(self, node: Node, cause: str) -> None:
        self.report("start", node, cause)
        self._tries[node.name] = self._tries.get(node.name, 0) + 1
        # A worker elsewhere stands in another folder.
        folders = {name: str(Path(path).resolve()) for name, path in node.parameters.items() if name in _FOLDERS}
        parameters = {**node.parameters, **folders}
        if node.kind == "site":
            parameters["failed"] = json.dumps(self.summary.failed)
        self._running[self._executor.submit(work.run_apart, node.kind, parameters)] = node

    def _finish(self, node: Node, future: Future[dict[str, Any]]) -> None:
        try:
            result = future.result()
        except Exception as error:  # noqa: BLE001 - a node's own errors come as results: here a worker was lost
            result = {"error": f"{type(error).__name__}: {error}"}
            if self._tries[node.name] < _TRIES:
                self._submit(node, "its worker was lost")
                return
        if result["error"]:
            self._fail(node, result["error"])
            return
        self._state.keep(node, result, self.summary.failed)
        self._save(at_once=False)
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
        if self._own is not None:
            self._own.shutdown(wait=False, cancel_futures=True)
            work.end_servers()
            while not all(future.done() for future in self._running):
                work.end_servers()  # a thread may just have started another
        if self._tries:
            self._save()

    def _save(self, *, at_once: bool = True) -> None:
        # Beside the pages and not in them, so that the same input gives the same page.
        self._state.save({"options": asdict(self.options), **asdict(self.summary)}, at_once=at_once)


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
    from cncb_analysis.analysis import read_page

    options = Options(Path(study), Path("reports"), (partner,) if partner else (), (), language, audience)
    needed = [node for node in plan_run(options) if node.kind in {"clean", "protect"}]
    if work.IN_RUN not in os.environ:  # there, the graph has seen to it
        state = _State(options.study)
        for node in needed:
            if state.explain(node, {}):
                result = work.run_node(node.kind, dict(node.parameters))
                if result["error"]:
                    raise StudyError(result["error"])
                state.keep(node, result, {})
                state.save({"options": asdict(options)})
    return read_page(options.study, notebook, partner=partner, language=language, audience=audience)
