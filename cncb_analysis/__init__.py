"""Study business clusters in several countries in four steps and compare the results.

Examples
--------
>>> import cncb_analysis
>>> len(cncb_analysis.__all__)
10
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "Study", "StudyError", "__version__", "check_everything", "explore", "open_page", "read_study", "run_study",
    "show_question", "start_study",
]  # fmt: skip

# Name to module: imported when asked for, so that the command line's help costs nothing.
_HOMES = {
    "Study": "study",
    "StudyError": "errors",
    "check_everything": "preparing",
    "explore": "exploring",
    "open_page": "pipeline",
    "read_study": "study",
    "run_study": "pipeline",
    "show_question": "exploring",
    "start_study": "preparing",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module at first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cncb-analysis")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Public names."""
    return sorted(__all__)
