"""Great Expectations, its own expectations on a pandas data frame, as its documentation starts."""

from __future__ import annotations

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe
from rules import Named, Rules, main

CONTEXT = gx.get_context(mode="ephemeral")
CONTEXT.variables.progress_bars = {"globally": False}
BATCHES = CONTEXT.data_sources.add_pandas("tables").add_dataframe_asset("table") \
    .add_batch_definition_whole_dataframe("whole")


def check(now: pd.DataFrame, rules: Rules) -> Named:
    """Return what Great Expectations finds."""
    suite = gx.ExpectationSuite(name="last release", expectations=[
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in rules.key),
        *(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=codes)
          for name, codes in rules.codes.items()),
        gxe.ExpectColumnValuesToMatchRegex(column="time_period", regex=rules.period),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=rules.key),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=int(0.9 * rules.rows), max_value=int(1.2 * rules.rows) + 1),
        *(gxe.ExpectColumnValuesToBeBetween(
            column="obs_value", min_value=low, max_value=high,
            condition_parser="pandas", row_condition=f"indicator == {indicator!r}",
        ) for indicator, (low, high) in rules.bounds.items()),
        *([] if rules.nulls else [gxe.ExpectColumnValuesToNotBeNull(column="obs_value")]),
    ])
    found = BATCHES.get_batch({"dataframe": now}).validate(suite, result_format={
        "result_format": "COMPLETE", "unexpected_index_column_names": ["_id"]})
    rows: set[int] = set()
    table: list[str] = []
    for result in found.results:
        if not result.success:
            named = result.result.get("unexpected_index_list")
            rows.update(int(item["_id"]) for item in named or ())
            if not named:
                table.append(result.expectation_config.type)
    return rows, table


if __name__ == "__main__":
    main(check)
