"""Validating tables: what checks need is computed on DuckDB in few statements and few scans.

Belongs here: what is asked of a table (`plan`, `measure`, `unique`, `plain_query`, `prefilter`),
how Great Expectations judges by it (`engine`, `gx_internals`, `gx_public`), which rows are
quarantined and whether a table may be released (`validate`, `release_decision`, `acceptance`).
Does not belong here: any single check. What a stock expectation means is Great Expectations'
meaning, NULL and NaN included; tests compare with it.
"""
