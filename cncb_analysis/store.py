"""The only module that opens files: whole or not at all, and a record of what was read."""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cncb_analysis.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

# The first moment that a zip entry can carry: a fixed one keeps workbooks and decks byte-stable.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
HALF_WRITTEN = ".cncb-"
NO_ROOM = ", no room is left"
_records: ContextVar[tuple[dict[str, str], ...]] = ContextVar("records", default=())


def hash_bytes(data: bytes) -> str:
    """Fingerprint of some bytes.

    Parameters
    ----------
    data : bytes
        Anything.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> hash_bytes(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """Fingerprint of a file's content, never of its time.

    Parameters
    ----------
    path : Path
        A file; a missing one has the fingerprint "missing".

    Returns
    -------
    str
        SHA-256, or "missing".

    Examples
    --------
    >>> hash_file(Path("no such file"))
    'missing'
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return "missing"


@contextlib.contextmanager
def recording() -> Iterator[dict[str, str]]:
    """Record every file read inside the block.

    Yields
    ------
    dict of str to str
        Absolute path to SHA-256, filled while the block runs.

    Examples
    --------
    >>> with recording() as record:
    ...     text = read_text(Path(__file__))
    >>> len(record)
    1
    """
    record: dict[str, str] = {}
    token = _records.set((*_records.get(), record))
    try:
        yield record
    finally:
        _records.reset(token)


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    StudyError
        When there is no such file or it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise _refuse(path, "there is no such file", "check the path") from None
    except OSError as error:
        raise _refuse(path, f"cannot be read ({error.strerror})", "check its permissions") from None
    for record in _records.get():
        record[str(path.resolve())] = hash_bytes(data)
    return data


def _refuse(path: Path, problem: str, remedy: str, **place: str) -> StudyError:
    return StudyError(problem, file=str(path), remedy=remedy, **place)


def read_text(path: Path) -> str:
    """Read a text file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Its text, line ends as they stand.

    Raises
    ------
    StudyError
        When it is missing or not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "save it as 'CSV UTF-8' in your spreadsheet"
        raise _refuse(path, f"is not UTF-8 (byte {error.start})", remedy) from None


def read_settings(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its tables.

    Raises
    ------
    StudyError
        When it is missing or not TOML; names the line.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise _refuse(path, f"is not valid TOML ({error})", "check quotes and brackets in that line") from None


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of the study: UTF-8 with commas, or semicolons where the heading has no comma; cells are text.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    DataFrame
        Text cells, empty ones ""; the index is the line of the file as a spreadsheet counts it (heading = 1).

    Raises
    ------
    StudyError
        When a heading is missing or repeated, or a row has more or fewer cells than the heading.
    """
    import pandas as pd

    text = read_text(path)
    # A spreadsheet in most languages of Europe writes semicolons.
    comma = "," in text.partition("\n")[0]
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="," if comma else ";"))
    if not rows or not any(rows[0]):
        raise _refuse(path, "has no heading", "put the column names in the first row", row="1")
    heading = [name.strip() for name in rows[0]]
    if repeated := sorted({name for name in heading if heading.count(name) > 1}):
        raise _refuse(path, "heading repeated", "rename one of the two", row="1", value=repeated[0])
    body = [(line, row) for line, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    for line, row in body:
        if len(row) != len(heading):
            said = f"has {len(row)} cells where the heading has {len(heading)}"
            raise _refuse(path, said, "quote a text that holds a comma", row=str(line))
    return pd.DataFrame([row for _, row in body], columns=heading, index=[line for line, _ in body], dtype=str)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file or nothing: into a temporary file beside it, then renamed.

    The disk is not waited for, which would take a tenth of a run: what a power cut spoils no longer has the
    fingerprint that the run noted, and is made again.

    Parameters
    ----------
    path : Path
        Where to; its folder is made. Below a folder `restricted` only the owner may read it.
    data : bytes
        What.

    Raises
    ------
    StudyError
        When it cannot be written (full disk, no permission); the old file is then still there.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=HALF_WRITTEN)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(0o600 if "restricted" in path.parts else 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        said = f"cannot be written{NO_ROOM * full} ({error.strerror})"
        raise _refuse(path, said, "free some space or choose another folder") from None


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all.

    Parameters
    ----------
    path : Path
        Where to.
    text : str
        What.
    """
    write_bytes(path, text.encode("utf-8"))


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV in UTF-8 with LF line ends, whole or not at all.

    Parameters
    ----------
    path : Path
        Where to.
    frame : DataFrame
        Any; its index is not written. Numbers are written in full, so that reading gives the same.
    """
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def write_frames(folder: Path, frames: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write several tables with the types of their columns, so that `read_frames` gives the same tables.

    Parameters
    ----------
    folder : Path
        Where to.
    frames : mapping of str to DataFrame
        Name to table; columns of text, numbers or truth values.

    Returns
    -------
    list of Path
        NAME.csv for each, and types.json.
    """
    kinds = {"f": "float64", "i": "int64", "b": "bool"}
    dtypes = {name: frame.dtypes.items() for name, frame in frames.items()}
    types = {name: {column: kinds.get(dtype.kind, "str") for column, dtype in own} for name, own in dtypes.items()}
    paths = [folder / f"{name}.csv" for name in frames]
    for path in paths:
        write_table(path, frames[path.stem])
    write_text(folder / "types.json", json.dumps(types, indent=1))
    return [*paths, folder / "types.json"]


def read_frames(folder: Path) -> dict[str, pd.DataFrame]:
    """Read what `write_frames` wrote.

    Parameters
    ----------
    folder : Path
        Where they stand.

    Returns
    -------
    dict of str to DataFrame
        The same tables; an empty text stays "", an empty number NaN.

    Raises
    ------
    StudyError
        When a file is missing.
    """
    import pandas as pd

    frames = {}
    for name, types in json.loads(read_text(folder / "types.json")).items():
        blank = {column: [""] for column, kind in types.items() if kind == "float64"}
        data = io.BytesIO(read_bytes(folder / f"{name}.csv"))
        read = {"dtype": types, "keep_default_na": False, "na_values": blank}
        frames[name] = pd.read_csv(data, **read) if types else pd.DataFrame()
    return frames


def pack_zip(members: Mapping[str, bytes]) -> bytes:
    """Pack a zip (also .xlsx, .pptx) whose bytes depend on the members alone.

    Parameters
    ----------
    members : mapping of str to bytes
        Name inside the archive to content, in the order wanted.

    Returns
    -------
    bytes
        The archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two runs never write into the same folder.

    Parameters
    ----------
    path : Path
        The lock file; the lock ends with the process, whatever happens to it.

    Raises
    ------
    StudyError
        When another process holds it, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a")
    except OSError as error:
        raise _refuse(path, f"cannot be written ({error.strerror})", "run where you may write") from None
    with opened as handle:
        try:
            import fcntl
        except ImportError:  # Windows: no advisory lock; the atomic writes still keep each file whole
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _refuse(path.parent, "another run works on this study", "wait until it ends") from None
        yield
