"""Excel workbooks: the first visible sheet that holds a table, its cells as the partner's own Excel shows them."""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
from typing import Any

from cncb_analysis.errors import StudyError
from cncb_analysis.readers.raw import RawTable, make_raw_table

__all__ = ["read_excel"]

# A delivered survey is a few megabytes unpacked; beyond this the archive is damaged or a trap.
_LARGEST = 300_000_000


def read_excel(data: bytes, *, file: str, language: str = "") -> RawTable:
    """Read the first visible sheet that is not empty.

    Parameters
    ----------
    data : bytes
        The .xlsx file.
    file : str
        Its name.
    language : str
        Decides the decimal sign of number cells, so that one rule reads numbers of all files.

    Returns
    -------
    RawTable
        Formulas by their stored result, dates as 2011-07-11.

    Raises
    ------
    StudyError
        When it is damaged, too large, or holds no table.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _LARGEST:
                raise StudyError("is too large unpacked", file=file, remedy="deliver the table alone, as CSV")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and drop-down lists, which are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                rows = [[_show(cell, language) for cell in row] for row in sheet.iter_rows(values_only=True)]
                if sheet.sheet_state == "visible" and any(cell for row in rows for cell in row):
                    return make_raw_table(rows, file=file)
    except StudyError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged workbook may fail anywhere inside openpyxl
        said = f"is a damaged workbook ({type(error).__name__})"
        raise StudyError(said, file=file, remedy="open it in Excel, save it again as .xlsx") from None
    raise StudyError("holds no table", file=file, remedy="put the table on the first sheet")


def _show(cell: Any, language: str) -> str:
    """Text of a cell; numbers get the language's decimal sign, which all but English write as a comma."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{cell:.15g}".replace(".", "." if language in {"", "en"} else ",")
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)
