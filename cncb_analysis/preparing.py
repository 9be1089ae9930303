"""What a researcher does with a study by hand: start it from a file, draft its tables, check it, open its notebooks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.nodes import find_notebooks
from cncb_analysis.store import read_bytes, read_text, write_bytes, write_table, write_text

if TYPE_CHECKING:
    from cncb_analysis.study import Study

_RESTRICTED = Path("processed", "restricted")
_PARTNER = '[[partners]]\nid = "{0}"\nname = "{0}"\nshort = "{0}"\ncountry = "{1}"\nlanguage = "en"\n'


def place_notebooks(study: Path) -> Path:
    """Find the notebooks that open a study: the shipped ones open the shipped study, another has its own copies.

    Parameters
    ----------
    study : Path
        The study's folder.

    Returns
    -------
    Path
        Folder of notebooks whose `study` is this one; a copy that is there already is left as it is.
    """
    shipped = find_notebooks()
    if study.resolve() == (shipped.parent / "data").resolve():
        return shipped
    for source in sorted(shipped.glob("*.ipynb")):
        own = study / "notebooks" / source.name
        if not own.exists():
            write_text(own, read_text(source).replace('study: str = \\"../data\\"', 'study: str = \\"..\\"'))
    return study / "notebooks"


def check_everything(folder: Path) -> tuple[list[Problem], Path]:
    """Check tables, ledger and the content of every raw file, and store the cell log.

    Parameters
    ----------
    folder : Path
        The study's folder.

    Returns
    -------
    list of Problem
        All of them; empty when the study is ready.
    Path
        Where the cell log stands: a row a raw cell that was not taken as it stood.
    """
    from cncb_analysis.audit import count_alike
    from cncb_analysis.cleaning import check_raw
    from cncb_analysis.study import check_study, read_study

    target = folder / _RESTRICTED / "cell_log.csv"
    try:
        study = read_study(folder)
    except StudyError as error:
        return list(error.problems), target
    cleaned = check_raw(study)
    write_table(target, cleaned.cell_log)
    write_table(target.with_name("alike.csv"), count_alike(cleaned.observations, study.codebook))
    return list(dict.fromkeys([*check_study(study), *cleaned.problems])), target


def draft_file(file: Path, folder: Path, partner: str, step: str) -> dict[Path, str]:
    """Write first drafts of crosswalk and codebook rows for a delivered file, for a person to accept.

    Parameters
    ----------
    file, folder : Path
        The file, and the study's folder.
    partner, step : str
        Who delivered it, and for which step.

    Returns
    -------
    dict of Path to str
        Each draft written, and how many of its rows were known by what.

    Raises
    ------
    StudyError
        When the file cannot be read, or partner or step are not known.
    """
    from cncb_analysis.cleaning.drafts import draft_import
    from cncb_analysis.study import read_study

    study = read_study(folder)
    inside = file.resolve().is_relative_to(study.raw_root)
    name = file.resolve().relative_to(study.raw_root).as_posix() if inside else file.name
    told = {}
    for draft, rows in draft_import(study, partner, read_bytes(file), file=name, step=step).items():
        path = folder / _RESTRICTED / "import" / partner / f"{file.stem}_{draft}.csv"
        write_table(path, rows)
        counts = rows["match"].value_counts() if "match" in rows else {"rows": len(rows)}
        told[path] = ", ".join(f"{count} {match}" for match, count in counts.items())
    return told


def start_study(file: str | Path, folder: str | Path = "", *, partner: str = "own", country: str = "AT") -> Study:
    """Start a study of one partner from one file of answers: first drafts of its codebook taken over as they stand.

    Parameters
    ----------
    file : str or Path
        Answers in Excel or any form that `readers.read_raw` reads: a row a respondent, a column a question. What was
        typed freely never leaves the restricted tables; delete columns with names and addresses nevertheless.
    folder : str or Path
        Where the study goes, its tables to be edited in a spreadsheet afterwards; empty = to try, in a temporary one.
    partner, country : str
        Short name of who collected, and the ISO code of its country.

    Returns
    -------
    Study
        For the audience `partner`: to look at in one's own room, small counts hidden.

    Raises
    ------
    StudyError
        When the file cannot be read, or there is already a study in the folder.
    """
    from cncb_analysis.cleaning.drafts import draft_import
    from cncb_analysis.readers import read_raw
    from cncb_analysis.study import read_study, write_new_study

    file, folder = Path(file), Path(folder or tempfile.mkdtemp(prefix="study_"))
    data = read_bytes(file)
    read_raw(data, file=file.name)  # before anything is written
    write_new_study(folder)
    settings = folder / "study" / "study.toml"
    text = read_text(settings).replace("steps = []", 'steps = ["questionnaire"]', 1)
    text = text.replace('audience = "public"', 'audience = "partner"', 1)
    write_text(settings, f"{text}\n{_PARTNER.format(partner, country)}")
    path = f"{partner}/{file.name}"
    write_bytes(folder / "raw" / path, data)
    drafts = draft_import(read_study(folder), partner, data, file=path)
    drafts["sources"] = drafts["sources"].assign(bytes=str(len(data)), sensitivity="personal", origin="real")
    for name in ("survey", "choices", "sources"):
        write_table(
            folder / "study" / f"{name}.csv", drafts[name].drop(columns=["match", "candidates"], errors="ignore")
        )
    return read_study(folder)
