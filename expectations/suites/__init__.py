"""Suites: what a dataset must fulfil, read from YAML and written as Great Expectations' JSON."""

# The version of the suite format: raise it when the meaning of a suite changes.
VERSION = 1
