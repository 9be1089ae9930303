"""Raw tables to tidy ones: known, repaired or ignored; everything else is refused, logged and reported."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pandas as pd

from cncb_analysis.cleaning.delivery import Delivery, open_delivery
from cncb_analysis.cleaning.others import clean_ballots, clean_passages, clean_presence
from cncb_analysis.cleaning.sheets import clean_sheet
from cncb_analysis.cleaning.tables import TABLE_COLUMNS, Cleaned, empty_cleaned, merge_cleaned
from cncb_analysis.cleaning.values import fold_text
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.study import Partner, Study

__all__ = ["TABLE_COLUMNS", "Cleaned", "check_raw", "clean_step", "empty_cleaned", "merge_cleaned"]

_ACTION = ("action", "owner", "deadline")
# Cards before codings: they number the interviews and say who may be quoted.
_CLEANERS: Mapping[str, Callable[[Delivery], Cleaned]] = {
    "statistics": lambda delivery: delivery.finish({"cells": delivery.cells}),
    **{"frame": clean_sheet, "answers": clean_sheet, "cards": clean_sheet},
    **{"segments": clean_passages, "presence": clean_presence, "ballots": clean_ballots},
    "actions": lambda delivery: delivery.finish({"agreed_actions": delivery.take_columns(_ACTION, needed=_ACTION)}),
}

# Fewer answers have no median worth a word; half of twelve, the months of a year, leaves room for real differences.
_ENOUGH, _APART = 5, 8


def clean_step(study: Study, partner_id: str, step: str) -> Cleaned:
    """Clean what a partner delivered for a step, together with the files that all partners share.

    Parameters
    ----------
    study : Study
        As read.
    partner_id : str
        Whose.
    step : str
        mapping, questionnaire, interviews or workshops.

    Returns
    -------
    Cleaned
        Tidy tables with the columns of `TABLE_COLUMNS`; empty where nothing was delivered.

    Raises
    ------
    StudyError
        When the partner is unknown or a file cannot be read at all.
    """
    partner = study.partner(partner_id)
    hosts = {}
    if step in {"questionnaire", "interviews"}:
        frame = _clean_files(study, partner, "mapping", ["frame"], {}).units
        hosts = {fold_text(name): (name, host) for name, host in zip(frame["cluster"], frame["host"], strict=True)}
    cleaned = _clean_files(study, partner, step, list(_CLEANERS), hosts)
    consents = dict(zip(cleaned.units["unit"], cleaned.units["consent"], strict=True))
    consent = cleaned.segments["unit"].map(consents).astype(str)
    return replace(cleaned, segments=cleaned.segments.assign(consent=consent))


def _clean_files(
    study: Study, partner: Partner, step: str, contents: list[str], hosts: Mapping[str, tuple[str, str]]
) -> Cleaned:
    ledger = study.sources(step, partner.id)
    sources = ledger[ledger["content"].isin(contents)].sort_values("content", key=lambda c: c.map(contents.index))
    parts: list[Cleaned] = []
    ids: dict[str, str] = {}
    for source in sources.to_dict("records"):
        first = 1 + sum(len(part.units) for part in parts)
        delivery = replace(open_delivery(study, partner, source), hosts=hosts, ids=ids, first=first)
        parts.append(_CLEANERS[source["content"]](delivery))
    return merge_cleaned(parts)


def check_raw(study: Study) -> Cleaned:
    """Clean everything that was delivered and list what a person has to decide.

    Parameters
    ----------
    study : Study
        As read.

    Returns
    -------
    Cleaned
        Of all partners and steps that could be read. `problems` lists unknown answers and columns, questions without
        a column, clusters mapped twice, files that cannot be read, routing beyond the grammar, corrections that fit
        nowhere, numbers whose units may differ.
    """
    problems: list[Problem] = []
    parts = []
    for partner in study.partners:
        for step in study.steps:
            try:
                parts.append(clean_step(study, partner.id, step))
            except StudyError as error:
                problems += error.problems
    cleaned = merge_cleaned(parts)
    problems += [*cleaned.problems, *_check_corrections(study, set(cleaned.cell_log["rule"]))]
    return replace(cleaned, problems=(*dict.fromkeys(problems), *_check_units(study, cleaned.observations)))


def _check_corrections(study: Study, used: set[str]) -> Iterator[Problem]:
    for line, row in study.table("corrections").iterrows():
        if f"correction in row {line}, {row['initials']}" not in used:
            value = f"{row['id']} {row['column']} {row['value_now']}"
            remedy = "no file has this value there: mend or delete the row"
            yield Problem("correction that fits nowhere", "corrections.csv", str(line), "value_now", value, remedy)


def _check_units(study: Study, observations: pd.DataFrame) -> Iterator[Problem]:
    """Numbers whose medians lie so far apart between two partners that one may count in months, the other in years."""
    numbers = [name for name, variable in study.codebook.variables.items() if variable.kind == "number"]
    rows = observations[observations["variable"].isin(numbers) & (observations["value"] > 0)]
    medians = rows.groupby(["variable", "partner"], observed=True)["value"].agg(["median", "size"])
    medians = medians.loc[medians["size"] >= _ENOUGH, "median"]
    for name, block in medians.groupby(level="variable", observed=True):
        (_, low), (_, high) = block.idxmin(), block.idxmax()
        if block.max() >= _APART * block.min():
            value = f"median {block.min():g} in {low}, {block.max():g} in {high}"
            remedy = "if a partner asked in another unit, name it in crosswalk.csv, column unit"
            yield Problem("units may differ", "survey.csv", "", str(name), value, remedy)
