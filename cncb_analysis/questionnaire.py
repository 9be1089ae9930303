"""Step 2: who answered, of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cncb_analysis.estimates import tabulate_groups, tabulate_shares

if TYPE_CHECKING:
    from cncb_analysis.study import Study

__all__ = ["tabulate_response"]

_STEP = "questionnaire"
# Statuses that count as an answer used, and why the others are not.
_USED = ["complete", "partial"]
_STATUSES = [*_USED, "rejected", "duplicate", "test"]
_STAGES = ["mapped", "invited", "delivered", *_STATUSES, "used"]
# What is a part of what.
_PARTS = {"invited": "mapped", "used": "invited"}


def tabulate_response(units: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Follow the clusters from the map to the answers used.

    Parameters
    ----------
    units : DataFrame
        step, partner, status; of the mapping and of the questionnaire.
    study : Study
        Its fieldwork table says how many were invited.

    Returns
    -------
    DataFrame
        Estimates, variable `response`. Statistic count (k; no interval): options mapped, invited (clusters), delivered,
        complete, partial, rejected, duplicate, test, used (answers); none where it is not known. Statistic share:
        invited of mapped, used of invited. A country where one partner's figure is unknown has none.
    """
    keys = ["partner", "country"]
    counts = pd.DataFrame([(partner.id, partner.country) for partner in study.partners], columns=keys)
    answers = units[units["step"].eq(_STEP)]
    by_status = pd.crosstab(answers["partner"], answers["status"]).reindex(columns=_STATUSES, fill_value=0)
    counts = counts.join(
        by_status.assign(delivered=by_status.sum(axis=1), used=by_status[_USED].sum(axis=1)), "partner"
    )
    mapped = units.loc[units["step"].eq("mapping") & units["status"].isin(_USED), "partner"].value_counts()
    fieldwork = study.table("fieldwork").query("step == @_STEP").set_index("partner")
    invited = pd.to_numeric(fieldwork["invited"], errors="coerce")
    counts = counts.assign(mapped=counts["partner"].map(mapped), invited=counts["partner"].map(invited))
    table = tabulate_groups(counts).groupby(keys, sort=False)[_STAGES].agg(lambda part: part.sum(skipna=False))
    rows = table.melt(value_vars=_STAGES, var_name="option", value_name="k", ignore_index=False).reset_index()
    rows = rows.assign(step=_STEP, variable="response", whole=rows["option"].map(_PARTS))
    totals = rows[[*keys, "option", "k"]].rename(columns={"option": "whole", "k": "n"})
    parts = rows.merge(totals, on=[*keys, "whole"]).dropna(subset=["k", "n"]).query("k <= n")
    shares = tabulate_shares(parts.assign(base="clusters"))
    base = np.where(rows["option"].isin(["mapped", "invited"]), "clusters", "answers")
    rows = rows.assign(occasion="", statistic="count", estimate=rows["k"], base=base, method="count")
    rows = rows.dropna(subset="k").reindex(columns=shares.columns).astype(shares.dtypes.to_dict())
    return pd.concat([rows, shares], ignore_index=True)
