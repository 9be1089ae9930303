"""What one question's raw cells mean: codes, numbers, ranks, and why an answer is missing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.values import fold_text, index_unique, parse_date, parse_number, read_synonyms, spell_choice
from cncb_analysis.codebook import MISSING, Variable

# Not an answer, and not yet known why: routing decides.
BLANK = "blank"
_OTHER = "typed under other"


class Meaning(NamedTuple):
    """What one raw text means: a value for each option it speaks of, else the kind of missing; what to note of it."""

    marks: Mapping[str, float]
    missing: str = ""
    rule: str = ""
    fate: str = ""


_UNKNOWN = Meaning({}, "invalid", "not one of the answers", "refused")


@dataclass
class Answer:
    """Answers of all units to one question.

    Parameters
    ----------
    variable : Variable
        The question.
    missing : ndarray of str
        Kind of missing by unit; empty for an answer, `BLANK` until routing has decided.
    parts : dict of str to ndarray of float
        Option to its value by unit (1, its place on an ordinal list, 1/0, a rank); "" to the number.
    cells : list of Series
        The raw columns, for the log; none where the question was not asked.
    texts : Series or None
        What was typed under "other" and no recode covers, by row.
    """

    variable: Variable
    missing: np.ndarray
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
        return self.parts.get(code, np.zeros(len(self.missing))) > 0


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
    cells = list(columns.values())
    answer = Answer(variable, np.full(len(cells[0]), BLANK, dtype=object), cells=cells)
    if unit and unit != variable.unit:
        said = f"in {unit} where the codebook has {variable.unit}: not merged"
        delivery.note_column(str(cells[0].name), said, "refused")
        answer.missing[(cells[0] != "").to_numpy()] = "invalid"
        answer.parts = {"": np.full(len(cells[0]), np.nan)}
        return answer
    reader = _Reader(delivery, answer)
    # A text typed under "other" comes first: recodes.csv knows better than the box beside it.
    for option in sorted(columns, key=lambda option: option != "other"):
        reader.add(option, columns[option])
    whole = reader.options if variable.kind == "rank" else [""] * (variable.kind in {"number", "allocation"})
    answer.parts |= {name: np.full(len(cells[0]), np.nan) for name in whole if name not in answer.parts}
    return answer


class _Reader:
    """The rules of one question in one file."""

    def __init__(self, delivery: Delivery, answer: Answer) -> None:
        self.delivery, self.answer, self.variable = delivery, answer, answer.variable
        book = delivery.study.codebook
        self.choices = {choice.name: choice for choice in book.choices.get(self.variable.list_name, ())}
        spelled = [(text, choice.name) for choice in self.choices.values() for text in spell_choice(choice)]
        self.exact = {text for text, _ in spelled}
        self.folded = index_unique((fold_text(text), code) for text, code in spelled)
        self.folded |= {fold_text(code): code for code in self.choices}  # where a label is another's code, the code
        self.options = [choice.name for choice in book.options(self.variable)]
        recodes = delivery.study.table("recodes")
        own = recodes[recodes["variable"] == self.variable.name]
        self.recodes = dict(zip(own["text"].map(fold_text), own["code"], strict=True))

    def add(self, option: str, cells: pd.Series) -> None:
        """Add what one column says: any tick counts, the better rank counts, else the first answer."""
        answer, kind = self.answer, self.variable.kind
        parts, missing = self.interpret(option, cells)
        if kind == "multiple":  # an empty box beside a filled one was not ticked, a refused one stays unknown
            known, own = np.isin(missing, ["", BLANK]), {option}.intersection(self.options)
            ticks = {name: parts.get(name, np.full(len(cells), np.nan)) for name in [*own, *parts]}
            parts = {name: np.where(known & np.isnan(values), 0.0, values) for name, values in ticks.items()}
        for name, values in parts.items():
            before = answer.parts.get(name, np.full(len(cells), np.nan))
            if kind == "rank":
                self.delivery.note(cells[~np.isnan(before + values)], "ranked before", "refused")
            elif kind != "multiple":
                values = np.where(answer.missing == "", np.nan, values)
            answer.parts[name] = (np.fmin if kind == "rank" else np.fmax)(before, values)
        answer.missing = np.where((missing == "") | (answer.missing == BLANK), missing, answer.missing)

    def interpret(self, option: str, cells: pd.Series) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Values by option and kind of missing of each cell: each distinct text is looked at once."""
        delivery, heading = self.delivery, str(cells.name)
        declared = delivery.list_values(heading, self.variable.name)
        places, texts = pd.factorize(cells)
        meanings = [self.mean(text, option, declared.get(text)) for text in texts]
        for number, meaning in enumerate(meanings):
            if meaning.rule:
                touched = cells[places == number]
                named = (option or f"{value:.15g}" for option, value in meaning.marks.items() if value)
                delivery.note(touched, meaning.rule, meaning.fate, value=meaning.missing or ";".join(named))
                if meaning.rule.startswith("not one of"):
                    remedy = "correct it in corrections.csv, or say in crosswalk.csv what it means"
                    delivery.report("unknown answer", touched.index[0], heading, texts[number], remedy)
        if any(meaning.fate == "known" for meaning in meanings):
            delivery.note_column(heading, "labels read as codes", "known")
        if option == "other":
            loose = np.array([meaning.fate == "flagged" for meaning in meanings], dtype=bool)
            self.answer.texts = cells[loose[places]]
        names = dict.fromkeys(name for meaning in meanings for name in meaning.marks)
        marks = {name: np.array([meaning.marks.get(name, np.nan) for meaning in meanings])[places] for name in names}
        return marks, np.array([meaning.missing for meaning in meanings], dtype=object)[places]

    def mean(self, text: str, option: str, declared: Mapping[str, str] | None = None) -> Meaning:
        """What crosswalk.csv or the missing words say comes before what the kind of question says."""
        if text == "":
            return Meaning({}, BLANK)
        if declared is not None:
            code, reason = declared["code"], declared["reason"]
            if not code:
                return Meaning({}, "invalid", f"left out: {reason}", "ignored")
            meant = Meaning({}, code) if code in MISSING else self.mean(code, option)
            rule, fate = (f"crosswalk: {reason}", "repaired") if reason else ("", "known")
            return meant if meant.rule else meant._replace(rule=rule, fate=fate)
        missing = self.delivery.missing_words.get(fold_text(text))
        if missing:
            return Meaning({}, missing, f"means: {missing}", "repaired")
        kind = self.variable.kind
        if kind in {"number", "allocation"} or (kind == "rank" and option in self.choices):
            return self.mean_number(text, option)
        if kind == "date":
            day, rule = parse_date(text, self.delivery.partner.locale)
            return Meaning({day: 1.0}, "", rule, "repaired" * bool(rule)) if day else _UNKNOWN._replace(rule=rule)
        if option == "other":
            return self.mean_typed(text)
        if option and kind == "multiple":
            return self.mean_tick(text, option)
        return self.mean_list(text) if kind in {"multiple", "rank"} and not option else self.mean_choice(text, option)

    def mean_choice(self, text: str, place: str = "") -> Meaning:
        """Code of an answer, with its place in a ranking or on its list; a text without a list stands for itself."""
        if not self.choices:
            return Meaning({text: 1.0})
        code = self.folded.get(fold_text(text))
        if code is None:
            return _UNKNOWN
        rule, fate = ("", "known") if text in self.exact else ("spelling", "repaired")
        choice = self.choices[code]
        marks = {} if choice.missing else {code: float(place or choice.order or 1)}
        return Meaning(marks, choice.missing, rule, "" if text == code else fate)

    def mean_list(self, text: str) -> Meaning:
        """Codes joined in one cell, by whatever sign leaves only known answers; in a ranking the best first."""
        for sign in ("\0", ";", ",", r"\s"):
            parts = [self.mean_choice(part.strip()) for part in re.split(sign, text) if part.strip()]
            if parts and _UNKNOWN not in parts:
                named = list(dict.fromkeys(code for part in parts for code in part.marks))
                if not named:
                    return parts[0]
                if self.variable.kind == "multiple":
                    return Meaning({option: float(option in named) for option in self.options})
                return Meaning({code: float(place) for place, code in enumerate(named, start=1)})
        return _UNKNOWN

    def mean_number(self, text: str, option: str) -> Meaning:
        """A number inside its bounds."""
        value, rule = parse_number(text, self.delivery.decimal)
        low, high = self.variable.minimum, self.variable.maximum
        if np.isnan(value):
            return Meaning({}, "invalid", rule, "refused")
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = " to ".join("" if bound is None else f"{bound:g}" for bound in (low, high))
            return Meaning({}, "invalid", f"outside {bounds}", "refused")
        return Meaning({option: value}, "", rule, "repaired" if rule else "")

    def mean_tick(self, text: str, option: str) -> Meaning:
        """Whether the box of an option is ticked."""
        said = "yes" if self.folded.get(fold_text(text)) == option else read_synonyms("tick").get(fold_text(text))
        return Meaning({option: float(said == "yes")}) if said else _UNKNOWN._replace(rule="not one of yes and no")

    def mean_typed(self, text: str) -> Meaning:
        """A text typed under "other": recoded, or kept as a text; in a box of its own it may be a tick."""
        if self.variable.kind == "multiple" and fold_text(text) in read_synonyms("tick"):
            return self.mean_tick(text, "other")
        code = self.recodes.get(fold_text(text))
        if code:
            return Meaning({code: float(self.choices[code].order or 1)}, "", _OTHER, "repaired")
        marks = {"other": 1.0} if "other" in self.options else {}
        return Meaning(marks, "" if marks else BLANK, f"{_OTHER}, not recoded", "flagged")
