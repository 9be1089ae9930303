"""What the steps say together: rules, positions, decisions, and the ranked support measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.disclosure import Release, protect_estimates
from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import ESTIMATE_COLUMNS, tabulate_shares
from cncb_analysis.study import Partner, Study
from cncb_analysis.synthesis import tabulate_evidence, tabulate_joint_support, tabulate_overlap
from cncb_analysis.synthesis.evidence import SPOKEN, index_estimates, judge_step
from tests.stand_ins import find, make_study, make_table

ITALY, HUNGARY = Partner("milan", "Milan", "Milan", "IT"), Partner("pecs", "Pecs", "Pecs", "HU")
STEPS = ("mapping", "questionnaire", "interviews", "workshops")


def make_estimates(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Shares of (step, variable, option, statistic, country, k, n), optionally with partner."""
    columns = ["step", "variable", "option", "statistic", "country", "k", "n", "partner"]
    table = pd.DataFrame([(*row, *("",)[len(row) - 7 :]) for row in rows], columns=columns)
    return tabulate_shares(table)


def judge(row: dict[str, Any], rule: str, step: str = "questionnaire") -> str:
    full = {
        "estimate": np.nan,
        "low": np.nan,
        "high": np.nan,
        "k": np.nan,
        "n": np.nan,
        "statistic": rule.split()[0],
        **row,
    }
    asked = {"variable": "v", "option": "", "rule": rule}
    lookup = {(step, "v", "", full["statistic"], "IT"): {"occasion": "", **full}}
    return str(judge_step(asked, lookup, "IT", step)["proposed"])


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.52, 0.9, "yes"), (0.4, 0.9, "partly"), (0.1, 0.49, "no"), (0.5, 0.9, "yes")]
)
def test_a_sample_speaks_by_its_interval(low: float, high: float, verdict: str) -> None:
    assert judge({"estimate": (low + high) / 2, "low": low, "high": high}, "share >= 0.5") == verdict


def test_a_sample_does_not_speak_by_one_answer_more_or_less() -> None:
    assert judge({"estimate": 0.5, "low": 0.5, "high": 0.9, "k": 5, "n": 10}, "share >= 0.5") == "yes"


@pytest.mark.parametrize(
    ("k", "verdict"), [(7, "yes"), (5, "yes"), (4, "partly"), (3, "partly"), (2, "no"), (0, "silent")]
)
def test_interviews_speak_by_one_interview_more_or_less(k: int, verdict: str) -> None:
    # Of seven, four say so: one less and it were three, under a half. The interval (0.25-0.84) is not asked.
    assert judge({"estimate": k / 7, "low": 0.0, "high": 1.0, "k": k, "n": 7}, "share >= 0.5", "interviews") == verdict


def test_nobody_raising_a_topic_is_no_silence_where_few_are_expected() -> None:
    row = {"estimate": 0.0, "low": 0.0, "high": 0.35, "k": 0, "n": 7}
    assert judge(row, "share <= 0.33", "interviews") == "yes"
    assert judge(row, "share >= 0.5", "questionnaire") == "no"  # an answer left unticked is an answer


@pytest.mark.parametrize(("rank", "verdict"), [(1, "yes"), (2, "yes"), (3, "partly"), (4, "partly"), (5, "no")])
def test_ranks_speak_by_one_place_more_or_less(rank: int, verdict: str) -> None:
    assert judge({"estimate": rank, "n": 20}, "borda_rank <= 3", "workshops") == verdict


def test_what_is_hidden_or_has_no_estimate_is_not_made_up() -> None:
    assert judge({"mark": "hidden"}, "share >= 0.5") == "hidden"
    assert (
        judge_step({"variable": "w", "option": "", "rule": "share >= 0.5"}, {}, "IT", "mapping")["proposed"]
        == "not_asked"
    )
    assert judge_step(None, {}, "IT", "mapping")["proposed"] == "not_asked"
    told = index_estimates(make_estimates([("mapping", "v", "", "share", "IT", 9, 9)]), "country")
    asked = {"variable": "v", "option": "", "rule": "share >= 0.5"}
    assert judge_step({**asked, "asked": "yes"}, told, "IT", "mapping")["proposed"] == "yes"
    assert judge_step({**asked, "asked": "no"}, told, "IT", "mapping")["proposed"] == "not_asked"


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(StudyError, match=r"findings\.csv, column rule: not a rule: 'share about half'"):
        judge_step({"variable": "v", "option": "", "rule": "share about half"}, {}, "IT", "mapping")


