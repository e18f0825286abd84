"""dlt loads the file into DuckDB, Great Expectations checks what was loaded.

After dlt's "Filesystem and buckets" and "Access loaded data", and GX's "Connect to dataframe data".
"""

from __future__ import annotations

import sys
from pathlib import Path

import dlt
import great_expectations as gx
from dlt.sources.filesystem import filesystem, read_csv
from great_expectations import expectations as gxe

from bench.peers.written import AREA, INDICATORS, KEY, MONTH, write_sorted


def main(source: Path, folder: Path) -> None:
    """Load the `source`, check it, and write the table into a `folder`."""
    pipeline = dlt.pipeline(
        "big", pipelines_dir=str(folder / "pipelines"), dataset_name="big",
        destination=dlt.destinations.duckdb(str(folder / "loaded.duckdb")),
    )
    files = filesystem(bucket_url=source.parent.as_uri(), file_glob=source.name)
    pipeline.run((files | read_csv()).with_name("big"), write_disposition="replace")
    table = pipeline.dataset()["big"].df()[[*KEY, "value"]]

    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("pandas").add_dataframe_asset("big")
    definition = batch.add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite(name="big", expectations=[
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in (*KEY, "value")),
        gxe.ExpectColumnValuesToBeInSet(column="indicator", value_set=INDICATORS),
        gxe.ExpectColumnValuesToMatchRegex(column="area", regex=f"^{AREA}$"),
        gxe.ExpectColumnValuesToMatchRegex(column="month", regex=f"^{MONTH}$"),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=KEY),
    ]))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name="big", data=definition, suite=suite)
    )
    result = validation.run(batch_parameters={"dataframe": table})
    if not result.success:
        raise SystemExit(str(result))
    write_sorted(table, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
