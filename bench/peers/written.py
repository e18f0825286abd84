"""What every peer ends with: the sorted table as Parquet, CSV and JSON, with a checksum each."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

KEY = ["indicator", "area", "month"]
INDICATORS = [f"IND{number}" for number in range(10)]
AREA, MONTH = r"[A-Z_]{3,8}", r"\d{4}-(0[1-9]|1[0-2])"


def write_sorted(table: pd.DataFrame, folder: Path) -> None:
    """Write a `table` with the columns of the CSV into a `folder`, sorted by its key."""
    table = table.sort_values(KEY)
    table.to_parquet(folder / "big.parquet", compression="zstd", index=False)
    table.to_csv(folder / "big.csv", index=False)
    table.to_json(folder / "big.json", orient="records")
    hash_files(folder)


def hash_files(folder: Path) -> None:
    """Compute the SHA-256 of the three files in a `folder`, as every release of ours has it."""
    for end in ("parquet", "csv", "json"):
        with (folder / f"big.{end}").open("rb") as file:
            hashlib.file_digest(file, "sha256").hexdigest()
