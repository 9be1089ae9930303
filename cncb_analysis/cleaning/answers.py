"""What one question's raw cells mean: codes, numbers, ranks, and why an answer is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.values import NO, YES, fold_text, index_choices, parse_number
from cncb_analysis.codebook import MISSING, Variable

__all__ = ["BLANK", "Answer", "read_answer"]

# Not an answer, and not yet known why: routing decides.
BLANK = "blank"


class Meaning(NamedTuple):
    """What one raw text means: a code or number, else the kind of missing; rule and fate where it is worth a note."""

    value: str | float = ""
    missing: str = ""
    rule: str = ""
    fate: str = ""


@dataclass
class Answer:
    """Answers of all units to one question.

    Parameters
    ----------
    variable : Variable
        The question.
    missing : ndarray of str
        Kind of missing by unit; empty for an answer, `BLANK` until routing has decided.
    codes : ndarray of str
        Code of the one answer, where the question allows one.
    parts : dict of str to ndarray of float
        Option to 1/0 or rank; "" to the number.
    cells : list of Series
        The raw columns, for the log; none where the question was not asked.
    texts : Series or None
        What was typed under "other" and no recode covers, by row.
    """

    variable: Variable
    missing: np.ndarray
    codes: np.ndarray
    parts: dict[str, np.ndarray] = field(default_factory=dict)
    cells: list[pd.Series] = field(default_factory=list)
    texts: pd.Series | None = None

    def chose(self, code: str) -> np.ndarray:
        """Whether each unit gave an answer.

        Parameters
        ----------
        code : str
            Code of an option, or a number.

        Returns
        -------
        ndarray of bool
            False for a missing answer.
        """
        if "" in self.parts:
            return self.parts[""] == (float(code) if re.fullmatch(r"-?\d+(\.\d+)?", code) else np.nan)
        return self.parts[code] > 0 if code in self.parts else self.codes == code


def read_answer(delivery: Delivery, variable: Variable, columns: Mapping[str, pd.Series], unit: str = "") -> Answer:
    """Read one question from its raw columns.

    Parameters
    ----------
    delivery : Delivery
        The file.
    variable : Variable
        The question.
    columns : mapping of str to Series
        What a column holds (an option, a place, "other", or "" for all of it) to its repaired texts.
    unit : str
        Unit of the raw column where crosswalk.csv declares another than the codebook's.

    Returns
    -------
    Answer
        Refused and repaired cells are in the delivery's log.
    """
    rows = len(next(iter(columns.values())))
    blank = np.full(rows, BLANK, dtype=object)
    answer = Answer(variable, blank, np.full(rows, "", dtype=object), cells=list(columns.values()))
    reader = _Reader(delivery, answer)
    if unit and unit != variable.unit:
        cells = columns[""]
        delivery.log.note_column(cells, f"in {unit} where the codebook has {variable.unit}: not merged", "refused")
        answer.missing[(cells != "").to_numpy()] = "invalid"
        answer.parts = {"": np.full(rows, np.nan)}
    elif variable.kind in {"multiple", "rank"}:
        read_columns = reader.read_ticks if variable.kind == "multiple" else reader.read_places
        (reader.read_list if "" in columns else read_columns)(columns)
    elif variable.kind in {"number", "allocation"}:
        values, answer.missing = reader.interpret(columns[""], reader.mean_number)
        answer.parts = {"": _as_numbers(values)}
    else:
        reader.read_single(columns)
    return answer


class _Reader:
    """The rules of one question in one file."""

    def __init__(self, delivery: Delivery, answer: Answer) -> None:
        self.delivery, self.answer, self.variable = delivery, answer, answer.variable
        book = delivery.study.codebook
        self.choices = {choice.name: choice for choice in book.choices.get(self.variable.list_name, ())}
        self.folded, self.exact = index_choices(self.choices.values())
        self.options = [choice.name for choice in book.options(self.variable)]
        self.missing_words, self.decimal = delivery.missing_words, delivery.decimal
        recodes = delivery.study.table("recodes")
        own = recodes[recodes["variable"] == self.variable.name]
        self.recodes = dict(zip(own["text"].map(fold_text), own["code"], strict=True))

    def interpret(self, cells: pd.Series, mean: Callable[[str], Meaning]) -> tuple[np.ndarray, np.ndarray]:
        """Value and kind of missing of each cell: each distinct text is looked at once."""
        log, declared = self.delivery.log, self.delivery.list_values(str(cells.name), self.variable.name)
        places, texts = pd.factorize(cells)
        meanings = [self._mean(text, declared.get(text), mean) for text in texts]
        for number, (value, why, rule, fate) in enumerate(meanings):
            if rule:
                touched = cells[places == number]
                log.note(touched, rule, fate, value=why if value == "" or value != value else str(value))
                if rule.startswith("not one of"):
                    remedy = "correct it in corrections.csv, or say in crosswalk.csv what it means"
                    self.delivery.report("unknown answer", touched.index[0], str(cells.name), texts[number], remedy)
        if any(
            isinstance(one.value, str) and one.value not in ("", text)
            for one, text in zip(meanings, texts, strict=True)
        ):
            log.note_column(cells, "labels read as codes", "known")
        values = np.array([meaning.value for meaning in meanings] or [""], dtype=object)
        missing = np.array([meaning.missing for meaning in meanings] or [BLANK], dtype=object)
        return values[places], missing[places]

    def _mean(self, text: str, declared: Mapping[str, str] | None, mean: Callable[[str], Meaning]) -> Meaning:
        """What crosswalk.csv or the missing words say comes before what the kind of question says."""
        if text == "":
            return Meaning(missing=BLANK)
        if declared is None:
            kind = self.missing_words.get(fold_text(text))
            return Meaning("", kind, f"means {kind}", "repaired") if kind else mean(text)
        code, reason = declared["code"], declared["reason"]
        if not code:
            return Meaning("", "invalid", f"left out: {reason}", "ignored")
        meant = Meaning(missing=code) if code in MISSING else mean(code)
        return meant._replace(rule=f"crosswalk: {reason}", fate="repaired") if reason and not meant.rule else meant

    def mean_choice(self, text: str) -> Meaning:
        """Code of an answer; a text without a list stands for itself."""
        code = self.folded.get(fold_text(text))
        if code is None:
            return Meaning("", "invalid", "not one of the answers", "refused") if self.choices else Meaning(text)
        kind = self.choices[code].missing
        rule, fate = ("", "") if text in self.exact else ("spelling", "repaired")
        return Meaning("" if kind else code, kind, rule, fate)

    def mean_list(self, text: str) -> Meaning:
        """Codes joined in one cell, by whatever sign leaves only known answers."""
        for sign in ("\0", ";", ",", r"\s"):
            parts = [self.mean_choice(part.strip()) for part in re.split(sign, text) if part.strip()]
            if parts and not any(part.missing == "invalid" for part in parts):
                codes = list(dict.fromkeys(str(part.value) for part in parts if part.value))
                return Meaning(";".join(codes), "" if codes else parts[0].missing)
        return Meaning("", "invalid", "not one of the answers", "refused")

    def mean_number(self, text: str) -> Meaning:
        """A number inside its bounds."""
        value, rule = parse_number(text, self.decimal)
        low, high = self.variable.minimum, self.variable.maximum
        if np.isnan(value):
            return Meaning(np.nan, "invalid", rule, "refused")
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = " to ".join("" if bound is None else f"{bound:g}" for bound in (low, high))
            return Meaning(np.nan, "invalid", f"outside {bounds}", "refused")
        return Meaning(value, "", rule, "repaired" if rule else "")

    def mean_tick(self, option: str) -> Callable[[str], Meaning]:
        """Whether the box of an option is ticked."""

        def mean(text: str) -> Meaning:
            folded = fold_text(text)
            if folded in YES or self.folded.get(folded) == option:
                return Meaning(1.0)
            return Meaning(0.0) if folded in NO else Meaning(np.nan, "invalid", "not one of yes and no", "refused")

        return mean

    def read_single(self, columns: Mapping[str, pd.Series]) -> None:
        """One answer; a text typed under "other" is recoded or kept as a text."""
        answer = self.answer
        if "" in columns:
            answer.codes, answer.missing = self.interpret(columns[""], self.mean_choice)
        if "other" in columns:
            typed, codes = self._read_typed(columns["other"])
            alone = np.where(answer.codes == "", "other" if "other" in self.options else "", answer.codes)
            answer.codes = np.where(typed, np.where(codes == "", alone, codes), answer.codes)
            answer.missing = np.where(typed & (answer.codes != ""), "", answer.missing)

    def read_list(self, columns: Mapping[str, pd.Series]) -> None:
        """All answers in one cell; in a ranking the best first."""
        values, self.answer.missing = self.interpret(columns[""], self.mean_list)
        lists = [str(value).split(";") for value in values]
        given = self.answer.missing == ""
        for option in self.options:
            if self.variable.kind == "rank":
                places = [chosen.index(option) + 1.0 if option in chosen else np.nan for chosen in lists]
            else:
                places = [float(option in chosen) for chosen in lists]
            self.answer.parts[option] = np.where(given, places, np.nan)

    def read_ticks(self, columns: Mapping[str, pd.Series]) -> None:
        """A column an answer: an empty box beside a filled one was not ticked, a refused one stays unknown."""
        answer = self.answer
        read: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        recoded: dict[str, np.ndarray] = {}
        for option, cells in columns.items():
            if option == "other":
                typed, codes = self._read_typed(cells.mask(cells.map(fold_text).isin(YES | NO), ""))
                recoded = {code: codes == code for code in set(codes) - {""}}
                cells = cells.mask(typed, np.where(codes == "", "1", "0"))
            read[option] = self.interpret(cells, self.mean_tick(option))
            answer.missing = np.where(answer.missing == BLANK, read[option][1], answer.missing)
        answered = np.logical_or.reduce([state == "" for _, state in read.values()])
        answer.missing = np.where(answered, "", answer.missing)
        unread = np.full(len(answered), np.nan), np.full(len(answered), BLANK, dtype=object)
        for option in self.options:
            if option in read or option in recoded:
                values, state = read.get(option, unread)
                ticks = np.where(answered & (state == BLANK), 0.0, _as_numbers(values))
                answer.parts[option] = np.where(recoded.get(option, False), 1.0, ticks)

    def read_places(self, columns: Mapping[str, pd.Series]) -> None:
        """A column a place that names the answer, or a column an answer that gives its place."""
        answer, log = self.answer, self.delivery.log
        answer.parts = {option: np.full(len(answer.missing), np.nan) for option in self.options}
        before = np.ones(len(answer.missing), dtype=bool)
        for name, cells in sorted(columns.items(), key=lambda item: int(item[0]) if item[0].isdigit() else 0):
            if name in answer.parts:
                values, state = self.interpret(cells, self.mean_number)
                answer.parts[name] = _as_numbers(values)
            else:
                codes, state = self.interpret(cells, self.mean_choice)
                free = {option: (codes == option) & np.isnan(ranks) for option, ranks in answer.parts.items()}
                placed = np.logical_or.reduce(list(free.values()))
                for option, rows in free.items():
                    answer.parts[option] = np.where(rows, float(name), answer.parts[option])
                log.note(cells[(codes != "") & ~placed], "ranked before", "refused")
                log.note(cells[placed & ~before], "gap in the ranking", "flagged")
                before = placed
            answer.missing = np.where((state == "") | (answer.missing == BLANK), state, answer.missing)

    def _read_typed(self, cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Where something was typed under "other", and the code that recodes.csv gives it."""
        typed = (cells != "").to_numpy()
        codes = cells.map(lambda text: self.recodes.get(fold_text(text), "")).to_numpy(dtype=object)
        known = typed & (codes != "")
        self.delivery.log.note(cells[known], "typed under other", "repaired", value=codes[known])
        self.delivery.log.note(cells[typed & ~known], "typed under other, not recoded", "flagged")
        self.answer.texts = cells[typed & ~known]
        return typed, codes


def _as_numbers(values: np.ndarray) -> np.ndarray:
    return pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=float)
