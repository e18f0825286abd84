"""YAML files as plain data, with the line of every key.

The YAML 1.2 core schema: `NO` stays the code of Norway, `on` stays text, `00004` stays text.
Duplicate keys and aliases are errors; an alias could expand without end. What the data mean is
for `validation`.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from model.errors import DeclarationError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
KeyPath = tuple[str | int, ...]
# libyaml's loader, ten times as fast, wherever PyYAML was built with it (as its wheels are). The
# base one: it leaves scalars as they are written, and `_scalar` resolves them. ruamel.yaml 0.19,
# which has positions and YAML 1.2 of its own, took ten times as long for 1,000 declarations.
_BaseLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(_BaseLoader):
    """Composes nodes without tags, which would take as long as the parsing does."""

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Do nothing."""

    def ascend_resolver(self) -> None:
        """Do nothing."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Return no tag."""
        return ""


@dataclass(frozen=True)
class YamlFile:
    """A YAML document: its data, and the line on which each key stands."""

    path: Path
    data: Any
    lines: dict[KeyPath, int]
    text: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a YAML file.

        Raises:
            DeclarationError: missing, not UTF-8, too large, or not YAML; with its line.
        """
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise DeclarationError(
                f"cannot be read: {error.strerror}", where=str(path), todo="check the path"
            ) from error
        if len(raw) > MAX_BYTES:
            raise DeclarationError("is larger than 1 MB", where=str(path), todo="split it")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise DeclarationError(
                "is not UTF-8", where=f"{path}:{line}", todo="save it as UTF-8"
            ) from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> Self:
        """Parse YAML text; `path` is for messages."""
        try:
            _refuse_aliases(text, path)
            node = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise DeclarationError(
                f"is not YAML: {error.problem or error.context}",
                where=f"{path}:{line}",
                todo="fix the line (indent with blanks, quote text that contains ': ')",
            ) from error
        except yaml.YAMLError as error:
            raise DeclarationError(f"is not YAML: {error}", where=str(path)) from error
        lines: dict[KeyPath, int] = {(): 1}
        data = _build(node, (), lines, path) if node else None
        return cls(path=path, data=data, lines=lines, text=text)

    def line(self, key_path: KeyPath) -> int:
        """Return the line of a key, or of its nearest ancestor that is in the file."""
        while key_path and key_path not in self.lines:
            key_path = key_path[:-1]
        return self.lines.get(key_path, 1)

    def where(self, key_path: KeyPath) -> str:
        """Return "file:line" of a key."""
        return f"{self.path}:{self.line(key_path)}"

    def name(self, key_path: KeyPath) -> str:
        """Return the name of a field for messages."""
        return ".".join(map(str, key_path))

    def fields(self, key_path: KeyPath, known: set[str]) -> set[str]:
        """Return the names that may stand where an unknown one was found."""
        return known

    def mapping(self) -> dict[str, Any]:
        """Return the document, which must be a mapping."""
        if not isinstance(self.data, dict):
            raise DeclarationError(
                "is not a mapping of names to values", where=f"{self.path}:1",
                todo="start with e.g. `title:`",
            )
        return self.data


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def _refuse_aliases(text: str, path: Path) -> None:
    if "*" not in text:
        return
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise DeclarationError(
                "uses a YAML alias", where=f"{path}:{_line(event.start_mark)}",
                todo="write the value out",
            )


def _build(node: yaml.Node, at: KeyPath, lines: dict, path: Path) -> Any:
    line = node.start_mark.line + 1
    if len(at) > MAX_DEPTH:
        raise DeclarationError("is nested too deeply", where=f"{path}:{line}")
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, key_line = _key(key_node, path)
            if key in result:
                raise DeclarationError(
                    f"the key {key!r} appears twice (first on line {lines[(*at, key)]})",
                    where=f"{path}:{key_line}", todo="remove one of the two",
                )
            lines[(*at, key)] = key_line
            result[key] = _build(value_node, (*at, key), lines, path)
        return result
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*at, index)] = item.start_mark.line + 1
            items.append(_build(item, (*at, index), lines, path))
        return items
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - YAML has no fourth kind of node
    return _scalar(node, f"{path}:{line}")


def _key(node: yaml.Node, path: Path) -> tuple[str, int]:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode):
        raise DeclarationError("a key is not plain text", where=f"{path}:{line}")
    return node.value, line


_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def _scalar(node: yaml.ScalarNode, where: str) -> Any:
    """Resolve a plain scalar by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103)."""
    value = str(node.value)
    if node.style:  # quoted or a block: always text (plain is None, or "" in libyaml)
        return value
    if value in ("", "~", "null", "Null", "NULL"):
        return None
    if value in ("true", "True", "TRUE"):
        return True
    if value in ("false", "False", "FALSE"):
        return False
    if _INT.fullmatch(value):
        digits = value.lstrip("+-")
        if len(digits) > 1 and digits.startswith("0"):
            return value  # 00004 is a code, never the number 4
        if len(digits) > 300:
            raise DeclarationError("the number is too long", where=where, todo="quote it")
        return int(value)
    if _FLOAT.fullmatch(value):
        number = float(value)
        if not math.isfinite(number):
            raise DeclarationError("the number is too large", where=where)
        return number
    return value
