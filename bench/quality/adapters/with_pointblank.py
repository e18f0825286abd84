"""pointblank: a validation plan with a step for each rule, and the extracts of failing rows."""

from __future__ import annotations

import pandas as pd
import pointblank as pb
import polars as pl
from rules import Named, Rules, main


def check(now: pd.DataFrame, rules: Rules) -> Named:
    """Return what pointblank finds."""
    plan = pb.Validate(pl.from_pandas(now)).col_vals_not_null(rules.key)
    for name, codes in rules.codes.items():
        plan = plan.col_vals_in_set(name, set=codes)
    plan = plan.col_vals_regex("time_period", pattern=rules.period).rows_distinct(rules.key)
    plan = plan.row_count_match(rules.rows, tol=0.2)
    for indicator, (low, high) in rules.bounds.items():
        plan = plan.col_vals_between(
            "obs_value", low, high, na_pass=True,
            pre=lambda table, own=indicator: table.filter(pl.col("indicator") == own))
    if not rules.nulls:
        plan = plan.col_vals_not_null("obs_value")
    done = plan.interrogate()
    rows: set[int] = set()
    table: list[str] = []
    extracts = done.get_data_extracts()
    for step in done.validation_info:
        if not step.all_passed:
            extract = extracts.get(step.i)
            if extract is not None and "_id" in extract.columns:
                rows.update(extract["_id"].to_list())
            elif extract is not None and len(extract):  # of rows_distinct: the number, from 1
                rows.update(now["_id"].iloc[[n - 1 for n in extract["_row_num_"]]])
            else:
                table.append(step.assertion_type)
    return rows, table


if __name__ == "__main__":
    main(check)
