"""The synthetic study read with a second reader: same bytes, frames, statistics, excerpts, votes, other sizes."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.simulate import simulate_study, write_simulation
from cncb_analysis.store import hash_bytes, read_table
from tests.simulated import (
    DATA,
    FORMATS,
    SEED,
    book,
    find_heading,
    read_second,
    read_used,
)

# --- the same bytes, and nothing edited by hand -------------------------------------------------------------------


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    first, again = (simulate_study(DATA, seed=5, clusters=40) for _ in range(2))
    assert first == again
    other = simulate_study(DATA, seed=6, clusters=40)
    assert first["raw/milan/answers.csv"] != other["raw/milan/answers.csv"]


def unpack(name: str, data: bytes) -> object:
    """Content alone: another version of zlib packs the same content into other bytes."""
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {member: archive.read(member) for member in archive.namelist()}
    # The ledger holds fingerprints of packed files: the rest of it must agree.
    return re.sub(rb"[0-9a-f]{64},\d+", b"", data) if name.endswith("sources.csv") else data


def test_shipped_data_are_what_the_simulation_writes() -> None:
    files = simulate_study(DATA, seed=SEED)
    changed = [name for name, data in files.items() if unpack(name, (DATA / name).read_bytes()) != unpack(name, data)]
    assert changed == []


def test_ledger_lists_every_file_with_its_fingerprint() -> None:
    ledger = read_table(DATA / "study" / "sources.csv")
    for row in ledger.to_dict("records"):
        data = (DATA / "raw" / row["path"]).read_bytes()
        assert (hash_bytes(data), str(len(data))) == (row["sha256"], row["bytes"]), row["path"]
    assert set(ledger["origin"]) == {"synthetic"}
    assert len(ledger) == 10 * 6 + 1
    folders = [path for path in (DATA / "raw").iterdir() if path.is_dir()]
    assert len(folders) == 11
    assert all("SYNTHETIC" in (folder / "SYNTHETIC.txt").read_text() for folder in folders)


# --- frames, statistics, excerpts, votes --------------------------------------------------------------------------


def test_frames_list_220_clusters_of_which_183_were_invited() -> None:
    frames = {partner: read_second(partner, "frame") for partner in FORMATS}
    assert [len(frame) for frame in frames.values()] == [12, 24, 22, 46, 29, 16, 34, 12, 11, 14]
    yes = {"Ja", "Ano", "Igen", "Sì", "Tak", "Áno", "Da"}
    assert sum(frame["invited"].isin(yes).sum() for frame in frames.values()) == 183
    for partner, frame in frames.items():
        names = frame[find_heading(partner, frame, "map_cluster")]
        assert not names.duplicated().any()
        answers = read_used(partner)
        written = answers[find_heading(partner, answers, "cluster")]
        assert set(written) <= set(names)


def read_bulk() -> pd.DataFrame:
    text = gzip.decompress((DATA / "raw" / "eurostat" / "sbs_r_nuts06_r2.tsv.gz").read_bytes()).decode("ascii")
    head, *lines = text.splitlines()
    assert head.split("\t")[:3] == ["nace_r2,indic_sb,geo\\time", "2015 ", "2014 "]
    year = head.split("\t").index("2014 ")
    cells = [(*line.split("\t")[0].split(","), line.split("\t")[year]) for line in lines]
    return pd.DataFrame(cells, columns=["sector", "indicator", "region", "cell"])


def test_regional_statistics_hold_the_planted_location_quotients() -> None:
    bulk = read_bulk()
    assert set(bulk["cell"].str.replace(r"^(?:\d+|:) ", "", regex=True)) == {"", "c", "cd", "d", "p"}
    jobs = bulk[bulk["indicator"] == "V16110"].assign(
        value=lambda t: pd.to_numeric(t["cell"].str.split().str[0], errors="coerce")
    )
    wide = jobs.pivot(index="region", columns="sector", values="value")
    national = wide.loc[wide.index.str.len() == 2]
    letters = [name for name in wide if len(name) == 1] + ["S95"]
    total = wide[letters].sum(axis=1)
    for region, sector, wanted in (
        ("AT31", "C28", 2.1),
        ("CZ03", "C29", 3.0),
        ("HU23", "E36", 4.6),
        ("ITH3", "C15", 3.0),
        ("ITC4", "C13", 2.3),
        ("PL32", "C30", 5.6),
        ("PL22", "B05", 20.5),
        ("SK01", "M73", 2.9),
        ("SK03", "C16", 3.1),
        ("SI03", "C25", 2.0),
    ):
        share = wide.loc[region, sector] / total[region]
        assert share / (national[sector].sum() / total[national.index].sum()) == pytest.approx(wanted, rel=0.01)
    regions = wide.index[(wide.index.str.len() == 4) & wide["C"].notna() & ~wide.index.str.endswith("ZZ")]
    assert len(regions) == 67
    assert bulk[bulk["region"] == "ITD3"]["cell"].eq(": ").all()  # the code of before 2011 is empty in 2014


def read_segments() -> pd.DataFrame:
    parts = [
        pd.read_csv(DATA / "raw" / p / "segments.csv", dtype=str, keep_default_na=False).assign(partner=p)
        for p in FORMATS
    ]
    return pd.concat(parts, ignore_index=True)


def test_excerpts_are_as_many_and_as_long_as_planned() -> None:
    segments = read_segments()
    excerpts = segments.drop_duplicates(["partner", "interview", "excerpt"])
    counts = excerpts.groupby(["partner", "interview"]).size()
    assert len(counts) == 32
    assert counts.between(18, 28).all()
    assert 700 <= len(excerpts) <= 800
    assert excerpts["text"].str.split().str.len().between(12, 45).all()
    assert not excerpts.duplicated(["partner", "interview", "text"]).any()
    assert excerpts["translation"].ne("").mean() == pytest.approx(0.4, abs=0.05)
    assert (excerpts["translation"].eq("") == excerpts["translator"].eq("")).all()
    assert (segments["end"].astype(int) - segments["start"].astype(int) == segments["text"].str.len()).all()
    themes = set(read_table(DATA / "study" / "themes.csv")["code"])
    assert set(segments["code"]) <= themes
    assert excerpts["language"].value_counts().index[0] == "it"


def nominal_alpha(first: np.ndarray, second: np.ndarray) -> float:
    """Krippendorff's alpha for two coders and a yes or no, from the coincidence table."""
    ones, size = first.sum() + second.sum(), 2 * len(first)
    return float(1 - (size - 1) * (first != second).sum() / (ones * (size - ones)))


