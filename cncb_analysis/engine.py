"""The papermill engine "cncb": parameters checked first, then warm kernels where they can serve.

papermill asks an engine for `execute_notebook`, `nb_kernel_name` and `nb_language`: this module itself is the engine.
A class would not do, because papermill loads its engines while it is imported, also when this module imports it.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import Engine, NBClientEngine, papermill_engines
from papermill.inspection import inspect_notebook
from papermill.log import logger

from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.kernels import Kernel

ENGINE = "cncb"
_TYPES = {"str": (str,), "int": (int,), "float": (float, int), "bool": (bool,), "list": (list,), "dict": (dict,)}
_REQUIRED = ("...", "None")
_LOGGING = ("log_output", "stdout_file", "stderr_file")
_REASONS = {
    r"\b(ipywidgets|interact\(|input\(|getpass\()": "it uses widgets or asks for input",
    r"display_id|clear_output|tqdm\.(auto|notebook)": "it changes what it has shown",
    r"\b(get_ipython|subprocess|os\.system|os\.fork|multiprocessing)\b": "it starts processes or drives the kernel",
}

nb_kernel_name, nb_language = Engine.nb_kernel_name, Engine.nb_language


def explain_stock_kernel(sources: Iterable[str], *, threads: int = 1) -> str:
    """Say why a notebook needs a stock kernel, if it does.

    Parameters
    ----------
    sources : iterable of str
        The sources of its code cells.
    threads : int
        How many the runner has; forking a process with several is not safe.

    Returns
    -------
    str
        The reason, or an empty text when a warm kernel will do.

    Examples
    --------
    >>> explain_stock_kernel(["x = 1"])
    ''
    >>> explain_stock_kernel(["%time x = 1"])
    'a cell is not plain Python: a magic, a shell command or an await at top level'
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return "this platform has no safe fork"
    if threads > 1:
        return "the runner has more than one thread" + ", as pyarrow starts some" * bool(sys.modules.get("pyarrow"))
    for source in sources:
        try:
            compile(source, "<cell>", "exec")
        except (SyntaxError, ValueError):
            return "a cell is not plain Python: a magic, a shell command or an await at top level"
        for pattern, reason in _REASONS.items():
            if re.search(pattern, source):
                return reason
    return ""


def _count_threads() -> int:
    return len(list(Path("/proc/self/task").glob("*"))) or 1


def check_parameters(given: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]], notebook: str) -> None:
    """Refuse what a notebook does not declare, types otherwise, or misses; papermill itself only warns.

    Parameters
    ----------
    given : mapping of str to Any
        Name to value.
    declared : mapping of str to mapping
        As `papermill.inspect_notebook` gives it: inferred_type_name, default, help. A typed one whose
        default is `...` or None must be given.
    notebook : str
        Its name, for the message.

    Raises
    ------
    StudyError
        A problem a parameter, each with the notebook's own list.

    Examples
    --------
    >>> check_parameters({"year": 2011}, {"year": {"inferred_type_name": "int", "default": "2010"}}, "a.ipynb")
    """
    problems = []
    takes = [f"{name}: {one['inferred_type_name']} {one.get('help', '')}".strip() for name, one in declared.items()]
    for name in {**declared, **given}:
        kind = str(declared.get(name, {}).get("inferred_type_name")).partition("[")[0]
        if name not in declared:
            said = "no such parameter"
        elif name not in given:
            said = "this parameter must be given" * (declared[name]["default"] in _REQUIRED and kind in _TYPES)
        else:
            said = f"must be of type {kind}" * (type(given[name]) not in _TYPES.get(kind, (type(given[name]),)))
        if said:
            remedy = f"it takes {'; '.join(takes) or 'none'}"
            problems.append(Problem(said, notebook, column=name, value=str(given.get(name, "")), remedy=remedy))
    if problems:
        raise StudyError.from_problems(problems)


class _Warm(Engine):
    """Runs the cells in a kernel that is there already."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, kernel: Kernel, execution_timeout: float | None = None, **told: Any
    ) -> None:
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code":
                continue
            nb_man.cell_start(cell, index)
            if cell.source.strip():
                answer = kernel.run(cell.source, execution_timeout)
                cell.outputs = [nbformat.from_dict(output) for output in answer["outputs"]]
                cell.execution_count = answer["execution_count"]
            failed = any(output.output_type == "error" for output in cell.outputs)
            if failed:
                nb_man.cell_exception(cell, index)
            nb_man.cell_complete(cell, index)
            if failed:
                break


def execute_notebook(nb: Any, kernel_name: str, *, input_path: str, **more: Any) -> Any:
    """Run every code cell, as papermill asks of an engine.

    Each notebook has a fresh namespace, environment and working directory, because it has a process of its own.
    A notebook that a warm kernel cannot serve is handed to papermill's stock engine; its metadata and papermill's log
    say why.

    Parameters
    ----------
    nb : NotebookNode
        The notebook with its parameters injected.
    kernel_name : str
        Used by the stock engine alone.
    input_path : str
        Where it comes from: its parameters are declared there.
    more : dict
        Papermill's options; `execution_timeout` are the seconds that a cell may take.

    Returns
    -------
    NotebookNode
        With outputs.

    Raises
    ------
    StudyError
        When a parameter is unknown, missing or wrongly typed; nothing has run then.
    """
    check_parameters(nb.metadata.papermill.parameters, inspect_notebook(input_path), Path(input_path).name)
    sources = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    reason = explain_stock_kernel(sources, threads=_count_threads())
    if nb_language(nb) != "python":
        reason = "it is not a Python notebook"
    elif any(more.get(name) for name in _LOGGING):
        reason = "its output is to be logged while it runs"
    nb.metadata.papermill["kernel"] = f"stock: {reason}" if reason else "warm"
    if reason:
        logger.warning("%s gets a stock kernel: %s", input_path, reason)
        return NBClientEngine.execute_notebook(nb, kernel_name, **more)
    # Forked before papermill's progress bar starts a thread.
    with contextlib.closing(Kernel()) as kernel:
        return _Warm.execute_notebook(nb, kernel_name, kernel=kernel, **more)


# Installed, papermill finds the engine by itself; in a checkout it does not.
papermill_engines.register(ENGINE, sys.modules[__name__])
