"""PrefLib files: read, refused with one clear line, and delivered as the votes of a workshop."""

from __future__ import annotations

from pathlib import Path

import pytest

from cncb_analysis.cleaning import Cleaned, clean_step
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_raw
from cncb_analysis.store import write_text
from cncb_analysis.study import check_study, read_study
from tests.delivering import deliver
from tests.small_study import write_ledger

ITEMS = ("exchange", "tours", "fair")


def preflib(form: str, *lines: str, voters: int | str = "", categories: tuple[str, ...] = ()) -> str:
    head = ["FILE NAME: votes", f"DATA TYPE: {form}", f"NUMBER ALTERNATIVES: {len(ITEMS)}", f"NUMBER VOTERS: {voters}"]
    head += [f"CATEGORY NAME {place}: {name}" for place, name in enumerate(categories, start=1)]
    head += [f"ALTERNATIVE NAME {place}: {name}" for place, name in enumerate(ITEMS, start=1)]
    return "".join(f"# {line}\n" for line in head) + "".join(f"{line}\n" for line in lines)


def read(text: str) -> dict[str, dict[str, str]]:
    cells = read_raw(text.encode(), file="votes.toi").cells.astype(str)
    return {str(sheet): dict(zip(own["item"], own["value"], strict=True)) for sheet, own in cells.groupby("sheet")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (preflib("soc", "2: 3,1,2", voters=2), [{"fair": "1", "exchange": "2", "tours": "3"}] * 2),
        (preflib("soi", "1: 3", "1: 2,1"), [{"fair": "1"}, {"tours": "1", "exchange": "2"}]),
        (preflib("toc", "1: {1, 2},3"), [{"exchange": "1", "tours": "1", "fair": "3"}]),
        (preflib("toi", "1: 2,{3}"), [{"tours": "1", "fair": "2"}]),
        (preflib("cat", "1: {1,3},2", categories=("yes", "no")), [{"exchange": "1", "fair": "1", "tours": "0"}]),
        (preflib("cat", "1: {},{2,3}", categories=("yes", "no")), [{"tours": "0", "fair": "0"}]),
        (preflib("cat", "1: 2,{},{1,3}", categories=("5", "4", "1")), [{"tours": "5", "exchange": "1", "fair": "1"}]),
    ],
    ids=["soc", "soi", "toc", "toi", "approval", "approves_none", "scores"],
)
def test_ballots_of_each_data_type(text: str, expected: list[dict[str, str]]) -> None:
    for written in (text, text.replace("\n", "\r\n"), f"\ufeff{text}"):
        assert list(read(written).values()) == expected


@pytest.mark.parametrize(
    ("text", "problem", "where"),
    [
        (preflib("soc", "1: 1,2,3", "1: 1,2"), "no ballot of a .soc file", "9 1: 1,2"),
        (preflib("soi", "1: {1,2}"), "no ballot of a .soi file", "8 1: {1,2}"),
        (preflib("toc", "1: {1,2}"), "no ballot of a .toc file", "8 1: {1,2}"),
        (preflib("toi", "1: 1,4"), "no ballot of a .toi file", "8 1: 1,4"),
        (preflib("toi", "1: 1,{2,1}"), "no ballot of a .toi file", "8 1: 1,{2,1}"),
        (preflib("toi", "1, 1, 2"), "no ballot of a .toi file", "8 1, 1, 2"),
        (preflib("cat", "1: 1,2,3", categories=("yes", "no")), "no ballot of a .cat file", "10 1: 1,2,3"),
        (preflib("cat", "1: 1,2,3", categories=("yes", "so", "no")), "categories are no scores", " yes, so, no"),
        (preflib("soc", "2: 1,2,3", voters=3), "ballots are missing", " 2 of 3"),
        (preflib("soc", "1: 1,2,3").replace("tours", "fair"), "two alternatives have one name", " "),
    ],
)
def test_what_does_not_fit_its_heading_is_refused(text: str, problem: str, where: str) -> None:
    with pytest.raises(StudyError) as caught:
        read(text)
    (found,) = caught.value.problems
    assert (found.problem, f"{found.row} {found.value}", found.file) == (problem, where, "votes.toi")
    assert found.remedy


def cast(cleaned: Cleaned) -> list[list[object]]:
    return cleaned.observations[["unit", "occasion", "option", "value"]].astype({"unit": str}).to_numpy().tolist()


