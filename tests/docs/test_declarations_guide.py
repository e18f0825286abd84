"""The documentation names every field and option that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.declarations.dataset import Correction, Dataset, Geography, Indicator
from model.declarations.source import ColumnRule, Source, Unpivot
from sources.connectors.registry import PROTOCOLS

DOCS = Path(__file__).resolve().parents[2] / "docs" / "declarations" / "reference.md"


@pytest.mark.parametrize(
    "kind", [Dataset, Source, ColumnRule, Unpivot, Indicator, Geography, Correction]
)
def test_every_field_is_documented(kind):
    text = DOCS.read_text(encoding="utf-8")
    left_out = {"sector", "name"}  # of a dataset: its folder and its file name
    missing = [n for n in kind.model_fields if n not in left_out and f"`{n}`" not in text]
    assert not missing


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_every_option_is_documented(name):
    (row,) = [
        line
        for line in DOCS.read_text(encoding="utf-8")
        .split("## The protocols' options")[1]
        .splitlines()
        if line.startswith(f"| `{name}` |")
    ]
    missing = [n for n in PROTOCOLS[name].Options.model_fields if f"`{n}`" not in row]
    assert not missing
