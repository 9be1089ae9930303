"""What a reader looks up: each statistic as its docstring explains it, each question and column with its meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html import escape
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cncb_analysis.schema import read_schema
from cncb_analysis.store import read_text
from cncb_analysis.tables import DisplayTable
from cncb_analysis.words import read_shipped

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_PACKAGE = Path(__file__).parent.parent
_HEAD = re.compile(r"^(\w[\w ]+)\n-{3,}\n", re.MULTILINE)
_CODE, _AS_CODE = re.compile(r"`+([^`]+)`+"), r"<code>\1</code>"
# Where statistics are computed; what only invents, reads or lays out has no place on the page of methods.
_APART = {"simulation", "readers", "cleaning", "report", "figures", "deck", "study", "fielding", "aggregate"}


class Method(NamedTuple):
    """One public function that computes a statistic, as its docstring explains it.

    Parameters
    ----------
    module, name : str
        Where it stands in the package.
    subject : str
        First line of the module's docstring.
    summary : str
        First line of its own.
    text, returned, references : str
        HTML of the paragraphs after it, of what it returns, and of the literature.
    """

    module: str
    name: str
    subject: str
    summary: str
    text: str
    returned: str
    references: str


def list_methods() -> list[Method]:
    """List the statistics: public functions of the package whose docstring names its source in the literature.

    Returns
    -------
    list of Method
        By module.

    Examples
    --------
    >>> next(method.references for method in list_methods() if method.name == "wilson_interval")[:20]
    '<p>Wilson, E. B. (19'
    """
    return [method for path in sorted(_PACKAGE.rglob("*.py")) for method in _read_methods(path)]


def _read_methods(path: Path) -> Iterator[Method]:
    place = path.relative_to(_PACKAGE).with_suffix("").parts
    if place[0] in _APART:
        return
    tree = ast.parse(read_text(path))
    subject = (ast.get_docstring(tree) or "").split("\n")[0]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        lead, *parts = _HEAD.split(ast.get_docstring(node) or "")
        sections = dict(zip(parts[::2], parts[1::2], strict=True))
        if "References" in sections:
            summary, _, rest = lead.partition("\n")
            told = (_write(rest), _write(_drop_types(sections.get("Returns", ""))), _write(sections["References"]))
            yield Method(".".join(place), node.name, subject, summary, *told)


def _drop_types(returned: str) -> str:
    """The words about what is returned, without the lines that only name a type."""
    return cleandoc("\n".join(line for line in returned.splitlines() if line.startswith(" ") or not line))


def _write(text: str) -> str:
    """Paragraphs of a docstring; what it marks as code is code."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "".join(f"<p>{_CODE.sub(_AS_CODE, escape(part))}</p>" for part in paragraphs)


def tabulate_checklists(page: Page) -> list[DisplayTable]:
    """Tabulate the checklists that journals ask for, with where this study answers each item.

    Parameters
    ----------
    page : Page
        For words and the study's table `checklists`; a study without one has the answers that hold for every study.

    Returns
    -------
    list of DisplayTable
        One a checklist.
    """
    own = page.study.table("checklists")
    rows = (own if len(own) else read_shipped("checklists")).to_dict("records")
    heads = tuple(page.words.text(f"head.{name}") for name in ("item", "said"))
    later = page.words.text("method.open")
    return [
        DisplayTable(name, heads, tuple((f"{row['item']} {row['topic']}", row["answer"] or later) for row in part))
        for name, part in groupby(rows, lambda row: row["checklist"])
    ]


def tabulate_dictionary(page: Page) -> list[DisplayTable]:
    """Tabulate every question asked, a table a step, then the columns of the tables.

    Parameters
    ----------
    page : Page
        For the codebook and the words.

    Returns
    -------
    list of DisplayTable
        Code, question, kind and answers; then a table of all tables' columns.
    """
    words, book = page.words, page.study.codebook
    heads = tuple(words.text(f"head.{name}") for name in ("code", "question", "kind_of", "answers"))
    tables = []
    for step in page.steps:
        rows = []
        for each in book.asked_in(step):
            label, kind = book.label(each.name, words.language), page.view.say(f"kind.{each.kind}", each.kind)
            rows.append((each.name, label, kind, _name_answers(page, each.name)))
        tables.append(DisplayTable(words.text(f"step.{step}"), heads, tuple(rows)))
    columns = [(f"{table}.{name}", text) for table, known in read_schema().items() for name, (_, text) in known.items()]
    named = (words.text("head.table"), words.text("head.meaning"))
    return [
        *(table for table in tables if table.rows),
        DisplayTable(words.text("dictionary.columns"), named, tuple(columns)),
    ]


def _name_answers(page: Page, variable: str) -> str:
    book = page.study.codebook
    options = book.options(variable)
    return " · ".join(book.choice_label(variable, choice.name, page.words.language) for choice in options)
