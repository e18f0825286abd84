"""One dataset in one profile: declaration, suite and source, bound together for the steps."""

from dataclasses import dataclass
from functools import cached_property

from expectations import suites
from expectations.disclosure_control.small_cells import suppressed
from expectations.suites.suite import Suite, full_suite
from model.declarations.dataset import Dataset
from model.declarations.load import Declaration
from model.declarations.source import Source
from model.errors import StoreError
from model.records.release import Inputs
from model.reference.registries import Registries
from pipelines.cluster.settings import Cluster
from sources import formats
from sources.base import SourceProtocol
from sources.connectors.registry import options_of, protocol
from warehouse import cleaning
from warehouse.computing.lineage import computation
from warehouse.store import acceptances, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.snapshots import StoredSnapshot


@dataclass(frozen=True)
class BoundDataset:
    """A dataset in a profile, with everything that its steps need to know of it."""

    declaration: Declaration
    own_suite: Suite | None  # of its file
    profile: str
    registries: Registries
    timed: bool = True  # records keep durations; without them, equal runs are equal to the byte
    cluster: Cluster | None = None  # where large snapshots are cleaned and validated

    @property
    def dataset(self) -> Dataset:
        """The dataset."""
        return self.declaration.dataset

    @cached_property
    def suite(self) -> Suite:
        """All that is expected: what the declaration implies, and the dataset's own suite.

        It is made when it is asked for: of a thousand datasets that takes half a second.
        """
        return full_suite(self.dataset, self.own_suite, self.registries)

    @cached_property
    def source(self) -> Source:
        """The source of the profile."""
        source = self.dataset.source_for(self.profile)
        if source is None:
            raise ValueError(f"{self.dataset.id} has no source in profile {self.profile}")
        return source

    @cached_property
    def protocol(self) -> SourceProtocol:
        """The connector of the source."""
        return protocol(self.source.protocol)

    @property
    def upstream(self) -> tuple[str, ...]:
        """The datasets whose releases it is made from or compared with: they run before it."""
        inputs = (each.dataset for each in self.dataset.inputs.values())
        compared = self.own_suite.inputs if self.own_suite else ()
        return tuple(dict.fromkeys((*inputs, *compared)))

    @property
    def host(self) -> str:
        """The host whose rate limit applies, or "" for files."""
        return options_of(self.source).host

    @cached_property
    def declaration_sha256(self) -> str:
        """Checksum of everything that the declaration says for the profile."""
        return self.declaration.version(self.profile, self.registries)

    @property
    def code_version(self) -> str:
        """The versions of what turns bytes into observations and validates them."""
        return f"{self.reading_version} suite-{suites.VERSION}"

    @property
    def reading_version(self) -> str:
        """The versions of what turns bytes into observations."""
        reader = f"{self.source.protocol}-{self.protocol.version}"
        return f"{reader} formats-{formats.VERSION} cleaning-{cleaning.VERSION}"

    def cluster_for(self, stored: StoredSnapshot) -> Cluster | None:
        """Return where the snapshot `stored` is cleaned and validated; None: on this machine.

        A declaration's SQL is one SELECT over all rows, and disclosure control changes the table.
        """
        size = sum(part.bytes for part in stored.snapshot.parts)
        if self.cluster is None or size < self.cluster.from_bytes:
            return None
        whole = self.declaration.sql.get(self.profile) or suppressed(self.dataset)
        return None if whole else self.cluster

    def inputs(self, data_dir: DataDir) -> Inputs:
        """Return what a release of the last snapshot is made from; equal inputs, no new release.

        Raises:
            StoreError: no snapshot yet.
        """
        accepted = acceptances.load(data_dir, self.dataset.id)
        stored = self.last_snapshot(data_dir)
        snapshot = stored.snapshot.sha256
        checks = acceptances.load_checks(data_dir, self.dataset.id, snapshot)
        return Inputs(
            snapshot_sha256=snapshot,
            declaration_sha256=self.declaration_sha256,
            suite_sha256=self.suite.sha256,
            code_version=self.code_version,
            profile=self.profile,
            acceptances_sha256=acceptances.version(accepted, checks),
            computed_from=computation(stored).inputs if self.dataset.inputs else (),
        )

    def last_snapshot(self, data_dir: DataDir) -> StoredSnapshot:
        """Return the snapshot taken last.

        Raises:
            StoreError: no snapshot yet.
        """
        stored = snapshots.latest(data_dir, self.dataset.id)
        if stored is None:
            raise StoreError(
                "there is no snapshot yet", where=self.dataset.id,
                todo=f"run `openindicators run {self.dataset.id}`",
            )
        return stored
