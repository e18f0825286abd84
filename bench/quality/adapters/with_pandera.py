"""pandera: the schema that `infer_schema` makes, with codes, key and bounds of each indicator."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
from rules import Named, Rules, main


def check(now: pd.DataFrame, rules: Rules) -> Named:
    """Return what pandera finds."""
    bounds = pd.DataFrame(rules.bounds, index=["low", "high"]).T

    def within(table: pd.DataFrame) -> pd.Series:
        own, value = bounds.reindex(table["indicator"]), table["obs_value"].to_numpy()
        outside = (value < own["low"].to_numpy()) | (value > own["high"].to_numpy())
        return pd.Series(~outside, table.index)

    schema = pa.DataFrameSchema(
        {
            **{name: pa.Column(str, pa.Check.isin(codes)) for name, codes in rules.codes.items()},
            "time_period": pa.Column(str, pa.Check.str_matches(rules.period)),
            "obs_value": pa.Column(float, nullable=rules.nulls),
        },
        checks=pa.Check(within), unique=rules.key, strict=False,
    )
    try:
        schema.validate(now.set_index("_id", drop=False), lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        table = cases[cases["index"].isna()]["check"].astype(str).tolist()
        return set(cases["index"].dropna().astype(int)), table
    return set(), []


if __name__ == "__main__":
    main(check)
