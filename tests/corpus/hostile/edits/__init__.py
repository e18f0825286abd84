"""Hostile edits of a second vintage, one function each; `EDITS` has them all."""

# Each module enters its edits in EDITS when it is imported.
from tests.corpus.hostile.edits import figures, files, labels, numbers, places, rows  # noqa: F401
from tests.corpus.hostile.edits.base import EDITS

__all__ = ["EDITS"]
