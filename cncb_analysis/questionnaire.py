"""Step 2: who answered, of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cncb_analysis.estimates import ESTIMATE_COLUMNS, tabulate_groups, tabulate_shares

if TYPE_CHECKING:
    from cncb_analysis.study import Study

__all__ = ["tabulate_response"]

# Statuses that count as an answer used, and why the others are not.
_USED = ("complete", "partial")
_STATUSES = (*_USED, "rejected", "duplicate", "test")
# What is a part of what.
_SHARES = (("invited", "mapped"), ("used", "invited"))


def tabulate_response(units: pd.DataFrame, study: Study, *, step: str = "questionnaire") -> pd.DataFrame:
    """Follow the clusters from the map to the answers used.

    Parameters
    ----------
    units : DataFrame
        step, partner, status; of the mapping and of `step`.
    study : Study
        Its fieldwork table says how many were invited.
    step : str
        questionnaire or interviews.

    Returns
    -------
    DataFrame
        Estimates, variable `response`. Statistic count (k; no interval): options mapped, invited (clusters), delivered,
        complete, partial, rejected, duplicate, test, used (answers); none where it is not known. Statistic share:
        invited of mapped, used of invited. A country where one partner's figure is unknown has none.
    """
    own = units[units["step"].eq(step)]
    frame = units[units["step"].eq("mapping") & units["status"].isin(_USED)]
    counts = pd.DataFrame({"partner": [partner.id for partner in study.partners]}).set_index("partner")
    counts["country"] = [partner.country for partner in study.partners]
    counts["mapped"] = frame.groupby("partner").size()
    fieldwork = study.table("fieldwork")
    invited = fieldwork[fieldwork["step"].eq(step)].set_index("partner")["invited"]
    counts["invited"] = pd.to_numeric(invited, errors="coerce")
    delivered = own.groupby("partner").size()
    by_status = own.groupby(["partner", "status"]).size().unstack().reindex(columns=list(_STATUSES)).fillna(0)
    counts["delivered"] = delivered
    counts = counts.join(by_status)
    counts["used"] = counts[list(_USED)].sum(axis=1, min_count=1)
    options = ["mapped", "invited", "delivered", *_STATUSES, "used"]
    keys = ["partner", "country"]
    grouped = tabulate_groups(counts.reset_index()).groupby(keys, sort=False)
    table = grouped[options].agg(lambda column: column.sum(skipna=False)).reset_index()
    rows = table.melt(id_vars=keys, value_vars=options, var_name="option", value_name="k").dropna(subset=["k"])
    rows = rows.assign(
        step=step,
        variable="response",
        occasion="",
        statistic="count",
        estimate=rows["k"],
        low=np.nan,
        high=np.nan,
        n=np.nan,
        frame=np.nan,
        base=np.where(rows["option"].isin(["mapped", "invited"]), "clusters", "answers"),
        method="count",
    )
    parts = [
        table.assign(step=step, variable="response", option=part, k=table[part], n=table[whole], base="clusters")
        for part, whole in _SHARES
    ]
    shares = tabulate_shares(pd.concat(parts).dropna(subset=["k", "n"]).query("k <= n"))
    return pd.concat([rows[ESTIMATE_COLUMNS], shares], ignore_index=True)
