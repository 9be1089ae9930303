"""What was asked: variables, their answers, their labels in every language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from cncb_analysis.errors import StudyError

MISSING = ("not_asked", "not_reached", "skipped", "dont_know", "refused", "not_applicable", "invalid", "unknown")
# Type of an XLSForm row to the kind of variable; those with a list name it behind.
LISTED = {"select_one": "single", "select_multiple": "multiple", "rank": "rank"}
PLAIN = {"integer": "number", "decimal": "number", "text": "text", "date": "date"}

_LABEL = re.compile(r"label(?:::\s*(?:.*\((?P<tag>[\w-]+)\)|(?P<bare>[\w-]+))\s*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_COPIED = ("name", "theme", "battery", "item", "aspect", "group", "role", "reverse", "unit", "relevant")
# Steps whose instrument bears another name, and those that share questions.
_INSTRUMENTS, _SHARING = {"interviews": "interview_card", "workshops": "workshop"}, ("questionnaire", "interviews")


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
    theme, instrument, battery, item, aspect, group, role, reverse, unit, relevant : str
        As declared in survey.csv.
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
    group: str = ""
    role: str = ""
    reverse: str = ""
    unit: str = ""
    relevant: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        return f"<codebook: {len(self.variables)} questions, {len(self.choices)} lists of answers>"

    def _repr_html_(self) -> str:
        rows = [
            (
                each.name,
                _in_language(each.labels, "en", each.name),
                each.kind,
                " · ".join(option.name for option in self.options(each)),
            )
            for each in self.variables.values()
        ]
        table = pd.DataFrame(rows, columns=["question", "label", "kind", "answers"])
        return f"<p>{escape(repr(self)[1:-1])}</p>{table.to_html(index=False)}"

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
        if name not in self.variables:
            raise StudyError("no such variable", value=name, remedy="declare it in survey.csv")
        return self.variables[name]

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
        return tuple(variable for variable in self.variables.values() if name and variable.battery == name)

    @property
    def batteries(self) -> tuple[str, ...]:
        """Names of all batteries, in order."""
        return tuple(dict.fromkeys(variable.battery for variable in self.variables.values() if variable.battery))

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
        wanted = {_INSTRUMENTS.get(step, step), "both" if step in _SHARING else ""}
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
        choices = self.choices.get(self.variable(variable).list_name, ())
        labels = next((choice.labels for choice in choices if choice.name == code), {})
        return _in_language(labels, language, code)


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
    lists: dict[str, list[Choice]] = {}
    for row in choices.drop_duplicates(["list_name", "name"]).to_dict("records"):
        order = int(row["order"]) if row.get("order", "").isdigit() else None
        texts = {name: row.get(name, "") for name in ("list_name", "name", "missing", "collapse")}
        lists.setdefault(row["list_name"], []).append(Choice(**texts, labels=read_labels(row), order=order))
    blocks = {name: tuple(block) for name, block in lists.items()}
    found = [
        _read_variable(row, blocks) for row in survey.to_dict("records") if row["type"].split(" ")[0] in LISTED | PLAIN
    ]
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
    return {find_language(column): cell for column, cell in cells.items() if cell and find_language(column)}


def find_language(column: str) -> str:
    """Language of the labels in a column of an XLSForm table.

    Parameters
    ----------
    column : str
        Its heading.

    Returns
    -------
    str
        Its code; English for a bare `label`; empty where the column holds no labels.

    Examples
    --------
    >>> [find_language(column) for column in ("label::Deutsch (de)", "label::it", "label", "name")]
    ['de', 'it', 'en', '']
    """
    match = _LABEL.fullmatch(column)
    return (match["tag"] or match["bare"] or "en") if match else ""


def _in_language(labels: Mapping[str, str], language: str, code: str) -> str:
    return labels.get(language) or labels.get("en") or code


def _read_variable(row: Mapping[str, str], blocks: Mapping[str, tuple[Choice, ...]]) -> Variable:
    word, _, list_name = row["type"].partition(" ")
    plain = {name: row.get(name, "") for name in _COPIED}
    low, high = (float(row[name]) if _NUMBER.fullmatch(row.get(name, "")) else None for name in ("minimum", "maximum"))
    kind, list_name = (LISTED | PLAIN)[word], list_name.strip()
    if kind == "single" and any(choice.order is not None for choice in blocks.get(list_name, ())):
        kind = "ordinal"
    elif kind == "number" and plain["battery"] and plain["unit"] == "percent":
        kind = "allocation"
    told = {"instrument": row.get("instrument", "") or "questionnaire", "list_name": list_name}
    return Variable(**plain, **told, kind=kind, labels=read_labels(row), minimum=low, maximum=high)
