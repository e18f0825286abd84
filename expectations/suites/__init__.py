"""Suites: what a dataset must fulfil, read from YAML and written as Great Expectations' JSON."""

# The version of the suite format and of what checks find: raise it whenever the same table and
# suite give another record. Cached validations carry it in their key.
VERSION = 1
