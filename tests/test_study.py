"""A study on disk: what is read, everything that is wrong found at once, an empty one that passes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from cncb_analysis.cleaning import check_raw
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.store import hash_file, read_table
from cncb_analysis.study import check_study, declared_tables, read_study, write_new_study

Place = tuple[str, str, str]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def places(problems: list[Problem]) -> list[Place]:
    return [(problem.file, problem.row, problem.column) for problem in problems]


def test_the_small_study_is_right_in_its_tables(small_study: Path) -> None:
    study = read_study(small_study)
    assert check_study(study) == []
    assert (study.title, study.countries, study.audience, study.threshold) == (
        "A small study",
        ("AT", "IT"),
        "consortium",
        3,
    )
    assert study.steps == ("mapping", "questionnaire", "interviews", "workshops")
    assert study.partner("south").locale == "it_IT"
    assert not study.partner("south").publish
    assert study.words("de").count_of(1, 3) == "1 von 3"


def test_sources_of_a_step_are_the_partners_and_the_shared_ones(small_study: Path) -> None:
    study = read_study(small_study)
    assert set(study.sources("mapping", "north")["path"]) == {"north/frame.csv", "eurostat/sbs.tsv"}
    assert set(study.sources("mapping")["path"]) == {"eurostat/sbs.tsv"}


def test_a_study_crosses_a_process_border(small_study: Path) -> None:
    study = read_study(small_study)
    again = pickle.loads(pickle.dumps(study))
    assert again.codebook == study.codebook
    assert again.table("items").equals(study.table("items"))


def test_no_study_no_partner_no_way_out(small_study: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"study\.toml"):
        read_study(tmp_path)
    study = read_study(small_study)
    with pytest.raises(StudyError, match="north, south"):
        study.partner("east")
    with pytest.raises(StudyError, match="leads out"):
        study.raw_path("../study/study.toml")


# Each row: which file, what is changed in it, where the problem is then listed.
DEFECTS: dict[str, tuple[str, str, str, Place]] = {
    "unknown list": ("survey.csv", "select_one sex", "select_one sax", ("survey.csv", "9", "type")),
    "unknown type": ("survey.csv", "integer,cm_time", "slider,cm_time", ("survey.csv", "11", "type")),
    "variable twice": ("survey.csv", "skill_own_law", "skill_imp_law", ("survey.csv", "15", "name")),
    "code twice": ("choices.csv", "kind,network", "kind,district", ("choices.csv", "3", "name")),
    "unknown kind of missing": ("choices.csv", ",,refused,", ",,shy,", ("choices.csv", "6", "missing")),
    "unknown role": ("survey.csv", ",,,identifier", ",,,secret", ("survey.csv", "2", "role")),
    "bound that is no number": ("survey.csv", ",0,200", ",0,many", ("survey.csv", "12", "maximum")),
    "missing column": ("themes.csv", "definition", "meaning", ("themes.csv", "1", "definition")),
    "column nobody declared": ("themes.csv", "definition", "meaning", ("themes.csv", "1", "meaning")),
    "unknown partner": ("fieldwork.csv", "north", "nord", ("fieldwork.csv", "2", "partner")),
    "unknown step": ("sources.csv", "questionnaire", "survey", ("sources.csv", "4", "step")),
    "unknown language": ("fieldwork.csv", ",de,4", ",fr,4", ("fieldwork.csv", "2", "language")),
    "unknown content": ("sources.csv", ",statistics,", ",stats,", ("sources.csv", "2", "content")),
    "unknown item": ("items.csv", "fair,tours", "fair,trips", ("items.csv", "4", "merged_into")),
    "unknown parent": (
        "themes.csv",
        "obstacles/funding,obstacles",
        "obstacles/funding,x",
        ("themes.csv", "3", "parent"),
    ),
    "unknown variable": ("recodes.csv", "cm_upd", "cm_up", ("recodes.csv", "2", "variable")),
    "unknown variable in the crosswalk": ("crosswalk.csv", "cm_age", "cm_ag", ("crosswalk.csv", "3", "variable")),
    "ignored without a reason": ("crosswalk.csv", "kept in fieldwork.csv", "", ("crosswalk.csv", "2", "reason")),
    "nobody's decision": ("corrections.csv", "A. B.", "", ("corrections.csv", "2", "initials")),
    "wrong hash": (
        "sources.csv",
        "north/answers.csv,answers,",
        "north/answers.csv,answers,0",
        ("sources.csv", "4", "sha256"),
    ),
    "missing file": ("sources.csv", "north/cards.csv", "north/cards.xlsx", ("sources.csv", "5", "path")),
    "file twice in the ledger": ("sources.csv", "south/cards.csv", "north/cards.csv", ("sources.csv", "10", "path")),
    "unlisted file": ("sources.csv", "south/cards.csv", "north/cards.csv", ("sources.csv", "", "path")),
    "unknown audience": ("study.toml", "consortium", "friends", ("study.toml", "", "audience")),
    "partner twice": ("study.toml", 'id = "south"', 'id = "north"', ("study.toml", "", "id")),
    "partner without a name": ("study.toml", 'name = "Northern agency"', "", ("study.toml", "", "")),
    "label of a question in one language": ("survey.csv", "Cluster,Cluster,", "Cluster,,", ("survey.csv", "2", "de")),
    "label of a topic in no language": ("themes.csv", "Obstacles", "", ("themes.csv", "2", "en")),
    "ragged row": ("items.csv", "tours,,,", "tours,,", ("items.csv", "3", "")),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_listed_where_it_stands(small_study: Path, defect: str) -> None:
    name, old, new, place = DEFECTS[defect]
    change(small_study / "study" / name, old, new)
    problems = check_study(read_study(small_study))
    found = [(Path(file).name, row, column) for file, row, column in places(problems)]
    assert place in found
    assert all(problem.remedy for problem in problems)


def test_a_finding_needs_a_rule_that_can_be_decided(small_study: Path) -> None:
    head = ",".join(declared_tables()["findings"].head)
    good, bad = "g,general,,interviews,theme:obstacles,,share >= 0.5,yes", "b,general,,interviews,votes,,mostly,yes"
    (small_study / "study" / "findings.csv").write_text(f"{head}\n{good}\n{bad}\n", encoding="utf-8")
    assert places(check_study(read_study(small_study))) == [("findings.csv", "3", "rule")]


def test_a_statement_of_the_profile_rests_on_a_question_and_its_answers(small_study: Path) -> None:
    head = ",".join(declared_tables()["profile"].head)
    rows = "woman,cm_sex,woman,\nold,cm_agee,,\nboth,cm_sex,woman;wooman,\npart_time,cm_time,,half\n"
    (small_study / "study" / "profile.csv").write_text(f"{head}\n{rows}", encoding="utf-8")
    wrong = [("profile.csv", "3", "variable"), ("profile.csv", "4", "options"), ("profile.csv", "5", "below")]
    assert places(check_study(read_study(small_study))) == wrong


def test_unknown_code_missing_column_duplicated_cluster_and_wrong_hash_are_listed_together(small_study: Path) -> None:
    change(small_study / "raw" / "south" / "frame.csv", "Fagiano", "Usignolo")  # hash and cluster
    change(small_study / "raw" / "south" / "answers.csv", "fin_eu", "euro")  # column
    study = read_study(small_study)
    said = [problem.problem for problem in (*check_study(study), *check_raw(study).problems)]
    assert said.count("file is not the one listed") == 2
    assert {"unknown answer", "column is missing", "column is not known", "second row for one cluster"} <= set(said)


def test_an_empty_study_passes_its_check_and_explains_itself(tmp_path: Path) -> None:
    write_new_study(tmp_path / "x")
    study = read_study(tmp_path / "x")
    assert [*check_study(study), *check_raw(study).problems] == []
    assert (study.partners, study.steps, study.audience) == ((), (), "public")
    readme = (tmp_path / "x" / "study" / "README.md").read_text(encoding="utf-8")
    for name, table in declared_tables().items():
        assert read_table(tmp_path / "x" / "study" / f"{name}.csv").columns.tolist() == list(table.head)
        assert all(column.explanation and f"`{column.name}`" in readme for column in table.columns)
    with pytest.raises(StudyError, match="already a study"):
        write_new_study(tmp_path / "x")


def test_the_remedy_for_a_changed_file_is_its_new_fingerprint(small_study: Path) -> None:
    path, ledger = small_study / "raw" / "north" / "actions.csv", small_study / "study" / "sources.csv"
    old = hash_file(path)
    path.write_text("action,owner,deadline\n", encoding="utf-8")
    (problem,) = check_study(read_study(small_study))
    assert hash_file(path) in problem.remedy
    change(ledger, old, hash_file(path))
    assert check_study(read_study(small_study)) == []


def test_a_table_saved_with_semicolons_is_read_as_one_with_commas(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes('\ufeffname;label\r\n"x; y";1,5\r\n'.encode())
    (tmp_path / "b.csv").write_text('name,label\n"x; y","1,5"\n', encoding="utf-8")
    assert read_table(tmp_path / "a.csv").equals(read_table(tmp_path / "b.csv"))
