"""What a page's methods return: they show themselves in JupyterLab and on the page alike."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

from cncb_analysis.style import PALETTE_LIGHT
from cncb_analysis.tables import DisplayTable

__all__ = ["NOT_ASKED", "Html", "NotAsked", "ShownFigure", "neutralise_formulas", "write_definitions"]

# By this type in a cell's output the page knows that it can drop the section.
NOT_ASKED = "application/vnd.cncb.not-asked+json"
# A page holds eight pictures; names of groups that nothing refers to, decimals and line ends are a third of them.
_SLIM = ((r'<g id="[^"]*"', "<g"), (r"(\.\d\d)\d+", r"\1"), (r"\s*\n\s*", " "))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Bundle = dict[str, Any]


def _add_colour(role: re.Match[str]) -> str:
    return f"var(--{role[1]}, {PALETTE_LIGHT[role[1]]})" if role[1] in PALETTE_LIGHT else role[0]


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
    svg : str
        The picture for the page, its colours by role.
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
    svg: str
    chart: pd.DataFrame
    table: DisplayTable
    labels: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.labels['number']}. {self.title}. {self.alt}"

    @property
    def texts(self) -> dict[str, str]:
        """What is written on the picture when it travels alone."""
        return {"title": self.title, "subtitle": self.subtitle, "foot": self.note}

    @property
    def csv(self) -> str:
        """The chart table as CSV; a text that a spreadsheet would run as a formula is made plain."""
        return str(neutralise_formulas(self.chart).to_csv(index=False, lineterminator="\n"))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        """Heading, picture with its own description, caption, data and the figure as a table."""
        name = f"figure-{self.id}"
        data = base64.b64encode(self.csv.encode()).decode()
        described = (
            f'role="img" aria-labelledby="{name}-title {name}-alt">'
            f'<title id="{name}-title">{escape(self.title)}</title><desc id="{name}-alt">{escape(self.alt)}</desc>'
        )
        start, _, rest = self.svg[self.svg.index("<svg") :].partition(">")
        for wide, slim in _SLIM:
            rest = re.sub(wide, slim, rest)
        # Outside our pages, as in JupyterLab, no role has a colour: the light one stands behind it.
        picture = re.sub(r"var\(--([\w-]+)\)", _add_colour, f"{start} {described}{rest}")
        html = (
            f'<figure id="{name}"><h3>{escape(self.title)}</h3><p class="subtitle">{escape(self.subtitle)}</p>'
            f'<div class="picture" tabindex="0">{picture}</div>'
            f"<figcaption><strong>{escape(self.labels['number'])}.</strong> {escape(self.note)}</figcaption></figure>"
            f'<p class="tools"><a download="{self.id}.csv" href="data:text/csv;charset=utf-8;base64,{data}">'
            f"{escape(self.labels['data'])} (CSV)</a></p>"
            f"<details><summary>{escape(self.labels['table'])}</summary>{self.table._repr_html_()}</details>"
        )
        return {"text/html": html, "text/plain": repr(self)}


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
    """Write label: value pairs as a definition list.

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
    >>> write_definitions([("n", "7 < 9")], "brief").html
    '<dl class="brief"><div><dt>n</dt><dd>7 &lt; 9</dd></div></dl>'
    """
    rows = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in pairs)
    return Html(f'<dl class="{name}">{rows}</dl>' if rows else "")
