"""Display tables: caption, headings, base and source always; as HTML for pages, as sheets for Excel."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from cncb_analysis.store import pack_zip, write_bytes

# A cell that reads as a number or as the sign of a missing one: aligned right, so that digits stand below digits.
_NUMERIC = re.compile(r"[+−–<≤≥-]?\s?[\d.,  ]*\d.*|[–·]?")
_WIDE = 4
_SHEET_NAME = 28
_MOMENT = re.compile(rb"(W3CDTF\">)[^<]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Cell = str | float


@dataclass(frozen=True, repr=False)
class DisplayTable:
    """A table as a reader sees it.

    Parameters
    ----------
    caption : str
        What it shows.
    columns : tuple of str
        Headings; none empty.
    rows : tuple of tuple of str
        Display text; the first cell names the row.
    base, source : str
        Who or what is counted; where the numbers come from.
    total : bool
        Whether the last row is the pooled one.
    numbers : tuple of tuple of (str or float), optional
        The same as plain numbers, heading first: written below the table in Excel.

    Examples
    --------
    >>> table = DisplayTable("Staff", ("Group", "n"), (("Milan", "12"),), base="clusters that answered")
    >>> table.to_sheet()[0]
    ['Staff']
    >>> '<th scope="row">Milan</th><td>12</td>' in table._repr_html_()
    True
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    base: str = ""
    source: str = ""
    total: bool = False
    numbers: tuple[tuple[Cell, ...], ...] = ()

    def __repr__(self) -> str:
        return f"<table: {self.caption}, {len(self.rows)} rows>"

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns are aligned right: those whose every cell reads as a number or is missing."""
        texts = [[row[place] for row in self.rows] for place in range(1, len(self.columns))]
        return (False, *(bool(cells) and all(map(_NUMERIC.fullmatch, cells)) for cells in texts))

    def _repr_html_(self) -> str:
        """Write the table with caption and header scope; a wide one scrolls in a box that the keyboard reaches."""
        # Where most columns are texts, as where most cells are hidden, the table says so once and marks the others.
        wordy = 2 * sum(self.numeric) < len(self.columns)
        mark = ' class="number"' if wordy else ' class="text"'
        marks = [mark if number == wordy else "" for number in self.numeric]
        named = zip(marks, self.columns, strict=True)
        heads = "".join(f'<th scope="col"{mark}>{escape(name)}</th>' for mark, name in named)
        body, caption = "", escape(self.caption)
        for place, (name, *cells) in enumerate(self.rows, start=1):
            pooled = ' class="total"' if self.total and place == len(self.rows) else ""
            told = "".join(f"<td{mark}>{escape(cell)}</td>" for mark, cell in zip(marks[1:], cells, strict=True))
            body += f'<tr{pooled}><th scope="row">{escape(name)}</th>{told}</tr>'
        head = f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        start = '<table class="text">' if wordy else "<table>"
        html = f"{start}{head}<tbody>{body}</tbody></table>"
        if len(self.columns) > _WIDE:
            html = f'<section class="scroll" tabindex="0" aria-label="{caption}">{html}</section>'
        return html + self._write_note()

    def _write_note(self) -> str:
        note = escape(" ".join(filter(None, (self.base, self.source))))
        return f'<p class="note">{note}</p>' if note else ""

    def to_sheet(self) -> list[list[Cell]]:
        """Lay the table out for a spreadsheet.

        Returns
        -------
        list of list
            Caption, headings, rows, base, source; then the numbers behind it, where there are any.
        """
        notes = [(line,) for line in (self.base, self.source) if line]
        numbers = [(), *self.numbers] if self.numbers else []
        return [list(line) for line in ((self.caption,), (), self.columns, *self.rows, (), *notes, *numbers)]


class Cards(DisplayTable):
    """A table whose rows are shown as cards, one below the other; in a workbook it is a table like any.

    Examples
    --------
    >>> Cards("Measures", ("measure", "who"), (("R & D", "A < B"),))._repr_html_()
    '<section class="card"><h3>R &amp; D</h3><dl><div><dt>who</dt><dd>A &lt; B</dd></div></dl></section>'
    """

    def _repr_html_(self) -> str:
        """Write a section a row: the first cell its heading, the others label and value."""
        html = ""
        for name, *cells in self.rows:
            pairs = zip(map(escape, self.columns[1:]), map(escape, cells), strict=True)
            told = "".join(f"<div><dt>{label}</dt><dd>{cell}</dd></div>" for label, cell in pairs)
            html += f'<section class="card"><h3>{escape(name)}</h3><dl>{told}</dl></section>'
        return html + self._write_note()


def write_workbook(path: Path, tables: Sequence[DisplayTable]) -> None:
    """Write an Excel workbook, a sheet a table; same tables, same bytes.

    Parameters
    ----------
    path : Path
        Where to.
    tables : sequence of DisplayTable
        At least one.
    """
    write_sheets(path, [(table.caption, table.to_sheet()) for table in tables], heads=(1, 3))


def write_sheets(
    path: Path, sheets: Iterable[tuple[str, Sequence[Sequence[Cell]]]], *, heads: tuple[int, ...] = (1,)
) -> None:
    """Write an Excel workbook from lines of cells; same cells, same bytes.

    Every text is stored as text, so that nothing in it can run as a formula.

    Parameters
    ----------
    path : Path
        Where to.
    sheets : iterable of (str, sequence of sequence)
        Name and lines of each, at least one; an empty text or NaN leaves its cell empty.
    heads : tuple of int
        Lines in bold; the last is the heading of the columns, and it and all above stay in sight.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book, bold = Workbook(), Font(bold=True)
    head, above = (Alignment(wrap_text=wrapped, vertical="top") for wrapped in (True, False))
    book.remove(book.active)
    for name, lines in sheets:
        sheet = book.create_sheet(_name_sheet(name))
        for line, values in enumerate(lines, start=1):
            filled = [pair for pair in enumerate(values, start=1) if pair[1] == pair[1] != ""]
            for column, value in filled:
                cell = sheet.cell(line, column, _CONTROL.sub("", value) if isinstance(value, str) else value)
                if isinstance(value, str):
                    cell.data_type = "s"
                if line in heads:
                    cell.font, cell.alignment = bold, head if line == heads[-1] else above
        sheet.column_dimensions["A"].width = 38
        sheet.freeze_panes = f"B{heads[-1] + 1}"
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    # openpyxl stamps the moment of saving into the properties.
    members["docProps/core.xml"] = _MOMENT.sub(rb"\g<1>2000-01-01T00:00:00Z", members["docProps/core.xml"])
    write_bytes(path, pack_zip(members))


def _name_sheet(caption: str) -> str:
    """Excel allows 31 letters, some of them never; openpyxl puts a number behind a name that is taken."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", _CONTROL.sub("", caption))[:_SHEET_NAME]
    return plain.strip(" '") or "Table"
