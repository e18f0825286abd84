"""The files in which a release is offered for download, one module each.

A format is one module that satisfies `Distribution` (base.py) and is named in registry.py.
The same release always gives the same bytes.
"""
