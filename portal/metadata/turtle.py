"""JSON-LD nodes, as `dcat` and `skos` make them, as Turtle (https://www.w3.org/TR/turtle/).

A graph of nodes with prefixed names needs no library of RDF: each node is a block, a node within
one that has an address is a block of its own.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

Node = Mapping[str, Any]
_UNSAFE = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_PREFIXED = re.compile(r"[a-z]+:[A-Za-z][A-Za-z0-9_\-]*")


def turtle(
    nodes: Iterable[Node], context: Mapping[str, str], base: str, others: Iterable[bytes] = ()
) -> bytes:
    """Return a graph of `nodes` as Turtle, in UTF-8.

    `context` has the prefixes; relative addresses start from `base`. The graphs of `others`, which
    this function made with the same context, are taken in as they are; what many say is there once.
    """
    blocks: dict[str, None] = {}  # in order, each once
    for node in nodes:
        _block(node, context, blocks)
    head = [f"@base {_iri(base)} ."] if base else []
    head += [f"@prefix {name}: <{address}> ." for name, address in context.items()]
    found = dict.fromkeys(block.encode() for block in blocks)
    for other in others:  # an empty line stands between blocks, and nowhere else
        found |= dict.fromkeys(other.rstrip(b"\n").split(b"\n\n")[1:])
    return b"\n\n".join(["\n".join(head).encode(), *found]) + b"\n"


def _block(node: Node, context: Mapping[str, str], blocks: dict[str, None]) -> str:
    """Add a node with an address to the `blocks`; return how others refer to it."""
    facts = [
        f"{'a' if name == '@type' else name} {', '.join(values)}"
        for name, given in node.items() if name != "@id"
        and (values := [
            each if name == "@type" else _value(each, context, blocks) for each in _listed(given)
        ])
    ]
    if "@id" not in node:
        return f"[ {' ; '.join(facts)} ]"
    reference = _term(node["@id"], context)
    if facts:
        said = " ;\n  ".join(facts)
        blocks[f"{reference} {said} ."] = None
    return reference


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _value(value: Any, context: Mapping[str, str], blocks: dict[str, None]) -> str:
    if not isinstance(value, Mapping):
        return _text(value)
    if "@value" not in value:
        return _block(value, context, blocks)
    if "@language" in value:
        return f"{_text(value['@value'])}@{value['@language']}"
    kind = f"^^{value['@type']}" if "@type" in value else ""
    return f"{_text(value['@value'])}{kind}"


def _text(value: Any) -> str:
    """Return a literal; JSON's escapes are Turtle's, too, but for lone surrogates."""
    return json.dumps(str(value), ensure_ascii=False)


def _term(address: str, context: Mapping[str, str]) -> str:
    if _PREFIXED.fullmatch(address) and address.partition(":")[0] in context:
        return address
    return _iri(address)


def _iri(address: str) -> str:
    return f"<{_UNSAFE.sub(lambda found: quote(found[0]), address)}>"
