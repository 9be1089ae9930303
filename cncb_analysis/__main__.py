"""The command line: what a researcher types."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

import click

if TYPE_CHECKING:
    from cncb_analysis.errors import Problem
    from cncb_analysis.graph import Node, Options
    from cncb_analysis.pipeline import Summary

_FOLDER = click.Path(path_type=Path, file_okay=False)
_SHOWN: Any = {"type": _FOLDER, "show_default": True}
_FORMS = ("public", "spss", "xlsform", "limesurvey", "qdc", "segments", "coding")
_SHOWN_ALIKE = 20
_CONTENT = "What FILE holds: frame, statistics, answers, cards, segments, presence, ballots or actions."
_STUDY = click.option("--study", default=Path("data"), help="Folder of the study (holds study/ and raw/).", **_SHOWN)


class _Commands(click.Group):
    """Turns what went wrong into one line a problem and exit code 1; never a traceback for a user's mistake."""

    def invoke(self, ctx: click.Context) -> Any:
        from cncb_analysis.errors import StudyError

        try:
            return super().invoke(ctx)
        except StudyError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cncb-analysis")
def main() -> None:
    """Study business clusters in several countries: mapping, questionnaire, interviews, workshops, comparison."""


@main.command()
@_STUDY
@click.option("--out", default=Path("reports"), help="Where the site goes.", **_SHOWN)
@click.option("--partner", "partners", multiple=True, metavar="ID", help="Only this partner's pages (repeatable).")
@click.option("--step", "notebooks", multiple=True, metavar="NAME", help="Only this notebook: mapping … joint_support.")
@click.option("--language", default="", metavar="CODE", help="Language of figures and words; default in study.toml.")
@click.option("--audience", default="", metavar="NAME", help="public, partner or consortium; default in study.toml.")
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; default one a core.")
@click.option("--force", is_flag=True, help="Run everything, stale or not.")
@click.option("--dry-run", is_flag=True, help="Only say what would run, and why.")
@click.option("--scheduler", default="", metavar="ADDRESS", help="Run on a Dask cluster: tcp://host:8786.")
def run(dry_run: bool, scheduler: str, **told: Any) -> None:
    """Run the four steps, the national workshops, the comparison and the joint support, and make the site."""
    from cncb_analysis.graph import Options, plan_run
    from cncb_analysis.pipeline import connect, run_study

    options = Options(**told)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_on)
    progress = _Progress(len(plan_run(options)))
    with connect(scheduler) as executor:
        summary = run_study(options, report=progress.report, executor=executor, dry_run=dry_run)
    _say_summary(summary, options.out, dry_run=dry_run)
    _say_release(options)
    if summary.failed:
        raise SystemExit(1)


@main.command()
@_STUDY
def check(study: Path) -> None:
    """Check tables and raw files; list every problem at once and store the cell log."""
    from cncb_analysis.preparing import check_everything
    from cncb_analysis.store import read_text

    problems, log = check_everything(study)
    if problems:
        click.echo(_format_problems(problems))
    click.echo(f"{len(problems)} problem(s) · cell log: {log}")
    if log.with_name("alike.csv").is_file():
        _say_alike(list(csv.DictReader(read_text(log.with_name("alike.csv")).splitlines())))
    if problems:
        raise SystemExit(1)


@main.command()
@_STUDY
@click.option("--out", default=Path("reports"), help="Where the site is.", **_SHOWN)
def verify(study: Path, out: Path) -> None:
    """Run the study again in an empty folder and compare every file, byte for byte; check tables and raw files."""
    from tempfile import TemporaryDirectory

    from cncb_analysis.graph import Options
    from cncb_analysis.preparing import check_everything
    from cncb_analysis.verify import verify_run

    with TemporaryDirectory() as scratch:
        compared, differing = verify_run(Options(study, out), Path(scratch))
    problems = [*check_everything(study)[0], *differing]
    if problems:
        click.echo(_format_problems(problems))
    click.echo(f"{compared} files compared, {len(problems)} problem(s)")
    if problems:
        raise SystemExit(1)


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_STUDY
@click.option("--partner", required=True, metavar="ID", help="Who delivered it.")
@click.option("--content", default="answers", show_default=True, metavar="NAME", help=_CONTENT)
def import_file(file: Path, study: Path, partner: str, content: str) -> None:
    """Draft what the study's tables have to say of FILE: what is known by code or label, what comes nearest."""
    from cncb_analysis.preparing import draft_file

    for path, counts in draft_file(file, study, partner, content).items():
        click.echo(f"{path}: {counts}")
    click.echo(f"Look at them in a spreadsheet, then: cncb accept --study {study} --partner {partner}")


