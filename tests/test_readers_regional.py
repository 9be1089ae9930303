"""A plain table of regions by sectors, as an office of statistics mails it."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import is_eurostat, read_raw, read_region_table

PLAIN = "NUTS;C10;C11\nAT31;1 200;c\nAT22;300,0;\nAT;9\u00a0000; :c \nSI;0;–\n"


def read(text: str) -> pd.DataFrame:
    assert not is_eurostat(text.encode())
    return read_region_table(read_raw(text.encode(), file="jobs.csv", language="de").cells, file="jobs.csv", year=2014)


def test_counts_signs_and_gaps() -> None:
    cells = read(PLAIN).set_index(["region", "sector"])
    assert cells["value"].dropna().to_dict() == {
        **{("AT31", "C10"): 1200, ("AT22", "C10"): 300, ("AT", "C10"): 9000, ("SI", "C10"): 0}
    }
    assert cells.index[cells["flag"].eq("c")].tolist() == [("AT31", "C11"), ("AT", "C11")]
    assert set(cells["indicator"]) == {"jobs"} and set(cells["year"]) == {2014}
    assert math.isnan(cells.loc[("SI", "C11"), "value"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NUTS;C10;Total\nAT31;1;2\n", "jobs.csv, row 1, column Total: heading is no sector.*leave totals out"),
        ("NUTS;C10\nAT31;1\nTirol;5\n", "jobs.csv, row 3, column NUTS: is no region: 'Tirol'; write a NUTS code"),
        ("NUTS;C10;C11\nAT31;1;2\nAT22;3;1.234\n", "jobs.csv, row 3, column C11: is no count: '1.234'; write a whole"),
    ],
)
def test_what_is_no_such_table_is_refused_by_its_cell(text: str, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        read(text)