def test_of_several_rounds_the_last_one_speaks() -> None:
    first = make_estimates([("workshops", "votes", "tours", "share_voted", "IT", 1, 20)]).assign(occasion="1")
    last = make_estimates([("workshops", "votes", "tours", "share_voted", "IT", 19, 20)]).assign(occasion="2")
    lookup = index_estimates(pd.concat([last, first]), "country")
    assert (
        judge_step({"variable": "votes", "option": "tours", "rule": "share_voted >= 0.5"}, lookup, "IT", "workshops")[
            "estimates"
        ]
        == "workshops|votes|tours|2|share_voted"
    )


# What the three steps say of one finding, and what that is together.
POSITIONS = [
    (("yes", "yes", "yes"), "agreement"),
    (("no", "no", None), "agreement"),  # agreeing that it is not so
    (("yes", "partly", None), "partial"),
    (("partly", "partly", None), "partial"),
    (("yes", "no", "yes"), "dissonance"),
    (("yes", "no", "partly"), "dissonance"),
    (("yes", "silent", None), "silence"),  # the interviews were asked and did not say
    (("yes", "silent", "yes"), "partial"),  # two agree, one does not speak
    (("yes", None, None), "not_asked"),  # nothing to compare with
    ((None, None, None), "not_asked"),
]
COUNTS = {"yes": (48, 50), "no": (2, 50), "partly": (25, 50), "silent": (0, 50)}


def make_finding_study(decisions: pd.DataFrame | None = None) -> Study:
    rows = [("money", "training", step, "v", "", "share >= 0.5", "yes") for step in STEPS[1:]]
    findings = make_table("finding theme step variable option rule asked", rows)
    tables = {"findings": findings} | ({} if decisions is None else {"decisions": decisions})
    return make_study(tables, partners=(ITALY, HUNGARY))


@pytest.mark.parametrize(("words", "position"), POSITIONS)
def test_the_steps_together(words: tuple[str | None, ...], position: str) -> None:
    spread = ("questionnaire", "workshops", "interviews") if "silent" not in words else STEPS[1:]
    said = zip(spread, words, strict=True)
    rows = [(step, "v", "", "share", "IT", *COUNTS[word]) for step, word in said if word]
    evidence = tabulate_evidence(
        make_estimates(rows) if rows else pd.DataFrame(columns=ESTIMATE_COLUMNS), make_finding_study()
    )
    italy = evidence[evidence["country"].eq("IT")].set_index("step")
    assert italy.loc["", "proposed"] == position
    assert italy.loc["", ["k", "n"]].tolist() == [sum(w in SPOKEN for w in words), sum(w is not None for w in words)]
    assert [italy.loc[step, "proposed"] for step in spread] == [word or "not_asked" for word in words]
    assert italy.loc["mapping", "proposed"] == "not_asked"


def test_people_have_the_last_word() -> None:
    decisions = make_table(
        "finding country step position who reason",
        [
            ("money", "IT", "", "silence", "A. B.", "asked of two only"),
            ("money", "", "interviews", "partial", "C. D.", "late"),
        ],
    )
    rows = [("questionnaire", "v", "", "share", country, 45, 50) for country in ("IT", "HU", "")]
    evidence = tabulate_evidence(make_estimates(rows), make_finding_study(decisions))
    italy = find(evidence, step="", country="IT")
    assert (italy["proposed"], italy["decided"], italy["decided_by"]) == ("not_asked", "silence", "A. B.")
    assert italy["reason"] == "asked of two only"
    assert find(evidence, step="interviews", country="")["decided"] == "partial"
    assert find(evidence, step="", country="HU")["decided"] == ""
    assert italy["estimates"] == "questionnaire|v|||share"


ACTIONS = make_table(
    "action family theme level lead owner decision date variable item theme_code offer",
    [
        (code, "networking", "training", *facts, "", f"sup_{code}", code, f"support/{code}", code)
        for code, *facts in (
            ("exchange", "transnational", "milan", "", ""),
            ("tours", "transnational", "", "", ""),
            ("news", "national", "", "A. B.", "national"),
        )
    ],
)
CODES = ("exchange", "tours", "news")
BOOK = Codebook(
    {
        "pri_now": Variable("pri_now", "rank", "priority"),
        "sup_top3": Variable("sup_top3", "rank", "support"),
        "offer": Variable("offer", "multiple", "support"),
    },
    {"support": tuple(Choice("support", code) for code in CODES), "priority": (Choice("priority", "lobbying"),)},
)


RANKS = pd.DataFrame({"action": CODES, "rank": [2, 1, 3], "rank_low": 1, "rank_high": 3, "clear_to": 0, "ahead": 0})