def test_a_fifth_is_coded_twice_with_the_planted_agreement() -> None:
    segments = read_segments()
    twice = segments[segments.groupby(["partner", "interview"])["coder"].transform("nunique") > 1]
    assert twice.groupby("partner")["interview"].nunique().to_dict() == dict.fromkeys(
        ["upper_austria", "plzen", "pecs", "milan", "silesia", "banska_bystrica", "pomurje"], 1
    )
    assert (twice.groupby("partner")["coder"].nunique() == 3).all()
    coded = twice[twice["coder"] != "agreed"].copy()
    for root, alpha in (
        ("tasks", 0.80),
        ("governance", 0.75),
        ("obstacles", 0.65),
        ("steering", 0.45),
        ("circle", 0.30),
    ):
        coded["held"] = coded["code"].str.startswith(f"{root}/")
        told = coded.groupby(["partner", "interview", "excerpt", "coder"])["held"].any().reset_index()
        order = told.groupby(["partner", "interview", "excerpt"])["coder"].rank()
        first, second = (told.loc[order == place, "held"].to_numpy() for place in (1, 2))
        assert nominal_alpha(first, second) == pytest.approx(alpha, abs=0.10), root


def test_what_the_milan_deck_says_was_said_in_the_milan_interviews() -> None:
    said = read_segments().query("partner == 'milan'")
    twice = said.groupby("interview")["coder"].transform("nunique") > 1
    final = said[~twice | (said["coder"] == "agreed")].drop_duplicates(["interview", "code"])
    counts = final["code"].value_counts()
    deck = read_table(DATA / "study" / "published.csv").query("step == 'interviews'")
    codes = [
        f"{row['variable'].removeprefix('theme:')}/{row['option']}"
        for row in deck.to_dict("records")
        if row["variable"].startswith("theme:") and row["option"]
    ]
    assert len(codes) >= 15
    assert all(counts.get(code, 0) >= 2 for code in codes)
    assert (counts["steering/participative"], counts["steering/centralised"]) == (4, 3)


