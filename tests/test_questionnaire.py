"""Who answered, of whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.questionnaire import tabulate_response
from cncb_analysis.study import Partner
from tests.stand_ins import find, make_study, make_table

PARTNERS = (
    Partner("milan", "Milan", "Milan", "IT"),
    Partner("veneto", "Veneto", "Veneto", "IT"),
    Partner("pecs", "Pecs", "Pecs", "HU"),
)
# Milan: 5 mapped and one of them listed twice, 4 invited; a duplicate and a test answer among 5 delivered. Veneto:
# nobody counted the invitations. Pecs mapped its clusters and has not delivered yet.
UNITS = pd.DataFrame(
    [("mapping", "milan", "complete")] * 5
    + [("mapping", "milan", "duplicate")]
    + [("mapping", "veneto", "complete")] * 3
    + [("mapping", "pecs", "complete")] * 2
    + [("questionnaire", "milan", status) for status in ("complete", "complete", "partial", "duplicate", "test")]
    + [("questionnaire", "veneto", status) for status in ("complete", "rejected")],
    columns=["step", "partner", "status"],
)
FIELDWORK = make_table(
    "partner step invited done",
    [("milan", "questionnaire", "4", "3"), ("milan", "interviews", "9", "9"), ("pecs", "questionnaire", "2", "")],
)


@pytest.fixture
def response() -> pd.DataFrame:
    return tabulate_response(UNITS, make_study({"fieldwork": FIELDWORK}, partners=PARTNERS))


@pytest.mark.parametrize(
    ("option", "count"),
    [
        *[("mapped", 5), ("invited", 4), ("delivered", 5), ("complete", 2), ("partial", 1), ("used", 3)],
        *[("duplicate", 1), ("test", 1), ("rejected", 0)],
    ],
)
def test_each_stage_is_counted(response: pd.DataFrame, option: str, count: int) -> None:
    row = find(response, statistic="count", option=option, partner="milan", country="IT")
    assert (row["k"], row["estimate"]) == (count, count)
    assert np.isnan(row["low"])


def test_the_response_rate_has_its_base(response: pd.DataFrame) -> None:
    row = find(response, statistic="share", option="used", partner="milan", country="IT")
    assert (row["k"], row["n"]) == (3, 4)
    # Wilson, 3 of 4 (R: prop.test(3, 4, correct = FALSE)).
    assert (row["low"], row["high"]) == pytest.approx((0.3006, 0.9544), abs=5e-5)


def test_a_sum_with_an_unknown_part_is_unknown(response: pd.DataFrame) -> None:
    counts = response[response["statistic"].eq("count") & response["partner"].eq("")]
    assert find(counts, option="mapped")["k"] == 10
    assert find(counts, option="used", country="IT")["k"] == 4
    assert not (counts["option"].eq("invited") & counts["country"].isin(["IT", ""])).any()
    # Pecs delivered nothing: nothing is known of its answers, and so nothing of all answers together.
    assert not (response["partner"].eq("pecs") & response["option"].eq("used")).any()
    assert not (counts["option"].eq("used") & counts["country"].eq("")).any()
