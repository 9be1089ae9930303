"""What a researcher does with a study by hand: start it from a file, draft its tables, check it, open its notebooks."""

from __future__ import annotations

import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.nodes import find_notebooks
from cncb_analysis.store import read_bytes, read_table, read_text, write_bytes, write_table, write_text

if TYPE_CHECKING:
    import pandas as pd

    from cncb_analysis.study import Study

_RESTRICTED = Path("processed", "restricted")
# Tables that are drafted, and by what a row is known there.
_TAKEN = {
    "survey": ["name"], "choices": ["list_name", "name"], "themes": ["code"], "items": ["item"],
    "sources": ["path", "content"],
    "crosswalk": ["partner", "file", "column", "value"],
}  # fmt: skip
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
        Where the cell log stands: a row a raw cell that was not taken as it stood. The problems stand beside it.
    """
    import pandas as pd

    from cncb_analysis.audit import count_alike
    from cncb_analysis.cleaning import check_raw
    from cncb_analysis.study import check_study, read_study

    target = folder / _RESTRICTED / "cell_log.csv"
    try:
        study = read_study(folder)
    except StudyError as error:
        return list(error.problems), target
    cleaned = check_raw(study)
    problems = list(dict.fromkeys([*check_study(study), *cleaned.problems]))
    write_table(target, cleaned.cell_log)
    write_table(
        target.with_name("problems.csv"), pd.DataFrame(problems, columns=[each.name for each in fields(Problem)])
    )
    write_table(target.with_name("alike.csv"), count_alike(cleaned.observations, study.codebook))
    return problems, target


def draft_file(file: Path, folder: Path, partner: str, content: str) -> dict[Path, str]:
    """Write first drafts of crosswalk and codebook rows for a delivered file, for a person to accept.

    Parameters
    ----------
    file, folder : Path
        The file, and the study's folder.
    partner, content : str
        Who delivered it, and what it holds: frame, statistics, answers, cards, segments, presence, ballots or actions.

    Returns
    -------
    dict of Path to str
        Each draft written, and how many of its rows were known by what.

    Raises
    ------
    StudyError
        When the file cannot be read, or partner or content are not known.
    """
    from cncb_analysis.cleaning.drafts import draft_import
    from cncb_analysis.study import read_study

    study = read_study(folder)
    inside = file.resolve().is_relative_to(study.raw_root)
    name = file.resolve().relative_to(study.raw_root).as_posix() if inside else file.name
    told = {}
    for draft, rows in draft_import(study, partner, read_bytes(file), file=name, content=content).items():
        path = folder / _RESTRICTED / "import" / partner / f"{file.stem}_{draft}.csv"
        write_table(path, rows)
        counts = rows["match"].value_counts() if "match" in rows else {"rows": len(rows)}
        told[path] = ", ".join(f"{count} {match}" for match, count in counts.items())
    return told


def accept_drafts(folder: Path, partner: str) -> dict[str, tuple[int, int]]:
    """Take over what a person left in the drafts of `draft_file` into the study's tables.

    Parameters
    ----------
    folder : Path
        The study's folder.
    partner : str
        Whose drafts.

    Returns
    -------
    dict of str to (int, int)
        Table to the rows taken over, and those left in the drafts because nobody has said yet what they mean. What
        the study knows already is neither; a draft with nothing left is removed.

    Raises
    ------
    StudyError
        When there are no drafts, or one cannot be read.
    """
    paths = sorted((folder / _RESTRICTED / "import" / partner).glob("*.csv"))
    if not paths:
        raise StudyError("no draft", value=partner, remedy="make one with cncb import FILE --partner ID")
    told = dict.fromkeys(_TAKEN, (0, 0))
    drafts = _settle({path: _read_draft(path) for path in paths})
    for path, draft in drafts.items():
        name = path.stem.rpartition("_")[2]
        if name in _TAKEN:
            taken, left = _take_over(folder / "study" / f"{name}.csv", draft, _TAKEN[name])
            told[name] = (told[name][0] + taken, told[name][1] + len(left))
            write_table(path, left)
        if name not in _TAKEN or left.empty:
            path.unlink()
    return {name: counts for name, counts in told.items() if any(counts)}


def _read_draft(path: Path) -> pd.DataFrame:
    draft, name = read_table(path), path.stem.rpartition("_")[2]
    needed = [*_TAKEN.get(name, []), *(["match"] if name in ("survey", "crosswalk") else [])]
    for column in [column for column in needed if column not in draft]:
        raise StudyError("column is missing", file=path.name, column=column, remedy="draft it again with cncb import")
    return draft


def _settle(drafts: dict[Path, pd.DataFrame]) -> dict[Path, pd.DataFrame]:
    """Drop new questions whose column was given to another, and crosswalk rows that a new question makes needless."""
    for path in [path for path in drafts if path.stem.endswith("_crosswalk")]:
        columns, stem = drafts[path], path.stem.removesuffix("crosswalk")
        asked, offered = (path.with_stem(f"{stem}{name}") for name in ("survey", "choices"))
        if asked in drafts:
            questions = drafts[asked]
            proposed = set(questions.loc[questions["match"].eq("new"), "name"])
            needless = proposed - set(columns["variable"])
            drafts[asked] = questions[~questions["name"].isin(needless)]
            drafts[offered] = drafts[offered][~drafts[offered]["list_name"].isin(needless)]
            drafts[path] = columns[columns["match"].ne("new") | ~columns["variable"].isin(proposed)]
    return drafts


def _take_over(target: Path, draft: pd.DataFrame, key: list[str]) -> tuple[int, pd.DataFrame]:
    """Append the rows of a draft that say something new; how many, and what is left for a person to decide."""
    import pandas as pd

    from cncb_analysis.codebook import find_language

    table = read_table(target)
    headings = {find_language(name): name for name in table if find_language(name)}
    columns: dict[str, pd.Series] = {}
    for name in draft:
        heading = headings.setdefault(find_language(name), name) if find_language(name) else name
        said = columns.get(heading, draft[name])  # a form may hold one language under two headings
        columns[heading] = said.where(said != "", draft[name])
    draft = pd.DataFrame(columns)
    draft = draft[draft.get("match", pd.Series("new", draft.index)).isin(["new", "none"])]
    known = pd.MultiIndex.from_frame(draft[key]).isin(pd.MultiIndex.from_frame(table[key]))
    draft = draft[~known].drop_duplicates(key)
    # A row of the crosswalk without target and reason says that nobody knows the column, or the answer.
    said = (
        draft["reason"] + draft["code"].where(draft["value"].ne(""), draft["variable"]) if "reason" in draft else key[0]
    )
    open_rows = pd.Series(said, draft.index).eq("")
    ready = draft[~open_rows].drop(columns=["match", "candidates"], errors="ignore")
    write_table(target, pd.concat([table, ready]).fillna(""))
    return len(ready), draft[open_rows]


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
    raw = folder / "raw" / partner / file.name
    write_bytes(raw, data)
    draft_file(raw, folder, partner, "answers")
    accept_drafts(folder, partner)
    return read_study(folder)
