"""Delivered bytes to raw tables of text cells, one module a format."""

from __future__ import annotations

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.delimited import read_delimited
from cncb_analysis.readers.eurostat import read_eurostat
from cncb_analysis.readers.excel import read_excel
from cncb_analysis.readers.raw import RawTable

__all__ = ["RawTable", "read_eurostat", "read_raw"]

# The first bytes of old Excel files, and of workbooks under a password.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_raw(data: bytes, *, file: str, language: str = "") -> RawTable:
    r"""Read a delivered table, whatever tool wrote it; what it is tells its content, not its name.

    Parameters
    ----------
    data : bytes
        The file as delivered.
    file : str
        Its name, for messages and as origin of each cell.
    language : str
        Language of its texts; decides between code pages, and how numbers of a workbook are written out.

    Returns
    -------
    RawTable
        Text cells with their row in the file.

    Raises
    ------
    StudyError
        When it is empty, no table, damaged, or has one column only.

    Examples
    --------
    >>> raw = read_raw("id;Größe\n1;2,5\n".encode("cp1252"), file="answers.csv", language="de")
    >>> raw.encoding, raw.delimiter, raw.cells.loc[2, "Größe"]
    ('cp1252', ';', '2,5')
    """
    if data.startswith(b"PK\x03\x04"):
        return read_excel(data, file=file, language=language)
    if data.startswith(_OLE):
        raise StudyError("is an old or protected Excel file", file=file, remedy="save it as .xlsx without a password")
    return read_delimited(data, file=file, language=language)
