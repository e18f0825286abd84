"""What a reader or cleaning left unread in a source, in words.

A reader has no other way out than its batches, so it describes what it left in the metadata of the
schema of an empty last batch; cleaning takes it from there into the source schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from model.util.text import Frozen, LocalizedText

if TYPE_CHECKING:  # every command imports these records; pyarrow takes 0.1 s
    import pyarrow as pa

# The check that says what stayed unread; no suite may use its name.
UNREAD_CHECK = "unread_content"

_KEY = b"openindicators.unread"


class UnreadContent(Frozen):
    """Something of a source that was not read, or is hidden there.

    kind: `title` is the text above the table, as the source has it; it is read by no rule, but a
        unit in it counts.
    warns: it holds figures, or is hidden and not declared as read; else it is only described.
    """

    kind: Literal["sheet", "hidden", "rows", "column", "title"]
    part: str  # of the snapshot, "" for all
    what: LocalizedText
    warns: bool = True


_LIST = TypeAdapter(tuple[UnreadContent, ...])


def unread_batch(schema: pa.Schema, unread: Sequence[UnreadContent]) -> pa.RecordBatch:
    """Return an empty batch of a `schema` that carries what a reader left `unread`."""
    import pyarrow as pa  # noqa: PLC0415 - readers have it already; other commands need none

    described = schema.with_metadata({_KEY: _LIST.dump_json(tuple(unread))})
    return pa.RecordBatch.from_pylist([], schema=described)


def unread_of(batch: pa.RecordBatch) -> Iterator[UnreadContent]:
    """Yield what a batch of a reader says was left unread."""
    found = (batch.schema.metadata or {}).get(_KEY)
    if found is not None:
        yield from _LIST.validate_json(found)
