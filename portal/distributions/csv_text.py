"""CSV as this project writes it.

- RFC 4180: comma, double quotes where needed, a header, CRLF line ends (also the default of
  Data Package's table dialect).
- UTF-8 without a byte order mark. Excel needs the mark to show Vietnamese, but it makes
  "indicator" an unknown column for many other readers (CKAN's DataStore among them). The CSV is
  the file for programs and holds codes; the XLSX workbook is the one for spreadsheets.
- Figures are written in full, without an exponent, so that they read back as the same number.
- Text that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP advises
  (https://owasp.org/www-community/attacks/CSV_Injection). Figures, and text that is nothing but
  a number, are left alone: -5 stays -5.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

# Regular expressions that Python and DuckDB read alike. The full-width forms run as formulas in
# East Asian editions.
FORMULA_START = r"[=+\-@\t\r\n＝＋－＠]"
NUMBER = r"[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+)([eE][+-]?[0-9]+)?%?"


def number_text(value: float) -> str:
    """Return a finite number so that it reads back as the same number.

    >>> number_text(1234567.0), number_text(0.1), number_text(1e22)
    ('1234567', '0.1', '10000000000000000000000')
    """
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0") if text != "-0.0" else "0"


def harmless(text: str) -> str:
    """Return text that no spreadsheet runs as a formula; numbers stay as they are."""
    if re.match(FORMULA_START, text) and not re.fullmatch(NUMBER, text):
        return "'" + text
    return text


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    return number_text(value)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write `rows` of text, numbers and None (an empty field) under a `header` to `path`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([harmless(name) for name in header])
        for row in rows:
            writer.writerow([_field(value) for value in row])