def make_support(shares: dict[str, dict[str, float]], n: int) -> list[tuple[Any, ...]]:
    """Shares of each action by country, the same in every step; n answers a country and step."""
    rows: list[tuple[Any, ...]] = []
    for action, own in shares.items():
        for country, share in own.items():
            k = round(share * n)
            rows += [
                ("questionnaire", f"sup_{action}", "", "share_top2", country, k, n),
                ("questionnaire", "sup_top3", action, "share_ranked", country, k, n),
                ("interviews", "theme:support", action, "share", country, k, n),
                ("workshops", "votes", action, "share_ranked", country, k, n),
            ]
    return rows


def tabulate_support(rows: list[tuple[Any, ...]], **tables: pd.DataFrame) -> pd.DataFrame:
    study = make_study({"support_actions": ACTIONS, **tables}, partners=(ITALY, HUNGARY), codebook=BOOK)
    estimates = make_estimates(rows)
    evidence = tabulate_evidence(estimates, study)
    return tabulate_joint_support(estimates, evidence, study, RANKS).set_index("action")


CLEAR = {"exchange": {"IT": 0.9, "HU": 0.9}, "tours": {"IT": 0.5, "HU": 0.5}, "news": {"IT": 0.1, "HU": 0.1}}


def test_who_asks_who_offers_and_what_follows() -> None:
    rows = make_support(
        {"exchange": {"IT": 0.9, "HU": 0.9}, "tours": {"IT": 0.05, "HU": 0.95}, "news": {"IT": 0.9, "HU": 0.9}}, 100
    )
    rows += [("questionnaire", "sup_exchange", "", "share_top2", "IT", 9, 10, "milan")]
    rows += [("questionnaire", "sup_exchange", "", "share_top2", "HU", 4, 10, "pecs")]
    rows += [
        ("questionnaire", "offer", "tours", "share", "HU", 8, 10),  # it gives, but it asks as well
        ("questionnaire", "offer", "tours", "share", "IT", 5, 10),
        ("questionnaire", "offer", "tours", "share", "IT", 5, 10, "milan"),
    ]
    found = tabulate_support(rows)
    assert found.loc["exchange", ["asks", "asks_k", "asks_n"]].tolist() == ["milan", 1, 2]
    assert found.loc["tours", ["offers", "offers_k", "offers_n"]].tolist() == ["milan", 1, 1]
    assert found["IT"].to_dict() == {"exchange": "agreement", "tours": "dissonance", "news": "agreement"}
    assert found.loc["tours", ["coalition", "givers"]].tolist() == ["HU", "IT"]
    # Both countries ask; one asks and the other gives; the level of the third is national whoever asks.
    assert found["proposed"].to_dict() == {"exchange": "all", "tours": "giver_taker", "news": "national"}
    assert found.loc["news", ["decision", "owner"]].tolist() == ["national", "A. B."]


@pytest.mark.parametrize(
    ("asking", "givers", "proposal"),
    [
        *[(7, False, "all"), (6, True, "all"), (4, False, "coalition"), (4, True, "giver_taker")],
        *[(1, False, "national"), (1, True, "giver_taker"), (0, True, "drop")],
    ],
)
def test_proposals(asking: int, givers: bool, proposal: str) -> None:
    from cncb_analysis.synthesis.joint_support import _propose

    assert _propose("transnational", asking, 7, givers=givers) == proposal


def test_measures_stand_by_rank_with_all_that_belongs_to_it() -> None:
    found = tabulate_support(make_support(CLEAR, 100))
    assert found.index.tolist() == ["tours", "exchange", "news"]
    assert found.loc["exchange", ["rank", "rank_low", "rank_high", "clear_to", "ahead"]].tolist() == [2, 1, 3, 0, 0]


def test_the_strongest_voice_against_is_named_with_its_count() -> None:
    rows = make_support({"exchange": {"IT": 0.9, "HU": 0.9}, "tours": {"IT": 0.05, "HU": 0.95}}, 100)
    rows += [("interviews", "theme:support", "news", "share", "HU", 0, 3)]  # silence is no voice
    told = (("HU", 1, 40), ("IT", 2, 9))
    rows += [("questionnaire", "sup_news", "", "share_top2", *each) for each in told]
    rows += [("questionnaire", "sup_top3", "news", "share_ranked", "HU", 2, 40)]
    against = ["against_step", "against_country", "against_k", "against_n"]
    found = tabulate_support(rows)[against]
    assert found.loc["tours"].tolist() == ["interviews", "IT", 5, 100]  # all steps alike
    assert found.loc["news"].tolist() == ["questionnaire", "HU", 1, 40]
    assert found.loc["exchange", against[:2]].tolist() == ["", ""] and found.loc["exchange", against[2:]].isna().all()


