"""The study tables that go with the simulated deliveries, and the list of what was planted in them."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cncb_analysis.simulation.banks import read_bank
from cncb_analysis.simulation.cards import NOT_ASKED
from cncb_analysis.simulation.dialects import DIALECTS, make_columns
from cncb_analysis.simulation.files import EXTRA_HEADINGS, OLD_REGIONS, OWN_HEADINGS, OWN_VALUES, Shipment, World
from cncb_analysis.simulation.plan import PartnerPlan, find_value
from cncb_analysis.store import hash_bytes

NOTICE = "SYNTHETIC: invented by `cncb simulate`; no person, firm, cluster or answer in this folder exists."
STATISTICS = "eurostat/sbs_r_nuts06_r2.tsv.gz"
_STEP_OF = {
    "frame": "mapping",
    "statistics": "mapping",
    "answers": "questionnaire",
    "cards": "interviews",
    "segments": "interviews",
    "ballots": "workshops",
    "actions": "workshops",
}
_SENSITIVITY = {
    "frame": "restricted",
    "statistics": "public",
    "answers": "personal",
    "cards": "personal",
    "segments": "restricted",
    "ballots": "restricted",
    "actions": "public",
}
_OBTAINED = {
    "mapping": "2011-01-31",
    "questionnaire": "2011-04-08",
    "interviews": "2011-07-04",
    "workshops": "2011-12-16",
}
# First and last day, mode, minutes and who: the survey in February and March, interviews from April to June.
_FIELDWORK = {
    "mapping": ("2010-11-08", "2011-01-28", "desk research", "", "staff of the partner"),
    "questionnaire": ("2011-02-07", "2011-03-31", "online", "20", "staff of the partner"),
    "interviews": ("2011-04-11", "2011-06-24", "face to face", "70", "two interviewers of the partner"),
    "workshops": ("", "", "face to face", "180", "facilitator of the partner"),
}
_FIRST_WORKSHOP = datetime.date(2011, 9, 15)
_DEVIATIONS = {
    ("bratislava", "interviews"): "the block on the virtuous circle was not asked",
    ("pecs", "questionnaire"): "filled in on a mobile form; it keeps no unfinished answers",
    ("banska_bystrica", "questionnaire"): "typed from telephone calls into the partner's own workbook",
    ("pomurje", "mapping"): "regions after the nomenclature of 2010",
    ("milan", "workshops"): "the national exchange workshop of 11 July was held before the local one",
}
_TRUTH_COLUMNS = ("variable", "option", "statistic", "groups", "value", "elsewhere", "kind")
# True differences that follow from planted ones: a larger team, a larger budget.
_CONSEQUENCES = (
    ("st_heads", "", "median", "AT", "", "", "differs"),
    ("fin_budget", "", "median", "AT", "", "", "differs"),
    ("st_heads", "at_most_3", "share", "", "0.55", "", "similar"),
)
_CODE_FIXES = (
    # partner, variable, raw value, code, reason
    ("plzen", "str_doc", "možná", "draft", "told by telephone: a draft is under discussion"),
    ("pomurje", "str_doc", "v pripravi je", "draft", "typed over the list: being prepared"),
    ("pecs", "fin_trend", "9", "", "not one of the answers; nobody could tell what was meant"),
    ("silesia", "fin_budget", "7", "", "not one of the answers; nobody could tell what was meant"),
    ("veneto", "skill_own_strategy", "7", "", "the scale ends at 5; nobody could tell what was meant"),
)


def write_study_tables(world: World, shipments: Mapping[str, Shipment], statistics: bytes) -> dict[str, bytes]:
    """Write the tables of `study/` that depend on the deliveries.

    Parameters
    ----------
    world : World
        What is true.
    shipments : mapping of str to Shipment
        By partner.
    statistics : bytes
        The file of regional statistics.

    Returns
    -------
    dict of str to bytes
        fieldwork.csv, crosswalk.csv, corrections.csv, recodes.csv and sources.csv.
    """
    corrections = [row for shipment in shipments.values() for row in shipment.corrections]
    tables = {
        "fieldwork": _list_fieldwork(world.plan),
        "crosswalk": _list_crosswalk(world),
        "corrections": corrections,
        "recodes": [
            {"variable": "cm_edu_field", "text": row["text"], "code": row["code"], "initials": "PR"}
            for row in read_bank("typed").to_dict("records")
        ],
        "sources": _list_sources(world.plan, shipments, statistics),
    }
    columns = {
        "fieldwork": "partner step start end mode language invited done minutes who deviations",
        "crosswalk": "partner file column value variable code unit reason",
        "corrections": "id column value_now value_right initials note",
        "recodes": "variable text code initials",
        "sources": "step partner path content sha256 bytes obtained licence sensitivity origin coder note",
    }
    return {f"{name}.csv": _encode_rows(rows, columns[name].split()) for name, rows in tables.items()}


def _encode_rows(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _list_fieldwork(plan: tuple[PartnerPlan, ...]) -> list[dict[str, str]]:
    rows = []
    for place, partner in enumerate(plan):
        counts = partner.counts
        numbers = {
            "mapping": ("", counts["mapped"]),
            "questionnaire": (counts["invited"], counts["used"]),
            # About two in five of those asked for an interview found the time.
            "interviews": (max(counts["interviews"] + 1, round(counts["interviews"] * 1.6)), counts["interviews"]),
            "workshops": (round(counts["participants"] * 1.5), counts["participants"]),
        }
        day = (_FIRST_WORKSHOP + datetime.timedelta(days=7 * place)).isoformat()
        for step, (start, end, mode, minutes, who) in _FIELDWORK.items():
            invited, done = numbers[step]
            rows.append(
                {
                    "partner": partner.partner,
                    "step": step,
                    "start": start or day,
                    "end": end or day,
                    "mode": mode,
                    "language": partner.language,
                    "invited": str(invited),
                    "done": str(done),
                    "minutes": minutes,
                    "who": who,
                    "deviations": _DEVIATIONS.get((partner.partner, step), ""),
                }
            )
    return rows


def _list_crosswalk(world: World) -> list[dict[str, str]]:
    rows = [
        {"column": "invited", "reason": "who was invited is counted in fieldwork.csv"},
        {
            "partner": "banska_bystrica",
            "file": "banska_bystrica/answers.xlsx",
            "column": "DATUM",
            "reason": "day of the call; every answer is complete",
        },
    ]
    for partner, heading in EXTRA_HEADINGS.items():
        file = f"{partner}/answers.{DIALECTS[partner].suffix}"
        rows.append(
            {"partner": partner, "file": file, "column": heading, "reason": "remarks of the person who exported"}
        )
    for partner, headings in OWN_HEADINGS.items():
        file = f"{partner}/answers.{DIALECTS[partner].suffix}"
        for variable, heading in headings.items():
            rows.append({"partner": partner, "file": file, "column": heading, "variable": variable})
        for (variable, code), text in OWN_VALUES.get(partner, {}).items():
            cell = {"column": headings[variable], "value": text, "variable": variable, "code": code}
            rows.append({"partner": partner, "file": file, **cell, "reason": "the partner's own code"})
    for partner, regions in OLD_REGIONS.items():
        for new, old in regions.items():
            cell = {"value": old, "variable": "map_region", "code": new}
            file = f"{partner}/frame.{DIALECTS[partner].suffix}"
            rows.append({"partner": partner, "file": file, **cell, "reason": "same region, code of 2010"})
    for partner, variable, text, code, reason in _CODE_FIXES:
        file = f"{partner}/answers.{DIALECTS[partner].suffix}"
        column = _find_heading(world, partner, variable)
        cell = {"column": column, "value": text, "variable": variable if code else "", "code": code}
        rows.append({"partner": partner, "file": file, **cell, "reason": reason})
    for partner, variables in NOT_ASKED.items():
        file = f"{partner}/cards.{DIALECTS[partner].suffix}"
        rows += [
            {"partner": partner, "file": file, "variable": variable, "reason": "the interviewers left this block out"}
            for variable in variables
        ]
    return rows


def _find_heading(world: World, partner: str, variable: str) -> str:
    language = next(plan.language for plan in world.plan if plan.partner == partner)
    return make_columns([world.book.variables[variable]], DIALECTS[partner], world.book, language)[0].heading


def _list_sources(
    plan: tuple[PartnerPlan, ...], shipments: Mapping[str, Shipment], statistics: bytes
) -> list[dict[str, str]]:
    rows = [_describe_source("", STATISTICS, "statistics", statistics, "in the form of Eurostat's bulk download")]
    for partner in plan:
        shipment = shipments[partner.partner]
        for name, data in shipment.files.items():
            content = shipment.contents[name]
            row = _describe_source(partner.partner, f"{partner.partner}/{name}", content, data, "")
            if content == "segments":
                twice = partner.counts["double_coded"] > 0
                row["coder"] = ";".join(partner.coders[: 1 + twice])
            rows.append(row)
    return rows


def _describe_source(partner: str, path: str, content: str, data: bytes, note: str) -> dict[str, str]:
    return {
        "step": _STEP_OF[content],
        "partner": partner,
        "path": path,
        "content": content,
        "sha256": hash_bytes(data),
        "bytes": str(len(data)),
        "obtained": _OBTAINED[_STEP_OF[content]],
        "licence": "CC-BY-4.0",
        "sensitivity": _SENSITIVITY[content],
        "origin": "synthetic",
        "note": note,
    }


def write_truth(world: World) -> bytes:
    """Write what is true in the simulated world: planted differences and planted likeness.

    Parameters
    ----------
    world : World
        For the means of financing, the medians and who is counted.

    Returns
    -------
    bytes
        CSV with variable, option, statistic, groups (ids joined by ";"; empty = everywhere), value, elsewhere, kind
        (differs, similar, dissonance, not_asked, agreement).
    """
    planted = read_bank("calibration")
    rows = [dict(zip(_TRUTH_COLUMNS, cells, strict=True)) for cells in _CONSEQUENCES]
    keys = ["variable", "option", "statistic"]
    for (_, _, statistic), block in planted.groupby(keys, sort=False):
        base = block.loc[block["groups"] == "", "value"]
        elsewhere = base.iloc[0] if len(base) else ""
        for row in block[block["kind"] != ""].to_dict("records"):
            # "differs" without groups is only the other side of the rows that name some.
            told = {name: row[name] for name in ("variable", "option", "statistic", "groups", "value")}
            if row["groups"] and row["value"] != elsewhere:
                rows.append({**told, "elsewhere": elsewhere, "kind": row["kind"]})
            elif not row["groups"] and row["kind"] == "similar":
                rows.append({**told, "elsewhere": "", "kind": "agreement" if statistic == "alpha" else "similar"})
    rows += [*_list_gaps(), *_list_partner_truth(world.plan)]
    for partner, variables in NOT_ASKED.items():
        rows += [
            {
                "variable": name,
                "statistic": "asked",
                "groups": partner,
                "value": "0",
                "elsewhere": "1",
                "kind": "not_asked",
            }
            for name in variables
        ]
    return _encode_rows(rows, ["variable", "option", "statistic", "groups", "value", "elsewhere", "kind"])


def _list_gaps() -> Iterator[dict[str, str]]:
    """Importance less own level of each skill: alike everywhere but in Austria's work abroad."""
    means = {name: find_value(name, "", "mean") for name in read_bank("calibration")["variable"].unique()}
    for name, own in means.items():
        item = name.removeprefix("skill_own_")
        if item == name:
            continue
        importance = means[f"skill_imp_{item}"]
        gaps = {group: f"{importance.get(group, importance['']) - mean:.1f}" for group, mean in own.items()}
        for group, gap in gaps.items():
            told = {"variable": "skill", "option": item, "statistic": "gap", "groups": group, "value": gap}
            differs = {"elsewhere": gaps[""], "kind": "differs"} if group else {"elsewhere": "", "kind": "similar"}
            yield {**told, **differs}


