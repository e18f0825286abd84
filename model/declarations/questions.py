"""Open questions of a declaration: what a person must confirm before the dataset may run.

A question stands under `questions:`, or it is a comment `# unsure:`, or a placeholder that nobody
has replaced. A newcomer would expect them in `Dataset`: a declaration with an open question is no
dataset yet, so it has none, and no release keeps them.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from model.declarations.validation import parse_as
from model.declarations.yaml_file import KeyPath, YamlFile
from model.errors import OpenIndicatorsError
from model.reference.registries import Registries
from model.util.languages import languages
from model.util.text import Frozen, Text

OPEN = "?"  # the value of a field that nobody knows yet
VIETNAMESE_NAME = "(tên tiếng Việt)"
DESCRIPTION_VI = "Mỗi dòng là gì, ai thu thập, dùng để làm gì."
DESCRIPTION_EN = "What a row is, who collects it, what it is for."
_TEXTS = (VIETNAMESE_NAME, DESCRIPTION_VI, DESCRIPTION_EN)
# Where OPEN is a placeholder: elsewhere a source may write "?" for a missing value.
_MAY_BE_OPEN = frozenset({
    "publisher", "contact", "licence", "frequency", "codelist", "coverage", "unit", "column",
    "const", "title", "description", "area", "time_zone",
})
_UNSURE = re.compile(r"#\s*unsure\b:?\s*(.*)", re.IGNORECASE)


class Question(Frozen):
    """A question about one field, to be answered by a person.

    field: the field, e.g. `publisher` or `indicators.ROOMS.unit`; its value is the proposed answer,
        or `"?"` where there is none.
    ask: the question.
    evidence: what the file says about it.
    candidates: possible answers.
    also: further fields that the answer settles.
    """

    field: Text
    ask: Text
    evidence: Text | None = None
    candidates: tuple[Any, ...] = ()
    also: tuple[Text, ...] = ()


class Confirmation(Frozen):
    """An answer that a person gave.

    field: the field that was asked about.
    value: the answer.
    by: who gave it.
    at: on which day, e.g. 2026-01-31.
    """

    field: Text
    value: Any = None
    by: Text
    at: datetime.date


@dataclass(frozen=True)
class OpenQuestion:
    """A question with its place.

    at: the field that it is about; () for the declaration as a whole.
    item: its number under `questions`, None for a comment or a placeholder.
    also: the further fields that the answer settles.
    """

    question: Question
    path: Path
    line: int
    at: KeyPath
    item: int | None = None
    also: tuple[KeyPath, ...] = ()

    @property
    def where(self) -> str:
        """Return "file:line"."""
        return f"{self.path}:{self.line}"

    @property
    def in_words(self) -> str:
        """Return the field and the question, in one line."""
        return f"{self.question.field}: {self.question.ask}"


class OpenQuestionsError(OpenIndicatorsError):
    """A declaration is valid but for its open questions, so its dataset is not ready to run."""

    exit_code = 9

    def __init__(
        self, dataset_id: str, path: Path, questions: Sequence[OpenQuestion], todo: str = ""
    ) -> None:
        self.dataset_id, self.questions = dataset_id, tuple(questions)
        number = len(self.questions)
        listed = "".join(f"\n    {each.where}: {each.in_words}" for each in self.questions)
        super().__init__(
            f"{dataset_id} is not ready, open questions: {number}{listed}", where=str(path),
            todo=todo or f"`openindicators confirm {dataset_id}` asks them",
        )


def is_unknown(value: Any) -> bool:
    """Whether a value is missing, or a placeholder is in it."""
    if isinstance(value, dict):
        return any(map(is_unknown, value.values()))
    if isinstance(value, str):
        return value == OPEN or any(text in value for text in _TEXTS)
    return value is None


def open_questions(document: YamlFile) -> tuple[OpenQuestion, ...]:
    """Return the open questions of one YAML file, in the order of its lines.

    Raises:
        DeclarationError: an entry of `questions` or `confirmed` is none.
    """
    data = document.data if isinstance(document.data, dict) else {}
    for index, item in enumerate(_listed(data, "confirmed")):
        parse_as(Confirmation, item, document, ("confirmed", index))
    found = list(_declared(document, data))
    for each in (*_comments(document), *_placeholders(document)):
        if not any(_covers(known, each.at) for known in found):
            found.append(each)
    return tuple(sorted(found, key=lambda each: each.line))


def _covers(known: OpenQuestion, at: KeyPath) -> bool:
    """Whether a field is asked about already; what concerns the whole is about no field."""
    return known.at == at or any(
        place != () and at[: len(place)] == place for place in (known.at, *known.also)
    )


def _listed(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def _declared(document: YamlFile, data: Mapping[str, Any]) -> Iterator[OpenQuestion]:
    asked = _listed(data, "questions")
    fields = {".".join(map(str, at)): at for at in document.lines} if asked else {}
    for index, item in enumerate(asked):
        place: KeyPath = ("questions", index)
        question = parse_as(Question, item, document, place)
        at = fields.get(question.field, ())
        also = tuple(fields[name] for name in question.also if name in fields)
        yield OpenQuestion(question, document.path, document.line(at or place), at, index, also)


def _comments(document: YamlFile) -> Iterator[OpenQuestion]:
    if "unsure" not in document.text.casefold():
        return
    scalars = [
        (token.start_mark, token.end_mark)
        for token in yaml.scan(document.text, Loader=yaml.BaseLoader)
        if isinstance(token, yaml.ScalarToken)
    ]
    first: dict[int, KeyPath] = {}
    for at, line in document.lines.items():
        if at and (line not in first or len(at) < len(first[line])):
            first[line] = at
    for number, text in enumerate(document.text.splitlines(), start=1):
        found = _UNSURE.search(text)
        if found is None:
            continue
        place = (number - 1, found.start())
        if any((a.line, a.column) <= place < (b.line, b.column) for a, b in scalars):
            continue
        at = first.get(number, ())
        question = Question(
            field=".".join(map(str, at)) or "declaration",
            ask=found[1].strip() or "is this right?",
        )
        yield OpenQuestion(question, document.path, number, at)


def _placeholders(document: YamlFile) -> Iterator[OpenQuestion]:
    if OPEN not in document.text and not any(text in document.text for text in _TEXTS):
        return
    for at, value in _texts_of(document.data, ()):
        is_open = value == OPEN and at[-1:] and at[-1] in (*_MAY_BE_OPEN, *languages())
        if is_open or any(text in value for text in _TEXTS):
            question = Question(field=".".join(map(str, at)), ask="write it: a placeholder is here")
            yield OpenQuestion(question, document.path, document.line(at), at)


def _texts_of(data: Any, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data, str):
        yield at, data
    elif isinstance(data, (dict, list)) and at not in (("questions",), ("confirmed",)):
        items: Any = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            yield from _texts_of(value, (*at, key))


def with_stand_ins(data: Any, known: Registries, field: str = "") -> Any:
    """Return a declaration's `data`, or a `field` of it, with something valid for every OPEN value.

    It is one of the `known` registries, so that the rest can be validated.
    """
    if isinstance(data, dict):
        return {name: with_stand_ins(each, known, name) for name, each in data.items()}
    if isinstance(data, list):
        return [with_stand_ins(each, known) for each in data]
    if data != OPEN:
        return data
    if field in ("title", "description", "coverage"):
        return dict.fromkeys(languages(), OPEN)
    names: dict[str, Mapping[str, Any]] = {
        "publisher": known.publishers, "contact": known.publishers, "licence": known.licences,
        "codelist": known.codelists, "unit": known.units, "frequency": {"A": None},
    }
    return next(iter(names[field])) if field in names else data
