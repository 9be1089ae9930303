"""What the partners deliver: the answers that count among unfinished, repeated and trial entries, and their dirt."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cncb_analysis.simulation.answers import PAGES
from cncb_analysis.simulation.banks import draw_generator, read_bank
from cncb_analysis.simulation.dialects import DIALECTS
from cncb_analysis.simulation.plan import FINANCE, PartnerPlan

# Partners whose questionnaire lets people type a degree that is not in the list.
TYPED = ("upper_austria", "plzen", "milan", "podkarpackie", "bratislava", "pomurje")
_WITHOUT_TOKEN = ("plzen", "pecs", "banska_bystrica")
_START, _DAYS = datetime.datetime(2011, 2, 7, 8, 0), 50
_DIAL = {"AT": "43", "CZ": "420", "HU": "36", "IT": "39", "PL": "48", "SK": "421", "SI": "386"}
_TRIAL = {"de": "Test", "cs": "zkouška", "hu": "teszt", "it": "prova", "pl": "próba", "sk": "skúška", "sl": "preskus"}
_DECIMALS = ("plzen", "pecs", "bratislava", "silesia")  # some write half percents
_ROUNDED = ("veneto", "podkarpackie", "silesia")  # one each adds up to 99: taken, and brought to 100
_SOURCES = [f"fin_src_{source}" for source in FINANCE]


def deliver_answers(partner: PartnerPlan, answers: pd.DataFrame, clusters: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Put together one partner's delivery of the questionnaire.

    Parameters
    ----------
    partner : PartnerPlan
        How many unfinished, repeated and trial entries.
    answers, clusters : DataFrame
        As `draw_answers` and `draw_clusters` give them.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        A row an entry in the order of arrival: the variables, contact data and texts, kind (used, rejected,
        duplicate, test), changed (tuples of variable and kind of dirt that stand in the record already), id,
        submitdate, lastpage, startlanguage, token.
    """
    rng = draw_generator(seed, f"delivery:{partner.partner}")
    used = answers[answers["partner"] == partner.partner].reset_index(drop=True)
    used = _draw_contacts(_draw_texts(used, partner, rng), partner, rng)
    used["kind"], used["changed"] = "used", [()] * len(used)
    used["started"] = [_draw_moment(rng) for _ in range(len(used))]
    used["token"] = "" if partner.partner in _WITHOUT_TOKEN else _draw_tokens(len(used), rng)
    silent = clusters[(clusters["partner"] == partner.partner) & clusters["invited"] & ~clusters["used"]]
    parts = [
        _spoil_finance(used, partner, rng),
        _draw_unfinished(used, silent["cluster"].to_list(), partner, rng),
        _draw_repeated(used, partner, rng),
        _draw_trials(used, partner, rng),
    ]
    entries = pd.concat([part for part in parts if len(part)], ignore_index=True)
    entries = entries.sort_values("started", kind="stable", ignore_index=True)
    entries["id"] = (np.cumsum(rng.integers(1, 4, len(entries))) + 2).astype(str)
    return _stamp_entries(entries, partner, rng)


