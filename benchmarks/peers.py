"""Two peers on the same notebooks, each in an environment of its own made here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ours import run_cold
from benchmarks.timing import ROOT, cncb, median, run, say
from cncb_analysis.graph import Options, name_notebook, plan_run

SNAKEFILE = """
PAGES = {pages!r}
rule all:
    input: [f"peer/{{page}}.html" for page in PAGES]
rule page:
    input: lambda w: PAGES[w.page]["source"]
    output: "peer/{{page}}.html"
    params: given=lambda w: PAGES[w.page]["given"]
    shell:
        "papermill {{input}} peer/{{wildcards.page}}.ipynb {{params.given}}"
        " && jupyter nbconvert --to html peer/{{wildcards.page}}.ipynb"
"""
BOOK = {
    "_config.yml": "title: peer\nexecute: {execute_notebooks: cache, timeout: 300}\n",
    "index.md": "# Pages\n",
}


def list_pages(study: Path) -> dict[str, dict[str, str]]:
    pages = {}
    for node in plan_run(Options(study, Path("peer"))):
        if node.kind == "notebook":
            told = node.parameters
            stem = name_notebook(told["notebook"])
            names = [name for name in ("partner", "language", "audience") if told[name]]
            given = [f"-p study {study.resolve()}", *(f"-p {name} {told[name]}" for name in names)]
            source = str(ROOT / "notebooks" / f"{stem}.ipynb")
            pages[f"{stem}_{told['partner']}".strip("_")] = {"source": source, "given": " ".join(given)}
    return pages


def make_environment(folder: Path, wanted: Sequence[str]) -> str:
    """Python of a new environment with this package and the peer; empty when the network refuses."""
    python = folder / "bin" / "python"
    if not python.exists():
        steps = (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "-q", str(ROOT), *wanted],
        )
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                shutil.rmtree(folder, ignore_errors=True)
                return ""
    return str(python)


def time_peer(name: str, work: Path, wanted: Sequence[str], ours: float) -> float:
    python = make_environment(work / f"env_{name}", wanted)
    if not python:
        say(name, "not measured: its environment could not be made (network?)")
        return 0.0
    folder = work / "peers"
    path = {"PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"}
    command = _prepare_snakemake(folder) if name == "snakemake" else _prepare_book(folder, path)
    cold = run([str(Path(python).parent / command[0]), *command[1:]], folder, **path)
    same = median(lambda: run([str(Path(python).parent / command[0]), *command[1:]], folder, **path))
    say(f"{name} / ours, cold (target 5)", f"{cold / ours:.1f}")
    return same


def _prepare_snakemake(folder: Path) -> list[str]:
    shutil.rmtree(folder / "peer", ignore_errors=True)
    (folder / "Snakefile").write_text(SNAKEFILE.format(pages=list_pages(folder / "data")), encoding="utf-8")
    return ["snakemake", "-c2", "--quiet"]


def _prepare_book(folder: Path, path: dict[str, str]) -> list[str]:
    """A book executes notebooks as they stand: each gets its parameters first."""
    book = folder / "book"
    shutil.rmtree(book, ignore_errors=True)
    book.mkdir()
    for file, text in BOOK.items():
        (book / file).write_text(text, encoding="utf-8")
    pages = list_pages(folder / "data")
    for page, told in pages.items():
        words = ["papermill", "--prepare-only", told["source"], str(book / f"{page}.ipynb"), *told["given"].split()]
        run(words, folder, **path)
    chapters = "".join(f"- file: {page}\n" for page in pages)
    (book / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}", encoding="utf-8")
    return ["jupyter-book", "build", "-q", str(book)]


def time_peers(work: Path) -> None:
    ours = run_cold(work / "peers")
    same = median(lambda: run(cncb("run", "--jobs", "2"), work / "peers"))
    peers = {"snakemake": ["snakemake<10"], "jupyter-book": ["jupyter-book<2"]}
    times = [time_peer(name, work, wanted, ours) for name, wanted in peers.items()]
    measured = [seconds for seconds in times if seconds]
    if measured:
        say("nothing changed, best peer / ours (target 3)", f"{min(measured) / same:.1f}")
