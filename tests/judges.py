"""Ask outside judges about the repository, in an environment of their own. Run by make judge."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("build", "hatchling", "validate-pyproject", "codespell", "check-wheel-contents", "twine")
SPELLING = [
    "-q",
    "3",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "cncb_analysis",
    "tests",
    "--skip",
]


def main() -> int:
    """Run every judge; the exit code is the number that found something."""
    with tempfile.TemporaryDirectory() as folder:
        home, dist = Path(folder) / "venv", Path(folder) / "dist"
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        python = str(home / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        build = [python, "-m", "build", "--no-isolation", "--outdir", str(dist)]
        found = subprocess.run(build, cwd=ROOT, check=False, capture_output=True).returncode != 0
        made = [str(path) for path in dist.glob("*")] if dist.is_dir() else []
        wheels = [path for path in made if path.endswith(".whl")]
        orders = {
            "validate-pyproject": ["validate-pyproject", "pyproject.toml"],
            "codespell": ["codespell", *SPELLING, "*.csv,*.lock,*.toml"],
            "check-wheel-contents": ["check-wheel-contents", *wheels],
            "twine": ["twine", "check", *made],
        }
        failed = ["build"] if found else []
        for name, (tool, *words) in orders.items():
            done = subprocess.run([str(home / "bin" / tool), *words], cwd=ROOT, check=False)
            sys.stdout.write(f"{name}: {'ok' if done.returncode == 0 else 'found something'}\n")
            failed += [name] * (done.returncode != 0)
        return len(failed)


if __name__ == "__main__":
    sys.exit(main())
