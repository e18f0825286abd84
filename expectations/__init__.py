"""What a dataset must fulfil, and what was found: suites, checks, quality records, scores.

Belongs here: the suites (`expectations/<sector>/<dataset>.yaml`, edited by data stewards), the
checks that they name (`checks/`), validating a table on a DuckDB connection (`runner/`), scores and
statistical disclosure control.
Does not belong here: reading sources, storing tables and releases, publishing, scheduling.

Great Expectations takes seconds to import. Only `runner/engine.py` and what it imports do, inside
the functions that run it: reading and checking suites does without.
"""
