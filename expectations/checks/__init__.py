"""All checks: one class in one module each; adding one is adding a file here.

Folders: `stock/` (Great Expectations' own expectations), `series/` (a series against its own
history), `areas/`, `release/` (against the last release), `totals/`, `table/` (rows, periods and
areas that must be there), `values/` (single values and indicators against each other),
`datasets/` (against other datasets), `text/`, `disclosure/`. What every declaration implies of
stock expectations is `declared.py`. Easily got wrong: a module that no suite names is in use all
the same, since `registry.py` imports them all.
"""
