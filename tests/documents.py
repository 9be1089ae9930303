"""The documents as pages, with the site's own template and no network. Run by make docs: writes reports/docs."""

from __future__ import annotations

import ast
import base64
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pandas as pd
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from cncb_analysis.catalogue import Page
from cncb_analysis.codebook import Codebook
from cncb_analysis.report.exporter import render_template
from cncb_analysis.store import write_text
from cncb_analysis.study import Study, declared_tables
from tests.size import PACKAGE, ROOT, list_sources
from tests.small_estimates import protect

TARGET = ROOT / "reports" / "docs"
# Page to the document it is made from; the README is the front door.
FRONT = {"index": ROOT / "README.md"}
AROUND = {name: ROOT / f"{name}.md" for name in ("ARCHITECTURE", "SECURITY", "CONTRIBUTING", "CHANGELOG")}
KINDS = {
    "Do": ("own_study", "own_question", "own_language", "own_figure", "publish_safely", "running", "microdata"),
    "Understand": ("comparison", "mapping", "power", "promises", "ARCHITECTURE", "SECURITY"),
    "Look up": ("reference", "CHANGELOG", "CONTRIBUTING"),
}
_TITLE = re.compile(r"\A# (.+)\n")
_HEADING = re.compile(r'<h(\d) id="[^"]*">(.*?)(?:<a class="anchor-link".*?</a>)?</h\1>', re.DOTALL)
_LINK = re.compile(r'<a href="(?!https?:|#)([^"#]+)(#[^"]*)?">(.*?)</a>', re.DOTALL)
_PICTURE = re.compile(r'<img src="([^"]+)"')
# What only invents the example.
_APART = ("simulation", "simulate.py")


def list_documents() -> dict[str, Path]:
    """Each document by the name of its page."""
    named = {path.stem: path for path in sorted((ROOT / "docs").glob("*.md"))}
    return {**FRONT, **named, **AROUND}


def name_anchor(heading: str) -> str:
    """The anchor that a heading has on the pages of a repository: lower case, blanks as hyphens, no other signs."""
    text = re.sub(r"<[^>]+>", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def write_body(text: str, folder: Path) -> str:
    """HTML of a document: links lead to pages, pictures are inside, what is no page is named without a link."""
    pages = {path.resolve(): name for name, path in list_documents().items()}

    def link(match: re.Match[str]) -> str:
        page = pages.get((folder / match[1]).resolve())
        return f'<a href="{page}.html{match[2] or ""}">{match[3]}</a>' if page else match[3]

    def embed(match: re.Match[str]) -> str:
        data = base64.b64encode((folder / match[1]).read_bytes()).decode()
        return f'<img style="max-width: 100%" src="data:image/png;base64,{data}"'

    html = markdown2html_mistune(_TITLE.sub("", text))
    html = _HEADING.sub(lambda found: f'<h{found[1]} id="{name_anchor(found[2])}">{found[2]}</h{found[1]}>', html)
    html = re.sub(r"<(t[dh])>", r'<\1 class="text">', html)
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")
    return _PICTURE.sub(embed, _LINK.sub(link, html))


def write_reference() -> str:
    """Every public name of the library with its signature and docstring, folded by module."""
    parts = []
    for path in list_sources():
        place = path.relative_to(PACKAGE)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [] if place.parts[0] in _APART else list(_document(tree))
        if names:
            said = escape((ast.get_docstring(tree) or "").partition("\n")[0])
            module = ".".join(["cncb_analysis", *place.with_suffix("").parts]).removesuffix(".__init__")
            parts.append(f"<details><summary><code>{module}</code> {said}</summary>{''.join(names)}</details>")
    return "".join(parts)


def _document(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            signature = f"{node.name}({ast.unparse(node.args)})" if isinstance(node, ast.FunctionDef) else node.name
            told = escape(ast.get_docstring(node) or "")
            yield f'<h3 id="{node.name}"><code>{escape(signature)}</code></h3><pre>{told}</pre>'


def list_contents(titles: dict[str, str]) -> str:
    """The documents by what a reader wants: the tutorial, then to do, to understand, to look up."""
    lines = ["<h2>Documents</h2><dl><dt>Learn</dt><dd>the notebook <code>0_tutorial</code>: make explore</dd>"]
    for kind, names in KINDS.items():
        links = " · ".join(f'<a href="{name}.html">{titles[name]}</a>' for name in names)
        lines.append(f"<dt>{kind}</dt><dd>{links}</dd>")
    return "".join([*lines, "</dl>"])


def render_documents() -> dict[str, str]:
    """Name of each page to its HTML."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in list_documents().items()}
    titles = {name: escape(_TITLE.match(text)[1]) for name, text in texts.items()} | {"reference": "Reference"}  # type: ignore[index]
    bodies = {name: write_body(text, list_documents()[name].parent) for name, text in texts.items()}
    bodies |= {"reference": write_reference(), "index": bodies["index"] + list_contents(titles)}
    blank = {name: pd.DataFrame(columns=[each.name for each in table.columns], dtype=str)
             for name, table in declared_tables().items()}  # fmt: skip
    study = Study(Path(), {"title": "cncb_analysis", "languages": ["en"]}, (), Codebook({}, {}), blank)
    page = Page(study, "joint_support", "", "en", "public", protect([]))
    around = [("index.html", "Overview"), ("own_study.html", "Your own study"), ("reference.html", "Reference")]
    return {
        f"{name}.html": render_template(
            "document.html.j2", page, {"title": titles[name], "body": body, "around": around}
        )
        for name, body in bodies.items()
    }


if __name__ == "__main__":
    for name, html in render_documents().items():
        write_text(TARGET / name, html)
    sys.stdout.write(f"Open {TARGET / 'index.html'}\n")
