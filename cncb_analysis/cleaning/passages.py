"""Coded interviews: passages with their codes, or a table that says which code occurs in which interview."""

from __future__ import annotations

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, spell_heading
from cncb_analysis.cleaning.tables import Cleaned
from cncb_analysis.cleaning.values import fold_text, read_synonyms

__all__ = ["clean_passages", "clean_presence"]

_COLUMNS = ("interview", "excerpt", "code", "coder", "start", "end", "text", "language", "translation", "translator")


def clean_passages(delivery: Delivery) -> Cleaned:
    """Clean a table of coded passages, a row a passage, code and coder.

    Parameters
    ----------
    delivery : Delivery
        The file.

    Returns
    -------
    Cleaned
        Segments; `final` where the agreed coding counts, or the first coder's where none was agreed.
    """
    cells = delivery.take_columns(_COLUMNS, needed=("interview", "code"))
    cells["theme_code"] = delivery.find_codes(cells["code"], "themes", "code")
    cells = cells[(cells["theme_code"] != "") & (cells["interview"] != "")]
    unit, new = _name_interviews(delivery, cells["interview"])
    coder = cells["coder"].replace("", delivery.source["coder"])
    agreed = coder.map(fold_text).isin(read_synonyms("coder"))
    first = coder == coder.groupby(unit).transform("first")
    excerpt = cells["excerpt"].where(cells["excerpt"] != "", cells["start"] + "|" + cells["end"] + "|" + cells["text"])
    number = excerpt.groupby(unit).transform(lambda own: (pd.factorize(own)[0] + 1).astype(str))
    segments = cells.assign(
        unit=unit,
        coder=coder,
        final=agreed.where(agreed.groupby(unit).transform("any"), first),
        start=pd.to_numeric(cells["start"], errors="coerce"),
        end=pd.to_numeric(cells["end"], errors="coerce"),
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
    unit, new = _name_interviews(delivery, delivery.take(own))
    parts = [pd.DataFrame({"unit": [], "theme_code": []})]
    for column in columns:
        row = delivery.columns.get(spell_heading(column)[0], {})
        code = row.get("code") or themes.get(fold_text(column), "")
        if not code:
            delivery.leave_out(column)
            continue
        cells = delivery.take(column)
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
