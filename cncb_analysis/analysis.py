"""All tables of a run: cleaned deliveries in, one protected folder of tables a page out."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from cncb_analysis import coding, correspondence, interviews, mapping, pooling, questionnaire
from cncb_analysis.catalogue import Page
from cncb_analysis.cleaning import TABLE_COLUMNS, Cleaned, merge_cleaned
from cncb_analysis.comparison import EFFECT, MEASURED, Rules, compare_countries, compare_pairs, compare_ratings
from cncb_analysis.concentration import tabulate_location_quotients
from cncb_analysis.disclosure import Protected, Release, protect_estimates
from cncb_analysis.estimates import tabulate_estimates
from cncb_analysis.graph import list_pages
from cncb_analysis.store import read_bytes, read_frames, write_frames, write_text
from cncb_analysis.study import Study, read_study
from cncb_analysis.synthesis import rank_measures, tabulate_evidence, tabulate_joint_support, tabulate_overlap
from cncb_analysis.words import read_shipped
from cncb_analysis.workshops import tabulate_votes

SITE = "site"
_CLUSTER_FACTS = ["cluster", "host", "region", "sector", "type", "stage", "origin", "recognised", "lq", "stars"]
_COUNTED = ["partner", "step", "rule", "fate", "cells"]

_Frames = Mapping[str, pd.DataFrame]


def write_cleaned(folder: Path, cleaned: Cleaned) -> list[Path]:
    """Write the tidy tables of one delivery.

    Parameters
    ----------
    folder : Path
        Restricted; one a partner and step.
    cleaned : Cleaned
        What cleaning gave.

    Returns
    -------
    list of Path
        One file a table, also the empty ones.
    """
    return write_frames(folder, {name: getattr(cleaned, name) for name in TABLE_COLUMNS})


def read_cleaned(folder: Path, study: Study) -> tuple[Cleaned, pd.DataFrame]:
    """Read the tidy tables of all deliveries of a study.

    Parameters
    ----------
    folder : Path
        Holds PARTNER/STEP/TABLE.csv.
    study : Study
        Its partners and steps.

    Returns
    -------
    Cleaned
        All of them together.
    DataFrame
        partner, step, rule, fate, cells: how often cleaning did what.
    """
    parts, logs = [], [pd.DataFrame(columns=_COUNTED)]
    for partner in study.partners:
        for step in study.steps:
            parts.append(Cleaned(**read_frames(folder / partner.id / step)))
            counts = parts[-1].cell_log.groupby(["rule", "fate"]).size().reset_index(name="cells")
            logs.append(counts.assign(partner=partner.id, step=step)[_COUNTED])
    return merge_cleaned(parts), pd.concat([log for log in logs if len(log)] or logs, ignore_index=True)


def analyse_study(cleaned: Cleaned, cleaning: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """Tabulate all steps of all partners and compare the countries.

    Parameters
    ----------
    cleaned : Cleaned
        All deliveries.
    cleaning : DataFrame
        The cell log in numbers.
    study : Study
        Codebook, settings, tables; its seed makes every random number.

    Returns
    -------
    dict of str to DataFrame
        Everything computed, before protection: for the protect node alone. estimates, comparisons: as their modules
        say, of all steps. quotes, clusters, agreed: passages with consent; the mapped clusters beside the statistics;
        actions agreed in workshops. ranks: order of the joint support measures, which names no answer, partner or
        country. units: restricted, how many each partner delivered. cleaning: the cell log in numbers. hosts: how each
        country's results move when each host counts once.
    """
    units, observations = cleaned.units, cleaned.observations
    mapped = units[units["step"].eq("mapping") & units["status"].eq("complete")]
    frame = mapped.groupby("partner").size().to_dict()
    estimates = [tabulate_estimates(observations, study.codebook, frame=frame)]
    clusters, disagreements = pd.DataFrame(), pd.DataFrame(columns=["partner", "cluster"])
    if len(cleaned.cells):
        # Statistics that all partners share are delivered, and cleaned, once a partner.
        quotients = tabulate_location_quotients(cleaned.cells.drop_duplicates(), study)
        clusters = mapping.tabulate_clusters(units, observations, quotients, study)
        disagreements = mapping.tabulate_disagreements(clusters, quotients, study)
        estimates.append(mapping.tabulate_mapping(quotients, clusters, study))
        estimates.append(mapping.tabulate_neighbourhoods(quotients, study, rng=make_rng(study, "neighbourhoods")))
    estimates += [part for part in _tabulate_steps(cleaned, estimates[0], study) if len(part)]
    return {
        "estimates": pd.concat(estimates, ignore_index=True),
        **_compare(observations, study),
        "quotes": interviews.tabulate_quotes(cleaned.segments, key=read_key(study, needed=len(cleaned.segments) > 0)),
        "hosts": pooling.tabulate_hosts(estimates[0], observations, units, study.codebook),
        "clusters": clusters,
        "disagreements": disagreements,
        "agreed": cleaned.agreed_actions,
        "ranks": rank_measures(observations, cleaned.segments, units, study, rng=make_rng(study, "joint support")),
        "units": units,
        "cleaning": cleaning,
    }


def _compare(observations: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """Countries at once, two at a time where they differ, and the items of each battery."""
    rules = Rules(**study.settings.get("comparison", {}), **study.settings.get("margins", {}))
    given = (observations, study.codebook)
    found = compare_countries(*given, rng=make_rng(study, "comparison"), rules=rules)
    return {
        "comparisons": found,
        "pairs": compare_pairs(*given, found, rng=make_rng(study, "pairs"), rules=rules),
        "ratings": compare_ratings(*given, rng=make_rng(study, "ratings"), rules=rules),
    }


def _tabulate_steps(cleaned: Cleaned, estimates: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """What is special to a kind of question or to a step, where the study has it."""
    units, observations, segments = cleaned.units, cleaned.observations, cleaned.segments
    yield questionnaire.tabulate_quality(units, observations, study.codebook, rng=make_rng(study, "quality"))
    if "questionnaire" in study.steps:
        yield questionnaire.tabulate_response(units, study)
        yield questionnaire.tabulate_sensitivity(estimates, observations, units, study)
        yield correspondence.tabulate_crossed(observations, _read_figures(study))
    if "interviews" in study.steps:
        yield interviews.tabulate_codes(segments, units, study.table("themes"), not_asked=study.table("coverage"))
        yield coding.tabulate_agreement(segments, rng=make_rng(study, "agreement"))
        yield coding.tabulate_pairs(segments, units)
        root = str(study.setting("interviews", "companions_of", "steering"))
        yield coding.tabulate_pairs(segments, units, by="unit", root=root)
        yield coding.tabulate_saturation(segments, units, rng=make_rng(study, "saturation"))
        yield interviews.tabulate_profile(observations, study.table("profile"))
        yield interviews.tabulate_links(observations, study.codebook)
        yield tabulate_overlap(units)
    if "workshops" in study.steps:
        ballots, items = study.table("ballots"), study.table("items")
        consensus = study.setting("workshops", "consensus", None)
        yield tabulate_votes(observations, ballots, items, rng=make_rng(study, "votes"), consensus=consensus)


def _read_figures(study: Study) -> pd.DataFrame:
    return study.table("figures") if len(study.table("figures")) else read_shipped("figures")


def make_rng(study: Study, purpose: str) -> np.random.Generator:
    """Make one stream of chance a purpose, so that a new use of chance leaves the others' numbers alone.

    Parameters
    ----------
    study : Study
        For its seed.
    purpose : str
        What it is for.

    Returns
    -------
    Generator
        The same for the same seed and purpose.
    """
    return np.random.default_rng([int(study.settings.get("seed", 0)), *purpose.encode()])


def read_key(study: Study, *, needed: bool = True) -> bytes:
    """Read the secret from which pseudonyms are made; it stands outside study and repository.

    Parameters
    ----------
    study : Study
        Where its data are made up, nobody is to be protected, and its seed is the secret: everybody gets the same.
    needed : bool
        Whether there is anybody to be given a pseudonym.

    Returns
    -------
    bytes
        Of the file that the variable CNCB_KEY names, else one in the home folder; made at first use.

    Raises
    ------
    StudyError
        When the file cannot be read or made.
    """
    if study.settings.get("synthetic") or not needed:
        return f"made up: {study.settings.get('seed', 0)}".encode()
    # What stands below a folder of this name only its owner may read.
    path = Path(os.environ.get("CNCB_KEY") or Path.home() / ".config" / "cncb" / "restricted" / "pseudonyms.key")
    if not path.exists():
        write_text(path, secrets.token_hex(32))
    return read_bytes(path)


def write_analysis(analysis: _Frames, study: Study, *, audience: str) -> list[Path]:
    """Protect the estimates of a run for an audience and write one folder of tables a page.

    Parameters
    ----------
    analysis : mapping of str to DataFrame
        As `analyse_study` gives it.
    study : Study
        For threshold, partners that publish, findings and actions.
    audience : str
        public, partner or consortium.

    Returns
    -------
    list of Path
        Files under processed/pages/AUDIENCE, and the public tables under processed/public.
    """
    masked = _protect(analysis, study, audience)
    shared = _keep_seen(masked, study, audience)
    common = _synthesise(shared, analysis, study)
    written, pages = [], list_pages([partner.id for partner in study.partners], list(study.steps))
    for notebook, partner in (*pages, (SITE, "")):
        own = _keep_seen(masked, study, audience, partner)
        tables = {"estimates": _select_estimates(own.frame, study, notebook, partner)}
        tables |= {name: frame if not partner else frame.iloc[:0] for name, frame in common.items()}
        tables |= _select_facts(analysis, study, audience, partner)
        if notebook == "comparison":
            tables |= _stand_beside(shared.frame, analysis, study, audience)
        written += write_frames(_page_folder(study.folder, audience, notebook, partner), tables)
    used = analysis["units"].query("status in ['complete', 'partial']")
    delivered = used.groupby(["partner", "step"]).size().reset_index(name="n")
    written += write_frames(_page_folder(study.folder, audience, "delivered", ""), {"delivered": delivered})
    public = shared if audience == "public" else _protect(analysis, study, "public")
    tables = _synthesise(public, analysis, study) | {"estimates": public.frame}
    return written + write_frames(study.folder / "processed" / "public", tables)


def _page_folder(folder: Path, audience: str, notebook: str, partner: str) -> Path:
    return folder / "processed" / "pages" / audience / "_".join(part for part in (notebook, partner) if part)


def _keep_seen(masked: Protected, study: Study, audience: str, partner: str = "") -> Protected:
    """Leave a partner the rows of all, of partners that publish, and its own."""
    seen = {"", partner, *(each.id for each in study.partners if each.publish)}
    return Protected(masked.frame[masked.frame["partner"].isin(seen)]) if audience == "partner" else masked


def _protect(analysis: _Frames, study: Study, audience: str) -> Protected:
    # A partner sees its own pages and the shared ones: a mask each would tell what neither does, so one serves all.
    shown = [each.id for each in study.partners if each.publish or audience == "partner"]
    release = Release(audience, study.threshold, publish=frozenset(shown))
    rests_on = {("profile", row["statement"]): row["variable"] for row in study.table("profile").to_dict("records")}
    published = study.table("published")
    found = protect_estimates(analysis["estimates"], study.codebook, release, published=published, rests_on=rests_on)
    return Protected(correspondence.close_crossed(found.frame))


def _synthesise(protected: Protected, analysis: _Frames, study: Study) -> dict[str, pd.DataFrame]:
    """Evidence and joint support rest on protected estimates: what is hidden cannot speak there either."""
    evidence = tabulate_evidence(protected.frame, study)
    support = tabulate_joint_support(protected.frame, evidence, study, analysis["ranks"])
    compared = {name: _close(analysis[name], protected.frame, study) for name in ("comparisons", "pairs", "ratings")}
    return {**compared, "evidence": evidence, "joint_support": support}


def _close(comparisons: pd.DataFrame, shown: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Take out of each comparison what would tell counts that are hidden: all but its verdict and bases."""
    hidden = shown[shown["mark"].eq("hidden") & shown["partner"].eq("")]
    batteries = {name: variable.battery for name, variable in study.codebook.variables.items()}
    places = set(zip(hidden["step"], hidden["variable"], hidden["option"], strict=True))
    places |= {(step, name, "") for step, variable, _ in places for name in (variable, batteries.get(variable, ""))}
    whole = comparisons["option"].where(comparisons["variable"].isin(list(batteries)), "")
    rows = zip(comparisons["step"], comparisons["variable"], whole, strict=True)
    closed = pd.Series([row in places for row in rows], comparisons.index, dtype=bool)
    told = {name: comparisons[name].mask(closed) for name in (*MEASURED, *EFFECT)}
    return comparisons.assign(contrast=comparisons["contrast"].mask(closed, ""), **told)


