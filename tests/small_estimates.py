"""Small protected estimates, written by hand: what several test modules draw, tabulate and show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from cncb_analysis.catalogue import Page
from cncb_analysis.chart_tables import MAKERS
from cncb_analysis.disclosure import Protected
from cncb_analysis.estimates import BASES, ESTIMATE_COLUMNS
from cncb_analysis.study import Study, read_study
from cncb_analysis.view import Figure, View
from tests.size import ROOT

NAN = float("nan")
DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("step", "variable", "option", "occasion", "partner", "country", "base", "method", "mark"), ""),
    **dict.fromkeys(("estimate", "low", "high", "k", "n", "frame"), NAN),
}
GROUPS = {"milan": "IT", "veneto": "IT", "plzen": "CZ"}


@cache
def study() -> Study:
    return read_study(ROOT / "data")


def row(variable: str, group: str = "all", *, step: str = "questionnaire", **more: Any) -> dict[str, Any]:
    """One estimate; `group` is a partner, a country or all."""
    partner = group if group in GROUPS else ""
    country = GROUPS.get(group, "" if group == "all" else group)
    place = {"step": step, "variable": variable, "partner": partner, "country": country, "base": BASES[step]}
    told = {**DEFAULTS, "statistic": "share", **place, **more}
    if "k" in more and "estimate" not in more:
        told |= {"estimate": more["k"] / more["n"], "low": 0.1, "high": 0.9}
    if told["mark"] == "hidden":
        told |= dict.fromkeys(("estimate", "low", "high", "k"), NAN)
    return told


def protect(rows: Sequence[Mapping[str, Any]]) -> Protected:
    return Protected(pd.DataFrame(rows, columns=[*ESTIMATE_COLUMNS, "mark"]))


def view(rows: Sequence[Mapping[str, Any]], partner: str = "") -> View:
    return View(study(), study().words("en"), protect(rows).frame, partner)


def page(
    rows: Sequence[Mapping[str, Any]], notebook: str = "questionnaire", partner: str = "milan", **more: Any
) -> Page:
    return Page(study(), notebook, partner, "en", "consortium", protect(rows), more)


def make(kind: str, rows: Sequence[Mapping[str, Any]], partner: str = "", **figure: Any) -> pd.DataFrame:
    own = Figure("test", kind, ("questionnaire",), **{"step": "questionnaire", **figure})
    return MAKERS[kind](own, view(rows, partner))


def pick(chart: pd.DataFrame, row_key: str, column: str) -> dict[str, Any]:
    found = chart[(chart["row"] == row_key) & (chart["column"] == column)]
    assert len(found) == 1, f"{row_key}, {column}: {len(found)} cells"
    return dict(found.iloc[0])


def obstacles(partner: str = "milan") -> list[dict[str, Any]]:
    return [
        row(f"obst_{item}", group, statistic="share_top2", k=k, n=12)
        for item, k in (("culture", 8), ("funding", 3))
        for group in (partner, "all")
    ]


def decision_table() -> pd.DataFrame:
    positions = dict.fromkeys(("mapping", "interviews", "workshops", *study().countries), "partial")
    one = {
        "action": "coaching",
        "rank": 1.0,
        "rank_low": 1.0,
        "rank_high": 3.0,
        "decision": "",
        "proposed": "coalition",
    }
    two = {
        "action": "study_tours",
        "rank": 2.0,
        "rank_low": 1.0,
        "rank_high": 4.0,
        "decision": "all",
        "proposed": "drop",
    }
    counts = {"asks_k": 4, "asks_n": 10, "offers_k": 2, "offers_n": 10, "lead": "milan", "clear_to": 0, "ahead": 0}
    named = {"asks": "milan;veneto", "offers": "milan", "coalition": "IT;PL"}
    against = {"against_step": "questionnaire", "against_country": "AT", "against_k": 1, "against_n": 9}
    asked = {"questionnaire": "agreement"} | named | against
    return pd.DataFrame([{**each, **positions, **asked, **counts} for each in (one, two)])
