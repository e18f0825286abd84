"""How the sources of figures are asked and read: one module for each protocol.

Belongs here: the protocols (World Bank, WHO, UNESCO, SDMX, PX-Web, CKAN, the portal of Da Nang,
HXL, files), the readers of text, sheets and archives that they share, and what carries requests
(HTTP, a folder, the embedded sample). A protocol gives Arrow batches with the source's own columns
and values.
Does not belong here: what a column means (the declaration says it), storing, validating,
publishing, scheduling. This package knows no DuckDB table, no portal and no Dagster.
"""
