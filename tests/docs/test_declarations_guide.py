"""The reference of declarations is generated from the models."""

from __future__ import annotations

import os
from pathlib import Path

from docs.declaration_reference import BEGIN, END, reference

DOCS = Path(__file__).resolve().parents[2] / "docs" / "declarations" / "reference.md"


def test_the_reference_is_current() -> None:
    """`UPDATE_DOCS=1` writes it anew."""
    text = DOCS.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    written = head + reference() + rest.partition(END)[2]
    if os.environ.get("UPDATE_DOCS"):
        DOCS.write_text(written, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == written
