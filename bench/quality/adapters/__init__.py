"""Other tools over the same faults, each in an environment of its own; none is the product's.

`python -m bench.quality.tools` writes a folder of tables and runs these scripts over it: each makes
the checks that its tool's documentation recommends from the last release, and says which rows of
the next table they name.
"""
