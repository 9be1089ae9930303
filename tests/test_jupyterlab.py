"""A real JupyterLab in a real browser: what `make explore` opens, a notebook run, changed and run again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import launch_chrome

pytestmark = pytest.mark.browser
SECONDS = 90
FIND = "const one = window.jupyterapp?.shell.currentWidget, book = one?.content?.model;"
READY = FIND + "return one?.context?.isReady && one.sessionContext?.session?.kernel?.status === 'idle'"
RUN = "const done = arguments[0]; window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => done(1));"
TOLD = (
    FIND
    + """return book.sharedModel.cells.filter(cell => cell.cell_type === 'code').map(cell => ({
    count: cell.execution_count,
    errors: cell.outputs.filter(each => each.output_type === 'error').map(each => each.evalue),
    html: cell.outputs.map(each => [each.data?.['text/html'] ?? ''].flat().join('')).join(''),
}))"""
)
CHANGE = (
    FIND
    + """
    const cell = book.sharedModel.cells.find(cell => (cell.metadata.tags ?? []).includes('parameters'));
    cell.setSource(cell.source.replace('"milan"', '"pecs"'));"""
)
SEE = FIND + "return one.content.scrollToItem(6).then(() => document.querySelectorAll('figure svg').length)"


def wait(seen: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := seen():
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited {SECONDS} s for {what}")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def lab(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `cncb explore` opens for a copy of the shipped study, on a free port and without a token."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(site, folder / "site")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = {"open_browser": False, "port": port, "port_retries": 0, "allow_root": True}
    config = {"ServerApp": server, "IdentityProvider": {"token": ""}, "LabApp": {"expose_app_in_browser": True}}
    (folder / "jupyter_lab_config.json").write_text(json.dumps(config), encoding="utf-8")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    given = {**os.environ, **{name: str(folder) for name in names}}
    command = [sys.executable, "-m", "cncb_analysis", "explore", "--study", str(folder / "site" / "data")]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, env=given, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}/lab"
    try:
        wait(lambda: process.poll() is None and answers(address), "JupyterLab")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """A browser that reaches this machine and no other."""
    driver = launch_chrome("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    driver.set_script_timeout(SECONDS)
    yield driver
    driver.quit()


def test_explore_opens_a_notebook_that_runs_and_follows_its_parameters(chrome: Any, lab: str) -> None:
    chrome.get(f"{lab}/tree/2_questionnaire.ipynb")
    wait(lambda: chrome.execute_script(READY), "the notebook and its kernel")
    for partner, other in (("Milan", "Pécs"), ("Pécs", "Milan")):
        chrome.execute_async_script(RUN)
        cells = chrome.execute_script(TOLD)
        assert [cell["errors"] for cell in cells if cell["errors"]] == []
        assert all(cell["count"] for cell in cells)
        response = next(cell["html"] for cell in cells if 'id="figure-response"' in cell["html"])
        assert partner in response
        assert other not in response
        assert sum("<figure" in cell["html"] for cell in cells) >= 6
        assert wait(lambda: chrome.execute_script(SEE), "a figure on the screen") >= 1
        chrome.execute_script(CHANGE)
