"""Checks of a series against its own history, and of the series of a table against each other.

A series is what has the same key but for the period. Every threshold is an argument; its default
was set on the real tables of tests/corpus (docs/quality.md, "What is found").
"""
