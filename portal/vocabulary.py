"""Titles and descriptions of the observation's columns and codes, from vocabulary.yaml."""

from pathlib import Path

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.util.text import Frozen, LocalizedText


class ColumnWords(Frozen):
    """A column's title, its description, and whether it holds numbers."""

    title: LocalizedText
    description: LocalizedText
    number: bool = False


class _Vocabulary(Frozen):
    columns: dict[str, ColumnWords]
    findings: dict[str, LocalizedText]
    statuses: dict[str, LocalizedText]
    frequencies: dict[str, LocalizedText]
    changes: dict[str, LocalizedText]
    decisions: dict[str, LocalizedText]
    freshness: dict[str, LocalizedText]
    kinds: dict[str, LocalizedText]
    reasons: dict[str, LocalizedText]
    structure: dict[str, LocalizedText]
    sentences: dict[str, LocalizedText]
    scopes: dict[str, LocalizedText]


_FILE = YamlFile.read(Path(__file__).with_name("vocabulary.yaml"))
_WORDS = parse_as(_Vocabulary, _FILE.mapping(), _FILE)

COLUMNS = _WORDS.columns
FINDINGS = _WORDS.findings
STATUSES = _WORDS.statuses
FREQUENCIES = _WORDS.frequencies
CHANGES = _WORDS.changes
DECISIONS = _WORDS.decisions
FRESHNESS = _WORDS.freshness
KINDS = _WORDS.kinds  # of what a search finds
REASONS = _WORDS.reasons
STRUCTURE = _WORDS.structure
SCOPES = _WORDS.scopes  # what a dataset is about

BREAK = "B"  # the status of a figure that is not comparable with those before it
# Statuses of figures that are expected to be replaced.
NOT_FINAL = frozenset({"P", "E", "F", "I"})


def sentence(name: str, /, **values: object) -> LocalizedText:
    """Return the sentence of a `name`, with `values` filled in; a localized one by language."""
    return _WORDS.sentences[name].format(**values)
