"""A study in the forms that others read: a data package, SPSS files, an XLSForm, a codebook, quotes."""

import json
import re
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from cncb_analysis.analysis import read_cleaned, read_key
from cncb_analysis.cleaning import Cleaned
from cncb_analysis.codebook import MISSING, read_labels
from cncb_analysis.coding import tabulate_disagreements, tabulate_near_duplicates, tabulate_pairs
from cncb_analysis.errors import StudyError
from cncb_analysis.fielding import tabulate_limesurvey
from cncb_analysis.interviews import tabulate_balance, tabulate_framework, tabulate_quotes
from cncb_analysis.routing import is_routing
from cncb_analysis.schema import read_schema
from cncb_analysis.shown import neutralise_formulas
from cncb_analysis.store import hash_file, read_frames, write_bytes, write_table, write_text
from cncb_analysis.study import Study, read_study
from cncb_analysis.tables import write_sheets

_PACKAGE = "datapackage.json"
_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}
_NOTE = "RESTRICTED: answers of single units, for the partners only. Never publish."
# Forms of which nothing may lie beside what is public, and the files that tell such a folder.
_RESTRICTED, _BESIDE = ("spss", "coding"), {True: (_PACKAGE,), False: ("*.sav", "RESTRICTED.txt")}
# SPSS cannot have these names; it allows 64 bytes a name, 256 a label of a variable and 120 a label of a value.
_RESERVED = {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"}
_NAME, _LABEL, _VALUE_LABEL = 64, 256, 120
# Tables of two countries, and of items, have the columns of all countries together.
_LIKE = dict.fromkeys(("pairs", "ratings"), "comparisons")


def write_export(
    form: str, folder: Path, to: Path | None = None, *, step: str = "questionnaire", language: str = "en"
) -> list[Path]:
    """Write a study in a form that others read.

    Parameters
    ----------
    form : str
        public (the public tables, always for the audience public, as a Frictionless data package), spss (the restricted
        answers, a file a step), xlsform or limesurvey (the instrument of a step; limesurvey with crosswalk rows that
        read its answers when they come back), qdc (the topics as a REFI-QDA codebook, each named by the last step of
        its path, for programs that code interviews), segments (passages with consent, under the pseudonyms of the
        pages, without their partner) or coding (restricted, for those who code: interviews by topic with their
        passages, passages on which coders disagree, topics told in the same interview, topics named much alike,
        passages to quote by partner).
    folder : Path
        The study's folder.
    to : Path, optional
        Where to; else processed/export, and processed/restricted/export for what is restricted.
    step : str
        questionnaire or interviews: whose instrument.
    language : str
        Of the labels in SPSS and the codebook.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    StudyError
        When the study was never run, pyreadstat is not installed, or restricted and public files would lie together.
    """
    study = read_study(folder)
    target = to or study.folder / "processed" / ("restricted/export" if form in _RESTRICTED else "export")
    if any(found for name in _BESIDE[form in _RESTRICTED] for found in target.glob(name)):
        remedy = "choose another folder with --to"
        raise StudyError("restricted and public files may not lie together", file=str(target), remedy=remedy)
    form_id = re.sub(r"[^a-z0-9]+", "-", study.title.lower()).strip("-") or "study"
    if form == "xlsform":
        return _write_xlsform(study, target / f"{step}.xlsx", step, form_id)
    if form == "qdc":
        return _write_codebook(study, target / "codebook.qdc", language)
    if form == "limesurvey":
        structure, crosswalk = tabulate_limesurvey(study, step)
        write_text(target / f"{step}.txt", structure.to_csv(sep="\t", index=False, lineterminator="\n"))
        write_table(target / f"{step}_crosswalk.csv", crosswalk)
        return [target / f"{step}.txt", target / f"{step}_crosswalk.csv"]
    if not (study.folder / "processed" / "public" / "types.json").is_file():
        raise StudyError("the study was never run", file=str(folder), remedy=f"first: cncb run --study {folder}")
    if form == "public":
        return _write_package(study, target, form_id)
    cleaned, _ = read_cleaned(study.folder / "processed" / "restricted" / "clean", study)
    if form == "spss":
        return _write_spss(study, cleaned, target, language)
    if form == "coding":
        write_text(target / "RESTRICTED.txt", f"{_NOTE}\n")
    quotes = tabulate_quotes(cleaned.segments, key=read_key(study))
    segments = {"segments": quotes.drop(columns="partner")}
    return _write_tables(target, segments if form == "segments" else _tabulate_coding(study, cleaned, quotes))


def _tabulate_coding(study: Study, cleaned: Cleaned, quotes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tabulate what coders talk about, and what a report is written from."""
    segments, units, themes = cleaned.segments, cleaned.units, study.table("themes")
    return {
        "framework": tabulate_framework(segments, units, themes, not_asked=study.table("coverage")),
        "disagreements": tabulate_disagreements(segments),
        "pairs": tabulate_pairs(segments, units, by="unit").dropna(axis=1, how="all"),
        "near_duplicates": tabulate_near_duplicates(themes),
        "quote_balance": tabulate_balance(quotes, units),
    }


def _write_tables(target: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    for name, table in tables.items():
        write_table(target / f"{name}.csv", neutralise_formulas(table))
    return [target / f"{name}.csv" for name in tables]


def _write_package(study: Study, target: Path, form_id: str) -> list[Path]:
    """Public tables and what their columns mean: Frictionless Data, Data Package and Table Schema, version 1."""
    tables = read_frames(study.folder / "processed" / "public")
    paths = _write_tables(target, tables)
    told = study.settings
    synthetic = told.get("synthetic_note", "Synthetic data: no survey results.") if told.get("synthetic") else ""
    package = {
        "profile": "tabular-data-package",
        "name": form_id,
        "title": study.title,
        "description": f"{synthetic} {told.get('question', '')} Small counts are hidden or made coarser.".strip(),
        "licenses": [{"name": told["licence"]}] if told.get("licence") else [],
        "contributors": [{"title": partner.name, "role": "contributor"} for partner in study.partners],
        "resources": [_describe_table(path, tables[path.stem].columns) for path in paths],
    }
    # The standard allows no empty list.
    filled = {name: said for name, said in package.items() if said}
    write_text(target / _PACKAGE, json.dumps(filled, ensure_ascii=False, indent=1) + "\n")
    return [*paths, target / _PACKAGE]


def _describe_table(path: Path, columns: Iterable[str]) -> dict[str, object]:
    declared = read_schema()[_LIKE.get(path.stem, path.stem)]
    meant = {name: declared.get(name) or declared["*"] for name in columns}
    fields = [{"name": name, "type": _TYPES[kind], "description": said} for name, (kind, said) in meant.items()]
    place = {"profile": "tabular-data-resource", "name": path.stem, "path": path.name, "encoding": "utf-8"}
    size = {"bytes": path.stat().st_size, "hash": f"sha256:{hash_file(path)}"}
    return {**place, **size, "schema": {"fields": fields, "missingValues": [""]}}


def _write_xlsform(study: Study, path: Path, step: str, form_id: str) -> list[Path]:
    """Questions of a step in XLSForm's own columns; all groups stay, so that they stay balanced."""
    table, asked = study.table("survey"), {variable.name: variable for variable in study.codebook.asked_in(step)}
    own = read_labels({heading: heading for heading in table.columns})
    heads = {code: own[code] for code in study.languages if code in own}
    survey = [["type", "name", *heads.values(), "relevant", "constraint"]]
    for line, row in table.iterrows():
        note = row["type"] == "note" and (row["instrument"] or step) in (step, "both")
        if row["name"] in asked or note or row["type"] in ("begin_group", "end_group"):
            relevant = "" if row["relevant"] == "unknown" else row["relevant"]
            if relevant and not is_routing(relevant, asked):
                place = {"file": "survey.csv", "row": str(line), "column": "relevant", "value": relevant}
                remedy = "write unknown, or = != selected() and or not over its questions"
                raise StudyError(f"no routing over questions of the {step}", **place, remedy=remedy)
            bounds = ((">=", row["minimum"]), ("<=", row["maximum"]))
            constraint = " and ".join(f". {sign} {bound}" for sign, bound in bounds if bound)
            survey.append([row["type"], row["name"], *_list_labels(row, heads), relevant, constraint])
    used = study.table("choices")
    used = used[used["list_name"].isin([variable.list_name for variable in asked.values()])]
    choices = [[row["list_name"], row["name"], *_list_labels(row, heads)] for row in used.to_dict("records")]
    choices.insert(0, ["list_name", "name", *heads.values()])
    language = heads.get(str(study.settings.get("language", "en")), "").removeprefix("label::")
    settings = [["form_title", "form_id", "default_language"], [study.title, form_id, language]]
    write_sheets(path, [("survey", survey), ("choices", choices), ("settings", settings)])
    return [path]


def _list_labels(row: Mapping[str, str], languages: Iterable[str]) -> list[str]:
    found = read_labels(row)
    return [found.get(code, "") for code in languages]


def _write_codebook(study: Study, path: Path, language: str) -> list[Path]:
    """Topics by the schema urn:QDA-XML:codebook:1.0; the same path has the same GUID at every export."""
    root = ElementTree.Element("CodeBook", xmlns="urn:QDA-XML:codebook:1.0", origin="cncb_analysis")
    nodes = {"": ElementTree.SubElement(root, "Codes")}
    for row in study.table("themes").sort_values("code").to_dict("records"):
        above, _, name = row["code"].rpartition("/")
        told = {"guid": str(uuid.uuid5(uuid.NAMESPACE_URL, row["code"])), "name": name, "isCodable": "true"}
        nodes[row["code"]] = ElementTree.SubElement(nodes[above], "Code", told)
        parts = (read_labels(row).get(language), row["definition"], row["include"], row["exclude"])
        said = [f"{sign}{part}" for sign, part in zip(("", "", "+ ", "- "), parts, strict=True) if part]
        ElementTree.SubElement(nodes[row["code"]], "Description").text = "\n".join(said)
    if len(nodes) == 1:
        raise StudyError("there are no topics to export", file="themes.csv", remedy="fill in a row a topic")
    write_bytes(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    return [path]


def _write_spss(study: Study, cleaned: Cleaned, target: Path, language: str) -> list[Path]:
    try:
        import pyreadstat
    except ModuleNotFoundError:
        remedy = 'install it: pip install "cncb-analysis[spss]"'
        raise StudyError("SPSS files need pyreadstat", remedy=remedy) from None
    used = cleaned.units[cleaned.units["status"].isin(["complete", "partial"])]
    paths = []
    for step, units in used[used["step"].isin(["questionnaire", "interviews"])].groupby("step", sort=False):
        rows = cleaned.observations[cleaned.observations["unit"].isin(units["unit"])]
        table, told = _lay_out(study, str(step), units, rows, language=language)
        paths.append(target / f"{step}.sav")
        with tempfile.TemporaryDirectory() as folder:
            pyreadstat.write_sav(table, f"{folder}/{step}.sav", note=_NOTE, **told)
            write_bytes(paths[-1], Path(folder, f"{step}.sav").read_bytes())
    return paths


def _lay_out(
    study: Study, step: str, units: pd.DataFrame, rows: pd.DataFrame, *, language: str
) -> tuple[pd.DataFrame, dict[str, dict[str, object]]]:
    """A row a unit, a column a question or option; labels and the codes that mean a missing, by column."""
    book, words = study.codebook, study.words(language)
    units = units.set_index("unit", drop=False)
    columns = {name: units[name] for name in ("partner", "country", "unit")}
    told: dict[str, dict[str, object]] = {"column_labels": {}, "missing_ranges": {}, "variable_value_labels": {}}
    for variable in book.asked_in(step):
        if variable.kind == "text" or variable.role in ("identifier", "free_text"):
            continue
        own = rows[rows["variable"] == variable.name].set_index("unit")
        given, split = own[own["missing"] == ""], variable.kind in ("multiple", "rank")
        options = [one.name for one in sorted(book.options(variable), key=lambda choice: choice.order or 0)]
        codes = {} if split else {option: float(place) for place, option in enumerate(options, start=1)}
        # Below every answer, so that no number can be read as missing.
        top = min(0.0, float(own["value"].min())) // 1
        reasons = {reason: top - place for place, reason in enumerate(MISSING, start=1)}
        missing = own["missing"].map(reasons).dropna()
        labels = {code: words.text(f"missing.{reason}") for reason, code in reasons.items()}
        labels |= {code: book.choice_label(variable.name, option, language) for option, code in codes.items()}
        if variable.kind == "date":
            columns[variable.name] = given["option"].reindex(units.index).fillna("")
            continue
        for option in options if split else [""]:
            chosen = given[given["option"] == option] if split else given
            values = chosen["option"].map(codes) if codes else chosen["value"]
            label, name = book.label(variable.name, language), variable.name
            if option:
                label, name = f"{label} [{book.choice_label(name, option, language)}]", f"{name}_{option}"
            name = _name_column(name, columns)
            columns[name] = pd.concat([values, missing]).astype(float).reindex(units.index)
            told["column_labels"][name] = _cut(label, _LABEL)
            told["missing_ranges"][name] = [{"lo": top - len(MISSING), "hi": top - 1}]
            told["variable_value_labels"][name] = {code: _cut(text, _VALUE_LABEL) for code, text in labels.items()}
    return pd.DataFrame(columns), told


def _name_column(name: str, taken: Iterable[str]) -> str:
    """A name that SPSS can have: short, plain, and unlike all others whatever the capitals."""
    used = {other.casefold() for other in taken} | _RESERVED
    plain = re.sub(r"^[\d_]", r"v\g<0>", re.sub(r"\W", "_", name, flags=re.ASCII))
    endings = ["", *(f"_{number}" for number in range(2, len(used) + 3))]
    found = (plain[: _NAME - len(ending)] + ending for ending in endings)
    return next(candidate for candidate in found if candidate.casefold() not in used)


def _cut(text: str, size: int) -> str:
    """Whole letters that fit into so many bytes."""
    return text.encode()[:size].decode(errors="ignore")
