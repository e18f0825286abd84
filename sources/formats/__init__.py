"""Readers of file formats: bytes in, Arrow batches of the source's own columns out.

Belongs here: what several connectors read (text, CSV, JSON, Arrow and Parquet, PX, JSON-stat, XML,
workbooks, archives). A format that only one connector knows stays with that connector.
A value is never interpreted here: "1.234" stays text until the declaration says what it means.
"""

# What reading with these formats means. Raise it whenever the same bytes give other rows or values:
# cached tables of every connector carry it in their key.
VERSION = 2
