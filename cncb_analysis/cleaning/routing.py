"""Who was asked: the part of XLSForm's `relevant` that a small survey needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import numpy as np

__all__ = ["Truth", "decide_asked"]

_LITERAL = r"('[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?)"
_SELECTED = re.compile(rf"selected\s*\(\s*\$\{{(\w+)\}}\s*(,)\s*{_LITERAL}\s*\)")
_COMPARED = re.compile(rf"\$\{{(\w+)\}}\s*(!?=)\s*{_LITERAL}")


class Truth(NamedTuple):
    """Yes, no, or neither (unknown), for each unit; never both.

    Parameters
    ----------
    yes, no : ndarray of bool
        By unit.
    """

    yes: np.ndarray
    no: np.ndarray


def decide_asked(relevant: str, chosen: Callable[[str, str], Truth]) -> Truth:
    """Decide for each unit whether a question was asked.

    Parameters
    ----------
    relevant : str
        `=`, `!=`, `selected()`, `and`, `or`, `not()` and brackets over `${variable}` and quoted codes.
    chosen : callable
        Variable and code to Truth: whether the unit chose that answer.

    Returns
    -------
    Truth
        Unknown where it rests on an answer that is unknown.

    Raises
    ------
    ValueError
        When the expression is beyond this grammar.

    Examples
    --------
    >>> import numpy as np
    >>> answers = {("level", "none"): Truth(np.array([True, False]), np.array([False, True]))}
    >>> decide_asked("${level} != 'none'", lambda *question: answers[question]).yes
    array([False,  True])
    """

    def decide(node: ast.AST) -> Truth:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return reduce(lambda a, b: Truth(a.yes & b.yes, a.no | b.no), map(decide, values))
            case ast.BoolOp(op=ast.Or(), values=values):
                return reduce(lambda a, b: Truth(a.yes | b.yes, a.no & b.no), map(decide, values))
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return Truth(*reversed(decide(inner)))
            case ast.Call(
                func=ast.Name(id="chose"), args=[ast.Constant(value=str(name)), ast.Constant(value=str(code))]
            ):
                return chosen(name, code)
        raise ValueError(f"{relevant!r} is beyond =, !=, selected(), and, or, not()")

    # What is left after this is Python's own grammar of and, or, not and brackets: it is parsed, never run.
    words = _COMPARED.sub(_rewrite, _SELECTED.sub(_rewrite, relevant)).strip()
    try:
        return decide(ast.parse(words, mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{relevant!r} is not understood") from None


def _rewrite(match: re.Match[str]) -> str:
    sign = "not " if match[2] == "!=" else ""
    return f"({sign}chose({match[1]!r}, {match[3].strip(chr(34) + chr(39))!r}))"
