"""Sources of figures: how they are requested, and how their files are read.

Belongs here: connectors (`connectors/`), the formats that they share (`formats/`), what carries
requests (`fetch/`), the embedded sample (`demo/`) and the recognition of files (`inspect/`). A
connector yields Arrow batches with the source's own columns and values.
Does not belong here: what a column means (the declaration's), storing, validating, publishing,
scheduling. This package knows no DuckDB table, no portal and no Dagster.

Everywhere here `path` is a file on disk and `where` its name in messages, to which readers append
line or row and column; `options`, `get`, `parts` and `request` are as in `base.py`.
"""
