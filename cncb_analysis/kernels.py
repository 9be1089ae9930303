"""Warm kernels: a notebook runs in a process forked from one that has imported everything.

A stock kernel starts an interpreter, imports pandas and seaborn anew and talks over sockets. Here the runner, which
has a single thread, forks a child; the child makes a fresh IPython shell and runs the cells, one message a cell.
"""

import base64
import contextlib
import ctypes
import gc
import importlib
import io
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable
from multiprocessing.connection import Connection
from typing import Any

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_IMPORTS = (
    "numpy", "pandas", "scipy.stats", "matplotlib.pyplot", "seaborn", "IPython.core.interactiveshell", "babel.dates",
    "openpyxl",
)  # fmt: skip
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
    # What is imported stays: a child that went over it again and again would copy each of its pages of memory.
    gc.collect()
    gc.freeze()


def end_with_parent(parent: int) -> None:
    """Have this process killed when the thread that started it ends, however it ends (on Linux).

    What outlived a killed run would write into the pages of the next.

    Parameters
    ----------
    parent : int
        Process that started it; when it is dead already, this one ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class _Stream(io.TextIOBase):
    """What `print` writes to inside a warm kernel."""

    def __init__(self, name: str, outputs: list[dict[str, Any]]) -> None:
        self._name, self._outputs = name, outputs

    def write(self, text: str) -> int:
        if self._outputs and self._outputs[-1].get("name") == self._name:
            self._outputs[-1]["text"] += text
        elif text:
            self._outputs.append({"output_type": "stream", "name": self._name, "text": text})
        return len(text)


def _make_shell(outputs: list[dict[str, Any]]) -> Any:
    """Make a fresh IPython shell whose every output goes to `outputs`, in the notebook format's own shapes."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    def add(kind: str, data: dict[str, Any], metadata: dict[str, Any] | None, **more: Any) -> None:
        outputs.append({"output_type": kind, "data": dict(data), "metadata": dict(metadata or {}), **more})

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            """No prompt in a notebook."""

        def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
            add("execute_result", format_dict, md_dict, execution_count=self.prompt_count)

        def finish_displayhook(self) -> None:
            self._is_active = False

    class Publisher(DisplayPublisher):
        def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, **more: Any) -> None:
            add("display_data", data, metadata)

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def enable_gui(self, gui: str | None = None) -> None:
            """No window toolkit in a notebook that nobody watches."""

        def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
            told = {"ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)}
            outputs.append({"output_type": "error", **told})

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = Shell.instance(config=settings)
    # Imported before any shell existed, pyplot would otherwise lose its pictures without a word.
    shell.enable_matplotlib("inline")
    return shell


def _serve_cells(connection: Connection, theirs: Connection, parent: int) -> None:
    """Run in the forked child: one source in, one list of outputs back, until the runner hangs up."""
    theirs.close()
    os.setpgid(0, 0)
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.modules.get("pyarrow", sys) is None:
        del sys.modules["pyarrow"]
    outputs: list[dict[str, Any]] = []
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
        connection.send_bytes(json.dumps({"outputs": outputs, "execution_count": count}, default=_encode).encode())


def _encode(value: object) -> str:
    """Write what JSON does not know: a picture, as the notebook format holds it."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


class Kernel:
    """A forked kernel as the runner sees it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve_cells, args=(theirs, self._connection, os.getpid()))
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid
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
        self._process.join()


def _error(name: str, said: str) -> dict[str, Any]:
    output = {"output_type": "error", "ename": name, "evalue": said, "traceback": [f"{name}: {said}"]}
    return {"outputs": [output], "execution_count": None}
