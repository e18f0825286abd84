"""The warehouse's own record as a source: a dataset can be declared over it like over any file.

    sources: {live: {protocol: files, options: {files: [record/data_quality.csv]}, ...}}

The file is written anew when it is asked for, and has every judgement made until then. A dataset
that reads it has no part in it: else each of its releases would bring the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.declarations.dataset import Dataset
from model.util.disk import write_if_changed
from pipelines.quality.history import scores_csv
from pipelines.steps.bound_dataset import BoundDataset
from sources.base import Request, SourceFile, Transport, Validators
from sources.connectors.registry import options_of
from sources.fetch.folder import FolderTransport
from warehouse.store.data_dir import DataDir

RECORD = "record/data_quality.csv"  # in the data folder


@dataclass(frozen=True)
class RecordTransport:
    """Answers for the record's file, and leaves all others to `files`."""

    files: Transport
    data_dir: DataDir
    datasets: Mapping[str, Dataset]  # whose history it is to have

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Write the record, if it is what is asked for, and send the request."""
        if request.url != f"file:{RECORD}":
            return self.files.send(request, validators, target)
        write_if_changed(self.data_dir.root / RECORD, scores_csv(self.data_dir, self.datasets))
        return FolderTransport(self.data_dir.root).send(request, validators, target)


def reads_record(bound: BoundDataset) -> bool:
    """Say whether a dataset's source is the record: it comes after all others."""
    return RECORD in (getattr(options_of(bound.source), "files", None) or ())
