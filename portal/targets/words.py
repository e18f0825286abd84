"""The words of the pages of targets, from words.yaml."""

from pathlib import Path

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.util.text import Frozen, LocalizedText


class Section(Frozen):
    """A heading and what is said under it."""

    title: LocalizedText
    text: LocalizedText


class Words(Frozen):
    """Everything that is said, by what it names."""

    verdicts: dict[str, LocalizedText]
    categories: dict[str, LocalizedText]
    reasons: dict[str, LocalizedText]
    operators: dict[str, LocalizedText]
    groups: dict[str, LocalizedText]
    texts: dict[str, LocalizedText]
    method: tuple[Section, ...]


_FILE = YamlFile.read(Path(__file__).with_name("words.yaml"))
WORDS = parse_as(Words, _FILE.mapping(), _FILE)


def say(name: str, /, **values: object) -> LocalizedText:
    """Return the text of a `name`, with `values` filled in; a localized one by language."""
    text = WORDS.texts[name]
    return text.format(**values) if values else text
