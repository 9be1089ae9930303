"""One delivered file on its way through cleaning: its table, what people declared about it, what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from cncb_analysis.cleaning.tables import CellLog, Cleaned, empty_cleaned, shape_table
from cncb_analysis.cleaning.values import fold_text
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.readers import read_raw
from cncb_analysis.store import read_bytes
from cncb_analysis.study import Partner, Study

__all__ = ["Delivery", "open_delivery"]

Row = Mapping[str, str]


@dataclass(frozen=True)
class Delivery:
    """A raw table with everything that cleaning it needs.

    Parameters
    ----------
    study, partner : Study, Partner
        Whose.
    source : mapping of str to str
        Its row of sources.csv.
    cells : DataFrame
        Raw texts, indexed by row of the file.
    crosswalk : list of mapping of str to str
        Rows of crosswalk.csv that hold for it, the most general first.
    log : CellLog
        Cells not taken as they stand.
    problems : list of Problem
        What a person has to decide.
    """

    study: Study
    partner: Partner
    source: Row
    cells: pd.DataFrame
    crosswalk: list[Row]
    log: CellLog
    problems: list[Problem] = field(default_factory=list)

    @property
    def origin(self) -> dict[str, str]:
        """The columns that every tidy row of this file shares."""
        return {"step": self.source["step"], "partner": self.partner.id, "country": self.partner.country}

    @property
    def decimal(self) -> str:
        """Decimal sign of the partner's locale."""
        from babel import UnknownLocaleError
        from babel.numbers import get_decimal_symbol

        try:
            return get_decimal_symbol(self.partner.locale)
        except (UnknownLocaleError, ValueError):
            place = {"file": "study.toml", "column": "locale", "value": self.partner.locale}
            raise StudyError("unknown locale", **place, remedy="write it as it_IT") from None

    @property
    def missing_words(self) -> dict[str, str]:
        """Words typed where no answer is meant, folded, with the kind of missing they mean."""
        said = self.study.setting("cleaning", "missing_words", {})
        listed = {fold_text(word): kind for kind, words in said.items() for word in words}
        return {"{question_not_shown}": "not_asked", **listed}

    @property
    def columns(self) -> dict[str, Row]:
        """Rows of the crosswalk that speak of a column, by heading; `*` stands for every other."""
        return {row["column"]: row for row in self.crosswalk if row["column"] and not row["value"]}

    @property
    def not_asked(self) -> set[str]:
        """Variables or batteries that this delivery is declared not to have asked."""
        return {row["variable"] for row in self.crosswalk if not row["column"] and not row["value"]}

    def list_values(self, heading: str, variable: str) -> dict[str, Row]:
        """Rows of the crosswalk that say what a raw value means.

        Parameters
        ----------
        heading, variable : str
            Column and question; a row may name one of them, or both.

        Returns
        -------
        dict of str to mapping
            By raw value.
        """
        names, variables = {"", heading.strip(), heading.strip().partition(". ")[0]}, {"", variable}
        rows = [
            row for row in self.crosswalk if row["value"] and row["column"] in names and row["variable"] in variables
        ]
        return {row["value"]: row for row in rows if row["column"] or row["variable"]}

    def report(self, problem: str, row: object, column: str, value: str = "", remedy: str = "") -> None:
        """Put something on the list of problems.

        Parameters
        ----------
        problem : str
            What is wrong.
        row : object
            Row of the file.
        column, value, remedy : str
            Where, what, what to do.
        """
        shown = "" if column in self.log.masked else value
        self.problems.append(Problem(problem, self.source["path"], str(row), column, shown, remedy))

    def leave_out(self, cells: pd.Series, row: Row | None = None) -> None:
        """Leave out a column that no rule knows; without a reason in crosswalk.csv that is a problem.

        Parameters
        ----------
        cells : Series
            The column.
        row : mapping of str to str, optional
            What crosswalk.csv says about it.
        """
        row = row or self.columns.get("*")
        self.log.note_column(cells, f"left out: {row['reason']}" if row else "column is not known", "ignored")
        if row is None and (cells != "").any():
            remedy = "name its question in crosswalk.csv, or no question and why it is ignored"
            self.report("column is not known", 1, str(cells.name), remedy=remedy)

    def finish(self, tables: Mapping[str, pd.DataFrame]) -> Cleaned:
        """Put the tidy tables of this file together.

        Parameters
        ----------
        tables : mapping of str to DataFrame
            By name; the rest stays empty.

        Returns
        -------
        Cleaned
            With the file's origin, log and problems.
        """
        shaped = {name: shape_table(name, [table.assign(**self.origin)]) for name, table in tables.items()}
        return replace(empty_cleaned(), **shaped, cell_log=self.log.table(), problems=tuple(self.problems))


def open_delivery(study: Study, partner: Partner, source: Row) -> Delivery:
    """Read one file of the ledger.

    Parameters
    ----------
    study, partner : Study, Partner
        Whose.
    source : mapping of str to str
        Row of sources.csv.

    Returns
    -------
    Delivery
        With its raw table.

    Raises
    ------
    StudyError
        When the file is missing or no table.
    """
    path = source["path"]
    raw = read_raw(read_bytes(study.raw_path(path)), file=path, language=partner.language)
    log = CellLog(path)
    told = f"{raw.encoding}, cells parted by {raw.delimiter!r}" if raw.encoding else "workbook"
    log.note(pd.Series([told], index=[""], name=""), "how the file was read", "known")
    table = study.table("crosswalk")
    own = table[table["partner"].isin(["", partner.id]) & table["file"].isin(["", path])]
    rank = (own["file"] != "") * 2 + (own["partner"] != "")
    rows = own.loc[rank.sort_values(kind="stable").index].to_dict("records")
    return Delivery(study, partner, source, raw.cells, rows, log)
