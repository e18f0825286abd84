"""What is kept: snapshots, tables, releases, quarantine, and the DuckDB catalogue over them.

Belongs here: the layout of the data folder, writing files so that a crash leaves no half of
one, cleaning a source's table into observations with DuckDB, numbering releases and counting
what changed between them. Does not belong here: asking sources, judging data, portals, Dagster.
"""
