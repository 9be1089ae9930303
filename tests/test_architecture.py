"""The house as ARCHITECTURE.md draws it, held against the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.size import LIMIT, PACKAGE, REACHED, ROOT, count_code, count_library, find_docstring_lines, list_sources

HEAVY = {
    "papermill": {"nodes", "engine", "report"},
    "nbconvert": {"nodes", "engine", "report"},
    "matplotlib": {"style", "figures", "catalogue", "kernels"},
    "seaborn": {"figures", "kernels"},
    "ibis": {"aggregate"},
    "duckdb": set(),  # Ibis brings it
    "pyarrow": set(),  # starts a thread at import
}
MODULES = list_sources()
IDS = [str(path.relative_to(PACKAGE)) for path in MODULES]


def read_floors() -> list[list[str]]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = text.split("<!-- floors -->")[1]
    return [re.findall(r"`(\w+)`", line.split("|")[1]) for line in block.splitlines() if line.startswith("| `")]


def place_of(floors: list[list[str]], name: str) -> tuple[int, int]:
    for depth, floor in enumerate(floors):
        if name in floor:
            return depth, floor.index(name)
    raise AssertionError(f"{name} stands on no floor of ARCHITECTURE.md")


def top_name(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, also inside functions; not what only a type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_imports_from_lower_floors_only(path: Path) -> None:
    floors = read_floors()
    own = top_name(path)
    if own == "__init__":
        pytest.skip("the package's front door exports lazily")
    depth, column = place_of(floors, own)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "cncb_analysis" or len(parts) < 2 or parts[1] == own:
            continue
        if not (PACKAGE / parts[1]).is_dir() and not (PACKAGE / f"{parts[1]}.py").is_file():
            continue
        other_depth, other_column = place_of(floors, parts[1])
        lower = other_depth > depth or (other_depth == depth and other_column > column)
        assert lower, f"{own} imports {parts[1]}, which stands above or beside it"


def test_every_module_stands_on_exactly_one_floor() -> None:
    named = [name for floor in read_floors() for name in floor]
    present = {top_name(path) for path in MODULES} - {"__init__"}
    assert sorted(named) == sorted(present)


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_heavy_libraries_stay_where_they_belong(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports_of(path)}
    for library, homes in HEAVY.items():
        assert library not in tops or top_name(path) in homes, f"{library} does not belong in {top_name(path)}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            doc = ast.get_docstring(node, clean=False)
            size = (node.end_lineno or 0) - node.lineno + 1 - (doc.count("\n") + 1 if doc else 0)
            assert size <= 50, f"{node.name} has {size} lines"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_public_signatures_are_small_and_documented(path: Path) -> None:
    if path.name == "__main__.py":
        pytest.skip("one parameter for each option of the command line")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = [part for part in tree.body if isinstance(part, ast.ClassDef) and not part.name.startswith("_")]
    for node in [*tree.body, *(inner for part in public for inner in part.body)]:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
            continue
        assert ast.get_docstring(node), f"{node.name} has no docstring"
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args]
            positional = [argument for argument in arguments if argument.arg not in {"self", "cls"}]
            assert len(positional) <= 5, f"{node.name} takes {len(positional)} positional parameters"
            assert node.args.vararg is None, f"{node.name} takes *args"


def test_the_library_is_small() -> None:
    counts = count_library()
    assert counts["errors.py"] > 20  # the count counts
    assert sum(counts.values()) <= max(LIMIT, REACHED)


def test_the_count_leaves_out_blank_lines_comments_and_docstrings() -> None:
    text = '"""Doc\nmore."""\n\n# note\ndef f() -> int:\n    """Doc."""\n    # why\n    return (\n        1\n    )\n'
    assert count_code(text) == 4
    assert find_docstring_lines(ast.parse(text)) == {1, 2, 6}
