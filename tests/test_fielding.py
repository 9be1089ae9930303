"""The questionnaire for LimeSurvey: read back as a structure, and its answers read back as the same observations."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cncb_analysis.cleaning import Cleaned, clean_step
from cncb_analysis.codebook import read_codebook
from cncb_analysis.errors import StudyError
from cncb_analysis.exports import write_export
from cncb_analysis.fielding import tabulate_limesurvey
from cncb_analysis.readers import Structure, read_structure
from cncb_analysis.store import hash_file
from cncb_analysis.study import read_study
from tests.size import ROOT

STUDY = read_study(ROOT / "data")
ROWS, CROSSWALK = tabulate_limesurvey(STUDY, "questionnaire")
COLUMNS = CROSSWALK[CROSSWALK["column"] != ""]


@pytest.fixture(scope="module")
def structure(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    target = tmp_path_factory.mktemp("fielding")
    paths = write_export("limesurvey", ROOT / "data", target)
    assert [path.name for path in paths] == ["questionnaire.txt", "questionnaire_crosswalk.csv"]
    return read_structure(paths[0].read_bytes(), file="questionnaire.txt")


def test_codes_keep_to_what_limesurvey_allows_and_are_unique() -> None:
    english = ROWS[ROWS["language"] == "en"]
    questions = english.loc[english["class"] == "Q", "name"]
    assert questions.is_unique
    assert questions.str.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,19}").all()
    parts = english[english["class"].isin(["SQ", "A"])]
    assert parts["name"].str.fullmatch(r"[A-Za-z0-9]{1,5}").all()
    place = english["class"].eq("Q").cumsum()
    assert not parts.assign(place=place).duplicated(["place", "class", "name"]).any()
    assert COLUMNS["column"].is_unique


def test_every_language_has_every_row() -> None:
    counts = ROWS.groupby("language")["class"].value_counts().unstack().drop(index="")
    assert set(counts.index) == set(STUDY.languages)
    assert (counts.nunique() <= 1).all()
    assert (ROWS.loc[ROWS["class"].isin(["Q", "SQ", "A", "SL"]), "text"] != "").all()
    assert ROWS.loc[ROWS["name"] == "additional_languages", "text"].item() == "it de pl cs sk sl hu"


def test_read_back_the_structure_asks_the_same(structure: Structure) -> None:
    assert structure.unread == ()
    book = read_codebook(structure.survey, structure.choices)
    asked = STUDY.codebook.asked_in("questionnaire")
    # Of each variable the first column; several answers are one question, the places of a ranking too.
    own = COLUMNS.drop_duplicates("variable").set_index("variable")["column"]
    kinds = {"ordinal": "single", "allocation": "number", "text": "text"}
    for variable in asked:
        base, part = re.fullmatch(r"(\w+?)(?:\[(\w+)\])?", own[variable.name]).groups()  # type: ignore[union-attr]
        name = f"{base}_{part}" if part and variable.kind not in {"multiple", "rank"} else base
        read = book.variable(name)
        assert read.kind == kinds.get(variable.kind, variable.kind)
        offered = [choice.labels for choice in STUDY.codebook.choices.get(variable.list_name, ())]
        assert [choice.labels for choice in book.choices.get(read.list_name, ())] == offered
        for language, label in variable.labels.items():
            assert read.labels[language] == (label.rpartition(": ")[0] if variable.aspect else label) or part
    assert len(book.variables) == len(asked)


def test_routing_is_carried_over(structure: Structure) -> None:
    routed = structure.survey.set_index("name")["relevant"]
    told = routed[routed != ""].to_dict()
    assert told == {
        "intact": "${intlevel} != 'none'",
        "intwho": "${intlevel} != 'none'",
        "contactname": "${contactok} = 'yes'",
        "email": "${contactok} = 'yes'",
        "phone": "${contactok} = 'yes'",
    }


@pytest.mark.parametrize(
    ("relevant", "told"),
    [
        (
            "${cm_time} = 40 and not (selected(${cm_upd}, 'finance'))",
            '(cmtime.NAOK == "40") and !((cmupd_finan.NAOK == "Y"))',
        ),
        ("${skill_imp_law} != '5' or ${cm_sex} = 'woman'", '(skillimplaw.NAOK != "5") or (cmsex.NAOK == "woman")'),
        ("unknown", "1"),
    ],
)
def test_routing_is_written_in_limesurveys_language(small_study: Path, relevant: str, told: str) -> None:
    add_question(small_study, relevant)
    rows, _ = tabulate_limesurvey(read_study(small_study), "questionnaire")
    own = rows[(rows["name"] == "added") & (rows["language"] == "en")]
    assert own["relevance"].item() == told


@pytest.mark.parametrize("relevant", ["${task} = 'plan'", "${cm_time} > 40"])
def test_routing_that_limesurvey_cannot_follow_is_one_error(small_study: Path, relevant: str) -> None:
    add_question(small_study, relevant)
    with pytest.raises(StudyError, match=r"survey.csv, column relevant: no routing over the questions"):
        tabulate_limesurvey(read_study(small_study), "questionnaire")


def test_ratings_asked_of_others_are_an_array_of_their_own(small_study: Path) -> None:
    survey = small_study / "study" / "survey.csv"
    row = "select_one rating,skill_imp_tax,Tax: importance,Steuer: Wichtigkeit,{},"
    row += "training,questionnaire,skill,tax,importance"
    text = survey.read_text(encoding="utf-8")
    for relevant, kinds in (("", {"F"}), ("${cm_sex} = 'man'", {"L"})):
        survey.write_text(text + row.format(relevant) + "," * 8 + "\n", encoding="utf-8")
        rows, _ = tabulate_limesurvey(read_study(small_study), "questionnaire")
        own = rows[(rows["class"] == "Q") & rows["name"].str.startswith("skillimp") & (rows["language"] == "en")]
        assert set(own["type/scale"]) == kinds


def add_question(folder: Path, relevant: str) -> None:
    survey = folder / "study" / "survey.csv"
    row = f'integer,added,Added,Dazu,"{relevant}",general,questionnaire' + "," * 11 + "\n"
    survey.write_text(survey.read_text(encoding="utf-8") + row, encoding="utf-8")


def test_percent_parts_add_to_a_hundred() -> None:
    whole = ROWS[(ROWS["language"] == "en") & (ROWS["type/scale"] == "K")]
    assert whole[["name", "equals_num_value"]].to_numpy().tolist() == [["finsrc", "100"]]


def field_again(cleaned: Cleaned) -> pd.DataFrame:
    """What LimeSurvey would export, had the same people answered the questionnaire of the export."""
    book, given = STUDY.codebook, cleaned.observations.astype({"option": str, "variable": str, "missing": str})
    short = CROSSWALK[CROSSWALK["column"] == ""].set_index(["variable", "code"])["value"].to_dict()
    units = cleaned.units.loc[cleaned.units["status"].eq("complete"), "unit"]
    table: dict[str, Any] = {"id": range(1, len(units) + 1), "submitdate": "2012", "lastpage": "9"}
    for row in COLUMNS.to_dict("records"):
        variable = book.variable(row["variable"])
        own = given[given["variable"] == variable.name].set_index("unit")
        if variable.role in {"identifier", "free_text"}:
            continue
        if variable.kind == "multiple":
            told = own.loc[own["option"] == row["code"], "value"].map({1.0: "Y", 0.0: ""})
        elif variable.kind in {"number", "allocation"}:
            told = own["value"].map("{:g}".format).replace("nan", "")
        else:
            if variable.kind == "rank":
                own = own[own["value"] == float(row["code"])]
            means = {choice.missing: choice.name for choice in book.choices[variable.list_name] if choice.missing}
            code = own["option"].where(own["missing"] == "", own["missing"].map(means))
            told = code.map(lambda code, name=variable.name: short.get((name, code), code))
        table[row["column"]] = told
    return pd.DataFrame(table, index=units).fillna("")


def test_answers_to_the_new_survey_are_read_back_as_the_same_observations(tmp_path: Path) -> None:
    before = clean_step(STUDY, "upper_austria", "questionnaire")
    folder = tmp_path / "again"
    shutil.copytree(ROOT / "data" / "study", folder / "study")
    answers = folder / "raw" / "upper_austria" / "answers.csv"
    answers.parent.mkdir(parents=True)
    field_again(before).to_csv(answers, index=False)
    sources = pd.read_csv(folder / "study" / "sources.csv", dtype=str, keep_default_na=False)
    mine = sources[sources["path"] == "upper_austria/answers.csv"].assign(sha256=hash_file(answers))
    mine.to_csv(folder / "study" / "sources.csv", index=False)
    crosswalk = STUDY.table("crosswalk")
    rows = pd.concat([crosswalk, CROSSWALK.assign(partner="upper_austria")]).fillna("")
    rows.to_csv(folder / "study" / "crosswalk.csv", index=False)
    after = clean_step(read_study(folder), "upper_austria", "questionnaire")
    complete = before.units.loc[before.units["status"].eq("complete"), "unit"].tolist()
    numbers = dict(zip(after.units["unit"], complete, strict=True))

    # A reason typed into a number's field has no box in the new survey; a blank stands there.
    def list_answers(cleaned: Cleaned) -> set[tuple[object, ...]]:
        table = cleaned.observations.astype({"unit": str, "variable": str, "option": str, "missing": str})
        table = table[table["missing"].isin(["", "dont_know"]) & table["unit"].replace(numbers).isin(complete)]
        table = table.assign(unit=table["unit"].replace(numbers) if cleaned is after else table["unit"])
        kept = table[["unit", "variable", "option", "value", "missing"]].round(6).fillna({"value": -1.0})
        return set(kept.itertuples(index=False, name=None))

    assert list_answers(after) == list_answers(before)
    assert len(list_answers(before)) > 500
