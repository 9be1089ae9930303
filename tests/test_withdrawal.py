"""A partner's release is its own: the next run is without it, in every file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from tests.shipped import run_cncb


def read_groups(out: Path) -> list[str]:
    html = (out / "questions.html").read_text(encoding="utf-8")
    found = re.search(r'id="numbers">(.*?)</script>', html, re.DOTALL)
    assert found
    return [group["id"] for group in json.loads(found[1])["groups"]]


def change(path: Path, old: str, new: str) -> None:
    path.write_text(re.sub(old, new, path.read_text(encoding="utf-8")), encoding="utf-8")


def test_a_partner_that_withdraws_is_gone_from_the_next_run(small_study: Path, tmp_path: Path) -> None:
    settings, out = small_study / "study" / "study.toml", tmp_path / "out"
    told = ("run", "--study", str(small_study), "--audience", "public", "--out", str(out))
    assert run_cncb(*told, cwd=tmp_path).returncode == 0
    assert read_groups(out) == ["all", "AT", "IT", "north"]
    table = small_study / "processed" / "public" / "estimates.csv"
    assert "north" in set(pd.read_csv(table, keep_default_na=False)["partner"])

    settings.write_text(
        settings.read_text(encoding="utf-8").replace("publish = true", "publish = false"), encoding="utf-8"
    )
    assert run_cncb(*told, cwd=tmp_path).returncode == 0
    assert read_groups(out) == ["all", "AT", "IT"]
    assert set(pd.read_csv(table, keep_default_na=False)["partner"]) == {""}
    # How many were on the list, were invited and answered is no answer: about the run, it stays.
    for chart in (path for path in out.rglob("*.csv") if not path.stem.startswith("response")):
        text = chart.read_text(encoding="utf-8")
        shown = pd.read_csv(chart, dtype=str, keep_default_na=False) if text.strip() else pd.DataFrame()
        own = shown[shown.isin(["north", "North"]).any(axis=1)] if len(shown) else shown
        assert not own.get("k", pd.Series(dtype=str)).str.strip().any(), chart
