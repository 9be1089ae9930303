"""The triangulation protocol: what each step says on a finding in each country, and how far the steps agree."""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any

import numpy as np
import pandas as pd

from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import tabulate_counts, tabulate_shares
from cncb_analysis.schema import read_schema
from cncb_analysis.study import RULE, Study

_PLACE, _DECIDED = ["finding", "theme", "step", "country"], ["decided", "decided_by", "reason"]
SPOKEN = ("yes", "partly", "no")
_MET = ("interviews", "overlap", "questionnaire", "share")
Row = Mapping[str, Any]
# By step, variable, option, statistic, and country or partner.
Lookup = Mapping[tuple[str, str, str, str, str], Row]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "=": eq}
# Interviewees and participants are no random sample: there one more or one less stands for the interval.
_NO_SAMPLE = ("interviews", "workshops")


def tabulate_evidence(estimates: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Propose for each finding what each step says in each country, and how far the steps agree.

    A step says yes or no where its rule of findings.csv holds, or fails, over the whole interval of the estimate, and
    partly where the interval straddles. Interviews and workshops are no samples: there one interview, participant or
    place more or less takes the interval's part. An interview topic that nobody raised is silence, never a no.

    Parameters
    ----------
    estimates : DataFrame
        Of all steps. With a column `mark`, what is hidden stays unsaid.
    study : Study
        Tables findings (rules) and decisions (positions set by people).

    Returns
    -------
    DataFrame
        finding, theme, step, country ("" = all), proposed, decided, decided_by, reason, k, n, overlap, estimates (where
        the number stands: step|variable|option|occasion|statistic). A row a step: proposed yes, partly, no, silent,
        not_asked or hidden. A row with an empty step for the steps together: agreement (all say yes, or all no),
        partial, dissonance (yes and no), silence (of those that asked, none or one speaks), not_asked (by fewer than
        two: nothing to compare), hidden; k = steps that speak, n = steps that asked, overlap = where questionnaire and
        interviews say the same, the interviewed clusters that also answered the questionnaire: people who speak twice
        are no two sources.

    References
    ----------
    Farmer, T. et al. (2006). Developing and implementing a triangulation protocol for qualitative health research.
    Qualitative Health Research, 16, 377-394. O'Cathain, A., Murphy, E. and Nicholl, J. (2010). Three techniques for
    integrating data in mixed methods studies. BMJ, 341, c4587.
    """
    asked = estimates["variable"].isin([*study.table("findings")["variable"], _MET[1]])
    lookup = index_estimates(estimates[asked], "country")
    decisions = study.table("decisions").set_index(["finding", "country", "step"])[["position", "who", "reason"]]
    decided = dict(zip(decisions.index, decisions.itertuples(index=False, name=None), strict=True))
    rows = []
    for finding, block in study.table("findings").groupby("finding", sort=False):
        rules = {row["step"]: row for row in block.to_dict("records")}
        for country in ("", *study.countries):
            said = [judge_step(rules.get(step), lookup, country, step) for step in study.steps]
            met = lookup.get((*_MET, country), {"k": np.nan})["k"]
            for row in (*said, _weigh_up(said, met)):
                place = (finding, block["theme"].iloc[0], row["step"], country)
                people = decided.get((finding, country, row["step"]), ("", "", ""))
                rows.append(row | dict(zip([*_PLACE, *_DECIDED], (*place, *people), strict=True)))
    table = pd.DataFrame(rows, columns=list(read_schema()["evidence"]))
    return table.astype(dict.fromkeys(["k", "n", "overlap"], float))


def tabulate_overlap(units: pd.DataFrame) -> pd.DataFrame:
    """Count the interviewed clusters that also answered the questionnaire.

    Parameters
    ----------
    units : DataFrame
        step, partner, country, cluster, status: restricted. Voting sheets bear no cluster, so that nobody knows who
        among the participants had answered before.

    Returns
    -------
    DataFrame
        Estimates of step interviews, variable `overlap`, option questionnaire, statistic share: k of the n interviewed
        clusters, by partner, country and all. Like any count, to be protected before it is shown.

    Examples
    --------
    >>> steps, clusters = ["interviews", "interviews", "questionnaire"], ["Upupa", "Kos", "Kos"]
    >>> units = pd.DataFrame({"step": steps, "cluster": clusters})
    >>> table = tabulate_overlap(units.assign(partner="pecs", country="HU", status="complete"))
    >>> table.loc[table["partner"] == "pecs", ["k", "n"]].values.tolist()
    [[1.0, 2.0]]
    """
    used = units[units["status"].isin(["complete", "partial"]) & units["cluster"].ne("")]
    used = used.drop_duplicates(["step", "partner", "cluster"])
    names = pd.MultiIndex.from_frame(used[["partner", "cluster"]])
    met = used.assign(k=names.isin(names[used["step"] == "questionnaire"]))[used["step"] == "interviews"]
    place = dict(zip(("variable", "option", "statistic"), _MET[1:], strict=True), occasion="")
    return tabulate_shares(tabulate_counts(met.assign(**place)))


def index_estimates(estimates: pd.DataFrame, group: str) -> Lookup:
    """Index estimates of countries or of partners; of several rounds the last stands.

    Parameters
    ----------
    estimates : DataFrame
        Of all steps.
    group : str
        country ("" = all) or partner.

    Returns
    -------
    mapping
        By step, variable, option, statistic and group.

    Examples
    --------
    >>> row = {"step": "workshops", "variable": "votes", "option": "tours", "statistic": "dots", "country": "IT"}
    >>> rounds = [row | {"partner": "", "occasion": occasion} for occasion in ("2", "1")]
    >>> index_estimates(pd.DataFrame(rounds), "country")["workshops", "votes", "tours", "dots", "IT"]["occasion"]
    '2'
    """
    level = estimates["partner"].eq("") if group == "country" else estimates["partner"].ne("")
    rows = estimates[level].sort_values("occasion", kind="stable").to_dict("records")
    return {(row["step"], row["variable"], row["option"], row["statistic"], row[group]): row for row in rows}


def judge_step(rule: Row | None, lookup: Lookup, country: str, step: str) -> dict[str, Any]:
    """Judge what one step says in one country.

    Parameters
    ----------
    rule : mapping or None
        variable, option, rule ("statistic >= number"), asked; None, or asked = no, where the step does not ask.
    lookup : mapping
        From `index_estimates`.
    country, step : str
        Where.

    Returns
    -------
    dict
        step, proposed, estimates, k, n.

    Raises
    ------
    StudyError
        When the rule is not understood.

    Examples
    --------
    >>> row = {"estimate": 5 / 7, "low": 0.36, "high": 0.92, "k": 5, "n": 7, "statistic": "share", "occasion": ""}
    >>> rule = {"variable": "theme:staff", "option": "", "rule": "share >= 0.5"}
    >>> judge_step(rule, {("interviews", "theme:staff", "", "share", "IT"): row}, "IT", "interviews")["proposed"]
    'yes'
    """
    nothing = {"step": step, "proposed": "not_asked", "k": np.nan, "n": np.nan, "overlap": np.nan, "estimates": ""}
    if rule is None or not rule["rule"] or rule.get("asked") == "no":
        return nothing
    match = RULE.fullmatch(rule["rule"])
    if match is None:
        remedy = "write a statistic, a comparison and a number, such as share >= 0.5"
        raise StudyError("not a rule", file="findings.csv", column="rule", value=rule["rule"], remedy=remedy)
    statistic, sign, limit = match[1], match[2], float(match[3])
    row = lookup.get((step, rule["variable"], rule["option"], statistic, country))
    if row is None:
        return nothing
    where = "|".join([step, rule["variable"], rule["option"], row["occasion"], statistic])
    said = {"step": step, "k": row["k"], "n": row["n"], "estimates": where}
    if row.get("mark") == "hidden" or row["estimate"] != row["estimate"]:
        return said | {"proposed": "hidden"}
    if step == "interviews" and row["k"] == 0 and sign in (">=", ">"):
        return said | {"proposed": "silent"}
    holds = {_COMPARE[sign](value, limit) for value in (row["estimate"], *_find_ends(row, step))}
    return said | {"proposed": "partly" if len(holds) > 1 else ("yes" if True in holds else "no")}


def _find_ends(row: Row, step: str) -> tuple[float, ...]:
    if row["statistic"].endswith("_rank"):
        return row["estimate"] - 1, row["estimate"] + 1
    if step in _NO_SAMPLE and row["statistic"].startswith("share") and row["k"] == row["k"]:
        return max(row["k"] - 1, 0) / row["n"], min(row["k"] + 1, row["n"]) / row["n"]
    return tuple(row[end] for end in ("low", "high") if row[end] == row[end])


def _weigh_up(said: list[dict[str, Any]], met: float) -> dict[str, Any]:
    """How far the steps agree, whichever way; `met` interviewed clusters also answered the questionnaire."""
    both = [row["proposed"] for row in said if row["step"] in ("questionnaire", "interviews")]
    overlap = met if len(both) > 1 and len({*both}) == 1 and both[0] in SPOKEN else np.nan
    words = [row["proposed"] for row in said]
    spoken, asked = [word for word in words if word in SPOKEN], [word for word in words if word in (*SPOKEN, "silent")]
    if len(asked) < 2:
        position = "hidden" if "hidden" in words else "not_asked"
    elif len(spoken) < 2 and "silent" in words:
        position = "silence"
    elif {"yes", "no"} <= set(spoken):
        position = "dissonance"
    elif spoken == asked and set(spoken) in ({"yes"}, {"no"}):
        position = "agreement"
    else:
        position = "partial"
    rests = ";".join(row["estimates"] for row in said if row["estimates"])
    return {"step": "", "proposed": position, "k": len(spoken), "n": len(asked), "overlap": overlap, "estimates": rests}
