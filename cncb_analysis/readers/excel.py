"""Excel workbooks: the first visible sheet that holds a table, its cells as the partner's own Excel shows them."""

from __future__ import annotations

import datetime
import io
import warnings
from typing import Any

from cncb_analysis.errors import StudyError

__all__ = ["read_sheet"]


def read_sheet(data: bytes, *, file: str, language: str = "") -> list[list[str]]:
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
    list of list of str
        Rows of cells: formulas by their stored result, dates as 2011-07-11; none when every sheet is empty.

    Raises
    ------
    StudyError
        When it is no workbook of today, protected or damaged.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and drop-down lists, which are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                rows = [[_show(cell, language) for cell in row] for row in sheet.iter_rows(values_only=True)]
                if sheet.sheet_state == "visible" and any(cell for row in rows for cell in row):
                    return rows
    except Exception as error:  # noqa: BLE001 - a damaged workbook may fail anywhere inside openpyxl
        said = f"is a damaged, old or protected workbook ({type(error).__name__})"
        raise StudyError(said, file=file, remedy="save it again as .xlsx, without a password") from None
    return []


def _show(cell: Any, language: str) -> str:
    """Text of a cell; numbers get the language's decimal sign, which all but English write as a comma."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.15g}".replace(".", "." if language in {"", "en"} else ",")
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)
