"""Lines that a survey tool writes above the heading, and its own marks inside cells."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from itertools import zip_longest

__all__ = ["cut_preamble"]

Line = tuple[int, list[str]]

_VV_COLUMNS = {"id", "submitdate", "lastpage"}
_VV_SIGNS = {"newline": "\n", "cr": "\r", "tab": "\t", "quote": '"', "lbrace": "{"}
_VV_MARK = re.compile(r"\{(newline|cr|tab|quote|lbrace)\}")
_EU_MARK = re.compile(r" ?\(ID\d+\)(?=;|$)")
_EU_DATE = re.compile(r"\b(?:up)?date\b", re.IGNORECASE)
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_DAY_ZERO = datetime.date(1899, 12, 30)


def cut_preamble(lines: Sequence[Line]) -> list[Line]:
    """Cut what stands above the heading of LimeSurvey's VV files and EUSurvey's workbooks; others stay as they are.

    Parameters
    ----------
    lines : sequence of (int, list of str)
        Number in the file and cells of each filled line.

    Returns
    -------
    list of (int, list of str)
        The heading first. VV: the line of codes, signs that it writes out ({newline}, {tab}, …) put back;
        {question_not_shown} stays. EUSurvey: answers without its "(ID76)", serial numbers of days as 2011-07-11.

    Examples
    --------
    >>> told = [(1, ["Alias", "survey"]), (2, ["Export Date", "45000"]), (4, ["Type (ID1)", "Creation Date"])]
    >>> cut_preamble([*told, (5, ["SME (ID76);Large (ID77)", "45000.5"])])
    [(4, ['Type', 'Creation Date']), (5, ['SME;Large', '2023-03-15'])]
    """
    first, second = ([cell.strip() for cell in row] for _, row in [*lines, (0, []), (0, [])][:2])
    if set(second) >= _VV_COLUMNS:
        return [
            (line, [_VV_MARK.sub(lambda mark: _VV_SIGNS[mark[1]], cell) for cell in row]) for line, row in lines[1:]
        ]
    if first[:1] == ["Alias"] and second[:1] == ["Export Date"]:
        heads = [head for _, row in lines[2:3] for head in row]
        return [(line, [_spell(*pair) for pair in zip_longest(row, heads, fillvalue="")]) for line, row in lines[2:]]
    return list(lines)


def _spell(cell: str, head: str) -> str:
    serial = _SERIAL.fullmatch(cell) if _EU_DATE.search(head) else None
    return str(_DAY_ZERO + datetime.timedelta(days=int(serial[1]))) if serial else _EU_MARK.sub("", cell)
