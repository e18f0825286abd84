"""Cleaning: the rows that a reader gives become typed, coded observations in DuckDB.

Belongs here: loading, unpivoting, column rules, code lookups, corrections, schema drift. Reading a
file format does not (`sources.formats`), nor validating the result (`expectations`).
"""

# What cleaning means. Raise it whenever the same rows and declaration give other observations:
# cached tables carry it in their key. It covers what cleaning uses of `model.reference` (periods,
# area names, code lookups); codelists themselves are part of the declaration's checksum.
VERSION = 5
