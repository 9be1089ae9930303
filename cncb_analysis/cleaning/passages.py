"""Coded interviews: passages with their codes, or a table that says which code occurs in which interview."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery
from cncb_analysis.cleaning.tables import Cleaned
from cncb_analysis.cleaning.values import NO, YES, fold_text, repair_column
from cncb_analysis.codebook import read_labels

__all__ = ["Interviews", "clean_passages", "clean_presence", "index_names"]

_AGREED = ("agreed", "final", "consensus")
_COLUMNS = ("interview", "excerpt", "code", "coder", "start", "end", "text", "language", "translation", "translator")
_ALSO = {"interview_id": "interview", "unit": "interview", "id": "interview", "theme_code": "code", "theme": "code"}


@dataclass
class Interviews:
    """The interviews of a partner as its files name them, numbered once over cards and codings.

    Parameters
    ----------
    units : dict of str to str
        The files' own id to the unit id.
    consents : dict of str to str
        Unit id to yes, no or "" (not said).
    count : int
        How many units were numbered so far.
    """

    units: dict[str, str] = field(default_factory=dict)
    consents: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def name(self, delivery: Delivery, ids: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
        """Unit id of each row, and the units of interviews that no earlier file named.

        Parameters
        ----------
        delivery : Delivery
            The file.
        ids : Series of str
            Its own ids.

        Returns
        -------
        Series of str
            Unit ids.
        DataFrame
            New units.
        """
        new = ids.drop_duplicates()
        new = new[~new.isin(list(self.units))]
        numbers = range(self.count + 1, self.count + len(new) + 1)
        self.units |= {own: f"{delivery.partner.id}-i-{number:02d}" for own, number in zip(new, numbers, strict=True)}
        self.count += len(new)
        units = pd.DataFrame({"unit": new.map(self.units), "row": new.index.astype(str)})
        return ids.map(self.units), units.assign(status="complete", source=delivery.source["path"])


def clean_passages(delivery: Delivery, interviews: Interviews) -> Cleaned:
    """Clean a table of coded passages, a row a passage, code and coder.

    Parameters
    ----------
    delivery : Delivery
        The file.
    interviews : Interviews
        Numbered so far; learns new ones.

    Returns
    -------
    Cleaned
        Segments; `final` where the agreed coding counts, or the first coder's where none was agreed.
    """
    cells = pd.DataFrame("", index=delivery.cells.index, columns=list(_COLUMNS), dtype=object)
    taken: dict[str, str] = {}
    for column in map(str, delivery.cells.columns):
        name = column.strip("\ufeff \u00a0").casefold()
        name = _ALSO.get(name, name)
        if name in _COLUMNS and name not in taken:
            taken[name] = column
            cells[name] = repair_column(delivery.cells[column], delivery.log)
        else:
            delivery.leave_out(delivery.cells[column], delivery.columns.get(column.strip()))
    for name in {"interview", "code"} - set(taken):
        delivery.report("column is missing", 1, name, remedy="name it so in the file")
    cells["code"] = _find_codes(delivery, cells["code"].rename(taken.get("code")))
    cells = cells[(cells["code"] != "") & (cells["interview"] != "")]
    units, new = interviews.name(delivery, cells["interview"])
    coder = cells["coder"].replace("", delivery.source["coder"])
    excerpt = cells["excerpt"].where(cells["excerpt"] != "", cells["start"] + "|" + cells["end"] + "|" + cells["text"])
    agreed = coder.str.casefold().isin(_AGREED)
    first = coder == coder.groupby(units).transform("first")
    numbers = (units + "|" + excerpt).groupby(units).transform(lambda own: (pd.factorize(own)[0] + 1).astype(str))
    segments = cells.assign(
        unit=units,
        theme_code=cells["code"],
        coder=coder,
        final=agreed.where(agreed.groupby(units).transform("any"), first),
        start=pd.to_numeric(cells["start"], errors="coerce"),
        end=pd.to_numeric(cells["end"], errors="coerce"),
        excerpt=units + "-e" + numbers.str.zfill(2),
        language=cells["language"].replace("", delivery.partner.language),
        consent=[interviews.consents.get(unit, "") for unit in units],
    )
    return delivery.finish({"units": new, "segments": segments})


def clean_presence(delivery: Delivery, interviews: Interviews) -> Cleaned:
    """Clean a table with a row an interview and a 0/1 column a code.

    Parameters
    ----------
    delivery : Delivery
        The file.
    interviews : Interviews
        Numbered so far; learns new ones.

    Returns
    -------
    Cleaned
        A segment without text for each 1.
    """
    themes, declared = index_names(delivery, "themes", "code"), delivery.columns
    own, *columns = map(str, delivery.cells.columns)
    units, new = interviews.name(delivery, repair_column(delivery.cells[own], delivery.log))
    parts = [pd.DataFrame({"unit": [], "theme_code": []})]
    for column in columns:
        row = declared.get(column.strip())
        code = row["code"] if row else themes.get(fold_text(column), "")
        if not code:
            delivery.leave_out(delivery.cells[column], row)
            continue
        cells = repair_column(delivery.cells[column], delivery.log).map(fold_text)
        wrong = delivery.cells.loc[~cells.isin([*YES, *NO, ""]), column]
        delivery.log.note(wrong, "neither yes nor no", "refused")
        for line, text in wrong.items():
            delivery.report("neither yes nor no", line, column, str(text), "write 1 or 0")
        parts.append(pd.DataFrame({"unit": units[cells.isin(YES)], "theme_code": code}))
    segments = pd.concat(parts)
    consents = [interviews.consents.get(unit, "") for unit in segments["unit"]]
    segments = segments.assign(coder=delivery.source["coder"], final=True, consent=consents)
    return delivery.finish({"units": new, "segments": segments})


def index_names(delivery: Delivery, table: str, column: str) -> dict[str, str]:
    """Every text that names one row of a study table: its code, its label in any language.

    Parameters
    ----------
    delivery : Delivery
        Whose study.
    table, column : str
        Which table, and its column of codes.

    Returns
    -------
    dict of str to str
        Folded text to code; a label that two rows share is left out.
    """
    found: dict[str, set[str]] = {}
    for row in delivery.study.table(table).to_dict("records"):
        for text in (row[column], *read_labels(row).values()):
            found.setdefault(fold_text(text), set()).add(row[column])
    return {text: next(iter(codes)) for text, codes in found.items() if len(codes) == 1}


def _find_codes(delivery: Delivery, texts: pd.Series) -> pd.Series:
    themes, declared = index_names(delivery, "themes", "code"), delivery.list_values(str(texts.name), "theme")
    known = {}
    for text in texts.unique():
        row = declared.get(text)
        known[text] = row["code"] if row else themes.get(fold_text(text), "")
        if text and not known[text]:
            cells = texts[texts == text]
            delivery.log.note(cells, f"left out: {row['reason']}" if row else "no such code in themes.csv", "refused")
            if row is None:
                remedy = "add it to themes.csv, or say in crosswalk.csv which code it means"
                delivery.report("unknown code", cells.index[0], str(texts.name), text, remedy)
    return texts.map(known)
