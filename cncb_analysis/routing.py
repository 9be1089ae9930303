"""Who was asked a question: the part of XLSForm's `relevant` that surveys of this size need."""

import ast
import re
from collections.abc import Callable, Container

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_ATOM = re.compile(
    r"selected\s*\(\s*\$\{(?P<many>[\w-]+)\}\s*,\s*'(?P<code>[^']+)'\s*\)"
    r"|\$\{(?P<one>[\w-]+)\}\s*(?P<sign>!?=)\s*(?:'(?P<text>[^']+)'|(?P<number>-?\d+(?:\.\d+)?))"
)


def weigh_routing(relevant: str, chose: Callable[[str, str], Floats]) -> Floats:
    """Say for each unit whether a question was meant for it.

    Parameters
    ----------
    relevant : str
        ``${q} = 'code'``, ``${q} != 'code'`` and ``selected(${q}, 'code')``, joined by ``and``, ``or``, ``not`` and
        parentheses.
    chose : callable
        Takes a question and a code; 1 for each unit that gave the answer, 0 for one that did not, 0.5 where nobody
        knows.

    Returns
    -------
    array of float
        1 asked, 0 not asked, 0.5 unknown.

    Raises
    ------
    ValueError
        When it holds anything else.

    Notes
    -----
    Kleene's logic of three values: `and` is the minimum, `or` the maximum, `not` the rest to 1.

    Examples
    --------
    >>> told = {("age", "old"): np.array([1.0, 0.0, 0.5]), ("sex", "man"): np.array([0.0, 0.0, 1.0])}
    >>> weigh_routing("${age} = 'old' or not(selected(${sex}, 'man'))", lambda *asked: told[asked])
    array([1. , 1. , 0.5])
    """
    weights: list[Floats] = []

    def keep(question: str, code: str, *, same: bool) -> str:
        weight = chose(question, code)
        weights.append(weight if same else 1 - weight)
        return f" atom{len(weights) - 1} "

    # What is left when the comparisons are taken out is a plain expression of and, or, not and parentheses.
    if re.search(r"atom|[^\w\s()]", _ATOM.sub("", relevant)):
        raise ValueError(f"not understood: {relevant}")
    try:
        return _weigh(ast.parse(" ".join(rewrite_routing(relevant, keep).split()), mode="eval").body, weights)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"not understood: {relevant}") from None


def rewrite_routing(relevant: str, write: Callable[..., str]) -> str:
    """Write each comparison of a routing in another way; what joins them stays.

    Parameters
    ----------
    relevant : str
        As `weigh_routing` takes it.
    write : callable
        Takes question, code, and `same`: false for ``!=``.

    Returns
    -------
    str
        The routing rewritten.

    Examples
    --------
    >>> rewrite_routing("${age} = 'old' or ${n} != 3", lambda name, code, same: f"{name}:{code}:{same}")
    'age:old:True or n:3:False'
    """

    def put(atom: re.Match[str]) -> str:
        code = atom["code"] or atom["text"] or atom["number"]
        return write(atom["many"] or atom["one"], code, same=atom["sign"] != "!=")

    return _ATOM.sub(put, relevant)


def is_routing(relevant: str, names: Container[str]) -> bool:
    """Whether a routing can be weighed.

    Parameters
    ----------
    relevant : str
        As `weigh_routing` takes it.
    names : container of str
        Questions that it may name.

    Returns
    -------
    bool
        False where `weigh_routing` refuses it, or where it names another question.

    Examples
    --------
    >>> is_routing("${age} = 'old'", ["age"]), is_routing("${age} = 'old'", ["sex"]), is_routing("${age} > 60", ["age"])
    (True, False, False)
    """

    def chose(question: str, _: str) -> Floats:
        if question not in names:
            raise ValueError(f"not a question: {question}")
        return np.zeros(1)

    try:
        weigh_routing(relevant, chose)
    except ValueError:
        return False
    return True


def _weigh(node: ast.expr, weights: list[Floats]) -> Floats:
    if isinstance(node, ast.BoolOp):
        parts = [_weigh(part, weights) for part in node.values]
        return np.minimum.reduce(parts) if isinstance(node.op, ast.And) else np.maximum.reduce(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return 1 - _weigh(node.operand, weights)
    if isinstance(node, ast.Name) and re.fullmatch(r"atom\d+", node.id):
        return weights[int(node.id.removeprefix("atom"))]
    raise ValueError(f"not understood: {ast.unparse(node)}")
