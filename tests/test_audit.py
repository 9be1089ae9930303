"""How much is hidden, and who stands alone."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from cncb_analysis import analysis
from cncb_analysis.__main__ import _say_alike, _say_release
from cncb_analysis.audit import count_alike, count_hidden
from cncb_analysis.codebook import Codebook, Variable
from cncb_analysis.estimates import tabulate_shares
from cncb_analysis.graph import Options

BOOK = Codebook({name: Variable(name, "single", role=role) for name, role in (("sex", "sensitive"), ("type", ""))}, {})


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ([["hidden", "hidden"], ["hidden", ""]], (1, 2)),
        ([["hidden", "coarsened"], ["published", "hidden"]], (0, 2)),
        ([["hidden", "not_delivered", "too_few", "not_asked"]], (1, 1)),
        ([["not_asked"], []], (0, 0)),
    ],
)
def test_a_figure_is_hidden_when_no_cell_of_it_is_shown(marks: list[list[str]], found: tuple[int, int]) -> None:
    assert count_hidden(pd.DataFrame({"row": "a", "mark": pd.Series(each, dtype="str")}) for each in marks) == found


def test_a_benchmark_shows_nothing_of_the_study() -> None:
    assert count_hidden([pd.DataFrame({"row": ["benchmark", "a"], "mark": ["", "hidden"]})]) == (1, 1)


def test_units_alone_are_counted_by_country_and_sensitive_answers() -> None:
    rows = [("a", "AT", "f"), ("b", "AT", "m"), ("c", "AT", "m"), ("d", "IT", "f"), ("e", "IT", "f"), ("f", "SK", None)]
    table = pd.DataFrame(rows, columns=["unit", "country", "option"]).assign(step="s", variable="sex", value=1.0)
    table["option"] = table["option"].astype("str")
    # What is not sensitive sets nobody apart.
    table = pd.concat([table, table.assign(variable="type", option=table["unit"])])
    assert count_alike(table, BOOK).to_numpy().tolist() == [["s", 1, 2], ["s", 2, 4]]
    assert count_alike(table.iloc[:0], BOOK).empty


def test_the_terminal_tells_the_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.toml").write_text('[disclosure]\naudience = "consortium"\n')
    for audience, told in {
        "public": {"hidden": 2, "figures": 92, "ordinary": 0},
        "consortium": {"hidden": 0, "figures": 0},
    }.items():
        (tmp_path / "processed" / "pages" / audience).mkdir(parents=True)
        (tmp_path / "processed" / "pages" / audience / "release.json").write_text(json.dumps(told))
    _say_release(Options(tmp_path, tmp_path, audience="public"))
    assert capsys.readouterr().out == "Audience public: 2 of 92 (2%) figures of notebooks 5-7 are wholly hidden\n"
    for audience in ("", "partner"):
        _say_release(Options(tmp_path, tmp_path, audience=audience))
    assert capsys.readouterr().out == ""
    _say_alike([{"step": "interviews", "k": "1", "units": "14"}, {"step": "interviews", "k": "3", "units": "83"}])
    assert "k = 1: 14 of 97" in capsys.readouterr().out


def test_own_and_shared_pages_wear_one_mask() -> None:
    counts = {"linz": ("AT", 1, 9), "graz": ("AT", 4, 9), "wels": ("AT", 4, 9), "pecs": ("HU", 5, 10)}
    rows = [(partner, country, k, n) for partner, (country, k, n) in counts.items()]
    rows += [("", "AT", 9, 27), ("", "HU", 5, 10), ("", "", 14, 37)]
    table = pd.DataFrame(rows, columns=["partner", "country", "k", "n"]).assign(step="interviews", variable="theme:x")
    partners = [SimpleNamespace(id=name, publish=name == "graz") for name in counts]
    empty = pd.DataFrame(columns=["step", "variable", "option", "statistic", "partner", "exempt"])
    tables = {"published": empty, "profile": pd.DataFrame()}
    study: Any = SimpleNamespace(partners=partners, threshold=3, codebook=Codebook({}, {}), table=tables.get)
    masked = analysis._protect({"estimates": tabulate_shares(table)}, study, "partner")
    marks: dict[tuple[str, str], set[str]] = {}
    for partner in ("", *counts):
        frame = analysis._keep_seen(masked, study, "partner", partner).frame
        assert set(frame["partner"]) == {"", "graz", partner}
        for place in frame[["partner", "country", "mark"]].itertuples(index=False, name=None):
            marks.setdefault(place[:2], set()).add(place[2])
    assert all(len(found) == 1 for found in marks.values())
    # What all pages of all partners tell together gives linz back from neither Austria nor the whole.
    hidden = {place for place, found in marks.items() if found == {"hidden"}}
    assert ("linz", "AT") in hidden
    assert hidden & {("graz", "AT"), ("wels", "AT"), ("", "AT")}
