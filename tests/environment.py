"""Make environment.yml, and that of Binder, from pyproject.toml, where dependencies are declared. Run by make lock."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {"environment.yml": False, "binder/environment.yml": True}


def render_environment(binder: bool) -> str:
    """One for people, with every extra; or that of Binder, which reads one Python only and installs us itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = sorted([*project["dependencies"], *extras["spss"], *([] if binder else extras["test"])])
    lowest = project["requires-python"].split(",")[0].removeprefix(">=")
    package = f"      - -e .[{','.join(sorted(set(extras) - {'dev'}))}]"  # what no channel has under the same name
    lines = [
        "# Generated from pyproject.toml by `make lock`; a test holds them equal.",
        "name: cncb",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f'  - "python {f"={lowest}" if binder else project["requires-python"]}"',
        *(f'  - "{name}"' for name in named),
        "  - pip",
        *([] if binder else ["  - pip:", package]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, binder in TARGETS.items():
        (ROOT / name).write_text(render_environment(binder), encoding="utf-8")
        sys.stdout.write(f"{name} written\n")
