"""Step 1: the partners' clusters beside the statistics, and what step 1 hands on."""

import numpy as np
import pandas as pd

from cncb_analysis.concentration import cross_codes, read_rules
from cncb_analysis.estimates import match_rows, shape_estimates, tabulate_counts, tabulate_shares
from cncb_analysis.statistics.permutation import benjamini_hochberg
from cncb_analysis.statistics.regional import herfindahl
from cncb_analysis.statistics.spatial import moran, weigh_neighbours
from cncb_analysis.study import Study

_MEASURED = ["lq", "jobs", "excess_jobs", "slq", "p_adjusted", "stars"]
# Questions that hold a fact of the list.
_FACTS = ["map_region", "map_sector", "map_type", "map_stage", "map_origin"]
_PERMUTATIONS, _LEVEL = 1999, 0.05


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
        unit, partner, country, cluster, host, region, sector, type, stage, origin (codes, several joined by ";"),
        recognised (True, False or missing), jobs, lq, low, high, stars, bound, verdict: concentrated (LQ at least 1),
        not_concentrated, hidden (no figure) or unmatched.
    """
    units = units[units["step"].eq("mapping") & units["status"].isin(["complete", "partial"])]
    table = units[["unit", "partner", "country", "cluster", "host"]].reset_index(drop=True)
    given = observations[observations["step"].eq("mapping") & observations["missing"].eq("")]
    chosen = given[given["variable"].isin(_FACTS) & given["value"].gt(0)]
    chosen = chosen[["unit", "variable", "option"]].astype(str)
    facts = chosen.groupby(["unit", "variable"])["option"].agg(";".join).unstack(fill_value="")
    facts = facts.reindex(index=table["unit"], columns=_FACTS, fill_value="")
    table = table.join(facts.rename(columns=lambda name: name.removeprefix("map_")), on="unit")
    written = table[["region", "sector"]].apply(lambda codes: codes.str.strip().str.upper())
    table = table.assign(region=cross_codes(written["region"], study), sector=written["sector"])
    recognition = given[given["variable"].eq("map_recog")]
    named = recognition["value"].gt(0) & recognition["option"].ne("none")
    table["recognised"] = table["unit"].map(named.groupby(recognition["unit"]).any())
    figures = ["region", "sector", "jobs", "lq", "low", "high", "stars", "bound"]
    table = table.merge(quotients[figures], on=["region", "sector"], how="left")
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
        Estimates. Variable `concentration`: occasion = region, option = sector, statistics lq, jobs, excess_jobs, slq,
        p_adjusted, stars, for the rated sectors of the partners' regions, for cells with a star and for the clusters'
        cells; with an empty option the region's highest lq and stars among rated cells of the minimum size, exact ones
        before bounds, and its herfindahl over all sectors. Statistic lq_bounds, of rated cells without an exact
        quotient: low and high, between which it lies (estimate = high). Method says where a figure is a bound
        (bound_upper). Variable `map_concentrated`, option yes, share: clusters with LQ of at least 1 (k) of those that
        have a figure (n).
    """
    owned = _list_regions(study).rename(columns={"region": "occasion"})
    wanted = (quotients["region"].isin(owned["occasion"]) & quotients["stars"].notna()) | (quotients["stars"] > 0)
    wanted |= match_rows(quotients, clusters, ["region", "sector"])
    rated = quotients[quotients["stars"].notna() & (quotients["jobs"] >= read_rules(study)["minimum_jobs"])]
    best = rated.assign(stars=rated.groupby("region")["stars"].transform("max"), bounded=rated["bound"].ne(""))
    best = best.sort_values(["bounded", "lq"], ascending=[True, False]).drop_duplicates("region")
    best = best.assign(sector="", **dict.fromkeys(_MEASURED[1:5], np.nan))
    told = [quotients[wanted & quotients["jobs"].notna()], best, _find_bounds(quotients), _measure_variety(quotients)]
    names = {"region": "occasion", "sector": "option"}
    rows = pd.concat(told).rename(columns=names).merge(owned, on="occasion", how="left")
    rows["country"] = rows["country"].fillna(rows["occasion"].str[:2])
    place = ["occasion", "option", "partner", "country", "low", "high", "bound"]
    rows = rows.melt(place, [*_MEASURED, "lq_bounds", "herfindahl"], "statistic", "estimate").dropna(subset="estimate")
    quotient, bounded = rows["statistic"].isin(["lq", "lq_bounds"]), rows["bound"].fillna("").ne("")
    rows.loc[~quotient, ["low", "high"]] = np.nan
    method = np.select([bounded, quotient], ["bound_" + rows["bound"].fillna(""), "log_delta"], "count")
    rows = rows.assign(step="mapping", variable="concentration", base="persons employed", method=method)
    told = clusters[clusters["lq"].notna()].assign(step="mapping", variable="map_concentrated", option="yes")
    told = told.assign(occasion="", statistic="share", k=told["verdict"].eq("concentrated"))
    shares = tabulate_shares(tabulate_counts(told))
    return pd.concat([shape_estimates(rows), shares], ignore_index=True)


def _find_bounds(quotients: pd.DataFrame) -> pd.DataFrame:
    """Cells whose quotient is not exact but limited, as rows of their own."""
    rated = quotients["sector"].isin(quotients.loc[quotients["stars"].notna(), "sector"])
    known = quotients[rated & quotients["bound"].ne("") & quotients["most"].notna()]
    places = known[["region", "sector", "bound"]]
    return places.assign(lq_bounds=known["most"], low=known["least"], high=known["most"])


