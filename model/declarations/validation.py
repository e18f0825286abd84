"""Validation of what YAML holds as typed models, with errors for the person who wrote it."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from model.declarations.yaml_file import KeyPath
from model.errors import DeclarationError
from model.util.text import did_you_mean

T = TypeVar("T", bound=BaseModel)
_ADVICE = {"string_type": "write it between quotes if it is a code"}


class Document(Protocol):
    """What the values come from: it knows where each stands and what it is called there."""

    def where(self, key_path: KeyPath, /) -> str:
        """Return "file:line" of a field."""
        ...

    def name(self, key_path: KeyPath, /) -> str:
        """Return the name of a field as the file has it."""
        ...

    def fields(self, key_path: KeyPath, known: set[str], /) -> set[str]:
        """Return the names that may stand where an unknown one was found."""
        ...


def parse_as(
    kind: type[T], data: Any, document: Document, at: KeyPath = (), languages: Sequence[str] = ()
) -> T:
    """Validate `data` as `kind`; errors name the file, the line and the nearest known name.

    The data stand in the `document` `at` this place; every text must be given in the `languages`.

    Raises:
        DeclarationError: every error, one line each.
    """
    try:
        return kind.model_validate(data, context={"languages": languages})
    except ValidationError as error:
        # A misspelt field is unknown under one name and missing under the other: the first helps.
        items = sorted(error.errors(), key=lambda item: item["type"] == "missing")
        problems = list(dict.fromkeys(_explain(kind, item, data, document, at) for item in items))
        first_where, _, _ = problems[0]
        text = "; ".join(
            (f"{where.rsplit(':', 1)[-1]}: " if where != first_where else "") + what
            for where, what, _ in problems
        )
        advice = next((todo for _, _, todo in problems if todo), "fix the line")
        raise DeclarationError(text, where=first_where, todo=advice) from error


def _explain(
    kind: type[BaseModel], item: Any, data: Any, document: Document, at: KeyPath
) -> tuple[str, str, str]:
    """Return where an error stands, what it is, and what to do."""
    sort = item["type"]
    loc = _without_tags(item["loc"], data, keep_last=sort in ("missing", "extra_forbidden"))
    if sort == "union_tag_not_found":
        sort, loc = "missing", (*loc, item["ctx"]["discriminator"].strip("'"))
    elif sort == "union_tag_invalid":
        loc = (*loc, item["ctx"]["discriminator"].strip("'"))
        tags = set(item["ctx"]["expected_tags"].replace("'", "").split(", "))
        tag = item["ctx"]["tag"]
        return (document.where((*at, *loc)), f"unknown {loc[-1]} {tag!r}", did_you_mean(tag, tags))
    where, name = document.where((*at, *loc)), document.name((*at, *loc)) or "the document"
    if sort == "extra_forbidden":
        known = document.fields((*at, *loc[:-1]), _fields_at(kind, item["loc"][:-1]))
        return where, f"unknown field {name!r}", did_you_mean(str(loc[-1]), known)
    if sort == "missing":
        return where, f"the field {name!r} is missing", "add it"
    message = item["msg"].removeprefix("Value error, ")
    found = repr(item.get("input"))
    found = found if len(found) <= 60 else found[:57] + "..."
    return where, f"{name}: {message} (got {found})", _ADVICE.get(sort, "")


def _without_tags(loc: tuple[str | int, ...], data: Any, keep_last: bool) -> KeyPath:
    """Return the path of an error without the names of union members that pydantic puts in it."""
    path: list[str | int] = []
    for number, part in enumerate(loc, start=1):
        if isinstance(data, dict) and part in data:
            data = data[str(part)]
        elif isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif not (keep_last and number == len(loc)):
            continue
        path.append(part)
    return tuple(path)


def _fields_at(kind: type[BaseModel], loc: tuple[str | int, ...]) -> set[str]:
    """Return the field names of the model in which an unknown field was found."""
    current: list[type[BaseModel]] = [kind]
    for part in loc:
        tagged = [model for model in current if _tag(model) == part]
        if tagged:
            current = tagged
            continue
        fields = [m.model_fields[part] for m in current if part in m.model_fields]
        found = [model for field in fields for model in _models_in(field.annotation)]
        current = found or current
    return {name for model in current for name in model.model_fields}


def _tag(model: type[BaseModel]) -> str | None:
    """Return the one value that a model's discriminating field may have."""
    field = model.model_fields.get("protocol")
    tags = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    return tags[0] if len(tags) == 1 else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
