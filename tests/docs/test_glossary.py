"""Every term of the glossary is a name in the product's code."""

from __future__ import annotations

import re

import pytest

from tests.docs.documents import DOCS, product_code


def terms() -> list[str]:
    rows = [
        line.split("|")
        for line in (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| English")
    ]
    assert all(len(row) == 7 for row in rows)
    return sorted({name for row in rows for name in re.findall(r"`([^`]+)`", row[3])})


def test_the_glossary_lists_terms() -> None:
    assert len(terms()) > 40


@pytest.mark.parametrize("name", terms())
def test_each_term_is_a_name_in_code(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}\b", product_code())


def test_each_term_has_words_in_both_languages() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| English"):
            english, vietnamese = (cell.strip() for cell in line.split("|")[1:3])
            assert english and vietnamese, line
