"""Warm kernels give what stock papermill gives, keep notebooks apart, and survive what happens to a child.

The engine needs a single-threaded runner, so each trial runs in an interpreter of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cncb_analysis.kernels import explain_stock_kernel

RUNNER = """
import json, sys, warnings
warnings.filterwarnings("ignore")
from cncb_analysis import kernels
kernels.warm_up()
import papermill
from papermill.exceptions import PapermillExecutionError
engine, source, target, parameters, deadline = json.loads(sys.argv[1])
try:
    papermill.execute_notebook(source, target, parameters=parameters, engine_name=engine, progress_bar=False,
                               execution_timeout=deadline)
except PapermillExecutionError as error:
    print(error.ename)
"""


def write_notebook(folder: Path, *sources: str) -> Path:
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "in.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def execute(source: Path, *, engine: str | None, deadline: int | None = None, **parameters: Any) -> tuple[Any, str]:
    target = source.with_name(f"out-{engine}.ipynb")
    order = json.dumps([engine, str(source), str(target), parameters, deadline])
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, order], capture_output=True, text=True, timeout=120, check=True
    )
    return nbformat.read(target, as_version=4), done.stdout.strip()


def normalise(cells: list[Any]) -> list[Any]:
    """Keep what a reader sees: no times, ids, colours of tracebacks, addresses."""
    kept = []
    for cell in cells:
        outputs = json.loads(json.dumps(cell.get("outputs", [])))
        for output in outputs:
            output["traceback"] = [
                re.sub(r"\x1b\[[0-9;]*m|0x[0-9a-f]+", "", line) for line in output.get("traceback", [])
            ][-1:]
        kept.append((cell.source, join_streams(outputs), cell.get("execution_count")))
    return kept


def join_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A stock kernel sends each stream in batches, so the order between two streams is not its promise."""
    joined: dict[str, dict[str, Any]] = {}
    for place, output in enumerate(outputs):
        name = output.get("name", str(place))
        if name in joined:
            joined[name]["text"] += output["text"]
        else:
            joined[name] = output
    return list(joined.values())


def test_both_engines_give_the_same_outputs(tmp_path: Path) -> None:
    source = write_notebook(
        tmp_path,
        "x = 1",
        "import sys\nprint('one', x)\nprint('two', file=sys.stderr)\nprint('three')",
        "import pandas as pd\npd.DataFrame({'a': [x, 2]})",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(2, 1))\nax.plot([x, 2]);",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'))\nx",
    )
    warm, _ = execute(source, engine="cncb", x=5)
    stock, _ = execute(source, engine=None, x=5)
    assert warm.metadata.papermill.kernel == "warm"
    assert normalise(warm.cells) == normalise(stock.cells)
    pictures = [output for output in warm.cells[4].outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 1


def test_an_error_stops_the_notebook_in_the_right_cell(tmp_path: Path) -> None:
    source = write_notebook(tmp_path, "x = 1", "1 / 0", "print('never')")
    warm, said = execute(source, engine="cncb")
    stock, _ = execute(source, engine=None)
    assert said == "ZeroDivisionError"
    failed = next(cell for cell in warm.cells if cell.source == "1 / 0")
    assert [output.output_type for output in failed.outputs] == ["error"]
    assert [cell.metadata.papermill.status for cell in warm.cells if cell.source == "print('never')"] == ["pending"]
    assert normalise(warm.cells)[-2][1] == normalise(stock.cells)[-2][1]


@pytest.mark.parametrize(
    ("source", "said"),
    [("import os\nos.kill(os.getpid(), 9)", "DeadKernelError"), ("while True:\n    pass", "CellTimeoutError")],
)
def test_a_dead_or_endless_cell_is_that_cells_error(tmp_path: Path, source: str, said: str) -> None:
    done, ename = execute(write_notebook(tmp_path, "x = 1", source, "x"), engine="cncb", deadline=2)
    assert ename == said
    assert [output.ename for cell in done.cells if cell.source == source for output in cell.outputs] == [said]


def test_notebooks_do_not_see_each_other(tmp_path: Path) -> None:
    script = f"""
import warnings; warnings.filterwarnings("ignore")
from cncb_analysis import kernels
kernels.warm_up()
import papermill, os
for name in ("first", "second"):
    book = papermill.execute_notebook({str(tmp_path / "in.ipynb")!r}, None, engine_name="cncb", progress_bar=False)
    print(book.cells[1].outputs[0]["text"].strip())
print(os.environ.get("LEAK", "clean"))
"""
    write_notebook(
        tmp_path,
        "x = 1",
        "import os, numpy\nprint('LEAK' in os.environ, hasattr(numpy, 'leak'),"
        " 'leak' in globals(), os.getcwd() == '/')",
        "os.environ['LEAK'] = 'yes'\nnumpy.leak = True\nleak = 1\nos.chdir('/')",
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split("\n")[:3] == ["False False False False", "False False False False", "clean"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = 1\nprint('50 % of them')", ""),
        ("%matplotlib inline", "it uses a magic or shell command"),
        ("!ls", "it uses a magic or shell command"),
        ("from ipywidgets import interact", "it uses widgets or asks for input"),
        ("name = input()", "it uses widgets or asks for input"),
        ("await f()", "it awaits at top level"),
        ("async def f():\n    await g()", ""),
    ],
)
def test_a_notebook_that_needs_a_stock_kernel_says_why(source: str, reason: str) -> None:
    code = f"from cncb_analysis.kernels import explain_stock_kernel as e; print(e([{source!r}]))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == reason


def test_a_runner_with_threads_gets_the_stock_kernel() -> None:
    assert explain_stock_kernel(["x = 1"], threads=2) == "the runner has more than one thread"
    script = (
        "import threading, time\nfrom cncb_analysis import kernels\nprint(kernels._count_threads())\n"
        "threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\nprint(kernels._count_threads())"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    one, two = map(int, done.stdout.split())
    assert two == one + 1
