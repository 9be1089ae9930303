"""Make environment.yml from pyproject.toml, the only place where dependencies are declared. Run by make lock."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "environment.yml"


def render_environment() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = sorted([*project["dependencies"], *extras["spss"], *extras["test"]])
    lines = [
        "# Generated from pyproject.toml by `make lock`; a test holds them equal.",
        "name: cncb",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f'  - "python {project["requires-python"]}"',
        *(f'  - "{name}"' for name in named),
        "  - pip",
        "  - pip:",
        f"      - -e .[{','.join(sorted(set(extras) - {'dev'}))}]",  # what no channel has under the same name
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render_environment(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.name} written\n")
