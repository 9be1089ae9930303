"""Cleaning files that nobody here wrote: counts are taken from the raw files in each test; skipped where absent."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.cleaning import Cleaned, check_raw, clean_step, merge_cleaned
from cncb_analysis.coding import tabulate_pairs, tabulate_saturation
from cncb_analysis.interviews import tabulate_codes
from cncb_analysis.study import Study, check_study, read_study

HERE = Path(__file__).parent / "real"
STUDIES = {
    name: read_study(HERE / name)
    for name in ("rse", "wac", "eurostat")
    if (HERE / name / "study" / "study.toml").exists()
}


def real(name: str) -> Study:
    study = STUDIES[name]
    if not study.raw_root.is_dir():
        pytest.skip("the real files are not on this machine")
    return study


@pytest.fixture(scope="module")
def rse() -> Cleaned:
    study = real("rse")
    return merge_cleaned(clean_step(study, partner.id, "questionnaire") for partner in study.partners)


def read_raw_rows(country: str) -> list[dict[str, str]]:
    """Read a result file with the standard library alone; columns by the code before the question's text."""
    path = real("rse").raw_root / f"2017_{country}_public_data.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        head, *rows = csv.reader(handle)
    return [dict(zip([name.partition(". ")[0] for name in head], row, strict=True)) for row in rows]


@pytest.mark.parametrize("name", ["rse", "wac", "eurostat"])
def test_the_real_studies_have_no_problem(name: str) -> None:
    study = real(name)
    assert check_study(study) == []
    assert check_raw(study).problems == ()


def test_every_answer_of_six_countries_is_a_unit(rse: Cleaned) -> None:
    expected = {"CA": 110, "DE": 325, "NL": 77, "GB": 253, "US": 164, "ZA": 22}
    assert rse.units["country"].value_counts().to_dict() == expected
    assert set(rse.units["status"]) == {"complete"}


def test_the_marks_inside_cells_are_found_and_the_lowest_level_does_not_split_off(rse: Cleaned) -> None:
    rows = read_raw_rows("de")
    assert sum("\ufeff" in cell for row in rows for cell in row.values()) == 530
    battery = [f"likert0[time{number}can]" for number in range(1, 6)]
    marked = [row[name] for row in rows for name in battery if "\ufeff" in row[name]]
    assert len(marked) == 325
    log = rse.cell_log
    repaired = log[(log["file"] == "2017_de_public_data.csv") & (log["rule"] == "invisible character")]
    assert repaired["raw"].tolist().count("\ufeff1 (None at all)") == len(repaired) == 325
    own = rse.observations[
        rse.observations["variable"].str.startswith("time_") & (rse.observations["partner"] == "germany")
    ]
    for place, item in enumerate(("development", "research", "management", "teaching", "other")):
        found = own.loc[(own["variable"] == f"time_{item}") & (own["missing"] == ""), "value"]
        expected = Counter(float(row[battery[place]].strip("\ufeff").split(" ")[0]) for row in rows)
        assert Counter(found) == expected


def test_only_the_german_battery_was_mapped(rse: Cleaned) -> None:
    own = rse.observations[rse.observations["variable"] == "time_research"]
    assert set(own.loc[own["missing"] == "not_asked", "country"]) == {"CA", "GB", "NL", "US", "ZA"}
    assert len(own[own["missing"] == "not_asked"]) == 951 - 325


@pytest.mark.parametrize("variable", ["rse1", "soft2can", "paper1", "paper2", "paper3", "paper4"])
@pytest.mark.parametrize(("file", "partner"), [("can", "canada"), ("uk", "united_kingdom"), ("us", "united_states")])
def test_yes_and_no_are_counted_as_in_the_file(rse: Cleaned, variable: str, file: str, partner: str) -> None:
    own = rse.observations[(rse.observations["variable"] == variable) & (rse.observations["partner"] == partner)]
    raw = Counter(row[variable] for row in read_raw_rows(file))
    assert Counter(own["option"]) == Counter({"yes": raw["Yes"], "no": raw["No"], "": raw[""]}) - Counter()
    assert set(own.loc[own["option"] == "", "missing"]) <= {"unknown"}  # the routing is not known, so never "skipped"


def test_every_answer_to_the_common_questions_has_a_code(rse: Cleaned) -> None:
    coded = rse.observations[
        rse.observations["variable"].isin(["edu1", "edu2", "currentEmp1", "currentEmp10", "socio1"])
    ]
    filled = sum(
        row[name] != ""
        for file in ("can", "de", "nl", "uk", "us", "zaf")
        for row in read_raw_rows(file)
        for name in ("edu1", "edu2", "currentEmp1", "currentEmp10", "socio1")
    )
    assert (coded["missing"] == "").sum() == filled


