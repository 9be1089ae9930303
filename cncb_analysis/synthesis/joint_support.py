"""The project's result: which support measures to take together, in what order, and how sure that order is."""

from typing import Any

import numpy as np
import pandas as pd

from cncb_analysis.study import Study
from cncb_analysis.synthesis.evidence import SPOKEN, Lookup, Row, index_estimates, judge_step
from cncb_analysis.synthesis.ranks import find_questions

Name = tuple[str, str, str, str]
Names = dict[str, list[Name]]

# What makes a partner ask for a measure, and offer it; and what makes a step ask for it.
_USEFUL, _OFFERED = 0.5, 1 / 3
_RULES = {"questionnaire": f"share_top2 >= {_USEFUL}", "interviews": "share >= 0.5", "workshops": "borda_rank <= 3"}
_WEIGHTS = {"yes": 1.0, "partly": 0.5, "no": 0.0, "silent": 0.0}
# Mean weight of the steps from which a country asks for a measure, wholly or in part.
_WHOLLY, _IN_PART = 0.75, 0.5
_COPIED = ("action", "family", "theme", "level", "lead", "owner", "date", "decision")


def tabulate_joint_support(
    estimates: pd.DataFrame, evidence: pd.DataFrame, study: Study, ranks: pd.DataFrame
) -> pd.DataFrame:
    """Say who asks for each joint support measure, who offers it and what speaks against; propose what to do with it.

    Parameters
    ----------
    estimates : DataFrame
        Of all steps, partners too.
    evidence : DataFrame
        From `tabulate_evidence`: a position that people set on a finding about the same question stands here too.
    study : Study
        Table support_actions.
    ranks : DataFrame
        From `rank_measures`.

    Returns
    -------
    DataFrame
        A row a measure, by rank. action, family, theme, level, lead, owner, date, decision (as in the table); rank,
        rank_low, rank_high, clear_to, ahead (from `rank_measures`); asks, offers
        (partners joined by ";"), asks_k, asks_n, offers_k, offers_n; mapping to workshops (all countries) and a column
        a country: agreement (asks for it), partial, dissonance (does not), silence, not_asked, hidden; coalition
        (countries that ask, wholly or in part), givers (that offer and do not ask); proposed (all, coalition,
        giver_taker, national, drop); against_step, against_country, against_k, against_n: of the steps and countries
        that say no, the one whose share is lowest at the upper end of its interval; empty where none says no, the step
        "hidden" where that may not be shown.
    """
    actions = study.table("support_actions").to_dict("records")
    if not actions:
        return pd.DataFrame(columns=[*_COPIED, *ranks])
    ranking, offer = find_questions(study)
    names = [_name_shares(row, ranking) for row in actions]
    used = {offer, *(name[1] for own in names for step in own.values() for name in step)}
    estimates = estimates[estimates["variable"].isin(used)]
    lookup, partners = index_estimates(estimates, "country"), index_estimates(estimates, "partner")
    decided = _find_decided(evidence, study)
    ids = [partner.id for partner in study.partners]
    rows, groups = [], ("", *study.countries)
    for action, own in zip(actions, names, strict=True):
        offered: Name = ("questionnaire", offer, action["offer"], "share")
        asked = {step: {"variable": first[1], "option": first[2]} for step, (first, *_) in own.items()}
        rules = {step: place | {"rule": _RULES[step]} for step, place in asked.items()}
        said = {code: [judge_step(rules.get(step), lookup, code, step) for step in study.steps] for code in groups}
        together = {row["step"]: _sum_up([row]) for row in said.pop("")}
        against = _find_against(lookup, own, said)
        positions = {code: decided.get((action["variable"], code)) or _sum_up(block) for code, block in said.items()}
        coalition = [code for code, position in positions.items() if position in ("agreement", "partial")]
        giving = [code for code in study.countries if _share(lookup, offered, code) >= _OFFERED]
        givers = [code for code in giving if code not in coalition]
        proposed = _propose(action["level"], len(coalition), len(study.countries), givers=bool(givers))
        row = {name: action[name] for name in _COPIED}
        row |= _list_partners("asks", partners, own["questionnaire"][0], ids, _USEFUL)
        row |= _list_partners("offers", partners, offered, ids, _OFFERED) | together | positions
        row |= {"coalition": ";".join(coalition), "givers": ";".join(givers), "proposed": proposed}
        rows.append(row | against)
    table = pd.DataFrame(rows).merge(ranks, on="action")
    return table.sort_values(["rank", "action"], ignore_index=True)


def _name_shares(action: Row, ranking: str) -> Names:
    """Where the shares of a measure stand, by step; the first is the one that the step's rule is about."""
    root, _, child = action["theme_code"].partition("/")
    step, useful = "questionnaire", action["variable"]
    return {
        step: [(step, useful, "", "share_top2"), (step, ranking, action["offer"], "share_ranked")],
        "interviews": [("interviews", f"theme:{root}", child, "share")],
        "workshops": [("workshops", "votes", action["item"], name) for name in ("share_ranked", "share_voted")],
    }


def _share(lookup: Lookup, name: Name, group: str) -> float:
    return float(lookup.get((*name, group), {"estimate": np.nan})["estimate"])


def _find_decided(evidence: pd.DataFrame, study: Study) -> dict[tuple[str, str], str]:
    """Positions that people set on the finding that rests on a measure's question."""
    asked = study.table("findings").query("step == 'questionnaire'").set_index("finding")["variable"].to_dict()
    rows = evidence[evidence["step"].eq("") & evidence["decided"].ne("")].to_dict("records")
    return {(asked[row["finding"]], row["country"]): row["decided"] for row in rows if row["finding"] in asked}


def _sum_up(said: list[dict[str, Any]]) -> str:
    """How far the steps ask for a measure."""
    words = [row["proposed"] for row in said if row["proposed"] != "not_asked"]
    weights = [_WEIGHTS[word] for word in words if word in _WEIGHTS]
    if not weights:
        return "hidden" if words else "not_asked"
    if not any(word in SPOKEN for word in words):
        return "silence"
    score = sum(weights) / len(weights)
    return "agreement" if score >= _WHOLLY else ("partial" if score >= _IN_PART else "dissonance")


def _find_against(lookup: Lookup, own: Names, said: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Who speaks most against a measure: of the steps and countries that say no, the lowest upper end of a share."""
    told = [(row["step"], code) for code, block in said.items() for row in block if row["proposed"] == "no"]
    rows = ((next((lookup[(*name, code)] for name in own[step] if (*name, code) in lookup), None), step, code)
            for step, code in told)  # fmt: skip
    known = [(row["high"], step, code, row["k"], row["n"]) for row, step, code in rows if row and row["k"] == row["k"]]
    hidden = any(row["proposed"] == "hidden" for block in said.values() for row in block)
    _, *lowest = min(known, default=(0, "hidden" * hidden, "", np.nan, np.nan))
    return dict(zip(("against_step", "against_country", "against_k", "against_n"), lowest, strict=True))


def _list_partners(column: str, partners: Lookup, name: Name, ids: list[str], least: float) -> dict[str, Any]:
    shares = {code: _share(partners, name, code) for code in ids}
    found = [code for code, share in shares.items() if share >= least]
    known = sum(share == share for share in shares.values())
    return {column: ";".join(found), f"{column}_k": len(found), f"{column}_n": known}


def _propose(level: str, asking: int, countries: int, *, givers: bool) -> str:
    if level == "national":
        return "national"
    if asking >= max(countries - 1, 2):
        return "all"
    if asking and givers:
        return "giver_taker"
    return "coalition" if asking > 1 else ("national" if asking else "drop")
