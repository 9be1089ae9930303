"""PrefLib files: rankings with or without ties and gaps (.soc .soi .toc .toi), approvals and scores (.cat)."""

import re

from cncb_analysis.errors import StudyError

_HEAD = re.compile(r"# ([A-Z ]+)(?: (\d+))?:(.*)")
_BALLOT = re.compile(r"\s*(\d+)\s*:([\d\s,{}]*)")
_GROUP = re.compile(r"\{([^{}]*)\}|(\d+)")
_APPROVAL = ["1", "0"]


def list_preflib_rows(text: str, *, file: str) -> list[list[str]]:
    r"""Unfold a PrefLib file: a row a ballot and item.

    Parameters
    ----------
    text : str
        Of the file.
    file : str
        Its name, for messages.

    Returns
    -------
    list of list of str
        Heading sheet, kind, item, value; then the votes. A sheet is named by its line and its number among the ballots
        counted there. Of an order kind is ranks, value the place, 1 the best; n items that tie take the same place and
        the next one stands n places on; items not named have no row. Of categories (.cat) kind is scores and value the
        category's name where all names are numbers, else kind is approval, value 1 in the first of two and 0 in the
        second. Nothing where the text is no PrefLib file; the form before 2022, which had no heading, counts as none.

    Raises
    ------
    StudyError
        When a line is no ballot of the heading's items and data type, ballots are missing, an item's name stands twice
        or categories are neither scores nor two.

    References
    ----------
    Mattei, N. and Walsh, T. (2013). PrefLib: a library for preferences. Algorithmic Decision Theory, 259-270; the
    format as https://www.preflib.org/format describes it.

    Examples
    --------
    >>> head = "# DATA TYPE: toi\n# ALTERNATIVE NAME 1: Tours\n# ALTERNATIVE NAME 2: Bids\n# ALTERNATIVE NAME 3: Fair\n"
    >>> list_preflib_rows(head + "1: {2,3},1\n", file="votes.toi")[1:]
    [['5.1', 'ranks', 'Bids', '1'], ['5.1', 'ranks', 'Fair', '1'], ['5.1', 'ranks', 'Tours', '3']]
    """
    if "# ALTERNATIVE NAME" not in text:
        return []
    lines = {str(line): said for line, said in enumerate(text.splitlines(), start=1) if said.strip()}
    heads = {match.group(1, 2): match[3].strip() for match in map(_HEAD.match, lines.values()) if match}
    names = {str(number): said for (head, number), said in heads.items() if head == "ALTERNATIVE NAME"}
    form, voters = heads.get(("DATA TYPE", None), "toi"), heads.get(("NUMBER VOTERS", None), "")
    if len(set(names.values())) < len(names):
        raise StudyError("two alternatives have one name", file=file, remedy="name them apart")
    categories = [said for (head, _), said in heads.items() if head == "CATEGORY NAME"]
    kind, grades = _grade(categories, file) if form == "cat" else ("ranks", [])
    rows, cast = [["sheet", "kind", "item", "value"]], 0
    for line, said in lines.items():
        if said.startswith("#"):
            continue
        ballot = _BALLOT.fullmatch(said)
        groups = [re.findall(r"\d+", "".join(group)) for group in _GROUP.findall(ballot[2])] if ballot else []
        if not (ballot and _fits(groups, form, set(names), len(grades))):
            raise StudyError(f"no ballot of a .{form} file", file=file, row=line, value=said, remedy="export it again")
        values = grades or [str(1 + sum(map(len, groups[:place]))) for place in range(len(groups))]
        votes = [[kind, names[item], value] for group, value in zip(groups, values, strict=False) for item in group]
        rows += [[f"{line}.{sheet}", *vote] for sheet in range(1, int(ballot[1]) + 1) for vote in votes]
        cast += int(ballot[1])
    if voters and voters != str(cast):
        raise StudyError("ballots are missing", file=file, value=f"{cast} of {voters}", remedy="export it again")
    return rows


def _grade(categories: list[str], file: str) -> tuple[str, list[str]]:
    """Kind of ballot, and what an item gets in each category."""
    if all(re.fullmatch(r"\d+(\.\d+)?", name) for name in categories):
        return "scores", categories
    if len(categories) != len(_APPROVAL):
        remedy = "name the categories by their scores, or deliver two: approved and not"
        raise StudyError("categories are no scores", file=file, value=", ".join(categories), remedy=remedy)
    return "approval", _APPROVAL


def _fits(groups: list[list[str]], form: str, items: set[str], categories: int) -> bool:
    """Whether a ballot is one of the data type, of the items declared."""
    listed = [item for group in groups for item in group]
    if len(set(listed)) < len(listed) or not items.issuperset(listed):
        return False
    if form == "cat":
        return len(groups) <= categories
    strict, complete = form.startswith("s"), form.endswith("c")
    return (len(listed) == len(items) or not complete) and (len(groups) == len(listed) or not strict)
