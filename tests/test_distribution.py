"""What is installed elsewhere is whole: the files inside the wheel, and a study run from wheel and sdist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.size import PACKAGE, ROOT
from tests.small_study import write_small_study


def build(kind: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(path for path in folder.iterdir() if path.name.startswith("cncb_analysis"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Its files, by path."""
    with zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel"))) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_wheel_holds_what_a_study_elsewhere_needs_and_nothing_else(wheel: dict[str, bytes]) -> None:
    expected = {
        path.relative_to(ROOT).as_posix(): path
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    expected |= {f"cncb_analysis/example/{path.name}": path for path in (ROOT / "data" / "study").iterdir()}
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    expected |= {f"cncb_analysis/notebooks/{path.name}": path for path in notebooks}
    assert len(notebooks) == 8
    inside = {name: data for name, data in wheel.items() if ".dist-info/" not in name}
    assert sorted(inside) == sorted(expected)
    assert [name for name, path in expected.items() if inside[name] != path.read_bytes()] == []


def test_the_wheel_names_its_version_and_licences(wheel: dict[str, bytes]) -> None:
    (told,) = (data.decode() for name, data in wheel.items() if name.endswith("/METADATA"))
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert f"\nVersion: {cited[1]}\n" in told
    licences = {name.partition("/licenses/")[2] for name in wheel if "/licenses/" in name}
    assert licences == {"LICENSE", "LICENSES/MIT.txt", "LICENSES/CC-BY-4.0.txt"}
    assert "License-Expression: MIT AND CC-BY-4.0" in told


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_study_runs_from_what_is_installed(kind: str, tmp_path: Path) -> None:
    uv, home, elsewhere = str(Path(sys.executable).with_name("uv")), tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=elsewhere, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    python, cncb = home / "bin" / "python", home / "bin" / "cncb"
    run(uv, "venv", "--quiet", "--python", sys.executable, home)
    # Without extras: what pyproject.toml calls needed is enough.
    locked = ("--constraint", ROOT / "requirements.lock")
    run(uv, "pip", "install", "--quiet", "--python", python, *locked, build(kind, tmp_path / "dist"))
    where = Path(run(python, "-c", "import cncb_analysis; print(cncb_analysis.__file__)").strip())
    assert where.is_relative_to(home)

    run(cncb, "new", "x")
    run(cncb, "check", "--study", "x")
    run(cncb, "run", "--study", "x", "--out", "site_x")
    assert (elsewhere / "site_x" / "index.html").is_file()
    run(cncb, "new", "--example", "y")
    run(cncb, "check", "--study", "y")

    write_small_study(elsewhere / "small")
    run(cncb, "run", "--study", "small", "--out", "site")
    pages = {path.relative_to(elsewhere / "site").as_posix() for path in (elsewhere / "site").rglob("*.html")}
    assert {"index.html", "about.html", "6_comparison.html", "north/2_questionnaire.html"} <= pages
    assert list((elsewhere / "site").rglob("*.svg")) != []
