"""Files without a row a unit: coded interviews and voting sheets."""

from __future__ import annotations

import re

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.tables import Cleaned
from cncb_analysis.cleaning.values import fold_text, parse_number, read_synonyms

_PLACE = ("start", "end", "text", "problem")
_PASSAGE = ("interview", "excerpt", "code", "coder", *_PLACE, "language", "translation", "translator")
_VOTE = ("sheet", "round", "item", "value")


def clean_passages(delivery: Delivery) -> Cleaned:
    """Clean a table of coded passages, a row a passage, code and coder.

    Parameters
    ----------
    delivery : Delivery
        The file.

    Returns
    -------
    Cleaned
        Segments; `final` where the agreed coding counts, or the first coder's where none was agreed. Where text and
        place contradict each other they stay, and are reported.
    """
    cells = delivery.take_columns(_PASSAGE, needed=("interview", "code"))
    cells["theme_code"] = delivery.find_codes(cells["code"], "themes", "code")
    cells = cells[(cells["theme_code"] != "") & (cells["interview"] != "")]
    unit, new = _name_interviews(delivery, cells["interview"])
    place = cells[["start", "end"]].apply(pd.to_numeric, errors="coerce")
    # Repairing a text can only make it shorter.
    room = place["end"] - place["start"]
    wrong = cells["problem"].mask((cells["text"].str.len() > room) | (room < 0), "longer than its place")
    for said, rows in cells[wrong != ""].groupby(wrong):
        delivery.note(rows["start"], f"passage: {said}", "flagged")
        delivery.report(f"passage: {said}", rows.index[0], "start", f"{len(rows)} rows", "export the coding again")
    coder = cells["coder"].replace("", delivery.source["coder"])
    agreed = coder.map(fold_text).isin(read_synonyms("coder"))
    first = coder == coder.groupby(unit).transform("first")
    excerpt = cells["excerpt"].where(cells["excerpt"] != "", cells["start"] + "|" + cells["end"] + "|" + cells["text"])
    number = excerpt.groupby(unit).transform(lambda own: (pd.factorize(own)[0] + 1).astype(str))
    cells[["start", "end"]] = place
    segments = cells.assign(
        unit=unit,
        coder=coder,
        final=agreed.where(agreed.groupby(unit).transform("any"), first),
        excerpt=unit + "-e" + number.str.zfill(2),
        language=cells["language"].replace("", delivery.partner.language),
    )
    return delivery.finish({"units": new, "segments": segments})


def clean_presence(delivery: Delivery) -> Cleaned:
    """Clean a table with a row an interview and a 0/1 column a code.

    Parameters
    ----------
    delivery : Delivery
        The file; its first column is the interview.

    Returns
    -------
    Cleaned
        A segment without text for each 1.
    """
    themes, ticks = delivery.index_names("themes", "code"), read_synonyms("tick")
    own, *columns = map(str, delivery.cells.columns)
    unit, new = _name_interviews(delivery, delivery.take(own).astype(object))
    parts = [pd.DataFrame({"unit": [], "theme_code": []})]
    for column in columns:
        row = delivery.columns.get(spell_heading(column)[0], {})
        code = row.get("code") or themes.get(fold_text(column), "")
        if not code:
            delivery.leave_out(column)
            continue
        cells = delivery.take(column).astype(object)
        ticked = cells.map(lambda text: ticks.get(fold_text(text), text))
        wrong = cells[~ticked.isin(["yes", "no", ""])]
        delivery.note(wrong, "neither yes nor no", "refused")
        for line, text in wrong.items():
            delivery.report("neither yes nor no", line, column, str(text), "write 1 or 0")
        parts.append(pd.DataFrame({"unit": unit[ticked == "yes"], "theme_code": code}))
    segments = pd.concat(parts).assign(coder=delivery.source["coder"], final=True)
    return delivery.finish({"units": new, "segments": segments})


def _name_interviews(delivery: Delivery, own: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """Unit id of each row, and the units of interviews that no earlier file named."""
    new = own.drop_duplicates()
    new = new[~new.isin(list(delivery.ids))]
    ids = [f"{delivery.partner.id}-i-{number:02d}" for number in range(delivery.first, delivery.first + len(new))]
    delivery.ids.update(zip(new, ids, strict=True))
    units = pd.DataFrame({"unit": ids, "row": new.index.astype(str)})
    return own.map(delivery.ids), units.assign(status="complete", source=delivery.source["path"])


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
