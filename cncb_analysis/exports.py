"""A study in the forms that others read: a data package, an XLSForm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cncb_analysis.codebook import read_labels
from cncb_analysis.errors import StudyError
from cncb_analysis.schema import read_schema
from cncb_analysis.shown import neutralise_formulas
from cncb_analysis.store import hash_file, read_frames, write_table, write_text
from cncb_analysis.study import read_study
from cncb_analysis.tables import write_sheets

if TYPE_CHECKING:
    from cncb_analysis.study import Study

__all__ = ["write_export"]

_PACKAGE = "datapackage.json"
_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}


def write_export(form: str, folder: Path, to: Path | None = None, *, step: str = "questionnaire") -> list[Path]:
    """Write a study in a form that others read.

    Parameters
    ----------
    form : str
        public (the public tables, always for the audience public, as a Frictionless data package) or xlsform (the
        instrument of a step).
    folder : Path
        The study's folder.
    to : Path, optional
        Where to; else processed/export.
    step : str
        questionnaire or interviews: whose instrument.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    StudyError
        When the study was never run and public tables are asked for.
    """
    study = read_study(folder)
    target = to or study.processed / "export"
    if form == "xlsform":
        return _write_xlsform(study, target / f"{step}.xlsx", step)
    if not (study.processed / "public" / "types.json").is_file():
        raise StudyError("the study was never run", file=str(folder), remedy=f"first: cncb run --study {folder}")
    return _write_package(study, target)


def _name_form(study: Study) -> str:
    return re.sub(r"[^a-z0-9]+", "-", study.title.lower()).strip("-") or "study"


def _write_package(study: Study, target: Path) -> list[Path]:
    """Public tables and what their columns mean: Frictionless Data, Data Package and Table Schema, version 1."""
    tables = {target / f"{name}.csv": table for name, table in read_frames(study.processed / "public").items()}
    for path, table in tables.items():
        write_table(path, neutralise_formulas(table))
    told = study.settings
    synthetic = told.get("synthetic_note", "Synthetic data: no survey results.") if told.get("synthetic") else ""
    package = {
        "profile": "tabular-data-package",
        "name": _name_form(study),
        "title": study.title,
        "description": f"{synthetic} {told.get('question', '')} Small counts are hidden or made coarser.".strip(),
        "licenses": [{"name": told["licence"]}] if told.get("licence") else [],
        "contributors": [{"title": partner.name, "role": "contributor"} for partner in study.partners],
        "resources": [_describe_table(path, table.columns) for path, table in tables.items()],
    }
    # The standard allows no empty list.
    filled = {name: said for name, said in package.items() if said}
    write_text(target / _PACKAGE, json.dumps(filled, ensure_ascii=False, indent=1) + "\n")
    return [*tables, target / _PACKAGE]


def _describe_table(path: Path, columns: Iterable[str]) -> dict[str, object]:
    declared = read_schema()[path.stem]
    meant = {name: declared.get(name) or declared["*"] for name in columns}
    fields = [{"name": name, "type": _TYPES[kind], "description": said} for name, (kind, said) in meant.items()]
    place = {"profile": "tabular-data-resource", "name": path.stem, "path": path.name, "encoding": "utf-8"}
    size = {"bytes": path.stat().st_size, "hash": f"sha256:{hash_file(path)}"}
    return {**place, **size, "schema": {"fields": fields, "missingValues": [""]}}


def _write_xlsform(study: Study, path: Path, step: str) -> list[Path]:
    """Questions of a step in XLSForm's own columns; all groups stay, so that they stay balanced."""
    table, asked = study.table("survey"), study.codebook.asked_in(step)
    names, lists = {variable.name for variable in asked}, {variable.list_name for variable in asked}
    own = read_labels({heading: heading for heading in table.columns})
    heads = {code: own[code] for code in study.languages if code in own}
    survey = [["type", "name", *heads.values(), "relevant", "constraint"]]
    for line, row in table.iterrows():
        note = row["type"] == "note" and (row["instrument"] or step) in (step, "both")
        if row["name"] in names or note or row["type"] in ("begin_group", "end_group"):
            relevant = "" if row["relevant"] == "unknown" else row["relevant"]
            if not names.issuperset(re.findall(r"\$\{(\w+)\}", relevant)):
                place = {"file": "survey.csv", "row": str(line), "column": "relevant", "value": relevant}
                raise StudyError(f"not a question of the {step}", **place, remedy="write unknown, or name another")
            survey.append([row["type"], row["name"], *_list_labels(row, heads), relevant, _limit(row)])
    choices = [["list_name", "name", *heads.values()]]
    for row in study.table("choices").to_dict("records"):
        if row["list_name"] in lists:
            choices.append([row["list_name"], row["name"], *_list_labels(row, heads)])
    language = heads.get(str(study.settings.get("language", "en")), "").removeprefix("label::")
    settings = [["form_title", "form_id", "default_language"], [study.title, _name_form(study), language]]
    write_sheets(path, [("survey", survey), ("choices", choices), ("settings", settings)])
    return [path]


def _list_labels(row: Mapping[str, str], languages: Iterable[str]) -> list[str]:
    found = read_labels(row)
    return [found.get(code, "") for code in languages]


def _limit(row: Mapping[str, str]) -> str:
    bounds = ((">=", row["minimum"]), ("<=", row["maximum"]))
    return " and ".join(f". {sign} {bound}" for sign, bound in bounds if bound)
