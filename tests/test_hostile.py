"""Hostile deliveries: one message, no traceback."""

import gzip

import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_eurostat


def test_a_damaged_gzip_is_one_message() -> None:
    head, body = gzip.compress(b"freq,geo\\TIME_PERIOD\t2020\n" * 50)[:10], b"\xff" * 40
    with pytest.raises(StudyError, match="cannot be read"):
        read_eurostat(head + body, file="regions.tsv.gz")
