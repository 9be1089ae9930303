"""One million cells of regional statistics: quotients and stars beside plain pandas computing the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

_SIDE = 1000


def make_cells() -> pd.DataFrame:
    """A thousand regions of Austria by a thousand divisions, each with its jobs."""
    regions = [f"AT{place:03d}" for place in range(_SIDE)]
    sectors = [f"{chr(65 + place // 100)}{place % 100:02d}" for place in range(_SIDE)]
    jobs = np.random.default_rng(4).lognormal(6, 1.5, _SIDE**2).round()
    table = pd.DataFrame({"region": np.repeat(regions, _SIDE), "sector": np.tile(sectors, _SIDE)})
    return table.assign(indicator="jobs", year=2014, value=jobs, flag="")


def rate_plainly(cells: pd.DataFrame) -> pd.DataFrame:
    """What an analyst would write."""
    jobs, share = cells["value"], cells["value"] / cells.groupby("region")["value"].transform("sum")
    lq = share / (cells.groupby("sector")["value"].transform("sum") / jobs.sum())
    size = cells.groupby("sector")["value"].rank(pct=True) >= 0.9
    stars = (size.astype(int) + (lq >= 2) + (share.rank(pct=True) >= 0.9)).where(jobs >= 1000, 0)
    return pd.DataFrame({"region": cells["region"], "sector": cells["sector"], "jobs": jobs, "lq": lq, "stars": stars})
