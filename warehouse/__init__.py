"""The warehouse: cleaning, and every record under the data folder.

Belongs here: cleaning a source's rows into observations with DuckDB (`cleaning/`), and snapshots,
releases, drafts, logs and the catalogue (`store/`). Does not belong here: fetching from sources,
validation, portals, Dagster.
"""
