"""The raw files of one partner, as bytes, and the list of what was planted in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cncb_analysis.codebook import Codebook, Variable
from cncb_analysis.simulation.answers import PAGES
from cncb_analysis.simulation.banks import draw_generator, read_bank
from cncb_analysis.simulation.cards import NOT_ASKED
from cncb_analysis.simulation.deliveries import TYPED, deliver_answers, system_columns
from cncb_analysis.simulation.dialects import DIALECTS, Column, Dialect, encode_table, make_columns, render_rows
from cncb_analysis.simulation.plan import PartnerPlan
from cncb_analysis.simulation.segments import SEGMENT_COLUMNS
from cncb_analysis.simulation.votes import draw_actions, draw_ballots

PLAIN = Dialect()
# The partner's own short headings and values, which only the crosswalk can tell.
OWN_HEADINGS = {
    "banska_bystrica": {
        "cluster": "KLASTER",
        "cm_age_band": "VEK",
        "cm_sex": "POHL",
        "cm_employer": "ZAMEST",
        "st_fte": "UVAZKY",
        "own_model": "RIADENIE",
    }
}
OWN_VALUES = {"banska_bystrica": {("cm_sex", "man"): "M", ("cm_sex", "woman"): "Z"}}
# Regions as the list of 2011 has them: the code of the nomenclature of 2010.
OLD_REGIONS = {"pomurje": {"SI03": "SI01"}}
EXTRA_HEADINGS = {"silesia": "uwagi"}  # a column of remarks that nobody asked for
_IDENTIFIERS = ("cluster", "contact_name", "email", "phone")
_SIGNS = {"nbsp": "\u00a0", "zwsp": "\u200b", "bom": "\ufeff", "space": " ", "newline": "\n"}
_ENCODINGS = {"cp1250": "encoding_cp1250", "utf-8-sig": "encoding_bom"}
_ENTRY_KINDS = {"rejected": "partial_rejected", "duplicate": "duplicate", "test": "test_row"}


@dataclass(frozen=True)
class World:
    """Everything drawn, before anybody writes it into a file.

    Parameters
    ----------
    plan : tuple of PartnerPlan
        What was asked for.
    clusters, answers, cards, segments : DataFrame
        As their modules draw them.
    book : Codebook
        Of the study.
    items : mapping of str to mapping
        Item of the vote to its labels by language.
    seed : int
        Of the study.
    """

    plan: tuple[PartnerPlan, ...]
    clusters: pd.DataFrame
    answers: pd.DataFrame
    cards: pd.DataFrame
    segments: pd.DataFrame
    book: Codebook
    items: Mapping[str, Mapping[str, str]]
    seed: int


@dataclass
class Shipment:
    """What one partner sends.

    Parameters
    ----------
    files : dict of str to bytes
        Name to content.
    contents : dict of str to str
        Name to content kind of the ledger.
    planted : list of tuple
        File, row, column, kind.
    corrections : list of dict
        Rows for corrections.csv.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    planted: list[tuple[str, str, str, str]] = field(default_factory=list)
    corrections: list[dict[str, str]] = field(default_factory=list)

    def add(self, content: str, name: str, data: bytes) -> None:
        """Put a file in."""
        self.files[name] = data
        self.contents[name] = content


def ship_partner(partner: PartnerPlan, world: World) -> Shipment:
    """Write the files of one partner.

    Parameters
    ----------
    partner : PartnerPlan
        Whose.
    world : World
        What is true.

    Returns
    -------
    Shipment
        Frame, answers, cards, segments, ballots and actions.
    """
    shipment = Shipment()
    dialect = DIALECTS[partner.partner]
    _ship_frame(partner, world, dialect, shipment)
    _ship_answers(partner, world, dialect, shipment)
    _ship_cards(partner, world, dialect, shipment)
    said = world.segments[world.segments["partner"] == partner.partner]
    shipment.add("segments", "segments.csv", encode_table(said[list(SEGMENT_COLUMNS)], PLAIN, title="segments"))
    ballots = draw_ballots(partner, world.seed)
    shipment.add("ballots", "ballots.csv", encode_table(ballots, PLAIN, title="ballots"))
    actions = draw_actions(ballots, partner, world.seed)
    worded = pd.DataFrame(
        {
            "action": [world.items[item][partner.language] for item in actions["item"]],
            "owner": [_word_role(world.book, role, partner.language) for role in actions["role"]],
            "deadline": actions["deadline"],
        }
    )
    shipment.add("actions", "actions.csv", encode_table(worded, PLAIN, title="actions"))
    return shipment


