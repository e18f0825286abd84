"""Proof under a figure: release, snapshot, and the place in the source's bytes that it came from.

`excerpts` finds places in bytes, `walk` goes from a figure to its place and shows how the text
there became the value, `origins` writes the table from which the site shows the same.
"""
