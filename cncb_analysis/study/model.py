"""A study as it stands on disk: its settings, partners, codebook and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from cncb_analysis.codebook import Codebook, read_codebook
from cncb_analysis.errors import Problem, StudyError
from cncb_analysis.store import read_settings, read_table
from cncb_analysis.study.tables import declared_tables
from cncb_analysis.words import Words, read_fixed_words

STEPS = ("mapping", "questionnaire", "interviews", "workshops")


@dataclass(frozen=True)
class Partner:
    """One organisation that collected.

    Parameters
    ----------
    id, name, short : str
        Code, full name, label in figures.
    country : str
        ISO alpha-2.
    nuts : tuple of str
        Its regions.
    language, locale : str
        Of its delivered files; the locale says how numbers are written.
    publish : bool
        Whether its own numbers may appear in public.
    """

    id: str
    name: str
    short: str
    country: str
    nuts: tuple[str, ...] = ()
    language: str = "en"
    locale: str = "en"
    publish: bool = False


@dataclass(frozen=True, repr=False)
class Study:
    """One study, read once.

    Parameters
    ----------
    folder : Path
        Where `study/` lies.
    settings : mapping
        study.toml as it stands.
    partners : tuple of Partner
        In the order of study.toml.
    codebook : Codebook
        Of survey.csv and choices.csv.
    tables : mapping of str to DataFrame
        Every declared table by name, text cells, indexed by its line in the file; empty where the file is missing.
    problems : tuple of Problem
        What reading it found; the rest is usable.
    """

    folder: Path
    settings: Mapping[str, Any]
    partners: tuple[Partner, ...]
    codebook: Codebook
    tables: Mapping[str, pd.DataFrame]
    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        countries, asked = len(self.countries), len(self.codebook.variables)
        counts = f"partners: {len(self.partners)}, countries: {countries}, questions: {asked}"
        return f"<study: {self.title}; {counts}; {', '.join(self.steps)}; {' '.join(self.languages)}>"

    def _repr_html_(self) -> str:
        columns = ("id", "name", "country", "language", "publish")
        rows = pd.DataFrame(
            [[getattr(partner, name) for name in columns] for partner in self.partners], columns=columns
        )
        return f"<p>{escape(repr(self)[1:-1])}</p>{rows.to_html(index=False)}"

    @property
    def title(self) -> str:
        """Title of the study."""
        return str(self.settings.get("title", self.folder.name))

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of its languages."""
        return tuple(self.settings.get("languages", ("en",)))

    @property
    def steps(self) -> tuple[str, ...]:
        """Its steps, in the order of the method."""
        return tuple(step for step in STEPS if step in self.settings.get("steps", ()))

    @property
    def countries(self) -> tuple[str, ...]:
        """ISO codes of the partners' countries, sorted."""
        return tuple(sorted({partner.country for partner in self.partners}))

    @property
    def audience(self) -> str:
        """Who may see the result unless asked otherwise."""
        return str(self.setting("disclosure", "audience", "public"))

    @property
    def threshold(self) -> int:
        """Counts below are small."""
        return int(self.setting("disclosure", "threshold", 3))

    @property
    def raw_root(self) -> Path:
        """Folder that the paths of the ledger start from."""
        return (self.folder / str(self.settings.get("raw", "raw"))).resolve()

    def raw_path(self, path: str) -> Path:
        """Path of a raw file.

        Parameters
        ----------
        path : str
            As the ledger has it.

        Returns
        -------
        Path
            Absolute.

        Raises
        ------
        StudyError
            When it leads out of the raw root.
        """
        found = (self.raw_root / path).resolve()
        if not found.is_relative_to(self.raw_root):
            raise StudyError("path leads out of the raw folder", file="sources.csv", value=path, remedy="write no '..'")
        return found

    def setting(self, section: str, name: str, default: Any) -> Any:
        """One setting of a section of study.toml.

        Parameters
        ----------
        section, name : str
            Such as "margins" and "share".
        default : object
            What holds where it is not said.

        Returns
        -------
        object
            The value.
        """
        return self.settings.get(section, {}).get(name, default)

    def table(self, name: str) -> pd.DataFrame:
        """One table of the study.

        Parameters
        ----------
        name : str
            File name without ending.

        Returns
        -------
        DataFrame
            Text cells; empty where there is no such file.
        """
        return self.tables[name]

    def partner(self, partner_id: str) -> Partner:
        """Partner of that id.

        Parameters
        ----------
        partner_id : str
            As in study.toml.

        Returns
        -------
        Partner
            The declared one.

        Raises
        ------
        StudyError
            When there is none; names those there are.
        """
        known = {partner.id: partner for partner in self.partners}
        if partner_id not in known:
            remedy = f"the partners are: {', '.join(known) or 'none yet'}"
            raise StudyError("no such partner", value=partner_id, remedy=remedy)
        return known[partner_id]

    def sources(self, step: str, partner_id: str = "") -> pd.DataFrame:
        """Rows of the ledger for a step: a partner's own files and those of all partners.

        Parameters
        ----------
        step : str
            mapping, questionnaire, interviews or workshops.
        partner_id : str
            Empty = those of all partners only.

        Returns
        -------
        DataFrame
            Rows of sources.csv.
        """
        ledger = self.table("sources")
        return ledger[(ledger["step"] == step) & ledger["partner"].isin(["", partner_id])]

    def words(self, language: str) -> Words:
        """Words of a language: the study's own, then those that the package ships.

        Parameters
        ----------
        language : str
            Its code.

        Returns
        -------
        Words
            Looked up by key.
        """
        return Words(self.table("words"), language, fixed=read_fixed_words())


def read_study(folder: Path | str) -> Study:
    """Read a study's settings and tables.

    Parameters
    ----------
    folder : Path or str
        The folder that holds `study/`.

    Returns
    -------
    Study
        What could be read; a table that could not is empty and its cause stands in `problems`.

    Raises
    ------
    StudyError
        When there is no study.toml, or it is not TOML.
    """
    folder = Path(folder)
    settings = read_settings(folder / "study" / "study.toml")
    problems: list[Problem] = []
    tables = {}
    for name, table in declared_tables().items():
        path = folder / "study" / f"{name}.csv"
        declared = [column.name for column in table.columns]
        frame = pd.DataFrame(columns=declared, dtype=str)
        try:
            frame = read_table(path) if path.is_file() else frame
        except StudyError as error:
            problems += error.problems
        missing = [column for column in declared if column not in frame]
        remedy = f"the columns are: {', '.join(declared)}"
        problems += [Problem("column is missing", path.name, "1", column, remedy=remedy) for column in missing]
        tables[name] = frame.assign(**dict.fromkeys(missing, ""))
    partners = tuple(_read_partner(row, problems) for row in settings.get("partners", []))
    codebook = read_codebook(tables["survey"], tables["choices"])
    return Study(folder, settings, partners, codebook, tables, tuple(problems))


def _read_partner(row: Mapping[str, Any], problems: list[Problem]) -> Partner:
    place = f"[[partners]] {row.get('id', '')}".strip()
    for name in ("id", "name", "country", "language"):
        if not row.get(name):
            problems.append(Problem(f"{place}: no {name}", file="study.toml", remedy=f'write {name} = "…"'))
    code, language = row.get("id", ""), row.get("language", "en")
    usual = {"id": code, "name": code, "short": row.get("name", code), "country": "", "locale": language}
    told = {name: tuple(value) if name == "nuts" else value for name, value in row.items()}
    return Partner(**{name: value for name, value in (usual | told).items() if name in Partner.__annotations__})
