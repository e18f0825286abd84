"""The bounds of this room: every payload is hostile until it has been read within them."""

MAX_TEXT_BYTES = 2_000_000_000  # a CSV, JSON-lines, Parquet or sheet file, unpacked
MAX_JSON_BYTES = 256_000_000  # a JSON document is read whole
MAX_ROWS = 50_000_000  # of one snapshot
MAX_COLUMNS = 4_096
MAX_CELL_CHARS = 131_072  # also the csv module's own default
MAX_JSON_DEPTH = 32  # of a value inside a record
MAX_XML_DEPTH = 64
MAX_GROUPS = 500_000  # of series in one SDMX message: they are kept in memory
MAX_XML_TOKEN = 16_000_000  # bytes of one tag, or characters of one text

MAX_PAGES = 2_000  # of one request that a source answers in pages
MAX_FILES = 5_000  # that one pattern may name
MAX_DATA_CELLS = 20_000_000  # of one JSON-stat cube
MAX_SHEET_CELLS = 10_000_000  # of the rectangle from A1 to the last filled cell

MAX_ARCHIVE_MEMBERS = 1_000
MAX_ARCHIVE_RATIO = 200  # unpacked bytes for one packed byte, above the size below
ARCHIVE_RATIO_FROM = 1_000_000

BATCH_ROWS = 20_000
HEAD_BYTES = 4_096  # of a payload, to see whether it is what it claims to be
MAX_QUOTED_CHARS = 200  # of a source's own words in a message
