"""Checks against the last release: losses, revisions, shifts, exchanged series.

The last release is the relation `previous_release`, with the dataset's columns; without one the
checks are not evaluated.
"""
