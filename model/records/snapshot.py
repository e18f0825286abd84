"""The record of a snapshot: the parts that a source served, and where they came from."""

from datetime import datetime
from typing import Any

from model.util.text import Frozen, LocalizedText


class Part(Frozen):
    """One answer of a source inside a snapshot: a page, a file."""

    name: str  # file name inside the snapshot's folder, safe
    url: str  # without secrets
    sha256: str
    bytes: int
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    edition: str | None = None  # what the source itself says of the state that this shows


class Snapshot(Frozen):
    """What a source served, and when: `snapshots/<dataset>/<sha256>/snapshot.json`."""

    dataset: str
    sha256: str  # over the parts' names and checksums
    retrieved: datetime
    profile: str | None = None  # None: stored before profiles were recorded
    protocol: str
    options: dict[str, Any]
    licence: str
    parts: tuple[Part, ...]


# The parts of a computed dataset's snapshot.
INPUTS, CELLS, LINEAGE = "inputs.json", "cells.parquet", "lineage.parquet"


class InputRelease(Frozen):
    """A release that a computed snapshot rests on.

    name: of the input in the declaration.
    title: of the dataset, as its release has it.
    release_sha256: of its `release.json`.
    data_sha256: of its `data.parquet`, whose rows `lineage.parquet` counts.
    """

    name: str
    dataset: str
    title: LocalizedText
    release: int
    release_sha256: str
    data_sha256: str


class Computation(Frozen):
    """What the cells of a computed snapshot were computed from, and how: its `inputs.json`.

    version: of what computes.
    formulas: by indicator; empty where the declaration has a `SELECT`.
    select: its text.
    query_sha256: of the SQL that ran, with the factors of units and the areas added up.
    """

    version: int
    inputs: tuple[InputRelease, ...]
    formulas: dict[str, str]
    select: str
    query_sha256: str
