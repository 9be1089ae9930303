"""The synthetic example study: ten partners, four steps, every kind of dirt, the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path

from cncb_analysis.codebook import read_codebook, read_labels
from cncb_analysis.errors import StudyError
from cncb_analysis.simulation.answers import draw_answers
from cncb_analysis.simulation.banks import draw_generator
from cncb_analysis.simulation.cards import draw_cards
from cncb_analysis.simulation.files import World, ship_partner
from cncb_analysis.simulation.ledger import NOTICE, STATISTICS, write_planted, write_study_tables, write_truth
from cncb_analysis.simulation.plan import read_plan
from cncb_analysis.simulation.population import draw_clusters
from cncb_analysis.simulation.regional import write_regional_statistics
from cncb_analysis.simulation.segments import draw_segments
from cncb_analysis.store import read_bytes, read_settings, read_table, write_bytes

# The study that this project ships: its hand-written tables are the model of every simulated one.
_SHIPPED = Path(__file__).resolve().parents[1] / "data"
_README = Path(__file__).with_name("simulation") / "README.md"


def simulate_study(study: Path, *, seed: int, clusters: int | None = None) -> dict[str, bytes]:
    """Draw the study and write every file of it into memory.

    Parameters
    ----------
    study : Path
        Folder that holds `study/` with survey.csv, choices.csv and items.csv.
    seed : int
        Same seed, same bytes.
    clusters : int, optional
        Mapped clusters in all; 220 as calibrated. Everything scales with it.

    Returns
    -------
    dict of str to bytes
        Path below the study's folder to content: `raw/…`, the tables of `study/` that depend on the deliveries,
        and truth.csv.

    Raises
    ------
    StudyError
        When a table is missing or too few clusters are asked for.
    """
    world = _draw_world(study, seed, clusters)
    statistics = write_regional_statistics(draw_generator(seed, "regional"))
    shipments = {partner.partner: ship_partner(partner, world) for partner in world.plan}
    notice = f"{NOTICE}\n".encode()
    files = {f"raw/{STATISTICS}": statistics, "raw/eurostat/SYNTHETIC.txt": notice}
    for partner, shipment in shipments.items():
        files |= {f"raw/{partner}/{name}": data for name, data in shipment.files.items()}
        files[f"raw/{partner}/SYNTHETIC.txt"] = notice
    files |= {"raw/planted.csv": write_planted(shipments), "raw/README.md": read_bytes(_README)}
    tables = write_study_tables(world, shipments, statistics)
    files |= {f"study/{name}": data for name, data in tables.items()}
    return {**files, "truth.csv": write_truth(world)}


def _draw_world(study: Path, seed: int, clusters: int | None) -> World:
    tables = {name: read_table(study / "study" / f"{name}.csv") for name in ("survey", "choices", "items")}
    plan = read_plan(clusters)
    mapped = draw_clusters(plan, seed)
    answers = draw_answers(mapped, plan, seed)
    cards = draw_cards(answers, plan, seed)
    return World(
        plan=plan,
        clusters=mapped,
        answers=answers,
        cards=cards,
        segments=draw_segments(cards, answers, plan, seed),
        book=read_codebook(tables["survey"], tables["choices"]),
        items={row["item"]: read_labels(row) for row in tables["items"].to_dict("records")},
        seed=seed,
    )


def write_simulation(folder: Path, *, seed: int | None = None, clusters: int | None = None) -> int:
    """Write a synthetic study: its raw files, the tables that describe them, and the truth behind them.

    Parameters
    ----------
    folder : Path
        Of the study. Where it holds no `study/survey.csv`, the hand-written tables of the shipped study are copied
        there first.
    seed : int, optional
        Same seed, same bytes; by default the one in study.toml.
    clusters : int, optional
        Mapped clusters in all; 220 as calibrated.

    Returns
    -------
    int
        Number of files written.

    Raises
    ------
    StudyError
        When the tables are missing or too few clusters are asked for; nothing is written then.
    """
    folder = Path(folder)
    own = (folder / "study" / "survey.csv").is_file()
    model = folder if own else _SHIPPED
    if not (model / "study" / "survey.csv").is_file():
        remedy = "copy the tables of an existing study into its folder study/ first"
        raise StudyError("there are no study tables to start from", file=str(folder), remedy=remedy)
    drawn = int(read_settings(model / "study" / "study.toml").get("seed", 1)) if seed is None else seed
    files = simulate_study(model, seed=drawn, clusters=clusters)
    tables = sorted((model / "study").glob("*.*")) if not own else []
    copied = {f"study/{path.name}": read_bytes(path) for path in tables if f"study/{path.name}" not in files}
    for name, data in {**copied, **files}.items():
        write_bytes(folder / name, data)
    return len(files) + len(copied)