def _measure_variety(quotients: pd.DataFrame) -> pd.DataFrame:
    """How few sectors hold a region's jobs."""
    jobs = quotients.pivot(index="region", columns="sector", values="jobs")
    return pd.DataFrame({"region": jobs.index, "sector": "", "bound": "", "herfindahl": herfindahl(jobs.to_numpy())[0]})


def tabulate_disagreements(clusters: pd.DataFrame, quotients: pd.DataFrame, study: Study) -> pd.DataFrame:
    """List where the partners' lists and the statistics disagree: the finding of step 1.

    Parameters
    ----------
    clusters, quotients : DataFrame
        From `tabulate_clusters` and `tabulate_location_quotients`.
    study : Study
        Which partner covers which region; what counts as concentrated ([mapping] location_quotient, minimum_jobs).

    Returns
    -------
    DataFrame
        partner, country, kind, region, sector, cluster, jobs, lq, low, high, stars. Kind `without_concentration`: a
        recognised cluster whose sector has a quotient below 1 in its region. Kind `without_cluster`: an exact cell
        above both limits in a region of a partner who delivered a list, which names no cluster there; cluster is empty.
    """
    rules, columns = read_rules(study), ["jobs", "lq", "low", "high", "stars"]
    place = ["region", "sector"]
    doubted = clusters[clusters["verdict"].eq("not_concentrated") & clusters["recognised"].eq(True)]
    strong = quotients["lq"].ge(rules["location_quotient"]) & quotients["jobs"].ge(rules["minimum_jobs"])
    strong &= quotients["bound"].eq("") & quotients["stars"].notna()
    listing = _list_regions(study)
    listing = listing[listing["partner"].isin(clusters["partner"])]
    missed = quotients[strong].merge(listing, on="region")
    missed = missed[~match_rows(missed, clusters, place)].sort_values("lq", ascending=False)
    parts = [doubted.assign(kind="without_concentration"), missed.assign(kind="without_cluster", cluster="")]
    found = pd.concat(parts, ignore_index=True)
    return found[["partner", "country", "kind", *place, "cluster", *columns]]


def tabulate_neighbourhoods(quotients: pd.DataFrame, study: Study, *, rng: np.random.Generator) -> pd.DataFrame:
    """Ask of each rated sector whether neighbouring regions are alike, and which stand out together.

    The null hypothesis is that the sector's figures are spread over the regions by chance. Neighbours share a border
    (geography.csv, column neighbours), each with the same weight; regions whose figure is hidden, and those without a
    neighbour that has one, stand outside. Excess jobs decide, for quotients of small regions vary most; Moran's I of
    the quotients stands beside.

    Parameters
    ----------
    quotients : DataFrame
        From `tabulate_location_quotients`.
    study : Study
        Its geography table and partners.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        Estimates, variable `neighbourhood`, option = sector, n = regions: statistics moran (excess jobs), moran_p
        (1,999 permutations; corrected over the sectors after Benjamini and Yekutieli), moran_lq; and, occasion =
        region, hot_spot: local I of a region that stands out together with its neighbours (both above the mean,
        p at most 0.05 corrected over the sector's regions after Benjamini and Hochberg).
    """
    near = study.table("geography").set_index("region")["neighbours"].str.split(";")
    rows, rated = [], quotients[quotients["stars"].notna() & quotients["lq"].notna()]
    for sector, cells in rated[rated["region"].isin(near.index)].groupby("sector"):
        weights = weigh_neighbours(cells["region"].tolist(), near[cells["region"]].tolist())
        found = moran(cells["excess_jobs"], weights, rng=rng, permutations=_PERMUTATIONS)
        quotient = moran(cells["lq"], weights, rng=rng, permutations=0).overall
        told = {"option": sector, "n": len(cells)}
        said = {"moran": found.overall, "moran_p": found.p, "moran_lq": quotient}
        rows += [{**told, "statistic": name, "estimate": value} for name, value in said.items()]
        for place in np.flatnonzero(found.high & (benjamini_hochberg(found.local_p) <= _LEVEL)):
            region = cells["region"].iloc[place]
            spot = {"occasion": region, "country": region[:2], "statistic": "hot_spot", "estimate": found.local[place]}
            rows.append({**told, **spot})
    table = pd.DataFrame(rows, columns=["occasion", "option", "country", "n", "statistic", "estimate"])
    table = table.fillna({"occasion": "", "country": ""}).dropna(subset="estimate")
    tests = table["statistic"].eq("moran_p")
    table.loc[tests, "estimate"] = benjamini_hochberg(table.loc[tests, "estimate"], method="by")
    return shape_estimates(table.assign(step="mapping", variable="neighbourhood", base="regions", method="permutation"))


def _list_regions(study: Study) -> pd.DataFrame:
    """Regions of the study's vintage with the partner that covers each, the last named where several do."""
    owners = [(code, partner.id, partner.country) for partner in study.partners for code in partner.nuts]
    owned = pd.DataFrame(owners, columns=["region", "partner", "country"], dtype="str")
    return owned.assign(region=cross_codes(owned["region"], study)).drop_duplicates("region", keep="last")
