"""Survey structures of LimeSurvey and XLSForm, built here from their documented forms."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cncb_analysis.codebook import read_codebook
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import Structure, read_structure

# A survey in the tab-separated form: a row and language each, in the order of the questionnaire.
ROWS = [
    ("S", "", "language", "1", "en", "en", ""),
    ("G", "", "About you", "1", "", "en", ""),
    ("Q", "Y", "member", "1", "<p>Are you a <b>member</b>?</p>", "en", ""),
    ("Q", "L", "role", '((member.NAOK == "Y"))', "Your role &amp; task?", "en", "Y"),
    ("A", "0", "A1", "", "Manager", "en", ""),
    ("A", "0", "A2", "", "Owner", "en", ""),
    ("Q", "M", "topics", "1", "Which topics?", "en", ""),
    ("SQ", "0", "skills", "", "Skills", "en", ""),
    ("SQ", "0", "export", "", "Export", "en", ""),
    ("G", "", "Details", 'topics_skills.NAOK == "Y"', "", "en", ""),
    ("Q", "F", "rate", 'role == "-oth-" || !(member != "Y")', "Rate", "en", ""),
    ("SQ", "0", "law", "", "The law", "en", ""),
    ("A", "0", "1", "", "poor", "en", ""),
    ("A", "0", "2", "", "good", "en", ""),
    ("Q", "K", "staff", 'rate_law.NAOK == "1" AND topics_export != "Y"', "Staff", "en", ""),
    ("SQ", "0", "now", "", "Now", "en", ""),
    ("Q", "R", "order", "count(topics) > 1", "Order", "en", ""),
    ("A", "0", "a", "", "First", "en", ""),
    ("Q", "5", "mark", "1", "Mark", "en", ""),
    ("Q", "X", "note", "1", "Thank you", "en", ""),
    ("Q", "|", "paper", "1", "Your paper", "en", ""),
    ("Q", "N", "years", "1", "Years", "en", ""),
    ("Q", "Y", "member", "1", "Bist du dabei?", "de-informal", ""),
    ("SQ", "0", "skills", "", "(of no question)", "de-informal", ""),
    ("Q", "F", "rate", 'role == "-oth-" || !(member != "Y")', "Bewerte", "de-informal", ""),
    ("SQ", "0", "law", "", "Das Recht", "de-informal", ""),
]
SKILLS = "selected(${topics}, 'skills')"
HEAD = ("class", "type/scale", "name", "relevance", "text", "language", "other")


def make_tsv(rows: Sequence[Sequence[str]] = ROWS) -> bytes:
    return "\n".join("\t".join(row) for row in [HEAD, *rows]).encode()


def make_lss(rows: Sequence[Sequence[str]] = ROWS, *, version: int) -> bytes:
    """The same survey as .lss: until 350 a row and language each, later texts in tables of their own."""
    tables: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("groups", "questions", "subquestions", "answers")
    }
    texts: dict[str, list[dict[str, object]]] = {"question_l10ns": [], "answer_l10ns": []}
    ids: dict[tuple[str, ...], int] = {}
    group = question = 0
    for kind, scale, name, relevance, text, language, other in rows:
        if kind == "G":
            group += 1
            tables["groups"].insert(
                0, {"gid": group, "group_order": group, "grelevance": relevance, "group_name": name}
            )
            continue
        if kind == "S":
            continue
        own = (kind, name) if kind == "Q" else (kind, str(question), name)
        known = own in ids
        qid = ids.setdefault(own, len(ids) + 1)
        question = qid if kind == "Q" else question
        local, key = (
            {"language": language, "answer" if kind == "A" else "question": text},
            "aid" if kind == "A" else "qid",
        )
        texts["answer_l10ns" if kind == "A" else "question_l10ns"].append({key: qid, **local})
        row: dict[str, object] = {"scale_id": scale or 0, "relevance": relevance, "other": other or "N"}
        if kind == "A":
            row |= {"aid": qid, "qid": question, "code": name, "sortorder": qid}
        else:
            row |= {"qid": qid, "title": name, "type": scale if kind == "Q" else "T", "question_order": qid}
            row |= {"gid": max(group, 1), "parent_qid": 0 if kind == "Q" else question}
        table = {"Q": "questions", "SQ": "subquestions", "A": "answers"}[kind]
        if version < 350:
            row.pop("aid", "")
            tables[table].insert(0, row | local)
        elif not known:
            tables[table].insert(0, row)
    parts = tables | (texts if version >= 350 else {})
    body = "".join(f"<{name}><rows>{''.join(map(write_row, found))}</rows></{name}>" for name, found in parts.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<document><DBVersion>{version}</DBVersion>{body}</document>'.encode()
    )


def write_row(row: Mapping[str, object]) -> str:
    return "<row>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in row.items()) + "</row>"


FORMS = {"tab-separated": make_tsv(), "lss 177": make_lss(version=177), "lss 630": make_lss(version=630)}


def ask(structure: Structure, name: str, column: str) -> str:
    return str(structure.survey.set_index("name").at[name, column])


@pytest.mark.parametrize("form", FORMS)
def test_types_of_questions(form: str) -> None:
    structure = read_structure(FORMS[form], file=form)
    assert dict(zip(structure.survey["name"], structure.survey["type"], strict=True)) == {
        **{"member": "select_one member", "role": "select_one role", "topics": "select_multiple topics"},
        **{"rate_law": "select_one rate", "staff_now": "decimal", "order": "rank order", "mark": "select_one mark"},
        **{"paper": "text", "years": "decimal"},
    }
    assert ask(structure, "rate_law", "battery") == "rate"
    assert ask(structure, "rate_law", "item") == "law"
    assert structure.unread == ("paper: type of question (|)", f"order: routing ({SKILLS}) and (count(topics) > 1)")


@pytest.mark.parametrize("form", FORMS)
def test_routing_is_written_in_the_grammar_of_the_study(form: str) -> None:
    structure = read_structure(FORMS[form], file=form)
    assert structure.survey.set_index("name")["relevant"].to_dict() == {
        **{"member": "", "role": "${member} = 'Y'", "topics": ""},
        "rate_law": f"({SKILLS}) and (${{role}} = 'other' or not(${{member}} != 'Y'))",
        "staff_now": f"({SKILLS}) and (${{rate_law}} = '1' and not(selected(${{topics}}, 'export')))",
        **{"order": "unknown", **dict.fromkeys(["mark", "paper", "years"], SKILLS)},
    }


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_plain_text_in_every_language(form: str) -> None:
    structure = read_structure(FORMS[form], file=form)
    book = read_codebook(structure.survey, structure.choices)
    assert book.variables["member"].labels == {"en": "Are you a member?", "de": "Bist du dabei?"}
    assert book.variables["rate_law"].labels == {"en": "The law", "de": "Das Recht"}
    assert book.label("role", "en") == "Your role & task?"
    told = {name: {choice.name: choice.labels["en"] for choice in listed} for name, listed in book.choices.items()}
    assert told == {
        **{"member": {"Y": "Yes", "N": "No"}, "role": {"A1": "Manager", "A2": "Owner", "other": "Other"}},
        **{"topics": {"skills": "Skills", "export": "Export"}, "rate": {"1": "poor", "2": "good"}},
        **{"order": {"a": "First"}, "mark": {code: code for code in "12345"}},
    }


@pytest.mark.parametrize(
    ("relevance", "carried"),
    [
        ("( 1 )", ""),
        ("(((a.NAOK == 'x')))", "${a} = 'x'"),
        ("a == 'x' && (b == \"y\" or not (a != 'z'))", "${a} = 'x' and (${b} = 'y' or not (${a} != 'z'))"),
        *(
            (text, "unknown")
            for text in ("a == ''", "a > 3", "gone == 'x'", "a == 'x' b == 'y'", "(a == 'x'", "! a == 'x'")
        ),
        *((text, "unknown") for text in ("! a == 'x'", "a == 'x' and", "regexMatch('/x/', a)", 'a == "it\'s"')),
    ],
)
def test_what_cannot_be_carried_is_unknown_and_named(relevance: str, carried: str) -> None:
    rows = [("Q", "S", name, routing, "?", "en", "") for name, routing in (("a", ""), ("b", ""), ("c", relevance))]
    structure = read_structure(make_tsv(rows), file="a.txt")
    assert ask(structure, "c", "relevant") == carried
    assert bool(structure.unread) == (carried == "unknown")


def test_a_language_variant_gives_way_to_the_plain_language() -> None:
    rows = [("Q", "S", "a", "", text, text, "") for text in ("de", "de-informal", "pt-BR")]
    assert list(read_structure(make_tsv(rows), file="a.txt").survey)[2:5] == [
        *("label::de (de)", "label::de-informal (de-informal)", "label::pt (pt)")
    ]


BOMB = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><document>&b;</document>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BOMB.encode(), r"unsafe XML \(EntitiesForbidden\)"),
        (make_lss(version=630)[:900], r"unsafe XML \(ParseError\)"),
        (make_lss(version=630).replace(b"question_order>", b"question_rank>"), r"unsafe XML \(KeyError\)"),
        (b"<html><body>Log in</body></html>", "asks no question"),
        (b"id,member\n1,Y\n", "asks no question"),
        (b"class\ttype/scale\tname\ttext\n", "asks no question"),
        (b"", "asks no question"),
        (b"\x00\x01" * 50, "not readable text"),
        (b"PK\x03\x04", "damaged, old"),
    ],
)
def test_what_is_no_structure_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(StudyError, match=said) as caught:
        read_structure(data, file="survey")
    assert "\n" not in str(caught.value)


def make_form(survey: list[list[object]], choices: list[list[object]], settings: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for name, rows in {"survey": survey, "choices": choices, "settings": settings}.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


CHOICES: list[list[object]] = [
    ["list name", "name", "label", "label:Italian"],
    ["yn", 1, "Ja", "Sì"],
    ["yn", 2, "Nein", ""],
]


def test_xlsform_built_with_groups_repeats_and_other() -> None:
    survey: list[list[object]] = [
        ["type", "name", "label", "label::Italian", "relevant"],
        ["begin group", "all", "", "", "${m} = '1'"],
        ["select_one yn or_other", "m", "Dabei?", "Membro?", ""],
        ["begin_repeat", "each", "", "", ""],
        ["integer", "years", "Jahre", "", "${m} != '2' and\n(${m} != '3')"],
        ["end_repeat", "", "", "", ""],
        ["end group", "", "", "", ""],
        ["geopoint", "where", "Wo?", "", "${years} > 3"],
        ["note", "thanks", "Danke", "", ""],
        ["end", "end", "", "", ""],
    ]
    structure = read_structure(make_form(survey, CHOICES, [["default_language"], ["Deutsch (de)"]]), file="a.xlsx")
    assert structure.survey[["type", "name", "relevant"]].to_numpy().tolist() == [
        ["select_one yn", "m", "${m} = '1'"],
        ["integer", "years", "(${m} = '1') and (${m} != '2' and (${m} != '3'))"],
        ["text", "where", "unknown"],
    ]
    assert structure.survey.loc[0, ["label::de (de)", "label::it (it)"]].tolist() == ["Dabei?", "Membro?"]
    assert structure.choices["name"].tolist() == ["1", "2", "other"]
    assert structure.unread == ("each: begin_repeat", "where: geopoint", "where: routing (${years} > 3)")


@pytest.mark.parametrize("head", [["type", "label"], ["type", "name", "label", "label"]])
def test_a_sheet_without_or_with_two_of_a_column_is_refused(head: list[object]) -> None:
    with pytest.raises(StudyError, match="sheet survey lacks a column, or has it twice"):
        read_structure(make_form([head, ["text", "a", "b", "c"]], CHOICES, []), file="a.xlsx")


def test_a_name_that_stands_twice_is_named() -> None:
    rows = [
        ("Q", "F", "a", "", "?", "en", ""),
        ("SQ", "", "b", "", "?", "en", ""),
        ("Q", "S", "a_b", "", "?", "en", ""),
    ]
    structure = read_structure(make_tsv(rows), file="a.txt")
    assert (structure.survey["name"].tolist(), structure.unread) == (["a_b"], ("a_b: name stands twice",))


@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_any_bytes_give_a_structure_or_a_study_error(data: bytes) -> None:
    check_structure(data)


@given(st.sampled_from([*FORMS.values()]), st.data())
def test_a_damaged_structure_gives_a_structure_or_a_study_error(data: bytes, draw: st.DataObject) -> None:
    start, end = sorted(draw.draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    check_structure(data[:start] + draw.draw(st.binary(max_size=20)) + data[end:])


def check_structure(data: bytes) -> None:
    try:
        structure = read_structure(data, file="any")
    except StudyError as error:
        assert str(error)
        return
    assert len(structure.survey) > 0
    assert structure.survey["name"].is_unique
    assert all(
        isinstance(cell, str) for cell in [*structure.survey.to_numpy().flat, *structure.choices.to_numpy().flat]
    )
