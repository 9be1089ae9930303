"""Every number leads back: from the page to a row of the estimates, to units, to rows of the delivered files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cncb_analysis.readers import read_raw

STEPS = ("questionnaire", "interviews")
PAGES = {"questionnaire": "2_questionnaire", "interviews": "3_interviews"}


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values={"estimate": "", "k": "", "n": "", "value": ""})


@pytest.mark.parametrize("step", STEPS)
def test_a_drawn_share_leads_to_the_rows_behind_it(site: Path, step: str) -> None:
    processed, partner = site / "data" / "processed", "milan"
    figures = sorted((site / "reports" / partner / f"{PAGES[step]}_files").glob("*.csv"))
    drawn = pd.concat([read(path).assign(figure=path.stem) for path in figures if path.stat().st_size > 1])
    own = drawn[drawn["column"].isin(["main", partner]) & drawn["mark"].eq("") & drawn["k"].notna()]
    estimates = read(processed / "pages" / "consortium" / f"{step}_{partner}" / "estimates.csv")
    mine = estimates[estimates["partner"].eq(partner) & estimates["step"].eq(step)]
    # Each number of a figure is a row of the page's estimates.
    known = set(zip(mine["k"], mine["n"], mine["estimate"].round(9), strict=True))
    told = set(zip(own["k"], own["n"], own["estimate"].round(9), strict=True))
    assert len(own) > 5
    assert told <= known

    clean = processed / "restricted" / "clean" / partner / step
    rows, units = read(clean / "observations.csv"), read(clean / "units.csv").set_index("unit")
    # What is derived (response funnel, topics) is counted from other tables of the same folder.
    shares = mine[mine["statistic"].eq("share") & mine["variable"].isin(rows["variable"])]
    assert len(shares) > 10
    chosen = rows[rows["missing"].eq("") & rows["option"].ne("") & rows["value"].ne(0)]
    behind = chosen.groupby(["variable", "option"])["unit"].agg(list)
    for (variable, option), count in shares.set_index(["variable", "option"])["k"].items():
        names = behind.get((variable, option), [])
        assert len(names) == count, (variable, option)
    # Each unit is a row of a delivered file that the reader finds there.
    counted = units.loc[sorted({name for names in behind for name in names})]
    for source, group in counted.groupby("source"):
        raw = read_raw((site / "data" / "raw" / str(source)).read_bytes(), file=str(source), language="it")
        assert set(group["row"].astype(int)) <= set(raw.cells.index), source
