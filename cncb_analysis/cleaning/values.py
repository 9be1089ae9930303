"""What a raw cell means: repaired text, a number by the partner's locale, an answer's code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.tables import CellLog
from cncb_analysis.codebook import Choice

__all__ = ["NO", "YES", "fold_text", "index_choices", "parse_number", "repair_column"]

_YES_WORDS = "y yes 1 true x ja sì si tak ano áno da igen selected checked ✓"
YES = frozenset(_YES_WORDS.split())
NO = frozenset(["n", "no", "0", "false", "nein", "nie", "ne", "nem", "not selected", "unchecked"])

_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("invisible character", re.compile("[\ufeff\u200b\u200c\u200d\u2060\u00ad]"), ""),
    ("no-break space", re.compile("[\u00a0\u202f\u2007\u2009]"), " "),
    ("line break inside a cell", re.compile(r"\s*[\r\n\v\f\u2028]+\s*(?=\S)"), " "),
    ("space around the text", re.compile(r"^\s+|\s+$"), ""),
)
_SIGNS = str.maketrans({"–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"'})
_UNITS = re.compile(r"(?i)^\s*(?:€|eur)\s*|\s*(?:€|euros?|eur|%|kč|czk|zł|pln|ft|huf|fte)\.?\s*$")
_RANGE = re.compile(r"\d\D*(?:-|/|\bto\b|\bbis\b|\baž\b|\bdo\b|\bfino a\b)\D*\d")


def repair_column(cells: pd.Series, log: CellLog) -> pd.Series:
    """Take out what no eye sees: byte order marks, no-break and zero-width characters, spaces round the text.

    Parameters
    ----------
    cells : Series
        Raw texts.
    log : CellLog
        Each changed cell is noted.

    Returns
    -------
    Series
        Repaired texts.
    """
    places, texts = pd.factorize(cells)
    taken = np.array(texts, dtype=object)
    rules = np.full(len(texts), "", dtype=object)
    for number in range(len(texts)):
        for rule, pattern, put in _RULES:
            new = pattern.sub(put, taken[number])
            if new != taken[number]:
                rules[number], taken[number] = rules[number] or rule, new
    repaired = pd.Series(taken[places] if len(taken) else "", cells.index, dtype=object, name=cells.name)
    for rule in set(rules) - {""}:
        rows = rules[places] == rule
        log.note(cells[rows], rule, "repaired", value=repaired[rows].to_numpy())
    return repaired


def fold_text(text: str) -> str:
    """Form of a text in which spellings of one label agree: capitals, spaces, dashes and quotes do not matter.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Only for comparing.

    Examples
    --------
    >>> fold_text("40 – 55  Years")
    '40-55 years'
    """
    plain = unicodedata.normalize("NFC", text).translate(_SIGNS).casefold()
    return re.sub(r"\s*-\s*", "-", " ".join(plain.split()))


def index_choices(choices: Iterable[Choice]) -> tuple[dict[str, str], set[str]]:
    """Everything that may stand for an answer: its code, its label in any language, both together.

    Parameters
    ----------
    choices : iterable of Choice
        One list.

    Returns
    -------
    dict of str to str
        Folded text to code; a label that two answers share is in it only if it is the code of one.
    set of str
        The texts as declared: any other spelling is repaired.
    """
    block = tuple(choices)
    found: dict[str, set[str]] = {}
    exact = {choice.name for choice in block}
    for choice in block:
        for label in choice.labels.values():
            for text in (label, *(f"{choice.name}{sign}{label}" for sign in (". ", " - ", ": ", " "))):
                found.setdefault(fold_text(text), set()).add(choice.name)
                exact.add(text)
    single = {text: next(iter(codes)) for text, codes in found.items() if len(codes) == 1}
    return single | {fold_text(choice.name): choice.name for choice in block}, exact


def parse_number(text: str, decimal: str) -> tuple[float, str]:
    """Read a number as its writer meant it, or say why it cannot be known.

    Parameters
    ----------
    text : str
        Repaired text, not blank.
    decimal : str
        Decimal sign of the writer's locale, "," or ".".

    Returns
    -------
    value : float
        NaN when refused.
    rule : str
        Empty when taken as it stands, "decimal comma" or "unit left out" when repaired, else the reason for refusing.

    Examples
    --------
    >>> parse_number("1.234,5", ","), parse_number("12.5", ",")
    ((1234.5, 'decimal comma'), (12.5, ''))
    >>> parse_number("1.234", ",")
    (nan, 'one thousand or one point two: ambiguous')
    """
    bare = _UNITS.sub("", text)
    rule = "unit left out" if bare != text else "decimal comma" if "," in text else ""
    other = "." if decimal == "," else ","
    d, o = re.escape(decimal), re.escape(other)
    if re.fullmatch(rf"[-+]?[1-9]\d{{0,2}}{o}\d{{3}}", bare):
        return float("nan"), "one thousand or one point two: ambiguous"
    if re.fullmatch(r"[-+]?\d+(?:[.,]\d+)?", bare):
        return float(bare.replace(",", ".")), rule
    if re.fullmatch(rf"[-+]?\d{{1,3}}(?:(?:{o}\d{{3}})+|(?:[ ']\d{{3}})+)(?:{d}\d+)?", bare):
        return float(re.sub(rf"[ '{o}]", "", bare).replace(",", ".")), rule
    if _RANGE.search(bare):
        return float("nan"), "a range, not a number"
    return float("nan"), "a number with words" if re.search(r"\d", bare) else "not a number"