def _word_role(book: Codebook, role: str, language: str) -> str:
    return book.choice_label("own_who" if role == "manager" else "gov_actor_board", role, language)


def _ship_frame(partner: PartnerPlan, world: World, dialect: Dialect, shipment: Shipment) -> None:
    """The list of mapped clusters in alphabetical order, as the partner keeps it."""
    mapped = world.clusters[world.clusters["partner"] == partner.partner].sort_values("cluster", ignore_index=True)
    renamed = {name: f"map_{name}" for name in mapped if f"map_{name}" in world.book.variables}
    records = mapped.rename(columns=renamed)
    regions = OLD_REGIONS.get(partner.partner, {})
    records["map_region"] = records["map_region"].replace(regions)
    columns = make_columns(world.book.asked_in("mapping"), dialect, world.book, partner.language)
    table = render_rows(records, columns, dialect, world.book, partner.language)
    invited = [world.book.choice_label("consent", answer, partner.language) for answer in ("no", "yes")]
    table["invited"] = np.where(records["invited"], invited[1], invited[0])
    name = f"frame.{dialect.suffix}"
    shipment.add("frame", name, encode_table(table, dialect, title="frame"))
    if regions:
        heading = next(column.heading for column in columns if column.variable.name == "map_region")
        rows = table.index[table[heading].isin(list(regions.values()))] + 2
        shipment.planted += [(name, str(row), heading, "old_region_code") for row in rows]
    heading = next(column.heading for column in columns if column.variable.name == "map_cluster")
    shipment.planted += [(name, str(row), heading, "identifier") for row in table.index + 2]


def _ship_answers(partner: PartnerPlan, world: World, dialect: Dialect, shipment: Shipment) -> None:
    entries = deliver_answers(partner, world.answers, world.clusters, world.seed)
    asked = world.book.asked_in("questionnaire")
    columns = _rename_columns(_list_columns(asked, partner, dialect, world.book), partner)
    records = entries if partner.partner in TYPED else entries.drop(columns="typed")
    table = render_rows(records, columns, dialect, world.book, partner.language)
    for (variable, code), text in OWN_VALUES.get(partner.partner, {}).items():
        heading = next(column.heading for column in columns if column.variable.name == variable)
        table[heading] = table[heading].replace(code, text)
    rng = draw_generator(world.seed, f"dirt:{partner.partner}")
    name = f"answers.{dialect.suffix}"
    cells = _plant_cells(table, columns, entries, partner, rng)
    if dialect.suffix != "xlsx" and dialect.encoding in _ENCODINGS:
        shipment.planted.append((name, "", "", _ENCODINGS[dialect.encoding]))
    shipment.planted += [(name, *place) for place in _note_entries(table, columns, records)]
    shipment.planted += [(name, str(row + 2), heading, kind) for row, heading, kind, _ in cells]
    shipment.corrections += [
        _correct_cell(entries["id"].iloc[row], heading, table[heading].iloc[row], old)
        for row, heading, kind, old in cells
        if kind == "corrected_cell"
    ]
    front, back = system_columns(partner.partner, entries)
    whole = pd.concat([pd.DataFrame(front), table, pd.DataFrame(back, index=table.index)], axis=1)
    if partner.partner in EXTRA_HEADINGS:
        whole[EXTRA_HEADINGS[partner.partner]] = np.where(entries["kind"] == "duplicate", "drugi raz", "")
    notes = ("SYNTHETIC", "Drugi arkusz: opis pytań") if partner.partner == "podkarpackie" else ()
    shipment.add("answers", name, encode_table(whole, dialect, title="answers", extra_sheet=notes))


