"""The scores of all datasets as a source: a dataset can be declared over them like over a file.

    source: {protocol: files, files: [record/data_quality.csv], ...}

The file is written when it is requested, with every validation run until then. It leaves out the
datasets that read it: else each of their releases would cause the next.
"""

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

SCORES = "record/data_quality.csv"  # in the data folder


@dataclass(frozen=True)
class ScoresTransport:
    """Answers the request for the scores' file, and passes on all others."""

    others: Transport
    data_dir: DataDir
    datasets: Mapping[str, Dataset]  # whose scores the file holds

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Send the request, after writing the file if it is the one requested."""
        if request.url != f"file:{SCORES}":
            return self.others.send(request, validators, target)
        write_if_changed(self.data_dir.root / SCORES, scores_csv(self.data_dir, self.datasets))
        return FolderTransport(self.data_dir.root).send(request, validators, target)


def with_scores(
    bound: BoundDataset, others: Mapping[str, BoundDataset], transport: Transport, data_dir: DataDir
) -> Transport:
    """Return the transport of a `bound` dataset's source, which may be the scores of the `others`.

    Those are all datasets of the profile, by id; `data_dir` has the records that their scores are
    made from. `transport` sends all other requests.
    """
    if not reads_scores(bound):
        return transport
    scored = {name: each.dataset for name, each in others.items() if not reads_scores(each)}
    return ScoresTransport(transport, data_dir, scored)


def reads_scores(bound: BoundDataset) -> bool:
    """Say whether a dataset reads the scores: it runs after all others."""
    return SCORES in (getattr(options_of(bound.source), "files", None) or ())
