"""Checks of time series, as SQL that Great Expectations runs like any other query.

Each function here returns one SELECT over `{batch}`; what it gives are the observations at fault,
with `observed`, `expected`, `factor` and `reference`: what was found, by how much, against what.
A series is what has the same key but for the period. All thresholds are the expectation's kwargs.

Belongs here: what one table says about its own series, and about the last release's.
Does not belong here: other datasets (`expectations.checks.cross_dataset`), parts and totals
(`expectations.checks.totals`), persons (`expectations.checks.personal_data`, `expectations.disclosure_control.small_cells`).
"""
