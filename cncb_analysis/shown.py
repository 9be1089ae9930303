"""What a page's methods return: they show themselves in JupyterLab and on the page alike."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from cncb_analysis.style import read_palette, recolour_svg, render_figure
from cncb_analysis.tables import DisplayTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# By this type in a cell's output the page knows that it can drop the section.
NOT_ASKED = "application/vnd.cncb.not-asked+json"
# A page holds eight pictures: what matplotlib writes at length is most of them. In order; numbers in attributes alone.
_SHORT = tuple((re.compile(wide), short) for wide, short in (
    (r"(\.\d\d)\d+", r"\1"), (r"(\.\d)0\b|\.0+\b", r"\1"), (r"\s*([MLCQz]|$)\s*", r"\1"), (r"^rotate\(-0 .*", ""),
    (r"^M(\S+) (\S+)L(\S+) \2L\3 ([^ L]+)L\1 \4z", r"M\1 \2H\3V\4H\1z"),
    (r"^M(\S+) (\S+)L([^ L]+) \2$", r"M\1 \2H\3"), (r"^M(\S+) (\S+)L\1 ([^ L]+)$", r"M\1 \2V\3"),
))  # fmt: skip
_GEOMETRY = re.compile(r' (d|x|y|transform)="([^"]*)"')
# Lines of one look that follow each other, as the slanted ones over what is hidden, are one path.
_LINES = r'"((?: clip-path="[^"]*")? style="fill: none;(?![^"]*(?:dash|opac))[^"]*")/><path d="(?=[^"]*"\1/>)'
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Bundle = dict[str, Any]


@dataclass(frozen=True)
class Html:
    """A passage of a page.

    Parameters
    ----------
    html : str
        Escaped already.
    text : str
        The same where there is no HTML.
    """

    html: str
    text: str = ""

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text or re.sub(r"\s*<[^>]+>\s*", " ", self.html).strip()


@dataclass(frozen=True)
class NotAsked:
    """Stands where a figure would, when there is nothing to show; the page drops its section.

    Parameters
    ----------
    message : str
        Why.
    """

    message: str

    def __repr__(self) -> str:
        return self.message

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        html = f'<p class="not-asked">{escape(self.message)}</p>'
        return {NOT_ASKED: {}, "text/html": html, "text/plain": self.message}


@dataclass(frozen=True, repr=False)
class ShownFigure:
    """A figure with all that belongs to it.

    Parameters
    ----------
    id : str
        Its name in figures.csv.
    title, subtitle, note, alt : str
        Heading, what is measured, what stands below, what a reader who cannot see it is told.
    draw : callable
        Draws the picture, on a matplotlib Figure and its Axes; once, when it is first shown or saved.
    chart : DataFrame
        Uniform chart table.
    table : DisplayTable
        The figure as a table.
    labels : mapping of str to str
        Words of the tools: number, data, table.
    """

    id: str
    title: str
    subtitle: str
    note: str
    alt: str
    draw: Callable[[], tuple[Figure, Axes]]
    chart: pd.DataFrame
    table: DisplayTable
    labels: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.labels['number']}. {self.title}. {self.alt}"

    @cached_property
    def canvas(self) -> tuple[Figure, Axes]:
        """The picture, without header and foot."""
        return self.draw()

    @cached_property
    def svg(self) -> str:
        """The picture for the page, its colours by role."""
        return recolour_svg(render_figure(self.canvas[0]).decode(), self.id)

    @property
    def texts(self) -> dict[str, str]:
        """What is written on the picture when it travels alone."""
        return {"title": self.title, "subtitle": self.subtitle, "foot": self.note}

    @property
    def csv(self) -> str:
        """The chart table as CSV; a text that a spreadsheet would run as a formula is made plain."""
        plain = neutralise_formulas(self.chart.drop(columns="outline", errors="ignore"))
        return str(plain.to_csv(index=False, lineterminator="\n"))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        """Heading, picture with its own description, caption, data and the figure as a table."""
        name, data = f"figure-{self.id}", base64.b64encode(self.csv.encode()).decode()
        title, subtitle, note, alt = map(escape, (self.title, self.subtitle, self.note, self.alt))
        number, download, as_table = (escape(self.labels[part]) for part in ("number", "data", "table"))
        start, _, rest = self.svg[self.svg.index("<svg") :].partition(">")
        start, rest = re.sub(r' (xmlns\S*|version)="[^"]*"', "", start), _slim_svg(rest, name)
        html = (
            f'<figure id="{name}"><h3>{title}</h3><p class="subtitle">{subtitle}</p><div class="picture" tabindex="0">'
            f'{start} role="img" aria-labelledby="{name}-title {name}-alt"><title id="{name}-title">{title}</title>'
            f'<desc id="{name}-alt">{alt}</desc>{rest}</div>'
            f"<figcaption><strong>{number}.</strong> {note}</figcaption></figure>"
            f'<p class="tools"><a download="{self.id}.csv" href="data:text/csv;charset=utf-8;base64,{data}">'
            f"{download} (CSV)</a></p><details><summary>{as_table}</summary>{self.table._repr_html_()}</details>"
        )
        return {"text/html": html, "text/plain": repr(self)}


def _slim_svg(svg: str, name: str) -> str:
    """Say the same picture shorter: no groups without a meaning, two decimals, a class for each style."""
    kept, classes = list[str](), dict[str, int]()

    def group(found: re.Match[str]) -> str:
        if found[1]:
            return "</g>" if kept.pop() else ""
        kept.append(re.sub(r' id="[^"]*"', "", found[2]))
        return f"<g{kept[-1]}>" if kept[-1] else ""

    def shorten(found: re.Match[str]) -> str:
        text = found[2]
        for wide, short in _SHORT:
            text = wide.sub(short, text)
        return f' {found[1]}="{text}"' if text else ""

    def classify(found: re.Match[str]) -> str:
        # A mark that is drawn many times keeps its style: in some browsers its copies stand outside the figure.
        return found[1] or f' class="s{classes.setdefault(found[2], len(classes))}"'

    svg = re.sub(r"<g\b[^>]*/>", "", re.sub(r"\s*\n\s*", " ", svg)).replace("xlink:href", "href")
    svg = re.sub(r"<(/?)g\b([^>]*)>", group, svg)
    svg = re.sub(_LINES, "", _GEOMETRY.sub(shorten, svg))
    svg = re.sub(r'(<path id="[^>]*>)| style="([^"]*)"', classify, svg)
    svg = f"<style>{''.join(f'#{name} .s{place}{{{style}}}' for style, place in classes.items())}</style>{svg}"
    # Outside our pages, as in JupyterLab, no role has a colour: the light one stands behind it.
    for role, colour in read_palette().items():
        svg = svg.replace(f"var(--{role})", f"var(--{role}, {colour})")
    return svg


def neutralise_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Make texts plain that a spreadsheet would run as a formula; numbers, negative ones too, stay.

    Parameters
    ----------
    table : DataFrame
        Any.

    Returns
    -------
    DataFrame
        An apostrophe stands before such a text.

    Examples
    --------
    >>> neutralise_formulas(pd.DataFrame({"text": ["=1+1", "a-b"], "value": [-1, 2]})).values.tolist()
    [["'=1+1", -1], ['a-b', 2]]
    """
    plain = table.copy()
    for name in plain.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in plain.dtypes]]:
        plain[name] = [f"'{text}" if str(text).startswith(_FORMULA) else text for text in plain[name]]
    return plain


def write_definitions(pairs: Iterable[tuple[str, str]], name: str) -> Html:
    """Write label: value pairs as a definition list; findings in brief, by the name `brief`, as a plain one.

    Parameters
    ----------
    pairs : iterable of tuple of str
        Label and value; neither escaped yet.
    name : str
        Class of the list.

    Returns
    -------
    Html
        Empty pairs give an empty passage.

    Examples
    --------
    >>> write_definitions([("n", "7 < 9")], "facts").html
    '<dl class="facts"><div><dt>n</dt> <dd>7 &lt; 9</dd></div></dl>'
    """
    # Findings in brief may begin alike; the names of a definition list may not.
    tag, row, dt, dd = ("ul", "li", "strong", "span") if name == "brief" else ("dl", "div", "dt", "dd")
    rows = "".join(f"<{row}><{dt}>{escape(key)}</{dt}> <{dd}>{escape(value)}</{dd}></{row}>" for key, value in pairs)
    return Html(f'<{tag} class="{name}">{rows}</{tag}>' if rows else "")
