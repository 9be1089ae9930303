"""The pages around the pages: the first screen of the site, and what happened in this run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cncb_analysis.page_findings import list_answers
from cncb_analysis.report.exporter import render_template
from cncb_analysis.study import declared_tables

if TYPE_CHECKING:
    from cncb_analysis.catalogue import Page

_TEMPLATES = {"index.html": "site.html.j2", "about.html": "about.html.j2"}
# The key that names what a step counts.
_COUNTED = {"mapping": "clusters", "questionnaire": "answers", "interviews": "interviews", "workshops": "participants"}


def render_site(
    page: Page, delivered: Mapping[tuple[str, str], int], out: Path, failed: Mapping[str, str]
) -> dict[str, str]:
    """Render the first screen and the page about the run.

    Parameters
    ----------
    page : Page
        That of joint support: study, words, comparisons, evidence, measures.
    delivered : mapping of (str, str) to int
        Partner and step to the units used: clusters, answers, interviews, participants.
    out : Path
        Folder of the site; only pages and files that stand there are linked.
    failed : mapping of str to str
        Node of the run to the cause of its failure.

    Returns
    -------
    dict of str to str
        File name to HTML.
    """
    study, number = page.study, page.words.number
    totals = {step: sum(n for (_, one), n in delivered.items() if one == step) for step in study.steps}
    # A workshop's people are more than its voting sheets: the fieldwork table counts them.
    field = study.table("fieldwork")
    present = [int(n) for n in field.loc[field["step"] == "workshops", "done"] if n.isdigit()]
    totals |= {"workshops": sum(present)} if present and "workshops" in totals else {}
    counts = {"partners": len(study.partners), "countries": len(study.countries)}
    counts |= {_COUNTED[step]: total for step, total in totals.items()}
    values = {
        "facts": [(page.words.text(f"index.{name}"), number(count)) for name, count in counts.items()],
        "answers": list_answers(page),
        "delivered": delivered,
        "exists": lambda path: (Path(out) / path).is_file(),
        "failed": failed,
        "lost": {tuple(sorted(name.split()[-2:])) for name in failed},
        "tables": [f"study/{name}.csv" for name in declared_tables()],
    }
    return {name: render_template(template, page, values) for name, template in _TEMPLATES.items()}
