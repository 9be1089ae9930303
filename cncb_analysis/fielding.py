"""The questionnaire as LimeSurvey's tab-separated survey structure, so that the study can be fielded again."""

import re
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from cncb_analysis.codebook import Codebook, Variable
from cncb_analysis.errors import StudyError
from cncb_analysis.routing import is_routing, rewrite_routing
from cncb_analysis.study import Study

_HEAD = ["class", "type/scale", "name", "relevance", "text", "language", "mandatory", "other", "equals_num_value"]
_QUESTION, _PART = 20, 5  # letters and digits that LimeSurvey allows in a code
_KINDS = {
    **{"single": "L", "ordinal": "L", "multiple": "M", "rank": "R", "number": "N", "text": "S", "date": "D"},
    **{"grid": "F", "allocation": "K"},
}
_REMEDY = "write unknown, or = != selected() and or not over its questions"
Row = dict[str, str]


def tabulate_limesurvey(study: Study, step: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out what a step asks for LimeSurvey, and say how its answers are read when they come back.

    Parameters
    ----------
    study : Study
        Its codebook and languages; the default language comes first.
    step : str
        questionnaire or interviews.

    Returns
    -------
    DataFrame
        Rows of classes S, SL, G, Q, SQ and A with LimeSurvey's columns: a battery of ratings is one array, percent
        parts one question whose parts add to 100. Routing that is unknown is left out.
    DataFrame
        Rows of crosswalk.csv (column, value, variable, code): LimeSurvey allows letters and digits only, 20 for a
        question and 5 for a part or an answer, so that codes are shortened.

    Raises
    ------
    StudyError
        When a question's routing is not understood, or rests on a question of another instrument.

    References
    ----------
    LimeSurvey manual, "Tab Separated Value survey structure".
    """
    blocks: dict[str, list[Variable]] = {}
    for variable in study.codebook.asked_in(step):
        together = variable.battery and variable.kind in ("single", "ordinal", "allocation")
        # What is asked as one array has one list of answers and is asked of the same people.
        shared = (variable.battery, variable.aspect, variable.list_name, variable.relevant)
        key = " ".join(shared) if together else variable.name
        blocks.setdefault(key, []).append(variable)
    codes = _Codes(study.codebook, blocks)
    usual = str(study.settings.get("language", "en"))
    others = [language for language in study.languages if language != usual]
    rows = [
        {"class": "S", "name": "language", "text": usual},
        {"class": "S", "name": "additional_languages", "text": " ".join(others)},
        {"class": "S", "name": "format", "text": "G"},
    ]
    rows += [_title(study, "SL", "surveyls_title", language) for language in (usual, *others)]
    for language in (usual, *others):
        rows += [_title(study, "G", "questions", language), *_lay_out(study, blocks, codes, language)]
    crosswalk = pd.DataFrame(_list_codes(blocks, codes), columns=["column", "value", "variable", "code"])
    return pd.DataFrame(rows, columns=_HEAD).astype(object).fillna(""), crosswalk.astype(object).fillna("")


class _Codes:
    """Short codes of questions, parts and answers, each unique where it must be."""

    def __init__(self, book: Codebook, blocks: Mapping[str, list[Variable]]) -> None:
        self.choices = {
            block[0].list_name: dict(zip(names, _shorten(names, _PART), strict=True))
            for block in blocks.values()
            for names in [[choice.name for choice in book.choices.get(block[0].list_name, ())]]
        }
        names = [f"{one.battery}_{one.aspect}" if more else one.name for one, *more in blocks.values()]
        self.questions = dict(zip(blocks, _shorten(names, _QUESTION), strict=True))
        self.places: dict[str, tuple[str, str, Variable]] = {}
        for key, block in blocks.items():
            parts = _shorten([each.item or each.name for each in block], _PART) if len(block) > 1 else [""]
            self.places |= {
                each.name: (self.questions[key], part, each) for each, part in zip(block, parts, strict=True)
            }

    def test(self, name: str, told: str, *, same: bool) -> str:
        """Comparison of `relevant` in LimeSurvey's expression language."""
        question, part, variable = self.places[name]
        code = self.choices[variable.list_name].get(told, told)
        part, code = (code, "Y") if variable.kind == "multiple" else (part, code)
        return f'({"_".join(filter(None, (question, part)))}.NAOK {"==" if same else "!="} "{code}")'


def _shorten(names: Iterable[str], most: int) -> list[str]:
    """Letters and digits of each name, the first a letter; the end gives way to a number where two would be alike."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]", "", name)
        plain = plain if most == _PART or plain[:1].isalpha() else f"q{plain}"
        tries = (plain[: most - len(tail)] + tail for tail in ("", *map(str, range(2, 1000))))
        # LimeSurvey keeps "other" for itself.
        found.append(next(code for code in tries if code and code != "other" and code not in found))
    return found


def _title(study: Study, kind: str, name: str, language: str) -> Row:
    words = study.words(language)
    title = words.text("study.title") if words.has("study.title") else study.title
    return {"class": kind, "name": name if kind == "SL" else title, "text": title, "language": language}


def _lay_out(study: Study, blocks: Mapping[str, list[Variable]], codes: _Codes, language: str) -> Iterator[Row]:
    book, words = study.codebook, study.words(language)
    for key, (first, *more) in blocks.items():
        kind = _KINDS["grid" if more and first.kind != "allocation" else first.kind]
        label, battery = book.label(first.name, language), f"battery.{first.battery}"
        text = label
        if more:
            aspect = f" ({label.rpartition(': ')[2]})" if first.aspect else ""
            text = (words.text(battery) if words.has(battery) else first.battery) + aspect
        relevant = "" if first.relevant == "unknown" else first.relevant
        if relevant and not is_routing(relevant, codes.places):
            place = {"file": "survey.csv", "column": "relevant", "value": relevant}
            raise StudyError(f"no routing over the questions exported with {first.name}", **place, remedy=_REMEDY)
        asked = re.sub(r"\bnot\s*\(", "!(", rewrite_routing(relevant, codes.test)) or "1"
        cells = {"name": codes.questions[key], "relevance": asked, "text": text, "mandatory": "N", "other": "N"}
        cells |= {"equals_num_value": "100"} if kind == "K" else {}
        yield {"class": "Q", "type/scale": kind, "language": language, **cells}
        for each in (first, *more) if more else ():
            said = book.label(each.name, language)
            said = said.rpartition(": ")[0] if each.aspect else said
            yield {"class": "SQ", "name": codes.places[each.name][1], "text": said, "language": language}
        for code, short in codes.choices[first.list_name].items():
            said = book.choice_label(first.name, code, language)
            yield {"class": "SQ" if kind == "M" else "A", "name": short, "text": said, "language": language}


def _list_codes(blocks: Mapping[str, list[Variable]], codes: _Codes) -> Iterator[Row]:
    for variable in (each for block in blocks.values() for each in block):
        question, part, _ = codes.places[variable.name]
        choices = codes.choices[variable.list_name]
        if variable.kind == "multiple":
            for code, short in choices.items():
                yield {"column": f"{question}[{short}]", "variable": variable.name, "code": code}
            continue
        columns = [f"{question}[{part}]" if part else question]
        if variable.kind == "rank":
            columns = [f"{question}[{place}]" for place in range(1, len(choices) + 1)]
        for place, column in enumerate(columns, start=1):
            yield {"column": column, "variable": variable.name, "code": str(place) if len(columns) > 1 else ""}
        for code, short in choices.items():
            if code != short:
                yield {"value": short, "variable": variable.name, "code": code}
