"""FIGURES: kind of chart to table maker and drawer; and the page that a notebook tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from html import escape
from itertools import islice
from pathlib import Path

import pandas as pd

from cncb_analysis import figures, page_findings, page_tables
from cncb_analysis.chart_tables import MAKERS
from cncb_analysis.deck import build_deck
from cncb_analysis.disclosure import Protected
from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import BASES
from cncb_analysis.shown import Html, NotAsked, ShownFigure, write_definitions
from cncb_analysis.store import write_bytes
from cncb_analysis.study import STEPS, Study
from cncb_analysis.tables import DisplayTable, write_workbook
from cncb_analysis.view import Figure, View, read_figures
from cncb_analysis.words import Words

FIGURES = {kind: (make, figures.DRAWERS[kind]) for kind, make in MAKERS.items()}
_COMMON = {"comparison": ("questionnaire", "interviews"), "joint_support": ("questionnaire", "workshops")}
_BRIEF = 3
_FIELDWORK = ["partner", "step", "start", "end", "mode", "language", "invited", "done", "minutes", "deviations"]
_LABELS = {"number": "page.figure", "data": "page.download_data", "table": "page.figure_table"}

Shown = ShownFigure | DisplayTable | NotAsked | Html


@dataclass(frozen=True, eq=False)
class Page:
    """What one notebook tells: findings, figures and tables of what its audience may see.

    Parameters
    ----------
    study : Study
        Labels, partners, tables.
    notebook, partner, language, audience : str
        Which page, whose (empty for the pages of all), in which language, for whom.
    estimates : Protected
        Of all steps and groups.
    tables : mapping of str to DataFrame
        comparisons, evidence, joint_support: as the contracts of `comparison` and `synthesis` say. quotes: passages
        with consent, under pseudonyms. cleaning: partner, step, rule, fate, cells; counts of the cell log. clusters,
        agreed: facts of the clusters studied and actions agreed, where the audience may see them; columns named as in
        words.csv under `head`.

    Examples
    --------
    >>> sorted(FIGURES)[:3]
    ['allocation', 'bounds', 'bump']
    """

    study: Study
    notebook: str
    partner: str
    language: str
    audience: str
    estimates: Protected
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    _shown: dict[str, Shown] = field(default_factory=dict, repr=False)
    _extra: dict[str, DisplayTable] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"<page {self.notebook} {self.partner}>".replace(" >", ">")

    @cached_property
    def words(self) -> Words:
        """Words of the page's language."""
        return self.study.words(self.language)

    @cached_property
    def view(self) -> View:
        """What the page may see."""
        return View(self.study, self.words, self.estimates.frame, self.partner, self.table("joint_support"))

    @cached_property
    def known(self) -> Mapping[str, Figure]:
        """Figures of the study, in order."""
        return read_figures(self.study)

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Figures of this notebook, in order."""
        return {name: each for name, each in self.known.items() if self.notebook in each.notebooks}

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps whose answers the page tells."""
        own = (self.notebook,) if self.notebook in STEPS else _COMMON.get(self.notebook, STEPS)
        return tuple(step for step in own if step in self.study.steps)

    def table(self, name: str) -> pd.DataFrame:
        """Table of a name.

        Parameters
        ----------
        name : str
            Of `tables`.

        Returns
        -------
        DataFrame
            Empty, and without columns, where the page has none.
        """
        return self.tables.get(name, pd.DataFrame())

    def list_facts(self) -> list[tuple[str, str]]:
        """List the facts below the page's title: place, base, fieldwork, audience.

        Returns
        -------
        list of tuple of str
            Label and value.
        """
        words, frame = self.words, self.estimates.frame
        own = frame["partner"].eq(self.partner) & (frame["country"].eq("") | (self.partner != ""))
        shares = frame["statistic"].str.startswith("share") & frame["base"].eq(frame["step"].map(BASES))
        rows = frame[own & shares & frame["step"].isin(self.steps)]
        bases = rows.groupby("step", sort=False)["n"].max().items()
        counts = [f"{words.number(n)} {words.text(f'base.{BASES[str(step)]}')}" for step, n in bases]
        facts = {
            "page.place": self.view.organisation(self.partner) if self.partner else ", ".join(self.study.countries),
            "page.base": ", ".join(counts),
            "page.fieldwork": str(self.study.settings.get("period", "")),
            "provenance.audience": words.text(f"audience.{self.audience}"),
        }
        return [(words.text(key), value) for key, value in facts.items() if value]

    def show(self, figure: str) -> Shown:
        """Show one figure or table of figures.csv.

        Parameters
        ----------
        figure : str
            Its name.

        Returns
        -------
        ShownFigure, DisplayTable, NotAsked or Html
            NotAsked where nothing was asked, delivered or may be shown, or figures.csv does not have it; the page then
            drops the section. Html where words.csv has a sentence for a table that cannot be made.

        Raises
        ------
        StudyError
            When the figure's kind of chart is unknown.
        """
        if figure not in self.known:
            return NotAsked(f"{figure}: {self.words.text('page.not_in_study')} (figures.csv: {', '.join(self.known)})")
        if figure not in self._shown:
            self._shown[figure] = self.show_figure(self.known[figure])
        return self._shown[figure]

    def show_figure(self, figure: Figure) -> Shown:
        """Show a figure that figures.csv need not have.

        Parameters
        ----------
        figure : Figure
            What it shows, as a row of figures.csv says it.

        Returns
        -------
        ShownFigure, DisplayTable, NotAsked or Html
            As `show` does.

        Raises
        ------
        StudyError
            When its kind of chart is unknown.
        """
        name, source = f"figure.{figure.id}", self.source(figure.step)
        title = self.view.say(f"{name}.title", self.view.label((*figure.variables, figure.id)[0]))
        nothing = NotAsked(f"{title}: {self.words.text('page.not_in_study')}")
        if figure.kind == "table":
            table = page_findings.tabulate_figure(figure, self, caption=title, source=source)
            without = f"{name}.nothing"
            return table or (self._nothing(without) if self.words.has(without) else nothing)
        if figure.kind not in FIGURES:
            remedy = f"the kinds are: {', '.join(FIGURES)}, table"
            raise StudyError("no such kind of chart", file="figures.csv", value=figure.kind, remedy=remedy)
        chart = FIGURES[figure.kind][0](figure, self.view)
        told = page_tables.summarise_chart(figure, chart, self.view)
        if not told:
            return nothing
        own = {"subtitle": told["group"], "caption": "", "alt": f"{title}: {told['top']}, {told['top_value']}."}
        texts = {part: self.view.say(f"{name}.{part}", text, told) for part, text in own.items()}
        base = {"n": told["n"], "unit": self.view.say(f"base.{BASES.get(figure.step)}", "")}
        hidden = self.words.text("figure.hidden", {"threshold": self.study.threshold}) * any(chart["mark"] == "hidden")
        counted = self.words.text("figure.base", base) if told["n"] and figure.step else ""
        notice = str(self.study.setting("mapping", "geojson_notice", "")) if figure.kind == "tiles" else ""
        note = (counted, texts["caption"], *chart.loc[chart["row"] == "benchmark", "text"], hidden, notice, source)
        number = 1 + sum(isinstance(shown, ShownFigure) for shown in self._shown.values())
        labels = {name: self.words.text(key, {"number": number}) for name, key in _LABELS.items()}
        draw = partial(figures.draw_chart, figures.Chart(figure.kind, chart), self.words)
        table = page_tables.tabulate_chart(figure, chart, self.view, caption=title, source=source)
        said = (title, texts["subtitle"], " ".join(filter(None, note)), texts["alt"])
        return ShownFigure(figure.id, *said, draw, chart, table, labels)

    def source(self, step: str) -> str:
        """Say where numbers come from.

        Parameters
        ----------
        step : str
            Whose answers; empty = all steps.

        Returns
        -------
        str
            Steps, period, and whether the data are made up.
        """
        steps = ", ".join(self.words.text(f"step.{name}") for name in ([step] if step else self.study.steps))
        said = {"source": steps, "period": str(self.study.settings.get("period", ""))}
        made_up = self.words.text("synthetic.short") + "." if self.study.settings.get("synthetic") else ""
        whole = f"{self.words.text('figure.source', said)} {made_up}".strip()
        return whole if said["period"] else whole.replace(", .", ".")

    def in_brief(self) -> Html:
        """Say three findings, each with its count.

        Returns
        -------
        Html
            Number and label of the first three figures that have one; verdicts and measures on the pages of all.
        """
        found = list(islice(page_findings.list_findings(self), _BRIEF))
        return write_definitions(found, "brief") if found else self._nothing("page.nothing_here")

    def _nothing(self, key: str) -> Html:
        return Html(f"<p>{escape(self.words.text(key))}</p>")

    def _keep(self, name: str, tables: list[DisplayTable]) -> Html:
        source = self.source(self.steps[0] if len(self.steps) == 1 else "")
        tables = [replace(table, source=table.source or source) for table in tables]
        self._extra.update((f"{name} {place}", table) for place, table in enumerate(tables))
        return Html("".join(table._repr_html_() for table in tables), "; ".join(map(repr, tables)))

    def show_rest(self) -> Html | NotAsked:
        """Show every other question asked in the page's steps, as compact tables.

        Returns
        -------
        Html or NotAsked
            Tables, a row an answer, a column a group; the latter where figures show all.
        """
        # Figures that a study added of its own, and no notebook names.
        added = [self.show(name) for name in self.figures if name not in self._shown]
        crossed = "share_crossed"  # shows how two questions go together, not what countries answered
        told = {name for each in self.figures.values() if each.statistic != crossed for name in each.variables}
        tables = []
        for step in self.steps if self.notebook in (*STEPS, "comparison") else ():
            asked = page_tables.list_asked(self.study, step)
            tables += self.tabulate(step, [name for name in asked if name not in told])
        if not tables and all(isinstance(each, NotAsked) for each in added):
            return NotAsked(self.words.text("page.nothing_here"))
        shown = [each._repr_mimebundle_()["text/html"] for each in added if isinstance(each, ShownFigure)]
        return Html("".join([*shown, self._keep("rest", tables).html]))

    def tabulate(self, step: str, names: list[str]) -> list[DisplayTable]:
        """Tabulate questions of a step for the groups of the page.

        Parameters
        ----------
        step : str
            Whose answers.
        names : list of str
            As `page_tables.list_asked` gives them.

        Returns
        -------
        list of DisplayTable
            Without those that nobody was asked.
        """
        tables = page_tables.tabulate_questions(self.view, step, names, source=self.source(step))
        # A question that two steps ask: each of its tables says whose answers it holds.
        said = f" ({self.words.text(f'step.{step}')})" if len(self.steps) > 1 else ""
        return [replace(each, caption=each.caption + said) for each in tables]

    def _own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of the page's steps and, on a partner's page, of the partner."""
        rows = frame[frame["step"].isin(self.steps)] if len(frame) else pd.DataFrame(columns=["partner"])
        return rows[rows["partner"].isin([self.partner, ""])] if self.partner else rows

    def show_cleaning(self) -> Html:
        """Show how often which rule changed a delivered cell.

        Returns
        -------
        Html
            A table of counts.
        """
        log = self._own(self.table("cleaning"))
        if log.empty:
            return self._nothing("cleaning.none")
        counts = log.groupby(["rule", "fate"], as_index=False)["cells"].sum()
        rules = page_tables.name_rules(self.view, counts["rule"])
        counts = counts.assign(rule=rules, fate=[self.view.say(f"fate.{fate}", fate) for fate in counts["fate"]])
        return self._keep("log", [page_tables.tabulate_frame(self.words, self.words.text("cleaning.log"), counts)])

    def show_bases(self) -> Html:
        """Show who was on the list, was invited and answered, and how the fieldwork went.

        Returns
        -------
        Html
            Two tables.
        """
        tables = [table for step in self.steps for table in self.tabulate(step, ["response"])]
        rows = self._own(self.study.table("fieldwork"))
        if len(rows):
            steps = [self.view.say(f"step.{step}", step) for step in rows["step"]]
            rows = rows.assign(partner=rows["partner"].map(self.view.name), step=steps)[_FIELDWORK]
            tables.append(page_tables.tabulate_frame(self.words, self.words.text("page.fieldwork"), rows))
        return self._keep("bases", tables) if tables else self._nothing("page.nothing_here")

    def show_limits(self) -> Html:
        """Say what the numbers of this page cannot say.

        Returns
        -------
        Html
            A box.
        """
        made_up = ["synthetic"] * bool(self.study.settings.get("synthetic"))
        keys = ["small", "hidden", *self.steps, self.notebook, *made_up]
        said = dict.fromkeys(self.view.say(f"limits.{key}", "") for key in keys)
        rows = "".join(f"<li>{escape(text)}</li>" for text in said if text)
        lead = escape(self.words.text("limits.lead"))
        return Html(f'<div class="limits"><p><strong>{lead}</strong></p><ul>{rows}</ul></div>')

    def save_outputs(self, out: str | Path) -> Html:
        """Save every figure as picture and data, and all tables of the page in one workbook.

        Parameters
        ----------
        out : str or Path
            Folder; empty saves nothing.

        Returns
        -------
        Html
            What was saved.
        """
        if not out:
            return self._nothing("saved.nowhere")
        return self._save(Path(out), self.figures)

    def save_deck(self, out: str | Path) -> Html:
        """Save the deck, its figures as picture, vector, PDF and data, and all tables of the page in one workbook.

        Parameters
        ----------
        out : str or Path
            Folder; empty saves nothing.

        Returns
        -------
        Html
            What was saved.
        """
        if not out:
            return self._nothing("saved.nowhere")
        write_bytes(Path(out) / "deck.pptx", build_deck(self))
        return self._save(Path(out), dict.fromkeys([*self.figures, *self._shown]), ("png", "pdf"))

    def _save(self, out: Path, names: Iterable[str], forms: Sequence[str] = ()) -> Html:
        shown = [self.show(name) for name in names]
        drawn = [each for each in shown if isinstance(each, ShownFigure)]
        for each in drawn:
            files = {"csv": each.csv.encode(), "svg": figures.frame_svg(each.svg, each.texts)}
            files |= figures.draw_alone(*each.canvas, texts=each.texts, forms=forms)
            for form, data in files.items():
                write_bytes(out / f"{each.id}.{form}", data)
        told = [each.table if isinstance(each, ShownFigure) else each for each in shown]
        tables = [table for table in (*told, *self._extra.values()) if isinstance(table, DisplayTable)]
        if tables:
            write_workbook(out / "tables.xlsx", tables)
        saved = ["deck.pptx"] * (out / "deck.pptx").is_file() + ["tables.xlsx"] * bool(tables)
        saved += [f"{each.id}.{ending}" for each in drawn for ending in ("svg", *forms, "csv")]
        return Html(f"<p>{escape(self.words.text('saved.done', {'names': ', '.join(saved)}))}</p>")

    def provenance(self) -> Html:
        """Say what this page rests on and whom to ask.

        Returns
        -------
        Html
            Label: value pairs. No time of day, so that the same inputs give the same page.
        """
        ledger = self._own(self.study.table("sources"))
        return write_definitions(page_findings.list_provenance(self, ledger), "provenance")
