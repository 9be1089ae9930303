"""The tables a study consists of, as tables.csv declares them, and an empty study made from that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cncb_analysis.errors import StudyError
from cncb_analysis.store import read_table, read_text, write_text
from cncb_analysis.words import LANGUAGES

__all__ = ["LANGUAGE_NAMES", "Column", "Table", "declared_tables", "write_new_study"]

LANGUAGE_NAMES = dict(
    zip(LANGUAGES, ("English", "Italian", "German", "Polish", "Czech", "Slovak", "Slovene", "Hungarian"), strict=True)
)

_HERE = Path(__file__).parent
_README = """\
# {name}

1. Describe the study in `study/study.toml`.
2. Put each partner's files, exactly as delivered, into `raw/<partner>/` and list them in `study/sources.csv`.
3. Fill the tables in `study/` as `study/README.md` explains. Those you do not need may stay empty.
4. `cncb check --study {name}` lists what is missing; `cncb run --study {name}` makes the pages.
"""


@dataclass(frozen=True)
class Column:
    """One column of a study's table.

    Parameters
    ----------
    name, explanation : str
        Heading, and what goes into it. `label` stands for a label in each language.
    names : str
        Kind of thing its cells name (partner, step, variable, …), several joined by ";"; empty = free.
    needed : bool
        Whether a cell may not be blank.
    """

    name: str
    explanation: str
    names: str = ""
    needed: bool = False


@dataclass(frozen=True)
class Table:
    """One table of a study.

    Parameters
    ----------
    name, explanation : str
        File name without ending, and what a row is.
    columns : tuple of Column
        In order, labels left out: a study has them in its own languages only.
    label_at : int
        Place of the labels among the columns; -1 where rows carry none.
    """

    name: str
    explanation: str
    columns: tuple[Column, ...]
    label_at: int = -1

    def head(self, languages: tuple[str, ...]) -> list[str]:
        """Heading of the table.

        Parameters
        ----------
        languages : tuple of str
            Codes of the study's languages.

        Returns
        -------
        list of str
            Column names; labels as XLSForm writes them, in words.csv the bare codes.
        """
        names = [column.name for column in self.columns]
        labels = [f"label::{LANGUAGE_NAMES.get(code, code)} ({code})" for code in languages]
        labels = list(languages) if self.name == "words" else labels
        return names if self.label_at < 0 else [*names[: self.label_at], *labels, *names[self.label_at :]]


@cache
def declared_tables() -> dict[str, Table]:
    """Every table that a study may have.

    Returns
    -------
    dict of str to Table
        By name, in the order of tables.csv.

    Examples
    --------
    >>> declared_tables()["items"].head(("en",))
    ['item', 'merged_into', 'workshop', 'label::English (en)']
    """
    tables = {}
    for name, rows in read_table(_HERE / "tables.csv").groupby("table", sort=False):
        first, *rest = rows.to_dict("records")
        columns = [Column(row["column"], row["explanation"], row["names"], row["needed"] == "yes") for row in rest]
        label_at = next((place for place, column in enumerate(columns) if column.name == "label"), -1)
        kept = tuple(column for column in columns if column.name != "label")
        tables[str(name)] = Table(str(name), first["explanation"], kept, label_at)
    return tables


def write_new_study(folder: Path | str) -> None:
    """Write an empty study: every table headed and explained.

    Parameters
    ----------
    folder : Path or str
        Where to; made if need be.

    Raises
    ------
    StudyError
        When there is already a study in it.
    """
    folder = Path(folder)
    tables = folder / "study"
    if tables.exists():
        raise StudyError("there is already a study", file=str(folder), remedy="choose another folder")
    lines = ["# The tables of this study", "", "Text in UTF-8, comma between cells. `*`: never blank.", ""]
    for table in declared_tables().values():
        write_text(tables / f"{table.name}.csv", ",".join(table.head(("en",))) + "\n")
        lines += [f"## {table.name}.csv", "", table.explanation, "", "| column | what goes into it |", "|---|---|"]
        lines += [f"| `{column.name}`{'*' * column.needed} | {column.explanation} |" for column in table.columns]
        if table.label_at >= 0:
            lines.append("| `label::Language (code)` | its label, a column a language |")
        lines.append("")
    write_text(tables / "README.md", "\n".join(lines))
    write_text(tables / "study.toml", read_text(_HERE / "new_study.toml"))
    write_text(folder / "README.md", _README.format(name=folder.name))
    write_text(folder / "raw" / "README.md", "Delivered files, one folder a partner, never edited.\n")
