"""What others hold a page to: axe-core, the Nu Html Checker and html-validate find nothing on any kind of page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.test_browser import KINDS, open_page

pytestmark = pytest.mark.browser
# Where .ci/run has put them: a folder of node_modules.
JUDGES = "CNCB_JUDGES"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What html-validate recommends and a page does not follow, with the reason.
IGNORED = {
    # A limit of search engines; a page is a file in a folder, and its title says question, place and study.
    "long-title": "off",
}


def find_judge(path: str, program: str) -> Path:
    """The file of a judge and the program that runs it; skipped by name, failed where they are required."""
    found = Path(os.environ.get(JUDGES, "")) / path
    if JUDGES in os.environ and found.is_file() and (not program or shutil.which(program)):
        return found
    message = f"{path} not found in the folder {JUDGES} names, or no {program} to run it"
    if os.environ.get("CNCB_REQUIRE_JUDGES"):
        pytest.fail(f"CNCB_REQUIRE_JUDGES is set: {message}")
    pytest.skip(message)


def pages(site: Path) -> list[str]:
    return [str(site / "reports" / name) for name in KINDS]


@cache
def read_axe() -> str:
    return find_judge("axe-core/axe.min.js", "").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing_folded_or_unfolded(browser: Any, site: Path, name: str, scheme: str) -> None:
    axe, found = read_axe(), {}
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        open_page(browser, site / "reports" / name)
        browser.execute_script(axe)
        for state in ("folded", "unfolded"):
            if state == "unfolded":
                browser.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
            found[state] = judge(browser)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == {"folded": [], "unfolded": []}


def judge(browser: Any) -> list[tuple[str, list[str]]]:
    """Rules that the open page breaks, each with the first places."""
    script = """
        const [tags, done] = arguments;
        const tell = rule => [rule.id, rule.nodes.slice(0, 3).map(node => node.html.slice(0, 200))];
        axe.run({runOnly: tags, resultTypes: ["violations"]})
            .then(found => done(found.violations.map(tell)), cause => done([[String(cause), []]]));
    """
    return list(browser.execute_async_script(script, WCAG))


def test_axe_would_see_a_fault(browser: Any, site: Path) -> None:
    axe = read_axe()
    open_page(browser, site / "reports" / "about.html")
    browser.execute_script("document.querySelector('main p').style.color = '#cccccc'")
    browser.execute_script(axe)
    assert [rule for rule, _ in judge(browser)] == ["color-contrast"]


def test_the_nu_checker_finds_nothing(site: Path) -> None:
    jar = find_judge("vnu-jar/build/dist/vnu.jar", "java")
    command = ["java", "-Xss4m", "-jar", str(jar), "--format", "json", "--exit-zero-always", *pages(site)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    messages = json.loads(done.stderr or done.stdout)["messages"]
    assert [(one["url"][-40:], one["message"], one.get("extract")) for one in messages] == []


def test_html_validate_finds_nothing(site: Path, tmp_path: Path) -> None:
    script = find_judge("html-validate/bin/html-validate.mjs", "node")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"root": True, "extends": ["html-validate:recommended"], "rules": IGNORED}))
    command = ["node", str(script), "--config", str(settings), "--formatter", "json", *pages(site)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = [(one["filePath"][-40:], told["ruleId"], told["selector"], told["message"])
             for one in json.loads(done.stdout) for told in one["messages"]]  # fmt: skip
    assert found == []
    assert done.returncode == 0, done.stderr
