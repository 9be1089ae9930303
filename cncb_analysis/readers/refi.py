"""REFI-QDA, which programs for coding interviews exchange: projects (.qdpx) and codebooks (.qdc)."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.delimited import decode_text

_HEADING = ["interview", "code", "coder", "start", "end", "text", "problem"]
# Unpacked bytes; thirty-two transcripts have less than a hundredth.
_LARGEST = 200_000_000
_CLIMBING = re.compile(r"[/\\]|\w:|(.*[/\\])?\.\.([/\\]|$)")
# A shorter name of a selection may stand anywhere in the text by chance.
_QUOTE = 12


def list_qdpx_rows(data: bytes, *, file: str, language: str = "") -> tuple[list[list[str]], str]:
    """List the codings of a REFI-QDA project.

    Parameters
    ----------
    data : bytes
        The .qdpx file.
    file : str
        Its name.
    language : str
        Of the interviews.

    Returns
    -------
    list of list of str
        Heading and a row a coding: interview (name of the source, else of its text file), code (path from the root, as
        names repeat), coder, start and end (characters of the plain text without byte order mark), text, problem: why
        the text does not stand there, else empty. Pictures and recordings have neither place nor text.
    str
        What it was read as: the project's file within.

    Raises
    ------
    StudyError
        When it is damaged, holds more than one project or two sources of one name, or is unsafe:
        too large unpacked, with names that leave its folder, or declaring entities.
    """
    root, texts, inside = _unpack(data, file, language)
    paths = {_fold(code, "guid"): path for path, code in _list_codes(root.find("CodeBook/Codes"))}
    users = {_fold(user, "guid"): user.get("name", "") for user in root.iterfind("Users/User")}
    rows, names = [_HEADING], []
    for source in root.iterfind("Sources/*"):
        names.append(source.get("name") or re.sub(r".*/|\.[^.]*$", "", source.get("plainTextPath", "unnamed")))
        for coding, place in _list_codings(source, texts):
            coder = users.get(_fold(coding, "creatingUser"), "")
            codes = (paths.get(_fold(ref, "targetGUID"), "(no code)") for ref in coding.iterfind("CodeRef"))
            rows += [[names[-1], code, coder, *place] for code in codes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        remedy = "give each interview a name of its own in the program, and export again"
        raise StudyError("holds two sources of one name", file=file, value=twice[0], remedy=remedy)
    return rows, f"REFI-QDA project, {inside}"


def list_refi_codes(data: bytes, *, file: str) -> list[dict[str, str]]:
    """List the codes of a REFI-QDA codebook or project.

    Parameters
    ----------
    data : bytes
        The .qdc or .qdpx file.
    file : str
        Its name.

    Returns
    -------
    list of dict
        code (path from the root), parent, definition, as in themes.csv.

    Raises
    ------
    StudyError
        As `list_qdpx_rows`.
    """
    root = _unpack(data, file, "")[0]
    codes = _list_codes(root.find("Codes" if root.tag == "CodeBook" else "CodeBook/Codes"))
    return [
        {"code": path, "parent": path.rpartition("/")[0], "definition": code.findtext("Description", "")}
        for path, code in codes
    ]


def _unpack(data: bytes, file: str, language: str) -> tuple[Any, dict[str, str], str]:
    """The root of a project or codebook, its plain texts by file name, and the name of the project's own file."""
    from defusedxml.ElementTree import fromstring

    inside, texts = file, {}
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                inside = _find_project(packed, file)
                data = packed.read(inside)
                for name in (name for name in packed.namelist() if name.lower().endswith(".txt")):
                    text, _ = decode_text(packed.read(name), file=file, language=language)
                    texts[name.rpartition("/")[2].casefold()] = text
        root = fromstring(data, forbid_dtd=True)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, SyntaxError, ValueError) as error:
        said = f"is damaged, protected or unsafe ({type(error).__name__})"
        raise StudyError(said, file=file, remedy="export it again, without a password") from None
    for part in root.iter():
        part.tag = part.tag.rpartition("}")[2]  # programs write several namespaces
    return root, texts, inside


def _find_project(packed: zipfile.ZipFile, file: str) -> str:
    names = packed.namelist()
    projects = [name for name in names if re.fullmatch(r"(?i)[^/]+\.qde", name)]
    said = "" if len(projects) == 1 else f"holds {len(projects)} projects where one is expected"
    said = "is too large unpacked" if sum(member.file_size for member in packed.infolist()) > _LARGEST else said
    said = "holds names that leave its folder" if any(map(_CLIMBING.match, names)) else said
    if said:
        raise StudyError(said, file=file, remedy="export the project again, alone, as .qdpx")
    return projects[0]


def _list_codes(book: Any) -> Iterator[tuple[str, Any]]:
    """Path and element of each code; without recursion, as a file may nest as deep as it likes."""
    waiting = [] if book is None else [("", book)]
    while waiting:
        path, part = waiting.pop()
        if path:
            yield path.removeprefix("/"), part
        waiting += [(f"{path}/{code.get('name', '').strip()}", code) for code in reversed(part.findall("Code"))]


def _list_codings(source: Any, texts: dict[str, str]) -> Iterator[tuple[Any, list[str]]]:
    """Each coding with where it stands in the plain text around it, which is empty where it is not there."""
    waiting = [(source, "")]
    while waiting:
        part, text = waiting.pop()
        path = part.get("plainTextPath")
        text = texts.get(path.rpartition("/")[2].casefold(), "") if path else part.findtext("PlainTextContent", text)
        place = _find_passage(part.get("startPosition"), part.get("endPosition"), part.get("name", ""), text)
        yield from ((coding, place) for coding in part.iterfind("Coding"))
        waiting += [(below, text) for below in reversed(part)]


def _find_passage(start: str | None, end: str | None, name: str, text: str) -> list[str]:
    """Start, end, text and problem of a selection; a program's shift shows in the quotes that it gives as names."""
    if start is None or end is None:
        return ["", "", "", ""]
    inside = start.isdecimal() and end.isdecimal() and int(start) <= int(end) <= len(text)
    said, quote, problem = text[int(start) : int(end)] if inside else "", name.rstrip("… ."), ""
    quoted = len(quote) >= _QUOTE and quote in text
    if not inside:
        problem = "its place is outside the text that the project holds"
    elif quoted and quote not in said and said not in quote:
        problem = "its quote stands elsewhere in the text"
    elif not quoted and max(text[: int(end)], default="") > "\uffff":
        problem = "its place cannot be checked: an emoji before it counts as one sign or two"
    return [start, end, "" if problem else said, problem]


def _fold(part: Any, name: str) -> str:
    return part.get(name, "").strip("{}").casefold()
