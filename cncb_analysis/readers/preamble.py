"""Lines that a survey tool writes above the heading, and its own marks inside cells."""

from __future__ import annotations

import datetime
import re
from functools import partial

import pandas as pd

__all__ = ["cut_preamble"]


_VV_COLUMNS = {"id", "submitdate", "lastpage"}
_VV_SIGNS = {"newline": "\n", "cr": "\r", "tab": "\t", "quote": '"', "lbrace": "{"}
_VV_MARK = re.compile(r"\{(newline|cr|tab|quote|lbrace)\}")
_EU_MARK = re.compile(r" ?\(ID\d+\)(?=;|$)")
_EU_DATE = re.compile(r"\b(?:up)?date\b", re.IGNORECASE)
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_DAY_ZERO = datetime.date(1899, 12, 30)


def cut_preamble(lines: pd.DataFrame) -> pd.DataFrame:
    """Cut what stands above the heading of LimeSurvey's VV files and EUSurvey's workbooks; others stay as they are.

    Parameters
    ----------
    lines : DataFrame
        Cells of each filled line by its number in the file.

    Returns
    -------
    DataFrame
        The heading first. VV: the line of codes, signs that it writes out ({newline}, {tab}, …) put back;
        {question_not_shown} stays. EUSurvey: answers without its "(ID76)", serial numbers of days as 2011-07-11.

    Examples
    --------
    >>> told = [["Alias", "survey"], ["Export Date", "45000"], ["Type (ID1)", "Creation Date"]]
    >>> cut_preamble(pd.DataFrame([*told, ["SME (ID76);Large (ID77)", "45000.5"]])).to_numpy().tolist()
    [['Type', 'Creation Date'], ['SME;Large', '2023-03-15']]
    """
    above = [[cell.strip() for cell in row] for row in lines.iloc[:2].to_numpy().tolist()]
    if len(above) > 1 and set(above[1]) >= _VV_COLUMNS:
        return lines.iloc[1:].map(lambda cell: _VV_MARK.sub(lambda mark: _VV_SIGNS[mark[1]], cell))
    if [row[0] for row in above] == ["Alias", "Export Date"]:
        heads = lines.iloc[2:3].to_numpy().ravel()
        told = {
            name: lines[name].iloc[2:].map(partial(_spell, head=head)) for name, head in zip(lines, heads, strict=False)
        }
        return pd.DataFrame(told)
    return lines


def _spell(cell: str, head: str) -> str:
    serial = _SERIAL.fullmatch(cell) if _EU_DATE.search(head) else None
    return str(_DAY_ZERO + datetime.timedelta(days=int(serial[1]))) if serial else _EU_MARK.sub("", cell)
