"""The tables that the simulation draws from: they stand beside this module, and the codebook in the study."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from cncb_analysis.store import hash_bytes, read_table

_HERE = Path(__file__).parent


@cache
def read_bank(name: str) -> pd.DataFrame:
    """Read one table of the simulation.

    Parameters
    ----------
    name : str
        File name without suffix.

    Returns
    -------
    DataFrame
        Every cell as text. It is shared between callers, who do not change it.

    Examples
    --------
    >>> list(read_bank("regions").columns)
    ['region', 'jobs_thousand', 'earlier_code']
    """
    return read_table(_HERE / f"{name}.csv")


def draw_generator(seed: int, part: str) -> np.random.Generator:
    """Make the generator of one part, so that no part's numbers depend on another part's.

    Parameters
    ----------
    seed : int
        Of the whole study.
    part : str
        Any name, for example "regional" or "answers:milan".

    Returns
    -------
    Generator
        The same for the same seed and part, on every machine.

    Examples
    --------
    >>> int(draw_generator(1, "a").integers(100)) == int(draw_generator(1, "a").integers(100))
    True
    """
    return np.random.default_rng([seed, int(hash_bytes(part.encode())[:12], 16)])
