"""Computed datasets: a snapshot is the figures, what they rest on, and the releases they are from.

What computes is `warehouse.computing`, behind the transport that `pipelines.steps.computed_source`
gives: here the three parts are asked for like those of any service. The record of the inputs is
made first, at next to no cost, and is the edition of the other two: the same inputs and formulas
are not computed again.
"""

from collections.abc import Iterator

import pyarrow as pa

from model.errors import SourceError
from model.records.snapshot import CELLS, INPUTS, LINEAGE
from model.util.hashing import sha256_file
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.computed import ComputedOptions
from sources.formats.arrow_files import parquet_batches

version = 1

Options = ComputedOptions




def fetch(options: ComputedOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Ask for the record of the inputs, and for what is computed from them."""
    inputs = get(INPUTS, Request(f"computed:{INPUTS}"))
    yield inputs
    edition = sha256_file(inputs.path)
    for name in (CELLS, LINEAGE):
        yield get(name, Request(f"computed:{name}"), edition)


def read(parts: list[SourceFile], options: ComputedOptions) -> Iterator[pa.RecordBatch]:
    """Read the computed cells.

    Raises:
        ReadError: the file is damaged.
    """
    for part in parts:
        if part.name == CELLS:
            yield from parquet_batches(part.name, part.path, part.name)
            return
    raise SourceError("the snapshot has no computed cells", todo="run the dataset again")
