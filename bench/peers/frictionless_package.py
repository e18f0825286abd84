"""frictionless validates the file by a Table Schema, sorts it, and writes it.

After "Validating data" and "Transforming data" of its documentation.
"""

from __future__ import annotations

import sys
from pathlib import Path

from frictionless import Checklist, Resource, Schema, steps, system, transform
from frictionless.resources import TableResource

from bench.peers.written import AREA, INDICATORS, KEY, MONTH, hash_files

SCHEMA = {
    "fields": [
        {"name": name, "type": kind, "constraints": {"required": True} | limits}
        for name, kind, limits in (
            ("indicator", "string", {"enum": INDICATORS}), ("area", "string", {"pattern": AREA}),
            ("month", "string", {"pattern": MONTH}), ("value", "number", {"minimum": 0}),
        )
    ],
    "primaryKey": KEY,
}


def main(source: Path, folder: Path) -> None:
    """Validate the `source`, and write the table into a `folder`."""
    with system.use_context(trusted=True):  # paths outside the working folder
        resource = Resource(path=str(source), schema=Schema.from_descriptor(SCHEMA))
        report = resource.validate(Checklist())
        if not report.valid:
            raise SystemExit(str(report.flatten(["rowNumber", "type", "note"])[:10]))
        ordered = transform(
            resource, steps=[steps.table_normalize(), steps.row_sort(field_names=KEY)]
        )
        for end in ("parquet", "csv", "json"):
            ordered.write(TableResource(path=str(folder / f"big.{end}")))
    hash_files(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
