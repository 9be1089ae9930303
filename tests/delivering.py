"""Clean the small study, and look up what became of a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cncb_analysis.cleaning import Cleaned, clean_step, merge_cleaned
from cncb_analysis.errors import Problem
from cncb_analysis.store import write_bytes
from cncb_analysis.study import read_study
from tests.small_study import SOUTH, SOUTH_HEAD, answers


def clean(folder: Path) -> Cleaned:
    study = read_study(folder)
    return merge_cleaned(clean_step(study, partner.id, step) for partner in study.partners for step in study.steps)


def answer(cleaned: Cleaned, unit: str, variable: str) -> dict[str, float] | str:
    """Options and values of one unit, or why it has none."""
    own = cleaned.observations
    own = own[(own["unit"] == unit) & (own["variable"] == variable)]
    if own["missing"].ne("").any():
        assert len(own) == 1
        assert own["option"].item() == ""
        assert np.isnan(own["value"].item())
        return str(own["missing"].item())
    return dict(zip(own["option"], own["value"], strict=True))


def fates(cleaned: Cleaned, file: str, row: str) -> list[tuple[str, str, str, str]]:
    log = cleaned.cell_log
    own = log[(log["file"] == file) & (log["row"] == row)]
    return list(own[["column", "raw", "value", "fate"]].itertuples(index=False, name=None))


def deliver(folder: Path, name: str, text: str) -> tuple[Cleaned, list[Problem]]:
    """Put another file in the place of one of `south` and clean its step."""
    write_bytes(folder / "raw" / "south" / name, text.encode())
    study = read_study(folder)
    steps = {
        "answers.csv": "questionnaire",
        "frame.csv": "mapping",
        "ballots.csv": "workshops",
        "cards.csv": "interviews",
    }
    cleaned = clean_step(study, "south", steps.get(name, "interviews"))
    return cleaned, list(cleaned.problems)


def south(**cells: str) -> str:
    """One answer of `south` with some cells changed."""
    row = dict(zip(SOUTH_HEAD.split(","), SOUTH[0].split(","), strict=True)) | cells
    return answers(",".join(row), [",".join(row.values())])
