"""Limits of what a source may send: every payload is hostile until it is read within them.

Each limit that begins with MAX can be set in the environment, as OPENINDICATORS_<its name>, e.g.
OPENINDICATORS_MAX_TEXT_BYTES=8000000000 for a city whose largest file has 8 GB.
"""

import os

from model.errors import DeclarationError


def _limit(name: str, default: int) -> int:
    variable = f"OPENINDICATORS_{name}"
    text = os.environ.get(variable, str(default))
    if not text.isdecimal() or not 0 < int(text[:19]) < 2**63:
        raise DeclarationError(
            f"{text[:40]!r} is no limit", where=variable,
            todo=f"give an integer above 0, or leave it out (the default is {default})",
        )
    return int(text)


MAX_TEXT_BYTES = _limit("MAX_TEXT_BYTES", 2_000_000_000)  # a file, unpacked
MAX_JSON_BYTES = _limit("MAX_JSON_BYTES", 256_000_000)  # a JSON document is read whole
MAX_ROWS = _limit("MAX_ROWS", 50_000_000)  # of one snapshot
MAX_COLUMNS = _limit("MAX_COLUMNS", 4_096)
MAX_CELL_CHARS = _limit("MAX_CELL_CHARS", 131_072)  # also the csv module's own default
MAX_JSON_DEPTH = _limit("MAX_JSON_DEPTH", 32)  # of a value inside a record
MAX_XML_DEPTH = _limit("MAX_XML_DEPTH", 64)
MAX_GROUPS = _limit("MAX_GROUPS", 500_000)  # of series in one SDMX message: they are kept in memory
MAX_XML_TOKEN = _limit("MAX_XML_TOKEN", 16_000_000)  # bytes of one tag, or characters of one text

MAX_PAGES = _limit("MAX_PAGES", 2_000)  # of one request
MAX_PULL_SECONDS = _limit("MAX_PULL_SECONDS", 86_400)  # age of a fetch session that can be resumed
MAX_FILES = _limit("MAX_FILES", 5_000)  # that one pattern may match
MAX_DATA_CELLS = _limit("MAX_DATA_CELLS", 20_000_000)  # of one JSON-stat cube
MAX_SHEET_CELLS = _limit("MAX_SHEET_CELLS", 10_000_000)  # from A1 to the last filled cell

MAX_WORKBOOK_MEMORY = _limit("MAX_WORKBOOK_MEMORY", 6_000_000_000)  # bytes, of who reads one
MAX_WORKBOOK_SECONDS = _limit("MAX_WORKBOOK_SECONDS", 600)  # of processor time to read one
MAX_SUBMISSION_BYTES = _limit("MAX_SUBMISSION_BYTES", 20_000_000)  # a workbook that is sent in
MAX_ARCHIVE_MEMBERS = _limit("MAX_ARCHIVE_MEMBERS", 1_000)
MAX_ARCHIVE_RATIO = _limit("MAX_ARCHIVE_RATIO", 200)  # unpacked to packed, above the size below
ARCHIVE_RATIO_FROM = 1_000_000

BATCH_ROWS = 20_000
HEAD_BYTES = 4_096  # of a payload, to check what it is
MAX_QUOTED_CHARS = _limit("MAX_QUOTED_CHARS", 200)  # of a source's words in a message
