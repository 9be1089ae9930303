"""One delivered file on its way through cleaning: its table, what people declared about it, what was found."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from cncb_analysis.cleaning.tables import Cleaned, empty_cleaned, shape_table
from cncb_analysis.cleaning.values import fold_text, index_unique, read_synonyms, repair_text
from cncb_analysis.codebook import read_labels
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.readers import is_eurostat, read_eurostat, read_raw, read_region_table
from cncb_analysis.store import read_bytes
from cncb_analysis.study import Partner, Study

Row = Mapping[str, str]

# What stands in the log instead of a name, an address or a number to call.
_MASK = "(identifier)"
# A key given by a survey tool; so much of a column makes it one of names or keys.
_KEY, _MOSTLY = re.compile(r"(?=.*\d)(?=.*[^\W\d_])\w{8,}"), 0.8


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
        Raw texts, indexed by row of the file; regional statistics as they are read.
    hosts : mapping of str to (str, str)
        Folded cluster name to its name in the partner's frame and its host.
    ids : dict of str to str
        The files' own id of a unit to its unit id; each sheet and table of codings adds its own.
    first : int
        Number of its first unit, where a partner delivered several files.
    masked, unused : set of str
        Columns whose content must not be repeated, and columns that answer no question.
    notes : list of DataFrame
        Cells not taken as they stand.
    problems : list of Problem
        What a person has to decide.
    """

    study: Study
    partner: Partner
    source: Row
    cells: pd.DataFrame
    hosts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    first: int = 1
    masked: set[str] = field(default_factory=set)
    unused: set[str] = field(default_factory=set)
    notes: list[pd.DataFrame] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def crosswalk(self) -> list[Row]:
        """Rows of crosswalk.csv that hold for it, the most general first."""
        table = self.study.table("crosswalk")
        own = table[table["partner"].isin(["", self.partner.id]) & table["file"].isin(["", self.source["path"]])]
        rank = (own["file"] != "") * 2 + (own["partner"] != "")
        return own.loc[rank.sort_values(kind="stable").index].to_dict("records")

    @cached_property
    def columns(self) -> dict[str, Row]:
        """Rows of the crosswalk that speak of a column, by heading; `*` stands for every other."""
        return {row["column"]: row for row in self.crosswalk if row["column"] and not row["value"]}

    @cached_property
    def decimal(self) -> str:
        """Decimal sign of the partner's locale."""
        from babel import UnknownLocaleError
        from babel.numbers import get_decimal_symbol

        try:
            return get_decimal_symbol(self.partner.locale)
        except (UnknownLocaleError, ValueError):
            place = {"file": "study.toml", "column": "locale", "value": self.partner.locale}
            raise StudyError("unknown locale", **place, remedy="write it as it_IT") from None

    @cached_property
    def missing_words(self) -> dict[str, str]:
        """Words typed where no answer is meant, folded, with the kind of missing they mean."""
        said = self.study.setting("cleaning", "missing_words", {})
        own = {fold_text(word): kind for kind, words in said.items() for word in words}
        return read_synonyms("missing") | own

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
        names = ({"", *spell_heading(heading)}, {"", variable})
        own = [row for row in self.crosswalk if row["column"] in names[0] and row["variable"] in names[1]]
        return {row["value"]: row for row in own if row["value"] and (row["column"] or row["variable"])}

    def take(self, column: str) -> pd.Series:
        """Texts of a column without what no eye sees; each repaired cell is noted.

        Parameters
        ----------
        column : str
            Its heading.

        Returns
        -------
        Series
            By row of the file, as a categorical: each distinct text is looked at once.
        """
        cells = self.cells[column].astype("category")
        repaired = pd.DataFrame([repair_text(text) for text in cells.cat.categories], columns=["text", "rule"])
        if not repaired["rule"].any():
            return cells
        rules = repaired["rule"].to_numpy()[cells.cat.codes]
        taken = pd.Series(repaired["text"].to_numpy()[cells.cat.codes], cells.index, name=column)
        for rule in sorted(set(rules) - {""}):
            self.note(cells[rules == rule], rule, "repaired", value=taken[rules == rule].to_numpy())
        return taken.astype("category")

    def take_columns(self, names: tuple[str, ...], *, needed: tuple[str, ...]) -> pd.DataFrame:
        """Columns of a table of fixed form by their names; any other is left out.

        Parameters
        ----------
        names, needed : tuple of str
            Columns, and those that are reported where they are missing.

        Returns
        -------
        DataFrame
            Repaired texts; a missing column is blank.
        """
        found: dict[str, str] = {}
        # Taguette's export: its id is that of the passage.
        known = read_synonyms("taguette" if {"document", "tag"} <= set(self.cells) else "column")
        for column in map(str, self.cells.columns):
            name = spell_heading(column)[0].casefold()
            name = name if name in names else known.get(name, name)
            if name in names and name not in found:
                found[name] = column
            else:
                self.leave_out(column)
        for name in [name for name in needed if name not in found]:
            self.report("column is missing", 1, name, remedy="name it so in the file")
        blank = pd.Series("", self.cells.index, dtype=object)
        texts = {name: self.take(found[name]).astype(object) if name in found else blank for name in names}
        return pd.DataFrame(texts)

    def find_codes(self, texts: pd.Series, table: str, column: str) -> pd.Series:
        """Code of each text in a table of the study; one that names none is refused and reported.

        Parameters
        ----------
        texts : Series
            Codes or labels in any language, or what crosswalk.csv says for `theme`.
        table, column : str
            Which table, and its column of codes.

        Returns
        -------
        Series
            Codes; blank where there is none.
        """
        known, declared = self.index_names(table, column), self.list_values(str(texts.name), "theme")
        said = {text: row["code"] for text, row in declared.items()}
        codes = texts.map(lambda text: said.get(text, known.get(fold_text(text), "")))
        for text, cells in texts[(codes == "") & (texts != "")].groupby(texts):
            if text in declared:
                self.note(cells, f"left out: {declared[str(text)]['reason']}", "refused")
                continue
            self.note(cells, f"not in {table}.csv", "refused")
            remedy = f"add it to {table}.csv, or correct the file"
            self.report(f"unknown {column}", cells.index[0], str(texts.name), str(text), remedy)
        return codes

    def index_names(self, table: str, column: str) -> dict[str, str]:
        """Every text that names one row of a table of the study: its code, its label in any language.

        Parameters
        ----------
        table, column : str
            Which table, and its column of codes.

        Returns
        -------
        dict of str to str
            Folded text to code; a label that two rows share is left out.
        """
        rows = self.study.table(table).to_dict("records")
        # Taguette and others part the steps of a path by full stops.
        named = [(row[column].replace("/", "."), row[column]) for row in rows]
        named += [(text, row[column]) for row in rows for text in (row[column], *read_labels(row).values())]
        return index_unique((fold_text(text), code) for text, code in named)

    def note(self, cells: pd.Series, rule: str, fate: str, *, value: object = "") -> None:
        """Note some cells of one column in the cell log.

        Parameters
        ----------
        cells : Series
            Raw texts by row; its name is the column.
        rule : str
            Why.
        fate : str
            known, repaired, ignored, refused or flagged (kept as it stands, but worth a look).
        value : object
            What was taken instead: one for all, or one a cell.
        """
        if len(cells):
            raw, taken = (_MASK, _MASK) if cells.name in self.masked else (cells.to_numpy(), value)
            rows = {"row": cells.index.astype(str), "column": str(cells.name), "raw": raw, "value": taken}
            self.notes.append(pd.DataFrame({"file": self.source["path"], **rows, "rule": rule, "fate": fate}))

    def note_column(self, column: str, rule: str, fate: str, *, told: str = "") -> None:
        """Note a whole column, or the whole file, in one line.

        Parameters
        ----------
        column : str
            Its heading; empty for the file.
        rule, fate : str
            As in `note`.
        told : str
            What is told; else how many filled cells it covers.
        """
        told = told or f"{int((self.cells[column] != '').sum())} cells"
        self.note(pd.Series([told], index=[""], name=column), rule, fate)

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
        shown = "" if column in self.masked else value
        self.problems.append(Problem(problem, self.source["path"], str(row), column, shown, remedy))

    def leave_out(self, column: str) -> None:
        """Leave out a column that no rule knows; without a reason in crosswalk.csv that is a problem.

        Parameters
        ----------
        column : str
            Its heading.
        """
        row = next((self.columns[name] for name in (*spell_heading(column), "*") if name in self.columns), None)
        self.unused.add(column)
        self.note_column(column, f"left out: {row['reason']}" if row else "column is not known", "ignored")
        if row is None and (self.cells[column] != "").any():
            remedy = "name its question in crosswalk.csv, or no question and why it is ignored"
            self.report("column is not known", 1, column, remedy=remedy)

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
        origin = {"step": self.source["step"], "partner": self.partner.id, "country": self.partner.country}
        shaped = {name: shape_table(name, [table], **origin) for name, table in tables.items()}
        shaped["cell_log"] = shape_table("cell_log", self.notes)
        shaped["identifiers"] = shape_table("identifiers", self._list_identifiers(), **origin)
        return replace(empty_cleaned(), **shaped, problems=tuple(self.problems))

    def _list_identifiers(self) -> Iterator[pd.DataFrame]:
        """What points to one person or unit: identifiers, and names and keys in columns that answer no question."""
        for column in sorted(self.masked | self.unused):
            cells = self.cells[column].astype(str).str.strip().drop_duplicates()
            filled = cells[cells != ""]
            if column in self.masked:
                yield pd.DataFrame({"text": filled, "kind": "identifier"})
            elif len(filled) > 1 and (found := filled.map(_points_to_one)).mean() > _MOSTLY:
                yield pd.DataFrame({"text": filled[found], "kind": "cell"})


