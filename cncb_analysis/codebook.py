"""What was asked: variables, their answers, their labels in every language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cncb_analysis.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING", "Choice", "Codebook", "Variable", "read_codebook", "read_labels"]

MISSING = ("not_asked", "not_reached", "skipped", "dont_know", "refused", "not_applicable", "invalid", "unknown")
# Type of an XLSForm row to the kind of variable; those with a list name it behind.
_TYPES = {
    **{"select_one": "single", "select_multiple": "multiple", "rank": "rank"},
    **{"integer": "number", "decimal": "number", "text": "text"},
}

_LABEL = re.compile(r"label::\s*(?:.*\((?P<tag>[\w-]+)\)|(?P<bare>[\w-]+))\s*")
_COPIED = ("name", "theme", "battery", "item", "aspect", "role", "collapse", "unit", "slide", "relevant")
_INSTRUMENTS = {
    "mapping": ("mapping",),
    "questionnaire": ("questionnaire", "both"),
    "interviews": ("interview_card", "both"),
    "workshops": ("workshop",),
}


@dataclass(frozen=True)
class Choice:
    """One allowed answer.

    Parameters
    ----------
    list_name, name : str
        Its list, its code.
    labels : mapping of str to str
        Label by language code.
    order : int or None
        Place on an ordinal list, 1 the lowest.
    missing : str
        Which kind of missing the choice means; empty for a real answer.
    collapse : str
        Its coarser group.
    """

    list_name: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    order: int | None = None
    missing: str = ""
    collapse: str = ""


@dataclass(frozen=True)
class Variable:
    """One question's column.

    Parameters
    ----------
    name : str
        Its code.
    kind : str
        single, ordinal, multiple, rank, number, allocation or text.
    list_name : str
        Its list of choices, where it has one.
    theme, instrument, battery, item, aspect, role, collapse, unit, slide, relevant : str
        As declared in survey.csv.
    reverse : bool
        True where a high answer means little.
    labels : mapping of str to str
        Label by language code.
    minimum, maximum : float or None
        Bounds of a number.
    """

    name: str
    kind: str
    list_name: str = ""
    theme: str = ""
    instrument: str = "questionnaire"
    battery: str = ""
    item: str = ""
    aspect: str = ""
    role: str = ""
    reverse: bool = False
    collapse: str = ""
    unit: str = ""
    slide: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    relevant: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Codebook:
    """All variables and choices of a study, in their order.

    Parameters
    ----------
    variables : mapping of str to Variable
        By name.
    choices : mapping of str to tuple of Choice
        By list.
    """

    variables: Mapping[str, Variable]
    choices: Mapping[str, tuple[Choice, ...]]

    def variable(self, name: str) -> Variable:
        """Variable of that name.

        Parameters
        ----------
        name : str
            Its code.

        Returns
        -------
        Variable
            The declared one.

        Raises
        ------
        StudyError
            When survey.csv does not declare it.
        """
        try:
            return self.variables[name]
        except KeyError:
            raise StudyError("no such variable", value=name, remedy="declare it in survey.csv") from None

    def options(self, variable: str | Variable) -> tuple[Choice, ...]:
        """Real answers of a variable, those that mean a missing left out.

        Parameters
        ----------
        variable : str or Variable
            Which.

        Returns
        -------
        tuple of Choice
            In the order of choices.csv; empty for a number or a text.
        """
        found = self.variable(variable) if isinstance(variable, str) else variable
        return tuple(choice for choice in self.choices.get(found.list_name, ()) if not choice.missing)

    def battery(self, name: str) -> tuple[Variable, ...]:
        """Questions asked as one block.

        Parameters
        ----------
        name : str
            The battery.

        Returns
        -------
        tuple of Variable
            In the order of survey.csv; empty when there is no such battery.
        """
        return self._batteries.get(name, ())

    @property
    def batteries(self) -> tuple[str, ...]:
        """Names of all batteries, in order."""
        return tuple(self._batteries)

    def asked_in(self, step: str) -> tuple[Variable, ...]:
        """Variables that a step's instrument asks.

        Parameters
        ----------
        step : str
            mapping, questionnaire, interviews or workshops.

        Returns
        -------
        tuple of Variable
            In the order of survey.csv.
        """
        wanted = _INSTRUMENTS.get(step, ())
        return tuple(variable for variable in self.variables.values() if variable.instrument in wanted)

    def label(self, variable: str, language: str) -> str:
        """Label of a variable; English, then the code, where a language lacks it.

        Parameters
        ----------
        variable, language : str
            Code of each.

        Returns
        -------
        str
            Never empty.
        """
        return _in_language(self.variable(variable).labels, language, variable)

    def choice_label(self, variable: str, code: str, language: str) -> str:
        """Label of an answer; English, then the code, where a language lacks it.

        Parameters
        ----------
        variable, code, language : str
            Code of each.

        Returns
        -------
        str
            Never empty unless the code is.
        """
        choice = self._by_code.get((self.variable(variable).list_name, code))
        return _in_language(choice.labels if choice else {}, language, code)

    @cached_property
    def _batteries(self) -> Mapping[str, tuple[Variable, ...]]:
        blocks: dict[str, list[Variable]] = {}
        for variable in self.variables.values():
            if variable.battery:
                blocks.setdefault(variable.battery, []).append(variable)
        return {name: tuple(block) for name, block in blocks.items()}

    @cached_property
    def _by_code(self) -> Mapping[tuple[str, str], Choice]:
        return {(choice.list_name, choice.name): choice for block in self.choices.values() for choice in block}


def read_codebook(survey: pd.DataFrame, choices: pd.DataFrame) -> Codebook:
    """Read the codebook from its two tables in XLSForm's columns.

    Parameters
    ----------
    survey, choices : DataFrame
        Text cells as `store.read_table` gives them; a missing column counts as empty.

    Returns
    -------
    Codebook
        What could be read: rows of another type, such as groups and notes, are left out. What is wrong in the tables is
        `study.check_study`'s to say.

    Examples
    --------
    >>> import pandas as pd
    >>> survey = pd.DataFrame({"type": ["select_one yes_no"], "name": ["consent"], "label::de": ["Einverstanden?"]})
    >>> book = read_codebook(survey, pd.DataFrame({"list_name": ["yes_no"], "name": ["yes"], "order": [""]}))
    >>> book.variables["consent"].kind, book.label("consent", "de")
    ('single', 'Einverstanden?')
    """
    lists: dict[str, dict[str, Choice]] = {}
    for row in choices.to_dict("records"):
        choice = Choice(
            list_name=row.get("list_name", ""),
            name=row.get("name", ""),
            labels=read_labels(row),
            order=int(row["order"]) if row.get("order", "").isdigit() else None,
            missing=row.get("missing", ""),
            collapse=row.get("collapse", ""),
        )
        lists.setdefault(choice.list_name, {}).setdefault(choice.name, choice)
    blocks = {name: tuple(block.values()) for name, block in lists.items()}
    found = [_read_variable(row, blocks) for row in survey.to_dict("records") if row["type"].split(" ")[0] in _TYPES]
    return Codebook({variable.name: variable for variable in found}, blocks)


def read_labels(cells: Mapping[str, str]) -> dict[str, str]:
    """Labels of one row of an XLSForm table by language code; a bare `label` counts as English.

    Parameters
    ----------
    cells : mapping of str to str
        Column to cell.

    Returns
    -------
    dict of str to str
        Only the filled ones.

    Examples
    --------
    >>> read_labels({"name": "yes", "label::Deutsch (de)": "Ja", "label::it": "Sì", "label": ""})
    {'de': 'Ja', 'it': 'Sì'}
    """
    labels = {}
    for column, cell in cells.items():
        match = _LABEL.fullmatch(column)
        if cell and (match or column == "label"):
            labels[(match["tag"] or match["bare"]) if match else "en"] = cell
    return labels


def _in_language(labels: Mapping[str, str], language: str, code: str) -> str:
    return labels.get(language) or labels.get("en") or code


def _read_variable(row: Mapping[str, str], blocks: Mapping[str, tuple[Choice, ...]]) -> Variable:
    word, _, list_name = row["type"].partition(" ")
    plain = {name: row.get(name, "") for name in _COPIED}
    kind = _TYPES[word]
    if kind == "single" and any(choice.order is not None for choice in blocks.get(list_name.strip(), ())):
        kind = "ordinal"
    elif kind == "number" and plain["battery"] and plain["unit"] == "percent":
        kind = "allocation"
    return Variable(
        **plain,
        kind=kind,
        list_name=list_name.strip(),
        instrument=row.get("instrument", "") or "questionnaire",
        reverse=row.get("reverse", "") not in {"", "0", "no", "false"},
        labels=read_labels(row),
        minimum=_read_bound(row.get("minimum", "")),
        maximum=_read_bound(row.get("maximum", "")),
    )


def _read_bound(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
