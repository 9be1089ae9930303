"""Step 1: the partners' clusters beside the statistics, and what step 1 hands on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cncb_analysis.concentration import cross_codes, read_rules
from cncb_analysis.estimates import shape_estimates, tabulate_counts, tabulate_shares
from cncb_analysis.study import Study

_MEASURED = ["lq", "jobs", "excess_jobs", "stars"]


def tabulate_clusters(
    units: pd.DataFrame, observations: pd.DataFrame, quotients: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """Set each mapped cluster beside the statistics of its sector and region.

    Parameters
    ----------
    units, observations : DataFrame
        Tidy tables; map_region and map_sector (option = what was written), map_recog.
    quotients : DataFrame
        From `tabulate_location_quotients`.
    study : Study
        For the bridge between vintages.

    Returns
    -------
    DataFrame
        unit, partner, country, cluster, host, region, sector, recognised (True, False or missing), jobs, lq, low, high,
        stars, bound, verdict: concentrated (LQ at least 1), not_concentrated, hidden (no figure) or unmatched.
    """
    units = units[units["step"].eq("mapping") & units["status"].isin(["complete", "partial"])]
    table = units[["unit", "partner", "country", "cluster", "host"]].reset_index(drop=True)
    given = observations[observations["step"].eq("mapping") & observations["missing"].eq("")]
    for name, variable in (("region", "map_region"), ("sector", "map_sector")):
        said = given[given["variable"].eq(variable)].drop_duplicates("unit").set_index("unit")["option"]
        table[name] = table["unit"].map(said).fillna("").astype(str).str.strip().str.upper()
    table["region"] = cross_codes(table["region"], study)
    recognition = given[given["variable"].eq("map_recog")]
    named = recognition["value"].gt(0) & recognition["option"].ne("none")
    table["recognised"] = table["unit"].map(named.groupby(recognition["unit"]).any())
    facts = ["region", "sector", "jobs", "lq", "low", "high", "stars", "bound"]
    table = table.merge(quotients[facts], on=["region", "sector"], how="left")
    cases = [table["bound"].isna(), table["lq"].isna(), table["lq"] >= 1]
    verdict = np.select(cases, ["unmatched", "hidden", "concentrated"], "not_concentrated")
    return table.assign(verdict=verdict, bound=table["bound"].fillna(""))


def tabulate_mapping(quotients: pd.DataFrame, clusters: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Hand step 1 on as estimates.

    Parameters
    ----------
    quotients, clusters : DataFrame
        From `tabulate_location_quotients` and `tabulate_clusters`.
    study : Study
        Says which partner covers which region.

    Returns
    -------
    DataFrame
        Estimates. Variable `concentration`: occasion = region, option = sector, statistics lq, jobs, excess_jobs,
        stars, for the rated sectors of the partners' regions, for cells with a star and for the clusters' cells; with
        an empty option the region's highest lq and stars among rated cells of the minimum size, exact ones before
        bounds. Method says where a figure is a bound (bound_upper). Variable `map_concentrated`, option yes, share:
        clusters with LQ of at least 1 (k) of those that have a figure (n).
    """
    owners = [(code, partner.id, partner.country) for partner in study.partners for code in partner.nuts]
    owned = pd.DataFrame(owners, columns=["occasion", "partner", "country"], dtype="str")
    owned = owned.assign(occasion=cross_codes(owned["occasion"], study)).drop_duplicates("occasion", keep="last")
    wanted = (quotients["region"].isin(owned["occasion"]) & quotients["stars"].notna()) | (quotients["stars"] > 0)
    pairs = pd.MultiIndex.from_frame(quotients[["region", "sector"]])
    wanted |= pairs.isin(pd.MultiIndex.from_frame(clusters[["region", "sector"]]))
    rated = quotients[quotients["stars"].notna() & (quotients["jobs"] >= read_rules(study)["minimum_jobs"])]
    best = rated.assign(stars=rated.groupby("region")["stars"].transform("max"), bounded=rated["bound"].ne(""))
    best = best.sort_values(["bounded", "lq"], ascending=[True, False]).drop_duplicates("region")
    best = best.assign(sector="", jobs=np.nan, excess_jobs=np.nan)
    rows = pd.concat([quotients[wanted & quotients["jobs"].notna()], best])
    rows = rows.rename(columns={"region": "occasion", "sector": "option"}).merge(owned, on="occasion", how="left")
    rows["country"] = rows["country"].fillna(rows["occasion"].str[:2])
    place = ["occasion", "option", "partner", "country", "low", "high", "bound"]
    rows = rows.melt(place, _MEASURED, "statistic", "estimate").dropna(subset="estimate")
    quotient, bounded = rows["statistic"].eq("lq"), rows["bound"].ne("")
    rows.loc[~quotient, ["low", "high"]] = np.nan
    method = np.select([bounded, quotient], ["bound_" + rows["bound"], "log_delta"], "count")
    rows = rows.assign(step="mapping", variable="concentration", base="persons employed", method=method)
    told = clusters[clusters["lq"].notna()].assign(step="mapping", variable="map_concentrated", option="yes")
    told = told.assign(occasion="", statistic="share", k=told["verdict"].eq("concentrated"))
    shares = tabulate_shares(tabulate_counts(told))
    return pd.concat([shape_estimates(rows), shares], ignore_index=True)