def _list_partner_truth(plan: tuple[PartnerPlan, ...]) -> list[dict[str, str]]:
    """Facts that are planted partner by partner."""
    rows = []
    for partner in plan:
        facts: dict[tuple[str, str, str], float] = {
            ("cm_age_band", "40_55", "count"): partner.counts["aged_40_55"],
            ("cm_sex", "woman", "count"): partner.counts["women"],
            ("own_model", "centralised", "count"): partner.counts["centralised"],
            ("own_model", "participative", "count"): partner.counts["participative"],
        }
        facts |= {("st_fte", "", "median"): partner.medians["fte"], ("cm_time", "", "median"): partner.medians["time"]}
        facts |= {(f"fin_src_{source}", "", "mean"): mean for source, mean in partner.finance.items()}
        for (variable, option, statistic), value in facts.items():
            cells = {"variable": variable, "option": option, "statistic": statistic, "groups": partner.partner}
            rows.append(
                {
                    **cells,
                    "value": f"{value:g}",
                    "kind": "similar" if variable in ("cm_age_band", "cm_sex") else "differs",
                }
            )
    return rows


def write_planted(shipments: Mapping[str, Shipment]) -> bytes:
    """Write where dirt was planted.

    Parameters
    ----------
    shipments : mapping of str to Shipment
        By partner.

    Returns
    -------
    bytes
        CSV with file, row (the heading is row 1; empty = the whole file), column (empty = the whole row), kind.
    """
    rows = [
        dict(zip(("file", "row", "column", "kind"), (f"{partner}/{name}", *place), strict=True))
        for partner, shipment in shipments.items()
        for name, *place in shipment.planted
    ]
    return _encode_rows(rows, ["file", "row", "column", "kind"])