UNITS = make_table(
    "step partner country unit cluster status",
    [
        ("questionnaire", "milan", "IT", "q1", "Gheppio", "complete"),
        ("questionnaire", "milan", "IT", "q2", "Picchio", "rejected"),
        ("questionnaire", "pecs", "HU", "q3", "Airone", "complete"),
        ("interviews", "milan", "IT", "i1", "Gheppio", "complete"),
        ("interviews", "milan", "IT", "i2", "Picchio", "complete"),
        ("interviews", "milan", "IT", "i3", "Airone", "complete"),  # the name of another partner's cluster
        ("interviews", "pecs", "HU", "i4", "Airone", "complete"),
        ("interviews", "pecs", "HU", "i5", "", "complete"),  # nobody knows which
    ],
)


def test_what_is_hidden_is_not_said_to_be_in_favour() -> None:
    estimates = make_estimates(make_support(CLEAR, 100)).assign(mark="")
    study = make_study({"support_actions": ACTIONS}, partners=(ITALY, HUNGARY), codebook=BOOK)
    estimates.loc[estimates["step"].eq("workshops"), ["mark", "estimate", "k"]] = ["hidden", np.nan, np.nan]
    estimates = pd.concat([estimates, estimates[estimates["step"].eq("workshops")].assign(statistic="borda_rank")])
    found = tabulate_joint_support(estimates, tabulate_evidence(estimates, study), study, RANKS).set_index("action")
    assert found["against_step"].to_dict() == {"exchange": "hidden", "tours": "hidden", "news": "interviews"}


def test_people_who_speak_in_two_steps_are_counted() -> None:
    table = tabulate_overlap(UNITS)
    told = {row["partner"] or row["country"] or "all": (row["k"], row["n"]) for row in table.to_dict("records")}
    assert told == {"milan": (1, 3), "IT": (1, 3), "pecs": (1, 1), "HU": (1, 1), "all": (2, 4)}


@pytest.mark.parametrize(
    ("words", "overlap"), [(("yes", "yes"), 1.0), (("no", "no"), 1.0), (("yes", "no"), None), (("yes", "silent"), None)]
)
def test_two_steps_that_agree_are_marked_where_the_same_people_spoke(
    words: tuple[str, str], overlap: float | None
) -> None:
    said = zip(("questionnaire", "interviews"), words, strict=True)
    shares = make_estimates([(step, "v", "", "share", "IT", *COUNTS[word]) for step, word in said])
    found = tabulate_evidence(pd.concat([shares, tabulate_overlap(UNITS)]), make_finding_study())
    assert find(found, step="", country="IT")["overlap"] == (
        pytest.approx(overlap) if overlap else pytest.approx(np.nan, nan_ok=True)
    )
    assert found.loc[found["step"].ne("") | found["country"].eq("HU"), "overlap"].isna().all()


def test_a_small_overlap_is_not_told() -> None:
    few = UNITS.assign(status="complete")
    hidden = protect_estimates(tabulate_overlap(few), Codebook({}, {}), Release("public")).frame
    shares = make_estimates([(step, "v", "", "share", "IT", 48, 50) for step in STEPS[1:3]])
    found = tabulate_evidence(pd.concat([shares.assign(mark=""), hidden]), make_finding_study())
    assert find(found, step="", country="IT")["proposed"] == "agreement"
    assert found["overlap"].isna().all()


def test_a_position_set_by_people_on_the_same_question_stands() -> None:
    findings = make_table(
        "finding theme step variable option rule asked",
        [("want_tours", "training", "questionnaire", "sup_tours", "", "share_top2 >= 0.5", "yes")],
    )
    decisions = make_table(
        "finding country step position who reason", [("want_tours", "IT", "", "silence", "A. B.", "misread")]
    )
    found = tabulate_support(make_support(CLEAR, 100), findings=findings, decisions=decisions)
    assert (found.loc["tours", "IT"], found.loc["tours", "HU"]) == ("silence", "partial")


def test_no_measures_no_rows() -> None:
    study = make_study(partners=(ITALY,), codebook=BOOK)
    nothing = pd.DataFrame(columns=ESTIMATE_COLUMNS)
    evidence = tabulate_evidence(nothing, study)
    assert evidence.empty
    assert tabulate_joint_support(nothing, evidence, study, RANKS).empty
