"""SPSS files: answers as codes, labels and declared missing values as codebook."""

import pickle
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.excel import show_cell
from cncb_analysis.readers.structure import Structure, make_structure, read_terms

_APART = (
    "import pickle, sys, pyreadstat as p; pickle.dump(p.read_sav(sys.argv[1], user_missing=True), sys.stdout.buffer)"
)
_SECONDS = 60
# Two codes are no scale.
_PAIR = 2


def list_sav_rows(data: bytes, *, file: str, language: str = "") -> tuple[list[list[str]], str]:
    """List heading and rows of an SPSS file.

    Parameters
    ----------
    data : bytes
        The .sav or .zsav file.
    file : str
        Its name.
    language : str
        Decides the decimal sign.

    Returns
    -------
    list of list of str
        Codes as text, also those declared missing; dates as 2011-07-11; a column of a dichotomous multiple-response set
        bears its name before its own.
    str
        The encoding of its texts.

    Raises
    ------
    StudyError
        When it cannot be read, or pyreadstat is not installed.
    """
    table, meta = _read(data, file)
    sets = _list_sets(meta)
    heads = [f"{sets[name][0]}/{name}" if name in sets else name for name in table]
    cells = [[show_cell(cell, language) for cell in row] for row in table.itertuples(index=False)]
    return [heads, *cells], f"SPSS file, {meta.file_encoding}"


def read_sav(data: bytes, *, file: str) -> Structure:
    """Make a codebook of an SPSS file's labels.

    Parameters
    ----------
    data : bytes
        The .sav or .zsav file.
    file : str
        Its name.

    Returns
    -------
    Structure
        Labels without a language; codes of scales in their order; values that the file declares missing as choices that
        mean one, of the kind that their label says in English, else unknown.

    Raises
    ------
    StudyError
        When it cannot be read, or pyreadstat is not installed.
    """
    table, meta = _read(data, file)
    sets = _list_sets(meta)
    labels = dict(sets.values())
    survey = [{"type": f"select_multiple {name}", "name": name, "labels": {"": labels[name]}} for name in labels]
    choices: list[dict[str, Any]] = []
    unread = [f"{name}: set of several answers" for name, each in meta.mr_sets.items() if not each["is_dichotomy"]]
    for name in table:
        told: dict[str, Any] = {"name": name, "labels": {"": meta.column_names_to_labels[name] or ""}}
        values = _list_values(name, table[name], meta)
        if name in sets:
            choices.append({"list_name": sets[name][0], **told})
        elif any(not value["missing"] for value in values):
            choices += values
            survey.append({"type": f"select_one {name}", **told})
        else:
            kind = "decimal" if is_numeric_dtype(table[name]) else "text"
            survey.append({"type": kind, **told})
            unread += [f"{name}: {value['name']} is declared missing" for value in values]
    return make_structure(survey, choices, unread)


def _read(data: bytes, file: str) -> tuple[pd.DataFrame, Any]:
    """Table and labels, read in a process of its own: a damaged file may end or hang the one that reads it."""
    if find_spec("pyreadstat") is None:
        raise StudyError("needs pyreadstat", file=file, remedy="install cncb-analysis with the extra spss")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answers.sav")
        path.write_bytes(data)
        try:
            told = [sys.executable, "-P", "-c", _APART, str(path)]
            # Unpickled is what our own lines wrote, not what somebody delivered.
            return pickle.loads(subprocess.check_output(told, stderr=subprocess.PIPE, timeout=_SECONDS))  # nosec B301
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            reason = (error.stderr or b"").decode(errors="replace").strip().rpartition("\n")[2] or type(error).__name__
            said = f"is a damaged SPSS file, or holds what cannot be read ({reason})"
            raise StudyError(said, file=file, remedy="export it again as .sav or as CSV") from None


def _list_sets(meta: Any) -> dict[str, tuple[str, str]]:
    """Name and label of the dichotomous multiple-response set of each column that is in one."""
    sets = [(name.lstrip("$"), each) for name, each in meta.mr_sets.items() if each["is_dichotomy"]]
    return {column: (name, each["label"]) for name, each in reversed(sets) for column in each["variable_list"]}


def _list_values(name: str, column: pd.Series, meta: Any) -> list[dict[str, Any]]:
    """Rows of choices.csv: values labelled, declared missing one by one, or of the data inside such a range."""
    labels, ranges = meta.variable_value_labels.get(name, {}), meta.missing_ranges.get(name, [])

    def mean(code: Any) -> str:
        if not any(each["lo"] <= code <= each["hi"] for each in ranges):
            return ""
        return read_terms("missing").get(labels.get(code, "").strip(" .").casefold(), "unknown")

    single = [each["lo"] for each in ranges if each["lo"] == each["hi"]]
    codes = sorted({*labels, *single, *(code for code in column.dropna().unique() if mean(code))})
    real = [code for code in codes if not mean(code)]
    scale = len(real) > _PAIR and is_numeric_dtype(column) and meta.variable_measure.get(name) != "nominal"
    places = {code: str(place) for place, code in enumerate(real, start=1)} if scale else {}
    return [
        {"list_name": name, "name": show_cell(code, ""), "labels": {"": labels.get(code, "")}}
        | {"order": places.get(code, ""), "missing": mean(code)}
        for code in codes
    ]
