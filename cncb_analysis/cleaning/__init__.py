"""Raw tables to tidy ones: known, repaired or ignored; everything else is refused, logged and reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from cncb_analysis.cleaning.delivery import open_delivery
from cncb_analysis.cleaning.others import clean_actions, clean_ballots, clean_statistics
from cncb_analysis.cleaning.passages import Interviews, clean_passages, clean_presence
from cncb_analysis.cleaning.routing import Truth, decide_asked
from cncb_analysis.cleaning.sheets import Hosts, clean_sheet, read_hosts
from cncb_analysis.cleaning.tables import TABLE_COLUMNS, Cleaned, empty_cleaned, merge_cleaned
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.study import Partner, Study

__all__ = ["TABLE_COLUMNS", "Cleaned", "check_raw", "clean_step", "empty_cleaned", "merge_cleaned"]

# Cards before codings: they number the interviews and say who may be quoted.
_ORDER = ("statistics", "frame", "answers", "cards", "segments", "presence", "ballots", "actions")
# The same question answered in years here and in months there: medians about twelve times apart.
_TIMES, _UNIT_RATIO, _UNIT_LEAST = {"years", "months", "days"}, 10.0, 5


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
    sources = [row for row in study.sources(step, partner_id).to_dict("records") if row["content"] in _ORDER]
    sources.sort(key=lambda source: _ORDER.index(source["content"]))
    interviews = Interviews()
    hosts = _read_all_hosts(study, partner) if step in {"questionnaire", "interviews"} else {}
    parts = [_clean_file(study, partner, source, interviews, hosts) for source in sources]
    return merge_cleaned(parts)


def _clean_file(
    study: Study, partner: Partner, source: Mapping[str, str], interviews: Interviews, hosts: Hosts
) -> Cleaned:
    content = source["content"]
    if content == "statistics":
        return clean_statistics(study, source["path"])
    delivery = open_delivery(study, partner, source)
    if content in {"frame", "answers", "cards"}:
        cleaned, ids = clean_sheet(delivery, hosts=hosts, first=interviews.count + 1)
        interviews.count += len(ids)
        interviews.units |= ids
        interviews.consents |= dict(zip(cleaned.units["unit"], cleaned.units["consent"], strict=True))
        return cleaned
    if content in {"segments", "presence"}:
        return (clean_passages if content == "segments" else clean_presence)(delivery, interviews)
    return (clean_ballots if content == "ballots" else clean_actions)(delivery)


def _read_all_hosts(study: Study, partner: Partner) -> Hosts:
    hosts: dict[str, tuple[str, str]] = {}
    for source in study.sources("mapping", partner.id).to_dict("records"):
        if source["content"] == "frame":
            hosts.update(read_hosts(open_delivery(study, partner, source)))
    return hosts


def check_raw(study: Study) -> list[Problem]:
    """Clean everything that was delivered and list what a person has to decide.

    Parameters
    ----------
    study : Study
        As read.

    Returns
    -------
    list of Problem
        Unknown answers and columns, questions without a column, clusters mapped twice, files that cannot be read,
        routing beyond the grammar, corrections that fit nowhere, the same question in two units.
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
    problems += [*cleaned.problems, *_check_routing(study), *_check_corrections(study, set(cleaned.cell_log["rule"]))]
    return list(dict.fromkeys([*problems, *_check_units(study, cleaned.observations)]))


def _check_routing(study: Study) -> Iterator[Problem]:
    """Expressions that cannot be decided; `unknown` says on purpose that the routing is not known."""
    book, nothing = study.codebook, Truth(np.array([]), np.array([]))

    def chosen(name: str, code: str) -> Truth:
        choices = {choice.name for choice in book.choices.get(book.variable(name).list_name, ())}
        if choices and code not in choices:
            raise ValueError(f"{code!r} is no answer of {name}")
        return nothing

    for variable in book.variables.values():
        if variable.relevant not in {"", "unknown"}:
            try:
                decide_asked(variable.relevant, chosen)
            except (ValueError, StudyError) as error:
                said = f"routing of {variable.name} is not understood ({error})"
                yield Problem(said, "survey.csv", "", "relevant", variable.relevant, "write it simpler, or: unknown")


def _check_corrections(study: Study, used: set[str]) -> Iterator[Problem]:
    for line, row in study.table("corrections").iterrows():
        if f"correction in row {line}, {row['initials']}" not in used:
            value = f"{row['id']} {row['column']} {row['value_now']}"
            remedy = "no file has this value there: mend or delete the row"
            yield Problem("correction that fits nowhere", "corrections.csv", str(line), "value_now", value, remedy)


def _check_units(study: Study, observations: pd.DataFrame) -> Iterator[Problem]:
    """Partners whose answers are so far apart that one may have been asked in another unit."""
    timed = [name for name, variable in study.codebook.variables.items() if variable.unit in _TIMES]
    numbers = observations[observations["variable"].isin(timed) & observations["value"].notna()]
    groups = numbers.groupby(["variable", "partner"])["value"]
    medians = groups.median()[groups.count() >= _UNIT_LEAST]
    for name, own in medians[medians > 0].groupby(level="variable"):
        if own.max() / own.min() >= _UNIT_RATIO:
            value = f"{own.idxmin()[1]} {own.min():g}, {own.idxmax()[1]} {own.max():g}"
            remedy = "if one was asked in another unit, declare it in crosswalk.csv"
            yield Problem(f"medians of {name} are far apart", "crosswalk.csv", "", "unit", value, remedy)
