"""Make datapackage.json, which says what each table of the example study holds. Run by python -m tests.datapackage.

Frictionless Data: Data Package and Table Schema, version 1. Types are those that every cell has; meanings and rules of
the study's own tables come from the package's tables.csv.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from cncb_analysis.readers import read_raw
from cncb_analysis.readers.excel import read_sheets
from cncb_analysis.study.tables import declared_tables

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "datapackage.json"
# A number with a leading nought is a code.
TYPES = {
    "integer": re.compile(r"-?(0|[1-9]\d*)"),
    "number": re.compile(r"-?(0|[1-9]\d*)(\.\d+)?"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
}
# An object that holds texts only goes on one line, so that a column is a line.
FLAT = re.compile(r'\{\n(?:\s+"\w+": ".*"\n|\s+"\w+": ".*",\n)+\s+\}')
CONTENTS = {
    "actions": "What one workshop agreed: a row an action.",
    "answers": "The questionnaire as one partner exported it: a row an entry.",
    "ballots": "Voting sheets of one workshop: a row an item on a sheet.",
    "cards": "The one-page card of each interview of one partner.",
    "frame": "Clusters that one partner mapped.",
    "segments": "Coded passages of one partner's interviews.",
    "statistics": "Regional statistics, invented, in the form of Eurostat's bulk download.",
}
TRUTH = {
    "truth": "Which differences between countries were planted, and what was made alike everywhere.",
    "planted": "Every piece of dirt that was planted in the delivered files: file, row, column and kind.",
}


def infer_type(cells: list[str]) -> str:
    """The narrowest type of Table Schema that all cells have.

    Examples
    --------
    >>> [infer_type(cells) for cells in (["1", ""], ["1", "2.5"], ["01"], ["2011-02-14"], [""])]
    ['integer', 'number', 'string', 'date', 'string']
    """
    filled = [cell for cell in cells if cell]
    fitting = (name for name, form in TYPES.items() if filled and all(form.fullmatch(cell) for cell in filled))
    return next(fitting, "string")


def describe_fields(rows: list[list[str]]) -> list[dict[str, Any]]:
    head, *body = rows
    columns = [[row[place] if place < len(row) else "" for row in body] for place in range(len(head))]
    return [{"name": name.strip(), "type": infer_type(cells)} for name, cells in zip(head, columns, strict=True)]


def describe(path: Path, rows: list[list[str]], description: str, **more: Any) -> dict[str, Any]:
    place = path.relative_to(ROOT / "data")
    name = "-".join(place.with_name(place.name.partition(".")[0]).parts).replace("_", "-").lower()
    schema = {"fields": describe_fields(rows), "missingValues": [""]}
    return {
        "profile": "tabular-data-resource", "name": name, "path": path.relative_to(ROOT).as_posix(),
        "description": description, "encoding": "utf-8", **more, "schema": schema,
    }  # fmt: skip


def read_rows(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[list[str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def describe_study(path: Path) -> dict[str, Any]:
    """A table that people edit: each column with its meaning and rules, labels a column a language."""
    table = declared_tables()[path.stem]
    resource = describe(path, read_rows(path), table.explanation)
    declared = {column.name: column for column in table.columns}
    for field in resource["schema"]["fields"]:
        if (column := declared.get(field["name"])) is None:
            field["description"] = "the text in the language that the heading names"
            continue
        field["description"] = column.explanation
        rules: dict[str, Any] = {"required": True} if column.needed else {}
        if column.names.startswith("one of: "):
            word = "|".join(column.names.removeprefix("one of: ").split())
            rules["pattern"] = f"({word})(;({word}))*"
        if rules:
            field["constraints"] = rules
    if keys := [column.name for column in table.columns if column.needed == "key"]:
        resource["schema"]["primaryKey"] = keys
    return resource


def describe_raw(path: Path, content: str) -> dict[str, Any]:
    """A table as delivered: its own encoding, separator and headings."""
    said = CONTENTS[content]
    if path.suffix == ".xlsx":
        sheet = next(iter(read_sheets(path.read_bytes(), file=path.name)))
        raw = read_raw(path.read_bytes(), file=path.name)
        rows = [list(raw.cells), *raw.cells.to_numpy().tolist()]
        form = {"format": "xlsx", "dialect": {"excel": {"sheet": sheet, "stringified": True}}}
        resource = describe(path, rows, said, **form)
        for field in resource["schema"]["fields"]:
            field["type"] = field["type"].replace("date", "string")  # a workbook's day has an hour
        return resource
    if path.suffix == ".gz":
        form = {"format": "csv", "compression": "gz", "dialect": {"delimiter": "\t"}}
        return describe(path, read_rows(path, delimiter="\t"), said, **form)
    raw = read_raw(path.read_bytes(), file=path.name)
    form = {"format": "csv", "encoding": raw.encoding, "dialect": {"delimiter": raw.delimiter}}
    return describe(path, read_rows(path, raw.encoding, raw.delimiter), said, **form)


def render_package() -> str:
    data = ROOT / "data"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    ledger = csv.DictReader((data / "study" / "sources.csv").read_text(encoding="utf-8").splitlines())
    truth = (data / "truth.csv", data / "raw" / "planted.csv")
    package = {
        "profile": "tabular-data-package",
        "name": "cncb-analysis-example",
        "title": "cncb_analysis example study (synthetic)",
        "version": version,
        "description": "Invented data of ten partners in seven countries, made to test the method. No survey results.",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "contributors": [{"title": "The cncb_analysis maintainers", "role": "author"}],
        "resources": [
            *(describe_study(path) for path in sorted((data / "study").glob("*.csv"))),
            *(describe_raw(data / "raw" / row["path"], row["content"]) for row in ledger),
            *(describe(path, read_rows(path), TRUTH[path.stem]) for path in truth),
        ],
    }
    text = json.dumps(package, ensure_ascii=False, indent=1)
    return FLAT.sub(lambda found: " ".join(line.strip() for line in found[0].splitlines()), text) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render_package(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.name} written\n")
