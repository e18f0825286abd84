"""What must be true of a dataset, and what was found: suites, generic checks, the quality record.

Belongs here: the suites (`expectations/<sector>/<dataset>.yaml`, edited by data stewards), the
expectations that follow from a declaration by themselves, how Great Expectations runs them on a
DuckDB connection, which rows are held back, and the quality record.
Does not belong here: reading sources, storing tables and releases, publishing, scheduling.

Great Expectations takes seconds to import. Only `expectations.runner.duckdb_engine` (with
`expectations.runner.stock`) imports it, and that module is imported by the functions that run it,
once per process: reading and checking suites does without.
"""
