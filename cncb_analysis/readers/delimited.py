"""Delimited text: find the encoding and the delimiter, refuse what is no text."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cncb_analysis.errors import StudyError
from cncb_analysis.store import read_settings

_DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SAMPLE = 60
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def decode_text(data: bytes, *, file: str, language: str = "") -> tuple[str, str]:
    """Text of some bytes: by their mark, else strict UTF-8, else the code page that gives the language's letters.

    Parameters
    ----------
    data : bytes
        The file.
    file : str
        Its name.
    language : str
        Language of its texts; empty = any.

    Returns
    -------
    str
        The text.
    str
        The encoding found.

    Raises
    ------
    StudyError
        When it is not text.
    """
    marked = [encoding for mark, encoding in _MARKS if data.startswith(mark)]
    decoded = {}
    for encoding in marked or ("utf-8", "cp1252", "cp1250"):
        try:
            decoded[encoding] = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8":
            break
    letters = _read_letters()
    own = set(letters.get(language, "".join(letters.values())))
    # Scoring looks at every letter: a text that reads in one way only need not be scored.
    best = max(decoded, key=lambda name: _count_letters(decoded[name], own)) if len(decoded) > 1 else ""
    encoding = best or next(iter(decoded), "")
    text = decoded.get(encoding, "")
    if not encoding or len(_CONTROLS.findall(text)) > len(text) / 1000:
        raise StudyError("is not readable text", file=file, remedy="export it again as CSV in UTF-8, or as .xlsx")
    return text, encoding


@cache
def _read_letters() -> dict[str, str]:
    """Letters beyond ASCII that texts of a language use; what a wrong code page makes of them are mostly signs."""
    return read_settings(Path(__file__).with_name("letters.toml"))


def _count_letters(text: str, letters: set[str]) -> int:
    counts = Counter(letter.lower() for letter in text if letter > "\x7f")
    return sum(count if letter in letters else -count for letter, count in counts.items())


def _split_lines(text: str) -> Iterator[str]:
    """Lines with their ends, one at a time: a large file is not held twice."""
    return (match[0] for match in _LINE.finditer(text))


def find_delimiter(text: str) -> str:
    r"""Find what parts the cells: the sign that gives many columns and the same number in every row.

    Parameters
    ----------
    text : str
        Delimited text.

    Returns
    -------
    str
        A comma, semicolon, tab or bar.

    Examples
    --------
    >>> find_delimiter("a;b, or c;d\n1;2,5;3\n")
    ';'
    """

    def score(delimiter: str) -> float:
        sample = itertools.islice(csv.reader(_split_lines(text), delimiter=delimiter), _SAMPLE)
        try:
            widths = [len(row) for row in sample if row]
        except csv.Error:  # a wrong sign may make one cell of half the file
            return 0.0
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 1)
        return (width - 1) * (count / max(len(widths), 1)) ** 2

    return max(_DELIMITERS, key=score)


def split_rows(text: str, delimiter: str, *, file: str) -> list[list[str]]:
    """Split a text into rows of cells.

    Parameters
    ----------
    text, delimiter : str
        Delimited text, and what parts its cells.
    file : str
        Its name.

    Returns
    -------
    list of list of str
        Line breaks stay inside quoted cells.

    Raises
    ------
    StudyError
        When quotes do not close or a cell is endless.
    """
    try:
        return list(csv.reader(_split_lines(text), delimiter=delimiter))
    except csv.Error as error:
        said = f"cannot be read as a table ({error})"
        raise StudyError(said, file=file, remedy="export it again as CSV") from None
