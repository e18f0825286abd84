"""Utilities without knowledge of datasets: text, hashing, SQL quoting, atomic file writes.

Does not belong here: anything that names a dataset, a record or a source.
"""