def _points_to_one(text: str) -> bool:
    """Whether a text looks like somebody's name, or like a key that a survey tool gave."""
    words = text.split()
    named = 1 < len(words) < 5 and all(word[0].isupper() for word in words)
    return named or bool(len(words) == 1 and _KEY.fullmatch(text))


def spell_heading(column: str) -> tuple[str, str]:
    """Heading without what no eye sees, and the code that stands before a full stop.

    Parameters
    ----------
    column : str
        As delivered.

    Returns
    -------
    tuple of str
        Both; the same where no code stands before a text.

    Examples
    --------
    >>> spell_heading("cm_sex. Your gender? ")
    ('cm_sex. Your gender?', 'cm_sex')
    """
    heading = repair_text(column)[0]
    return heading, heading.partition(". ")[0]


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
    data = read_bytes(study.raw_path(source["path"]))
    if source["content"] == "statistics":
        asked = study.settings.get("mapping", {})
        years = [int(asked.get("year", 2014)), *([int(asked["compared_year"])] if "compared_year" in asked else [])]
        if is_eurostat(data):
            cells = read_eurostat(data, file=source["path"], years=years, countries=study.countries)
        else:
            raw = read_raw(data, file=source["path"], language=partner.language)
            cells = read_region_table(raw.cells, file=source["path"], year=years[0])
        told = f"regional statistics; taken: those of {', '.join(map(str, years))} in {', '.join(study.countries)}"
    else:
        raw = read_raw(data, file=source["path"], language=partner.language)
        told = f"{raw.encoding}, cells parted by {raw.delimiter!r}" if raw.delimiter else raw.encoding or "workbook"
        cells = raw.cells
    delivery = Delivery(study, partner, source, cells)
    delivery.note_column("", "how the file was read", "known", told=told)
    return delivery
