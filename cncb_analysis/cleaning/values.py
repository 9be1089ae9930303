"""What a raw cell means: repaired text, a number by the partner's locale, an answer's code."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from cncb_analysis.codebook import Choice
from cncb_analysis.store import read_table

T = TypeVar("T")

_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("invisible character", re.compile("[\ufeff\u200b\u200c\u200d\u2060\u00ad]"), ""),
    ("no-break space", re.compile("[\u00a0\u202f\u2007\u2009]"), " "),
    ("line break inside a cell", re.compile(r"\s*[\r\n\v\f\u2028]+\s*(?=\S)"), " "),
    ("space around the text", re.compile(r"^\s+|\s+$"), ""),
)
_SIGNS = str.maketrans({"–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"'})
_UNITS = re.compile(r"(?i)^\s*(?:€|eur)\s*|\s*(?:€|euros?|eur|%|kč|czk|zł|pln|ft|huf|fte)\.?\s*$")
_ABOUT = re.compile(
    r"(?i)^\s*(?:~|≈|(?:ca|cca|circa|etwa|ungefähr|about|approx|około|ok|okolo|asi|približno|pribl|kb|körülbelül)\b\.?)\s*(?=[\d€])"
)
_DAY = re.compile(r"(\d{1,4})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(\d{1,4})\.?(?:[T ]\s*\d\d:\d\d.*)?")
_RANGE = re.compile(r"\d\D*(?:-|/|\bto\b|\bbis\b|\baž\b|\bdo\b|\bfino a\b)\D*\d")


def repair_text(text: str) -> tuple[str, str]:
    """Take out what no eye sees: byte order marks, no-break and zero-width characters, spaces round the text.

    Parameters
    ----------
    text : str
        As delivered.

    Returns
    -------
    str
        Repaired text.
    str
        The first rule that changed it; empty for none.

    Examples
    --------
    >>> repair_text(" 2\u00a0500 ")
    ('2 500', 'no-break space')
    """
    found = ""
    # Nearly every cell: of all spaces only the plain one is printable, and no invisible character is.
    if text.isprintable() and text == text.strip():
        return text, found
    for rule, pattern, put in _RULES:
        new = pattern.sub(put, text)
        found, text = found or rule * (new != text), new
    return text, found


@cache
def read_synonyms(kind: str) -> dict[str, str]:
    """Words that mean the same in every study, as synonyms.csv declares them.

    Parameters
    ----------
    kind : str
        tool (columns that survey tools add), column (of tables of codings), tick, or coder.

    Returns
    -------
    dict of str to str
        Folded text to meaning.
    """
    table = read_table(Path(__file__).with_name("synonyms.csv"))
    own = table[table["kind"] == kind]
    return dict(zip(own["text"], own["meaning"], strict=True))


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


def index_unique(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """What each text stands for; a text that stands for several things is left out.

    Parameters
    ----------
    pairs : iterable of (str, object)
        Text, and one thing that it stands for.

    Returns
    -------
    dict of str to object
        Only where there is no doubt.

    Examples
    --------
    >>> index_unique([("yes", 1), ("si", 1), ("si", 2), ("yes", 1)])
    {'yes': 1}
    """
    found: dict[str, set[T]] = {}
    for text, thing in pairs:
        found.setdefault(text, set()).add(thing)
    return {text: next(iter(things)) for text, things in found.items() if len(things) == 1}


def spell_choice(choice: Choice) -> set[str]:
    """Everything that may stand for an answer: its code, its label in any language, both together.

    Parameters
    ----------
    choice : Choice
        The answer.

    Returns
    -------
    set of str
        Any other spelling is repaired.
    """
    signs = ("", f"{choice.name}. ", f"{choice.name} - ", f"{choice.name}: ", f"{choice.name} ")
    return {choice.name, *(sign + label for label in choice.labels.values() for sign in signs)}


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
    whole = _ABOUT.sub("", text)
    bare = _UNITS.sub("", whole)
    rule = "about" if whole != text else "unit left out" if bare != text else "decimal comma" if "," in text else ""
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


def parse_date(text: str, locale: str) -> tuple[str, str]:
    """Read a day as its writer meant it, or say why it cannot be known.

    Parameters
    ----------
    text : str
        As delivered; a time of day behind it is left out.
    locale : str
        The partner's: says whether the day or the month comes first.

    Returns
    -------
    str
        The day as ISO 8601 writes it; empty where it cannot be known.
    str
        The rule that was used, or the reason.

    Examples
    --------
    >>> parse_date("3.4.2011", "de_AT")
    ('2011-04-03', 'written as a plain day')
    >>> parse_date("03/04/11", "it_IT")
    ('', 'which part is the year: ambiguous')
    """
    from babel.dates import get_date_format

    found = _DAY.fullmatch(text.strip())
    if not found:
        return "", "not a day"
    parts = list(found.groups())
    if len(parts[0]) == 4:
        order, rule = "ymd", "" if text == "-".join(parts) else "written as a plain day"
    else:
        pattern = str(get_date_format("short", locale=locale).pattern).lower()
        order, rule = ("mdy" if pattern.index("m") < pattern.index("d") else "dmy"), "written as a plain day"
    year, month, day = (parts[order.index(part)] for part in "ymd")
    if len(year) != 4:
        return "", "which part is the year: ambiguous"
    try:
        return date(int(year), int(month), int(day)).isoformat(), rule
    except ValueError:
        return "", "no such day"
