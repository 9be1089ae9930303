"""The seven notebooks: one skeleton, no logic, no output, and the figures that figures.csv declares."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill import inspect_notebook

from cncb_analysis.store import read_table
from tests.size import ROOT

NAMES = (
    "1_mapping", "2_questionnaire", "3_interviews", "4_workshops", "5_national_workshop", "6_comparison",
    "7_joint_support",
)  # fmt: skip
CALLS = ("in_brief", "show_rest", "show_cleaning", "show_bases", "show_limits", "save", "provenance")
FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try, ast.With,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp,
)  # fmt: skip


def read(name: str) -> Any:
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


def list_code(name: str) -> Iterator[Any]:
    return (cell for cell in read(name).cells if cell.cell_type == "code")


def list_shown(name: str) -> list[str]:
    return re.findall(r'page\.show\("(\w+)"\)', "\n".join(cell.source for cell in list_code(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_valid_and_committed_without_outputs(name: str) -> None:
    book = read(name)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in list_code(name))
    assert all(re.fullmatch(r"[a-z_]+(-[a-z]+)*", cell.id) for cell in book.cells)


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short_and_hold_no_logic(name: str) -> None:
    for cell in list_code(name):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert 0 < len(lines) <= 8
        assert not any(line.lstrip().startswith(("%", "!")) for line in lines)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, FORBIDDEN)]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_typed_literals_with_a_comment_each(name: str) -> None:
    tagged = [cell for cell in list_code(name) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    partner = [] if name[0] in "67" else ["partner"]
    expected = ["study", *partner, "language", "audience", "out"]
    body = ast.parse(tagged[0].source).body
    assert [node.target.id for node in body if isinstance(node, ast.AnnAssign)] == expected  # type: ignore[union-attr]
    assert all(isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant) for node in body)
    assert all("  # " in line for line in tagged[0].source.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_papermill_knows_the_type_and_help_of_each_parameter(name: str) -> None:
    found = inspect_notebook(str(ROOT / "notebooks" / f"{name}.ipynb"))
    assert len(found) == (4 if name[0] in "67" else 5)
    assert all(one["inferred_type_name"] == "str" and one["help"] for one in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_path_stands_among_the_parameters_only(name: str) -> None:
    for cell in list_code(name):
        if "parameters" not in cell.metadata.get("tags", []):
            texts = [node.value for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Constant)]
            assert not [text for text in texts if isinstance(text, str) and re.search(r"[/\\.]", text)]


@pytest.mark.parametrize("name", NAMES)
def test_the_skeleton_is_the_same(name: str) -> None:
    book = read(name)
    assert book.cells[0].source.startswith("# ")
    assert (
        sum(line.startswith("# ") for cell in book.cells if cell.cell_type == "markdown" for line in [cell.source]) == 1
    )
    source = "\n".join(cell.source for cell in list_code(name))
    places = [source.index(f"page.{call}") for call in CALLS]
    assert places == sorted(places)
    assert f'notebook="{name[2:]}"' in source
    folded = ["fold" in cell.metadata.get("tags", []) for cell in book.cells]
    assert folded == sorted(folded)
    assert folded.index(True) == next(i for i, cell in enumerate(book.cells) if "show_rest" in cell.source) - 1


@pytest.mark.parametrize("name", NAMES)
def test_prose_goes_before_every_figure_and_holds_no_number(name: str) -> None:
    cells = read(name).cells
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            assert not re.search(r"\d", cell.source), cell.source
        elif "page.show(" in cell.source:
            assert cells[place - 1].cell_type == "markdown"
            assert cells[place - 1].source.startswith("## ")


@pytest.mark.parametrize("name", NAMES)
def test_shown_figures_are_those_of_figures_csv(name: str) -> None:
    declared = read_table(ROOT / "data" / "study" / "figures.csv")
    own = declared[[name[2:] in cell.split(";") for cell in declared["notebook"]]]
    assert sorted(list_shown(name)) == sorted(own["figure"])
    assert len(own[own["kind"] != "table"]) <= 9


def test_there_are_seven_notebooks_and_a_tutorial() -> None:
    assert sorted(path.stem for path in Path(ROOT / "notebooks").glob("*.ipynb")) == ["0_tutorial", *sorted(NAMES)]
