"""What was asked, as survey tools declare it: codebook tables in XLSForm's columns."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.routing import is_routing
from cncb_analysis.store import read_settings

Sheets = Mapping[str, Sequence[Sequence[str]]]

_MARKUP = re.compile(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->|</?[a-z][^>]*>")
_INLINE = re.compile(r"(?i)</?(?:a|b|em|font|i|span|strong|su[bp]|u)\b[^>]*>")
_SELECT = re.compile(r"(select[ _].*?|select1|rank)(?: from)?\s+(\S+)(\s+or[ _](?:specify[ _])?other)?")


@dataclass(frozen=True)
class Structure:
    """Questions and answers that a survey tool declares.

    Parameters
    ----------
    survey : DataFrame
        type, name, label::…, relevant, battery, item as in survey.csv, a row a question; `relevant` is `unknown` where
        the routing cannot be carried over.
    choices : DataFrame
        list_name, name, label::…, order, missing as in choices.csv.
    unread : tuple of str
        What a person has to look at: types and routing that are not carried over, one line each.
    """

    survey: pd.DataFrame
    choices: pd.DataFrame
    unread: tuple[str, ...] = ()


def make_structure(
    survey: Sequence[dict[str, Any]], choices: Sequence[dict[str, Any]], unread: Iterable[str]
) -> Structure:
    """Put together what a format's reader found.

    Parameters
    ----------
    survey, choices : sequence of dict
        Cells by column; `labels`: text by language, "" where the language is not known, markup is taken out;
        `relevant`: the routing of the question and of each group it is in. A name that stands twice counts once.
    unread : iterable of str
        What the reader could not carry over.

    Returns
    -------
    Structure
        Text cells; a language variant such as de-informal stands for the language where that is lacking.

    Examples
    --------
    >>> member = {"type": "select_one yes_no", "name": "member", "labels": {"de-informal": "Bist du <b>dabei</b>?"}}
    >>> years = {"type": "integer", "name": "years", "labels": {}, "relevant": ["", "(${member} = 'Y')"]}
    >>> structure = make_structure([member, years, years | {"name": "more", "relevant": ["${years} > 3"]}], [], [])
    >>> structure.survey.iloc[0, 2], structure.survey["relevant"].tolist(), structure.unread
    ('Bist du dabei?', ['', "${member} = 'Y'", 'unknown'], ('more: routing (${years} > 3)',))
    """
    rows, told, names = [*survey, *choices], list(unread), {row["name"] for row in survey}
    tags = {tag for row in rows for tag in row["labels"]}
    short = {tag: tag if tag.partition("-")[0] in tags else tag.partition("-")[0] for tag in tags}
    heads = {tag: f"label::{short[tag]} ({short[tag]})" if tag else "label" for tag in sorted(tags)}
    plain = [row | {heads[tag]: _clear(text) for tag, text in row["labels"].items()} for row in rows]
    for row in plain[: len(survey)]:
        relevant = " and ".join(f"({' '.join(text.split())})" for text in row.get("relevant", ()) if text.strip())
        while is_routing(relevant[1:-1], names):
            relevant = relevant[1:-1].strip()
        row["relevant"] = relevant
        if relevant and not is_routing(relevant, names):
            told.append(f"{row['name']}: routing {relevant}")
            row["relevant"] = "unknown"
    labels = list(dict.fromkeys(heads.values()))
    asked = pd.DataFrame(plain[: len(survey)], columns=["type", "name", *labels, "relevant", "battery", "item"])
    offered = pd.DataFrame(plain[len(survey) :], columns=["list_name", "name", *labels, "order", "missing"])
    told += [f"{name}: name stands twice" for name in asked.loc[asked["name"].duplicated(), "name"]]
    tables = (asked.drop_duplicates("name"), offered.drop_duplicates(["list_name", "name"]))
    asked, offered = (table.astype(object).fillna("").reset_index(drop=True) for table in tables)
    return Structure(asked, offered, tuple(dict.fromkeys(told)))


def _clear(text: str) -> str:
    """Plain text of a label: no markup, a single space where there was any."""
    return " ".join(html.unescape(_MARKUP.sub(" ", _INLINE.sub("", text))).replace("\ufeff", "").split())


@cache
def read_terms(tool: str) -> dict[str, Any]:
    """Words of survey tools and what they are here, as terms.toml declares them.

    Parameters
    ----------
    tool : str
        limesurvey, xlsform, languages or missing.

    Returns
    -------
    dict
        By word.
    """
    return dict(read_settings(Path(__file__).with_name("terms.toml"))[tool])


def read_xlsform(sheets: Sheets, *, file: str) -> Structure:
    """Make a codebook of an XLSForm (ODK, Kobo).

    Parameters
    ----------
    sheets : mapping of str to sequence
        Rows of cells by the sheet's name: survey; choices, settings where there are any.
    file : str
        Its name.

    Returns
    -------
    Structure
        A question is asked where its groups are; notes, calculations and what the device notes by itself are left out.

    Raises
    ------
    StudyError
        When a sheet lacks a column, or a heading stands twice.

    Examples
    --------
    >>> survey = [["type", "name", "label::English"], ["select one from sexes or specify other", "sex", "Your sex?"]]
    >>> structure = read_xlsform({"survey": survey, "choices": [["list name", "name"], ["sexes", "f"]]}, file="a.xlsx")
    >>> structure.survey.iloc[0, :3].tolist(), structure.choices["name"].tolist()
    (['select_one sexes', 'sex', 'Your sex?'], ['f', 'other'])
    """
    settings = _list_rows(sheets, "settings", file)
    spoken = _find_tag(settings[0].get("default_language", "")) if settings else ""
    choices: list[dict[str, Any]] = list(_list_rows(sheets, "choices", file, "list_name", "name"))
    survey: list[dict[str, Any]] = []
    groups: list[str] = []
    unread: list[str] = []
    for row in _list_rows(sheets, "survey", file, "type", "name"):
        listed = _SELECT.fullmatch(row["type"])
        kind = read_terms("xlsform").get(listed[1] if listed else row["type"])
        asked = [*groups, row.get("relevant", "")]
        if kind in ("group", "repeat"):
            groups = asked
        elif kind == "end":
            groups = groups[:-1]
        elif kind != "":
            survey.append({**row, "relevant": asked, "type": f"{kind} {listed[2]}" if listed else kind or "text"})
        if listed and listed[3]:
            choices.append({"list_name": listed[2], "name": "other", "label::en": "Other"})
        if kind in (None, "repeat"):
            unread.append(f"{row['name']}: {row['type']}")
    for cells in [*survey, *choices]:
        cells["labels"] = _find_labels(cells, spoken)
    return make_structure(survey, choices, unread)


def _list_rows(sheets: Sheets, name: str, file: str, *needed: str) -> list[dict[str, str]]:
    """Filled rows by heading, spelled as XLSForm spells it today."""
    head, *rows = [[cell.strip() for cell in row] for row in sheets.get(name, ()) if any(row)] or [list(needed)]
    heads = [re.sub(r"\s*:+\s*", "::", cell).replace("list name", "list_name") for cell in head]
    wrong = [cell for cell in needed if cell not in heads] + [cell for cell in heads if cell and heads.count(cell) > 1]
    if wrong:
        remedy = "have each column once"
        raise StudyError(f"sheet {name} lacks a column, or has it twice", file=file, column=wrong[0], remedy=remedy)
    return [dict.fromkeys(heads, "") | dict(zip(heads, row, strict=False)) for row in rows if any(row)]


def _find_labels(row: Mapping[str, str], spoken: str) -> dict[str, str]:
    """Labels by language; a bare one is in the language that the form declares as its own."""
    heads = [head for head in row if head.partition("::")[0] == "label" and row[head]]
    return {_find_tag(head.partition("::")[2]) or spoken: row[head] for head in heads}


def _find_tag(language: str) -> str:
    """Code of a language that is spelled Deutsch (de), de or German."""
    last = language.rpartition("(")[2].rstrip(")")
    return read_terms("languages").get(last.casefold(), last)
