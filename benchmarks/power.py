"""How often the comparison finds what is there, and what is not: python -m benchmarks.power [STUDIES] [JOBS].

Scores the verdicts of the shipped study and of simulated studies with other seeds against what was planted in them
(truth.csv), and prints the tables of docs/power.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from cncb_analysis.cleaning import clean_step, merge_cleaned
from cncb_analysis.codebook import Codebook
from cncb_analysis.comparison import Rules, compare_countries
from cncb_analysis.simulation.answers import draw_answers
from cncb_analysis.simulation.plan import read_plan
from cncb_analysis.simulation.population import draw_clusters
from cncb_analysis.statistics.intervals import wilson_interval
from cncb_analysis.store import read_table
from cncb_analysis.study import Study, read_study

DATA = Path(__file__).resolve().parents[1] / "data"
STUDIES, JOBS = 200, 2
# Fewer arrangements than the shipped study's: a family of sixteen still reaches its level.
RULES = Rules(permutations=1999)
FIRST_SEED = 1
VERDICTS = ("differs", "cannot tell", "similar", "too few")
# What differs because something else does: the three ranked first because the ratings differ, a strategy because the
# team is larger, a recognition that only one partner's interviewed clusters hold.
FOLLOWS = (("sup_top3", ""), ("str_doc", ""), ("cl_recog", "triade_2009"), ("cl_recog", "regional"))
COLUMNS = ["step", "partner", "country", "unit", "variable", "option", "occasion", "value", "missing"]


@cache
def load_study() -> Study:
    return read_study(DATA)


@cache
def load_truth() -> pd.DataFrame:
    return read_table(DATA / "truth.csv")


def draw_population(seed: int) -> pd.DataFrame:
    """Answers of a simulated study before anybody writes them into a file."""
    plan = read_plan()
    return draw_answers(draw_clusters(plan, seed), plan, seed)


def observe_population(people: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """Observations of the questionnaire as cleaning would make them of files without dirt; answers given alone."""
    place = people[["partner", "country"]].assign(unit=people["partner"] + ":" + people["cluster"])
    parts = []
    for variable in book.asked_in("questionnaire"):
        if variable.name not in people or variable.kind == "text" or variable.role in ("identifier", "free_text"):
            continue
        answers, options = people[variable.name], [choice.name for choice in book.options(variable)]
        orders = {choice.name: float(choice.order or 1) for choice in book.options(variable)}
        rows, given = place.assign(variable=variable.name), answers.notna()
        if variable.kind in ("single", "ordinal"):
            known = given & answers.isin(options)
            parts.append(rows[known].assign(option=answers[known], value=answers[known].map(orders)))
        elif variable.kind in ("multiple", "rank"):
            for option in options:
                marks = [_mark(codes, option, ranked=variable.kind == "rank") for codes in answers[given]]
                parts.append(rows[given].assign(option=option, value=marks))
        else:
            parts.append(rows[given].assign(option="", value=answers[given].astype(float)))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(step="questionnaire", occasion="", missing="")[COLUMNS]


def _mark(codes: tuple[str, ...], option: str, *, ranked: bool) -> float:
    if ranked:
        return codes.index(option) + 1.0 if option in codes else np.nan
    return float(option in codes)


def read_shipped() -> pd.DataFrame:
    """Observations of the shipped study's questionnaire, cleaned from its files."""
    study = load_study()
    cleaned = merge_cleaned([clean_step(study, partner.id, "questionnaire") for partner in study.partners])
    return cleaned.observations


def name_truth(rows: pd.DataFrame, truth: pd.DataFrame, book: Codebook) -> pd.Series:
    """Say of each comparison what is true: planted, follows (from a planted difference) or equal.

    A whole question or battery is planted where any of its answers or items is.
    """
    planted = truth[truth["kind"].isin(["differs", "dissonance"])]
    names = planted["variable"].str.replace("^map_", "cl_", regex=True)
    pairs = {pair for pair in zip(names, planted["option"], strict=True) if pair[0] in book.variables}

    def is_among(variable: str, option: str, known: Iterable[tuple[str, str]]) -> bool:
        items = {variable, *(each.name for each in book.battery(variable))}
        single = not option or book.variables[variable].kind == "single"
        return any(name in items and (single or code in ("", option)) for name, code in known)

    keys = list(zip(rows["variable"], rows["option"].fillna(""), strict=True))
    told = [("planted" if is_among(*key, pairs) else "follows" if is_among(*key, FOLLOWS) else "equal") for key in keys]
    return pd.Series(told, index=rows.index)


