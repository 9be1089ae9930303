"""Count the library's lines of code: without blank lines, comments and docstrings. Run by make lint."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cncb_analysis"
LIMIT = 5_500
# Not reached yet, and raised for the survey formats of the questionnaire step, for bounds, neighbours and microdata of
# the mapping, for coding and ballots, for comparison, synthesis, decks, the search for secrets and the pages around: it
# may not become larger than this, and each change that can makes it smaller.
REACHED = 10_338
OUTSIDE = ("simulate.py", "simulation")  # the generator of the example is not the library
_NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
}  # fmt: skip


def find_docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def count_code(text: str) -> int:
    used: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            used.update(range(token.start[0], token.end[0] + 1))
    return len(used - find_docstring_lines(ast.parse(text)))


def list_sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def is_counted(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0] not in OUTSIDE


def count_library() -> dict[str, int]:
    return {
        str(path.relative_to(PACKAGE)): count_code(path.read_text(encoding="utf-8"))
        for path in list_sources()
        if is_counted(path)
    }


def main() -> None:
    counts = count_library()
    total = sum(counts.values())
    for name, lines in counts.items():
        sys.stdout.write(f"{lines:6d}  {name}\n")
    sys.stdout.write(f"{total:6d}  lines of code in the library, of at most {LIMIT:,}\n")
    sys.exit(total > max(LIMIT, REACHED))


if __name__ == "__main__":
    main()
