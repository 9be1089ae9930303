"""What a page may see and how it says it: protected estimates by question and group, with their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from cncb_analysis.codebook import read_labels
from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_outlines
from cncb_analysis.store import read_bytes
from cncb_analysis.study import STEPS
from cncb_analysis.words import read_shipped

if TYPE_CHECKING:
    from cncb_analysis.study import Study
    from cncb_analysis.words import Words

ALL = "all"
Cell = Mapping[str, Any]
NOTHING: Cell = {**dict.fromkeys(("estimate", "low", "high", "k", "n"), float("nan")), "mark": ""}


class Figure(NamedTuple):
    """One row of figures.csv.

    Parameters
    ----------
    id, kind, statistic, benchmark : str
        Its name, kind of chart, which estimate, which row of benchmarks.csv.
    notebooks, variables, options : tuple of str
        Where it stands; which questions, batteries or topics; which answers (empty = all).
    occasion : str
        Voting round.
    step : str
        Which step's answers it shows.
    """

    id: str
    kind: str
    notebooks: tuple[str, ...]
    variables: tuple[str, ...] = ()
    statistic: str = "share"
    options: tuple[str, ...] = ()
    occasion: str = ""
    benchmark: str = ""
    step: str = ""


class Item(NamedTuple):
    """One thing that a figure has a row or column for.

    Parameters
    ----------
    variable, option : str
        What to look up.
    key, label : str
        Its short key and its label.
    """

    variable: str
    option: str = ""
    key: str = ""
    label: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """Key and label."""
        return self.key, self.label


@dataclass(frozen=True)
class View:
    """What a page may see, and how it says it.

    Parameters
    ----------
    study : Study
        Labels, partners, countries.
    words : Words
        Of the page's language.
    estimates : DataFrame
        Protected estimates, with `mark`.
    partner : str
        Whose page; empty for the pages of all.
    joint_support : DataFrame
        From `synthesis.tabulate_joint_support`.
    """

    study: Study
    words: Words
    estimates: pd.DataFrame
    partner: str = ""
    joint_support: pd.DataFrame = field(default_factory=pd.DataFrame)
    _known: dict[tuple[str, ...], dict[tuple[str, str], Cell]] = field(default_factory=dict, repr=False)

    @property
    def main(self) -> str:
        """The group that the page is about."""
        return self.partner or ALL

    @property
    def groups(self) -> list[tuple[str, str]]:
        """Groups with their labels, everybody last: the partner and its country, or all countries."""
        names = [*self.study.countries]
        if self.partner:
            country = self.study.partner(self.partner).country
            shared = sum(partner.country == country for partner in self.study.partners) > 1
            names = [self.partner, *([country] if shared else [])]
        return [(name, self.name(name)) for name in (*names, ALL)]

    def name(self, group: str) -> str:
        """Label of a partner, a country or everybody.

        Parameters
        ----------
        group : str
            Partner id, country code or `ALL`.

        Returns
        -------
        str
            The code where nothing names it.
        """
        shorts = {partner.id: partner.short for partner in self.study.partners}
        if group in shorts:
            return self.say(f"partner.{group}", shorts[group])
        return self.say("all_countries", group) if group == ALL else self.words.country(group)

    def organisation(self, partner: str) -> str:
        """Full name of a partner.

        Parameters
        ----------
        partner : str
            Its id.

        Returns
        -------
        str
            In the page's language where words.csv has it, else as in study.toml.
        """
        return self.say(f"partner.{partner}.organisation", self.study.partner(partner).name)

    def say(self, key: str, otherwise: str, values: Mapping[str, object] | None = None) -> str:
        """Text of a key, where there is one.

        Parameters
        ----------
        key, otherwise : str
            Key of words.csv; what stands in for its text.
        values : mapping of str to object, optional
            What stands for `{name}` in the text.

        Returns
        -------
        str
            The text.
        """
        return self.words.text(key, values) if self.words.has(key) else otherwise

    def rows(self, step: str, variable: str, statistic: str) -> list[Cell]:
        """Estimates of one question, as they stand.

        Parameters
        ----------
        step, variable, statistic : str
            Which.

        Returns
        -------
        list of mapping
            Empty where there is none.
        """
        places = self._index.get((step, variable, statistic))
        return [] if places is None else self.estimates.iloc[places].to_dict("records")

    def cells(self, step: str, variable: str, statistic: str, occasion: str = "") -> dict[tuple[str, str], Cell]:
        """Estimates of one question by (option, group).

        Parameters
        ----------
        step, variable, statistic, occasion : str
            Which; an empty occasion takes all.

        Returns
        -------
        dict of (str, str) to mapping
            Group is a partner id, a country code or `ALL`.
        """
        asked = (step, variable, statistic, occasion)
        if asked not in self._known:
            wanted = [row for row in self.rows(*asked[:3]) if not occasion or row["occasion"] == occasion]
            self._known[asked] = {(row["option"], row["partner"] or row["country"] or ALL): row for row in wanted}
        return self._known[asked]

    def find(self, figure: Figure, item: Item, group: str, statistic: str = "") -> Cell:
        """Find the number of an item and group that a figure shows.

        Parameters
        ----------
        figure : Figure
            Whose step, occasion and statistic.
        item : Item
            Variable and option.
        group : str
            Partner id, country code or `ALL`.
        statistic : str
            Another than the figure's.

        Returns
        -------
        mapping
            Without numbers, and with the reason as its mark, where there is no estimate.
        """
        known = self.cells(figure.step, item.variable, statistic or figure.statistic, figure.occasion)
        found = known.get((item.option, group))
        return found or {**NOTHING, "mark": self.missing(figure.step, item.variable, group)}

    def missing(self, step: str, variable: str, group: str) -> str:
        """Say why a group has no number for a question.

        Parameters
        ----------
        step, variable, group : str
            Which.

        Returns
        -------
        str
            not_delivered (nothing of that step), not_asked, or too_few (asked, no usable answer).
        """
        if (step, group) not in self._delivered:
            return "not_delivered"
        asked = any(other == group for _, other in self.cells(step, variable, "share_missing"))
        return "too_few" if asked else "not_asked"

    def items(self, name: str, codes: Iterable[str] = ()) -> list[Item]:
        """List what a name of figures.csv stands for: a battery's questions, a topic's children, a question's answers.

        Parameters
        ----------
        name : str
            Battery, variable, `theme:` with a root, or any measure with its options.
        codes : iterable of str
            Options that have estimates, for measures that the codebook does not know.

        Returns
        -------
        list of Item
            In the order of the study's tables.
        """
        book, codes = self.study.codebook, list(dict.fromkeys(codes))
        if battery := book.battery(name):
            return [Item(each.name, "", each.item, self.label(each.name)) for each in battery]
        if name == "votes":
            codes = [code for code in self._labels if code in codes]
        elif name in book.variables:
            codes = [choice.name for choice in book.options(name)] or codes
        elif name.startswith("theme:"):
            root = name.removeprefix("theme:") + "/"
            codes = [code.removeprefix(root) for code in self._labels if code.startswith(root)]
        return [Item(name, code, code, self.option_label(name, code)) for code in codes]

    def label(self, variable: str) -> str:
        """Label of a question, of a battery's item without its aspect, or of a topic.

        Parameters
        ----------
        variable : str
            Variable, battery, `theme:` with a code, or `response:` with a variable of the mapping.

        Returns
        -------
        str
            Its code where nothing names it.
        """
        book, variable = self.study.codebook, variable.removeprefix("response:")
        if variable in book.variables:
            whole = book.label(variable, self.words.language)
            return whole.rsplit(": ", 1)[0] if book.variable(variable).aspect else whole
        return self._labels.get(variable.removeprefix("theme:")) or self.say(f"battery.{variable}", variable)

    def option_label(self, variable: str, code: str) -> str:
        """Label of an answer, of a group of answers, of a topic, or of a derived measure's option.

        Parameters
        ----------
        variable, code : str
            Which.

        Returns
        -------
        str
            The code where nothing names it.
        """
        book, variable = self.study.codebook, variable.removeprefix("response:")
        if variable == "votes" or variable.startswith("theme:"):
            return self._labels.get(f"{variable}/{code}".removeprefix("votes/").removeprefix("theme:"), code)
        if variable in book.variables:
            wider = f"group.{book.variable(variable).list_name}.{code}"
            return self.say(wider, book.choice_label(variable, code, self.words.language))
        return self.say(f"{variable}.{code}", code)

    @cached_property
    def outlines(self) -> Mapping[str, str]:
        """Outlines of the study's regions, where study.toml names a file with them ([mapping] geojson)."""
        name, vintage = self.study.setting("mapping", "geojson", ""), str(self.study.setting("mapping", "nuts", "2013"))
        if not name:
            return {}
        if not self.study.setting("mapping", "geojson_notice", ""):
            place = {"file": "study.toml", "column": "geojson_notice", "value": str(name)}
            raise StudyError(
                "whose outlines are these?", **place, remedy="write the notice that their licence asks for"
            )
        rows = self.study.table("geography")
        known = rows["country"].isin(self.study.countries) & rows["column"].ne("")
        regions = rows.loc[known & rows["vintage"].str.contains(vintage), "region"]
        return read_outlines(read_bytes(self.study.folder / "study" / str(name)), file=str(name), regions=set(regions))

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        """Topics and things voted on, by code."""
        tables = (("themes", "code"), ("items", "item"))
        rows = [(row[code], row) for name, code in tables for row in self.study.table(name).to_dict("records")]
        known = {code: read_labels(row) for code, row in rows}
        return {code: labels.get(self.words.language) or labels.get("en") or code for code, labels in known.items()}

    @cached_property
    def _index(self) -> Mapping[tuple[str, str, str], Any]:
        return self.estimates.groupby(["step", "variable", "statistic"], observed=True, sort=False).indices

    @cached_property
    def _delivered(self) -> set[tuple[str, str]]:
        seen = self.estimates[["step", "partner", "country"]].drop_duplicates().to_dict("records")
        return {(row["step"], row["partner"] or row["country"] or ALL) for row in seen}


