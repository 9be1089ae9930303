"""First drafts of crosswalk and codebook: what is known by code, by label, what comes nearest."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from cncb_analysis.__main__ import main
from cncb_analysis.cleaning import check_raw
from cncb_analysis.cleaning.drafts import draft_import
from cncb_analysis.errors import StudyError
from cncb_analysis.store import hash_bytes, write_table, write_text
from cncb_analysis.study import check_study, read_study, write_new_study
from tests.small_study import write_small_study

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "rse"
PARTNERS = {
    "germany": "de_de",
    "united_kingdom": "uk",
    "netherlands": "nl",
    "united_states": "us",
    "south_africa": "zaf",
}

DELIVERED = """\
id,cm_sex,Wie alt sind Sie?,ETA,importance of law,Work abroad,Where are you based,visits
1,man,Über 55,C,5,Some,Linz,"3,5"
2,Frauu,Unter 40,C,4,Somme,Wels,4
3,man,Unter 40,C,4,Core,Linz,
4,man,Unter 40,C,4,Core,Linz,2
"""
STRUCTURE = (
    "id\trelated_id\tclass\ttype/scale\tname\trelevance\ttext\tlanguage\tother\n"
    "1\t\tQ\tL\tcm_sex\t1\tYour gender?\ten\tN\n\t\tA\t0\tm\t\tMan\ten\t\n"
    "2\t\tQ\tN\tage_of\t1\tHow old are you?\ten\tN\n"
    "3\t\tQ\tN\tvisits\tcm_sex.NAOK == 'm'\tHow many visits?\ten\tN\n"
)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_small_study(tmp_path / "small")


def test_each_column_says_what_it_was_known_by_and_what_comes_nearest(small: Path) -> None:
    drafts = draft_import(read_study(small), "south", DELIVERED.encode(), file="south/new.csv")
    rows = drafts["crosswalk"]
    columns = rows[rows["value"] == ""].set_index("column")
    assert columns["match"].to_dict() == {
        "id": "tool",
        "cm_sex": "code",
        "Wie alt sind Sie?": "label",
        "ETA": "new",  # the crosswalk's second name for a question that the column before has answered
        "importance of law": "new",
        "Work abroad": "label",
        "Where are you based": "new",
        "visits": "new",
    }
    assert columns.loc["Work abroad", "variable"] == "int_level"
    assert columns.loc["importance of law", "variable"] == "importance_of_law"
    assert columns.loc["importance of law", "candidates"].startswith("skill_imp_law (0.75); ")
    assert columns.loc["cm_sex", "candidates"] == ""
    unknown = rows[rows["value"] != ""]
    assert unknown[["column", "value", "variable", "candidates"]].to_numpy().tolist() == [
        ["cm_sex", "Frauu", "cm_sex", "woman (0.67)"],
        ["Work abroad", "Somme", "int_level", "some (0.67)"],
    ]
    assert list(rows.columns[8:]) == ["match", "candidates"]
    (source,) = drafts["sources"].to_dict("records")
    assert (source["path"], source["partner"], source["content"]) == ("south/new.csv", "south", "answers")
    assert source["sha256"] == hash_bytes(DELIVERED.encode())
    assert list(rows.columns[:8]) == list(read_study(small).table("crosswalk").columns)


def test_a_column_nobody_knows_becomes_a_codebook_row(small: Path) -> None:
    drafts = draft_import(read_study(small), "south", DELIVERED.encode(), file="south/new.csv")
    survey = drafts["survey"].set_index("name")
    assert survey.loc["visits", "type"] == "decimal"
    assert survey.loc["Where_are_you_based", "type"] == "select_one Where_are_you_based"
    assert survey.loc["Where_are_you_based", "label::it (it)"] == "Where are you based"
    choices = drafts["choices"]
    assert choices.loc[choices["list_name"] == "Where_are_you_based", "name"].tolist() == ["Linz", "Wels"]


def test_a_structure_says_which_questions_the_study_has(small: Path) -> None:
    drafts = draft_import(read_study(small), "south", STRUCTURE.encode(), file="structure.txt")
    survey = drafts["survey"].set_index("name")
    assert survey["match"].to_dict() == {"cm_sex": "code", "age_of": "label", "visits": "new"}
    assert survey.loc["age_of", "candidates"] == "cm_age"
    assert survey.loc["visits", "relevant"] == "${cm_sex} = 'm'"
    assert "crosswalk" not in drafts


def test_what_is_neither_answers_nor_a_structure_is_refused_with_the_reason(small: Path) -> None:
    study = read_study(small)
    with pytest.raises(StudyError, match="one column"):
        draft_import(study, "south", b"only\nthis\n", file="x.csv")
    with pytest.raises(StudyError, match=r"x\.lss"):
        draft_import(study, "south", b"<?xml version='1.0'?><document><broken>", file="x.lss")
    with pytest.raises(StudyError, match="no such partner"):
        draft_import(study, "west", b"a,b\n1,2\n", file="x.csv")


def test_the_command_writes_the_drafts_where_nobody_publishes_and_counts(small: Path) -> None:
    file = small / "raw" / "south" / "new.csv"
    write_text(file, DELIVERED)
    done = CliRunner().invoke(main, ["import", str(file), "--study", str(small), "--partner", "south"])
    assert done.exit_code == 0
    target = small / "processed" / "restricted" / "import" / "south" / "new_crosswalk.csv"
    assert f"{target}: 4 new, 2 label, 2 none, 1 tool, 1 code" in done.output
    rows = pd.read_csv(target, dtype=str, keep_default_na=False)
    assert set(rows["file"]) == {"south/new.csv"}
    assert set(rows["partner"]) == {"south"}
    refused = CliRunner().invoke(main, ["import", str(file), "--study", str(small), "--partner", "west"])
    assert refused.exit_code == 1
    assert "no such partner" in refused.output


def change_draft(folder: Path, column: str, value: str = "", **cells: str) -> None:
    """Say in the crosswalk's draft what a column, or an answer in it, means."""
    path = folder / "new_crosswalk.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    chosen = rows["column"].eq(column) & rows["value"].eq(value)
    assert chosen.any()
    rows.loc[chosen, list(cells)] = list(cells.values())
    rows.to_csv(path, index=False)


