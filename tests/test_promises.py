"""The page of promises names tests that exist, and says what tests/promises.py says."""

from __future__ import annotations

import ast
import re

import pytest

from tests.promises import PAGE, PROMISES
from tests.size import ROOT


def list_tests(name: str) -> set[str]:
    """Tests of a module, as pytest names them."""
    found = set()
    for node in ast.parse((ROOT / "tests" / name).read_text(encoding="utf-8")).body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            owner = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
            found |= {f"{name}::{owner}{inner.name}"} if isinstance(inner, ast.FunctionDef) else set()
    return found


@pytest.mark.parametrize("promise", PROMISES)
def test_every_test_that_holds_a_promise_exists(promise: str) -> None:
    for test in PROMISES[promise]:
        assert test in list_tests(test.partition("::")[0])


def test_the_page_is_what_the_tests_gave_for_these_promises() -> None:
    rows = re.findall(r"^\| (.*?) ?\| `(.+?)` \| ([\d,]+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [(promise * (test == tests[0]), test) for promise, tests in PROMISES.items() for test in tests]
    assert [(promise, test) for promise, test, _, _ in rows] == expected
    assert [test for _, test, _, result in rows if not result.startswith("holds")] == []
    assert all(int(cases.replace(",", "")) > 0 for *_, cases, _ in rows)
