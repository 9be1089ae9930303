"""Complementary hiding: counts that would give back a hidden one, or narrow it down, are hidden with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from cncb_analysis.bounding import Shown, Span, find_narrow
from cncb_analysis.codebook import Choice, Codebook

# Classes of the frame by who answered: their counts add up to the answers, which the page tells.
CLASSES = "response:"
ONE_ANSWER = ["single", "ordinal"]
_ZERO = 1e-8
Matrix = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def hide_more(rows: pd.DataFrame, codebook: Codebook, threshold: int) -> list[str]:
    """Hide further counts of a block until its small ones stay hidden.

    No small count is a combination of those known, and none is narrowed to less than `threshold` values, however one
    reckons with counts that are never below zero and bases that are told; where a base is smaller, to less than it.

    Parameters
    ----------
    rows : DataFrame
        Estimates of one question that add up, with the columns of `disclosure.protect_estimates`.
    codebook : Codebook
        Options, in their groups.
    threshold : int
        Counts below it are small.

    Returns
    -------
    list of str
        The mark of each row.

    Examples
    --------
    >>> counts = {"partner": "", "country": ["AT", "IT", ""], "k": [1.0, 5.0, 6.0], "n": [4.0, 9.0, 13.0]}
    >>> given = {"variable": "theme:x", "kind": "", "statistic": "share", "option": "", "coarse": False}
    >>> given |= {"seen": True, "printed": False, "small": [True, False, False], "mark": ["hidden", "", ""]}
    >>> hide_more(pd.DataFrame({**counts, **given}), Codebook({}, {}), 3)
    ['hidden', 'hidden', '']
    """
    block = _Block(rows, codebook)
    block.hide_following()
    block.hide_narrow(threshold)
    block.show_following()
    marks = rows["mark"].to_numpy()
    return np.where(block.hidden, "hidden", np.where(marks == "hidden", "", marks)).tolist()


class _Block:
    """Counts of one question that add up, and which of them are hidden."""

    def __init__(self, rows: pd.DataFrame, codebook: Codebook) -> None:
        marks, seen, printed, small = (rows[name].to_numpy() for name in ("mark", "seen", "printed", "small"))
        self.k, self.n = (rows[name].to_numpy(dtype=float) for name in ("k", "n"))
        self.hidden, self.seen, self.small = marks == "hidden", seen, small
        self.free, self.told_of = seen & ~printed, seen | printed
        self.targets = np.flatnonzero(small & ~printed)
        self.place, self.parent, twin = _list_places(rows)
        self.sums, self.base = _write_sums(rows, codebook)
        self.told, self.squares = _Told(self.parent, self.base), self.sums[:, :, None] * self.sums[:, None, :]
        self.told.change(self.place[self.known], self.squares[self.known])
        # Rows that say the same (a partner alone in its country) are hidden together.
        self.same = np.unique(np.column_stack([twin[self.place], self.sums]), axis=0, return_inverse=True)[1].ravel()
        self.classes = str(rows["variable"].iloc[0]).startswith(CLASSES)
        self.level = rows[["partner", "country"]].eq("").sum(axis=1).to_numpy()

    @property
    def known(self) -> Places:
        """Rows that the audience knows."""
        return np.flatnonzero(self.told_of & ~self.hidden)

    def order(self, target: int) -> Places:
        """Rows by how readily they are given up for a target: of its own level, not nought, small."""
        return np.lexsort([self.k, self.k == 0, np.abs(self.level - self.level[target])])

    def find_same(self, row: int) -> Places:
        """A row and those that say the same, as far as they can be hidden."""
        return np.flatnonzero((self.same == self.same[row]) & self.free & ~self.hidden)

    def hide(self, gone: Places) -> None:
        """Hide rows that are known."""
        self.told.change(self.place[gone], -self.squares[gone])
        self.hidden[gone] = True

    def hide_following(self) -> None:
        """Hide until no small count is a combination of what is known."""
        for target in self.targets:
            where, order = (self.place[target], self.sums[target]), self.order(int(target))
            while self.told.follows(*where):
                used = [
                    (self.place == each) & (np.abs(self.sums @ weights) > _ZERO)
                    for each, weights in self.told.explain(*where)
                ]
                useful = order[(np.any(used, axis=0) & self.free & ~self.hidden)[order]]
                if not useful.size:
                    break
                self.hide(self._choose(useful, where))

    def _choose(self, useful: Places, where: tuple[int, Matrix]) -> Places:
        """The first rows without which a count no longer follows; else the first of all."""
        for row in useful:
            gone = self.find_same(row)
            self.told.change(self.place[gone], -self.squares[gone])
            follows = self.told.follows(*where)
            self.told.change(self.place[gone], self.squares[gone])
            if not follows:
                return gone
        return self.find_same(useful[0])

    def hide_narrow(self, threshold: int) -> None:
        """Hide until no small count is narrowed down to few values."""
        parts, size = self._list_parts()
        below, width = _list_below(self.parent, parts)[self.place], self.sums.shape[1]
        within = (below[:, :, None] * self.sums[:, None, :]).reshape(len(self.k), -1)
        asked, needed = within[self.targets], np.minimum(threshold, self.n[self.targets])
        # Answers add up to a base that is told; else the base is the most that a count can be.
        bases = np.kron(np.eye(len(parts)), np.ones(width)) if self.base.any() else np.empty((0, len(parts)))
        upper, totals = np.repeat(size, width), size[: len(bases)]
        narrow, span = {-1: self.known}, Span(self.k[self.targets], self.k[self.targets])
        while narrow:
            known = self.known
            shown = Shown(np.vstack([within[known], bases]), np.concatenate([self.k[known], totals]), upper)
            narrow, span = find_narrow(shown, asked, needed, span)
            before = self.hidden.sum()
            for target, makes in narrow.items():
                rows, order = known[makes[makes < len(known)]], self.order(int(self.targets[target]))
                useful = order[np.isin(order, rows[self.free[rows]])]
                # What another one lost may be enough for it.
                if useful.size and not self.hidden[rows].any():
                    self.hide(self.find_same(int(useful[0])))
            if self.hidden.sum() == before:
                break

    def _list_parts(self) -> tuple[Places, Matrix]:
        """Places without any below them, and those that count more than the places below; how many each counts."""
        size = np.zeros(len(self.parent))
        if self.classes:
            np.add.at(size, self.place, self.k)
        else:
            np.maximum.at(size, self.place, self.n)
        own = size.copy()
        # Children come before their parents.
        for place in range(len(size)):
            children = self.parent == place
            size[place] = max(size[place], size[children].sum())
            own[place] = size[place] - size[children].sum()
        parts = np.flatnonzero((own > 0) | ~np.isin(np.arange(len(size)), self.parent))
        return parts, own[parts]

    def show_following(self) -> None:
        """Show what the rest gives back anyway."""
        for row in np.flatnonzero(self.hidden & self.seen & ~self.small):
            self.hidden[row] = not self.told.follows(self.place[row], self.sums[row])


def _list_below(parent: Places, parts: Places) -> Matrix:
    """Which parts of a tree stand below each place, its own included."""
    below = np.zeros((len(parent), len(parts)))
    below[parts, np.arange(len(parts))] = 1
    # Children come before their parents.
    for place, above in enumerate(parent):
        if above >= 0:
            below[above] += below[place]
    return below


class _Told:
    """What the known counts tell at each place of the tree all - country - partner, without solving it as a whole.

    Sums of answers that follow are a space, kept as its projection. At a place follow `own` (squares of the rows there
    are added up) and `below` (what follows at every child), together `known`; and what follows outside, at the parent
    and at every sibling.
    """

    def __init__(self, parent: Places, base: Matrix) -> None:
        self.parent, self.one = parent, np.eye(len(base))
        self.own = np.where(np.isin(np.arange(len(parent)), parent)[:, None, None], 0 * base, base)
        self.below, self.known = 0 * self.own, 0 * self.own
        for place in range(len(parent)):
            self._settle(place)

    def change(self, places: Places, squares: Matrix) -> None:
        """Add rows by their squares, or take them away."""
        np.add.at(self.own, places, squares)
        for place in set(places.tolist()):
            while place >= 0:
                self._settle(place)
                place = self.parent[place]

    def _settle(self, place: int) -> None:
        children = self.known[self.parent == place]
        if len(children):
            self.below[place] = self.one - _span((self.one - children).sum(axis=0))
        self.known[place] = _span(self.own[place] + self.below[place])

    def _outside(self, place: int) -> Matrix:
        above = self.parent[place]
        if above < 0:
            return 0 * self.one
        about = _span(self.own[above] + self._outside(above))
        return self.one - _span((self.one - self.known[self.parent == above]).sum(axis=0) + self.known[place] - about)

    def follows(self, place: int, answers: Matrix) -> bool:
        """Whether a sum of answers at a place is a combination of what is known."""
        span = _span(self.known[place] + self._outside(place))
        return bool(np.abs(span @ answers - answers).max() < _ZERO)

    def explain(self, place: int, answers: Matrix, came: int = -1) -> Iterator[tuple[int, Matrix]]:
        """Weights of a combination of the nearest rows, place by place: a row's is the sum of those of its answers."""
        if np.abs(answers).max() < _ZERO:
            return
        climbs, above = self.parent[came] == place, self.parent[place]
        below = 0 * self.one if climbs else self.below[place]
        outside = 0 * self.one if came == above else self._outside(place)
        far = _take(answers, _span(self.own[place] + below), outside)
        deep = _take(answers - far, _span(self.own[place]), below)
        yield place, _invert(self.own[place]) @ (answers - far - deep)
        yield from self.explain(above, far, place)
        for child in set(np.flatnonzero(self.parent == place).tolist()) - {came}:
            yield from self.explain(child, answers if climbs else deep, place)