def _list_columns(asked: tuple[Variable, ...], partner: PartnerPlan, dialect: Dialect, book: Codebook) -> list[Column]:
    typed = frozenset({"cm_edu_field"} if partner.partner in TYPED else ())
    return make_columns(asked, dialect, book, partner.language, typed)


def _rename_columns(columns: list[Column], partner: PartnerPlan) -> list[Column]:
    own = OWN_HEADINGS.get(partner.partner, {})
    return [Column(own.get(column.heading, column.heading), column.variable, column.part) for column in columns]


def _plant_cells(
    table: pd.DataFrame, columns: list[Column], entries: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator
) -> list[tuple[int, str, str, str]]:
    """Spoil single cells as dirt.csv says, each in an entry of its own; tells row, heading, kind, old cell."""
    done: list[tuple[int, str, str, str]] = []
    complete = ((entries["kind"] == "used") & (entries["last_page"] == len(PAGES)) & ~entries["finance_off"]).to_numpy()
    touched: set[tuple[int, str]] = set()
    for rule in read_bank("dirt").query("partner == @partner.partner").to_dict("records"):
        found = [c for c in columns if (c.variable.name, c.part) == (rule["variable"], rule["part"])]
        heading = found[0].heading
        filled = complete & ((table[heading] != "") | (rule["variable"] == "improve"))
        free = [row for row in rng.permutation(np.flatnonzero(filled)) if (row, heading) not in touched]
        fresh = [row for row in free if row not in {other for other, _ in touched}] or free
        if not fresh:
            continue
        row, old = int(fresh[0]), str(table[heading].iloc[int(fresh[0])])
        touched.add((row, heading))
        table.loc[table.index[row], heading] = rule["cell"].format(cell=old, upper=old.upper(), **_SIGNS)
        done.append((row, heading, rule["kind"], old))
    return done


def _note_entries(table: pd.DataFrame, columns: list[Column], entries: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Tell where whole entries, identifiers, typed texts and spoilt percents stand: row, heading, kind."""
    heading_of = {(column.variable.name, column.part): column.heading for column in columns}
    for row, entry in enumerate(entries.to_dict("records")):
        line = str(row + 2)
        if entry["kind"] in _ENTRY_KINDS:
            yield line, "", _ENTRY_KINDS[entry["kind"]]
        elif entry["last_page"] < len(PAGES):
            yield line, "", "partial_accepted"
        for variable, kind in entry["changed"]:
            yield line, heading_of[variable, ""], kind
        for variable in _IDENTIFIERS:
            if table[heading_of[variable, ""]].iloc[row]:
                yield line, heading_of[variable, ""], "identifier"
        if entry.get("typed"):
            yield line, heading_of["cm_edu_field", "other"], "typed_other"


def _correct_cell(entry: str, heading: str, now: str, right: str) -> dict[str, str]:
    return {
        "id": entry,
        "column": heading,
        "value_now": now,
        "value_right": right,
        "initials": "MK",
        "note": "typing error, confirmed by telephone",
    }


def _ship_cards(partner: PartnerPlan, world: World, dialect: Dialect, shipment: Shipment) -> None:
    cards = world.cards[world.cards["partner"] == partner.partner].reset_index(drop=True)
    absent = NOT_ASKED.get(partner.partner, ())
    asked = tuple(variable for variable in world.book.asked_in("interviews") if variable.name not in absent)
    columns = _list_columns(asked, partner, dialect, world.book)
    if partner.partner not in TYPED:
        cards = cards.drop(columns="typed")
    table = render_rows(cards, columns, dialect, world.book, partner.language)
    consent = make_columns([world.book.variables["consent"]], dialect, world.book, partner.language)
    table.insert(0, "interview", cards["interview"])
    table[consent[0].heading] = render_rows(cards, consent, dialect, world.book, partner.language)[consent[0].heading]
    name = f"cards.{dialect.suffix}"
    shipment.add("cards", name, encode_table(table, dialect, title="cards"))
    heading = next(column.heading for column in columns if column.variable.name == "cluster")
    shipment.planted += [(name, str(row), heading, "identifier") for row in range(2, len(table) + 2)]
