"""Warm kernels give what stock papermill gives, keep notebooks apart, and survive what happens to a child.

The engine needs a single-threaded runner, so each trial runs in an interpreter of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from papermill import inspect_notebook

from cncb_analysis.engine import check_parameters, explain_stock_kernel
from cncb_analysis.errors import StudyError
from tests.size import ROOT

RUNNER = """
import json, sys
from cncb_analysis import nodes
nodes.warm_up()
import papermill
from papermill.exceptions import PapermillExecutionError
engine, source, target, parameters, deadline = json.loads(sys.argv[1])
try:
    papermill.execute_notebook(source, target, parameters=parameters, engine_name=engine, progress_bar=False,
                               execution_timeout=deadline)
except PapermillExecutionError as error:
    print(error.ename)
"""


COLOURS = r"\x1b\[[0-9;]*m"
UNSTABLE = r"0x[0-9a-f]+|\S*ipykernel_\S*\.py|<ipython-input-[^>]*>"


def make_stable(text: str) -> str:
    return re.sub(UNSTABLE, "", re.sub(COLOURS, "", text))


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
            output["traceback"] = [make_stable(line) for line in output.get("traceback", [])]
            if "text" in output:
                output["text"] = make_stable(output["text"])
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
        "import warnings\nwarnings.warn('careful')\n",
        "from IPython.display import Markdown, Latex\ndisplay(Markdown('*m*'))\nLatex('$x$')",
        "(_, In[2], Out[6])",
        "import sys\nsys.stdin.read()",
        "def deep(n):\n    return deep(n - 1) if n else {}['no such key']\ndeep(2)",
    )
    warm, _ = execute(source, engine="cncb", x=5)
    stock, _ = execute(source, engine=None, x=5)
    assert warm.metadata.papermill.kernel == "warm"
    for ours, theirs in zip(normalise(warm.cells), normalise(stock.cells), strict=True):
        assert ours == theirs
    assert warm.cells[-1].outputs[0].ename == "KeyError"
    drawn = next(cell for cell in warm.cells if "plt.subplots" in cell.source)
    pictures = [output for output in drawn.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 1


def test_a_library_that_starts_threads_at_import_does_not_cost_the_warm_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Like the real one, which pandas and papermill import wherever it is installed.
    text = (
        "import threading, time\n__version__ = '0'\nthreading.Thread(target=time.sleep, args=(5,), daemon=True).start()"
    )
    (tmp_path / "pyarrow.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    done, _ = execute(write_notebook(tmp_path, "x = 1", "import pyarrow\npyarrow.__version__"), engine="cncb")
    assert done.metadata.papermill.kernel == "warm"
    assert done.cells[-1].outputs[0].data["text/plain"] == "'0'"


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
from cncb_analysis import nodes
nodes.warm_up()
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


PLAIN = "a cell is not plain Python: a magic, a shell command or an await at top level"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = 1\nprint('50 % of them')", ""),
        ('text = """\n% no magic\n"""', ""),
        ("%matplotlib inline", PLAIN),
        ("!ls", PLAIN),
        ("files = !ls", PLAIN),
        ("await f()", PLAIN),
        ("async def f():\n    await g()", ""),
        ("from ipywidgets import interact", "it uses widgets or asks for input"),
        ("name = input()", "it uses widgets or asks for input"),
        ("display(1, display_id='a')", "it changes what it has shown"),
        ("import subprocess", "it starts processes or drives the kernel"),
    ],
)
def test_a_notebook_that_needs_a_stock_kernel_says_why(source: str, reason: str) -> None:
    assert explain_stock_kernel([source]) == reason


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_a_platform_without_a_safe_fork_gets_the_stock_kernel(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    if platform == "win32":
        monkeypatch.delattr("os.fork")
    assert explain_stock_kernel(["x = 1"]) == "this platform has no safe fork"


@pytest.mark.parametrize(
    ("cells", "reason", "shown"),
    [
        (("%time y = 1", "print(await __import__('asyncio').sleep(0, 7))"), PLAIN, r"7\n"),
        (("import ipywidgets", "ipywidgets.IntSlider(3)"), "it uses widgets or asks for input", "widget-view+json"),
    ],
)
def test_what_only_a_stock_kernel_can_do_is_done_and_told(
    tmp_path: Path, cells: tuple[str, ...], reason: str, shown: str
) -> None:
    done, _ = execute(write_notebook(tmp_path, "x = 1", *cells), engine="cncb")
    assert done.metadata.papermill.kernel == f"stock: {reason}"
    assert shown in json.dumps(done.cells[-1].outputs)


def test_a_notebook_that_asks_for_input_fails_as_with_papermill_alone_and_says_why(tmp_path: Path) -> None:
    source = write_notebook(tmp_path, "x = 1", "name = input('Who?')")
    told = {engine: execute(source, engine=engine) for engine in ("cncb", None)}
    assert [error for _, error in told.values()] == ["StdinNotImplementedError"] * 2
    assert told["cncb"][0].metadata.papermill.kernel == "stock: it uses widgets or asks for input"


DECLARED = {
    "partner": {"inferred_type_name": "str", "default": "...", "help": "whose results"},
    "year": {"inferred_type_name": "int", "default": "2010", "help": "of the survey"},
    "share": {"inferred_type_name": "float", "default": "0.5", "help": ""},
    "free": {"inferred_type_name": "None", "default": "None", "help": ""},
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"partner": "milan", "year": 2011, "share": 1, "free": [2]}, ""),
        ({"partner": "milan", "yaer": 2011}, "column yaer: no such parameter: '2011'"),
        ({"year": 2011}, "column partner: this parameter must be given"),
        ({"partner": "milan", "year": "2011"}, "column year: must be of type int: '2011'"),
        ({"partner": "milan", "year": True}, "column year: must be of type int: 'True'"),
        ({"partner": 7}, "column partner: must be of type str: '7'"),
    ],
)
def test_parameters_are_checked_against_the_notebooks_own_list(given: dict[str, Any], said: str) -> None:
    if not said:
        check_parameters(given, DECLARED, "a.ipynb")
        return
    with pytest.raises(StudyError) as caught:
        check_parameters(given, DECLARED, "a.ipynb")
    assert str(caught.value) == (
        f"a.ipynb, {said}; it takes partner: str whose results; year: int of the survey; share: float; free: None"
    )


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which papermill finds the engine as it does where the package is installed."""
    told = tmp_path / "site" / "cncb_probe-0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: cncb-probe\nVersion: 0\n")
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["papermill.engine"]
    (told / "entry_points.txt").write_text(f"[papermill.engine]\ncncb = {points['cncb']}\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(told.parent), str(ROOT)])}


def run_papermill(*words: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "papermill", *words]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_papermill_itself_finds_the_engine_and_refuses_before_it_starts(
    tmp_path: Path, installed: dict[str, str]
) -> None:
    write_notebook(tmp_path, "year: int = 2010  # of the survey", "open('ran', 'w').close()\nprint(year)")
    words = ("in.ipynb", "out.ipynb", "--engine", "cncb")
    refused = run_papermill(*words, "-p", "yaer", "2011", env=installed, cwd=tmp_path)
    assert refused.returncode != 0
    assert "no such parameter: '2011'; it takes year: int of the survey" in refused.stderr
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out.ipynb").exists()
    done = run_papermill(*words, "-p", "year", "2011", env=installed, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    book = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert (book.cells[-1].outputs[0].text, book.metadata.papermill.kernel) == ("2011\n", "warm")


def test_papermill_says_that_pyarrow_cost_the_warm_kernel(tmp_path: Path, installed: dict[str, str]) -> None:
    threaded = "import threading, time\n__version__ = '99'\nthreading.Thread(target=time.sleep, args=(9,)).start()"
    (tmp_path / "site" / "pyarrow.py").write_text(threaded, encoding="utf-8")
    write_notebook(tmp_path, "x = 1", "print(7)")
    done = run_papermill("in.ipynb", "out.ipynb", "--engine", "cncb", env=installed, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    reason = "the runner has more than one thread, as pyarrow starts some"
    assert f"in.ipynb gets a stock kernel: {reason}" in done.stderr
    book = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert (book.cells[-1].outputs[0].text, book.metadata.papermill.kernel) == ("7\n", f"stock: {reason}")


def test_the_engine_can_be_imported_before_papermill(tmp_path: Path, installed: dict[str, str]) -> None:
    code = (
        "from cncb_analysis import engine\nfrom papermill.engines import papermill_engines\n"
        "print(papermill_engines.get_engine('cncb') is engine)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=installed, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


@pytest.mark.parametrize(
    "name",
    [
        "1_mapping",
        "2_questionnaire",
        "3_interviews",
        "4_workshops",
        "5_national_workshop",
        "6_comparison",
        "7_joint_support",
    ],
)
def test_papermill_shows_type_and_help_of_each_parameter(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    import click
    from papermill.inspection import display_notebook_help

    path = str(ROOT / "notebooks" / f"{name}.ipynb")
    assert display_notebook_help(click.Context(click.Command("papermill")), path, None) == 0
    lines = " ".join(capsys.readouterr().out.split())
    for parameter, one in inspect_notebook(path).items():
        assert f"{parameter}: str (default {one['default']})" in lines
        assert one["help"] and one["help"] in lines


def test_a_runner_with_threads_gets_the_stock_kernel() -> None:
    assert explain_stock_kernel(["x = 1"], threads=2) == "the runner has more than one thread"
    script = (
        "import threading, time\nfrom cncb_analysis import engine\nprint(engine._count_threads())\n"
        "threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\nprint(engine._count_threads())"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    one, two = map(int, done.stdout.split())
    assert two == one + 1
