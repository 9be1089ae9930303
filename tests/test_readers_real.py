"""Readers on real files that nobody here wrote: each reads, or is refused with one clear line."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cncb_analysis.codebook import read_codebook
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import Structure, read_raw, read_structure

REAL = Path(__file__).parents[2] / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")

STRUCTURE = "is a survey structure, not answers"
ONE = "has one column only"
DAMAGED = r"cannot be read \(OverflowError: date value out of range\)"
TWICE = "sheet survey lacks a column, or has it twice"
# File: rows and columns as a raw table, or why it is none.
RAW: dict[str, tuple[int, int] | str] = {
    "rse/2017_can_public_data.csv": (110, 62),
    "rse/2017_de_public_data.csv": (325, 248),
    "rse/2017_nl_public_data.csv": (77, 131),
    "rse/2017_uk_public_data.csv": (253, 245),
    "rse/2017_us_public_data.csv": (164, 242),
    "rse/2017_zaf_public_data.csv": (22, 277),
    "spss/haven_datetime.sav": DAMAGED,
    "spss/haven_labelled-num-na.sav": ONE,
    "spss/haven_labelled-num.sav": ONE,
    "spss/haven_labelled-str.sav": ONE,
    "spss/haven_umlauts.sav": ONE,
    "spss/haven_variable-label.sav": ONE,
    "spss/pyreadstat_missing_char.sav": ONE,
    "spss/pyreadstat_missing_test.sav": ONE,
    "spss/pyreadstat_sample_large.sav": (485, 7),
    "spss/pyreadstat_sample_missing.sav": (7, 7),
    "spss/pyreadstat_simple_alltypes.sav": (6, 12),
    "limesurvey/imex_blank-survey.lss": STRUCTURE,
    "rse/2017_de_de_17_to_import.txt": STRUCTURE,
    "xlsform/correlaid_multilingual_survey.tsv": STRUCTURE,
}
# File: questions, choices, languages ("" where the file names none), lines that a person has to look at; or why none.
ASKED: dict[str, tuple[int, int, tuple[str, ...], int] | str] = {
    "limesurvey/imex_blank-survey.lss": (1, 0, ("en",), 0),
    "limesurvey/imex_survey-one-question-two-languages.lss": (1, 0, ("en", "et"), 0),
    "rse/2017_de_de_17_to_import.txt": (104, 1157, ("de", "en"), 0),
    "rse/2017_nl_questions_to_import.txt": (68, 643, ("en",), 0),
    "rse/2017_nl_public_data.csv": "asks no question",
    "spss/haven_datetime.sav": DAMAGED,
    "spss/haven_labelled-num-na.sav": (1, 2, ("",), 0),
    "spss/haven_labelled-num.sav": (1, 1, ("",), 0),
    "spss/haven_labelled-str.sav": (1, 2, ("",), 0),
    "spss/haven_umlauts.sav": (1, 3, ("",), 0),
    "spss/haven_variable-label.sav": (1, 1, ("",), 0),
    "spss/pyreadstat_missing_char.sav": (1, 2, ("",), 0),
    "spss/pyreadstat_missing_test.sav": (1, 0, ("",), 1),
    "spss/pyreadstat_sample_large.sav": (7, 0, ("",), 0),
    "spss/pyreadstat_sample_missing.sav": (7, 9, ("",), 2),
    "spss/pyreadstat_simple_alltypes.sav": (10, 21, ("",), 3),
    "xlsform/correlaid_all_types_survey.tsv": (29, 29, ("en",), 2),
    "xlsform/correlaid_all_types_survey.xlsx": (29, 17, ("de", "en"), 2),
    "xlsform/correlaid_mitwirken_umfrage.xlsx": (38, 97, ("de",), 0),
    "xlsform/correlaid_mitwirken_umfrage_output.tsv": (38, 103, ("de",), 1),
    "xlsform/correlaid_multilingual_survey.tsv": (4, 6, ("en", "es"), 0),
    "xlsform/pyxform_duplicate_columns.xlsx": TWICE,
    "xlsform/pyxform_or_other.xlsx": (2, 6, ("", "en"), 0),
    "xlsform/pyxform_specify_other.xlsx": (1, 3, ("en",), 0),
    "xlsform/pyxform_xl_date_ambiguous.xlsx": (4, 3, ("en",), 1),
}


@cache
def ask(name: str) -> Structure:
    return read_structure((REAL / name).read_bytes(), file=name)


def test_every_real_file_is_looked_at() -> None:
    folders = ("limesurvey", "rse", "spss", "xlsform")
    there = {path.relative_to(REAL).as_posix() for folder in folders for path in (REAL / folder).iterdir()}
    assert there == set(RAW) | set(ASKED)


@pytest.mark.parametrize("name", RAW)
def test_raw_table(name: str) -> None:
    data, expected = (REAL / name).read_bytes(), RAW[name]
    if isinstance(expected, tuple):
        raw = read_raw(data, file=name)
        assert raw.cells.shape == expected
        assert raw.cells.index[0] == 2
        assert raw.cells.map(lambda cell: isinstance(cell, str)).to_numpy().all()
    else:
        with pytest.raises(StudyError, match=expected):
            read_raw(data, file=name)


@pytest.mark.parametrize("name", ASKED)
def test_structure(name: str) -> None:
    expected = ASKED[name]
    if isinstance(expected, str):
        with pytest.raises(StudyError, match=expected) as caught:
            ask(name)
        assert "\n" not in str(caught.value)
        return
    found = ask(name)
    heads = [head.removeprefix("label").rpartition("(")[2].rstrip(")") for head in found.survey if "label" in head]
    assert (len(found.survey), len(found.choices), tuple(heads), len(found.unread)) == expected
    book = read_codebook(found.survey, found.choices)
    assert list(book.variables) == found.survey["name"].tolist()
    assert all(variable.labels or name.startswith(("spss", "limesurvey")) for variable in book.variables.values())


def test_routing_of_the_dutch_survey_is_carried_over() -> None:
    routing = ask("rse/2017_nl_questions_to_import.txt").survey.set_index("name")["relevant"]
    assert routing[routing != ""].tolist()[:6] == [
        *("${edu1} != '1'", "${currentEmp1} = '1'", "${currentEmp1} = '2'", "${currentEmp1} = '3'", "${paper2} = 'Y'"),
        "(${paper3} = 'N') and (${paper2} = 'Y')",
    ]


def test_both_languages_of_the_german_survey() -> None:
    found = ask("rse/2017_de_de_17_to_import.txt")
    answers = found.choices[found.choices["list_name"] == "likert0"]
    assert answers["label::en (en)"].iloc[0] == "1 (None at all)"
    item = found.survey.set_index("name").loc["likert0_time1can"]
    assert (item["type"], item["battery"], item["item"]) == ("select_one likert0", "likert0", "time1can")
    assert (found.survey["label::de (de)"] != "").all()


def test_spss_codes_labels_and_declared_missing_values() -> None:
    choices = ask("spss/pyreadstat_sample_missing.sav").choices.drop(columns="list_name").to_numpy().tolist()
    assert choices[3:] == [
        *(["-3", "", "", "unknown"], ["-2", "", "", "unknown"], ["-1", "missing", "", "unknown"]),
        *(["1", "low", "1", ""], ["2", "medium", "2", ""], ["3", "high", "3", ""]),
    ]
    assert ask("spss/haven_umlauts.sav").choices["label"].tolist() == ["the ä umlaut", "the ü umlaut", "the ö umlaut"]
    raw = read_raw((REAL / "spss/pyreadstat_sample_missing.sav").read_bytes(), file="a.sav", language="de")
    assert raw.cells.loc[4].tolist() == ["c", "-1000,3", "1960-01-01", "1960-01-01", "1", "3", "00:00:00"]


def test_spss_multiple_response_set() -> None:
    name = "spss/pyreadstat_simple_alltypes.sav"
    found = ask(name)
    assert found.survey.loc[0, ["type", "label"]].tolist() == ["select_multiple mymrset", "My multiple response set"]
    answers = found.choices[found.choices["list_name"] == "mymrset"]
    assert answers["label"].tolist() == ["Response #1", "Response #2", "Response #3"]
    cells = read_raw((REAL / name).read_bytes(), file=name).cells
    assert cells.loc[3, ["mymrset/bool1", "mymrset/bool2", "x", "y"]].tolist() == ["1", "0", "2", "2000-01-02"]


FORMS = ["correlaid_all_types_survey", "correlaid_mitwirken_umfrage", "pyxform_or_other", "pyxform_specify_other"]


@pytest.mark.parametrize("form", [*FORMS, "pyxform_xl_date_ambiguous"])
def test_pyxform_sees_the_same_questions_and_choices(form: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survey: Any = (
            pytest.importorskip("pyxform.xls2xform").convert(REAL / f"xlsform/{form}.xlsx", validate=False)._survey
        )
    found = ask(f"xlsform/{form}.xlsx")
    # What asks nothing, and the text that pyxform adds beside an answer "other", has no row here.
    silent = {
        "survey",
        "group",
        "note",
        "calculate",
        "hidden",
        "start",
        "end",
        "today",
        "deviceid",
        "username",
        "audit",
    }
    theirs = [each.name for each in survey.iter_descendants() if each.type not in silent]
    own = found.survey["name"].tolist()
    assert [name for name in theirs if name in own or not name.endswith("_other")] == own
    lists = {name: [option.name for option in each.options] for name, each in survey.choices.items()}
    assert {name: rows["name"].tolist() for name, rows in found.choices.groupby("list_name")} == lists


def test_pyxform_refuses_the_same_form() -> None:
    errors = pytest.importorskip("pyxform.errors")
    with pytest.raises(errors.PyXFormError, match="Duplicate column header: label"):
        pytest.importorskip("pyxform.xls2xform").convert(
            REAL / "xlsform/pyxform_duplicate_columns.xlsx", validate=False
        )


def test_the_form_and_the_survey_made_of_it_ask_the_same() -> None:
    form, made = (ask(f"xlsform/correlaid_mitwirken_umfrage{end}") for end in (".xlsx", "_output.tsv"))
    # The converter drops underscores, cuts codes to 20 signs (or 19 and a number) and answers to 5, and knows no
    # whole numbers.
    kinds = [
        form.survey["type"].str.split(" ").str[0].replace("integer", "decimal"),
        made.survey["type"].str.split(" ").str[0],
    ]
    assert kinds[0].tolist() == kinds[1].tolist()
    plain = [each.survey["label::de (de)"].str.replace("*", "").str.strip().tolist() for each in (form, made)]
    assert plain[0] == plain[1]
    assert [name.replace("_", "")[:19] for name in form.survey["name"]] == made.survey["name"].str[:19].tolist()
    labels = [read_codebook(each.survey, each.choices) for each in (form, made)]
    for first, second in zip(*(book.variables.values() for book in labels), strict=True):
        own, theirs = labels[0].options(first), labels[1].options(second)
        assert [choice.labels for choice in own] == [choice.labels for choice in theirs], first.name


def test_openpyxl_sees_the_same_cells() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sheet = openpyxl.load_workbook(REAL / "xlsform/pyxform_or_other.xlsx")["choices"]
    rows = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(min_row=2, values_only=True)]
    choices = ask("xlsform/pyxform_or_other.xlsx").choices
    assert choices[["list_name", "name", "label"]].to_numpy().tolist()[:-1] == [row[:3] for row in rows]
