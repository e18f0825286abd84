"""Hostile edits of a second vintage, one function each; `EDITS` has them all."""

from tests.corpus.hostile.edits import figures, files, labels, numbers, places, rows  # noqa: F401
from tests.corpus.hostile.edits.base import EDITS

__all__ = ["EDITS"]
