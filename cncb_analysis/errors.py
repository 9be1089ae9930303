"""What a user did wrong, said once and in full: file, row, column, value, remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

_SHOWN_VALUE = 60


@dataclass(frozen=True)
class Problem:
    """One thing in a study that a person has to mend.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence.
    file, row, column, value : str
        Where it stands; empty where it does not apply. `row` counts as a spreadsheet does, the heading being row 1.
    remedy : str
        What to do.

    Examples
    --------
    >>> print(Problem("unknown code", file="survey.csv", row="7", column="type", remedy="declare it in choices.csv"))
    survey.csv, row 7, column type: unknown code; declare it in choices.csv
    """

    problem: str
    file: str = ""
    row: str = ""
    column: str = ""
    value: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """One line for the terminal."""
        places = [self.file, f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else ""]
        place = ", ".join(part for part in places if part)
        value = self.value if len(self.value) <= _SHOWN_VALUE else self.value[:_SHOWN_VALUE] + "…"
        said = f"{self.problem}: {value!r}" if value else self.problem
        return (f"{place}: " if place else "") + said + (f"; {self.remedy}" if self.remedy else "")


class StudyError(Exception):
    """Raised when the user's files cannot be used as they are.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence.
    file, row, column, value, remedy : str, optional
        As in `Problem`.

    Attributes
    ----------
    problems : tuple of Problem
        Everything found, never only the first.

    Examples
    --------
    >>> error = StudyError("no such partner", value="milano", remedy="the partners are: milan, veneto")
    >>> str(error)
    "no such partner: 'milano'; the partners are: milan, veneto"
    """

    def __init__(self, problem: str | Problem, **place: str) -> None:
        first = problem if isinstance(problem, Problem) else Problem(problem, **place)
        self.problems: tuple[Problem, ...] = (first,)
        super().__init__(str(first))

    @classmethod
    def from_problems(cls, problems: Iterable[Problem]) -> StudyError:
        """Make one error of many problems.

        Parameters
        ----------
        problems : iterable of Problem
            At least one.

        Returns
        -------
        StudyError
            Its text has a line a problem.

        Examples
        --------
        >>> len(StudyError.from_problems([Problem("a"), Problem("b")]).problems)
        2
        """
        found = tuple(problems)
        error = cls(found[0])
        error.problems = found
        error.args = ("\n".join(str(problem) for problem in found),)
        return error

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Keep every problem when the error crosses a process border."""
        return _rebuild, (tuple(astuple(problem) for problem in self.problems),)


def _rebuild(problems: tuple[tuple[str, ...], ...]) -> StudyError:
    return StudyError.from_problems(Problem(*values) for values in problems)
