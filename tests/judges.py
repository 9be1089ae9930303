"""Ask outside judges about the repository, each in an environment of its own. Run by make judge.

The environments stay in the temporary folder, so that the second time is fast. A name after the command asks that
judge alone: python tests/judges.py zizmor
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
HOMES = Path(tempfile.gettempdir()) / f"cncb-judges-{os.getuid()}"
# Written in English; the tables hold eight languages.
ENGLISH = (
    "ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md README.md SECURITY.md docs cncb_analysis tests benchmarks .github"
)


@dataclass(frozen=True)
class Judge:
    """What to install, what to say; {sdist}, {wheel} and {copy} stand for what was made of the repository.

    `beside` puts the running environment's packages behind the judge's own, for one that looks at what we import.
    """

    packages: str
    words: str
    beside: bool = False


JUDGES = {
    "repo-review": Judge("repo-review==1.3.0 sp-repo-review[cli]==2026.8.14", "repo-review ."),
    "validate-pyproject": Judge("validate-pyproject[all]==0.27", "validate-pyproject pyproject.toml"),
    "pyroma": Judge("pyroma==5.0.1", "pyroma --min=10 {sdist}"),
    "check-wheel-contents": Judge("check-wheel-contents==0.6.3", "check-wheel-contents {wheel}"),
    "twine": Judge("twine==7.0.0", "twine check --strict {sdist} {wheel}"),
    "cffconvert": Judge("cffconvert==2.0.0", "cffconvert --validate --infile CITATION.cff"),
    "reuse": Judge("reuse==6.2.0", "reuse lint --lines"),
    "frictionless": Judge("frictionless[excel]==5.21.0", "frictionless validate datapackage.json"),
    "codespell": Judge("codespell==2.4.3", f"codespell {ENGLISH}"),
    "bandit": Judge("bandit[toml]==1.9.4", "bandit --quiet --configfile pyproject.toml --recursive cncb_analysis"),
    "deptry": Judge("deptry==0.25.1", "deptry .", beside=True),
    "vulture": Judge("vulture==2.16", "vulture"),
    "interrogate": Judge("interrogate==1.7.0", "interrogate -vv cncb_analysis"),
    "zizmor": Judge("zizmor==1.32.0", "zizmor --offline --no-progress --persona=pedantic ."),
    "nbmake": Judge(
        "nbmake==1.5.5 {wheel}",
        "pytest -c {copy}/none.ini --quiet -p no:cacheprovider --nbmake --nbmake-timeout=600 {copy}/notebooks",
        beside=True,
    ),
}


def build(folder: Path) -> dict[str, str]:
    """Build both distributions and copy notebooks with the data they read; the paths by which judges are told."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in ("notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("processed", ".ipynb_checkpoints"))
    (folder / "none.ini").touch()  # not our own settings for pytest
    found = {"sdist": folder.glob("*.tar.gz"), "wheel": folder.glob("*.whl")}
    return {"copy": str(folder), **{name: str(next(paths)) for name, paths in found.items()}}


def prepare(name: str, judge: Judge, made: dict[str, str]) -> Path:
    """The judge's environment."""
    home = HOMES / name
    if not (home / "bin" / "python").exists():
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, home], check=True)
    packages = [word.format_map(made) for word in judge.packages.split()]
    told = [str(UV), "pip", "install", "--quiet", "--python", str(home / "bin" / "python")]
    ours = [word for word in packages if word.endswith(".whl")]
    subprocess.run([*told, *(word for word in packages if word not in ours)], check=True)
    if ours:
        subprocess.run([*told, "--no-deps", "--reinstall", *ours], check=True)
    if judge.beside:
        site = next((home / "lib").glob("python*/site-packages"))
        (site / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home


def ask(names: list[str]) -> Iterator[tuple[str, float, str]]:
    """Each judge's name, the seconds it took, and what it found; empty where it found nothing."""
    HOMES.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = build(Path(folder))
        for name in names:
            judge, started = JUDGES[name], time.monotonic()
            home = prepare(name, judge, made)
            tool, *words = (word.format_map(made) for word in judge.words.split())
            # Nothing of this checkout is found by accident.
            told = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
            told["PATH"] = f"{home / 'bin'}{os.pathsep}{told['PATH']}"
            done = subprocess.run(
                [home / "bin" / tool, *words], cwd=ROOT, env=told, check=False, capture_output=True, text=True
            )
            said = f"{done.stdout}\n{done.stderr}".strip() or f"exit code {done.returncode}"
            yield name, time.monotonic() - started, said if done.returncode else ""


def main(names: list[str]) -> int:
    """Print a line a judge; the exit code is the number that found something."""
    failed = 0
    for name, seconds, found in ask(names or list(JUDGES)):
        failed += bool(found)
        sys.stdout.write(f"{name}: {'found something' if found else 'ok'} ({seconds:.0f} s)\n")
        sys.stdout.write("".join(f"    {line}\n" for line in found.splitlines()))
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
