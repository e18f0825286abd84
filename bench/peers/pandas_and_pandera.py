"""pandas reads the file and pandera checks it, as PUDL's assets do.

After pandera's "DataFrame schemas" and PUDL's `pudl.metadata` (a schema per table, checked lazily
before it is written as Parquet).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from bench.peers.written import AREA, INDICATORS, KEY, MONTH, write_sorted

SCHEMA = pa.DataFrameSchema(
    {
        "indicator": pa.Column(str, pa.Check.isin(INDICATORS)),
        "area": pa.Column(str, pa.Check.str_matches(f"^{AREA}$")),
        "month": pa.Column(str, pa.Check.str_matches(f"^{MONTH}$")),
        "value": pa.Column(float, pa.Check.ge(0)),
    },
    unique=KEY, strict=True,
)


def main(source: Path, folder: Path) -> None:
    """Read the `source`, check it, and write the table into a `folder`."""
    write_sorted(SCHEMA.validate(pd.read_csv(source), lazy=True), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
