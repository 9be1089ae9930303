"""The table of words: every cell filled, the same placeholders in every language, names used once."""

from __future__ import annotations

import ast
import csv
import io
import itertools
import json
import re
import string
from collections import Counter
from pathlib import Path

import pytest

from cncb_analysis.study import read_study

TABLE = Path(__file__).parent.parent / "data" / "study" / "words.csv"
PACKAGE = TABLE.parents[2] / "cncb_analysis"
LANGUAGES = ["en", "it", "de", "pl", "cs", "sk", "sl", "hu"]
SHORT = 8  # letters that a step cell of the decision table holds at its smallest size

pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason="the example study is not installed")


def read_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def list_placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def find_problems(rows: list[dict[str, str]]) -> list[str]:
    """Every cell that breaks a rule, as `key language: problem`."""
    found = [f"{key}: twice" for key, times in Counter(row["key"] for row in rows).items() if times > 1]
    keys = [row["key"] for row in rows]
    found += [f"{later}: not sorted" for earlier, later in itertools.pairwise(keys) if earlier > later]
    for row in rows:
        for language in LANGUAGES:
            text, cell = row[language], f"{row['key']} {language}"
            if not text.strip():
                found.append(f"{cell}: empty")
            elif text != text.strip():
                found.append(f"{cell}: space at an end")
            elif list_placeholders(text) != list_placeholders(row["en"]):
                found.append(f"{cell}: other placeholders than English")
            if row["key"].startswith("position.") and row["key"].endswith(".short") and len(text) > SHORT:
                found.append(f"{cell}: longer than {SHORT}")
    return found


@pytest.fixture(scope="module")
def text() -> str:
    return TABLE.read_bytes().decode("utf-8")


def test_columns_and_bytes(text: str) -> None:
    assert text.splitlines()[0] == ",".join(["key", *LANGUAGES])
    assert "\r" not in text
    assert "\ufeff" not in text


def test_no_problem(text: str) -> None:
    assert find_problems(read_rows(text)) == []


def test_every_language_is_its_own(text: str) -> None:
    """A column copied from English would pass the other rules."""
    longer = [row for row in read_rows(text) if len(row["en"].split()) > 3 and row["key"].split(".")[0] != "partner"]
    for language in LANGUAGES[1:]:
        assert [row["key"] for row in longer if row[language] == row["en"]] == []


def test_words_that_the_interface_promises(text: str) -> None:
    keys = {row["key"] for row in read_rows(text)}
    quantities = {f"quantity.{name}" for name in ("none", "few", "some", "most", "nearly_all", "all")}
    positions = {f"position.{p}" for p in ("agreement", "partial", "dissonance", "silence", "not_asked", "hidden")}
    verdicts = {f"verdict.{name}" for name in ("differs", "similar", "cannot_tell", "too_few")}
    assert {"count_of", *quantities, *positions, *(f"{p}.short" for p in positions), *verdicts} <= keys


def test_a_partner_is_called_in_english_as_the_study_calls_it(text: str) -> None:
    own = {row["key"]: row["en"] for row in read_rows(text) if row["key"].startswith("partner.")}
    partners = read_study(TABLE.parents[1]).partners
    named = {f"partner.{each.id}": each.short for each in partners}
    assert own == named | {f"partner.{each.id}.organisation": each.name for each in partners}