@main.command()
@_STUDY
@click.option("--partner", required=True, metavar="ID", help="Whose drafts.")
def accept(study: Path, partner: str) -> None:
    """Take the drafts of `cncb import`, as you left them, over into the study's tables."""
    from cncb_analysis.preparing import accept_drafts

    for name, (taken, left) in accept_drafts(study, partner).items():
        click.echo(
            f"{name}.csv: {taken} row(s) taken over" + f", {left} left in the draft: say what they mean" * (left > 0)
        )


@main.command()
@click.argument("folder", type=_FOLDER)
@click.option("--example", is_flag=True, help="With the questions, topics, figures and measures of the shipped study.")
def new(folder: Path, example: bool) -> None:
    """Write a study without data into FOLDER, every table headed and explained."""
    from cncb_analysis.study import write_new_study

    write_new_study(folder, example=example)
    click.echo(f"A study without data stands in {folder}. Start with {folder / 'study' / 'study.toml'}.")
    click.echo(f"Then: cncb check --study {folder}")


@main.command()
@click.argument("folder", type=_FOLDER)
@click.option("--clusters", type=click.IntRange(20), help="Mapped clusters in all; default as calibrated.")
@click.option("--seed", type=int, help="Same seed, same bytes; default in study.toml.")
def simulate(folder: Path, clusters: int | None, seed: int | None) -> None:
    """Write the synthetic example study into FOLDER."""
    from cncb_analysis.simulate import write_simulation

    count = write_simulation(folder, seed=seed, clusters=clusters)
    click.echo(f"{count} synthetic files stand in {folder / 'raw'}.")


@main.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(_FORMS))
@_STUDY
@click.option("--to", type=_FOLDER, help="Folder; default processed/export or restricted/export.")
@click.option("--step", default="questionnaire", type=click.Choice(["questionnaire", "interviews"]), help="Whose form.")
@click.option("--language", default="en", show_default=True, metavar="CODE", help="Of labels, for spss and qdc.")
def export(form: str, study: Path, to: Path | None, step: str, language: str) -> None:
    """Write for others: public tables, spss (restricted), xlsform, limesurvey, qdc, segments; coding (restricted)."""
    from cncb_analysis.exports import write_export

    paths = write_export(form, study, to, step=step, language=language)
    click.echo(f"Written: {', '.join(map(str, paths)) or 'nothing, as no unit answered'}")


@main.command()
@click.argument("file")
@click.option("--year", type=int, required=True, help="Of the data.")
@click.option("--region", default="region", show_default=True, metavar="COL", help="Column: NUTS code.")
@click.option("--sector", default="sector", show_default=True, metavar="COL", help="Column: NACE code.")
@click.option("--jobs", default="jobs", show_default=True, metavar="COL", help="Column: persons.")
@click.option("--out", default=Path("cells.csv"), type=click.Path(path_type=Path, dir_okay=False), show_default=True)
@click.option("--engine", default="duckdb://", show_default=True, metavar="ADDRESS", help="Where the data are.")
def aggregate(file: str, year: int, out: Path, engine: str, **columns: str) -> None:
    """Sum establishments (FILE: .parquet, .csv or a table of the engine) by region and sector; small cells hidden."""
    from cncb_analysis.aggregate import protect_cells, sum_establishments
    from cncb_analysis.store import hash_file, write_table

    cells = protect_cells(sum_establishments(file, columns, engine), year)
    write_table(out, cells)
    click.echo(f"{len(cells)} figures, {(cells['flag'] == 'c').sum()} hidden: {out}, sha256 {hash_file(out)}")


@main.command()
@_STUDY
def explore(study: Path) -> None:
    """Open the notebooks in JupyterLab: for another study than the shipped one, copies of them in its folder."""
    from cncb_analysis.preparing import place_notebooks

    folder = place_notebooks(study)
    os.execvp(sys.executable, [sys.executable, "-m", "jupyterlab", "--notebook-dir", str(folder)])


