"""Gross revisions: what a damaged file or a misread column looks like beside the last release.

They block a release until a person accepts them for that very snapshot (`openindicators accept`).
Each says what happened, and to how many of the observations that both tables have.
"""
