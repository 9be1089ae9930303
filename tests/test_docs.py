"""What README and documents say holds: links lead somewhere, commands exist, numbers are those of the data."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import click
import pandas as pd
import pytest

from cncb_analysis.__main__ import main
from cncb_analysis.study import read_study
from tests.documents import KINDS, list_documents, name_anchor, render_documents
from tests.size import ROOT

DOCUMENTS = list_documents()
FENCE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# In a code block a line is a command; in prose a span of code that starts so.
BLOCK_LINE = re.compile(r"^(?:\$ )?(?:\S*[\\/])?(cncb|make) ([^#\n]*)", re.MULTILINE)
SPAN = re.compile(r"`(cncb|make) ([^`]+)`")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def read(name: str) -> str:
    return DOCUMENTS[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    folder = DOCUMENTS[name].parent
    for target in LINK.findall(FENCE.sub("", read(name))):
        path, _, anchor = target.partition("#")
        if re.match(r"https?:", path):
            continue
        found = (folder / path).resolve() if path else DOCUMENTS[name]
        assert found.exists(), target
        if anchor:
            assert anchor in map(name_anchor, HEADING.findall(FENCE.sub("", found.read_text(encoding="utf-8")))), target


def list_commands(text: str) -> list[tuple[str, str]]:
    blocks = "\n".join(FENCE.findall(text))
    return [*BLOCK_LINE.findall(blocks), *SPAN.findall(FENCE.sub("", text))]


def check_command(words: list[str]) -> str:
    """What is wrong with a command line, or nothing."""
    command = main.commands.get(words[0])
    if words[0].startswith("-"):
        return ""
    if command is None:
        return f"no command {words[0]}"
    options = {name for each in command.params if isinstance(each, click.Option) for name in each.opts}
    unknown = [word for word in words[1:] if word.startswith("--") and word not in options | {"--help"}]
    return f"no option {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "CHANGELOG"])
def test_every_command_exists(name: str) -> None:
    for tool, rest in list_commands(read(name)):
        words = [word for word in shlex.split(rest.replace("…", "").replace("\\", "/")) if word]
        if tool == "make":
            assert set(words[:1]) <= TARGETS, rest
        elif words:
            assert check_command(words) == "", rest


def test_a_wrong_command_would_be_found() -> None:
    assert check_command(["walk"]) == "no command walk"
    assert check_command(["run", "--studdy", "x"]) == "no option --studdy"
    assert list_commands("Say `cncb run` or\n```\n$ cncb check --study x   # why\n.venv\\cncb new y\n```\n") == [
        ("cncb", "check --study x   "), ("cncb", "new y"), ("cncb", "run"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_block_of_code_can_be_read(name: str) -> None:
    for language, text in re.findall(r"```(\w*)\n(.*?)```", read(name), re.DOTALL):
        readers: dict[str, Callable[[str], object]] = {"python": ast.parse, "toml": tomllib.loads, "json": json.loads}
        readers.get(language, str)(text)


def test_every_command_and_target_is_documented() -> None:
    text = "\n".join(map(read, DOCUMENTS))
    assert {name for name in main.commands if f"cncb {name}" not in text} == set()
    assert {name for name in TARGETS - {"help", "clean"} if f"make {name}" not in text} == set()


def test_the_readme_counts_as_the_data_do() -> None:
    study, text = read_study(ROOT / "data"), read("index")
    published = pd.read_csv(ROOT / "data" / "study" / "sources.csv")
    words = {"partners": "Ten", "countries": "seven"}
    assert (len(study.partners), len(study.countries), len(study.languages)) == (10, 7, 8)
    for noun, number in words.items():
        assert re.search(rf"{number} (?:\w+ )?{noun}", text, re.IGNORECASE), noun
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(re.findall(r"`(\d_\w+)`", text)) == notebooks
    used = published.groupby("step")["partner"].nunique()
    assert used.drop("mapping").eq(10).all()


def test_documents_are_all_listed_by_what_a_reader_wants() -> None:
    assert {*DOCUMENTS, "reference"} - {"index"} == {name for names in KINDS.values() for name in names}


class Targets(HTMLParser):
    """Where a page leads, what it fetches, which anchors it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        told = {name: value or "" for name, value in attrs}
        self.links += [told.get("href", "")] * (tag == "a" and "href" in told)
        self.fetched += [told.get("src", told.get("href", ""))] * (tag in ("img", "script", "link"))
        self.anchors |= {told["id"]} if "id" in told else set()


def test_the_documents_become_pages_that_fetch_nothing(tmp_path: Path) -> None:
    pages = render_documents()
    read_pages = {}
    for name, html in pages.items():
        read_pages[name] = Targets()
        read_pages[name].feed(html)
        assert "Content-Security-Policy" in html
        assert all(each.startswith("data:") for each in read_pages[name].fetched), name
    assert len(read_pages["index.html"].fetched) == 2
    for name, page in read_pages.items():
        for link in page.links:
            path, _, anchor = link.partition("#")
            if not re.match(r"https?:", path):
                assert (path or name) in pages, (name, link)
                assert not anchor or anchor in read_pages[path or name].anchors, (name, link)
    assert {"wilson_interval", "read_study", "start_study"} <= read_pages["reference.html"].anchors