def _take(answers: Matrix, near: Matrix, far: Matrix) -> Matrix:
    """As little of the projection `far` as `near` leaves to it."""
    lacking = far - far @ near
    return np.asarray(_invert(lacking @ far) @ lacking @ answers)


def _invert(square: Matrix) -> Matrix:
    """Pseudo-inverse; places are so alike that few have to be worked out."""
    return _invert_bytes((square.round(12) + 0.0).tobytes(), len(square))


@lru_cache(maxsize=4096)
def _invert_bytes(square: bytes, size: int) -> Matrix:
    values, axes = np.linalg.eigh(np.frombuffer(square).reshape(size, size))
    kept = values > _ZERO
    return np.asarray((axes[:, kept] / values[kept]) @ axes[:, kept].T)


def _span(square: Matrix) -> Matrix:
    return np.asarray(_invert(square) @ square)


def _list_places(rows: pd.DataFrame) -> tuple[Places, Places, Places]:
    """Each row's place in the tree all - country - partner; each place's parent (-1 for all, the last) and twin.

    Children come before their parents. The twin of a place with a single child is this child's.
    """
    pairs = list(zip(rows["partner"], rows["country"], strict=True))
    above = {pair: ("", pair[1] if pair[0] else "") for pair in pairs}
    order = sorted({*above, *above.values(), ("", "")}, key=lambda pair: (pair.count(""), pair))
    number = {pair: place for place, pair in enumerate(order)}
    parent = np.array([*(number[above.get(pair, ("", ""))] for pair in order[:-1]), -1])
    twin = np.arange(len(order))
    for place, lone in enumerate(np.bincount(parent[:-1])[parent[:-1]] == 1):
        twin[parent[place]] = twin[place] if lone else parent[place]
    return np.array([number[pair] for pair in pairs]), parent, twin


def _write_sums(rows: pd.DataFrame, codebook: Codebook) -> tuple[Matrix, Matrix]:
    """The answers each row adds up, and the square of those that a partner's base does."""
    if rows["kind"].iloc[0] not in ONE_ANSWER:
        return np.ones((len(rows), 1)), np.zeros((1, 1))
    variable = rows["variable"].iloc[0]
    named = [Choice("", option) for option in rows["option"].unique()]
    options = named if variable.startswith(CLASSES) else codebook.options(variable)
    answers = {False: np.array([choice.name for choice in options])}
    answers[True] = np.array([choice.collapse or choice.name for choice in options])
    orders = np.array([choice.order or 0 for choice in options])
    highest = np.isin(orders, np.sort(orders)[-2:])
    told = rows[["statistic", "option", "coarse"]].itertuples(index=False, name=None)
    holds = [highest if kind == "share_top2" else answers[coarse] == option for kind, option, coarse in told]
    return np.array(holds, dtype=float), np.ones((len(options), len(options)))
