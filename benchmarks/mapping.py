"""One million cells of regional statistics: quotients and stars beside plain pandas computing the same."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.timing import RUNS, say
from cncb_analysis.codebook import Codebook
from cncb_analysis.concentration import tabulate_location_quotients
from cncb_analysis.study import Partner, Study

_SIDE = 1000


def make_cells() -> pd.DataFrame:
    """A thousand regions of Austria by a thousand divisions, each with its jobs."""
    regions = [f"AT{place:03d}" for place in range(_SIDE)]
    sectors = [f"{chr(65 + place // 100)}{place % 100:02d}" for place in range(_SIDE)]
    jobs = np.random.default_rng(4).lognormal(6, 1.5, _SIDE**2).round()
    table = pd.DataFrame({"region": np.repeat(regions, _SIDE), "sector": np.tile(sectors, _SIDE)})
    return table.assign(indicator="jobs", year=2014, value=jobs, flag="")


def make_study(cells: pd.DataFrame) -> Study:
    """A study of one country whose geography knows the regions."""
    geography = pd.DataFrame({"region": cells["region"].unique(), "vintage": "2013", "successor": ""})
    partners = (Partner("all", "All", "All", "AT"),)
    settings = {"mapping": {"year": 2014, "nuts": "2013"}}
    return Study(Path(), settings, partners, Codebook({}, {}), {"geography": geography})


def rate_plainly(cells: pd.DataFrame) -> pd.DataFrame:
    """What an analyst would write."""
    jobs, share = cells["value"], cells["value"] / cells.groupby("region")["value"].transform("sum")
    lq = share / (cells.groupby("sector")["value"].transform("sum") / jobs.sum())
    size = cells.groupby("sector")["value"].rank(pct=True) >= 0.9
    stars = (size.astype(int) + (lq >= 2) + (share.rank(pct=True) >= 0.9)).where(jobs >= 1000, 0)
    return pd.DataFrame({"region": cells["region"], "sector": cells["sector"], "jobs": jobs, "lq": lq, "stars": stars})


def time_mapping(_: Path) -> None:
    """Ours gives intervals and bounds with them; with exact tests for every cell in the second line."""
    cells = make_cells()
    study, seconds = make_study(cells), {"plain": [], "ours": [], "tested": []}
    plain, ours = rate_plainly(cells), tabulate_location_quotients(cells, study)
    both = plain.merge(ours, on=["region", "sector"])
    assert np.allclose(both["lq_x"], both["lq_y"]) and both["stars_x"].eq(both["stars_y"]).all()
    for _run in range(RUNS):
        for name, work in (
            ("plain", lambda: rate_plainly(cells)),
            ("ours", lambda: tabulate_location_quotients(cells, study, tests=False)),
            ("tested", lambda: tabulate_location_quotients(cells, study)),
        ):
            started = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - started)
    known = {name: statistics.median(each) for name, each in seconds.items()}
    say("million cells, quotients and stars: ours / plain pandas", f"{known['ours'] / known['plain']:.2f}")
    say("the same with an exact test a cell: ours / plain pandas", f"{known['tested'] / known['plain']:.2f}")
