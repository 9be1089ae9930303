"""Words: the reader's language, its numbers and dates. Expected forms are CLDR's, as LibreOffice shows them too."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.words import Words
from tests.test_words_table import LANGUAGES

TABLE = pd.DataFrame(
    {
        "key": [
            "count_of",
            "hello",
            "blank",
            *(f"quantity.{word}" for word in ["none", "few", "some", "most", "nearly_all", "all"]),
        ],
        "en": ["{k} of {n}", "Hello {name}", "", "none", "few", "some", "most", "nearly all", "all"],
        "it": ["{k} su {n}", "", "", "nessuno", "pochi", "alcuni", "la maggior parte", "quasi tutti", "tutti"],
    }
)


def test_a_key_gives_the_language_and_else_english() -> None:
    assert Words(TABLE, "it").count_of(7, 12) == "7 su 12"
    assert Words(TABLE, "it").text("hello", {"name": "Ada"}) == "Hello Ada"
    assert Words(TABLE, "hu").text("quantity.all") == "all"


def test_an_unknown_key_and_a_missing_value_are_named() -> None:
    words = Words(TABLE, "en")
    with pytest.raises(StudyError, match="'no_such_key'"):
        words.text("no_such_key")
    with pytest.raises(StudyError, match="name"):
        words.text("hello", {"nome": "Ada"})
    assert not words.has("blank")
    assert words.has("hello")


def test_the_studys_own_words_win_over_the_packages() -> None:
    own = pd.DataFrame({"key": ["hello"], "en": ["Good day"]})
    words = Words(own, "en", fixed=TABLE)
    assert (words.text("hello"), words.text("quantity.all")) == ("Good day", "all")


@pytest.mark.parametrize(
    ("language", "number", "percent"),
    [
        ("en", "12,345.7", "43%"),
        ("de", "12.345,7", "43\xa0%"),
        ("it", "12.345,7", "43%"),
        ("cs", "12\xa0345,7", "43\xa0%"),
    ],
)
def test_numbers_are_written_as_the_language_does(language: str, number: str, percent: str) -> None:
    words = Words(TABLE, language)
    assert words.number(12345.678, 1) == number
    assert words.percent(3 / 7) == percent


def test_every_language_writes_numbers_percents_and_dates() -> None:
    day = datetime.date(2011, 7, 11)
    shown = {
        language: (Words(TABLE, language).date(day), Words(TABLE, language).percent(0.5, 1)) for language in LANGUAGES
    }
    assert shown["it"][0] == "11 luglio 2011"
    assert shown["hu"][0] == "2011. július 11."
    assert all("2011" in written and "50" in percent for written, percent in shown.values())


def test_what_is_no_number_or_no_date_is_said_quietly() -> None:
    words = Words(TABLE, "de")
    assert (words.number(float("nan")), words.percent(float("nan")), words.date("soon")) == ("–", "–", "soon")


@pytest.mark.parametrize(
    ("k", "n", "word"),
    [
        (0, 7, "none"),
        (1, 7, "few"),
        (2, 7, "some"),
        (3, 6, "some"),
        (4, 7, "most"),
        (6, 7, "nearly all"),
        (7, 7, "all"),
    ],
)
def test_a_small_base_is_told_in_a_word(k: int, n: int, word: str) -> None:
    assert Words(TABLE, "en").quantity(k, n) == word
