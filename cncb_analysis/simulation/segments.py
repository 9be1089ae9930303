"""Coded excerpts of the simulated interviews, a fifth of them coded twice with planted agreement."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cncb_analysis.simulation.banks import draw_generator, read_bank
from cncb_analysis.simulation.cards import NOT_ASKED
from cncb_analysis.simulation.plan import PartnerPlan, find_value, find_values, group_of
from cncb_analysis.simulation.quotas import assign_flags

AGREED = "agreed"
SEGMENT_COLUMNS = (
    "interview",
    "excerpt",
    "code",
    "coder",
    "start",
    "end",
    "text",
    "language",
    "translation",
    "translator",
)
_FEWEST, _MOST = 18, 28
_TRANSLATED = 0.4
_ROOTS = (
    "profile",
    "tasks",
    "skills",
    "staff",
    "governance",
    "steering",
    "priorities",
    "circle",
    "obstacles",
    "barriers",
    "support",
    "strengths",
    "improvements",
)
# Two topics in one breath: the second code rides on the excerpt of the first, when an interview has both.
_TOGETHER = {
    "staff/size": "obstacles/staff",
    "profile/employer": "staff/dedication",
    "skills/fundraising": "support/funding_info",
    "barriers/staff_skills": "skills/internationalisation",
    "tasks/firms": "obstacles/reading_needs",
    "priorities/financing": "obstacles/funding",
    "tasks/international": "priorities/internationalisation",
    "obstacles/internationalisation": "improvements/internationalisation",
    "barriers/money": "support/eu_projects",
}
_TOGETHER_SHARE = 0.35
# What is left out first when an interview gave more than was written down; nothing that is planted.
_SPARE = ("strengths", "improvements", "staff", "governance", "tasks", "priorities")
# Which root the second coder takes for which: told apart by the exclusion rules of the code tree.
_CONFUSED = {
    "tasks": ("skills",),
    "governance": ("staff",),
    "obstacles": ("barriers",),
    "steering": ("improvements",),
    "circle": ("strengths", "priorities"),
}
_CARD_TOPICS = {"tasks": "task", "circle": "vc_link", "barriers": "int_barr"}
_RATED_TOPICS = {"support": "sup_", "obstacles": "obst_"}


def draw_segments(cards: pd.DataFrame, answers: pd.DataFrame, plan: tuple[PartnerPlan, ...], seed: int) -> pd.DataFrame:
    """Draw what was said in the interviews and how it was coded.

    Parameters
    ----------
    cards, answers : DataFrame
        As `draw_cards` and `draw_answers` give them: who named a thing there speaks of it here.
    plan : tuple of PartnerPlan
        Languages, coders, which interviews are coded twice.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        partner and the columns of a delivered file (`SEGMENT_COLUMNS`); a row a code, excerpt and coder. Of an
        interview coded twice the coder `agreed` holds what the two settled on.
    """
    rng = draw_generator(seed, "segments")
    topics = _choose_topics(cards, answers, rng)
    excerpts = _write_excerpts(topics, cards, {partner.partner: partner for partner in plan}, rng)
    single = ~excerpts["twice"]
    return pd.concat([excerpts[single], _code_twice(excerpts[~single], rng)]).sort_values(
        ["place", "excerpt", "coder", "code"], kind="stable", ignore_index=True
    )[["partner", *SEGMENT_COLUMNS]]


def _choose_topics(cards: pd.DataFrame, answers: pd.DataFrame, rng: np.random.Generator) -> list[list[str]]:
    """Codes of each interview: exact counts in each planted group, people who named it elsewhere first."""
    known = answers.set_index(["partner", "cluster"])
    keys = list(zip(cards["partner"], cards["cluster"], strict=True))
    topics: list[list[str]] = [[] for _ in keys]
    for root in _ROOTS:
        for child, cell in find_values(f"theme:{root}", "share").items():
            leaning = rng.random(len(cards))
            if root in _CARD_TOPICS:
                leaning += [child in (codes or ()) for codes in cards[_CARD_TOPICS[root]]]
            if root in _RATED_TOPICS and f"{_RATED_TOPICS[root]}{child}" in known:
                rated = known.loc[keys, f"{_RATED_TOPICS[root]}{child}"]
                leaning += 0.5 * pd.to_numeric(rated, errors="coerce").fillna(3).to_numpy()
            forced = _follow_cards(root, child, cards)
            groups = group_of(cards, cell)
            for group in groups.unique():
                inside = np.flatnonzero(groups == group)
                flags = assign_flags(leaning[inside], cell[group], forced[inside])
                for row in inside[flags]:
                    topics[row].append(f"{root}/{child}")
    return topics


def _follow_cards(root: str, child: str, cards: pd.DataFrame) -> np.ndarray:
    """What the card decides: who steers, and blocks that the partner's interviewers did not ask."""
    forced = np.full(len(cards), np.nan)
    if root == "steering":
        steps = cards["own_model"].astype(int).to_numpy()
        forced = np.where(steps <= 2, child == "centralised", np.where(steps >= 4, child == "participative", np.nan))
    if root == "circle":
        forced[cards["partner"].isin(NOT_ASKED).to_numpy()] = 0.0
    return forced.astype(float)


