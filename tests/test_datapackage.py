"""datapackage.json says what the tables of the example study hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests import datapackage
from tests.datapackage import ROOT, TARGET, describe_study, infer_type, render_package


@pytest.fixture(scope="module")
def package() -> dict[str, Any]:
    return json.loads(TARGET.read_text(encoding="utf-8"))


def test_it_is_what_the_tables_say() -> None:
    assert TARGET.read_text(encoding="utf-8") == render_package(), "make it anew: python -m tests.datapackage"


def test_every_table_is_described_once(package: dict[str, Any]) -> None:
    files = [ROOT / "data" / "truth.csv", *(ROOT / "data" / "study").rglob("*"), *(ROOT / "data" / "raw").rglob("*.*")]
    tables = {path for path in files if path.suffix in {".csv", ".xlsx", ".gz"}}
    tables |= {path for path in files if path.suffix == ".txt" and "\t" in path.read_text("utf-8")}
    told = sorted(path.relative_to(ROOT).as_posix() for path in tables)
    assert sorted(part["path"] for part in package["resources"]) == told
    assert len({part["name"] for part in package["resources"]}) == len(package["resources"])


def test_the_rules_of_a_studys_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data" / "study" / "choices.csv"
    path.parent.mkdir(parents=True)
    head = ["list_name", "name", "label::English (en)", "order"]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, ["sex", "01", "Woman", "1"], ["sex", "02", "Man", "2"]])
    monkeypatch.setattr(datapackage, "ROOT", tmp_path)
    schema = describe_study(path)["schema"]
    assert schema["primaryKey"] == ["list_name", "name"]
    assert {field["name"]: field["type"] for field in schema["fields"]} == dict(
        zip(head, ["string", "string", "string", "integer"], strict=True)
    )
    assert schema["fields"][1]["constraints"] == {"required": True}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "", "-2"], "integer"),
        (["1", "0.50"], "number"),
        (["1", "k.A."], "string"),
        (["007"], "string"),
        (["2011-02-14", ""], "date"),
        ([], "string"),
    ],
)
def test_the_narrowest_type_that_every_cell_has(cells: list[str], expected: str) -> None:
    assert infer_type(cells) == expected
