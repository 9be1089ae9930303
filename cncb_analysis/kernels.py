"""Warm kernels: a notebook runs in a process forked from one that has imported everything.

A stock kernel starts an interpreter, imports pandas and seaborn anew and talks over sockets. Here the runner, which
has a single thread, forks a child; the child makes a fresh IPython shell and runs the cells, one message a cell.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import importlib
import io
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from multiprocessing.connection import Connection
from typing import Any

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_IMPORTS = ("numpy", "pandas", "scipy.stats", "matplotlib.pyplot", "seaborn", "IPython.core.interactiveshell")
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG


def warm_up(modules: Iterable[str] = ()) -> None:
    """Import what notebooks import, once, in a process that stays single-threaded.

    Parameters
    ----------
    modules : iterable of str
        More module names to import.

    Notes
    -----
    `jsonschema` builds a grammar of a second and more at import when the optional `rfc3987_syntax` is installed, and
    works without it. It is left out here, in a process of our own that ends with the run. So is `pyarrow`: pandas
    imports it wherever it is installed, it starts a thread, and no notebook could be forked then. A notebook may import
    it.

    Examples
    --------
    >>> warm_up(["json"])
    """
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    for unwanted in ("rfc3987_syntax", "pyarrow"):
        sys.modules.setdefault(unwanted, None)  # type: ignore[arg-type]
    import matplotlib as mpl

    mpl.use("agg")
    for name in (*_IMPORTS, *modules):
        importlib.import_module(name)


class _Outputs(list[dict[str, Any]]):
    """The outputs of one cell, in the notebook format's own shapes."""

    def add_stream(self, name: str, text: str) -> None:
        if self and self[-1].get("output_type") == "stream" and self[-1]["name"] == name:
            self[-1]["text"] += text
        elif text:
            self.append({"output_type": "stream", "name": name, "text": text})

    def add_data(self, kind: str, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, **more: Any) -> None:
        encoded = {
            mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for mime, value in data.items()
        }
        self.append({"output_type": kind, "data": encoded, "metadata": dict(metadata or {}), **more})


class _Stream(io.TextIOBase):
    """What `print` writes to inside a warm kernel."""

    def __init__(self, name: str, outputs: _Outputs) -> None:
        self._name, self._outputs = name, outputs

    def write(self, text: str) -> int:
        self._outputs.add_stream(self._name, text)
        return len(text)


def _make_shell(outputs: _Outputs) -> Any:
    """Make a fresh IPython shell whose every output goes to `outputs`."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            """No prompt in a notebook."""

        def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
            outputs.add_data("execute_result", format_dict, md_dict, execution_count=self.prompt_count)

        def finish_displayhook(self) -> None:
            self._is_active = False

    class Publisher(DisplayPublisher):
        def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, **more: Any) -> None:
            outputs.add_data("display_data", data, metadata)

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def enable_gui(self, gui: str | None = None) -> None:
            """No window toolkit in a notebook that nobody watches."""

        def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
            outputs.append(
                {"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)}
            )

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = Shell.instance(config=settings)
    # Imported before any shell existed, pyplot would otherwise lose its pictures without a word.
    shell.enable_matplotlib("inline")
    return shell


def _serve_cells(connection: Connection) -> None:
    """Run in the forked child: one source in, one list of outputs back, until the runner hangs up."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.modules.get("pyarrow", sys) is None:
        del sys.modules["pyarrow"]
    outputs = _Outputs()
    shell = _make_shell(outputs)
    sys.stdout, sys.stderr = _Stream("stdout", outputs), _Stream("stderr", outputs)
    while True:
        try:
            source = connection.recv_bytes().decode()
        except EOFError:
            os._exit(0)
        outputs.clear()
        count = shell.execution_count
        shell.run_cell(source, store_history=True)
        answer = {"outputs": list(outputs), "execution_count": count}
        connection.send_bytes(json.dumps(answer, default=str).encode())


class Kernel:
    """A forked kernel as the runner sees it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._connection.close()
            try:
                _serve_cells(theirs)
            finally:
                os._exit(1)
        theirs.close()
        with contextlib.suppress(ProcessLookupError):
            os.setpgid(self.pid, self.pid)  # here too: who comes first, parent or child, is chance

    def run(self, source: str, deadline: float | None) -> dict[str, Any]:
        """Run one cell.

        Parameters
        ----------
        source : str
            Its code.
        deadline : float or None
            Seconds that it may take.

        Returns
        -------
        dict
            outputs, execution_count; a death or a missed deadline comes back as an error among the outputs.
        """
        try:
            self._connection.send_bytes(source.encode())
            if not self._connection.poll(deadline):
                return _error("CellTimeoutError", f"the cell took longer than {deadline:g} s and was stopped")
            return dict(json.loads(self._connection.recv_bytes()))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return _error("DeadKernelError", "the process that ran this cell was killed")

    def close(self) -> None:
        """Kill it, and all that it started."""
        self._connection.close()
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _error(name: str, said: str) -> dict[str, Any]:
    output = {"output_type": "error", "ename": name, "evalue": said, "traceback": [f"{name}: {said}"]}
    return {"outputs": [output], "execution_count": None}
