"""Benchmark of data quality: faults that others' generators plant into real tables.

`python -m bench.quality --help`. `split.csv` says which tables thresholds and coefficients may be
tuned on; it was written, from a seed, before anything was measured.
"""
