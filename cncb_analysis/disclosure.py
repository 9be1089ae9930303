"""What an audience may see: small counts coarsened or hidden, and nothing left that would give them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cncb_analysis.codebook import Codebook
from cncb_analysis.complementary import CLASSES, ONE_ANSWER, hide_more
from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import CELL, ESTIMATE_COLUMNS, tabulate_shares
from cncb_analysis.graph import AUDIENCES

MARKS = ("", "hidden", "coarsened", "not_asked", "published")

# Official figures, and counts that the bases beside every number tell anyway: nobody's answer.
_OFFICIAL = ("lq", "jobs", "excess_jobs", "stars", "hhi", "count", "share_missing")
_NUMBERS = ["estimate", "low", "high", "k"]
# Numbers that would tell the count of their own cell: dots_rank, borda_by_workshop and the like among them.
_PARTIAL = ("hosts_once", "complete_only", "largest_change")
_VOTES = r"movement|consensus|copeland|first_by_\w+|mean_score(_\w+)?|(dots|borda)(_\w+)?|\w+_by_workshop"
_FOLLOWING = rf"jaccard|mean_rank|mentions|std_difference|shown|wilson|{_VOTES}|" + "|".join(_PARTIAL)
# What such numbers tell of besides, as columns in which the cells may differ: a mean over workshops gives one of them
# back from the others, a movement the place in the other round.
_SPANNING = {_FOLLOWING: (), "(dots|borda|mean|share).*_by_workshop": ("partner", "country"), "movement": ("occasion",)}
_GROUP = [column for column in CELL if column != "option"]
_PRINTED = ["step", "variable", "option", "statistic", "partner"]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Release:
    """Who is to see the results: ``Release(**settings["disclosure"], partner=..., publish=...)``.

    Parameters
    ----------
    audience : str
        public (all, countries, partners that publish), partner (its own too) or consortium (every partner, nothing
        hidden).
    threshold : int
        Counts below it are small.
    partner : str
        Whose pages, for the audience partner.
    publish : collection of str
        Partners that chose to be shown on their own.

    Raises
    ------
    StudyError
        When there is no such audience.
    """

    audience: str = "public"
    threshold: int = 3
    partner: str = ""
    publish: Collection[str] = frozenset()

    def __post_init__(self) -> None:
        if self.audience not in AUDIENCES:
            remedy = "use one of: " + ", ".join(AUDIENCES)
            raise StudyError("no such audience", file="study.toml", value=self.audience, remedy=remedy)


@dataclass(frozen=True, eq=False, repr=False)
class Protected:
    """Estimates that may be shown. Figures and tables take nothing else.

    Parameters
    ----------
    frame : DataFrame
        `ESTIMATE_COLUMNS` and `mark`: "" shown, "hidden" (no number left), "coarsened", "not_asked", "published".

    Raises
    ------
    ValueError
        When a hidden row still holds a number, a mark is unknown or a column is missing.

    Examples
    --------
    >>> Protected(pd.DataFrame(columns=[*ESTIMATE_COLUMNS, "mark"])).frame.empty
    True
    """

    frame: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [column for column in (*ESTIMATE_COLUMNS, "mark") if column not in self.frame]
        if missing:
            raise ValueError(f"columns missing: {', '.join(missing)}")
        if not self.frame["mark"].isin(MARKS).all():
            raise ValueError("unknown mark")
        if self.frame.loc[self.frame["mark"] == "hidden", _NUMBERS].notna().to_numpy().any():
            raise ValueError("a hidden row still holds a number")

    def __repr__(self) -> str:
        return f"<estimates: {len(self.frame)}, {self.frame['mark'].eq('hidden').sum()} of them hidden>"

    def _repr_html_(self) -> str:
        return f"<p>{repr(self)[1:-1]}</p>{self.frame.to_html(max_rows=20, index=False)}"


def protect_estimates(
    estimates: pd.DataFrame,
    codebook: Codebook,
    release: Release,
    *,
    published: pd.DataFrame | None = None,
    rests_on: Mapping[tuple[str, str], str] | None = None,
) -> Protected:
    """Leave only what the audience may see, of all estimates of a run at once.

    A count k of n is small when 0 < k < threshold or 0 < n - k < threshold; for a sensitive variable k = n too. Where
    a group's answers hold a small count they are first taken together: by the codebook's `collapse`, else ordered
    answers to median and top-two share. What is still small is hidden, and further counts with it until no small
    count, shown elsewhere or not, follows from the sums: partners to their country, countries to all, answers to their
    base. Numbers without a count are hidden below `threshold` values.

    Parameters
    ----------
    estimates : DataFrame
        `ESTIMATE_COLUMNS` of the whole run, all partners: sums can only be guarded when all their parts are known.
    codebook : Codebook
        Roles, options, collapse.
    release : Release
        Audience and threshold.
    published : DataFrame, optional
        published.csv; rows with `exempt` were printed before and stay, with the mark "published" where they are small.
    rests_on : mapping of (str, str) to str, optional
        Variable and option that restate another variable's answers, to that variable: its role is theirs.

    Returns
    -------
    Protected
        Rows of the audience. Answers taken together are rows of their own (option = the coarser group, or statistic
        share_top2 and median) with the mark "coarsened"; the rows they stand for are hidden.

    References
    ----------
    Cox, L. H. (1980). Suppression methodology and statistical disclosure control. Journal of the American Statistical
    Association, 75, 377-385.

    Examples
    --------
    >>> from cncb_analysis.codebook import Codebook
    >>> counts = {"step": "interviews", "variable": "theme:tasks", "country": ["AT", "IT", ""], "k": [1, 5, 6]}
    >>> table = tabulate_shares(pd.DataFrame({**counts, "n": [4, 9, 13]}))
    >>> protect_estimates(table, Codebook({}, {}), Release("public")).frame["mark"].tolist()
    ['hidden', 'hidden', '']
    """
    asked = zip(estimates["variable"], estimates["option"], strict=True)
    asked = pd.Series([(rests_on or {}).get(pair, pair[0]) for pair in asked], index=estimates.index, dtype="str")
    role = asked.map({name: variable.role for name, variable in codebook.variables.items()})
    table = estimates[ESTIMATE_COLUMNS].assign(mark="", sensitive=role.eq("sensitive"))
    table = table[~role.isin(["identifier", "free_text"])].reset_index(drop=True)
    if release.audience == "consortium":
        return Protected(table.drop(columns="sensitive"))
    own = {release.partner} if release.audience == "partner" else set()
    kinds = {name: variable.kind for name, variable in codebook.variables.items()}
    table = table.assign(
        kind=table["variable"].map(kinds).mask(table["variable"].str.startswith(CLASSES), "single"),
        coarse=False,
        seen=table["partner"].isin({"", *release.publish, *own}),
        printed=_is_printed(table, published),
        small=_is_small(table, release.threshold),
    )
    table = _coarsen(table, codebook, release.threshold)
    table.loc[table["small"], "mark"] = "hidden"
    table.loc[table["printed"] & (table["mark"] == "hidden"), "mark"] = "published"
    for rows in _list_blocks(table):
        table.loc[rows.index, "mark"] = hide_more(rows, codebook, release.threshold)
    gone = (_is_additive(table) | (table["statistic"] == "mean")) & (table["mark"] == "hidden")
    for statistic, spanned in _SPANNING.items():
        cells = pd.MultiIndex.from_frame(table[CELL].drop(columns=[*spanned]))
        table.loc[cells.isin(cells[gone]) & table["statistic"].str.fullmatch(statistic), "mark"] = "hidden"
    table.loc[table["mark"] == "hidden", _NUMBERS] = np.nan
    return Protected(table.loc[table["seen"], [*ESTIMATE_COLUMNS, "mark"]].reset_index(drop=True))


def _is_printed(table: pd.DataFrame, published: pd.DataFrame | None) -> Mask:
    if published is None:
        return np.zeros(len(table), dtype=bool)
    exempt = published.loc[~published["exempt"].isin(["", "0", "no"]), _PRINTED]
    return pd.MultiIndex.from_frame(table[_PRINTED]).isin(pd.MultiIndex.from_frame(exempt))


def _is_additive(table: pd.DataFrame) -> pd.Series:
    return table["k"].notna() & ~(table["statistic"].isin(_OFFICIAL) | table["statistic"].str.fullmatch(_FOLLOWING))


def _is_small(table: pd.DataFrame, threshold: int) -> pd.Series:
    k, rest = table["k"], table["n"] - table["k"]
    small = ((k > 0) & (k < threshold)) | ((rest > 0) & (rest < threshold))
    small |= table["sensitive"] & (k > 0) & (rest == 0)
    small = small.where(k.notna(), table["n"] < threshold)
    # A result without a few answers would tell these answers.
    left_out = (table["frame"] - table["n"]).where(table["statistic"].isin(_PARTIAL))
    small |= left_out.between(1, threshold - 1)
    return small.astype(bool) & ~table["statistic"].isin(_OFFICIAL) & (table["variable"] != "response")


def _coarsen(table: pd.DataFrame, codebook: Codebook, threshold: int) -> pd.DataFrame:
    """Take answers together in every group whose answers hold a small count."""
    statistic, seen = table["statistic"], table["seen"]
    answers = (statistic == "share") & table["kind"].isin(ONE_ANSWER) & seen
    groups = pd.MultiIndex.from_frame(table[_GROUP])
    touched = groups.isin(groups[answers & table["small"] & ~table["printed"]])
    coarser = _list_coarser(codebook)
    answer = zip(table["variable"], table["option"], strict=True)
    group = pd.Series([coarser.get(pair, "") for pair in answer], index=table.index, dtype="str")
    # Without a median and a top-two share there is nothing coarser to show: single counts are hidden then.
    ordered = (table["kind"] == "ordinal") & groups.isin(groups[statistic == "share_top2"])
    by_order = ordered & ~table["variable"].isin({name for name, _ in coarser})
    gone = touched & ((answers & (group.ne("") | by_order)) | (ordered & seen & (statistic == "mean")))
    stands_in = touched & by_order & seen & statistic.isin(["share_top2", "median"])
    table = table.assign(mark=np.select([gone, stands_in], ["hidden", "coarsened"], ""))
    parts = table.assign(option=group)[touched & answers & group.ne("")]
    first = dict.fromkeys(["n", "frame", "base", "kind", "sensitive"], "first")
    sums = parts.groupby([*_GROUP, "option"], sort=False).agg({"k": "sum", **first}).reset_index()
    facts = {name: sums[name] for name in ("kind", "sensitive")}
    rows = tabulate_shares(sums).assign(**facts, mark="coarsened", coarse=True, seen=True, printed=False)
    return pd.concat([table, rows.assign(small=_is_small(rows, threshold))], ignore_index=True) if len(rows) else table


def _list_coarser(codebook: Codebook) -> dict[tuple[str, str], str]:
    """Coarser group of a variable's answer; an answer that is a group by itself under its own name stays as it is."""
    found: dict[tuple[str, str], str] = {}
    for name in codebook.variables:
        groups = {choice.name: choice.collapse or choice.name for choice in codebook.options(name)}
        sizes = Counter(groups.values())
        if 1 < len(sizes) < len(groups):
            found |= {(name, code): group for code, group in groups.items() if code != group or sizes[group] > 1}
    return found


def _list_blocks(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Counts that add up: all answers of a question where a unit gives one, else each option by itself."""
    added = table[_is_additive(table)]
    together = added["kind"].isin(ONE_ANSWER)
    keys = ["step", "variable", "occasion", added["option"].mask(together, ""), added["statistic"].mask(together, "")]
    for _, rows in added.groupby(keys, sort=False):
        if (rows["small"] & ~rows["printed"]).any():
            yield rows
