"""Which question a raw column answers: by the crosswalk, by the code, by the label in any language."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.values import index_unique, read_synonyms
from cncb_analysis.codebook import Codebook, Variable


class Target(NamedTuple):
    """What a raw column answers.

    Parameters
    ----------
    variable : str
        The question.
    option : str
        Answer that the column holds, place of a ranking, or "other" for a text typed under it; empty = all of it.
    unit : str
        Unit of the raw column where it is declared to differ.
    """

    variable: str
    option: str = ""
    unit: str = ""


@dataclass
class Headings:
    """What the columns of a file are.

    Parameters
    ----------
    targets : dict of str to Target
        Column to question.
    system : dict of str to str
        Use (id, submitted, page, token, language) to column.
    matched : dict of str to str
        Column to what it was known by: crosswalk, code, label, tool.
    """

    targets: dict[str, Target] = field(default_factory=dict)
    system: dict[str, str] = field(default_factory=dict)
    matched: dict[str, str] = field(default_factory=dict)

    def find(self, cells: pd.DataFrame, name: str) -> pd.Series:
        """Texts of the column with a use, or else of the one that answers a question.

        Parameters
        ----------
        cells : DataFrame
            Repaired texts.
        name : str
            The use or the question; in the mapping a question bears the prefix map_.

        Returns
        -------
        Series
            Blank where there is no such column.
        """
        asked = {target.variable: column for column, target in self.targets.items()}
        column = self.system.get(name) or asked.get(name) or asked.get(f"map_{name}")
        return cells[column].astype(object) if column else pd.Series("", cells.index, dtype=object)


def match_headings(delivery: Delivery, asked: Iterable[Variable]) -> Headings:
    """Match each column of a raw table; those that are left out are noted in one line each.

    Parameters
    ----------
    delivery : Delivery
        The file; its log learns which columns hold identifiers.
    asked : iterable of Variable
        Questions that this instrument asks.

    Returns
    -------
    Headings
        What each column is.
    """
    variables = {variable.name: variable for variable in asked}
    codes, labels = index_headings(delivery.study.codebook, variables.values())
    tool, found = read_synonyms("tool"), Headings()
    for column in map(str, delivery.cells.columns):
        heading, code = spell_heading(column)
        row = delivery.columns.get(heading) or delivery.columns.get(code)
        # ODK and Kobo write the groups of a question before it.
        inner = [heading[place + 1 :] for place, sign in enumerate(heading) if sign in "/-" and " " not in heading]
        coded = next((codes[name] for name in (heading, code, *inner) if name in codes), None)
        use = next((name.casefold() for name in (code, *inner) if name.casefold() in tool), "")
        target = coded or labels.get(heading) or labels.get(code)
        if row and row["variable"] in variables:
            target = Target(row["variable"], row["code"], row["unit"])
        if row and not row["variable"]:
            delivery.leave_out(column)
        elif target in found.targets.values():
            delivery.note_column(column, "another column answers the same question", "refused")
            said = " ".join(["second column for", *filter(None, target or ())])
            delivery.report(said, 1, column, remedy="ignore one of the two in crosswalk.csv")
        elif target:
            found.targets[column] = target
            found.matched[column] = "crosswalk" if row else "code" if coded else "label"
            if variables[target.variable].role == "identifier":
                delivery.note_column(column, "identifier: stays restricted", "ignored")
                delivery.masked.add(column)
        elif use:
            delivery.note_column(column, "column of the survey tool", "ignored")
            delivery.unused.add(column)
            found.matched[column] = "tool"
            found.system.setdefault(tool[use], column)
        else:
            delivery.leave_out(column)
    found.system.pop("", None)
    return found


def index_headings(book: Codebook, variables: Iterable[Variable]) -> tuple[dict[str, Target], dict[str, Target]]:
    """Index every heading that names a question or one of its answers.

    Parameters
    ----------
    book : Codebook
        Has the answers.
    variables : iterable of Variable
        Questions that this instrument asks.

    Returns
    -------
    dict of str to Target
        Headings made of codes.
    dict of str to Target
        Headings made of labels in any language; a label that would name two is left out.
    """
    spelled = [(Target(each.name, part), codes, told) for each in variables for part, codes, told in _spell(book, each)]
    codes = {heading: target for target, headings, _ in reversed(spelled) for heading in headings}
    return codes, index_unique([(label, target) for target, _, labels in spelled for label in labels])


def _spell(book: Codebook, variable: Variable) -> Iterator[tuple[str, list[str], list[str]]]:
    """What a column of a variable may hold, with its headings made of codes and of labels."""
    name, base = variable.name, variable.name.removesuffix(f"_{variable.item}")
    parts = [f"{base}[{variable.item}]", f"{base}/{variable.item}"] if variable.item and base != name else []
    yield "", [name, *parts], list(variable.labels.values())
    options: dict[str, Mapping[str, str]] = {"other": {}} if variable.list_name else {}
    if variable.kind in {"multiple", "rank"}:
        options |= {choice.name: choice.labels for choice in book.options(variable)}
    if variable.kind == "rank":
        options |= {str(place): {} for place in range(1, len(book.options(variable)) + 1)}
    for option, labels in options.items():
        told = [f"{label} [{labels.get(language, option)}]" for language, label in variable.labels.items()]
        yield option, [f"{name}[{option}]", f"{name}_{option}", f"{name}/{option}"], told
