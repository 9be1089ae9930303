"""The graph of nodes: what is stale, run it, say what happened."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cncb_analysis import nodes as work
from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Node, Options, plan_run
from cncb_analysis.store import HALF_WRITTEN, NO_ROOM, hash_bytes, hash_file, locked, read_text, write_bytes, write_text

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

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

    def __init__(self, options: Options) -> None:
        # Paths near the study are kept from its folder on, so that a copy of it is judged by its own files.
        self.options, self.root = options, options.study.resolve()
        self.path = self.root / "processed" / "manifest.json"
        self._hashes: dict[str, str] = {}  # a table that a hundred pages read is hashed once
        self._mark = _fingerprint()
        self.nodes: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(StudyError, ValueError, KeyError, TypeError):
            self.nodes = dict(json.loads(read_text(self.path))["nodes"])

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.root) if Path(path).is_relative_to(self.root.parent) else path

    def _hash(self, path: str) -> str:
        if path not in self._hashes:
            self._hashes[path] = hash_file(self.root / path)
        return self._hashes[path]

    def _key(self, node: Node, told: Mapping[str, str]) -> str:
        return hash_bytes(json.dumps([node.identity, self._mark, told], sort_keys=True).encode())

    def list_outputs(self, nodes: Iterable[Node]) -> list[str]:
        """List the files that some nodes wrote, as seen from the study's folder."""
        known = (self.nodes.get(node.identity, {"outputs": {}}) for node in nodes)
        return sorted(name for each in known for name in each["outputs"])

    def keep(self, node: Node, result: Mapping[str, Any], told: Mapping[str, str]) -> None:
        """Note what a node has read and written, and what it was told of those before it."""
        inputs = {self._name(path): digest for path, digest in result["inputs"].items()}
        outputs = {name: hash_file(self.root / name) for name in map(self._name, result["outputs"])}
        self._hashes |= outputs
        known = {"key": self._key(node, told), "seconds": result["seconds"], "inputs": inputs, "outputs": outputs}
        self.nodes[node.identity] = known

    def save(self, summary: Summary) -> None:
        """Write the manifest: beside the pages and not in them, so that the same input gives the same page."""
        versions = {each.name: each.version for each in distributions()} | {"python": sys.version.split()[0]}
        run = {"options": asdict(self.options), **asdict(summary)}
        told = {"run": run, "saved": datetime.now(UTC).isoformat(), "versions": versions, "nodes": self.nodes}
        write_text(self.path, json.dumps(told, indent=0, sort_keys=True, default=str))

    def explain(self, node: Node, told: Mapping[str, str]) -> str:
        """Why a node must run again; empty when it need not."""
        known = self.nodes.get(node.identity)
        if self.options.force or known is None:
            return "asked for" if self.options.force else "never run"
        if known["key"] != self._key(node, told):
            return "the package, its environment or a parameter changed"
        files = [*known["inputs"].items(), *known["outputs"].items()]
        changed = (Path(path).name for path, digest in files if self._hash(path) != digest)
        return next((f"{name} changed" for name in changed), "")


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
        When an option is unknown, another run works on the same study, or there is no room or right to write.
    """
    started = time.monotonic()
    nodes = plan_run(options)
    with locked(options.study / "processed" / ".lock"):
        runner = _Runner(nodes, options, report or (lambda event, node, cause: None), executor)
        try:
            (runner.explain if dry_run else runner.run)()
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


def _clear_folder(folder: Path) -> None:
    """Make sure that a folder can be written, and take away what a killed run left half written there."""
    write_bytes(folder / f"{HALF_WRITTEN}probe", b"")
    for path in folder.rglob(f"{HALF_WRITTEN}*"):
        path.unlink()


class _Runner:
    """Gives each node to the executor as soon as what it needs is done."""

    def __init__(self, nodes: Sequence[Node], options: Options, report: Report, executor: Executor | None) -> None:
        self.summary, self._known = Summary(), {node.name: node for node in nodes}
        self._state, self._report = _State(options), report
        cores = options.jobs or os.cpu_count() or 1
        self._elsewhere, self._executor = executor is not None, executor or ThreadPoolExecutor(cores)
        self._jobs = options.jobs or (sys.maxsize if self._elsewhere else cores)
        self._running: dict[Future[dict[str, Any]], Node] = {}
        self._tries: Counter[str] = Counter()
        self._save_at = 0.0

    def explain(self) -> None:
        """Say what would run, and why."""
        done, fresh = self.summary.done, self.summary.fresh
        for node in self._known.values():
            waits = [f"after {need}, if that changes what it reads" for need in node.needs if need in done]
            cause = next(filter(None, [self._state.explain(node, self._tell(node)), *waits]), "")
            (done if cause else fresh).append(node.name)
            if cause:
                self._report("stale", node, cause)

    def run(self) -> None:
        """Do what is stale."""
        ready = deque[str]()
        self._order = TopologicalSorter({name: node.needs for name, node in self._known.items()})
        self._order.prepare()
        while self._order.is_active():
            ready.extend(self._order.get_ready())
            while ready and len(self._running) < self._jobs:
                self._begin(self._known[ready.popleft()])
            for future in wait(self._running, timeout=_POLL, return_when=FIRST_COMPLETED).done:
                self._finish(self._running.pop(future), future)

    def _begin(self, node: Node) -> None:
        failed = self.summary.failed
        lost = next((need for need in node.needs if need in failed), "")
        # What there is is looked through, and the site made to say what lacks, but not when nothing was protected.
        if lost and (node.kind not in {"scan", "site"} or any(name.startswith("protect") for name in failed)):
            self._end(node, "failed", f"not run, because '{lost}' failed")
        elif cause := self._state.explain(node, self._tell(node)):
            self._submit(node, cause)
        else:
            self._end(node, "fresh")

    def _end(self, node: Node, event: str, cause: str = "") -> None:
        """Note what became of a node, and let those go on that waited for it."""
        if event == "failed":
            self.summary.failed[node.name] = cause
        else:
            (self.summary.done if event == "done" else self.summary.fresh).append(node.name)
        self._report(event, node, cause)
        self._order.done(node.name)

    def _submit(self, node: Node, cause: str) -> None:
        for folder in (self._state.path.parent, self._state.options.out) if not self._tries else ():
            _clear_folder(folder)
        self._report("start", node, cause)
        self._tries[node.name] += 1
        # A worker elsewhere stands in another folder.
        folders = {name: str(Path(path).resolve()) for name, path in node.parameters.items() if name in _FOLDERS}
        told = {**node.parameters, **folders, **self._tell(node)}
        self._running[self._executor.submit(work.run_apart, node.kind, told)] = node

    def _tell(self, node: Node) -> dict[str, str]:
        """What a node is told of those before it: the site which failed, a scan which files they wrote."""
        told: dict[str, Any] = {"failed": self.summary.failed} if node.kind == "site" else {}
        if node.kind == "scan":
            told = {"files": self._state.list_outputs(self._known[need] for need in node.needs)}
        return {name: json.dumps(value) for name, value in told.items()}

    def _finish(self, node: Node, future: Future[dict[str, Any]]) -> None:
        try:
            result = future.result()
        except Exception as error:  # noqa: BLE001 - a node's own errors come as results: here a worker was lost
            result = {"error": f"{type(error).__name__}: {error}"}
            if self._tries[node.name] < _TRIES:
                self._submit(node, "its worker was lost")
                return
        if NO_ROOM in result["error"]:
            raise StudyError(result["error"])  # all that follows would fail too
        if result["error"]:
            self._end(node, "failed", result["error"])
            return
        self._state.keep(node, result, self._tell(node))
        self._end(node, "done", f"{result['seconds']:.1f} s")
        # The manifest grows with the study, so it is not written after every node.
        if (started := time.monotonic()) > self._save_at:
            self._state.save(self.summary)
            self._save_at = started + _SAVE_SECONDS + 20 * (time.monotonic() - started)

    def close(self) -> None:
        """End what still runs on this machine, and keep what is done."""
        if not self._elsewhere:
            self._executor.shutdown(wait=False, cancel_futures=True)
            work.end_servers()
            while not all(future.done() for future in self._running):
                work.end_servers()  # a thread may just have started another
        if self._tries:
            self._state.save(self.summary)


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
        state = _State(options)
        for node in (node for node in needed if state.explain(node, {})):
            result = work.run_node(node.kind, node.parameters)
            if result["error"]:
                raise StudyError(result["error"])
            state.keep(node, result, {})
            state.save(Summary([node.name]))
    return read_page(options.study, notebook, partner=partner, language=language, audience=audience)