def list_given(source: str) -> list[tuple[list[str], set[str]]]:
    """What a module gives to fixed texts: the keys that may be meant, and the names of the values."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "text" and len(node.args) == 2:
            key, values = node.args
            meant = (key.body, key.orelse) if isinstance(key, ast.IfExp) else (key,)
            keys = [str(each.value) for each in meant if isinstance(each, ast.Constant)]
            if keys and isinstance(values, ast.Dict):
                found.append((keys, {str(each.value) for each in values.keys if isinstance(each, ast.Constant)}))
    return found


def test_every_value_that_is_given_is_said(text: str) -> None:
    """A text without its placeholder says nothing of the count that it was given."""
    said = {row["key"]: set(list_placeholders(row["en"])) for row in read_rows(text)}
    given = [each for path in PACKAGE.rglob("*.py") for each in list_given(path.read_text(encoding="utf-8"))]
    assert len(given) > 10
    assert [(keys, names) for keys, names in given if names - set().union(*(said[key] for key in keys))] == []
    assert list_given('words.text("a" if x else "b", {"k": 1})') == [(["a", "b"], {"k"})]


def find_said(name: str, source: str) -> set[str]:
    """What a module, template or table says: words as they stand, with `*` for what is filled in."""
    if name.endswith(".csv"):
        return {word for row in csv.reader(io.StringIO(source)) for cell in row for word in re.split("[;/]", cell)}
    if not name.endswith(".py"):
        joined = {f"{start}*" for start in re.findall(r'"([a-z_.]+\.)" ~', source)}
        return (
            joined | {f"*{end}" for end in re.findall(r'~ "(\.[a-z_.]+)"', source)} | set(re.findall(r"[\w.]+", source))
        )
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = ("*" if isinstance(each, ast.FormattedValue) else ast.literal_eval(each) for each in node.values)
            found.add("".join(parts).replace("**", "*"))
        elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            found.add(node.left.value + "*")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.strip(".").replace(" ", "_"))
    return found


def find_unsaid(keys: list[str], sources: dict[str, str]) -> list[str]:
    """Keys that nothing says: neither whole, nor put together from words that stand in code or tables."""
    said = set[str]().union(*(find_said(name, source) for name, source in sources.items()))
    joined = [re.compile(re.escape(each).replace(r"\*", r"([\w:]+(?:\.[\w:]+)*)")) for each in said
              if re.fullmatch(r"[\w.:]+\*[\w.*:]*|\*[\w:]+|\*\.[\w:]+", each)]  # fmt: skip

    def is_said(word: str) -> bool:
        return word in said or any(
            all(is_said(part) for group in found.groups() for part in group.split("."))
            for each in joined
            if (found := each.fullmatch(word))
        )

    # An answer's label is known by its question and its code: both stand in the study's tables.
    asked = set[str]().union(*(find_said(name, source) for name, source in sources.items() if name.endswith(".csv")))
    return [key for key in keys if not is_said(key) and not set(key.split(".")) <= asked]


def test_every_word_is_said(text: str) -> None:
    folders = {PACKAGE: ("*.py", "*.j2", "*.toml", "*.csv"), TABLE.parent: ("*.csv", "*.toml"),
               PACKAGE.parent / "notebooks": ("*.ipynb",)}  # fmt: skip
    paths = [path for folder, kinds in folders.items() for kind in kinds for path in folder.rglob(kind)]
    sources = {str(path): path.read_text(encoding="utf-8") for path in paths if path != TABLE}
    sources["status.csv"] = "complete,duplicate,rejected"  # of a delivered row: cleaning says it, nobody asks for it
    keys = [row["key"] for row in read_rows(text)]
    assert find_unsaid([key for key in keys if not key.startswith(("rule.", "section.", "prose."))], sources) == []
    one = 'say(f"a.{name}"); say("d"); ("b", f"{b}_rank")'
    assert find_unsaid(["a.b", "a.b_rank", "a.c", "d", "e"], {"x.py": one}) == ["a.c", "e"]


def list_patterns(source: str) -> list[re.Pattern[str]]:
    """Every string of a module, whatever is filled in left open."""
    found = []
    for node in ast.walk(ast.parse(source)):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        told = [str(part.value) if isinstance(part, ast.Constant) else "" for part in parts]
        if len("".join(told)) > 3:
            found.append(re.compile(".*".join(map(re.escape, told)) if len(told) > 1 else re.escape(told[0])))
    return found


def test_every_rule_is_one_that_cleaning_writes(text: str) -> None:
    """The English text of a rule is what the cell log says; worded otherwise there it would stay untranslated."""
    patterns = [
        each for path in (PACKAGE / "cleaning").glob("*.py") for each in list_patterns(path.read_text(encoding="utf-8"))
    ]
    rules = {row["key"]: re.sub(r"{\w+}", "1", row["en"]) for row in read_rows(text) if row["key"].startswith("rule.")}
    assert len(rules) > 50
    assert [key for key, rule in rules.items() if not any(each.fullmatch(rule) for each in patterns)] == []


def test_every_heading_and_passage_of_a_page_is_there_in_every_language(text: str) -> None:
    headings, passages = set[str](), set[str]()
    for path in sorted((PACKAGE.parent / "notebooks").glob("[1-9]_*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                heading, _, passage = "".join(cell["source"]).partition("\n\n")
                headings |= {heading[3:]} if heading.startswith("## ") else set()
                passages.add(passage.strip())
    for family, said in (("section.", headings), ("prose.", passages - {""})):
        named = [row["en"] for row in read_rows(text) if row["key"].startswith(family)]
        assert len(named) == len(set(named))
        assert set(named) == said


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"it": ""}, "a it: empty"),
        ({"hu": "{k} / {m}"}, "a hu: other placeholders than English"),
        ({"de": "{k} von {n} "}, "a de: space at an end"),
    ],
)
def test_the_rules_find_a_fault(change: dict[str, str], problem: str) -> None:
    row = {"key": "a", **dict.fromkeys(LANGUAGES, "{k} of {n}"), **change}
    assert find_problems([row]) == [problem]


def test_the_rules_find_faults_between_rows() -> None:
    row = {"key": "position.b.short", **dict.fromkeys(LANGUAGES, "agree"), "de": "übereinstimmend"}
    last = {"key": "a", **dict.fromkeys(LANGUAGES, "x")}
    assert find_problems([row, row, last]) == [
        "position.b.short: twice",
        "a: not sorted",
        "position.b.short de: longer than 8",
        "position.b.short de: longer than 8",
    ]
