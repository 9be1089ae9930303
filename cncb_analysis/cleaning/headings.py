"""Which question a raw column answers: by the crosswalk, by the code, by the label in any language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.codebook import Codebook, Variable

__all__ = ["Headings", "Target", "match_headings"]

# Columns that survey tools add; those with a use are named, the others are only known to be no questions.
_USED = {
    **dict.fromkeys(("id", "_id", "interview", "interview_id", "sheet"), "id"),
    **{"submitdate": "submitted", "_submission_time": "submitted"},
    **{"lastpage": "page", "token": "token", "startlanguage": "language"},
}
_UNUSED = (
    "seed startdate datestamp ipaddr refurl interviewtime start end today deviceid _uuid _index _status"
    " _validation_status _notes _tags _submitted_by __version__ _version_"
)
_SYSTEM = _USED | dict.fromkeys(_UNUSED.split(), "")


@dataclass(frozen=True)
class Target:
    """What a raw column answers.

    Parameters
    ----------
    variable : Variable
        The question.
    option : str
        Answer that the column holds, place of a ranking, or "other" for a text typed under it; empty = all of it.
    unit : str
        Unit of the raw column where it is declared to differ.
    """

    variable: Variable
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
    """

    targets: dict[str, Target] = field(default_factory=dict)
    system: dict[str, str] = field(default_factory=dict)


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
    known, declared, found = _index(delivery.study.codebook, variables.values()), delivery.columns, Headings()
    for column in map(str, delivery.cells.columns):
        heading = column.replace("\ufeff", "").replace("\u00a0", " ").strip()
        code = heading.partition(". ")[0]
        row = declared.get(heading, declared.get(code))
        target = known.get(heading, known.get(code))
        if row is not None and row["variable"] in variables:
            target = Target(variables[row["variable"]], row["code"], row["unit"])
        elif row is not None and not row["variable"]:
            target = None
        elif target is None and code.casefold() in _SYSTEM:
            found.system.setdefault(_SYSTEM[code.casefold()], column)
            delivery.log.note_column(delivery.cells[column], "column of the survey tool", "ignored")
            continue
        if target is None:
            delivery.leave_out(delivery.cells[column], row)
        elif target in found.targets.values():
            delivery.log.note_column(delivery.cells[column], "another column answers the same question", "refused")
            said = f"second column for {target.variable.name} {target.option}".rstrip()
            delivery.report(said, 1, column, remedy="ignore one of the two in crosswalk.csv")
        else:
            found.targets[column] = target
    _sort_out(delivery, found)
    return found


def _sort_out(delivery: Delivery, found: Headings) -> None:
    """Mask identifiers; where a tool gives a multiple choice twice, whole and a column an answer, take the latter."""
    found.system.pop("", None)
    split = {target.variable.name for target in found.targets.values() if target.option not in {"", "other"}}
    for column, target in list(found.targets.items()):
        if target.variable.role == "identifier":
            delivery.log.note_column(delivery.cells[column], "identifier: stays restricted", "ignored")
            delivery.log.masked.add(column)
        elif target.option == "" and target.variable.name in split:
            delivery.log.note_column(delivery.cells[column], "the same stands in a column an answer", "ignored")
            del found.targets[column]


def _index(book: Codebook, variables: Iterable[Variable]) -> dict[str, Target]:
    """Every heading that names a question or one of its answers; a label that would name two is left out."""
    codes: dict[str, Target] = {}
    labels: dict[str, list[Target]] = {}
    for variable in variables:
        for heading, option, is_code in _spell(book, variable):
            target = Target(variable, option)
            if is_code:
                codes.setdefault(heading, target)
            elif target not in labels.setdefault(heading, []):
                labels[heading].append(target)
    return {**{heading: targets[0] for heading, targets in labels.items() if len(targets) == 1}, **codes}


def _spell(book: Codebook, variable: Variable) -> Iterator[tuple[str, str, bool]]:
    """Headings of a variable: text, the option it holds, whether it is made of codes."""
    name = variable.name
    yield name, "", True
    if variable.item and name.endswith(f"_{variable.item}"):
        base = name.removesuffix(f"_{variable.item}")
        yield from ((f"{base}{part}", "", True) for part in (f"[{variable.item}]", f"/{variable.item}"))
    yield from ((label, "", False) for label in variable.labels.values())
    if variable.kind not in {"single", "ordinal", "multiple", "rank"}:
        return
    wanted: dict[str, Mapping[str, str]] = {"other": {}}
    if variable.kind in {"multiple", "rank"}:
        wanted |= {choice.name: choice.labels for choice in book.options(variable)}
    if variable.kind == "rank":
        wanted |= {str(place): {} for place in range(1, len(book.options(variable)) + 1)}
    for option, labels in wanted.items():
        yield from ((name + part, option, True) for part in (f"[{option}]", f"_{option}", f"/{option}"))
        for language, label in variable.labels.items():
            yield f"{label} [{labels.get(language, option)}]", option, False
