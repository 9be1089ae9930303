"""What several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.small_study import write_small_study

# The same examples on every machine, and no complaint when it is a slow one.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture
def small_study(tmp_path: Path) -> Path:
    """A folder with a whole small study; its cast is commented in tests/small_study.py."""
    return write_small_study(tmp_path / "small")
