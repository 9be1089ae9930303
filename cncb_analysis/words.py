"""Every word a reader sees, in the reader's language, with its numbers and dates."""

import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.store import read_table

# Below this base a percent would promise more than the answers hold: a count is said.
SMALL_BASE = 20

# The word for "k of n" where n is too small for a percent: the share from which it holds.
_QUANTITIES = ((0.85, "nearly_all"), (0.5 + 1e-9, "most"), (0.25, "some"), (0.0, "few"))
# What belongs to one study only and must never be borrowed from the shipped one.
_OWN = ("study.", "partner.", "finding.", "action.")


class Words:
    """Words of one language, looked up by key.

    Parameters
    ----------
    table : DataFrame
        words.csv: `key` and a column a language.
    language : str
        Which column; where it is blank, English stands in.
    fixed : DataFrame, optional
        Words of the package, used where `table` has no such key.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"key": ["count_of"], "en": ["{k} of {n}"], "it": ["{k} su {n}"]})
    >>> Words(table, "it").count_of(7, 12)
    '7 su 12'
    """

    def __init__(self, table: pd.DataFrame, language: str, *, fixed: pd.DataFrame | None = None) -> None:
        self.language = language
        self._texts: dict[str, str] = {}
        for frame in (fixed, table):
            if frame is not None and len(frame):
                english = frame["en"] if "en" in frame else frame["key"]
                own = frame[language].where(frame[language] != "", english) if language in frame else english
                said = own != ""  # a key may be there for another language's sake
                self._texts.update(zip(frame["key"][said], own[said], strict=True))

    def has(self, key: str) -> bool:
        """Whether a key has a text.

        Parameters
        ----------
        key : str
            Dotted key.

        Returns
        -------
        bool
            False also where the text is blank.
        """
        return bool(self._texts.get(key))

    def find(self, family: str, said: str) -> tuple[str, dict[str, str]]:
        """Find the key of what is said, to say it in another language.

        Parameters
        ----------
        family : str
            What the key begins with.
        said : str
            Text with its placeholders filled.

        Returns
        -------
        str
            Key; empty where no text of the family says it.
        dict of str to str
            What stands for each placeholder.

        Examples
        --------
        >>> import pandas as pd
        >>> Words(pd.DataFrame({"key": ["rule.page"], "en": ["up to page {page}"]}), "en").find("rule.", "up to page 4")
        ('rule.page', {'page': '4'})
        """
        for key, text in self._texts.items():
            if key.startswith(family) and (text == said or "{" in text):
                pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(text))
                if found := re.fullmatch(pattern, said):
                    return key, found.groupdict()
        return "", {}

    def text(self, key: str, values: Mapping[str, object] | None = None) -> str:
        """Text of a key, its placeholders filled.

        Parameters
        ----------
        key : str
            Dotted key.
        values : mapping of str to object, optional
            What stands for `{name}`.

        Returns
        -------
        str
            The text.

        Raises
        ------
        StudyError
            When no such key is declared, or a placeholder has no value.
        """
        if key not in self._texts:
            raise StudyError("no text for this key", file="words.csv", value=key, remedy="add a row with this key")
        text = self._texts[key]
        try:
            return text.format_map(dict(values)) if values else text
        except (KeyError, IndexError, ValueError) as error:
            problem = f"placeholder {error} is not known in {key}"
            remedy = f"use only {', '.join(f'{{{name}}}' for name in values or ())}"
            raise StudyError(problem, file="words.csv", value=text, remedy=remedy) from None

    def number(self, x: float, digits: int = 0) -> str:
        """Write a number as the language does.

        Parameters
        ----------
        x : float
            The number; NaN gives a dash.
        digits : int
            Decimals.

        Returns
        -------
        str
            Such as "1.234,5"; groups are kept together by a no-break space where the language uses a space.

        Examples
        --------
        >>> import pandas as pd
        >>> Words(pd.DataFrame({"key": []}), "de").number(1234.5, 1)
        '1.234,5'
        """
        return self._write(x, "#,##0", digits)

    def percent(self, x: float, digits: int = 0) -> str:
        """Write a share as percent.

        Parameters
        ----------
        x : float
            Share, 0 to 1; NaN gives a dash.
        digits : int
            Decimals.

        Returns
        -------
        str
            Such as "43 %" with the language's own space before the sign, or none.

        Examples
        --------
        >>> import pandas as pd
        >>> Words(pd.DataFrame({"key": []}), "en").percent(3 / 7)
        '43%'
        """
        from babel import Locale

        return self._write(x, Locale.parse(self.language).percent_formats[None].pattern, digits)

    def country(self, code: str) -> str:
        """Name a country.

        Parameters
        ----------
        code : str
            ISO alpha-2.

        Returns
        -------
        str
            From the key `country.<code>`, else from Unicode's tables; the code itself where neither has it.

        Examples
        --------
        >>> import pandas as pd
        >>> Words(pd.DataFrame({"key": []}), "de").country("SI")
        'Slowenien'
        """
        from babel import Locale

        named = self._texts.get(f"country.{code}") or Locale.parse(self.language).territories.get(code, code)
        return str(named)

    def count_of(self, k: float, n: float) -> str:
        """Write a count of a base, "7 of 12".

        Parameters
        ----------
        k, n : float
            Count and base.

        Returns
        -------
        str
            From the key `count_of`.
        """
        return self.text("count_of", {"k": self.number(k), "n": self.number(n)})

    def quantity(self, k: float, n: float) -> str:
        """Say a count of a small base in a word.

        Parameters
        ----------
        k, n : float
            Count and base.

        Returns
        -------
        str
            From `quantity.none`, `.few` (under a quarter), `.some` (to a half), `.most`, `.nearly_all` (from 85 in
            a hundred) or `.all`.
        """
        if n and k >= n:
            return self.text("quantity.all")
        name = next(name for least, name in _QUANTITIES if k >= least * n) if k else "none"
        return self.text(f"quantity.{name}")

    def date(self, d: date | str) -> str:
        """Write a date in full.

        Parameters
        ----------
        d : date or str
            A date, or its ISO form; anything else comes back as it is.

        Returns
        -------
        str
            Such as "11 luglio 2011".
        """
        from babel.dates import format_date

        try:
            day = date.fromisoformat(d) if isinstance(d, str) else d
        except ValueError:
            return str(d)
        return format_date(day, "long", locale=self.language)

    def _write(self, x: float | None, pattern: str, digits: int) -> str:
        """A number by a pattern of the language, in which a percent sign multiplies by a hundred."""
        from babel.numbers import format_decimal

        if x is None or math.isnan(x):
            return "–"
        decimals = "#,##0." + "0" * digits if digits else "#,##0"
        said = format_decimal(x, format=pattern.replace("#,##0", decimals), locale=self.language)
        return said if any(sign in "123456789" for sign in said) else said.removeprefix("-")


def read_shipped(name: str) -> pd.DataFrame:
    """Read a table that every study can use, as the package ships it: that of the example study.

    Parameters
    ----------
    name : str
        Of the table, such as words.

    Returns
    -------
    DataFrame
        Text cells.
    """
    package = Path(__file__).parent
    installed = package / "example"
    return read_table((installed if installed.is_dir() else package.parent / "data" / "study") / f"{name}.csv")


def read_fixed_words() -> pd.DataFrame:
    """Words that every study needs, as the package ships them.

    Returns
    -------
    DataFrame
        words.csv without what belongs to the example study.
    """
    table = read_shipped("words")
    return table[~table["key"].str.startswith(_OWN)]
