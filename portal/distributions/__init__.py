"""The files in which a release is offered for download.

A format is a `Distribution` (base.py), named in registry.py; nothing else names it. The same
release always gives the same bytes.
"""