def _stand_beside(shown: pd.DataFrame, analysis: _Frames, study: Study, audience: str) -> dict[str, pd.DataFrame]:
    """What stands beside the verdicts; of what is shown only, or for the consortium alone."""
    book, alpha = study.codebook, float(study.setting("comparison", "alpha", 0.05))
    maps = correspondence.tabulate_maps(shown, _read_figures(study), book)
    return {
        "estimates": pd.concat([shown, pooling.tabulate_pooling(shown), maps], ignore_index=True),
        "detectable": pooling.tabulate_detectable(shown, analysis["comparisons"], book, alpha=alpha),
        "hosts": analysis["hosts"] if audience == "consortium" else analysis["hosts"].iloc[:0],
        "benchmarks": study.table("benchmarks"),
    }


def _select_estimates(shown: pd.DataFrame, study: Study, notebook: str, partner: str) -> pd.DataFrame:
    """Keep what a page looks at, so that another partner's number does not make it stale."""
    if not partner:
        return shown
    country = study.partner(partner).country
    near = shown["partner"].isin(["", partner]) & shown["country"].isin(["", country])
    regional = shown["step"].eq("mapping") & shown["occasion"].ne("")
    steps = [notebook] if notebook in study.steps else list(study.steps)
    return shown[(near | regional) & shown["step"].isin(steps)]


