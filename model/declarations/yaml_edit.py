"""Change single values in YAML text; comments, order and layout of the rest stay.

A newcomer would load, change and dump: that loses comments. Here the positions of the parsed nodes
say which characters to replace.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from model.declarations.yaml_file import KeyPath
from model.errors import DeclarationError

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")
_NOT_TEXT = ("true", "false", "null")


def flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def with_value(text: str, at: KeyPath, value: Any) -> str:
    """Return the `text` of a YAML file with another `value` of the field `at`, which it must have.

    Raises:
        DeclarationError: the field is missing, or its value takes several lines.
    """
    node = _node(text, at)
    is_block = node.style in ("|", ">") if isinstance(node, yaml.ScalarNode) else (
        not node.flow_style)
    if is_block:
        raise DeclarationError(
            f"{'.'.join(map(str, at))}: its value takes several lines",
            where=f"line {node.start_mark.line + 1}", todo="change it in the file",
        )
    start, end = node.start_mark.index, node.end_mark.index
    blank = " " if text[start - 1:start] in (":", "-") else ""
    return text[:start] + blank + flow(value) + text[end:]


def without_item(text: str, name: str, index: int) -> str:
    """Return the `text` without the item at `index` of its top-level list `name`.

    The list goes with its last item.
    """
    listed = _node(text, (name,))
    if listed.flow_style:
        raise DeclarationError(
            f"{name}: is written in one line", where=f"line {listed.start_mark.line + 1}",
            todo="write one item a line, each after a dash",
        )
    lines = text.splitlines(keepends=True)
    item = listed.value[index]
    first = item.start_mark.line
    while not lines[first].lstrip().startswith("-"):
        first -= 1
    if len(listed.value) == 1:
        first = _key_line(text, name)
    return "".join(lines[:first] + lines[_last_line(item) + 1:])


def with_item(text: str, name: str, item: Mapping[str, Any]) -> str:
    """Return the `text` with one more `item` at the end of its top-level list `name`.

    The list is made where there is none.
    """
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    written = f"  - {flow(item)}\n"
    try:
        listed = _node(text, (name,))
    except DeclarationError:
        return "".join([*lines, f"{name}:\n", written])
    if listed.flow_style or not listed.value:
        raise DeclarationError(
            f"{name}: is written in one line", where=f"line {listed.start_mark.line + 1}",
            todo="write one item a line, each after a dash",
        )
    place = _last_line(listed) + 1
    indent = lines[listed.value[-1].start_mark.line]
    written = indent[: len(indent) - len(indent.lstrip())] + written.lstrip()
    return "".join([*lines[:place], written, *lines[place:]])


def without_comment(text: str, line: int) -> str:
    """Return the text without the comment at the end of a line (from 1), or the line if it is one.

    The comment must begin with `# unsure`.
    """
    lines = text.splitlines(keepends=True)
    ending = lines[line - 1][len(lines[line - 1].rstrip("\r\n")):]
    kept = re.sub(r"\s*#\s*unsure\b.*", "", lines[line - 1].rstrip("\r\n"), flags=re.IGNORECASE)
    lines[line - 1] = kept + ending if kept.strip() else ""
    return "".join(lines)


def _node(text: str, at: KeyPath) -> Any:
    # The loader in Python: libyaml's counts bytes, this one characters.
    node: Any = yaml.compose(text, Loader=yaml.BaseLoader)
    for part in at:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((each for key, each in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            found = node.value[part] if part < len(node.value) else None
        if found is None:
            raise DeclarationError(
                f"the field {'.'.join(map(str, at))!r} is not in the file", todo="add it"
            )
        node = found
    return node


def _key_line(text: str, name: str) -> int:
    root: Any = yaml.compose(text, Loader=yaml.BaseLoader)
    return next(int(key.start_mark.line) for key, _ in root.value if key.value == name)


def _last_line(node: Any) -> int:
    """Return the last line of a node; the end that YAML gives of a block lies behind comments."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)
