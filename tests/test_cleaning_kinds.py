"""Routing, rankings, days, units, and the promise that no delivered cell vanishes."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cncb_analysis.cleaning import Cleaned, check_raw
from cncb_analysis.cleaning.values import parse_date
from cncb_analysis.codebook import Codebook
from cncb_analysis.routing import weigh_routing
from cncb_analysis.store import write_text
from cncb_analysis.study import read_study
from tests.delivering import answer, deliver, fates, south
from tests.small_study import SOUTH_HEAD, answers, write_small_study


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield write_small_study(Path(folder) / "small")


# Three units for each of two questions: yes, no, nobody knows.
TOLD = {
    ("a", "x"): np.array([1.0, 1, 1, 0, 0, 0, 0.5, 0.5, 0.5]),
    ("b", "y"): np.array([1.0, 0, 0.5, 1, 0, 0.5, 1, 0, 0.5]),
}


@pytest.mark.parametrize(
    ("relevant", "expected"),
    [
        ("${a} = 'x'", TOLD["a", "x"]),
        ("selected(${a}, 'x')", TOLD["a", "x"]),
        ("${a} != 'x'", 1 - TOLD["a", "x"]),
        ("not(${a} = 'x')", 1 - TOLD["a", "x"]),
        # Kleene, Introduction to Metamathematics (1952), section 64: the strong tables.
        ("${a} = 'x' and ${b} = 'y'", [1, 0, 0.5, 0, 0, 0, 0.5, 0, 0.5]),
        ("${a} = 'x' or selected(${b},'y')", [1, 1, 1, 1, 0, 0.5, 1, 0.5, 0.5]),
        ("not(${a} = 'x' or ${b} = 'y') or ( ${a} = 'x' and ${b} != 'y')", [0, 1, 0.5, 0, 1, 0.5, 0, 0.5, 0.5]),
    ],
)
def test_routing_follows_the_logic_of_three_values(relevant: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(weigh_routing(relevant, lambda *asked: TOLD[asked]), expected)


@pytest.mark.parametrize(
    "relevant",
    [
        "${a} > 1",
        "count(${a}) = 2",
        "${a} = ${b}",
        "atom0",
        "__import__('os')",
        "${a} = 'x' and",
        "(" * 300,
        "1",
        "x()",
    ],
)
def test_any_other_routing_is_refused(relevant: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        weigh_routing(relevant, lambda *asked: TOLD["a", "x"])


@given(st.text(max_size=40))
def test_no_text_breaks_the_routing(relevant: str) -> None:
    with contextlib.suppress(ValueError):
        weigh_routing(relevant, lambda *asked: TOLD["a", "x"])


def test_a_mark_for_a_question_not_shown_is_no_blank(small_study: Path) -> None:
    cleaned, problems = deliver(small_study, "answers.csv", south(int_who="{question_not_shown}"))
    assert answer(cleaned, "south-q-001", "int_who") == "not_asked"
    assert [problem for problem in problems if problem.column == "int_who"] == []


@pytest.mark.parametrize(
    ("ranks", "rule"),
    [(("1", "2", "3"), ""), (("1", "1", ""), "tie in the ranking"), (("1", "", "3"), "gap in the ranking")],
)
def test_ties_and_gaps_in_a_ranking_are_kept_and_flagged(small_study: Path, ranks: tuple[str, ...], rule: str) -> None:
    head = SOUTH_HEAD.replace("sup_top", "sup_top[exchange],sup_top[tours],sup_top[funding]")
    row = dict(zip(SOUTH_HEAD.split(","), next(csv.reader([south().splitlines()[1]])), strict=True))
    cells = [cell for name, cell in row.items() for cell in (ranks if name == "sup_top" else [cell])]
    cleaned, _ = deliver(small_study, "answers.csv", answers(head, [",".join(cells)]))
    kept = answer(cleaned, "south-q-001", "sup_top")
    assert isinstance(kept, dict)
    assert [kept[name] for name in ("exchange", "tours", "funding")] == pytest.approx(
        [float(rank or "nan") for rank in ranks], nan_ok=True
    )
    noted = cleaned.cell_log[cleaned.cell_log["column"].str.startswith("sup_top") & (cleaned.cell_log["row"] == "2")]
    assert set(noted["rule"]) == ({rule} if rule else set())
    assert list(noted["raw"]) == [rank for rank in ranks if rank and rule]


@pytest.mark.parametrize(
    ("text", "locale", "day", "rule"),
    [
        ("2011-07-11", "it_IT", "2011-07-11", ""),
        ("2011-07-11 14:05:00", "it_IT", "2011-07-11", "written as a plain day"),
        ("11/07/2011", "it_IT", "2011-07-11", "written as a plain day"),
        ("11/07/2011", "en_US", "2011-11-07", "written as a plain day"),
        ("11. 7. 2011", "cs_CZ", "2011-07-11", "written as a plain day"),
        ("2011. 07. 11.", "hu_HU", "2011-07-11", "written as a plain day"),
        ("03/04/11", "it_IT", "", "ambiguous"),
        ("31.2.2011", "de_AT", "", "no such day"),
        ("next week", "en_GB", "", "not a day"),
        ("40732", "de_AT", "", "not a day"),
    ],
)
def test_days_are_read_by_the_writers_locale_and_never_guessed(text: str, locale: str, day: str, rule: str) -> None:
    found, said = parse_date(text, locale)
    assert found == day
    assert said == rule or (rule and rule in said)


@given(st.dates(), st.sampled_from(["de_AT", "cs_CZ", "hu_HU", "it_IT", "pl_PL", "sl_SI", "sk_SK", "en_GB"]))
def test_a_day_in_any_of_the_languages_is_read_back(day: object, locale: str) -> None:
    from babel.dates import format_date

    written = format_date(day, "dd.MM.yyyy" if locale != "hu_HU" else "yyyy. MM. dd.", locale=locale)
    assert parse_date(written, locale)[0] == str(day)


def test_a_question_for_a_day_keeps_the_day(small_study: Path) -> None:
    survey = small_study / "study" / "survey.csv"
    text = survey.read_text(encoding="utf-8")
    write_text(
        survey,
        text.replace("integer,cm_time,", "date,cm_time,").replace("percent,,0,100\ndecimal,st", ",,,\ndecimal,st"),
    )
    cleaned, _ = deliver(small_study, "answers.csv", south(cm_time="3.4.2011"))
    assert answer(cleaned, "south-q-001", "cm_time") == {"2011-04-03": 1.0}
    assert ("cm_time", "3.4.2011", "2011-04-03", "repaired") in fates(cleaned, "south/answers.csv", "2")
    cleaned, _ = deliver(small_study, "answers.csv", south(cm_time="03/04/11"))
    assert answer(cleaned, "south-q-001", "cm_time") == "invalid"
    assert ("cm_time", "03/04/11", "invalid", "refused") in fates(cleaned, "south/answers.csv", "2")


@pytest.mark.parametrize("sign", ["/", "-"])
def test_groups_that_odk_writes_before_a_question_do_not_hide_it(small_study: Path, sign: str) -> None:
    head, row = south().splitlines()
    head = (
        head.replace("cm_sex", f"person{sign}cm_sex")
        .replace("st_fte", f"a{sign}b{sign}st_fte")
        .replace("cm_upd", f"person{sign}cm_upd")
    )
    head = f"{head},meta{sign}instanceID"
    cleaned, problems = deliver(small_study, "answers.csv", f"{head}\n{row},uuid:1\n")
    assert answer(cleaned, "south-q-001", "cm_sex") == {"man": 1.0}
    assert answer(cleaned, "south-q-001", "st_fte") == {"": 1.5}
    assert [problem for problem in problems if problem.problem.startswith("column")] == []


def test_medians_that_lie_twelve_times_apart_are_reported_before_the_merge(small_study: Path) -> None:
    head, row = south().splitlines()
    for partner, unit in (("north", 1), ("south", 12)):
        names = dict(zip(head.split(","), next(csv.reader([row])), strict=True)) | {"cm_sex": "", "ETA": ""}
        rows = [
            ",".join((names | {"id": str(place), "cluster": f"C{place}", "st_fte": str(place * unit)}).values())
            for place in range(3, 9)
        ]
        write_text(small_study / "raw" / partner / "answers.csv", answers(head, rows))
    found = [
        problem for problem in check_raw(read_study(small_study)).problems if problem.problem == "units may differ"
    ]
    assert [(problem.column, problem.value) for problem in found] == [
        ("st_fte", "median 5.5 in north, 66 in south"),
    ]


def list_meanings(book: Codebook, cleaned: Cleaned, unit: str, variable: str) -> set[str]:
    """Every text that would stand for what the observations say of a unit and question."""
    own = cleaned.observations
    own = own[(own["unit"] == unit) & (own["variable"] == variable)]
    meant: set[str] = set()
    choices = book.choices.get(book.variable(variable).list_name, ())
    for row in own.to_dict("records"):
        held = {row["option"]} if row["value"] > 0 and row["option"] else set()
        held |= {f"{row['value']:.15g}"} if not row["option"] and not np.isnan(row["value"]) else set()
        spelled = [c for c in choices if c.name in held or (c.missing and c.missing == row["missing"])]
        meant |= held | {text for c in spelled for text in (c.name, *c.labels.values())}
    return meant


CELLS = st.one_of(
    st.sampled_from(
        ["", "man", "Frau", "C", "Z", "40", "2,5", "1.234", "ca. 12", "k.A.", "\ufeffman", " 3 ", "finance;languages",
         "4", "dk", "Don't know", "100", "core", "none", "tours", "tours;exchange", "exchange, tours", "yes", "No",
         "€ 5", "=1+1", "a@b.example", "{question_not_shown}", "firms", "Usignolo", "2011-02-12"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=19, max_size=19), min_size=1, max_size=4))
def test_no_delivered_cell_vanishes(template: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([SOUTH_HEAD.split(","), *rows])
    with TemporaryDirectory() as name:
        folder = shutil.copytree(template, Path(name) / "study")
        cleaned, _ = deliver(folder, "answers.csv", text.getvalue())
        book = read_study(folder).codebook
    log = cleaned.cell_log[cleaned.cell_log["file"] == "south/answers.csv"]
    noted = set(zip(log["row"], log["column"], strict=True))
    texts = set(zip(cleaned.texts["unit"], cleaned.texts["text"], strict=True))
    units = dict(zip(cleaned.units["row"], cleaned.units["unit"], strict=True))
    names = {name: "cm_age" if name == "ETA" else name for name in SOUTH_HEAD.split(",")}
    written = pd.DataFrame(list(csv.reader(io.StringIO(text.getvalue(), newline=""))))
    for (place, row), (at, name) in itertools.product(written.iloc[1:].iterrows(), enumerate(names)):
        line, raw = str(place + 1), row[at]
        if raw == "" or noted & {(line, name), (line, ""), ("", name)} - {("", "")} or line not in units:
            # A row of blanks is no row; "labels read as codes" alone explains no cell.
            if not ({("", name)} & noted and not noted & {(line, name), (line, "")}):
                continue
            if set(log.loc[(log["row"] == "") & (log["column"] == name), "rule"]) != {"labels read as codes"}:
                continue
        if raw == "":
            continue
        meant = list_meanings(book, cleaned, units[line], names[name])
        kept = {part.strip().casefold() for part in raw.replace(",", ";").replace(" ", ";").split(";")}
        told = {text.casefold() for text in meant}
        assert (units[line], raw) in texts or raw.casefold() in told or kept & told, (name, raw)