def _draw_texts(used: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    """Strengths and wishes; as long as the bank lasts nobody writes what a neighbour wrote."""
    for kind, share in (("strength", 0.75), ("improve", 0.7)):
        bank = read_bank("answers").query("language == @partner.language and variable == @kind")["text"].to_numpy()
        texts = np.resize(rng.permutation(bank), len(used))
        written = (rng.random(len(used)) < share) & (used["last_page"] == len(PAGES)).to_numpy()
        used[kind] = np.where(written, texts, "")
    return used


def _draw_contacts(used: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    complete = (used["last_page"] == len(PAGES)).to_numpy()
    willing = used["interviewed"].to_numpy() | (rng.random(len(used)) < 0.4)
    used["contact_ok"] = _blank_unless(complete, np.where(willing, "yes", "no"))
    used["consent"] = _blank_unless(complete, np.where(rng.random(len(used)) < 0.75, "yes", "no"))
    names = read_bank("names").query("language == @partner.language")
    contacts = []
    for sex, cluster in zip(used["cm_sex"], used["cluster"], strict=True):
        own = names[names["sex"] == sex]
        first, last = (_pick(rng, own[own["part"] == part]["name"].to_list()) for part in ("first", "last"))
        full = f"{last} {first}" if partner.language == "hu" else f"{first} {last}"
        number = f"+{_DIAL[partner.country]} 555 01{rng.integers(10, 99)} {rng.integers(10, 99)}"
        contacts.append((full, f"{_plain(first)}.{_plain(last)}@{_plain(cluster)}.example", number))
    told = complete & willing
    for place, name in enumerate(("contact_name", "email", "phone")):
        used[name] = np.where(told, [contact[place] for contact in contacts], "")
    return used


def _blank_unless(answered: np.ndarray, answers: np.ndarray) -> list[str | None]:
    return [str(answer) if yes else None for yes, answer in zip(answered, answers, strict=True)]


def _pick(rng: np.random.Generator, choices: list[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _plain(text: str) -> str:
    """Letters as an address may hold them."""
    text = text.replace("ß", "ss").translate(str.maketrans("łŁđ", "lLd"))
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "-".join("".join(sign if sign.isalnum() else " " for sign in ascii_text.casefold()).split())


def _draw_moment(rng: np.random.Generator) -> datetime.datetime:
    return _START + datetime.timedelta(days=int(rng.integers(_DAYS)), minutes=int(rng.integers(9 * 60)))


def _draw_tokens(count: int, rng: np.random.Generator) -> list[str]:
    letters = np.array(list("abcdefghijkmnpqrstuvwxyz23456789"))
    return ["".join(row) for row in rng.choice(letters, (count, 12))]


def _spoil_finance(used: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    """Percents that do not add up to 100, that miss it by one, and halves: as people type them."""
    entries = used.copy()
    for row in entries.index[entries["finance_off"]]:
        largest = entries.loc[row, _SOURCES].astype(float).idxmax()
        entries.loc[row, largest] += float(rng.choice([-10, -5, 5, 10]))
        entries.at[row, "changed"] = ((largest, "sum_not_100"),)
    plain = rng.permutation(entries.index[~entries["finance_off"] & ~entries["interviewed"]])
    if partner.partner in _ROUNDED and len(plain):
        largest = entries.loc[plain[0], _SOURCES].astype(float).idxmax()
        entries.loc[plain[0], largest] -= 1
        entries.at[plain[0], "changed"] = ((largest, "sum_99"),)
    for row in plain[1:3] if partner.partner in _DECIMALS else ():
        shares = entries.loc[row, _SOURCES].astype(float).sort_values(ascending=False)
        if shares.iloc[1] >= 1:
            entries.loc[row, shares.index[:2]] = shares.iloc[:2].to_numpy() + np.array([0.5, -0.5])
            entries.at[row, "changed"] = tuple((name, "decimal_comma") for name in shares.index[:2])
    return entries


def _draw_unfinished(
    used: pd.DataFrame, silent: list[str], partner: PartnerPlan, rng: np.random.Generator
) -> pd.DataFrame:
    """Entries of other clusters that stop on the first pages: too little to count."""
    count = min(partner.counts["rejected"], len(silent))
    entries = used.iloc[rng.integers(0, len(used), count)].copy()
    entries["cluster"] = [silent[place] for place in rng.permutation(len(silent))[:count]]
    entries["last_page"] = rng.integers(1, 4, count)
    for page, starts in enumerate(PAGES, start=1):
        late = entries["last_page"] < page
        for name in [name for name in entries if name.startswith(starts) and name != "cluster"]:
            entries[name] = entries[name].astype(object).where(~late, None)
    entries.loc[entries["last_page"] < 2, "typed"] = ""
    entries["kind"], entries["changed"] = "rejected", [()] * count
    entries["token"] = "" if partner.partner in _WITHOUT_TOKEN else _draw_tokens(count, rng)
    entries["started"] = [_draw_moment(rng) for _ in range(count)]
    return entries


def _draw_repeated(used: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    """Earlier versions of entries that count: same token or same cluster, a few answers different."""
    complete = used[used["last_page"] == len(PAGES)]
    entries = complete.iloc[rng.permutation(len(complete))[: partner.counts["duplicates"]]].copy()
    entries["kind"], entries["changed"] = "duplicate", [()] * len(entries)
    entries["started"] = [moment - datetime.timedelta(hours=int(rng.integers(3, 60))) for moment in entries["started"]]
    entries["improve"] = ""
    entries["fin_trend"] = "same"
    if partner.partner == "pecs":  # no token and the name written otherwise: only the answers tell
        entries["cluster"] = entries["cluster"] + " klaszter"
    if partner.partner == "milan":  # given up on page 5, then done in full
        entries["last_page"] = 5
        entries[["consent", "contact_ok"]] = None
        entries[["strength", "contact_name", "email", "phone"]] = ""
    return entries


def _draw_trials(used: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    entries = used[used["last_page"] == len(PAGES)].iloc[: partner.counts["tests"]].copy()
    word = _TRIAL[partner.language]
    entries["cluster"], entries["contact_ok"] = word.upper(), "yes"
    entries["contact_name"], entries["email"] = f"{word} {word}", f"{_plain(word)}@{_plain(partner.partner)}.example"
    entries["phone"], entries["typed"], entries["strength"], entries["improve"] = "", "", word, word
    entries["kind"], entries["changed"] = "test", [()] * len(entries)
    entries["token"] = "" if partner.partner in _WITHOUT_TOKEN else f"{_plain(word)}1"
    entries["started"] = [_START - datetime.timedelta(days=int(days)) for days in rng.integers(1, 6, len(entries))]
    return entries


def _stamp_entries(entries: pd.DataFrame, partner: PartnerPlan, rng: np.random.Generator) -> pd.DataFrame:
    """What the tool itself writes down."""
    minutes = rng.integers(9, 40, len(entries))
    finished = [
        start + datetime.timedelta(minutes=int(length))
        for start, length in zip(entries["started"], minutes, strict=True)
    ]
    done = entries["last_page"] == len(PAGES)
    entries["startdate"] = [moment.isoformat(sep=" ") for moment in entries["started"]]
    entries["datestamp"] = [moment.isoformat(sep=" ") for moment in finished]
    entries["submitdate"] = entries["datestamp"].where(done, "")
    entries["lastpage"] = entries["last_page"].astype(int).astype(str)
    entries["startlanguage"] = partner.language
    return entries


def system_columns(partner: str, entries: pd.DataFrame) -> tuple[Mapping[str, pd.Series], Mapping[str, pd.Series]]:
    """Columns that the tool puts before and behind the questions.

    Parameters
    ----------
    partner : str
        Whose tool.
    entries : DataFrame
        As `deliver_answers` gives them.

    Returns
    -------
    tuple of mapping of str to Series
        Heading to cells: those in front, those at the end.
    """
    if DIALECTS[partner].headings == "slash":
        digits = entries["id"].str.zfill(8)
        front = {"start": entries["startdate"].str.replace(" ", "T"), "end": entries["datestamp"].str.replace(" ", "T")}
        back = {
            "_id": entries["id"],
            "_uuid": digits + "-0000-4000-8000-" + digits.str[::-1].str.zfill(12),
            "_submission_time": entries["datestamp"].str.replace(" ", "T"),
            "_index": pd.Series(range(1, len(entries) + 1), index=entries.index).astype(str),
        }
        return front, back
    if partner == "banska_bystrica":
        return {"id": entries["id"], "DATUM": entries["datestamp"].str[:10]}, {}
    texts = {
        "de": ("Antwort ID", "Datum Abgeschickt", "Letzte Seite", "Start-Sprache", "Zugangsschlüssel"),
        "it": ("ID risposta", "Data di invio", "Ultima pagina", "Lingua iniziale", "Codice di accesso"),
        "sk": ("ID odpovede", "Dátum odoslania", "Posledná strana", "Jazyk začiatku", "Prístupový kód"),
    }
    names = ["id", "submitdate", "lastpage", "startlanguage", "token"]
    said = texts.get(entries["startlanguage"].iloc[0], ()) if DIALECTS[partner].headings == "text" else ()
    headings = [f"{name}. {text}" for name, text in zip(names, said, strict=False)] or names
    front = {
        heading: entries[name]
        for heading, name in zip(headings, names, strict=True)
        if name != "token" or partner not in _WITHOUT_TOKEN
    }
    return front, {}
