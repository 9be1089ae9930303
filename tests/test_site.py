"""The whole way: the shipped study becomes a site, a second run does nothing, a changed answer changes what it must."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.shipped import run_cncb

PARTNERS = (
    "upper_austria", "plzen", "pecs", "veneto", "milan", "podkarpackie", "silesia", "bratislava", "banska_bystrica",
    "pomurje",
)  # fmt: skip
PAGES = ("1_mapping", "2_questionnaire", "3_interviews", "4_workshops", "5_national_workshop")
COMMON = ("6_comparison", "7_joint_support")


def test_every_page_is_there(site: Path) -> None:
    reports = site / "reports"
    expected = {f"{partner}/{page}.html" for partner in PARTNERS for page in PAGES} | {
        f"{page}.html" for page in COMMON
    }
    found = {str(path.relative_to(reports)) for path in reports.rglob("*.html")}
    assert expected <= found
    assert "index.html" in found


def test_pages_are_small_and_fetch_nothing(site: Path) -> None:
    for page in (site / "reports").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert len(text.encode()) < 500_000, page.name
        assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=[\"']?(https?:)?//", text), page.name
        assert "@import" not in text


def test_every_page_says_that_its_data_are_synthetic(site: Path) -> None:
    for page in (site / "reports").rglob("*.html"):
        assert "ynthetic" in page.read_text(encoding="utf-8"), page.name


def test_every_link_leads_to_a_file(site: Path) -> None:
    broken = []
    for page in (site / "reports").rglob("*.html"):
        for target in re.findall(r'href="([^"#]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8")):
            if not target.startswith(("data:", "mailto:", "http")) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(site)} -> {target}")
    assert broken == []


def test_no_page_holds_a_path_of_the_machine(site: Path) -> None:
    for page in (site / "reports").rglob("*.html"):
        assert str(site) not in page.read_text(encoding="utf-8"), page.name


def test_no_contact_of_a_respondent_reaches_an_output(site: Path) -> None:
    """Names, e-mails and telephone numbers stand in the raw files; none may stand in what is written."""
    raw = " ".join(path.read_bytes().decode("utf-8", "replace") for path in (site / "data" / "raw").rglob("*.csv"))
    mails = set(re.findall(r"[\w.+-]+@[\w.-]+\.example", raw))
    assert len(mails) > 20
    for path in (site / "reports").rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert [mail for mail in mails if mail in text] == [], path.name


def test_a_second_run_does_nothing_and_needs_no_pandas(site: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom cncb_analysis.graph import Options\n"
        "from cncb_analysis.pipeline import run_study\n"
        "summary = run_study(Options(Path('data'), Path('reports')))\n"
        "print(len(summary.done), len(summary.fresh), 'pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["0", "105", "False"]


def test_a_dry_run_says_what_would_run_and_why(site: Path, tmp_path: Path) -> None:
    done = run_cncb("run", "--dry-run", "--out", str(tmp_path / "elsewhere"), "--partner", "milan", cwd=site)
    assert done.returncode == 0
    assert "would run" in done.stdout
    assert "questionnaire milan" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_a_changed_page_table_makes_its_pages_stale(site: Path) -> None:
    words = site / "data" / "study" / "words.csv"
    before = words.read_bytes()
    try:
        words.write_bytes(before + b"\n")
        done = run_cncb("run", "--dry-run", cwd=site)
    finally:
        words.write_bytes(before)
    assert "words.csv changed" in done.stderr


def test_state_names_what_each_page_read(site: Path) -> None:
    state = json.loads((site / "data" / "processed" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    page = next(entry for name, entry in state.items() if '"notebook": "questionnaire", ' in name and '"milan"' in name)
    names = {Path(path).name for path in page["inputs"]}
    assert {"words.csv", "survey.csv", "2_questionnaire.ipynb"} <= names
    assert "crosswalk.csv" not in names


def test_a_raw_file_that_cannot_be_read_ends_the_run_and_keeps_the_site(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "copy")
    folder = tmp_path / "copy"
    run_cncb("run", cwd=folder)
    before = (folder / "reports" / "index.html").read_bytes()
    ledger = (folder / "data" / "study" / "sources.csv").read_text(encoding="utf-8").splitlines()
    row = next(line for line in ledger if line.startswith("questionnaire,pecs,"))
    (folder / "data" / "raw" / row.split(",")[2]).write_bytes(b"")
    done = run_cncb("run", cwd=folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert row.split(",")[2].split("/")[-1] in done.stderr
    assert (folder / "reports" / "index.html").read_bytes() == before
