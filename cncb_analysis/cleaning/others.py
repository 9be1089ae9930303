"""Regional statistics, voting sheets and agreed actions."""

from __future__ import annotations

import re

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.tables import Cleaned
from cncb_analysis.cleaning.values import parse_number

__all__ = ["clean_actions", "clean_ballots", "clean_statistics"]

_VOTE, _ACTION = ("sheet", "round", "item", "value"), ("action", "owner", "deadline")


def clean_statistics(delivery: Delivery) -> Cleaned:
    """Take regional statistics as they are read: the study's year and countries.

    Parameters
    ----------
    delivery : Delivery
        The file.

    Returns
    -------
    Cleaned
        Cells of countries and NUTS 2 regions; what is left out stands in one line of the log.
    """
    return delivery.finish({"cells": delivery.cells})


def clean_ballots(delivery: Delivery) -> Cleaned:
    """Clean voting sheets: a row a sheet, round and item.

    Parameters
    ----------
    delivery : Delivery
        The file; items by code or label.

    Returns
    -------
    Cleaned
        A unit a sheet; observations of `votes`, occasion = round, value = dots, rank or score, only for the items that
        a sheet names. A sheet that breaks the rule of its round is spoilt there: refused as a whole.
    """
    cells = delivery.take_columns(_VOTE, needed=_VOTE)
    sheets = cells["sheet"].unique()
    ids = {own: f"{delivery.partner.id}-w-{place:02d}" for place, own in enumerate(sheets, start=delivery.first)}
    number = cells["value"].map(lambda text: parse_number(text, delivery.decimal)[0] if text else float("nan"))
    delivery.note(cells.loc[number.isna() & (cells["value"] != ""), "value"], "not a number", "refused")
    option = delivery.find_codes(cells["item"], "items", "item")
    votes = cells.assign(unit=cells["sheet"].map(ids), occasion=cells["round"], option=option, number=number)
    votes = votes[number.notna() & (option != "")]
    votes = votes[~_find_spoilt(delivery, votes)]
    units = pd.DataFrame({"unit": ids.values(), "status": "complete", "source": delivery.source["path"]})
    units["status"] = units["status"].where(units["unit"].isin(votes["unit"]), "rejected")
    return delivery.finish({"units": units, "observations": votes.assign(variable="votes", value=votes["number"])})


def clean_actions(delivery: Delivery) -> Cleaned:
    """Clean the actions that a workshop agreed on.

    Parameters
    ----------
    delivery : Delivery
        The file: action, owner, deadline.

    Returns
    -------
    Cleaned
        Agreed actions.
    """
    return delivery.finish({"agreed_actions": delivery.take_columns(_ACTION, needed=_ACTION)})


def _find_spoilt(delivery: Delivery, votes: pd.DataFrame) -> pd.Series:
    """Votes that break the rule of their round; ties and gaps in a ranking are only flagged."""
    rules = delivery.study.table("ballots")
    rules = rules[rules["workshop"].isin(["", delivery.partner.id])].sort_values("workshop")
    by_round = {row["round"]: row for row in rules.to_dict("records")}
    spoilt = pd.Series(False, index=votes.index)
    for name, own in votes.groupby("round"):
        rule = by_round.get(str(name), {"kind": "", "cap": "", "rule": ""})
        cap, limit = float(rule["cap"] or "inf"), re.search(r"item\s*<=\s*(\d+)", rule["rule"])
        sheets, number = own.groupby("sheet")["number"], own["number"]
        found: dict[str, pd.Series] = {}
        if rule["kind"] == "dots":
            wrong = (sheets.transform("sum") > cap) | (sheets.transform("max") > float(limit[1] if limit else "inf"))
            found["sheet gives more dots than allowed"] = spoilt[own.index] = wrong
        elif rule["kind"] == "ranks":
            found[f"rank outside 1 to {cap:g}"] = spoilt[own.index] = wrong = ~number.between(1, cap)
            found["tie in the ranking"] = tie = own.duplicated(["sheet", "number"], keep=False) & ~wrong
            found["gap in the ranking"] = (sheets.transform("max") > sheets.transform("count")) & ~wrong & ~tie
        elif not rule["kind"]:
            delivery.report("round is not declared", own.index[0], "round", str(name), "add it to ballots.csv")
        for place, (said, rows) in enumerate(found.items()):
            delivery.note(own.loc[rows, "value"], said, "flagged" if place else "refused")
    return spoilt
