"""The same cleaning and the same checks on a Spark cluster, for datasets that outgrow one machine.

Spark divides the rows, moves them and begins again what a lost machine had; on each part DuckDB
runs the very statements that it runs on one machine. There is one expression of cleaning and of
each check, and the bytes of a release do not depend on where it was made (docs/scale.md says why no
SQL is carried over).

`session` starts Spark, `clean` and `validate` do what `pipelines.steps` asks for. The data folder
must be where every machine of the cluster can write, and each needs this package.
"""
