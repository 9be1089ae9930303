"""The same work without a pipeline, each way run in a process of its own: python -m benchmarks.plain WAY PART PARTS.

`script` runs the nodes and the notebooks' code in this one process; `papermill` runs stock papermill and nbconvert
over the notebooks of an analysed study, of which it takes every PARTS-th from PART on.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from cncb_analysis import kernels, nodes
from cncb_analysis.graph import Node, Options, name_notebook, plan_run


def list_nodes(out: Path) -> list[Node]:
    return plan_run(Options(Path("data"), out))


class Script:
    """Runs the cells in this process, where the engine expects a kernel."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.shell = kernels._make_shell(self.outputs)

    def run(self, source: str, deadline: float | None) -> dict[str, Any]:
        self.outputs.clear()
        self.shell.run_cell(source, store_history=True)
        return {"outputs": self.outputs, "execution_count": self.shell.execution_count}

    def close(self) -> None:
        """Nothing to end."""


def run_script(out: Path) -> None:
    started = time.perf_counter()
    nodes.warm_up()
    from cncb_analysis import engine

    setattr(engine, "Kernel", Script)  # noqa: B010 - a stand-in, in this process alone
    imported = time.perf_counter() - started
    made: dict[str, list[str]] = {}
    for node in list_nodes(out):
        files = (
            {"files": json.dumps([path for need in node.needs for path in made[need]])} if node.kind == "scan" else {}
        )
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            result = nodes.run_node(node.kind, {**node.parameters, **files})
        if result["error"]:
            raise SystemExit(result["error"])
        made[node.name] = result["outputs"]
    print(json.dumps([imported, time.perf_counter() - started]))


def run_papermill(out: Path, part: int, parts: int) -> None:
    import papermill
    from nbconvert import HTMLExporter

    pages = [node.parameters for node in list_nodes(out) if node.kind == "notebook"]
    for told in pages[part::parts]:
        source = nodes.find_notebooks() / f"{name_notebook(told['notebook'])}.ipynb"
        folder = out / (told["partner"] or "all")
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / source.name
        papermill.execute_notebook(source, target, parameters=_give(told, folder), progress_bar=False)
        html, _ = HTMLExporter().from_filename(str(target))
        target.with_suffix(".html").write_text(html, encoding="utf-8")


def _give(told: Mapping[str, str], folder: Path) -> dict[str, str]:
    given = {name: told[name] for name in ("partner", "language", "audience") if told[name]}
    return {**given, "study": str(Path("data").resolve()), "out": str(folder.resolve() / told["notebook"])}


if __name__ == "__main__":
    way, part, parts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if way == "script":
        run_script(Path("script"))
    else:
        run_papermill(Path("papermill"), part, parts)