def test_a_ranking_file_is_of_the_only_ranked_round(small_study: Path) -> None:
    cleaned, problems = deliver(small_study, "ballots.csv", preflib("toi", "1: {2,3}", "1: 3"))
    assert cast(cleaned) == [
        ["south-w-01", "2", "tours", 1],
        ["south-w-01", "2", "fair", 1],
        ["south-w-02", "2", "fair", 1],
    ]
    assert problems == []
    assert set(cleaned.cell_log.loc[cleaned.cell_log["fate"] != "known", "rule"]) == {"tie in the ranking"}


def test_the_crosswalk_names_the_round_and_sheets_are_the_same_people(small_study: Path) -> None:
    path = small_study / "study" / "crosswalk.csv"
    write_text(path, path.read_text(encoding="utf-8") + "south,south/last.soi,round,,,3,,the last vote\n")
    path = small_study / "study" / "ballots.csv"
    write_text(path, path.read_text(encoding="utf-8") + ",3,ranks,,\n")
    names = ("first.soi", "last.soi")
    for name in names:
        write_text(small_study / "raw" / "south" / name, preflib("soi", "1: 2"))
    entry = {"step": "workshops", "partner": "south", "content": "ballots"}
    write_ledger(small_study, [{**entry, "path": f"south/{name}"} for name in names])
    cleaned = clean_step(read_study(small_study), "south", "workshops")
    # Two rounds are ranked: without a word the first file's is not known.
    assert [problem.problem for problem in cleaned.problems] == ["column is missing", "round is not declared"]
    assert cast(cleaned) == [["south-w-02", "3", "tours", 1]]
    assert cleaned.units["status"].tolist() == ["rejected", "complete"]
    text = path.read_text(encoding="utf-8")
    write_text(path, text.replace(",2,ranks", ",2,dots"))
    write_ledger(small_study, [{**entry, "path": "south/last.soi"}, {**entry, "path": "south/ballots.csv"}])
    write_text(small_study / "raw" / "south" / "ballots.csv", "sheet,round,item,value\n8.1,1,fair,2\nB,1,fair,2\n")
    cleaned = clean_step(read_study(small_study), "south", "workshops")
    assert [row[:2] for row in cast(cleaned)] == [["south-w-01", "3"], ["south-w-01", "1"], ["south-w-02", "1"]]
    assert cleaned.units["unit"].tolist() == ["south-w-01", "south-w-02"]


def test_ranks_are_never_counted_as_dots(small_study: Path) -> None:
    path = small_study / "study" / "crosswalk.csv"
    write_text(path, path.read_text(encoding="utf-8") + "south,,round,,,1,,dots\n")
    cleaned, _ = deliver(small_study, "ballots.csv", preflib("soi", "1: 2,3"))
    assert cast(cleaned) == []
    assert cleaned.units["status"].tolist() == ["rejected"]
    assert set(cleaned.cell_log.loc[cleaned.cell_log["fate"] == "refused", "rule"]) == {"ballot of another kind"}


@pytest.mark.parametrize(
    ("kind", "cap", "values", "kept", "rule"),
    [
        ("scores", "", (5, 6, 0), [5], "score outside 1 to 5"),
        ("scores", "10", (10, 6, 1), [10, 6, 1], ""),
        ("approval", "", (1, 0, 1), [1, 0, 1], ""),
        ("approval", "1", (1, 0, 1), [], "sheet gives more dots than allowed"),
        ("approval", "", (1, 2, 0), [], "sheet gives more dots than allowed"),
        ("dots", "5", (4, 1, -1), [], "fewer than no dots"),
        ("ranks", "2", (1, 2, 3), [1, 2], "rank outside 1 to 2"),
    ],
)
def test_each_kind_of_ballot_has_its_rule(
    small_study: Path, kind: str, cap: str, values: tuple[int, ...], kept: list[int], rule: str
) -> None:
    write_text(small_study / "study" / "ballots.csv", f"workshop,round,kind,cap,rule\n,1,{kind},{cap},\n")
    rows = "".join(f"A,1,{item},{value}\n" for item, value in zip(ITEMS, values, strict=True))
    cleaned, _ = deliver(small_study, "ballots.csv", "sheet,round,item,value\n" + rows)
    assert cleaned.observations["value"].tolist() == kept
    refused = cleaned.cell_log.loc[cleaned.cell_log["fate"] == "refused", "rule"]
    assert set(refused) == ({rule} if rule else set())


def test_consensus_is_a_share(small_study: Path) -> None:
    path = small_study / "study" / "study.toml"
    write_text(path, path.read_text(encoding="utf-8") + "\n[workshops]\nconsensus = 75\n")
    found = [problem for problem in check_study(read_study(small_study)) if problem.column == "consensus"]
    assert [(problem.file, problem.value) for problem in found] == [("study.toml", "75")]
