"""Files without a row a unit: coded interviews and voting sheets."""

import re
from collections.abc import Mapping

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.tables import Cleaned
from cncb_analysis.cleaning.values import fold_text, parse_number, read_synonyms

_PLACE = ("start", "end", "text", "problem")
_PASSAGE = ("interview", "excerpt", "code", "coder", *_PLACE, "language", "translation", "translator")
_VOTE = ("sheet", "round", "item", "value", "kind")


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
    unit, new = _name_units(delivery, cells["interview"], "i")
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
    unit, new = _name_units(delivery, delivery.take(own).astype(object), "i")
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


def _name_units(delivery: Delivery, own: pd.Series, kind: str) -> tuple[pd.Series, pd.DataFrame]:
    """Unit id of each row, and the interviews or sheets that no earlier file named."""
    new = own.drop_duplicates()
    new = new[~new.isin(list(delivery.ids))]
    ids = [f"{delivery.partner.id}-{kind}-{number:02d}" for number in range(delivery.first, delivery.first + len(new))]
    delivery.ids.update(zip(new, ids, strict=True))
    units = pd.DataFrame({"unit": ids, "row": new.index.astype(str)})
    return own.map(delivery.ids), units.assign(status="complete", source=delivery.source["path"])


def clean_ballots(delivery: Delivery) -> Cleaned:
    """Clean voting sheets: a row a sheet, round and item.

    Parameters
    ----------
    delivery : Delivery
        The file; items by code or label. One without rounds, such as a PrefLib file, is of the round that its row of
        crosswalk.csv says (column round, code the round), else of the only round of its kind. Sheets of two files that
        have one name count as one participant.

    Returns
    -------
    Cleaned
        A unit a sheet; observations of `votes`, occasion = round, value = dots, rank, score or 1, only for the items
        that a sheet names. A sheet that breaks the rule of its round (more dots or approvals than allowed, more on an
        item, fewer than none) is spoilt there: refused as a whole. A rank or score outside its scale is refused, and
        so are ranks delivered for a round of other ballots, and the reverse.
    """
    rules = delivery.study.table("ballots")
    rules = rules[rules["workshop"].isin(["", delivery.partner.id])].sort_values("workshop", kind="stable")
    by_round = {row["round"]: row for row in rules.to_dict("records")}
    kind = next(iter(delivery.cells.get("kind", ())), "")
    fitting = [name for name, rule in by_round.items() if rule["kind"] == kind]
    told = delivery.columns.get("round", {}).get("code") or (fitting[0] if len(fitting) == 1 else "")
    cells = delivery.take_columns(_VOTE, needed=("sheet", "item", "value") if told else _VOTE[:4])
    cells["round"] = cells["round"].replace("", told)
    unit, units = _name_units(delivery, cells["sheet"], "w")
    number = cells["value"].map(lambda text: parse_number(text, delivery.decimal)[0] if text else float("nan"))
    delivery.note(cells.loc[number.isna() & (cells["value"] != ""), "value"], "not a number", "refused")
    option = delivery.find_codes(cells["item"], "items", "item")
    votes = cells.assign(unit=unit, occasion=cells["round"], option=option, number=number)
    votes = votes[number.notna() & (option != "")]
    votes = votes[~_find_spoilt(delivery, votes, by_round)]
    units["status"] = units["status"].where(units["unit"].isin(votes["unit"]), "rejected")
    # Its sheet may be good in another file.
    for sheet in set(cells["sheet"][unit.isin(units.loc[units["status"].eq("rejected"), "unit"])]):
        delivery.ids.pop(sheet)
    return delivery.finish({"units": units, "observations": votes.assign(variable="votes", value=votes["number"])})


def _find_spoilt(delivery: Delivery, votes: pd.DataFrame, by_round: Mapping[str, Mapping[str, str]]) -> pd.Series:
    """Votes that break the rule of their round; ties and gaps in a ranking are only flagged."""
    spoilt = pd.Series(False, index=votes.index)
    for name, own in votes.groupby("round"):
        rule = by_round.get(str(name), {"kind": "", "cap": "", "rule": ""})
        kind, sheets, number = rule["kind"], own.groupby("sheet")["number"], own["number"]
        cap = float(rule["cap"] or (5 if kind == "scores" else "inf"))
        refused = {"ballot of another kind": own["kind"].ne("") & own["kind"].eq("ranks").ne(kind == "ranks")}
        if kind in ("dots", "approval"):
            limit = re.search(r"item\s*<=\s*(\d+)", rule["rule"])
            most = 1 if kind == "approval" else float(limit[1] if limit else "inf")
            over = (sheets.transform("sum") > cap) | (sheets.transform("max") > most)
            refused["sheet gives more dots than allowed"] = over
            refused["fewer than no dots"] = sheets.transform("min") < 0
        elif kind:
            refused[f"{kind.removesuffix('s')} outside 1 to {cap:g}"] = ~number.between(1, cap)
        else:
            delivery.report("round is not declared", own.index[0], "round", str(name), "add it to ballots.csv")
        for said, rows in refused.items():
            delivery.note(own.loc[rows & ~spoilt[own.index], "value"], said, "refused")
            spoilt[own.index] |= rows
        if kind == "ranks":
            tie = own.duplicated(["sheet", "number"], keep=False) & ~spoilt[own.index]
            gap = (sheets.transform("max") > sheets.transform("count")) & ~spoilt[own.index] & ~tie
            delivery.note(own.loc[tie, "value"], "tie in the ranking", "flagged")
            delivery.note(own.loc[gap, "value"], "gap in the ranking", "flagged")
    return spoilt
