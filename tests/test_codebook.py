"""Codebook: what the two tables mean, and what is wrong in them."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from cncb_analysis.codebook import read_codebook, read_labels
from cncb_analysis.errors import StudyError
from tests.small_study import CHOICES, SURVEY


def table(text: str) -> pd.DataFrame:
    head, *rows = (line.split(",") for line in text.strip().splitlines())
    return pd.DataFrame(rows, columns=head, index=range(2, 2 + len(rows)), dtype=str)


BOOK = read_codebook(table(SURVEY), table(CHOICES))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cm_sex", "single"),
        ("cm_age", "ordinal"),
        ("cm_upd", "multiple"),
        ("sup_top", "rank"),
        ("cm_time", "number"),  # percent, but of no battery
        ("fin_eu", "allocation"),
        ("strength", "text"),
    ],
)
def test_the_kind_follows_from_type_list_and_battery(name: str, kind: str) -> None:
    assert BOOK.variables[name].kind == kind


def test_options_leave_out_what_means_a_missing_and_keep_their_order() -> None:
    assert [choice.name for choice in BOOK.options("skill_imp_law")] == ["1", "2", "3", "4", "5"]
    assert [choice.order for choice in BOOK.options("cm_age")] == [1, 2, 3]
    assert BOOK.options("strength") == ()


def test_a_battery_is_what_the_table_says() -> None:
    assert [variable.name for variable in BOOK.battery("skill")] == ["skill_imp_law", "skill_own_law"]
    assert BOOK.batteries == ("skill", "fin")
    assert BOOK.battery("nothing") == ()


def test_labels_fall_back_to_english_then_to_the_code() -> None:
    assert BOOK.label("cm_sex", "de") == "Ihr Geschlecht?"
    assert BOOK.label("cm_sex", "hu") == "What is your gender?"
    assert BOOK.choice_label("cm_age", "over_55", "de") == "Über 55"
    assert BOOK.choice_label("cm_age", "nobody", "de") == "nobody"
    assert read_labels({"label::Slovenčina (sk)": "Áno", "label": "Yes", "label::hu": "Igen"}) == {
        "sk": "Áno",
        "en": "Yes",
        "hu": "Igen",
    }


def test_each_step_asks_its_own_instrument() -> None:
    asked = {step: {variable.name for variable in BOOK.asked_in(step)} for step in ("questionnaire", "interviews")}
    assert "cm_sex" in asked["questionnaire"] & asked["interviews"]
    assert "task" in asked["interviews"] - asked["questionnaire"]
    assert "map_type" not in asked["questionnaire"] | asked["interviews"]


def test_rows_that_ask_nothing_or_that_nobody_knows_are_left_out() -> None:
    survey = table("type,name\nbegin_group,g\ninteger,a\nslider,b\nnote,n\nselect_one nowhere,c\nend_group,g\n")
    book = read_codebook(survey, table("list_name,name,order\nl,x,first\nl,x,2\n"))
    assert list(book.variables) == ["a", "c"]
    assert book.options("c") == ()
    assert [choice.order for choice in book.choices["l"]] == [None]  # of a code repeated in its list the first counts


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(StudyError, match="'cm_sx'"):
        BOOK.variable("cm_sx")


def test_a_codebook_crosses_a_process_border() -> None:
    assert pickle.loads(pickle.dumps(BOOK)) == BOOK
