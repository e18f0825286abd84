"""A published site as programs elsewhere see it: its files, believed by their checksums alone.

`catalogue.json` ends with its own checksum and has that of every shared page and `dataset.json`,
which has those of all files of its releases.
"""

import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import httpx
import pyarrow as pa

from model.errors import PortalError
from model.util.hashing import sha256_bytes, unsealed
from model.util.parquet import read_parquet
from portal.changes.dataset_files import ORIGINS
from portal.site_folder.state import CHECKSUMS, CatalogueState, DatasetState, ReleaseState, State

CATALOGUE, DATASETS = "catalogue.json", "api/datasets.json"
SECONDS = 30  # for which a catalogue is believed to be the newest
_AT_ONCE = 8  # requests
_KEPT = 256  # files that are kept as they were read
Kept = TypeVar("Kept")


class SiteChangedError(PortalError):
    """A file is not what the catalogue says: damaged, or the site was updated meanwhile."""


class PublishedSite:
    """The files of a site.

    Args:
        site: its address, or its folder: that which holds catalogue.json.

    `read` gives the bytes at a path as they are: of what has its checksum elsewhere.
    """

    def __init__(self, site: str) -> None:
        self.name = site
        self.remote = site.startswith(("http://", "https://"))
        self.read = _reader(site)
        self._kept: dict[tuple[str, str], Any] = {}  # what a file says, by its kind and checksum
        self._catalogue: tuple[float, CatalogueState, str] | None = None

    def catalogue(self) -> CatalogueState:
        """Return the checksums of everything that is published now."""
        return self._newest()[1]

    def catalogue_checksum(self) -> str:
        """Return the checksum of the bytes that `catalogue` was read from."""
        return self._newest()[2]

    def _newest(self) -> tuple[float, CatalogueState, str]:
        if self._catalogue is None or time.monotonic() - self._catalogue[0] > SECONDS:
            data = self.read(CATALOGUE)
            found = _parsed(CatalogueState, CATALOGUE, data)
            self._catalogue = (time.monotonic(), found, sha256_bytes(data))
        return self._catalogue

    def forget(self) -> None:
        """Read the catalogue again when it is next asked for."""
        self._catalogue = None

    def shared(self, path: str, parse: Callable[[bytes], Kept]) -> Kept:
        """Return what `parse` makes of the shared file at a `path` of the site.

        Raises PortalError where there is none, or it is not what the catalogue says.
        """
        return self._parsed(path, self.catalogue().pages.get(path), parse)

    def listing(self) -> dict[str, dict[str, Any]]:
        """Return the entries of the list of datasets, by id."""
        def read(data: bytes) -> dict[str, dict[str, Any]]:
            return {entry["id"]: entry for entry in json.loads(data)["datasets"]}

        return self.shared(DATASETS, read)

    @property
    def languages(self) -> list[str]:
        """The languages of the site, its first one first."""
        found: list[str] = self.shared(DATASETS, lambda data: json.loads(data)["languages"])
        return found

    def state(self, dataset: str) -> DatasetState:
        """Return a dataset's description and all its releases.

        Raises PortalError where there is none, or it is not what the catalogue says.
        """
        path = f"datasets/{dataset}/dataset.json"
        return self._parsed(
            path, self.catalogue().datasets.get(dataset),
            lambda data: _parsed(DatasetState, path, data),
        )

    def table(self, state: DatasetState, release: ReleaseState) -> pa.Table:
        """Return the figures of a `release` of the dataset that has this `state`."""
        def read(data: bytes) -> pa.Table:
            # The same texts in every row: codes of a dictionary take a tenth of the memory.
            return read_parquet(data, codes=["indicator", "ref_area"])

        return self.release_file(state, release, f"{state.name}.parquet", read)

    def dictionary(
        self, state: DatasetState, release: ReleaseState
    ) -> dict[str, dict[str, dict[str, str]]]:
        """Return the names of columns and codes of a `release`: column -> code -> fields.

        `state` is that of its dataset.

        Code "" is the column itself.
        """
        def read(data: bytes) -> dict[str, dict[str, dict[str, str]]]:
            found: dict[str, dict[str, dict[str, str]]] = {}
            for row in csv_rows(data):
                found.setdefault(row["column"], {})[row["code"]] = row
            return found

        return self.release_file(state, release, f"{state.name}-dictionary.csv", read)

    def changes(self, state: DatasetState, release: ReleaseState) -> list[dict[str, str]]:
        """Return what a `release` of the dataset of this `state` changed, a row for each figure."""
        return self.release_file(state, release, f"{state.name}-changes.csv", csv_rows)

    def has_origins(self, state: DatasetState, release: ReleaseState) -> bool:
        """Return whether the site says where each figure of a `release` stands in the source.

        Raises PortalError where the list of the files of the dataset of a `state` is damaged.
        """
        path = f"datasets/{state.dataset}/{CHECKSUMS}"
        try:
            return f"releases/{release.number}/{ORIGINS}" in json.loads(unsealed(self.read(path)))
        except ValueError as error:
            raise SiteChangedError(
                f"cannot be read: {error}", where=path, todo="tell the site's operator"
            ) from error

    def prepare(self, datasets: Sequence[str]) -> None:
        """Read what a question needs of `datasets`, several at once where they are far away."""
        if not self.remote:
            return

        def read(dataset: str) -> None:
            state = self.state(dataset)
            release = state.of_release(state.release)
            if release and release.files:
                self.dictionary(state, release)
                self.table(state, release)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(read, dict.fromkeys(datasets)))

    def release_file(
        self, state: DatasetState, release: ReleaseState, name: str, parse: Callable[[bytes], Kept]
    ) -> Kept:
        """Return what `parse` makes of a file (`name`) of a `release` of the dataset of a `state`.

        Raises PortalError where there is none, or it is not what its record says.
        """
        path = f"datasets/{state.dataset}/releases/{release.number}/{name}"
        sha256 = next((file.sha256 for file in release.files if file.name == name), None)
        return self._parsed(path, sha256, parse)

    def _parsed(self, path: str, sha256: str | None, parse: Callable[[bytes], Kept]) -> Kept:
        if sha256 is None:
            raise PortalError(
                "the site does not publish it", where=f"{self.name}: {path}",
                todo="ask for what `search` finds",
            )
        key = (parse.__qualname__, sha256)
        if key not in self._kept:
            data = self.read(path)
            if sha256_bytes(data) != sha256:
                raise SiteChangedError(
                    "is not what the site's catalogue says", where=path,
                    todo="try again in a minute, as the site may be updated just now; else tell"
                    " its operator",
                )
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = parse(data)
        kept: Kept = self._kept[key]
        return kept


def csv_rows(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a published CSV file, by column."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _parsed(kind: type[State], path: str, data: bytes) -> State:
    try:
        return kind.model_validate_json(unsealed(data))
    except ValueError as error:
        raise PortalError(
            "is no record of a site that this version can read", where=path,
            todo="check the address: it is that of the folder that holds catalogue.json",
        ) from error


def _reader(site: str) -> Callable[[str], bytes]:
    """Return what reads a file of a site by its path; `site` is an address or a folder."""
    if not site.startswith(("http://", "https://")):
        return lambda path: _read_local(Path(site) / path)
    client = httpx.Client(timeout=30, follow_redirects=True)
    base = site if site.endswith("/") else f"{site}/"

    def get(path: str) -> bytes:
        address = urljoin(base, path)
        try:
            return client.get(address).raise_for_status().content
        except httpx.HTTPError as error:
            raise PortalError(
                f"cannot be read: {error}", where=address,
                todo="check the address: it is that of the folder that holds catalogue.json",
            ) from error

    return get


def _read_local(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PortalError(
            f"cannot be read: {error.strerror}", where=str(path),
            todo="give the folder, or the address, that holds catalogue.json",
        ) from error
