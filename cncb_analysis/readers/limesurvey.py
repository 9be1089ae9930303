"""LimeSurvey's survey structures: .lss of both schema generations, and the tab-separated form."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.structure import Structure, make_structure, read_terms

Row = Mapping[str, str]
_TOKEN = re.compile(
    r"""(?P<name>[a-z]\w*)(?:\.NAOK)?\s*(?P<sign>==|!=)\s*(?P<quote>["'])(?P<code>[^"']+)(?P=quote)"""
    r"|(?P<word>&&|\|\||!(?=\s*\()|\b(?:and|or|not)\b)",
    re.IGNORECASE,
)
_WORDS = {"&&": " and ", "||": " or ", "!": "not"}
# Tables of an .lss file: class of their rows, whose they are, and where scale, name, text and order stand.
_TABLES = {
    "questions": ("Q", "qid", "type", "title", "question", "question_order"),
    "subquestions": ("SQ", "parent_qid", "scale_id", "title", "question", "question_order"),
    "answers": ("A", "qid", "scale_id", "code", "answer", "sortorder"),
}


def read_limesurvey(rows: Iterable[Row]) -> Structure:
    """Make a codebook of the rows of a survey structure.

    Parameters
    ----------
    rows : iterable of mapping of str to str
        In the columns of the tab-separated form, a row and language each: class (G, Q, SQ, A; others are passed over),
        type/scale, name, text; relevance, language, other where they apply.

    Returns
    -------
    Structure
        Arrays have a row a sub-question, named `question_subquestion`; texts for display have none. Answers that
        LimeSurvey itself fixes are labelled in English.

    Examples
    --------
    >>> rows = [{"class": "Q", "type/scale": "Y", "name": "member", "text": "Member?", "language": "en"}]
    >>> read_limesurvey(rows).survey.iloc[0, :3].tolist()
    ['select_one member', 'member', 'Member?']
    """
    asked: dict[str, Row] = {}
    parts: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    group = question = ""
    for row in rows:
        if row["class"] == "G":
            group = row.get("relevance", "")
        elif row["class"] == "Q":
            question = row["name"]
            asked.setdefault(question, {"group": group, **row})
        parts[question, row["class"]][row["name"]][row.get("language", "")] = row["text"]
    survey: list[dict[str, Any]] = []
    choices: list[dict[str, Any]] = []
    unread: list[str] = []
    ticks: dict[str, str] = {}
    for name, row in asked.items():
        term = read_terms("limesurvey").get(row["type/scale"], {"type": "text", "unread": "type of question"})
        fixed = {code: {"en": label} for code, label in term.get("choices", {}).items()}
        answers = fixed or parts[name, "A"] or parts[name, "SQ"]
        answers = answers | ({"other": {"en": "Other"}} if row.get("other") == "Y" else {})
        kind = term.get("type", "")
        if kind == "select_multiple":
            ticks |= {f"{name}_{code}": f"selected(${{{name}}}, '{code}')" for code in answers}
        if kind.startswith(("select", "rank")):
            points = {code: code for code in fixed if code.isdecimal()}
            for code, texts in answers.items():
                choices.append({"list_name": name, "name": code, "labels": texts, "order": points.get(code, "")})
            kind = f"{kind} {name}"
        routing = [_translate(text, ticks) for text in (row["group"], row.get("relevance", ""))]
        told = {"type": kind, "relevant": routing}
        labels = parts[name, "Q"][name]
        if term.get("items"):
            for code, texts in parts[name, "SQ"].items():
                own = {tag: texts.get(tag) or text for tag, text in labels.items()}
                survey.append({"name": f"{name}_{code}", "battery": name, "item": code, "labels": own, **told})
        elif kind:
            survey.append({"name": name, "labels": labels, **told})
        if "unread" in term:
            unread.append(f"{name}: {term['unread']} ({row['type/scale']})")
    return make_structure(survey, choices, unread)


def _translate(relevance: str, ticks: Mapping[str, str]) -> str:
    """Write LimeSurvey's tests as XLSForm's; what has no counterpart stays, and is then found to be no routing."""
    if relevance.strip("( )") in {"", "1"}:
        return ""

    def write(match: re.Match[str]) -> str:
        if match["word"]:
            return _WORDS.get(match["word"], match["word"].lower())
        name, same = match["name"], match["sign"] == "=="
        if name in ticks and match["code"] == "Y":
            return ticks[name] if same else f"not({ticks[name]})"
        code = "other" if match["code"] == "-oth-" else match["code"]
        return f"${{{name}}} {'=' if same else '!='} '{code}'"

    return _TOKEN.sub(write, relevance)


def list_lss_rows(text: str, *, file: str) -> list[Row]:
    """List the rows of an .lss file in the columns of the tab-separated form.

    Parameters
    ----------
    text : str
        The file: until DBVersion 350 or so a row and language each, later texts in tables of their own (…_l10ns).
    file : str
        Its name.

    Returns
    -------
    list of mapping of str to str
        class, type/scale, name, relevance, text, language, other, and the group's relevance as `group`.

    Raises
    ------
    StudyError
        When it is no sound XML, declares entities, or lacks a column.
    """
    from defusedxml.ElementTree import ParseError, fromstring

    tables: dict[str, list[dict[str, str]]] = defaultdict(list)
    try:
        for part in fromstring(text):
            tables[part.tag] += [{cell.tag: cell.text or "" for cell in row} for row in part.iterfind("rows/row")]
        return _join_tables(tables)
    except (ParseError, ValueError, KeyError) as error:
        said = f"is damaged or unsafe XML ({type(error).__name__})"
        raise StudyError(said, file=file, remedy="export the survey structure (.lss) again") from None


def _join_tables(tables: Mapping[str, list[dict[str, str]]]) -> list[Row]:
    """Rows in the order of the questionnaire; texts stand in the row, or by language in tables of their own."""
    said = defaultdict(list)
    for table, key in (("question_l10ns", "qid"), ("answer_l10ns", "aid")):
        for row in tables[table]:
            said[key, row[key]].append(row)
    groups = {row["gid"]: row for row in tables["groups"]}
    owners = {row["qid"]: groups[row["gid"]] | row for row in tables["questions"]}
    found: list[tuple[Any, Row]] = []
    for rank, (table, (kind, owner, scale, name, text, order)) in enumerate(_TABLES.items()):
        key = "aid" if kind == "A" else "qid"
        for row in tables[table]:
            top = owners[row[owner]]
            place = (int(top["group_order"]), int(top["question_order"]), top["qid"], rank, int(row[order]))
            cells = {"class": kind, "type/scale": row[scale], "name": row[name], "group": top.get("grelevance", "")}
            for local in said.get((key, row.get(key, "")), [row]):
                found.append((place, {**row, **cells, "text": local[text], "language": local["language"]}))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]
