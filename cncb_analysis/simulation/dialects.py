"""How each partner's tool writes a table: headings, values, ticks, decimal sign, encoding, container."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cncb_analysis.codebook import Codebook, Variable

# The day on which every delivery was saved; no clock decides about the bytes.
_SAVED = datetime.datetime(2011, 7, 1, 12, 0, 0)
_NOTICE = "SYNTHETIC example data: no person, firm or cluster in it exists."


@dataclass(frozen=True)
class Dialect:
    """One way to export a table.

    Parameters
    ----------
    suffix : str
        csv, txt or xlsx.
    headings : str
        code ("name[option]"), text ("name[option]. Label [Option]"), slash, underscore or label.
    labels : bool
        Whether answers are written as labels in the partner's language; else as codes.
    ticks : tuple of str
        What a ticked and an unticked box hold.
    joined : str
        Sign that joins the answers of a multiple choice in one cell; empty = a column an answer.
    ranked : str
        The same for rankings, best first; empty = a column a place.
    encoding, delimiter, decimal, newline : str
        Of delimited text; the decimal sign also of texts in workbooks.
    quote_all : bool
        Whether every cell stands in quotes.
    """

    suffix: str = "csv"
    headings: str = "code"
    labels: bool = False
    ticks: tuple[str, str] = ("1", "0")
    joined: str = ""
    ranked: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    newline: str = "\n"
    quote_all: bool = False


DIALECTS: Mapping[str, Dialect] = {
    # LimeSurvey: question code and text, full answers
    "upper_austria": Dialect(headings="text", labels=True, ticks=("Ja", "Nein"), quote_all=True),
    # opened in Excel and saved as CSV on a Czech machine
    "plzen": Dialect(labels=True, ticks=("Ano", "Ne"), encoding="cp1250", delimiter=";", decimal=",", newline="\r\n"),
    # Kobo (XLSForm): codes, a column an answer, rankings in one cell
    "pecs": Dialect(headings="slash", delimiter=";", decimal=",", ranked=" ", quote_all=True),
    # LimeSurvey: answer codes, with the byte order mark that Excel wants
    "veneto": Dialect(ticks=("Y", ""), encoding="utf-8-sig", delimiter=";", quote_all=True),
    "milan": Dialect(headings="text", labels=True, ticks=("Sì", "No"), encoding="utf-8-sig", quote_all=True),
    # a workbook with the questions as headings
    "podkarpackie": Dialect(suffix="xlsx", headings="label", labels=True, ticks=("Tak", "Nie"), decimal=","),
    # tab-separated, as statistics programs write it
    "silesia": Dialect(suffix="txt", headings="underscore", delimiter="\t", decimal=","),
    "bratislava": Dialect(
        headings="text",
        labels=True,
        ticks=("Áno", "Nie"),
        encoding="cp1250",
        delimiter=";",
        decimal=",",
        newline="\r\n",
    ),
    # the partner's own workbook
    "banska_bystrica": Dialect(suffix="xlsx"),
    # EUSurvey's way: all answers of a multiple choice in one cell
    "pomurje": Dialect(
        headings="label",
        labels=True,
        joined=";",
        ranked=";",
        encoding="cp1250",
        delimiter=";",
        decimal=",",
        newline="\r\n",
    ),
}


@dataclass(frozen=True)
class Column:
    """One column of a delivery.

    Parameters
    ----------
    heading : str
        As written.
    variable : Variable
        What it answers.
    part : str
        Option of a multiple choice, place of a ranking, "" for the whole answer.
    """

    heading: str
    variable: Variable
    part: str = ""


def make_columns(
    variables: Iterable[Variable], dialect: Dialect, book: Codebook, language: str, typed: frozenset[str] = frozenset()
) -> list[Column]:
    """List the columns that a tool gives the questions.

    Parameters
    ----------
    variables : iterable of Variable
        What was asked.
    dialect : Dialect
        The tool.
    book : Codebook
        For options and labels.
    language : str
        Of the labels.
    typed : frozenset of str
        Variables whose option `other` is a box to type in even where options are joined in one cell.

    Returns
    -------
    list of Column
        In order.
    """
    columns = []
    for variable in variables:
        parts: list[str] = [""]
        if variable.kind == "multiple" and not dialect.joined:
            parts = [choice.name for choice in book.options(variable)]
        elif variable.kind == "rank" and not dialect.ranked:
            parts = ["1", "2", "3"]
        elif variable.kind == "multiple" and variable.name in typed:
            parts = ["", "other"]
        columns += [Column(_write_heading(variable, part, dialect, book, language), variable, part) for part in parts]
    return columns


def _write_heading(variable: Variable, part: str, dialect: Dialect, book: Codebook, language: str) -> str:
    label = book.label(variable.name, language)
    shown = book.choice_label(variable.name, part, language)
    if dialect.headings == "label":
        return f"{label} [{shown}]" if part else label
    if dialect.headings in ("slash", "underscore"):
        return variable.name + ({"slash": "/", "underscore": "_"}[dialect.headings] + part if part else "")
    code = f"{variable.name}[{part}]" if part else variable.name
    # LimeSurvey asks a battery as one array: array code, then the row in brackets.
    if variable.item and variable.name.endswith(f"_{variable.item}") and not part:
        code = f"{variable.name.removesuffix(f'_{variable.item}')}[{variable.item}]"
    if dialect.headings == "code":
        return code
    return f"{code}. {label} [{shown}]" if part else f"{code}. {label}"


def render_rows(
    records: pd.DataFrame, columns: Sequence[Column], dialect: Dialect, book: Codebook, language: str
) -> pd.DataFrame:
    """Write answers as the tool does.

    Parameters
    ----------
    records : DataFrame
        A column a variable: codes, tuples of codes, numbers, texts; None or NaN where there is no answer.
        A column `typed` may hold what was typed under `other` of cm_edu_field.
    columns : sequence of Column
        What to write.
    dialect : Dialect
        The tool.
    book : Codebook
        For labels.
    language : str
        Of the labels.

    Returns
    -------
    DataFrame of str
        A column a heading.
    """
    label: Callable[[Variable, str], str] = (
        (lambda variable, code: book.choice_label(variable.name, code, language))
        if dialect.labels
        else (lambda variable, code: code)
    )
    written = {}
    for column in columns:
        answers = records[column.variable.name] if column.variable.name in records else pd.Series(None, records.index)
        cells = [_write_cell(answer, column, dialect, label) for answer in answers]
        if column.part == "other" and "typed" in records:
            # A box to type in: the text stands where the tick would, and nothing where nothing was typed.
            cells = records["typed"].fillna("").to_list()
        written[column.heading] = cells
    return pd.DataFrame(written, index=records.index, dtype=str)


def _write_cell(answer: Any, column: Column, dialect: Dialect, label: Callable[[Variable, str], str]) -> str:
    kind = column.variable.kind
    if answer is None or (isinstance(answer, float) and pd.isna(answer)):
        return ""
    if kind == "multiple":
        if column.part:
            return dialect.ticks[0] if column.part in answer else dialect.ticks[1]
        return dialect.joined.join(label(column.variable, code) for code in answer)
    if kind == "rank":
        if column.part:
            place = int(column.part) - 1
            return label(column.variable, answer[place]) if place < len(answer) else ""
        return dialect.ranked.join(label(column.variable, code) for code in answer)
    if kind in ("number", "allocation"):
        return f"{float(answer):g}".replace(".", dialect.decimal)
    return label(column.variable, str(answer)) if kind in ("single", "ordinal") else str(answer)


def encode_table(table: pd.DataFrame, dialect: Dialect, *, title: str, extra_sheet: Sequence[str] = ()) -> bytes:
    """Save a table as the tool does.

    Parameters
    ----------
    table : DataFrame of str
        Headings and cells.
    dialect : Dialect
        The tool.
    title : str
        Of a workbook's first sheet.
    extra_sheet : sequence of str
        Lines of a second sheet, as people add them.

    Returns
    -------
    bytes
        The same for the same table.
    """
    rows = [list(table.columns), *table.to_numpy().tolist()]
    if dialect.suffix == "xlsx":
        return _encode_workbook(rows, title, extra_sheet)
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer,
        delimiter=dialect.delimiter,
        lineterminator=dialect.newline,
        quoting=csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerows(rows)
    return buffer.getvalue().encode(dialect.encoding)


def _encode_workbook(rows: list[list[str]], title: str, extra_sheet: Sequence[str]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row, start=1):
            if text:
                sheet.cell(number, place, text if number == 1 else _type_cell(text))
    for name, lines in (("Notes", extra_sheet),) if extra_sheet else ():
        notes = book.create_sheet(name)
        for line in lines:
            notes.append([line])
    book.properties.creator = "cncb simulate"
    book.properties.title, book.properties.description = "SYNTHETIC", _NOTICE
    book.properties.created = _SAVED
    buffer = io.BytesIO()
    book.save(buffer)
    return _repack(buffer.getvalue())


def _type_cell(text: str) -> str | int | float | datetime.date:
    """Whole numbers become number cells and dates date cells, as when people type them; the rest stays text."""
    if re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return datetime.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text


def _repack(data: bytes) -> bytes:
    """The same workbook without the time of saving, inside and in the archive."""
    buffer = io.BytesIO()
    saved = _SAVED.strftime("%Y-%m-%dT%H:%M:%SZ")
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + saved.encode(), content)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(entry, content)
    return buffer.getvalue()
