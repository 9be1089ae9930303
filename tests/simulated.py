"""A second reader of the synthetic deliveries (pandas, openpyxl), shared by the tests of the simulation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd

from cncb_analysis.codebook import Codebook, read_codebook
from cncb_analysis.store import read_table

DATA = Path(__file__).resolve().parents[1] / "data"
SEED = 20110711
# How each partner's files are to be read, said here once more: encoding, delimiter, decimal sign, language, country.
FORMATS = {
    "upper_austria": ("csv", "utf-8", ",", ".", "de", "AT"),
    "plzen": ("csv", "cp1250", ";", ",", "cs", "CZ"),
    "pecs": ("csv", "utf-8", ";", ",", "hu", "HU"),
    "veneto": ("csv", "utf-8-sig", ";", ".", "it", "IT"),
    "milan": ("csv", "utf-8-sig", ",", ".", "it", "IT"),
    "podkarpackie": ("xlsx", "", "", ",", "pl", "PL"),
    "silesia": ("txt", "utf-8", "\t", ",", "pl", "PL"),
    "bratislava": ("csv", "cp1250", ";", ",", "sk", "SK"),
    "banska_bystrica": ("xlsx", "", "", ".", "sk", "SK"),
    "pomurje": ("csv", "cp1250", ";", ",", "sl", "SI"),
}
OWN = {
    "cluster": "KLASTER",
    "cm_age_band": "VEK",
    "cm_sex": "POHL",
    "cm_employer": "ZAMEST",
    "st_fte": "UVAZKY",
    "own_model": "RIADENIE",
}
NOT_COUNTED = {"partial_rejected", "duplicate", "test_row"}


@cache
def book() -> Codebook:
    return read_codebook(read_table(DATA / "study" / "survey.csv"), read_table(DATA / "study" / "choices.csv"))


def read_second(partner: str, name: str, root: Path = DATA) -> pd.DataFrame:
    """Any delivered sheet, cells as text."""
    suffix, encoding, delimiter, *_ = FORMATS[partner]
    path = root / "raw" / partner / f"{name}.{suffix}"
    if suffix == "xlsx":
        rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        return pd.DataFrame(cells[1:], columns=cells[0])
    return pd.read_csv(path, sep=delimiter, encoding=encoding, dtype=str, keep_default_na=False)


@cache
def read_planted() -> pd.DataFrame:
    return pd.read_csv(DATA / "raw" / "planted.csv", dtype=str, keep_default_na=False)


@cache
def read_used(partner: str) -> pd.DataFrame:
    """Entries that count."""
    table = read_second(partner, "answers")
    own = read_planted()
    own = own[own["file"].str.startswith(f"{partner}/answers.") & own["kind"].isin(NOT_COUNTED)]
    return table.drop(index=[int(row) - 2 for row in own["row"]]).reset_index(drop=True)


def find_heading(partner: str, table: pd.DataFrame, variable: str, part: str = "") -> str:
    language = FORMATS[partner][4]
    declared = book().variables[variable]
    label, shown = book().label(variable, language), book().choice_label(variable, part, language)
    base = variable.removesuffix(f"_{declared.item}") if declared.item else variable
    wanted = (
        {f"{variable}[{part}]", f"{variable}/{part}", f"{variable}_{part}", f"{label} [{shown}]"}
        if part
        else {variable, label, OWN.get(variable, variable), f"{base}[{declared.item}]"}
    )
    return next(str(name) for name in table.columns if name in wanted or str(name).partition(". ")[0] in wanted)


def read_codes(partner: str, variable: str, table: pd.DataFrame | None = None) -> pd.Series:
    """Codes of a single choice: label or code back to the code, invisible signs and capitals left out."""
    source = read_used(partner) if table is None else table
    language = FORMATS[partner][4]
    codes = {
        book().choice_label(variable, choice.name, language).casefold(): choice.name
        for choice in book().choices[book().variables[variable].list_name]
    }
    codes |= {code: code for code in codes.values()} | {"z": "woman", "m": "man"} if variable == "cm_sex" else codes
    cells = source[find_heading(partner, source, variable)].str.replace("[\u00a0\u200b\ufeff]", "", regex=True)
    return cells.str.strip().str.casefold().map(lambda text: codes.get(text, text))


def read_numbers(partner: str, variable: str) -> pd.Series:
    table = read_used(partner)
    cells = table[find_heading(partner, table, variable)].str.replace(",", ".", regex=False)
    return pd.to_numeric(cells, errors="coerce")


def read_ticks(partner: str, variable: str, option: str) -> pd.Series:
    table = read_used(partner)
    if partner == "pomurje":
        label = book().choice_label(variable, option, "sl")
        return table[find_heading(partner, table, variable)].map(lambda cell: label in cell.split(";"))
    return table[find_heading(partner, table, variable, option)].isin(["Ja", "Ano", "1", "Y", "Sì", "Tak", "Áno"])
