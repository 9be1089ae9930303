"""Looks into every file that leaves, whatever its format, for what was promised to stay in the house."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cncb_analysis.errors import StudyError
from cncb_analysis.store import read_bytes
from cncb_analysis.study import declared_tables
from cncb_analysis.words import read_fixed_words

if TYPE_CHECKING:
    import pandas as pd

    from cncb_analysis.cleaning import Cleaned
    from cncb_analysis.study import Study

Words = tuple[str, ...]
Secrets = Mapping[str, Any]

_TOKEN = re.compile(r"\w+")
# From its sign on: a search that begins with the name before it takes ten times as long.
_EMAIL = re.compile(r"(?<=[\w+-])@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)\d{2}[ /().-]{0,2}\d(?:[ /().-]{0,2}\d){6,11}(?!\w)")
_EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,([A-Za-z0-9+/=\s]+)")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_SHOWN = re.compile(rb"\[(.*?)\]\s*TJ", re.DOTALL)
_STRINGS = re.compile(rb"\(((?:\\.|[^()\\])*)\)")
# So many words in a row are somebody's, not the language's; a shorter text counts whole, from three words on.
_RUN, _LEAST = 7, 3
_FIRM = ("identifier", "cluster")
_DEEPEST = 5
_PRINTABLE = bytes([*range(32, 127), *b"\n\r\t"])
# These tables of a study repeat what was delivered; all others are written for the pages.
_RAW_VALUES = ("corrections", "crosswalk", "recodes", "sources")
_VOCABULARY = ("choices", "items", "survey", "themes", "words")


class Hit(NamedTuple):
    """Something that must not leave, found in a file that would.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        identifier, text, cluster, e-mail or telephone.
    place : str
        Where inside: the member of an archive.
    """

    path: Path
    kind: str
    place: str


def collect_secrets(cleaned: Cleaned, quotes: pd.DataFrame, study: Study, *, audience: str) -> Secrets:
    """Collect what must not leave for an audience.

    Parameters
    ----------
    cleaned : Cleaned
        All deliveries: identifiers, free texts and passages are secret, and for the public names of clusters and hosts.
    quotes : DataFrame
        Passages that may be quoted: text, translation.
    study : Study
        What its labels, names and reasons say for everybody is no secret.
    audience : str
        public, partner or consortium.

    Returns
    -------
    dict
        For `scan_file`; ordinary: names that the study's own questions, codes, words or partners' names say, so that
        they cannot be looked for (a host that is called Agency).
    """
    partners = [str(name) for partner in study.partners for name in (partner.name, partner.short)]
    units = cleaned.units
    # A trial entry names no cluster, and its words may stand anywhere.
    trials = set(units.loc[units["status"] == "test", "cluster"])
    names = {name for column in ("cluster", "host") for name in units[column]} - trials
    vocabulary = [*map(study.table, _VOCABULARY), read_fixed_words()]
    said = _list_runs([*_list_cells(vocabulary), *partners], {len(_split(name)) for name in names})
    ordinary = {name for name in names if audience == "public" and _split(name) in said}
    passages = [text for column in ("text", "translation") for text in cleaned.segments[column]]
    told = cleaned.identifiers
    secrets = [
        (kind, text) for kind, text in zip(told["kind"], told["text"], strict=True) if text not in names | trials
    ]
    secrets += [("text", text) for text in (*cleaned.texts["text"], *passages)]
    secrets += [("cluster", name) for name in sorted(names - ordinary) if audience == "public"]
    released = [text for column in ("text", "translation") for text in quotes.get(column, ())]
    released += _list_cells(study.table(name) for name in declared_tables() if name not in _RAW_VALUES)
    contact = [str(study.settings.get("contact", ""))]
    return {
        **index_secrets(secrets, [*released, *partners], addresses=contact),
        "ordinary": sorted(ordinary - {"", *partners}),
    }


def _list_cells(tables: Iterable[pd.DataFrame]) -> list[str]:
    return [text for table in tables for column in table for text in table[column].unique()]


def index_secrets(secrets: Iterable[tuple[str, str]], released: Iterable[str], *, addresses: Iterable[str]) -> Secrets:
    """Index what must not leave by its first word.

    Parameters
    ----------
    secrets : iterable of (str, str)
        Kind and text. Of a text, every seven words in a row are secret; a shorter one is so as a whole, from three
        words on. Identifiers, cells and names of clusters are so from one word on.
    released : iterable of str
        Texts that may be told: what stands there word for word is no secret, unless it is an identifier or a cluster.
    addresses : iterable of str
        E-mail addresses that the study itself publishes.

    Returns
    -------
    dict
        runs: first two words, or the only one, to pairs of the words that follow and the kind; addresses.

    Examples
    --------
    >>> index_secrets([("identifier", "Anna Rossi")], ["Province of Milan"], addresses=())["runs"]
    {'anna rossi': [[[], 'identifier']]}
    """
    wanted = {run: kind for kind, text in secrets for run in _cut(kind, text)}
    told = _list_runs(released, {len(run) for run in wanted})
    runs: dict[str, list[list[Any]]] = {}
    for run, kind in wanted.items():
        if kind in _FIRM or run not in told:
            runs.setdefault(" ".join(run[:2]), []).append([list(run[2:]), kind])
    return {"runs": runs, "addresses": [address for address in addresses if "@" in address]}


def _list_runs(texts: Iterable[str], lengths: Iterable[int]) -> set[Words]:
    """Every row of so many words that stands in the texts."""
    split, sizes = list(map(_split, texts)), sorted(lengths)
    return {words[at : at + size] for words in split for size in sizes for at in range(len(words) - size + 1)}


def _split(text: str) -> Words:
    return tuple(_TOKEN.findall(text.casefold()))


def _cut(kind: str, text: str) -> Iterator[Words]:
    words = _split(text)
    if kind != "text":
        # A number or a letter alone names nobody.
        if len(words) > 1 or (words and len(words[0]) > 3 and not words[0].isdigit()):
            yield words
    elif len(words) > _RUN:
        yield from (words[start : start + _RUN] for start in range(len(words) - _RUN + 1))
    elif len(words) >= _LEAST:
        yield words


def scan_file(path: Path, secrets: Secrets) -> list[Hit]:
    """Scan one file, and what is packed inside it.

    Parameters
    ----------
    path : Path
        Of any format: text of all kinds, zip, xlsx, pptx, PNG, PDF; also what is embedded as base64.
    secrets : mapping
        From `index_secrets`, also after a journey through JSON.

    Returns
    -------
    list of Hit
        Without the secret itself, so that it can be printed.
    """
    found = {(kind, place) for place, text in _read_texts(read_bytes(path), "", 0) for kind in _search(text, secrets)}
    return [Hit(path, kind, place) for kind, place in sorted(found)]


def _search(text: str, secrets: Secrets) -> Iterator[str]:
    words, runs = _split(text), secrets["runs"]
    pairs = list(map(" ".join, pairwise(words)))
    yield from (kind for word in runs.keys() & set(words) for _, kind in runs[word])
    begun = runs.keys() & set(pairs)
    for place, pair in enumerate(pairs if begun else ()):
        for rest, kind in runs[pair] if pair in begun else ():
            if list(words[place + 2 : place + 2 + len(rest)]) == rest:
                yield kind
    own = secrets["addresses"]
    for sign in _EMAIL.finditer(text):
        if not any(text.startswith(address, sign.start() - address.index("@")) for address in own):
            yield "e-mail"
    if _PHONE.search(text):
        yield "telephone"


def _read_texts(data: bytes, place: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text in some bytes, with the member of the archive that it stands in."""
    if depth > _DEEPEST:
        raise StudyError("archives lie too deep inside each other to be looked through", file=place)
    yield place, place
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _read_texts(archive.read(name), f"{place}/{name}".lstrip("/"), depth + 1)
    elif data.startswith(b"\x89PNG"):
        yield place, "\n".join(_read_png(data))
    elif data.startswith(b"%PDF"):
        yield place, _read_pdf(data)
    else:
        text = html.unescape(data.decode("utf-8", "replace"))
        for embedded in _EMBEDDED.findall(text):
            yield from _read_texts(_decode(embedded), place, depth + 1)
        yield place, _EMBEDDED.sub("", text)


def _decode(embedded: str) -> bytes:
    try:
        return base64.b64decode(embedded)
    except binascii.Error:
        return embedded.encode()


def _read_png(data: bytes) -> Iterator[str]:
    """What a picture says of itself: its chunks but those of the image."""
    start = 8
    while start + 8 <= len(data):
        size, kind = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        body = data[start + 8 : start + 8 + size]
        if kind == b"zTXt":
            body = zlib.decompress(body.partition(b"\0")[2][1:])
        if kind in {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}:
            yield body.decode("utf-8", "replace")
        start += size + 12


def _read_pdf(data: bytes) -> str:
    """Strings of a document and of its packed streams; pieces that are set apart for kerning are joined."""
    parts = [_STREAM.sub(b"", data)]
    for stream in _STREAM.findall(data):
        with contextlib.suppress(zlib.error):
            part = zlib.decompress(stream)
            # A font or a picture is no text, though it may look like an address here and there.
            parts += [part] * (len(part.translate(None, _PRINTABLE)) < len(part) / 20)
    pieces = [piece for part in parts for piece in (*_SHOWN.findall(part), *part.split(b"\n"))]
    return "\n".join(b"".join(_STRINGS.findall(piece)).decode("latin-1") for piece in pieces)
