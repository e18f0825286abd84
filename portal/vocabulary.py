"""Titles and descriptions of the observation's columns and codes, from vocabulary.yaml."""

from __future__ import annotations

from pathlib import Path

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.util.text import LANGUAGES, Bilingual, Frozen


class ColumnWords(Frozen):
    """A column's title, its description, and whether it holds numbers."""

    title: Bilingual
    description: Bilingual
    number: bool = False


class _Vocabulary(Frozen):
    columns: dict[str, ColumnWords]
    findings: dict[str, Bilingual]
    statuses: dict[str, Bilingual]
    frequencies: dict[str, Bilingual]
    changes: dict[str, Bilingual]
    decisions: dict[str, Bilingual]
    freshness: dict[str, Bilingual]
    reasons: dict[str, Bilingual]
    sentences: dict[str, Bilingual]


_FILE = YamlFile.read(Path(__file__).with_name("vocabulary.yaml"))
_WORDS = parse_as(_Vocabulary, _FILE.mapping(), _FILE)

COLUMNS = _WORDS.columns
FINDINGS = _WORDS.findings
STATUSES = _WORDS.statuses
FREQUENCIES = _WORDS.frequencies
CHANGES = _WORDS.changes
DECISIONS = _WORDS.decisions
FRESHNESS = _WORDS.freshness
REASONS = _WORDS.reasons

# Statuses of figures that are expected to be replaced.
NOT_FINAL = frozenset({"P", "E", "F", "I"})


def sentence(name: str, **values: object) -> Bilingual:
    """Return the sentence of a `name`, with `values` filled in; a Bilingual one by language."""
    text = _WORDS.sentences[name]
    filled = {
        language: text.get(language).format(**{
            key: value.get(language) if isinstance(value, Bilingual) else value
            for key, value in values.items()
        })
        for language in LANGUAGES
    }
    return Bilingual(**filled)
