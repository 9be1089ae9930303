"""The shipped study's command line, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run_cncb(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "cncb_analysis", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
