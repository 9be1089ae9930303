"""The nodes of a run: what is to be done, and in which order it can be."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cncb_analysis.errors import StudyError
from cncb_analysis.store import read_settings

PARTNER_NOTEBOOKS = ("mapping", "questionnaire", "interviews", "workshops", "national_workshop")
_WITH_DECK = ("national_workshop", "comparison")
COMMON_NOTEBOOKS = ("comparison", "joint_support")
_NUMBERED = {name: f"{place}_{name}" for place, name in enumerate((*PARTNER_NOTEBOOKS, *COMMON_NOTEBOOKS), start=1)}
AUDIENCES = ("public", "partner", "consortium")


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Parameters
    ----------
    study, out : Path
        The study's folder; where the site goes.
    partners, notebooks : tuple of str
        Only these pages; empty = all.
    language, audience : str
        Empty = as study.toml says.
    jobs : int
        Processes; 0 = one a core.
    force : bool
        Run everything, stale or not.

    Examples
    --------
    >>> Options(Path("data"), Path("reports")).jobs
    0
    """

    study: Path
    out: Path
    partners: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    language: str = ""
    audience: str = ""
    jobs: int = 0
    force: bool = False


@dataclass(frozen=True)
class Node:
    """One piece of work.

    Parameters
    ----------
    name : str
        Unique, for people: "clean milan questionnaire".
    kind : str
        clean, protect, notebook, scan or site.
    parameters : mapping of str to str
        All that the work is told.
    needs : tuple of str
        Names of the nodes that must be done before.

    Examples
    --------
    >>> Node("protect consortium", "protect").needs
    ()
    """

    name: str
    kind: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Its place in the state: the same work for another audience, language or folder is kept apart."""
        told = {name: value for name, value in self.parameters.items() if name != "study"}
        return json.dumps([self.kind, told], sort_keys=True)


def plan_run(options: Options) -> list[Node]:
    """List the nodes of a run in an order in which they can be done.

    Reads study.toml alone, so that a run with nothing to do stays light.

    Parameters
    ----------
    options : Options
        What the user asked for.

    Returns
    -------
    list of Node
        Cleaning, protection, notebooks with their pages, a look for what must not leave, the site.

    Raises
    ------
    StudyError
        When a partner, notebook, language or audience is unknown; names those there are.
    """
    settings = read_settings(options.study / "study" / "study.toml")
    partners = [str(partner.get("id", "")) for partner in settings.get("partners", [])]
    steps = list(settings.get("steps", [])) if partners else []
    languages = list(settings.get("languages", ["en"]))
    language = options.language or str(settings.get("language", "en"))
    audience = options.audience or str(settings.get("disclosure", {}).get("audience", "public"))
    _check_known("partner", options.partners, partners)
    _check_known("step", options.notebooks, list(_NUMBERED))
    _check_known("language", [language], languages)
    _check_known("audience", [audience], list(AUDIENCES))
    folder = str(options.study)
    delivered = ({"study": folder, "partner": partner, "step": step} for partner in partners for step in steps)
    cleans = [Node(f"clean {each['partner']} {each['step']}", "clean", each) for each in delivered]
    base = {"study": folder, "audience": audience}
    protect = Node(f"protect {audience}", "protect", base, tuple(node.name for node in cleans))
    common = {**base, "language": language, "out": str(options.out)}
    pages = []
    for notebook, partner in list_pages(partners, steps):
        if notebook in (options.notebooks or _NUMBERED) and partner in ("", *(options.partners or partners)):
            told = {**common, "notebook": notebook, "partner": partner}
            pages.append(Node(f"{notebook} {partner}".strip(), "notebook", told, (protect.name,)))
    # What takes longest first: no core waits at the end for a deck that another makes.
    pages.sort(key=lambda page: page.parameters["notebook"] not in _WITH_DECK)
    owned = {owner: [p.name for p in pages if p.parameters["partner"] == owner] for owner in (*partners, "")}
    scanned = ((f"scan {owner}".strip(), {**base, "partner": owner}, own) for owner, own in owned.items() if own)
    scans = [Node(name, "scan", given, tuple(own)) for name, given, own in scanned]
    site = Node("site", "site", common, (protect.name, *(node.name for node in (*pages, *scans))))
    return [*cleans, protect, *pages, *scans, site]


def list_pages(partners: list[str], steps: list[str]) -> Iterator[tuple[str, str]]:
    """List the pages of a study.

    Parameters
    ----------
    partners, steps : list of str
        Those of the study.

    Yields
    ------
    tuple of str
        Notebook and partner; an empty partner for the pages of all.

    Examples
    --------
    >>> list(list_pages(["milan"], ["mapping"]))[:2]
    [('mapping', 'milan'), ('national_workshop', 'milan')]
    """
    for partner in partners:
        yield from ((name, partner) for name in PARTNER_NOTEBOOKS if name in steps or name == "national_workshop")
    yield from ((name, "") for name in COMMON_NOTEBOOKS if partners)


def _check_known(what: str, asked: Iterable[str], known: list[str]) -> None:
    for name in asked:
        if name not in known:
            raise StudyError(f"no such {what}", value=name, remedy=f"choose from: {', '.join(known) or 'none yet'}")


def name_notebook(notebook: str) -> str:
    """Name of a notebook's file without its ending.

    Parameters
    ----------
    notebook : str
        Its name without number.

    Returns
    -------
    str
        With its number.

    Examples
    --------
    >>> name_notebook("comparison")
    '6_comparison'
    """
    return _NUMBERED[notebook]