def read_figures(study: Study) -> dict[str, Figure]:
    """Read figures.csv.

    The step of a figure is that of its first notebook; one on the pages of all shows the questionnaire, unless its
    variable belongs to another step alone; one without variables rests on all steps.

    Parameters
    ----------
    study : Study
        Its table `figures`.

    Returns
    -------
    dict of str to Figure
        By name, in the order of the table's column `order`.
    """
    figures, table = {}, study.table("figures")
    # A study that names no figures has those of the example, each as far as its questions are asked.
    rows = (read_shipped("figures") if table.empty else table).to_dict("records")
    for row in sorted(rows, key=lambda row: int(row["order"]) if row["order"].isdigit() else 0):
        cells = (row[name] for name in ("notebook", "variables", "options"))
        notebooks, variables, options = (tuple(filter(None, cell.split(";"))) for cell in cells)
        occasion = next((each.split("=")[1] for each in options if each.startswith("occasion=")), "")
        step = next((name for name in notebooks if name in STEPS), "") or _find_step(study, variables)
        shown = tuple(each for each in options if "=" not in each)
        what = (variables, row["statistic"] or "share", shown, occasion, row["benchmark"])
        figures[row["figure"]] = Figure(row["figure"], row["kind"], notebooks, *what, step)
    return figures


def _find_step(study: Study, variables: tuple[str, ...]) -> str:
    if not variables:
        return ""
    name = variables[0]
    special = {"votes": "workshops", "theme": "interviews", "concentration": "mapping"}
    battery = study.codebook.battery(name) or (study.codebook.variables.get(name),)
    carded = battery[0] is not None and battery[0].instrument == "interview_card"
    return special.get(name.split(":")[0], "interviews" if carded else "questionnaire")