def test_what_a_person_left_in_the_drafts_is_taken_over(small: Path) -> None:
    told = ["--study", str(small), "--partner", "south"]
    write_text(small / "raw" / "south" / "new.csv", DELIVERED)
    assert CliRunner().invoke(main, ["import", str(small / "raw" / "south" / "new.csv"), *told]).exit_code == 0
    drafts = small / "processed" / "restricted" / "import" / "south"
    change_draft(drafts, "importance of law", variable="skill_imp_law")
    change_draft(drafts, "ETA", variable="", reason="asked twice")
    change_draft(drafts, "cm_sex", "Frauu", code="woman")
    before = read_study(small)
    done = CliRunner().invoke(main, ["accept", *told])
    assert done.exit_code == 0
    after = read_study(small)
    added = {name: len(after.table(name)) - len(before.table(name)) for name in ("survey", "choices", "crosswalk")}
    # Two questions nobody had; a column given to a known question, one left out, one answer: their new ones fall away.
    assert added == {"survey": 2, "choices": 2, "crosswalk": 3}
    assert set(after.codebook.variables) - set(before.codebook.variables) == {"Where_are_you_based", "visits"}
    assert after.codebook.label("visits", "it") == "visits"
    assert "crosswalk.csv: 3 row(s) taken over, 1 left in the draft: say what they mean" in done.output
    # What nobody has said yet stays, alone, and is asked for again; the rest is gone.
    assert [path.name for path in drafts.glob("*")] == ["new_crosswalk.csv"]
    assert pd.read_csv(drafts / "new_crosswalk.csv")["value"].tolist() == ["Somme"]
    again = CliRunner().invoke(main, ["accept", *told])
    assert again.output == "crosswalk.csv: 0 row(s) taken over, 1 left in the draft: say what they mean\n"
    change_draft(drafts, "Work abroad", "Somme", code="some")
    assert CliRunner().invoke(main, ["accept", *told]).output == "crosswalk.csv: 1 row(s) taken over\n"
    problems = {each.problem for each in check_raw(read_study(small)).problems if each.file == "south/new.csv"}
    assert problems == {"column is missing"}
    refused = CliRunner().invoke(main, ["accept", *told])
    assert (refused.exit_code, "no draft" in refused.output) == (1, True)


