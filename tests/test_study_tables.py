"""The codebook tables of the shipped study: complete, consistent, and a form that a survey tool accepts."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pyxform.xls2xform import convert

STUDY = Path(__file__).resolve().parents[1] / "data" / "study"
LANGUAGES = {
    "en": "English",
    "it": "Italian",
    "de": "German",
    "pl": "Polish",
    "cs": "Czech",
    "sk": "Slovak",
    "sl": "Slovene",
    "hu": "Hungarian",
}
# Letters beyond a-z that the words of each language may hold.
LETTERS = {
    "en": "",
    "it": "àèéìòù",
    "de": "äöüß",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšž",
    "hu": "áéíóöőúüű",
}
LABEL = {code: f"label::{name} ({code})" for code, name in LANGUAGES.items()}
INSTRUMENTS = {
    "questionnaire": {"questionnaire", "both"},
    "interview_card": {"interview_card", "both"},
    "mapping": {"mapping"},
    "workshop": {"workshop"},
}
AREAS = {"training", "optimisation", "internationalisation", "general"}
SLIDES = {
    *("clusters", "types", "financing", "profile", "tasks", "skills", "staff", "governance", "steering"),
    *("priorities", "circle", "obstacles", "internationalisation", "support", "areas", ""),
}
# An option stands beside a bar on a narrow page; a longer one would be cut or wrapped.
LONGEST_OPTION = 40

Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (STUDY / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


NAMES = ("survey", "choices", "themes", "items", "ballots")
TABLES = {name: read(name) for name in NAMES}
SURVEY, CHOICES, THEMES, ITEMS, BALLOTS = TABLES.values()
LISTS = {name: list(rows) for name, rows in groupby(CHOICES, key=lambda row: row["list_name"])}
BATTERIES: dict[str, list[Row]] = {}
for question in SURVEY:
    if question["battery"]:
        BATTERIES.setdefault(question["battery"], []).append(question)


def kind_of(row: Row) -> str:
    return row["type"].partition(" ")[0]


def list_of(row: Row) -> str:
    return row["type"].partition(" ")[2]


def asked_in(instrument: str) -> list[Row]:
    return [row for row in SURVEY if row["instrument"] in INSTRUMENTS[instrument]]


def count_cells(row: Row) -> int:
    """Boxes to tick, numbers to write, places to fill (three of a rank)."""
    return {"select_multiple": len(LISTS.get(list_of(row), ())), "rank": 3}.get(kind_of(row), 1)


def convert_form(rows: list[Row]) -> ElementTree.Element:
    """The XForm that pyxform makes of these questions, from the columns of an XLSForm."""
    columns = ("type", "list_name", "name", "relevant", *LABEL.values())
    survey, choices = (
        [{column: row[column] for column in columns if row.get(column)} for row in table] for table in (rows, CHOICES)
    )
    workbook = {
        "survey": survey,
        "choices": choices,
        "settings": [{"form_title": "Clusters", "form_id": "clusters", "default_language": "English (en)"}],
    }
    warnings: list[str] = []
    form = convert(workbook, warnings=warnings, form_name="clusters").xform
    assert warnings == []
    return ElementTree.fromstring(form)


def find(form: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [element for element in form.iter() if element.tag.rpartition("}")[2] == tag]


@pytest.mark.parametrize("name", NAMES)
def test_file_is_plain_utf8_with_rows_of_one_width(name):
    data = (STUDY / f"{name}.csv").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    assert data.endswith(b"\n")
    assert len({len(row) for row in csv.reader(data.decode("utf-8").splitlines())}) == 1


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_instrument_converts_to_a_form_in_eight_languages(instrument):
    rows = asked_in(instrument)
    form = convert_form(rows)
    assert {node.attrib["lang"] for node in find(form, "translation")} == {
        label.removeprefix("label::") for label in LABEL.values()
    }
    binds = {node.attrib["nodeset"].rpartition("/")[2]: node.attrib for node in find(form, "bind")}
    assert {row["name"] for row in rows} <= set(binds)
    assert {name for name, bind in binds.items() if "relevant" in bind} == {
        row["name"] for row in rows if row["relevant"]
    }


def test_form_shows_each_kind_of_question_as_often_as_declared():
    form, kinds = convert_form(SURVEY), Counter(map(kind_of, SURVEY))
    shown = {tag: len(find(form, tag)) for tag in ("select1", "select", "rank", "input")}
    assert shown == {
        "select1": kinds["select_one"],
        "select": kinds["select_multiple"],
        "rank": kinds["rank"],
        "input": kinds["integer"] + kinds["decimal"] + kinds["text"],
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES[:4])
def test_every_label_is_filled_and_trimmed(name, language):
    cells = [row[LABEL[language]] for row in TABLES[name]]
    assert [cell for cell in cells if not cell or cell != " ".join(cell.split())] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_written_with_the_letters_of_their_language(language):
    cells = [row[LABEL[language]] for row in SURVEY + CHOICES + THEMES + ITEMS]
    beyond = {letter for letter in "".join(cells).casefold() if letter.isalpha() and letter > "z"}
    allowed = set(LETTERS[language]) - {"ß"}  # casefold writes ss
    assert beyond - allowed == set()
    assert len(beyond) >= min(3, len(allowed))


@pytest.mark.parametrize("first", LANGUAGES)
def test_no_language_is_a_copy_of_another(first):
    rows = [row for row in SURVEY + CHOICES + THEMES if re.search(r"[^\W\d]", row[LABEL["en"]])]
    for second in set(LANGUAGES) - {first}:
        same = [row for row in rows if row[LABEL[first]] == row[LABEL[second]]]
        assert len(same) < 0.3 * len(rows), second


def test_options_and_items_fit_beside_a_bar():
    cells = [row[label] for row in CHOICES + THEMES + ITEMS for label in LABEL.values()]
    cells += [row[label].partition(": ")[0] for row in SURVEY if row["item"] for label in LABEL.values()]
    assert [cell for cell in cells if len(cell) > LONGEST_OPTION] == []


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_a_label_names_one_question_of_an_instrument(instrument):
    """Files come back headed by labels of any language, so a label must lead to one question."""
    named = defaultdict(set)
    for row in asked_in(instrument):
        for label in LABEL.values():
            named[row[label].casefold()].add(row["name"])
    assert {label: names for label, names in named.items() if len(names) > 1} == {}


def test_a_label_names_one_answer_of_a_list():
    named = defaultdict(set)
    for row in CHOICES:
        for cell in (row["name"], *(row[label] for label in LABEL.values())):
            named[row["list_name"], cell.casefold()].add(row["name"])
    assert {cell: names for cell, names in named.items() if len(names) > 1} == {}


def test_names_are_unique_and_plain():
    names = [row["name"] for row in SURVEY]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert [name for name in names if not re.fullmatch("[a-z][a-z0-9_]*", name)] == []
    codes = [(row["list_name"], row["name"]) for row in CHOICES]
    assert [code for code, times in Counter(codes).items() if times > 1] == []
    assert [code for _, code in codes if not re.fullmatch("[a-z0-9_]+", code)] == []


def test_every_list_is_declared_once_and_used():
    used = {list_of(row) for row in SURVEY if list_of(row)}
    assert used == set(LISTS)
    assert [name for name, _ in groupby(CHOICES, key=lambda row: row["list_name"])] == list(LISTS), "rows apart"


def test_questions_are_filled_in_with_known_words():
    known = {
        "theme": AREAS,
        "instrument": {word for words in INSTRUMENTS.values() for word in words},
        "aspect": {"", "importance", "own", "actor", "role", "past", "now", "future"},
        "group": {"", "soft", "hard"},
        "role": {"", "identifier", "free_text", "sensitive"},
        "reverse": {""},
        "collapse": {"", "groups", "top_two"},
        "unit": {"", "percent", "years", "fte", "persons"},
        "slide": SLIDES,
    }
    wrong = [(row["name"], column) for row in SURVEY for column, words in known.items() if row[column] not in words]
    assert wrong == []
    # Whatever a respondent writes freely is kept apart from the answers; the frame's two codes are not written freely.
    plain = {row["name"] for row in SURVEY if row["type"] == "text" and row["role"] not in {"identifier", "free_text"}}
    assert plain == {"map_sector", "map_region"}


def test_numbers_and_nothing_else_have_bounds():
    for row in SURVEY:
        bounds = [row["minimum"], row["maximum"]]
        if kind_of(row) in {"integer", "decimal"}:
            assert float(bounds[0]) < float(bounds[1]), row["name"]
            assert row["unit"] != "percent" or bounds == ["0", "100"], row["name"]
        else:
            assert bounds == ["", ""], row["name"]


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_routing_names_an_earlier_question_of_the_same_instrument_and_one_of_its_answers(instrument):
    earlier: dict[str, str] = {}
    for row in asked_in(instrument):
        if row["relevant"]:
            match = re.fullmatch(r"\$\{(\w+)\} !?= '(\w+)'", row["relevant"])
            assert match, row["relevant"]
            assert match[1] in earlier, row["name"]
            assert match[2] in {code["name"] for code in LISTS[earlier[match[1]]]}, row["name"]
        earlier[row["name"]] = list_of(row)


def test_work_abroad_is_asked_only_of_those_who_do_it():
    assert {row["name"] for row in SURVEY if row["relevant"] == "${int_level} != 'none'"} == {"int_act", "int_who"}


def test_questionnaire_is_short():
    """At most 35 questions, a block counted once, about 110 cells: under 20 minutes."""
    rows = [row for row in asked_in("questionnaire") if row["role"] != "identifier"]
    assert len({row["battery"] or row["name"] for row in rows}) <= 35
    assert 105 <= sum(map(count_cells, rows)) <= 115


def test_interview_card_fits_one_page():
    rows = [row for row in asked_in("interview_card") if row["role"] != "identifier"]
    assert len({row["battery"] or row["name"] for row in rows}) <= 22


@pytest.mark.parametrize("battery", BATTERIES)
def test_battery_is_asked_as_one_complete_block(battery):
    block = BATTERIES[battery]
    places = [SURVEY.index(row) for row in block]
    assert places == list(range(places[0], places[0] + len(block)))
    for column in ("type", "instrument", "theme", "unit", "slide", "collapse", "minimum", "maximum"):
        assert len({row[column] for row in block}) == 1, column
    asked = {(row["item"], row["aspect"]) for row in block}
    items, aspects = ({row[column] for row in block} for column in ("item", "aspect"))
    assert len(block) == len(asked) == len(items) * len(aspects)
    assert asked != {("", "")}


def test_items_and_aspects_belong_to_batteries():
    assert [row["name"] for row in SURVEY if (row["item"] or row["aspect"]) and not row["battery"]] == []
    expected = {
        **{name: {"importance", "own"} for name in ("skill", "attr")},
        **{"pri": {"past", "now", "future"}, "gov_actor": {"actor"}, "gov_role": {"role"}},
        **{name: {""} for name in ("fin_src", "obst", "sup", "task_time")},
    }
    assert {name: {row["aspect"] for row in block} for name, block in BATTERIES.items()} == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_label_of_a_row_with_an_aspect_is_item_colon_aspect(language):
    """A figure writes the part before the last colon beside its row, and the aspect above its column."""
    for name, block in BATTERIES.items():
        parts = [(row["item"], row["aspect"], row[LABEL[language]].rpartition(": ")) for row in block if row["aspect"]]
        for place, column in ((0, 0), (1, 2)):
            words = {(part[place], part[2][column]) for part in parts}
            assert len(words) == len({word for _, word in words}) == len({part[place] for part in parts}), name
            assert all(word for _, word in words), name


@pytest.mark.parametrize("battery", [name for name, block in BATTERIES.items() if kind_of(block[0]) == "decimal"])
def test_shares_of_a_whole_are_a_percent_battery(battery):
    assert {row["unit"] for row in BATTERIES[battery]} == {"percent"}
    assert len(BATTERIES[battery]) >= 5


def test_support_is_one_list_everywhere():
    codes = [row["name"] for row in LISTS["support"]]
    assert [row["item"] for row in BATTERIES["sup"]] == codes
    assert [row["code"].partition("/")[2] for row in THEMES if row["parent"] == "support"] == codes
    assert [row["item"] for row in ITEMS if not row["merged_into"]] == codes
    for language in LABEL.values():
        words = [row[language] for row in LISTS["support"]]
        assert [row[language] for row in BATTERIES["sup"]] == words
        assert [row[language] for row in ITEMS][: len(codes)] == words


def test_tasks_of_the_time_budget_are_the_tasks_asked():
    assert [row["item"] for row in BATTERIES["task_time"]] == [row["name"] for row in LISTS["task"]]


@pytest.mark.parametrize("name", LISTS)
def test_ordinal_list_counts_from_one_without_gap(name):
    real = [row["order"] for row in LISTS[name] if not row["missing"]]
    assert real in ([""] * len(real), [str(place) for place in range(1, len(real) + 1)])
    assert all(row["order"] == row["collapse"] == "" for row in LISTS[name] if row["missing"])
    assert {row["missing"] for row in LISTS[name]} <= {"", "dont_know", "refused", "not_applicable"}


def test_ordinal_lists_are_those_with_an_order():
    ordered = "cl_stage age rating5 agree5 steer5 str_doc budget trend int_level edu_mgmt"
    assert {name for name, rows in LISTS.items() if rows[0]["order"]} == set(ordered.split())


@pytest.mark.parametrize("name", [name for name, rows in LISTS.items() if any(row["collapse"] for row in rows)])
def test_coarser_groups_take_every_answer_and_are_coarser(name):
    rows = [row for row in LISTS[name] if not row["missing"]]
    groups = [row["collapse"] for row in rows]
    assert all(groups)
    assert 2 <= len(set(groups)) < len(rows)
    if rows[0]["order"]:
        assert len(list(groupby(groups))) == len(set(groups)), "neighbours only"
    for row in rows:
        # Read as a code, a group's name may not stand for less than the group.
        members = [other["name"] for other in rows if other["collapse"] == row["name"]]
        assert members in ([], [row["name"]])


def test_question_says_how_its_list_is_taken_together():
    for row in SURVEY:
        grouped = any(choice["collapse"] for choice in LISTS.get(list_of(row), ()))
        if grouped:
            # Answers to a multiple choice overlap: adding their counts would count people twice.
            assert kind_of(row) == "select_one" or row["collapse"] == "", row["name"]
        rating = list_of(row) in {"rating5", "agree5"}
        expected = "top_two" if rating else "groups" if grouped and kind_of(row) == "select_one" else ""
        assert row["collapse"] == expected, row["name"]


def test_themes_are_a_tree_of_paths():
    codes = [row["code"] for row in THEMES]
    assert len(set(codes)) == len(codes)
    for place, row in enumerate(THEMES):
        assert row["parent"] == row["code"].rpartition("/")[0]
        assert not row["parent"] or row["parent"] in codes[:place], row["code"]
    leaves = set(codes) - {row["parent"] for row in THEMES}
    assert 48 <= len(leaves) <= 55
    assert len({row["code"] for row in THEMES if not row["parent"]}) == 13


def test_themes_tell_a_coder_what_to_do():
    for row in THEMES:
        assert row["theme"] in AREAS
        texts = [row[column] for column in ("definition", "include", "exclude")]
        assert all(len(text) >= 20 and text.endswith(".") for text in texts), row["code"]
        # A code that an exclusion sends the coder to must exist.
        named = set(re.findall(r"\b[a-z]+/[a-z_]+\b", " ".join(texts)))
        assert named <= {other["code"] for other in THEMES} - {row["code"]}, row["code"]
    assert len({row["definition"] for row in THEMES}) == len(THEMES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sibling_themes_have_labels_of_their_own(language):
    siblings = Counter((row["parent"], row[LABEL[language]].casefold()) for row in THEMES)
    assert [pair for pair, times in siblings.items() if times > 1] == []


def test_items_merge_into_items_that_stay():
    stay = {row["item"] for row in ITEMS if not row["merged_into"]}
    assert {row["item"]: row["merged_into"] for row in ITEMS if row["merged_into"]} == {
        "joint_promotion": "market_mapping"
    }
    assert {row["merged_into"] for row in ITEMS} - {""} <= stay
    assert len({row["item"] for row in ITEMS}) == len(ITEMS)


def test_ballots_give_ten_dots_and_then_five_ranks():
    rounds = [(row["round"], row["kind"], row["cap"], row["rule"]) for row in BALLOTS]
    assert rounds == [("1", "dots", "10", "item <= 4"), ("2", "ranks", "5", "rank <= 5")]
    votes = next(row for row in SURVEY if row["name"] == "votes")
    assert float(votes["maximum"]) >= max(float(row["cap"]) for row in BALLOTS)


@pytest.mark.parametrize("language", LABEL)
def test_a_group_of_answers_is_named_as_no_single_one_of_them(language):
    """They stand in one table beside each other: `Agree` would be two columns."""
    words = {row["key"]: row[language] for row in read("words")}
    for name, rows in LISTS.items():
        for group in {row["collapse"] for row in rows} - {""}:
            taken = [row[LABEL[language]] for row in rows if row["collapse"] == group]
            named = words[f"group.{name}.{group}"]
            assert (named in [row[LABEL[language]] for row in rows]) == (len(taken) == 1), named
            assert len(taken) > 1 or named == taken[0]
