"""Establishments to cells: sums, what is hidden, what engines and files share, and what a user is told."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.aggregate import protect_cells, sum_establishments
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_eurostat
from cncb_analysis.store import read_table
from tests.small_study import write_ledger
from tests.test_site import run_cncb

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("ibis")

COLUMNS = {"region": "nuts", "sector": "nace", "jobs": "persons"}
OPTIONS = [word for name, column in COLUMNS.items() for word in (f"--{name}", column)]
CLASSES = {"_1_49": (0, 50), "_50_249": (50, 250), "_250_": (250, np.inf)}


def write_establishments(path: Path, plants: pd.DataFrame) -> str:
    """CSV, and from it Parquet where the name says so."""
    plants.to_csv(path.with_suffix(".csv"), index=False)
    if path.suffix == ".parquet":
        table, told = path.with_suffix(".csv"), {"nuts": "varchar", "nace": "varchar", "persons": "integer"}
        duckdb.read_csv(str(table), dtype=told).write_parquet(str(path))
    return str(path)


def list_plants(cells: Mapping[tuple[str, str], Sequence[float]]) -> pd.DataFrame:
    rows = [(region, sector, size) for (region, sector), sizes in cells.items() for size in sizes]
    return pd.DataFrame(rows, columns=list(COLUMNS.values()))


def draw_plants(seed: int, count: int) -> pd.DataFrame:
    """Sizes as skewed as real ones, codes that look like numbers, a column that nobody asked for."""
    rng = np.random.default_rng(seed)
    regions = rng.choice(["AT11", "AT12", "AT21", "AT31", "ITH3", "ITI1", "SI01"], count)
    sizes = np.floor(rng.lognormal(2, 1.6, count))
    sectors = rng.choice(["01", "10", "C29", "B07"], count, p=[0.5, 0.3, 0.15, 0.05])
    return pd.DataFrame({"plant": np.arange(count), "nuts": regions, "nace": sectors, "persons": sizes})


def sum_by_pandas(plants: pd.DataFrame) -> pd.DataFrame:
    """The same sums, written the plain way."""
    plants = plants.rename(columns={column: name for name, column in COLUMNS.items()}).query("jobs > 0")
    keys = [plants["region"], plants["sector"]]
    sums = pd.DataFrame({"squared_jobs": (plants["jobs"] ** 2).groupby(keys).sum()})
    for name, (low, high) in {"": (0, np.inf), **CLASSES}.items():
        groups = plants["jobs"].where((plants["jobs"] >= low) & (plants["jobs"] < high)).groupby(keys)
        sums["jobs" + name], sums["plants" + name], sums["largest" + name] = groups.sum(), groups.count(), groups.max()
    return sums.fillna(0.0)


def protect(tmp_path: Path, cells: Mapping[tuple[str, str], Sequence[float]]) -> pd.DataFrame:
    """Shown and hidden figures ("c") by region and sector, a column an indicator."""
    sums = sum_establishments(write_establishments(tmp_path / "plants.csv", list_plants(cells)), COLUMNS)
    tidy = protect_cells(sums, 2014)
    assert tidy.columns.tolist() == ["region", "sector", "indicator", "year", "value", "flag"]
    assert (tidy["value"].isna() == tidy["flag"].eq("c")).all()
    told = tidy.assign(value=tidy["value"].astype(object).where(tidy["flag"] == "", "c"))
    return told.pivot(index=["region", "sector"], columns="indicator", values="value")


def test_cells_of_a_table_worked_out_by_hand(tmp_path: Path) -> None:
    # Ten plants of 1 … 10 persons, three of 60, three of 300; a dormant one counts nowhere. C11 is not in AT22.
    sizes = [*range(1, 11), *[60] * 3, *[300] * 3, 0]
    shown = protect(tmp_path, {("AT31", "C10"): sizes, ("AT22", "C10"): sizes, ("AT31", "C11"): [7] * 10})
    # 55 + 180 + 900 jobs; squares 385 + 3 x 3,600 + 3 x 90,000.
    figures = {"jobs": 1135, "plants": 16, "squared_jobs": 281185}
    figures |= {"jobs_1_49": 55, "jobs_50_249": 180, "jobs_250_": 900}
    assert shown.loc["AT31", "C10"].to_dict() == figures
    assert shown.loc["AT", "C10"].to_dict() == {name: 2 * value for name, value in figures.items()}
    assert shown.loc["AT22", "C11"].eq(0).all()
    herfindahl = shown.loc[("AT", "C11"), "squared_jobs"] / shown.loc[("AT", "C11"), "jobs"] ** 2
    assert 1 / herfindahl == pytest.approx(10)  # ten equal plants


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_sums_are_those_of_pandas(suffix: str, tmp_path: Path) -> None:
    plants = draw_plants(5, 5000)
    plants = plants[~plants["nace"].str.startswith(("B", "C"))]  # what is left looks like numbers: 01 is not 1
    found = sum_establishments(write_establishments(tmp_path / f"it's{suffix}", plants), COLUMNS)
    found = found.set_index(["region", "sector"]).astype(float).fillna(0.0).sort_index()
    wanted = sum_by_pandas(plants).astype(float)
    pd.testing.assert_frame_equal(found[wanted.columns], wanted)


SAFE, FEW = [20.0] * 12, [5.0, 6.0]
MIXED = [*SAFE, 70.0, 70.0, 70.0]
HIDING: dict[str, tuple[dict[str, list[float]], str, set[str]]] = {
    "two plants, and the smallest other region beside them": (
        {"AT31": FEW, "AT22": SAFE, "AT21": SAFE * 2}, "jobs", {"AT31", "AT22"},
    ),
    "three plants are enough": ({"AT31": [5.0, 5.0, 5.0], "AT22": SAFE}, "jobs", set()),
    "one plant holds 85 of 100": ({"AT31": [85.0, 8.0, 7.0], "AT22": SAFE}, "jobs", set()),
    "one plant holds 86 of 100": ({"AT31": [86.0, 7.0, 7.0], "AT22": SAFE}, "jobs", {"AT31", "AT22"}),
    "two hidden regions that are safe together need none beside them": (
        {"AT31": FEW, "AT22": FEW, "AT21": SAFE}, "jobs", {"AT31", "AT22"},
    ),
    "two hidden regions of one plant each would tell each other": (
        {"AT31": [5.0], "AT22": [6.0], "AT21": SAFE}, "jobs", {"AT31", "AT22", "AT21"},
    ),
    "three regions of one plant each are safe together": (
        {"AT31": [5.0], "AT22": [6.0], "AT21": [7.0], "AT11": SAFE}, "jobs", {"AT31", "AT22", "AT21"},
    ),
    "a region without a plant hides nothing": (
        {"AT31": FEW, "AT22": SAFE, "AT21": []}, "jobs", {"AT31", "AT22"},
    ),
    "a country of one plant is hidden itself": ({"AT31": [5.0], "AT22": []}, "jobs", {"AT31", "AT"}),
    "what a hidden country shows cannot be subtracted from": (
        {"AT31": [9000.0], "AT22": SAFE}, "jobs", {"AT31", "AT"},
    ),
    "jobs of nine plants are shown": ({"AT31": SAFE[:9], "AT22": SAFE}, "jobs", set()),
    "their squares are not": ({"AT31": SAFE[:9], "AT22": SAFE}, "squared_jobs", {"AT31", "AT22"}),
    "a class of one plant is hidden": ({"AT31": [*SAFE, 60.0], "AT22": MIXED}, "jobs_50_249", {"AT31", "AT22"}),
    "the other classes go with it": ({"AT31": [*SAFE, 60.0], "AT22": MIXED}, "jobs_1_49", {"AT31", "AT22"}),
    "the jobs stay": ({"AT31": [*SAFE, 60.0], "AT22": MIXED}, "jobs", set()),
}  # fmt: skip


@pytest.mark.parametrize("case", HIDING)
def test_what_tells_on_single_plants_is_hidden(case: str, tmp_path: Path) -> None:
    regions, indicator, hidden = HIDING[case]
    other = {(region, "C11"): SAFE for region in regions}
    shown = protect(tmp_path, {(region, "C10"): sizes for region, sizes in regions.items()} | other)
    figures = shown[indicator].unstack("sector")
    assert set(figures.index[figures["C10"] == "c"]) == hidden
    assert (figures["C11"] != "c").all()


@pytest.mark.parametrize("seed", range(4))
def test_no_hidden_figure_follows_from_those_shown(seed: int, tmp_path: Path) -> None:
    """A figure follows if these fix it: a country is the sum of its regions, jobs are the sum of their classes."""
    plants = draw_plants(seed, 700)
    tidy = protect_cells(sum_establishments(write_establishments(tmp_path / "plants.csv", plants), COLUMNS), 2014)
    hidden, derived = 0, []
    for _, cells in tidy.groupby([tidy["region"].str[:2], "sector"]):
        table = cells.pivot(index="region", columns="indicator", values="value")
        place = {cell: number for number, cell in enumerate(table.stack(future_stack=True).index)}
        equations = []
        for indicator in table:
            equations.append({place[region, indicator]: 1 - 2 * (len(region) == 2) for region in table.index})
        for region in table.index:
            names = {"jobs": -1, **{f"jobs{name}": 1 for name in CLASSES}}
            equations.append({place[region, name]: sign for name, sign in names.items()})
        matrix = np.array([[row.get(number, 0) for number in place.values()] for row in equations], float)
        unknown = np.flatnonzero(table.stack(future_stack=True).isna())
        hidden += len(unknown)
        if len(unknown):
            free = matrix[:, unknown]
            rank = np.linalg.matrix_rank(free)
            units = np.eye(len(unknown))
            derived += [unit for unit in units if np.linalg.matrix_rank(np.vstack([free, unit])) == rank]
    assert hidden > 50
    assert not derived


def test_what_differences_give_is_safe_too(tmp_path: Path) -> None:
    together = []
    for seed in range(6):
        plants = draw_plants(seed, 300)
        tidy = protect_cells(sum_establishments(write_establishments(tmp_path / "plants.csv", plants), COLUMNS), 2014)
        jobs = tidy[tidy["indicator"] == "jobs"]
        for (country, sector), cells in jobs.groupby([jobs["region"].str[:2], "sector"]):
            gone = set(cells.loc[cells["flag"] == "c", "region"])
            if gone and country not in gone:
                sizes = plants.loc[plants["nuts"].isin(gone) & (plants["nace"] == sector), "persons"]
                together.append(sizes[sizes > 0])
    assert len(together) > 10
    assert min(map(len, together)) >= 3
    assert max(sizes.max() / sizes.sum() for sizes in together) <= 0.85


PLANTS = "nuts,nace,persons\nAT31,C10,4\nAT31,C10,{}\n"


@pytest.mark.parametrize(
    ("text", "columns", "engine", "said"),
    [
        (None, {}, "duckdb://", "plants.csv: cannot be read with duckdb://.*No files found.*name a .parquet"),
        ("\0\0", {}, "duckdb://", "cannot be read with duckdb://"),
        (PLANTS.format(3), {"jobs": "staff"}, "duckdb://", "'staff' is not found.*'nuts', 'nace', 'persons'"),
        (PLANTS.format(3), {}, "druckdb://", "cannot be read with druckdb://"),
        (PLANTS.format(-3), {}, "duckdb://", r"1 row.s. without .*jobs.*: '-3'; .*'AT31', sector 'C10'"),
        (PLANTS.format("ca. 10"), {}, "duckdb://", "1 row.s. without .*'ca. 10'"),
        (PLANTS.format("nan"), {}, "duckdb://", "1 row.s. without .*'nan'"),
        (PLANTS.format("inf"), {}, "duckdb://", "1 row.s. without .*'inf'"),
        (PLANTS.format(""), {}, "duckdb://", r"1 row.s. without .*at least 0\); mend"),
        (PLANTS.format(3) + "AT31,,3\nAT31, ,3\n", {}, "duckdb://", "2 row.s. without .*sector ''"),
        (PLANTS.format(3) + ",C10,3\n031,C10,3\n", {}, "duckdb://", "2 row.s. without .*region ''"),
    ],
)  # fmt: skip
def test_what_cannot_be_summed_is_told(
    text: str | None, columns: dict[str, str], engine: str, said: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "plants.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=said):
        sum_establishments(str(tmp_path / "plants.csv"), COLUMNS | columns, engine)


def test_an_engine_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(StudyError, match=r'pip install "cncb-analysis\[scale\]"'):
        sum_establishments(str(tmp_path / "plants.csv"), COLUMNS)


def test_a_table_in_a_database_is_summed_where_it_is(tmp_path: Path) -> None:
    plants = draw_plants(6, 300)
    file = write_establishments(tmp_path / "plants.csv", plants)
    with duckdb.connect(str(tmp_path / "firms.db")) as link:
        link.execute(f"create table register as from read_csv('{file}')")
    found = sum_establishments("register", COLUMNS, f"duckdb://{tmp_path / 'firms.db'}")
    assert found["jobs"].sum() == plants["persons"].sum()


def test_engines_are_imported_only_when_asked() -> None:
    code = "import sys, cncb_analysis.aggregate; print({'ibis', 'duckdb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_study_takes_what_the_command_writes(small_study: Path) -> None:
    plants = draw_plants(7, 400)
    file = write_establishments(small_study / "plants.parquet", plants)
    out = small_study / "raw" / "register.csv"
    done = run_cncb("aggregate", file, *OPTIONS, "--year", "2014", "--out", str(out), cwd=small_study)
    assert done.returncode == 0, done.stderr
    cells = read_eurostat(out.read_bytes(), file="register.csv", years=[2014], countries=["AT"])
    assert f"{len(read_table(out))} figures, " in done.stdout
    assert set(cells["region"].str[:2]) == {"AT"}
    assert read_eurostat(out.read_bytes(), file="register.csv", years=[2013]).empty
    whole = cells[(cells["region"] == "AT") & (cells["indicator"] == "jobs")].set_index("sector")["value"]
    wanted = plants[plants["nuts"].str.startswith("AT")].groupby("nace")["persons"].sum()
    assert whole.to_dict() == wanted.to_dict()
    ledger = read_table(small_study / "study" / "sources.csv").replace({"path": {"eurostat/sbs.tsv": "register.csv"}})
    write_ledger(small_study, ledger[["step", "partner", "path", "content"]].to_dict("records"))
    before = run_cncb("check", "--study", str(small_study), cwd=small_study).stdout
    assert "register.csv" not in before
    log = read_table(small_study / "processed" / "restricted" / "cell_log.csv")
    assert "register.csv" in set(log["file"])
    out.write_text(out.read_text(encoding="utf-8").replace(",2014,", ",MMXIV,"), encoding="utf-8")
    assert "register.csv" in run_cncb("check", "--study", str(small_study), cwd=small_study).stdout


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java")
@pytest.mark.skipif(not importlib.util.find_spec("pyspark"), reason="pyspark is not installed")
def test_spark_gives_the_bytes_that_duckdb_gives(tmp_path: Path) -> None:
    file = write_establishments(tmp_path / "plants.parquet", draw_plants(8, 20_000))
    for name in ("duckdb", "pyspark"):
        words = ("--year", "2014", "--engine", f"{name}://", "--out", f"{name}.csv")
        done = run_cncb("aggregate", file, *OPTIONS, *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "pyspark.csv").read_bytes() == (tmp_path / "duckdb.csv").read_bytes()