def test_a_new_question_is_labelled_in_the_study_s_own_columns(small: Path) -> None:
    told = ["--study", str(small), "--partner", "north", "--content", "frame"]
    write_text(small / "raw" / "north" / "new.csv", "Sitz;Jahr\nWels;1\n")
    assert CliRunner().invoke(main, ["import", str(small / "raw" / "north" / "new.csv"), *told]).exit_code == 0
    assert CliRunner().invoke(main, ["accept", *told[:4]]).exit_code == 0
    study = read_study(small)
    assert "label::de (de)" not in study.table("survey")
    assert (study.codebook.label("Sitz", "de"), study.codebook.variable("Sitz").instrument) == ("Sitz", "mapping")
    (source,) = study.table("sources").loc[lambda rows: rows["path"].eq("north/new.csv")].to_dict("records")
    assert (source["content"], source["origin"], source["sensitivity"]) == ("frame", "real", "personal")


def test_drafts_that_a_hand_changed_are_taken_over_or_refused_in_one_line(small: Path) -> None:
    folder = small / "processed" / "restricted" / "import" / "south"
    told = ["accept", "--study", str(small), "--partner", "south"]
    head = "type,name,label,label::en,label::English (en),instrument,match,candidates\n"
    write_text(folder / "form_survey.csv", f"{head}text,why,,Why?,,questionnaire,new,\n")
    assert CliRunner().invoke(main, told).exit_code == 0
    assert read_study(small).codebook.label("why", "en") == "Why?"
    write_text(folder / "form_survey.csv", "type,label\ntext,Why?\n")
    refused = CliRunner().invoke(main, told)
    assert (refused.exit_code, refused.output.strip().count("\n")) == (1, 0)
    assert "form_survey.csv, column name: column is missing" in refused.output
    assert (folder / "form_survey.csv").exists()


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new study whose codebook is nothing but the accepted draft of a real survey's structure."""
    if not REAL.is_dir():
        pytest.skip("the real files are not on this machine")
    folder = tmp_path_factory.mktemp("drafted") / "study"
    write_new_study(folder)
    settings = folder / "study" / "study.toml"
    text = settings.read_text(encoding="utf-8").replace("steps = []", 'steps = ["questionnaire"]')
    text = text.replace('languages = ["en"]', 'languages = ["en", "de"]')
    partner = '[[partners]]\nid = "{0}"\nname = "{0}"\ncountry = "DE"\nlanguage = "de"\n'
    write_text(settings, "\n".join([text, *map(partner.format, PARTNERS)]))
    structure = (REAL / "2017_de_de_17_to_import.txt").read_bytes()
    drafts = draft_import(read_study(folder), "germany", structure, file="structure.txt")
    assert set(drafts["survey"]["match"]) == {"new"}
    survey = drafts["survey"].drop(columns=["match", "candidates"])
    write_table(folder / "study" / "survey.csv", survey)
    write_table(folder / "study" / "choices.csv", drafts["choices"])
    return folder


def test_of_a_drafted_codebook_only_the_tool_s_own_answers_are_left_to_translate(drafted: Path) -> None:
    left = {(each.problem, each.file, each.column, each.value) for each in check_study(read_study(drafted))}
    assert left == {("label is missing", "choices.csv", "de", code) for code in ("Y", "N", "other")}


@pytest.mark.parametrize(
    ("partner", "known", "columns", "unknown"),
    [
        # Of the survey whose structure was read every column but the unnamed row number is known, and every answer.
        ("germany", 247, 248, 0),
        ("united_states", 233, 242, 76),
        ("south_africa", 231, 277, 72),
        ("netherlands", 117, 131, 44),
        ("united_kingdom", 44, 245, 16),
    ],
)
def test_match_rate_of_six_real_deliveries(drafted: Path, partner: str, known: int, columns: int, unknown: int) -> None:
    file = f"2017_{PARTNERS[partner]}_public_data.csv".replace("de_de_", "de_")
    rows = draft_import(read_study(drafted), partner, (REAL / file).read_bytes(), file=file)["crosswalk"]
    named = rows[rows["value"] == ""]
    assert (named["match"].ne("new").sum(), len(named)) == (known, columns)
    assert (rows["value"] != "").sum() == unknown
    likely = named[(named["match"] == "none") & named["column"].str.startswith("time1can[")]
    for column, candidates in zip(likely["column"], likely["candidates"], strict=True):
        part = column.partition("[")[2].partition("]")[0]
        assert f"likert0_{part} (" in candidates or part == "time6can"
