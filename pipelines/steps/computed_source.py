"""Where a dataset's requests go: to its source, or to what computes it from other datasets.

A computed dataset is fetched like any other: its snapshot is computed when it is asked for, and
stays the same while the releases of its inputs and its formulas do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from model.records.snapshot import INPUTS
from pipelines.own_records import with_records
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.target_assessment import TargetAssessment
from sources.base import Request, SourceFile, Transport, Validators
from sources.fetch.part_files import write_body
from warehouse.computing.compute import Computing
from warehouse.store.data_dir import DataDir


@dataclass
class ComputedTransport:
    """Answers the requests for the parts of a computed dataset's snapshot."""

    computing: Computing
    _parts: dict[str, bytes] = field(default_factory=dict)

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Write the part that is requested to `target`; see `Transport`."""
        name = request.url.removeprefix("computed:")
        if name == INPUTS:
            self._parts[INPUTS] = self.computing.record().encode()
        elif name not in self._parts:
            with TemporaryDirectory(prefix="openindicators-computed-") as folder:
                self.computing.write(Path(folder))
                self._parts |= {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        return write_body(target, [self._parts[name]], request, {})


def transport_for(
    bound: BoundDataset, others: Mapping[str, BoundDataset], transport: Transport, data_dir: DataDir
) -> Transport:
    """Return what answers the requests for a `bound` dataset.

    Args:
        bound: the dataset.
        others: all datasets of the profile, by id.
        transport: sends requests to sources.
        data_dir: has the releases and records that datasets can be made from.
    """
    if not bound.dataset.inputs:
        return with_records(bound, others, transport, data_dir)
    datasets = {name: each.dataset for name, each in others.items()}
    program = TargetAssessment(bound.registries) if bound.dataset.program else None
    return ComputedTransport(Computing(
        bound.dataset, datasets, bound.registries, data_dir, bound.declaration.select, program
    ))