def _write_excerpts(
    topics: list[list[str]], cards: pd.DataFrame, plan: dict[str, PartnerPlan], rng: np.random.Generator
) -> pd.DataFrame:
    sentences = _Sentences(rng)
    rows = []
    seen: dict[str, int] = {}
    for place, codes in enumerate(topics):
        partner = plan[cards["partner"].iloc[place]]
        seen[partner.partner] = seen.get(partner.partner, 0) + 1
        twice = seen[partner.partner] <= partner.counts["double_coded"]
        position = int(rng.integers(150, 600))
        used: set[str] = set()
        for number, block in enumerate(_group_codes(codes, rng), start=1):
            text, english = sentences.take(block[0], partner.language, used)
            if not text:  # told twice, but the bank has no other sentence for it
                continue
            shown = rng.random() < _TRANSLATED
            excerpt = {
                "place": place,
                "partner": partner.partner,
                "twice": twice,
                "interview": cards["interview"].iloc[place],
                "excerpt": f"{number:02d}",
                "coder": AGREED if twice else partner.coders[0],
                "coders": partner.coders[:2],
                "start": str(position),
                "end": str(position + len(text)),
                "text": text,
                "language": partner.language,
                "translation": english if shown else "",
                "translator": partner.coders[2] if shown else "",
            }
            rows += [{**excerpt, "code": code} for code in block]
            position += len(text) + int(rng.integers(180, 900))
    return pd.DataFrame(rows)


def _group_codes(codes: list[str], rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Codes of each excerpt in the order of the talk: some two by two, and never too few or too many excerpts."""
    blocks: list[tuple[str, ...]] = []
    riding: set[str] = set()
    for code in codes:
        partner = _TOGETHER.get(code, "")
        if partner in codes and rng.random() < _TOGETHER_SHARE:
            riding.add(partner)
            blocks.append((code, partner))
        else:
            blocks.append((code,))
    blocks = [block for block in blocks if len(block) > 1 or block[0] not in riding]
    limit = int(rng.integers(_FEWEST + 3, _MOST + 1))
    spare = [block for block in blocks if len(block) == 1 and block[0].split("/")[0] in _SPARE]
    while len(blocks) > limit and spare:
        blocks.remove(spare.pop(int(rng.integers(len(spare)))))
    told_again = [blocks[place] for place in rng.permutation(len(blocks))]
    while len(blocks) < _FEWEST and told_again:
        again = told_again.pop()
        blocks.insert(blocks.index(again) + 1, again[:1])
    return blocks


class _Sentences:
    """Hand out the sentences of the bank: never one twice in an interview, each as rarely as possible."""

    def __init__(self, rng: np.random.Generator) -> None:
        bank = read_bank("excerpts")
        mixed = bank.iloc[rng.permutation(len(bank))]
        self._left: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for code, language, text, english in mixed[["code", "language", "text", "english"]].itertuples(index=False):
            self._left.setdefault((code, language), []).append((text, english))

    def take(self, code: str, language: str, used: set[str]) -> tuple[str, str]:
        """Next sentence of a code that this interview does not hold yet, with its English; empty when all are used."""
        queue = self._left[(code, language)]
        fresh = next((place for place, (text, _) in enumerate(queue) if text not in used), None)
        if fresh is None:
            return "", ""
        chosen = queue.pop(fresh)
        queue.append(chosen)
        used.add(chosen[0])
        return chosen


def _code_twice(excerpts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Three codings of each excerpt: the agreed one, and two that differ as often as the planted alpha says."""
    agreed = excerpts.reset_index(drop=True)
    if agreed.empty:
        return agreed
    recoded = _plant_disagreements(agreed, rng)
    deviates = rng.integers(0, 2, len(agreed))  # which of the two coders is the one who differs
    parts = [agreed]
    for number in (0, 1):
        coding = agreed.copy()
        coding["coder"] = [pair[number] for pair in agreed["coders"]]
        coding["code"] = np.where(deviates == number, recoded, agreed["code"])
        parts.append(coding.drop_duplicates(["place", "excerpt", "code"]))
    return pd.concat(parts)


def _plant_disagreements(agreed: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Codes as the deviating coder gives them.

    Unit of agreement: an excerpt, told by both coders to hold a root or not. With N excerpts of which n hold the
    root, alpha = 1 - (2N - 1) d / (4 n (N - n)) for d excerpts on which they differ while both use the root equally
    often; half of the d lose the root, half gain it.

    References
    ----------
    Krippendorff, K. (2019), Content Analysis, 4th ed., chapter 12.
    """
    codes = agreed["code"].to_numpy(object).copy()
    roots = np.array([code.split("/")[0] for code in codes], object)
    excerpt = agreed["place"].astype(str) + "-" + agreed["excerpt"]
    total = excerpt.nunique()
    leaves = {root: [f"{root}/{child}" for child in find_values(f"theme:{root}", "share")] for root in _ROOTS}
    free = ~excerpt.duplicated(keep=False).to_numpy()  # excerpts with one code: a change there changes the whole unit
    for root, others in _CONFUSED.items():
        alpha = find_value(f"theme:{root}", "", "alpha")[""]
        holding = excerpt[roots == root].nunique()
        differ = (1 - alpha) * 4 * holding * (total - holding) / (2 * total - 1)
        half = int(differ / 2 + 0.5)
        for source, targets in (((root,), others), (others, (root,))):
            places = rng.permutation(np.flatnonzero(np.isin(roots, source) & free))[:half]
            for place in places:
                codes[place] = _pick(rng, leaves[_pick(rng, targets)])
            free[places] = False
    return codes


def _pick(rng: np.random.Generator, choices: Iterable[str]) -> str:
    listed = list(choices)
    return listed[int(rng.integers(len(listed)))]
