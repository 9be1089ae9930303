"""By hand: a study from one Excel file, the widget, what objects show of themselves, the tutorial."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
import pytest

import cncb_analysis
from cncb_analysis.errors import StudyError
from cncb_analysis.exploring import explore, show_question
from cncb_analysis.pipeline import open_page
from cncb_analysis.preparing import check_everything, place_notebooks, start_study
from cncb_analysis.shown import ShownFigure
from cncb_analysis.study import read_study
from cncb_analysis.tables import DisplayTable
from tests.size import ROOT
from tests.test_notebooks import FORBIDDEN

ANSWERS = {
    "support": ["staff exchange"] * 5 + ["study tours"] * 4 + ["funding information"] * 3,
    "steering": ["together"] * 7 + ["by one body"] * 5,
    "staff": [2, 3, 1, 5, 2, 2, 4, 1, 3, 6, 2, 1],
    "name": [f"Erika Musterfrau {letter}" for letter in "abcdefghijkl"],
}
TUTORIAL = ROOT / "notebooks" / "0_tutorial.ipynb"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    pd.DataFrame(ANSWERS).to_excel(folder / "answers.xlsx", index=False)
    return start_study(folder / "answers.xlsx", folder / "study", country="AT").folder


def test_a_study_starts_from_one_file(own: Path) -> None:
    assert check_everything(own)[0] == []
    study = read_study(own)
    kinds = {name: each.kind for name, each in study.codebook.variables.items()}
    assert kinds == {"support": "single", "steering": "single", "staff": "number", "name": "text"}
    assert study.audience == "partner"
    assert (own / "raw" / "own" / "answers.xlsx").is_file()
    with pytest.raises(StudyError, match="already a study"):
        start_study(own / "raw" / "own" / "answers.xlsx", own)


def test_a_file_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "answers.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(StudyError, match=r"answers\.xlsx"):
        start_study(tmp_path / "answers.xlsx", tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_without_a_folder_the_study_is_temporary(own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    study = start_study(own / "raw" / "own" / "answers.xlsx")
    assert study.folder.parent == tmp_path


def test_a_question_is_shown_as_its_kind_asks(own: Path) -> None:
    page = open_page(own, notebook="questionnaire", partner="own")
    figure = show_question(page, "questionnaire", "support")
    assert isinstance(figure, ShownFigure)
    assert figure.title == "support"
    assert "5 of 12" in figure.alt
    table = show_question(page, "questionnaire", "staff")
    assert isinstance(table, DisplayTable)
    assert table.rows[0][1].startswith("2")
    assert "Not asked" in repr(show_question(page, "questionnaire", "name"))


def told(widget: Any) -> str:
    return str(widget.children[2].outputs[0]["data"]["text/html"])


def test_the_widget_asks_and_answers(own: Path) -> None:
    widget = explore(own)
    which, who, _ = widget.children
    assert [name for _, name in which.options] == ["support", "steering", "staff"]
    assert [group for _, group in who.options] == [""]
    assert "staff exchange" in told(widget)
    which.value = "steering"
    assert "by one body" in told(widget)
    assert "staff exchange" not in told(widget)
    with pytest.raises(StudyError, match="choose from: questionnaire"):
        explore(own, step="mapping")


def test_the_widget_shows_only_what_the_audience_may_see(site: Path) -> None:
    widget = explore(site / "data", step="interviews", audience="consortium")
    which, who, _ = widget.children
    assert len(who.options) == 11
    which.value, who.value = "cm_sex", "milan"
    assert "3 of 7" in told(widget)
    shown = {name for _, name in which.options}
    assert not shown & {"contact_name", "email", "phone", "cluster"}


def test_objects_show_themselves_in_text_and_html(own: Path, site: Path) -> None:
    study = read_study(own)
    assert repr(study) == "<study: A new study; partners: 1, countries: 1, questions: 4; questionnaire; en>"
    assert "<td>own</td>" in study._repr_html_()
    assert repr(study.codebook) == "<codebook: 4 questions, 2 lists of answers>"
    html = study.codebook._repr_html_()
    assert "staff_exchange" in html
    assert "Musterfrau" not in html
    page = open_page(site / "data", notebook="questionnaire", partner="milan")
    shown = page.estimates._repr_html_()
    assert repr(page.estimates).startswith("<estimates: ")
    assert shown.count("<tr") < 30
    for text in (repr(study), html, shown):
        assert str(own.parent) not in text


def test_another_study_has_notebooks_of_its_own(own: Path) -> None:
    assert place_notebooks(ROOT / "data") == ROOT / "notebooks"
    folder = place_notebooks(own)
    text = (folder / "2_questionnaire.ipynb").read_text(encoding="utf-8")
    assert 'study: str = \\"..\\"' in text
    (folder / "2_questionnaire.ipynb").write_text("mine", encoding="utf-8")
    place_notebooks(own)
    assert (folder / "2_questionnaire.ipynb").read_text(encoding="utf-8") == "mine"


def test_the_front_door_names_what_there_is() -> None:
    assert all(callable(getattr(cncb_analysis, name)) for name in cncb_analysis.__all__ if name != "__version__")


def test_the_tutorial_holds_no_logic_and_no_output() -> None:
    book = nbformat.read(TUTORIAL, as_version=4)
    nbformat.validate(book)
    for cell in (cell for cell in book.cells if cell.cell_type == "code"):
        assert not cell.outputs and cell.execution_count is None
        assert len(cell.source.splitlines()) <= 8
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, FORBIDDEN)]


def test_the_tutorial_leads_from_an_excel_file_to_a_figure(tmp_path: Path) -> None:
    told = {"file": str(tmp_path / "first.xlsx"), "folder": str(tmp_path / "first")}
    book = papermill.execute_notebook(str(TUTORIAL), None, parameters=told, cwd=str(tmp_path), progress_bar=False)
    outputs = {cell.id: cell.outputs for cell in book.cells if cell.cell_type == "code"}
    assert "partners: 1, countries: 1, questions: 3" in outputs["study"][0]["data"]["text/html"]
    assert outputs["check"][0]["data"]["text/plain"] == "[]"
    figure = outputs["figure"][0]["data"]["text/html"]
    assert "<figure" in figure and "5 of 12" in figure
    assert "application/vnd.jupyter.widget-view+json" in outputs["explore"][0]["data"]
