"""The graph: what needs what, what is stale, and what one failure does to the rest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.graph import Node, Options, plan_run
from cncb_analysis.pipeline import run_study
from cncb_analysis.store import hash_file

SETTINGS = """
title = "Two partners"
languages = ["en", "it"]
steps = ["mapping", "questionnaire"]
[disclosure]
audience = "public"
[[partners]]
id = "north"
[[partners]]
id = "south"
"""


class PretendExecutor(Executor):
    """Does no work: each node reads one file and writes one, unless its name is in `broken`."""

    def __init__(self, folder: Path, broken: str = "") -> None:
        self.folder, self.broken, self.seen = folder, broken, list[str]()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        kind, told = args
        name = " ".join(
            part for part in (kind, told.get("notebook", ""), told.get("partner", ""), told.get("step", "")) if part
        )
        self.seen.append(name)
        target = self.folder / name.replace(" ", "_")
        target.write_text(name)
        source = self.folder / "study" / "study.toml"
        future: Future[Any] = Future()
        future.set_result(
            {
                "inputs": {str(source): hash_file(source)},
                "outputs": [str(target)],
                "seconds": 0.1,
                "error": "it broke" if self.broken and self.broken in name else "",
            }
        )
        return future


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.toml").write_text(SETTINGS)
    return tmp_path


def run(folder: Path, broken: str = "", **options: Any) -> tuple[Any, list[str]]:
    executor = PretendExecutor(folder, broken)
    return run_study(Options(folder, folder / "out", **options), executor=executor), executor.seen


def test_the_plan_has_a_node_for_each_page_and_respects_needs(folder: Path) -> None:
    nodes = plan_run(Options(folder, folder / "out"))
    names = [node.name for node in nodes]
    assert names[:4] == [
        "clean north mapping",
        "clean north questionnaire",
        "clean south mapping",
        "clean south questionnaire",
    ]
    assert names[4] == "protect public"
    assert names[5:] == [
        "national_workshop north", "national_workshop south", "comparison",  # with a deck: these take longest
        "mapping north", "questionnaire north", "mapping south", "questionnaire south",
        "joint_support", "scan north", "scan south", "scan", "site",
    ]  # fmt: skip
    for place, node in enumerate(nodes):
        assert all(names.index(need) < place for need in node.needs)


def test_asking_for_a_page_keeps_all_cleaning(folder: Path) -> None:
    names = [node.name for node in plan_run(Options(folder, folder / "out", ("south",), ("mapping",)))]
    assert [name for name in names if not name.startswith("clean")] == [
        "protect public",
        "mapping south",
        "scan south",
        "site",
    ]
    assert sum(name.startswith("clean") for name in names) == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"partners": ("east",)}, "no such partner: 'east'; choose from: north, south"),
        ({"notebooks": ("maping",)}, "no such step: 'maping'"),
        ({"language": "fr"}, "no such language: 'fr'; choose from: en, it"),
        ({"audience": "everybody"}, "no such audience: 'everybody'; choose from: public, partner, consortium"),
    ],
)
def test_unknown_options_are_refused_with_those_there_are(folder: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError) as caught:
        plan_run(Options(folder, folder / "out", **options))
    assert said in str(caught.value)


def test_a_run_goes_in_order_and_a_second_does_nothing(folder: Path) -> None:
    summary, seen = run(folder, jobs=1)
    assert seen.index("protect") > max(seen.index(name) for name in seen if name.startswith("clean"))
    assert seen[-1] == "site"
    assert len(summary.done) == 17
    again, seen = run(folder)
    assert (seen, again.done, len(again.fresh)) == ([], [], 17)


def test_a_changed_input_or_a_lost_output_makes_a_node_stale(folder: Path) -> None:
    run(folder)
    (folder / "notebook_comparison").unlink()
    _, seen = run(folder)
    assert seen == ["notebook comparison"]  # what it wrote is the same
    settings = folder / "study" / "study.toml"
    settings.write_text(SETTINGS.replace("Two partners", "Both partners"))
    _, seen = run(folder)
    assert len(seen) == 17


def test_force_runs_everything(folder: Path) -> None:
    run(folder)
    _, seen = run(folder, force=True)
    assert len(seen) == 17


def test_a_failing_notebook_stops_no_other_and_is_named(folder: Path) -> None:
    summary, seen = run(folder, broken="notebook mapping south")
    assert summary.failed == {"mapping south": "it broke"}
    assert len(seen) == 17
    assert "site" in summary.done
    again, seen = run(folder)
    assert seen == ["notebook mapping south", "scan south", "site"]
    assert again.failed == {}


def test_a_failing_cleaning_stops_what_needs_it_and_the_site(folder: Path) -> None:
    summary, seen = run(folder, broken="clean north mapping")
    assert {name for name in seen if not name.startswith("clean")} == set()
    assert summary.failed["clean north mapping"] == "it broke"
    assert summary.failed["comparison"] == "not run, because 'protect public' failed"


def test_a_dry_run_runs_nothing_and_gives_reasons(folder: Path) -> None:
    said: list[tuple[str, str]] = []

    def report(event: str, node: Node, cause: str) -> None:
        said.append((node.name, cause))

    executor = PretendExecutor(folder)
    summary = run_study(Options(folder, folder / "out"), report=report, executor=executor, dry_run=True)
    assert executor.seen == []
    assert len(summary.done) == 17
    assert ("protect public", "never run") in said


def test_two_runs_at_once_are_refused(folder: Path) -> None:
    from cncb_analysis.store import locked

    with (
        locked(folder / "processed" / ".lock"),
        pytest.raises(StudyError, match="another run works on this study"),
    ):
        run(folder)