def test_months_are_reported_and_not_merged_with_years(rse: Cleaned) -> None:
    own = rse.observations[rse.observations["variable"] == "currentEmp11"]
    by_country = own[own["missing"] == ""].groupby("country")["value"].median()
    assert by_country.to_dict() == {"DE": 3, "NL": 2, "US": 4, "ZA": 4.5}
    british = own[own["country"] == "GB"]
    filled = sum(row["currentEmp11"] != "" for row in read_raw_rows("uk"))
    assert (british["missing"] == "invalid").sum() == filled > 0
    assert british["value"].isna().all()
    log = rse.cell_log
    said = log[log["rule"] == "in months where the codebook has years: not merged"]
    assert said[["file", "raw", "fate"]].to_numpy().tolist() == [
        ["2017_uk_public_data.csv", f"{filled} cells", "refused"]
    ]
    assert set(own.loc[own["country"] == "CA", "missing"]) == {"not_asked"}


def test_placeholders_in_a_duration_are_refused_and_listed(rse: Cleaned) -> None:
    raw = Counter(row["currentEmp11"] for row in read_raw_rows("de") if row["currentEmp11"])
    wild = {text: count for text, count in raw.items() if not 0 <= float(text) <= 60}
    assert {"99.0", "10000.0"} <= set(wild)
    log = rse.cell_log
    listed = log[(log["file"] == "2017_de_public_data.csv") & (log["rule"] == "outside 0 to 60")]
    own = listed[listed["column"].str.startswith("currentEmp11")]
    assert Counter(own["raw"]) == Counter(wild)


def test_fifty_seven_interviews_and_their_codes() -> None:
    study = real("wac")
    cleaned = clean_step(study, "wac", "interviews")
    with (study.raw_root / "codes.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(cleaned.units) == len(rows) == 57
    assert len(cleaned.segments) == sum(row[name] == "1" for row in rows for name in row if name != "interview_id")
    social = cleaned.segments[cleaned.segments["theme_code"] == "q1/social_connectedness"]
    assert social["unit"].nunique() == 15
    first = cleaned.segments[cleaned.segments["theme_code"].str.startswith("q1/")]
    assert (len(first), first["unit"].nunique()) == (116, 57)
    assert len(study.table("themes")) == 110 + 5


def test_what_fifty_seven_interviews_say() -> None:
    # Counted from the published matrix by another program; file order is the order of its rows.
    study = real("wac")
    cleaned = clean_step(study, "wac", "interviews")
    codes = tabulate_codes(cleaned.segments, cleaned.units, study.table("themes"), not_asked=study.table("coverage"))
    top = codes[codes["variable"].eq("theme:q1") & codes["statistic"].eq("share") & codes["country"].eq("")]
    assert top.nlargest(2, "k")[["option", "k", "n"]].values.tolist() == [
        ["", 57, 57],
        ["social_connectedness", 15, 57],
    ]
    pairs = tabulate_pairs(cleaned.segments, cleaned.units, by="unit")
    first = pairs[pairs["option"].str.fullmatch(r"q1/\w+\+q1/\w+") & pairs["statistic"].eq("share_both")]
    assert first.nlargest(1, "k")[["option", "k"]].values.tolist() == [["q1/prosocial_behavior+q1/solidarity", 5]]
    found = tabulate_saturation(cleaned.segments, cleaned.units, rng=np.random.default_rng(2020))
    runs = found[found["statistic"] == "new_information"]
    assert set(runs["n"]) == {33}
    assert runs["occasion"].tolist() == [str(end) for end in range(6, 57, 2)]
    new = (runs["estimate"] * runs["n"]).round().tolist()
    assert new[:8] == [16, 10, 8, 3, 5, 5, 3, 2] and 33 + sum(new) == 109
    [at] = found[found["statistic"] == "saturation"][["estimate", "low", "high", "n"]].values.tolist()
    assert (at[0], at[2], at[3]) == (24, 32, 57)
    assert at[1] in (14, 16)  # one order in twenty: between the two
    assert cleaned.segments["theme_code"].nunique() == 110


def test_the_regional_file_is_read_as_it_is() -> None:
    study = real("eurostat")
    cells = clean_step(study, "italy", "mapping").cells
    with gzip.open(study.raw_root / "sbs_r_nuts06_r2.tsv.gz", "rt", encoding="utf-8") as handle:
        place = [name.strip() for name in next(handle).split("\t")].index("2014")
        raw = {line.split("\t")[0]: line.rstrip("\n").split("\t")[place] for line in handle}
    kept = cells.set_index(["sector", "indicator", "region"])
    for region in ("ITI3", "IT", "AT", "PL32"):
        for indicator, code in (("jobs", "V16110"), ("plants", "V11210"), ("wages", "V13320")):
            value, _, flag = raw[f"C15,{code},{region}"].strip().partition(" ")
            found = kept.loc[("C15", indicator, region)]
            assert (found["value"] == float(value)) if value != ":" else pd.isna(found["value"])
            assert found["flag"] == flag
    filled = cells[(cells["indicator"] == "jobs") & cells["value"].notna()]
    assert filled.loc[filled["region"].str.len() == 4, "region"].nunique() == 67
    assert set(filled.loc[filled["region"].str.len() == 2, "region"]) == {"AT", "CZ", "HU", "IT", "PL", "SI", "SK"}
    assert set(cells["year"]) == {2014}