def test_votes() -> None:
    ballots = pd.concat([pd.read_csv(DATA / "raw" / p / "ballots.csv").assign(partner=p) for p in FORMATS])
    fieldwork = read_table(DATA / "study" / "fieldwork.csv").query("step == 'workshops'")
    assert fieldwork["done"].astype(int).sum() == 168
    assert ballots.groupby("partner")["sheet"].nunique().sum() == 155
    dots = ballots[ballots["round"] == 1].groupby(["partner", "sheet"])["value"]
    assert dots.sum().max() == 10
    assert dots.max().max() == 4
    ranks = ballots[ballots["round"] == 2]
    assert "joint_promotion" in set(ballots[ballots["round"] == 1]["item"]) - set(ranks["item"])
    by_sheet = ranks.groupby(["partner", "sheet"])["value"]
    assert (by_sheet.nunique() < by_sheet.size()).any()  # ties
    assert (by_sheet.max() > by_sheet.nunique()).any()  # and the gap behind them
    actions = [pd.read_csv(DATA / "raw" / p / "actions.csv") for p in FORMATS]
    assert all(len(table) >= 2 and table["deadline"].str.fullmatch(r"201[12]-\d\d-\d\d").all() for table in actions)


# --- other sizes --------------------------------------------------------------------------------------------------


def test_a_larger_study_stands_on_its_own(tmp_path: Path) -> None:
    count = write_simulation(tmp_path, clusters=400)
    assert count > 60
    assert sum(len(read_second(partner, "frame", tmp_path)) for partner in FORMATS) == 400
    assert sum(len(read_second(partner, "answers", tmp_path)) for partner in FORMATS) > 121 * 1.6
    for row in read_table(tmp_path / "study" / "sources.csv").to_dict("records"):
        assert hash_bytes((tmp_path / "raw" / row["path"]).read_bytes()) == row["sha256"]
    fieldwork = read_table(tmp_path / "study" / "fieldwork.csv")
    assert fieldwork.query("step == 'mapping'")["done"].astype(int).sum() == 400
    assert (tmp_path / "study" / "survey.csv").read_bytes() == (DATA / "study" / "survey.csv").read_bytes()


def test_a_small_study_still_has_every_partner(tmp_path: Path) -> None:
    files = simulate_study(DATA, seed=1, clusters=20)
    rows = list(csv.DictReader(io.StringIO(files["study/fieldwork.csv"].decode())))
    assert sum(int(row["done"]) for row in rows if row["step"] == "mapping") == 20
    assert all(int(row["done"]) >= 1 for row in rows)


def test_too_few_clusters_are_refused_with_a_remedy() -> None:
    with pytest.raises(StudyError, match="ask for at least 20"):
        simulate_study(DATA, seed=1, clusters=19)


def test_truth_lists_differences_likeness_and_agreement() -> None:
    truth = read_table(DATA / "truth.csv")
    assert set(truth["kind"]) == {"differs", "similar", "dissonance", "not_asked", "agreement"}
    row = truth.query("variable == 'obst_funding'").iloc[0]
    assert (row["groups"], row["value"], row["elsewhere"], row["kind"]) == ("AT", "0.2", "0.75", "differs")
    assert (truth["kind"] == "dissonance").sum() == 2
    variables = set(book().variables) | {"skill"}
    named = truth.loc[~truth["variable"].str.startswith("theme:"), "variable"]
    assert set(named) <= variables