class _Progress:
    """A line a node with time and cause, and on a terminal a bar with what runs now."""

    _signs: ClassVar = {"done": "✓", "failed": "✗", "stale": "·"}

    def __init__(self, total: int) -> None:
        self._total, self._ended = total, 0
        self._causes: dict[str, str] = {}

    def report(self, event: str, node: Node, cause: str) -> None:
        """Show one event of the run."""
        why = self._causes.pop(node.name, "")
        if event == "start":
            self._causes[node.name] = cause
        self._ended += event != "start"
        live = sys.stderr.isatty()
        if event in self._signs:
            line = f"{self._signs[event]} {node.name:<34} {cause.partition(chr(10))[0]}  {why}".rstrip()
            click.echo("\r\x1b[K" * live + line, err=True)
        if live:
            bar = "█" * (20 * self._ended // self._total)
            now = f"{bar:░<20} {self._ended}/{self._total}  {', '.join(self._causes)}"[:100] if self._causes else ""
            click.echo(f"\r\x1b[K{now}", nl=False, err=True)


def _end_on(number: int, frame: FrameType | None) -> None:
    """Turn Ctrl-C and SIGTERM into an orderly end: workers killed, exit code 128 + signal."""
    signal.signal(number, signal.SIG_IGN)
    click.echo("\nended; what is done stays done, and the next run goes on from there", err=True)
    raise SystemExit(128 + number)


def _say_summary(summary: Summary, out: Path, *, dry_run: bool) -> None:
    counts = f"{len(summary.done)} {'would run' if dry_run else 'ran'}, {len(summary.fresh)} up to date"
    click.echo(f"{counts}, {len(summary.failed)} failed · {summary.seconds:.1f} s")
    for name, cause in summary.failed.items():
        click.echo(f"failed: {name}: {cause}", err=True)
    if not dry_run and (out / "index.html").exists():
        click.echo(f"Open {out / 'index.html'}")


def _say_release(options: Options) -> None:
    """Say how much of the figures of notebooks 5 to 7 the audience cannot see, where anything is hidden from it."""
    from cncb_analysis.store import read_settings, read_text

    settings = read_settings(options.study / "study" / "study.toml")
    audience = options.audience or str(settings.get("disclosure", {}).get("audience", "public"))
    path = options.study / "processed" / "pages" / audience / "release.json"
    told = json.loads(read_text(path)) if path.is_file() else {}
    if told.get("figures"):
        share = f"{told['hidden']} of {told['figures']} ({told['hidden'] / told['figures']:.0%})"
        click.echo(f"Audience {audience}: {share} figures of notebooks 5-7 are wholly hidden")
    if told.get("ordinary"):
        click.echo(f"{told['ordinary']} cluster or host name(s) are ordinary words: no page can be searched for them")


def _say_alike(rows: list[dict[str, str]]) -> None:
    """Say how many units stand alone with their country and sensitive answers."""
    for step in dict.fromkeys(row["step"] for row in rows):
        units = {int(row["k"]): int(row["units"]) for row in rows if row["step"] == step}
        click.echo(f"{step}, country and sensitive answers together: k = 1: {units.get(1, 0)} of {sum(units.values())}")


def _format_problems(problems: list[Problem]) -> str:
    """Lay problems out as one table for the terminal, a line each whatever a cell holds, many of a kind cut short."""
    heads = ("file", "row", "column", "value", "problem", "remedy")
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for each in problems:
        kinds.setdefault((each.file, each.problem), []).append(each)
    rows: list[tuple[str, ...]] = [heads]
    more = []
    for (file, problem), alike in kinds.items():
        # What stands in a file may be long; what to do is never cut.
        cells = [
            [str(getattr(each, head))[: 60 if head == "value" else None] for head in heads]
            for each in alike[:_SHOWN_ALIKE]
        ]
        rows += [tuple("".join(c if c.isprintable() else "·" for c in cell) for cell in row) for row in cells]
        if len(alike) > _SHOWN_ALIKE:
            more.append(f"{len(alike) - _SHOWN_ALIKE} more in {file}: {problem}; see problems.csv beside the cell log")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join([*("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows), *more])


if __name__ == "__main__":
    main(prog_name="cncb")
