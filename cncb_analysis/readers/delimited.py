"""Delimited text: find the encoding and the delimiter, say which, refuse what is no table."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.raw import RawTable, make_raw_table

__all__ = ["read_delimited"]

_DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Letters beyond ASCII that texts of a language use; what a wrong code page makes of them are mostly signs.
_LETTERS = {
    "it": "àèéìòù",
    "de": "äöüß",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšžćđ",
    "hu": "áéíóöőúüű",
}
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SAMPLE = 60


def read_delimited(data: bytes, *, file: str, language: str = "") -> RawTable:
    """Read delimited text.

    Parameters
    ----------
    data : bytes
        The file.
    file : str
        Its name.
    language : str
        Language of its texts.

    Returns
    -------
    RawTable
        With the encoding and the delimiter found.

    Raises
    ------
    StudyError
        When it is empty, not text, or has one column only.
    """
    text, encoding = _decode(data, file, language)
    first = 1
    told = re.match(r"sep=(.)\r?\n", text)
    if told:  # Excel's own way to say it; the line counts as a row of the file
        text, first = text[told.end() :], 2
    delimiter = told[1] if told else _find_delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (csv.Error, TypeError) as error:
        raise StudyError(f"cannot be read as a table ({error})", file=file, remedy="export it again as CSV") from None
    return make_raw_table(rows, file=file, first=first, encoding=encoding, delimiter=delimiter)


def _decode(data: bytes, file: str, language: str) -> tuple[str, str]:
    """Text of the bytes: by their mark, else strict UTF-8, else the code page that gives the language's letters."""
    marked = [encoding for mark, encoding in _MARKS if data.startswith(mark)]
    decoded = {}
    for encoding in marked or ("utf-8", "cp1252", "cp1250"):
        try:
            decoded[encoding] = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8":
            break
    if not decoded:
        raise StudyError("is not readable text", file=file, remedy="export it again as CSV in UTF-8")
    letters = set(_LETTERS.get(language, "".join(_LETTERS.values())))
    encoding = max(decoded, key=lambda name: _count_letters(decoded[name], letters))
    text = decoded[encoding]
    if len(_CONTROLS.findall(text)) > len(text) / 1000:
        raise StudyError("is no text file", file=file, remedy="deliver a CSV or Excel file")
    return text, encoding


def _count_letters(text: str, letters: set[str]) -> int:
    return sum(
        count * (1 if letter.lower() in letters else -1) for letter, count in Counter(text).items() if letter > "\x7f"
    )


def _find_delimiter(text: str) -> str:
    """Find what parts the cells: the sign that gives many columns and the same number in every row."""

    def score(delimiter: str) -> float:
        try:
            sample = itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _SAMPLE)
            widths = [len(row) for row in sample if row]
        except csv.Error:
            return 0.0
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 1)
        return (width - 1) * (count / max(len(widths), 1)) ** 2

    return max(_DELIMITERS, key=score)
