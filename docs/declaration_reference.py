"""The generated part of docs/declarations/reference.md: every field, from the models.

`UPDATE_DOCS=1 pytest tests/docs/test_declarations_guide.py` writes it; the same test checks it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from model.declarations.computed import PROTOCOL, Input
from model.declarations.dataset import (
    Chart,
    Correction,
    Dataset,
    Dimension,
    Geography,
    Indicator,
    SmallCells,
)
from model.declarations.json_schema import DESCRIPTIONS_AUTHORED, descriptions
from model.declarations.layers import DERIVED
from model.declarations.questions import Question
from model.declarations.source import Allow, ColumnRule, FlagRule, ScaleBy, Source, Unpivot
from sources.connectors.registry import PROTOCOLS

BEGIN = "<!-- generated from the models: begin -->\n"
END = "<!-- generated from the models: end -->\n"
_PARTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("`geography`", Geography), ("An entry of `indicators`", Indicator),
    ("An entry of `inputs`", Input), ("`small_cells` of an indicator", SmallCells),
    ("An entry of `dimensions`", Dimension),
    ("An entry of `corrections`", Correction), ("`chart`", Chart),
    ("An entry of `questions`", Question),
)
_SOURCE_PARTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("An entry of `columns`", ColumnRule), ("An entry of `marks`", FlagRule),
    ("`scale_by`", ScaleBy), ("`unpivot`", Unpivot), ("`allow`", Allow),
)


def reference() -> str:
    """Return the tables of all fields and options as Markdown."""
    declared = {k: v for k, v in descriptions(Dataset).items() if k not in DERIVED}
    lines = [
        "## The declaration\n", *_table(declared | DESCRIPTIONS_AUTHORED, Dataset),
        "The key of an observation is `indicator`, `ref_area`, `geo_vintage`, the dimensions, and"
        " `time_period`.\n",
    ]
    for title, model in _PARTS:
        lines += [f"### {title}\n", *_table(descriptions(model), model)]
    source = {k: v for k, v in descriptions(Source).items() if k != "options"}
    lines += [
        "## A source\n", *_table(source, Source),
        "The options of the protocol stand beside these fields.\n",
    ]
    for title, model in _SOURCE_PARTS:
        lines += [f"### {title}\n", *_table(descriptions(model), model)]
    lines += ["## The protocols' options\n"]
    for name, options in sorted(PROTOCOLS.items()):
        if name == PROTOCOL:
            continue  # it follows from `inputs`
        summary = inspect.cleandoc(options.__doc__ or "").splitlines()[0]
        found = descriptions(options)
        lines += [f"### `{name}`\n", summary + "\n", *_table(found, options)]
    return BEGIN + "\n" + "\n".join(lines) + "\n" + END


def _table(texts: dict[str, str], model: type[BaseModel]) -> Iterator[str]:
    yield "| field | meaning | default |"
    yield "|---|---|---|"
    for name, text in texts.items():
        field = model.model_fields.get(name)
        default = "" if field is None or field.is_required() else _default(field.get_default())
        yield f"| `{name}` | {text.replace('|', chr(92) + '|')} | {default} |"
    yield ""


def _default(value: Any) -> str:
    if value in (None, (), {}, ""):
        return ""
    if isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(str(each) or '""' for each in value) + "]`"
    return f"`{value}`".replace("|", "\\|")


