"""Regional statistics, voting sheets and agreed actions."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.passages import index_names
from cncb_analysis.cleaning.tables import CellLog, Cleaned, empty_cleaned, shape_table
from cncb_analysis.cleaning.values import fold_text, parse_number, repair_column
from cncb_analysis.readers import read_eurostat
from cncb_analysis.store import read_bytes
from cncb_analysis.study import Study

__all__ = ["clean_actions", "clean_ballots", "clean_statistics"]


def clean_statistics(study: Study, path: str) -> Cleaned:
    """Read regional statistics: the study's year and countries.

    Parameters
    ----------
    study : Study
        Whose settings say which year.
    path : str
        As in the ledger.

    Returns
    -------
    Cleaned
        Cells of countries and NUTS 2 regions; what is left out stands in one line of the log.
    """
    year = int(study.setting("mapping", "year", 2014))
    cells = read_eurostat(read_bytes(study.raw_path(path)), file=path, years=[year], countries=study.countries)
    log = CellLog(path)
    told = f"all but jobs, plants and wages of {year} in {', '.join(study.countries)}"
    log.note(pd.Series([told], index=[""], name=""), "not of this study", "ignored", value=f"{len(cells)} cells taken")
    return replace(empty_cleaned(), cells=shape_table("cells", [cells]), cell_log=log.table())


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
    cells = _take_columns(delivery, ("sheet", "round", "item", "value"))
    ids = {own: f"{delivery.partner.id}-w-{place:02d}" for place, own in enumerate(cells["sheet"].unique(), start=1)}
    numbers = [parse_number(text, delivery.decimal)[0] if text else float("nan") for text in cells["value"]]
    items = index_names(delivery, "items", "item")
    codes = cells["item"].map(lambda text: items.get(fold_text(text), ""))
    unknown = cells.loc[codes == "", "item"]
    delivery.log.note(unknown, "no such item in items.csv", "refused")
    for line, text in unknown.drop_duplicates().items():
        delivery.report("unknown item", line, "item", str(text), "add it to items.csv or correct the sheet")
    votes = cells.assign(option=codes, number=numbers, occasion=cells["round"], unit=cells["sheet"].map(ids))
    delivery.log.note(votes.loc[votes["number"].isna() & (votes["value"] != ""), "value"], "not a number", "refused")
    votes = votes[votes["number"].notna() & (codes != "")]
    votes = votes[~_find_spoilt(delivery, votes)].assign(variable="votes")
    status = ["complete" if unit in set(votes["unit"]) else "rejected" for unit in ids.values()]
    units = pd.DataFrame({"unit": list(ids.values()), "status": status}).assign(source=delivery.source["path"])
    return delivery.finish({"units": units, "observations": votes.assign(value=votes["number"])})


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
    return delivery.finish({"agreed_actions": _take_columns(delivery, ("action", "owner", "deadline"))})


def _take_columns(delivery: Delivery, names: tuple[str, ...]) -> pd.DataFrame:
    """Columns by their names; a missing one is reported, any other is left out."""
    found = {str(column).strip("\ufeff \u00a0").casefold(): str(column) for column in delivery.cells.columns}
    for name in found.keys() - set(names):
        delivery.leave_out(delivery.cells[found[name]], delivery.columns.get(name))
    for name in set(names) - found.keys():
        delivery.report("column is missing", 1, name, remedy="name it so in the file")
    blank = pd.Series("", delivery.cells.index)
    cells = {name: delivery.cells[found[name]] if name in found else blank for name in names}
    return pd.DataFrame({name: repair_column(texts, delivery.log) for name, texts in cells.items()})


def _find_spoilt(delivery: Delivery, votes: pd.DataFrame) -> pd.Series:
    """Votes that break the rule of their round; ties and gaps in a ranking are only flagged."""
    spoilt = pd.Series(False, index=votes.index)
    rules = delivery.study.table("ballots")
    rules = rules[rules["workshop"].isin(["", delivery.partner.id])].sort_values("workshop")
    by_round = {row["round"]: row for row in rules.to_dict("records")}
    for name, own in votes.groupby("round"):
        rule = by_round.get(str(name))
        if rule is None:
            delivery.report("round is not declared", own.index[0], "round", str(name), "add it to ballots.csv")
            continue
        cap = float(rule["cap"] or "inf")
        limit = re.search(r"item\s*<=\s*(\d+)", rule["rule"])
        sheets, value = own.groupby("sheet")["number"], own["value"]
        if rule["kind"] == "dots":
            wrong = (sheets.transform("sum") > cap) | (sheets.transform("max") > float(limit[1] if limit else "inf"))
            delivery.log.note(value[wrong], "sheet gives more dots than allowed", "refused")
        elif rule["kind"] == "ranks":
            wrong = ~own["number"].between(1, cap)
            delivery.log.note(value[wrong], f"rank outside 1 to {cap:g}", "refused")
            ties = own.duplicated(["sheet", "number"], keep=False) & ~wrong
            gaps = (sheets.transform("max") > sheets.transform("count")) & ~wrong & ~ties
            delivery.log.note(value[ties], "tie in the ranking", "flagged")
            delivery.log.note(value[gaps], "gap in the ranking", "flagged")
        else:
            continue
        spoilt[own.index[wrong]] = True
    return spoilt
