"""What several test modules share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.shipped import run_cncb
from tests.size import ROOT
from tests.small_study import write_small_study

# A test makes no secret in anybody's home.
os.environ["CNCB_KEY"] = str(Path(tempfile.mkdtemp(prefix="cncb_key_")) / "restricted" / "key")
# The same examples on every machine, and no complaint when it is a slow one.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture
def small_study(tmp_path: Path) -> Path:
    """A folder with a whole small study; its cast is commented in tests/small_study.py."""
    return write_small_study(tmp_path / "small")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped study, run once for all tests; the folder holds data/ and reports/."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "data", folder / "data", ignore=shutil.ignore_patterns("processed"))
    done = run_cncb("run", cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def launch_chrome(*arguments: str) -> Any:
    """Start the browser of this machine; skipped by name where there is none, failed where it is required."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        if os.environ.get("CNCB_REQUIRE_BROWSER"):
            pytest.fail("CNCB_REQUIRE_BROWSER is set and no Chromium with its driver was found")
        pytest.skip("no Chromium with its driver on this machine")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    always = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1000,900")
    for argument in (*always, *arguments):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser with the network off."""
    chrome = launch_chrome()
    off = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    chrome.execute_cdp_cmd("Network.enable", {})
    chrome.execute_cdp_cmd("Network.emulateNetworkConditions", off)
    yield chrome
    chrome.quit()


@pytest.fixture(scope="session")
def briefs(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped study in English, and its German edition for the public with one partner, in folders named so."""
    folder = tmp_path_factory.mktemp("briefs") / "study"
    shutil.copytree(site, folder)
    (folder / "reports").rename(folder / "en")
    told = ("--language", "de", "--audience", "public", "--partner", "milan")
    done = run_cncb("run", "--out", "de", *told, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