def _select_facts(analysis: _Frames, study: Study, audience: str, partner: str) -> dict[str, pd.DataFrame]:
    """Facts that are no estimates; names of clusters never reach the public."""
    facts = {name: analysis[name] for name in ("quotes", "cleaning", "agreed")} | {"sources": study.table("sources")}
    clusters, found = pd.DataFrame(), analysis["disagreements"]
    named = found["cluster"].ne("") & (audience == "public")
    found = found[found["partner"].eq(partner) & ~named]
    if partner:
        facts = {name: frame[frame["partner"].isin(["", partner])] for name, frame in facts.items()}
    if partner and audience != "public" and len(analysis["clusters"]):
        clusters = analysis["clusters"].loc[analysis["clusters"]["partner"] == partner, _CLUSTER_FACTS]
    return {**facts, "clusters": clusters, "disagreements": found}


def read_page(folder: Path, notebook: str, *, partner: str = "", language: str = "", audience: str = "") -> Page:
    """Read what a page may show, as `write_analysis` left it.

    Parameters
    ----------
    folder : Path
        The study's folder.
    notebook : str
        Its name without number, or "site" for what the first screen tells.
    partner : str
        The partner's id; empty for the pages of all.
    language, audience : str
        Empty = as study.toml says.

    Returns
    -------
    Page
        Its methods show findings, figures and tables.
    """
    study = read_study(folder)
    audience = audience or study.audience
    tables = read_frames(_page_folder(study.folder, audience, notebook, partner))
    # The page's own rows of the ledger: another partner's new file leaves this page as it is.
    study = replace(study, tables={**study.tables, "sources": tables["sources"]})
    language = language or str(study.settings.get("language", "en"))
    return Page(study, notebook, partner, language, audience, Protected(tables["estimates"]), tables)


def read_delivered(folder: Path, audience: str) -> dict[tuple[str, str], int]:
    """Read how many units each partner delivered for each step.

    Parameters
    ----------
    folder : Path
        The study's folder.
    audience : str
        Whose tables to read.

    Returns
    -------
    dict of (str, str) to int
        Partner and step to the clusters, answers, interviews or participants used.
    """
    rows = read_frames(_page_folder(folder, audience, "delivered", ""))["delivered"]
    return {(row["partner"], row["step"]): int(row["n"]) for row in rows.to_dict("records")}
