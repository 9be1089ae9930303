"""Excel workbooks: the first visible sheet that holds a table, its cells as the partner's own Excel shows them."""

import datetime
import io
import warnings
import zipfile
from typing import Any

from cncb_analysis.errors import StudyError

# Unpacked bytes; a workbook of a survey has less than a tenth.
_LARGEST = 200_000_000


def read_sheets(data: bytes, *, file: str, language: str = "") -> dict[str, list[list[str]]]:
    """Read the visible sheets.

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
    dict of str to list of list of str
        By name, rows of cells: formulas by their stored result, dates as 2011-07-11.

    Raises
    ------
    StudyError
        When it is no workbook of today, protected, damaged or beyond all measure.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(member.file_size for member in packed.infolist())
        if size > _LARGEST:
            raise MemoryError
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and drop-down lists, which are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {}
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()
                    rows = sheet.iter_rows(values_only=True)
                    sheets[sheet.title] = [[show_cell(cell, language) for cell in row] for row in rows]
            return sheets
    except Exception as error:  # noqa: BLE001 - a damaged workbook may fail anywhere inside openpyxl
        said = f"is a damaged, old, protected or too large workbook ({type(error).__name__})"
        raise StudyError(said, file=file, remedy="save it again as .xlsx, without a password") from None


def show_cell(cell: Any, language: str) -> str:
    """Text of a cell.

    Parameters
    ----------
    cell : object
        Text, number, date, truth value or nothing.
    language : str
        Numbers get its decimal sign, which all but English write as a comma.

    Returns
    -------
    str
        1.0 is 1; a day without a time is 2011-07-11.

    Examples
    --------
    >>> show_cell(2.50, "sk"), show_cell(None, "sk")
    ('2,5', '')
    """
    if cell is None or cell != cell:  # not a number, as SPSS files have it
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.15g}".replace(".", "." if language in {"", "en"} else ",")
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)
