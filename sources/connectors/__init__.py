"""Connectors: one module or package for each service or publisher's layout.

To add one, write a module that satisfies `sources.base.SourceProtocol` and name it in
`registry.py`; nothing else is edited. A format that several connectors read belongs to
`sources/formats/`; what a column means belongs to the declaration.
"""
