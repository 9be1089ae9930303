"""Two peers on the same notebooks, each in an environment of its own made here, by pip.

They get what favours them: the study is cleaned and protected already, and no notebook asks whether that still holds.
Versions of everything shared are those that pip finds, as for us.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.ours import measure_ours
from benchmarks.timing import ROOT, RUNS, run, say
from cncb_analysis.graph import Options, name_notebook, plan_run
from cncb_analysis.nodes import IN_RUN

WANTED = {"snakemake": ["snakemake<10"], "jupyter-book": ["jupyter-book<2"]}
SNAKEFILE = """
PAGES = {pages!r}
rule all:
    input: [f"made/{{page}}.html" for page in PAGES]
rule page:
    input: lambda w: PAGES[w.page]["source"]
    output: "made/{{page}}.html"
    params: given=lambda w: " ".join(f"-p {{k}} {{v}}" for k, v in PAGES[w.page]["given"].items())
    shell:
        "papermill {{input}} made/{{wildcards.page}}.ipynb {{params.given}}"
        " && jupyter nbconvert --to html made/{{wildcards.page}}.ipynb"
"""
BOOK = """
title: peer
execute: {execute_notebooks: cache, timeout: 300}
sphinx: {config: {nb_execution_raise_on_error: true}}
"""


def list_pages(study: Path, made: Path) -> dict[str, dict[str, object]]:
    """Notebook and parameters of every page; what it saves beside the page it saves as ours do."""
    pages: dict[str, dict[str, object]] = {}
    for told in (node.parameters for node in plan_run(Options(study, made)) if node.kind == "notebook"):
        stem = name_notebook(told["notebook"])
        name = f"{stem}_{told['partner']}".strip("_")
        given = {key: told[key] for key in ("partner", "language", "audience") if told[key]}
        given |= {"study": str(study.resolve()), "out": str(made.resolve() / f"{name}_files")}
        pages[name] = {"source": str(ROOT / "notebooks" / f"{stem}.ipynb"), "given": given}
    return pages


def make_environment(folder: Path, wanted: Sequence[str]) -> bool:
    """A new environment with this package and the peer; whether the network let it be made."""
    python = str(folder / "bin" / "python")
    for step in (
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "-q", str(ROOT), *wanted],
    ):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr[-1000:], file=sys.stderr)
            return False
    return True


def prepare_snakemake(folder: Path) -> list[str]:
    pages = list_pages(folder / "data", folder / "made")
    (folder / "Snakefile").write_text(SNAKEFILE.format(pages=pages), encoding="utf-8")
    return ["snakemake", "-c2", "--quiet", "all"]


def prepare_book(folder: Path) -> list[str]:
    """A book executes notebooks as they stand: each gets its parameters first, untimed."""
    from papermill import execute_notebook

    made = folder / "made"
    made.mkdir()
    pages = list_pages(folder / "data", made)
    for page, told in pages.items():
        execute_notebook(told["source"], made / f"{page}.ipynb", parameters=told["given"], prepare_only=True)
    (made / "_config.yml").write_text(BOOK, encoding="utf-8")
    (made / "index.md").write_text("# Pages\n", encoding="utf-8")
    chapters = "".join(f"- file: {page}\n" for page in pages)
    (made / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}", encoding="utf-8")
    return ["jupyter-book", "build", "-q", str(made)]


PREPARE: Mapping[str, Callable[[Path], list[str]]] = {"snakemake": prepare_snakemake, "jupyter-book": prepare_book}


def time_peer(name: str, folder: Path, binaries: Path) -> tuple[float, float]:
    """Medians of a run from nothing and of a run with nothing changed; the pages counted."""
    made, more = folder / "made", {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", IN_RUN: "1"}
    seconds: list[list[float]] = [[], []]
    for _ in range(RUNS):
        for left in (made, folder / ".snakemake"):
            shutil.rmtree(left, ignore_errors=True)
        words = PREPARE[name](folder)
        for times in seconds:
            times.append(run([str(binaries / words[0]), *words[1:]], folder, **more))
    pages = list_pages(folder / "data", made)
    missing = [page for page in pages if not [*made.glob(f"{page}.html"), *made.glob(f"_build/html/{page}.html")]]
    if missing:
        raise SystemExit(f"{name} made no {', '.join(missing)}")
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def time_peers(work: Path) -> None:
    ours, same = measure_ours(work)
    unchanged = []
    for name, wanted in WANTED.items():
        environment = work / f"env_{name}"
        if not make_environment(environment, wanted):
            say(f"(d) {name}", "not measured: its environment could not be made (network?)")
            continue
        cold, again = time_peer(name, work / "ours", environment / "bin")
        unchanged.append(again)
        say(f"(d) {name} / ours (target 5)", f"{cold / ours:.1f}")
        say(f"    its nothing changed / ours ({same:.2f} s)", f"{again / same:.1f}")
    if unchanged:
        say("nothing changed, best peer / ours (target 3)", f"{min(unchanged) / same:.1f}")
