"""All checks, a class each; adding one is adding a class, in a file of its own or beside its kin.

`stock/` (Great Expectations' own expectations), `series/` (a series against its own history),
`areas/`, `periods/`, `release/` (against the last release), `values/`, `totals`, `datasets`
(against other datasets), `text`, `disclosure`. What every declaration implies of stock
expectations is `declared.py`. Easily got wrong: a module that no suite names is in use all the
same, since `registry.py` imports them all.
"""
