"""What others read: the public tables with their description, the questionnaire as a form."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from pyxform.xls2xform import convert

from cncb_analysis.analysis import analyse_study, read_cleaned
from cncb_analysis.codebook import Codebook, read_codebook
from cncb_analysis.errors import StudyError
from cncb_analysis.exports import write_export
from cncb_analysis.readers import list_refi_codes
from cncb_analysis.schema import read_schema
from cncb_analysis.store import hash_bytes
from cncb_analysis.study import read_study
from tests.exporting import append, run_tables
from tests.size import ROOT
from tests.test_site import run_cncb

FINDING = "law,training,questionnaire,skill_imp_law,,share_top2 >= 0.5\n"
DECISION = "law,IT,,agreement,A. B.,=1+1\n"
ACTION = "exchange,training,training,joint,north,Agency,2012,,skill_imp_law,exchange,exchange,support/exchange\n"
PARSERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": {"True": True, "False": False}.__getitem__,
}


@pytest.fixture
def analysed(small_study: Path) -> Path:
    study = small_study / "study"
    append(study / "findings.csv", "finding,theme,step,variable,option,rule\n", FINDING)
    append(study / "decisions.csv", "finding,country,step,position,who,reason\n", DECISION)
    head = "action,family,theme,level,lead,owner,date,decision,variable,offer,item,theme_code\n"
    append(study / "support_actions.csv", head, ACTION)
    run_tables(small_study)
    return small_study


def test_the_package_describes_every_public_table_as_it_is(analysed: Path, tmp_path: Path) -> None:
    paths = write_export("public", analysed, tmp_path / "out")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    assert {path.name for path in paths} == {"datapackage.json", *(part["path"] for part in package["resources"])}
    names = {"estimates", "comparisons", "pairs", "ratings", "evidence", "joint_support"}
    assert {part["name"] for part in package["resources"]} == names
    for resource in package["resources"]:
        data = (tmp_path / "out" / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hash_bytes(data)}"
        assert resource["bytes"] == len(data)
        fields = resource["schema"]["fields"]
        table = pd.read_csv(tmp_path / "out" / resource["path"], dtype=str, keep_default_na=False)
        assert [field["name"] for field in fields] == list(table.columns)
        # In so small a study no two countries differ.
        assert len(table) or resource["name"] == "pairs"
        for field in fields:
            assert field["description"].endswith(".")
            for cell in filter(None, table[field["name"]]):
                PARSERS[field["type"]](cell)


def test_the_package_says_whose_it_is_and_that_it_is_synthetic(analysed: Path, tmp_path: Path) -> None:
    settings = analysed / "study" / "study.toml"
    settings.write_text('licence = "CC-BY-4.0"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    write_export("public", analysed, tmp_path)
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    assert package["title"] == "A small study"
    assert package["name"] == "a-small-study"
    assert package["licenses"] == [{"name": "CC-BY-4.0"}]
    assert [one["title"] for one in package["contributors"]] == ["Northern agency", "Southern chamber"]
    assert package["description"].startswith("Synthetic data")


def test_the_package_is_for_the_public_whatever_the_study_says(analysed: Path, tmp_path: Path) -> None:
    study = read_study(analysed)
    cleaned, counts = read_cleaned(study.folder / "processed" / "restricted" / "clean", study)
    everything = analyse_study(cleaned, counts, study)["estimates"]
    write_export("public", analysed, tmp_path)
    shown = pd.read_csv(tmp_path / "estimates.csv", keep_default_na=False)
    assert study.audience == "consortium"
    assert "south" in set(everything["partner"])
    assert "south" not in set(shown["partner"])  # it does not publish
    assert "hidden" in set(shown["mark"])


def test_a_formula_is_made_plain_and_a_negative_number_stays(analysed: Path, tmp_path: Path) -> None:
    write_export("public", analysed, tmp_path)
    assert ",'=1+1," in (tmp_path / "evidence.csv").read_text(encoding="utf-8")
    gaps = pd.read_csv(tmp_path / "estimates.csv", keep_default_na=False).query("statistic == 'gap'")
    stored = pd.read_csv(analysed / "processed" / "public" / "estimates.csv", keep_default_na=False)
    assert gaps.to_csv() == stored.query("statistic == 'gap'").to_csv()


def test_what_cannot_be_exported_is_one_error(small_study: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="never run; first: cncb run"):
        write_export("public", small_study)
    done = run_cncb("export", "public", "--study", str(small_study), cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cncb run" in done.stderr


def test_the_schema_declares_each_table_in_its_order() -> None:
    schema = read_schema()
    assert list(schema["observations"])[-3:] == ["occasion", "value", "missing"]
    assert schema["observations"]["value"][0] is float
    assert {kind for table in schema.values() for kind, _ in table.values()} == {str, float, int, bool}
    assert all(said.endswith(".") for table in schema.values() for _, said in table.values())


def read_form(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    book = openpyxl.load_workbook(path)
    tables = []
    for sheet in (book["survey"], book["choices"]):
        head, *rows = [["" if cell is None else str(cell) for cell in line] for line in sheet.values]
        tables.append(pd.DataFrame(rows, columns=head).assign(order="", missing="", collapse=""))
    return tables[0], tables[1]


def labels_of(book: Codebook, names: set[str]) -> dict[str, object]:
    asked = {name: book.variables[name] for name in book.variables if name in names}
    lists = {variable.list_name for variable in asked.values()} - {""}
    choices = {name: [(choice.name, choice.labels) for choice in book.choices[name]] for name in lists}
    return {"questions": {name: dict(one.labels) for name, one in asked.items()}, "choices": choices}


@pytest.mark.parametrize("step", ["questionnaire", "interviews"])
def test_the_form_is_accepted_and_reads_back_the_same(step: str, tmp_path: Path) -> None:
    study = read_study(ROOT / "data")
    path = write_export("xlsform", ROOT / "data", tmp_path, step=step)[0]
    assert convert(str(path)).xform.count("<translation") == 8
    again = read_codebook(*read_form(path))
    names = {variable.name for variable in study.codebook.asked_in(step)}
    assert list(again.variables) == [name for name in study.codebook.variables if name in names]
    assert labels_of(again, names) == labels_of(study.codebook, names)
    assert {one.relevant for one in again.variables.values()} > {""}
    assert all(one.relevant == study.codebook.variables[name].relevant for name, one in again.variables.items())
    assert write_export("xlsform", ROOT / "data", tmp_path / "b", step=step)[0].read_bytes() == path.read_bytes()


def test_the_form_keeps_groups_notes_ranks_and_bounds(small_study: Path, tmp_path: Path) -> None:
    survey = small_study / "study" / "survey.csv"
    head, *rows = survey.read_text(encoding="utf-8").splitlines()
    blank = "," * (head.count(",") - 4)
    rows = [f"begin_group,g1,All,Alles,{blank}", *rows, f"note,thanks,=1+1,Danke,{blank}", f"end_group,,,,{blank}"]
    survey.write_text("\n".join([head, *rows]).replace("${int_level} != 'none',int", "unknown,int") + "\n")
    path = write_export("xlsform", small_study, tmp_path)[0]
    form, _ = read_form(path)
    assert list(form.columns[:6]) == [
        "type",
        "name",
        "label::English (en)",
        "label::German (de)",
        "relevant",
        "constraint",
    ]
    told = form.set_index("name")
    assert [form["type"].iloc[0], form["type"].iloc[-1]] == ["begin_group", "end_group"]
    assert told.loc["sup_top", "type"] == "rank support"
    assert told.loc["fin_eu", "constraint"] == ". >= 0 and . <= 100"
    assert told.loc["int_who", "relevant"] == ""  # "unknown" is our word, not XLSForm's
    assert told.loc["email", "relevant"] == "${int_level} != 'none'"
    cells = [cell for line in openpyxl.load_workbook(path)["survey"] for cell in line if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]
    assert convert(str(path)).xform


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "study", folder / "study")
    done = run_cncb("export", "xlsform", "--step", "interviews", "--study", str(folder), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Written: {folder / 'processed' / 'export' / 'interviews.xlsx'}\n"


def test_routing_beyond_the_instrument_is_one_error(small_study: Path, tmp_path: Path) -> None:
    # int_level is a question of the questionnaire alone
    row = "integer,card,Cards,Karten,${int_level} = 'core',general,both,,,,,,,,,,,\n"
    append(small_study / "study" / "survey.csv", "", row)
    assert write_export("xlsform", small_study, tmp_path)
    with pytest.raises(
        StudyError, match=r"survey.csv, row 24, column relevant: no routing over questions of the interviews"
    ):
        write_export("xlsform", small_study, tmp_path, step="interviews")


def test_the_codebook_is_valid_and_comes_back_by_path(small_study: Path, tmp_path: Path) -> None:
    [path] = write_export("qdc", small_study, tmp_path, language="de")
    data, themes = path.read_bytes(), read_study(small_study).table("themes")
    codes = list_refi_codes(data, file=path.name)
    assert sorted(row["code"] for row in codes) == sorted(themes["code"])
    assert {row["code"]: row["definition"] for row in codes}["obstacles/funding"] == "Geld\nMoney"
    write_export("qdc", small_study, tmp_path, language="de")
    assert path.read_bytes() == data  # GUIDs too
    etree = pytest.importorskip("lxml.etree")
    schema = ROOT.parent / "shared" / "real" / "refi-qda" / "Codebook.xsd"
    if not schema.is_file():
        pytest.skip("the official schema of REFI-QDA is not here")
    etree.XMLSchema(file=str(schema)).assertValid(etree.fromstring(data))


def test_a_study_without_topics_has_no_codebook(small_study: Path, tmp_path: Path) -> None:
    themes = small_study / "study" / "themes.csv"
    themes.write_text(themes.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    with pytest.raises(StudyError, match="no topics"):
        write_export("qdc", small_study, tmp_path)


def test_what_coders_talk_about_stays_apart_from_what_is_public(analysed: Path, tmp_path: Path) -> None:
    paths = write_export("coding", analysed, tmp_path)
    assert [path.stem for path in paths] == ["framework", "disagreements", "pairs", "near_duplicates", "quote_balance"]
    framework = pd.read_csv(paths[0], dtype=str)
    units = pd.read_csv(analysed / "processed" / "restricted" / "clean" / "south" / "interviews" / "units.csv")
    assert set(units.loc[units["status"] == "complete", "unit"]) <= set(framework["unit"])
    assert "RESTRICTED" in (tmp_path / "RESTRICTED.txt").read_text()
    with pytest.raises(StudyError, match="restricted and public files may not lie together"):
        write_export("segments", analysed, tmp_path)
    public = tmp_path / "public"
    write_export("public", analysed, public)
    with pytest.raises(StudyError, match="restricted and public files may not lie together"):
        write_export("coding", analysed, public)


def test_segments_leave_with_consent_and_pseudonym_only(analysed: Path, tmp_path: Path) -> None:
    [path] = write_export("segments", analysed, tmp_path)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert set(table["text"]) == {"Das Geld fehlt uns.", "Nessuno si fida"}  # north's I02 said no, nobody asked I03
    told = ["language", "text", "translation", "translator"]
    assert list(table) == ["excerpt", "pseudonym", "country", "theme_code", *told]
    assert not table.map(lambda cell: "-i-" in cell or "north" in cell).to_numpy().any()
