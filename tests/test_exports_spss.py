"""The restricted answers as SPSS reads them: read back by pyreadstat and compared with the observations."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from cncb_analysis.analysis import read_cleaned
from cncb_analysis.codebook import MISSING
from cncb_analysis.errors import StudyError
from cncb_analysis.exports import write_export
from cncb_analysis.study import read_study
from tests.delivering import south
from tests.exporting import append, run_tables

pyreadstat = pytest.importorskip("pyreadstat")

LONG = "q" * 62
EXTRA = f"""\
integer,{LONG}_eins,{"ž" * 140},{"a" + "ß" * 200},,general,questionnaire,,,,,,,,,,,
integer,{LONG}_zwei,Second,Zweite,,general,questionnaire,,,,,,,,,,,
integer,With,A word of SPSS,Ein Wort von SPSS,,general,questionnaire,,,,,,,,,,,
integer,čas,Time,Zeit,,general,questionnaire,,,,,,,,,,,
"""


@pytest.fixture
def restricted(small_study: Path) -> Path:
    append(small_study / "study" / "survey.csv", "", EXTRA)
    append(small_study / "study" / "choices.csv", "", f"sex,diverse,{'é' * 100},{'b' + 'é' * 100},,,\n")
    run_tables(small_study)
    return small_study


@pytest.mark.parametrize("step", ["questionnaire", "interviews"])
def test_every_cell_is_the_observation(restricted: Path, step: str) -> None:
    write_export("spss", restricted)
    path = restricted / "processed" / "restricted" / "export" / f"{step}.sav"
    table, meta = pyreadstat.read_sav(path, user_missing=True)
    study = read_study(restricted)
    cleaned, _ = read_cleaned(study.folder / "processed" / "restricted" / "clean", study)
    own = cleaned.observations.query("step == @step")
    used = cleaned.units.query("step == @step and status in ['complete', 'partial']")
    assert list(table["unit"]) == list(used["unit"])
    assert list(table["partner"]) == list(used["partner"])
    table = table.set_index("unit")
    compared = 0
    for row in own.to_dict("records"):
        variable = study.codebook.variables[row["variable"]]
        split = variable.kind in ("multiple", "rank")
        names = (
            [f"{variable.name}_{choice.name}" for choice in study.codebook.options(variable)]
            if split
            else [variable.name]
        )
        if row["missing"]:
            for name in set(names) & set(table.columns):
                assert table.loc[row["unit"], name] == -1 - MISSING.index(row["missing"])
                compared += 1
            continue
        name = f"{variable.name}_{row['option']}" if split else variable.name
        value = table.loc[row["unit"], name]
        if variable.kind in ("single", "ordinal"):
            label = study.codebook.choice_label(variable.name, row["option"], "en")
            assert meta.variable_value_labels[name][value].startswith(label[:40])
        else:
            assert value == row["value"] or (pd.isna(value) and pd.isna(row["value"]))
        compared += 1
    assert compared > len(used) * 3
    assert set(meta.missing_ranges) == set(table.columns) - {"partner", "country"}
    assert all(ends == [{"lo": -8.0, "hi": -1.0}] for ends in meta.missing_ranges.values())
    assert pyreadstat.read_sav(path)[0]["cm_sex"].min() >= 1  # SPSS leaves the reasons out by itself


def test_names_and_labels_fit_into_spss(restricted: Path, tmp_path: Path) -> None:
    write_export("spss", restricted, tmp_path, language="de")
    _, meta = pyreadstat.read_sav(tmp_path / "questionnaire.sav")
    told = meta.column_names_to_labels
    assert told["cm_sex"] == "Ihr Geschlecht?"
    assert told["cm_upd_finance"] == "Welche Kurse? [Finanzen]"
    long = [name for name in told if name.startswith("qqq")]
    assert [len(name) for name in long] == [64, 64]
    assert len({name.casefold() for name in told}) == len(told)
    assert told[long[0]] == "a" + "ß" * 127
    assert told[long[1]] == "Zweite"
    assert "With" not in told
    assert told["With_2"] == "Ein Wort von SPSS"
    assert told["v_as"] == "Zeit"
    labels = meta.variable_value_labels["cm_sex"]
    assert labels[1.0] == "Frau"
    assert "b" + "é" * 59 in labels.values()
    assert labels[-5.0] == "möchte es nicht sagen"
    assert "RESTRICTED" in meta.notes[0]


def test_no_name_text_or_cluster_is_inside(restricted: Path, tmp_path: Path) -> None:
    write_export("spss", restricted, tmp_path)
    for path in tmp_path.glob("*.sav"):
        table = pyreadstat.read_sav(path, user_missing=True)[0]
        assert not {"cluster", "host", "email", "strength"} & set(table.columns)
        said = table.select_dtypes(exclude="number").to_csv()
        assert "Agency" not in said
        assert "Bussard" not in said


def test_a_negative_answer_is_never_read_as_missing(restricted: Path, tmp_path: Path) -> None:
    path = restricted / "processed" / "restricted" / "clean" / "south" / "questionnaire" / "observations.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    first = rows.index[(rows["variable"] == "st_fte") & (rows["missing"] == "")][0]
    rows.loc[first, "value"] = "-3.5"
    rows.to_csv(path, index=False)
    write_export("spss", restricted, tmp_path)
    _, meta = pyreadstat.read_sav(tmp_path / "questionnaire.sav", user_missing=True)
    assert meta.missing_ranges["st_fte"] == [{"lo": -12.0, "hi": -5.0}]
    assert meta.variable_value_labels["st_fte"][-5.0] == "not asked"


def test_restricted_and_public_files_never_lie_together(restricted: Path, tmp_path: Path) -> None:
    write_export("public", restricted, tmp_path / "a")
    write_export("spss", restricted, tmp_path / "b")
    for form, folder in (("spss", "a"), ("public", "b")):
        with pytest.raises(StudyError, match="may not lie together"):
            write_export(form, restricted, tmp_path / folder)


def test_without_pyreadstat_the_extra_is_named(restricted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(StudyError, match=r"cncb-analysis\[spss\]"):
        write_export("spss", restricted)


def test_a_day_is_written_as_a_day(small_study: Path) -> None:
    survey = small_study / "study" / "survey.csv"
    text = survey.read_text(encoding="utf-8").replace("integer,cm_time,", "date,cm_time,")
    survey.write_text(text.replace("percent,,0,100\ndecimal,st", ",,,\ndecimal,st"), encoding="utf-8")
    (small_study / "raw" / "south" / "answers.csv").write_text(south(cm_time="3.4.2011"), encoding="utf-8")
    run_tables(small_study)
    write_export("spss", small_study)
    path = small_study / "processed" / "restricted" / "export" / "questionnaire.sav"
    table, _ = pyreadstat.read_sav(path)
    assert table.set_index("unit").loc["south-q-001", "cm_time"] == "2011-04-03"
    assert set(table.loc[table["partner"] == "north", "cm_time"]) == {""}