def score(observations: pd.DataFrame, seed: int, rules: Rules = RULES) -> pd.DataFrame:
    """Verdicts of one study beside the truth: study, variable, option, test, truth, verdict, p."""
    book = load_study().codebook
    rows = compare_countries(observations, book, rng=np.random.default_rng([seed, 6]), rules=rules)
    rows = rows[rows["step"] == "questionnaire"].assign(study=seed)
    rows["truth"] = name_truth(rows, load_truth(), book)
    return rows[["study", "variable", "option", "test", "truth", "verdict", "p"]]


def score_seed(seed: int) -> pd.DataFrame:
    """Draw a study and score it."""
    return score(observe_population(draw_population(seed), load_study().codebook), seed)


def score_studies(studies: int = STUDIES, jobs: int = JOBS) -> pd.DataFrame:
    """Draw and score that many studies."""
    seeds = range(FIRST_SEED, FIRST_SEED + studies)
    if jobs == 1:
        return pd.concat(map(score_seed, seeds), ignore_index=True)
    with ProcessPoolExecutor(jobs) as pool:
        return pd.concat(pool.map(score_seed, seeds, chunksize=5), ignore_index=True)


def tabulate_power(scored: pd.DataFrame) -> pd.DataFrame:
    """How often each planted difference was found: found of studies, with Wilson's interval; the most often first."""
    found = scored["truth"].ne("equal")
    rows = scored[found].assign(found=scored["verdict"].eq("differs"))
    table = rows.groupby(["truth", "variable", "option", "test"])["found"].agg(["sum", "size"]).reset_index()
    low, high = wilson_interval(table["sum"], table["size"])
    table = table.assign(power=table["sum"] / table["size"], low=low, high=high)
    return table.sort_values(["truth", "power"], ascending=[False, False], kind="stable", ignore_index=True)


def tabulate_verdicts(scored: pd.DataFrame) -> pd.DataFrame:
    """Share of each verdict by what is true: mean over studies, its interval from how the studies differ."""
    shares = pd.crosstab([scored["truth"], scored["study"]], scored["verdict"], normalize="index")
    shares = shares.reindex(columns=list(VERDICTS), fill_value=0.0)
    equal = scored[scored["truth"] == "equal"]
    alarms = equal["verdict"].eq("differs").groupby(equal["study"]).any()
    tests = equal[equal["p"].notna()]
    single = (tests["p"] < RULES.alpha).groupby(tests["study"]).mean()
    measures = {(truth, name): part[name] for truth, part in shares.groupby(level="truth") for name in VERDICTS}
    measures |= {("equal", "p below the level, unadjusted"): single, ("equal", "any false alarm in a study"): alarms}
    rows = []
    for (truth, name), values in measures.items():
        k, n = values.sum(), len(values)
        spread = 1.96 * values.std() / n**0.5 if n > 1 else float("nan")
        low, high = wilson_interval(k, n) if values.dtype == bool else (values.mean() - spread, values.mean() + spread)
        rows.append((truth, name, float(values.mean()), max(float(low), 0.0), min(float(high), 1.0)))
    return pd.DataFrame(rows, columns=["truth", "what", "share", "low", "high"])


def write_markdown(table: pd.DataFrame) -> str:
    """Write a table for docs/power.md; shares as percent."""
    shown = table.copy()
    for name in shown.select_dtypes(float):
        shown[name] = [f"{100 * value:.1f} %" if value == value else "" for value in shown[name]]
    lines = [list(shown.columns), ["---"] * shown.shape[1], *shown.astype(str).to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(words: list[str]) -> None:
    studies, jobs = [*map(int, words), *(STUDIES, JOBS)[len(words) :]]
    shipped = score(read_shipped(), int(load_study().settings["seed"]), Rules())
    scored = score_studies(studies, jobs)
    counts = pd.crosstab(shipped["truth"], shipped["verdict"]).reset_index()
    for title, table in (
        ("Shipped study", counts),
        (f"{studies} studies: verdicts by what is true", tabulate_verdicts(scored)),
        (f"{studies} studies: how often each true difference was found", tabulate_power(scored)),
    ):
        sys.stdout.write(f"## {title}\n\n{write_markdown(table)}\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
