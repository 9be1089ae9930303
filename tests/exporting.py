"""A study run as far as its tables, without its pages, for the tests of exports."""

from __future__ import annotations

from pathlib import Path

from cncb_analysis.analysis import analyse_study, read_cleaned, write_analysis, write_cleaned
from cncb_analysis.cleaning import clean_step
from cncb_analysis.study import Study, read_study


def run_tables(folder: Path) -> Study:
    """Clean and analyse; the small study maps no regions, so its mapping is left out."""
    settings = folder / "study" / "study.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('["mapping", ', "["), encoding="utf-8")
    study = read_study(folder)
    clean = study.folder / "processed" / "restricted" / "clean"
    for partner in study.partners:
        for step in study.steps:
            write_cleaned(clean / partner.id / step, clean_step(study, partner.id, step))
    write_analysis(analyse_study(*read_cleaned(clean, study), study), study, audience=study.audience)
    return study


def append(path: Path, head: str, rows: str) -> None:
    """Add rows to a table of the study; the heading where there is none yet."""
    before = path.read_text(encoding="utf-8") if path.is_file() else head
    path.write_text(before + rows, encoding="utf-8")
