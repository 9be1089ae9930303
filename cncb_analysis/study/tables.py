"""The tables a study consists of, as tables.csv declares them, and an empty study made from that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cncb_analysis.errors import StudyError
from cncb_analysis.store import read_table, read_text, write_table, write_text
from cncb_analysis.words import read_shipped

if TYPE_CHECKING:
    import pandas as pd

_HERE = Path(__file__).parent
# What a new study may start from, what of it the example's partners decided, and the steps it has.
_LENT = (
    "survey", "choices", "themes", "items", "ballots", "figures", "findings", "support_actions", "profile", "slides",
    "benchmarks", "geography", "words",
)  # fmt: skip
_DECIDED = ("lead", "decision", "owner", "date", "decided_by", "reason")
_STEPS = 'steps = ["mapping", "questionnaire", "interviews", "workshops"]'


@dataclass(frozen=True)
class Column:
    """One column of a study's table.

    Parameters
    ----------
    name, explanation : str
        Heading, and what goes into it.
    names : str
        Kind of thing its cells name (partner, step, variable, …), or "one of: " and the words; empty = free.
    needed : str
        "yes" where a cell may not be blank, "key" where the row is known by it; else empty.
    """

    name: str
    explanation: str
    names: str = ""
    needed: str = ""


@dataclass(frozen=True)
class Table:
    """One table of a study.

    Parameters
    ----------
    name, explanation : str
        File name without ending, and what a row is.
    columns : tuple of Column
        In order, labels left out: a study has them in its own languages only.
    head : tuple of str
        Its heading in a new study, labels in English.
    """

    name: str
    explanation: str
    columns: tuple[Column, ...]
    head: tuple[str, ...]


@cache
def declared_tables() -> dict[str, Table]:
    """Every table that a study may have.

    Returns
    -------
    dict of str to Table
        By name, in the order of tables.csv.

    Examples
    --------
    >>> declared_tables()["items"].head
    ('item', 'merged_into', 'workshop', 'label::English (en)')
    """
    tables = {}
    for name, rows in read_table(_HERE / "tables.csv").groupby("table", sort=False):
        first, *rest = rows.to_dict("records")
        columns = [Column(row["column"], row["explanation"], row["names"], row["needed"]) for row in rest]
        label = "en" if name == "words" else "label::English (en)"
        head = tuple(label if column.name == "label" else column.name for column in columns)
        plain = tuple(column for column in columns if column.name != "label")
        tables[str(name)] = Table(str(name), first["explanation"], plain, head)
    return tables


def write_new_study(folder: Path | str, *, example: bool = False) -> None:
    """Write a study without data: every table headed and explained.

    Parameters
    ----------
    folder : Path or str
        Where to; made if need be.
    example : bool
        Whether questions, answers, topics, things voted on, figures, findings and measures of the shipped study stand
        in the tables, to be changed; nothing of its partners does.

    Raises
    ------
    StudyError
        When there is already a study in it.
    """
    folder = Path(folder)
    tables = folder / "study"
    if tables.exists():
        raise StudyError("there is already a study", file=str(folder), remedy="choose another folder")
    lines = read_text(_HERE / "new_tables.md").splitlines()
    for table in declared_tables().values():
        if example and table.name in _LENT:
            write_table(tables / f"{table.name}.csv", _lend(table.name))
        else:
            write_text(tables / f"{table.name}.csv", ",".join(table.head) + "\n")
        lines += ["", f"## {table.name}.csv", "", table.explanation, "", "| column | what goes into it |", "|---|---|"]
        lines += [f"| `{one.name}`{'*' if one.needed else ''} | {one.explanation} |" for one in table.columns]
    write_text(tables / "README.md", "\n".join(lines) + "\n")
    settings = read_text(_HERE / "new_study.toml")
    settings = settings.replace("steps = []", _STEPS) if example else settings
    write_text(tables / "study.toml", settings)
    write_text(folder / "README.md", read_text(_HERE / "new_readme.md").format(name=folder.name))
    write_text(folder / "raw" / "README.md", "Delivered files, one folder a partner, never edited.\n")


def _lend(name: str) -> pd.DataFrame:
    """A table of the example without what its partners decided and, of words, with those of findings and measures."""
    table = read_shipped(name)
    if name == "words":
        table = table[table["key"].str.startswith(("finding.", "action."))]
    return table.assign(**dict.fromkeys([column for column in _DECIDED if column in table], ""))
