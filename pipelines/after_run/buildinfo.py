"""Publish what a stranger needs to make every release again (`openindicators rebuild`).

Of each public dataset: the records of its releases, the snapshots (their bytes where the licence
lets anybody pass them on, else their checksums), what people accepted, and the project's files.
Of the last, copies are kept in the data folder: the project goes on.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from model.errors import OpenIndicatorsError, PortalError
from model.records.buildinfo import (
    ACCEPTED,
    BUILDERS,
    FILES,
    FOLDER,
    INDEX,
    PROJECTS,
    STATE,
    Accepted,
    BuildersIndex,
    BuildinfoState,
    DeclaredIn,
    Statement,
)
from model.records.snapshot import Snapshot
from model.reference.city import FILE as CITY
from model.reference.city import LOCALES, REGISTRY
from model.reference.registries import Registries
from model.util.disk import atomic_write, disk_errors, link_or_copy, write_if_changed
from model.util.hashing import (
    has_checksum,
    pretty_json,
    sealed,
    sha256_bytes,
    sha256_file,
    sha256_json,
    unsealed,
)
from pipelines.catalogue import Catalogue
from pipelines.explain.origins import names_somebody
from pipelines.own_records import SCORES, TARGETS
from pipelines.settings import Settings
from portal.site.shared_pages.shared_files import STATE as CATALOGUE
from portal.site_folder.release_files import locked
from portal.site_folder.state import DatasetState, all_datasets
from portal.transparency.signing import signed_statement
from warehouse.store import acceptances, ledger, releases, snapshots
from warehouse.store.atomic import append_log, read_log
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.snapshots import StoredSnapshot

MOST_BYTES = 50_000_000  # of a snapshot: larger ones are published by their checksums
log = logging.getLogger(__name__)
_DECLARED = (".yaml", ".yml", ".sql", ".csv", ".po")
_OWN = tuple(f"file:{path}" for path in (SCORES, TARGETS))  # what we wrote ourselves
_TODO = "restore it from a backup, or from `buildinfo/` of a copy of the site"


def publish_buildinfo(settings: Settings, catalogue: Catalogue) -> int:
    """Bring the site's copy to its releases; without news nothing is written.

    The `settings` have project and data folder, the `catalogue` the datasets as they are declared.
    A dataset whose records are damaged keeps what the site has of it.

    Returns:
        How many files of the site were written or removed.

    Raises:
        StoreError: the data folder or the site cannot be written, or the log of projects is
            damaged.
    """
    data_dir, site = settings.data_dir, settings.data_dir.site
    if not (site / CATALOGUE).exists():
        return 0
    checksum, before = sha256_file(site / CATALOGUE), read(site)
    said = {path.name: path.read_bytes() for path in sorted(data_dir.builders.glob("*.json"))}
    inputs = sha256_json([checksum, {name: sha256_bytes(data) for name, data in said.items()}])
    if before and before.inputs == inputs and all(
        (site / path).is_file() for path in before.files
    ):
        return 0
    statements = _signed(said)
    with locked(site), disk_errors(site):
        states = [state for state in all_datasets(site) if state.public and not state.withdrawn]
        files, changed = dict(before.files) if before else {}, 0
        projects = _Projects(settings, catalogue)
        wanted: set[str] = set()
        for state in states:
            prefix = f"{FOLDER}/datasets/{state.dataset}/"
            try:
                found = dict(_of_dataset(projects, state, prefix, files))
            except OpenIndicatorsError:  # named by who reads it next; its copy stays
                wanted |= {path for path in files if path.startswith(prefix)}
                continue
            wanted |= found.keys()
            changed += sum(_put(site, files, path, each) for path, each in found.items())
        for name, data in _by_builders(statements, states).items():
            wanted.add(name)
            changed += _put(site, files, name, data)
        for path in _kept(data_dir):
            name = f"{FOLDER}/{path.relative_to(data_dir.buildinfo).as_posix()}"
            wanted.add(name)
            changed += _put(site, files, name, path.read_bytes())
        for gone in files.keys() - wanted:
            (site / gone).unlink(missing_ok=True)
            changed += 1
        state_now = BuildinfoState(
            inputs=inputs, files={path: files[path] for path in sorted(wanted)}
        )
        return changed + write_if_changed(site / STATE, sealed(pretty_json(state_now)))


def _signed(said: dict[str, bytes]) -> list[Statement]:
    """Return the statements in files that their builders have signed; one for each builder."""
    found = []
    for name, data in said.items():
        try:
            found.append(signed_statement(data, f"{BUILDERS}/{name}"))
        except PortalError as error:  # `doctor` names it, too
            log.warning("%s: it is not published", error)
    return list({each.key: each for each in sorted(found, key=lambda each: each.made)}.values())


def _by_builders(
    statements: list[Statement], states: list[DatasetState]
) -> dict[str, bytes]:
    """Return the statements as files of the site, and the list of who made which release again."""
    records = {
        (state.dataset, release.number): release.record_sha256
        for state in states for release in state.releases
    }
    index = BuildersIndex.of(statements, records)
    files = {f"{BUILDERS}/{each.name}": pretty_json(each).encode() for each in statements}
    return {**files, INDEX: pretty_json(index).encode()}


def read(site: Path) -> BuildinfoState | None:
    """Return what a site's folder has; None where it has nothing that can be read."""
    try:
        return BuildinfoState.model_validate_json(unsealed((site / STATE).read_bytes()))
    except (OSError, ValueError):
        return None


def _of_dataset(
    projects: "_Projects", state: DatasetState, prefix: str, known: dict[str, str]
) -> Iterator[tuple[str, bytes | Path]]:
    """Yield path and content of what the site has of a dataset, under `prefix`.

    `known` is what it has already, by path.
    """
    data_dir, dataset = projects.settings.data_dir, state.dataset
    history = releases.history(data_dir, dataset)
    projects.keep(dataset, history)
    entries = ledger.entries(data_dir, dataset)
    for stored in history:
        number = stored.release.number
        if number in entries:
            yield f"{prefix}releases/{number}.json", ledger.record_bytes(stored.folder)
    for sha256 in dict.fromkeys(stored.release.snapshot_sha256 for stored in history):
        taken = snapshots.load(data_dir, dataset, sha256)
        folder = f"{prefix}snapshots/{sha256}/"
        yield folder + snapshots.RECORD, (taken.folder / snapshots.RECORD).read_bytes()
        if not _may_be_passed_on(taken.snapshot, state, history, projects.catalogue.registries):
            continue
        paths = {folder + part.name: taken.part_path(part) for part in taken.snapshot.parts}
        if paths.keys() <= known.keys() or _names_nobody(taken):
            snapshots.verify(taken)
            yield from paths.items()
    accepted = _accepted(data_dir, dataset)
    if accepted.rows or accepted.checks:
        yield prefix + ACCEPTED, sealed(pretty_json(accepted)).encode()


def _accepted(data_dir: DataDir, dataset: str) -> Accepted:
    rows = acceptances.load(data_dir, dataset)
    checks = acceptances.load_all_checks(data_dir, dataset)
    nobody = "–"
    unnamed = {"by": nobody, "reason": nobody}
    return Accepted(
        rows=tuple(each.model_copy(update={**unnamed, "row": {}}) for each in rows),
        checks=tuple(each.model_copy(update={**unnamed, "found": nobody}) for each in checks),
    )


def _may_be_passed_on(
    snapshot: Snapshot, state: DatasetState, history: Iterable[StoredRelease],
    registries: Registries,
) -> bool:
    """Whether anybody may have a snapshot's bytes: licence, address, size, nothing withheld."""
    licences = [registries.licences.get(code) for code in (state.licence_id, snapshot.licence)]
    public = all(
        part.url.startswith(("http://", "https://")) or part.url in _OWN for part in snapshot.parts
    )
    withheld = any(
        indicator.get("small_cells") for stored in history
        for indicator in stored.release.declaration.get("indicators", {}).values()
    )
    small = sum(part.bytes for part in snapshot.parts) <= MOST_BYTES
    return small and public and not withheld and all(each and each.open for each in licences)


def _names_nobody(taken: StoredSnapshot) -> bool:
    """Whether the texts of a snapshot have no personal data; packed formats are not looked into."""
    for part in taken.snapshot.parts:
        try:
            text = taken.part_path(part).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            continue
        if names_somebody(text):
            return False
    return True


@dataclass(frozen=True)
class _Projects:
    """The log of projects in a data folder, and the project's files as they are now."""

    settings: Settings
    catalogue: Catalogue

    @property
    def log(self) -> Path:
        return self.settings.data_dir.buildinfo / PROJECTS

    @cached_property
    def known(self) -> set[tuple[str, ...]]:
        """What stands in the log: datasets, each with profile, declaration and suite."""
        log = read_log(self.log, DeclaredIn, "the log of projects", _TODO)
        return {
            (each.dataset, each.profile, each.declaration_sha256, each.suite_sha256)
            for each in log
        }

    @cached_property
    def project(self) -> str:
        """The checksum of the list of files, which are kept now."""
        root, data_dir = self.settings.project, self.settings.data_dir
        listed = {
            path.relative_to(root).as_posix(): _keep(data_dir, path.read_bytes())
            for path in _project_files(root, self.catalogue)
        }
        return _keep(data_dir, pretty_json(listed).encode())

    def keep(self, dataset: str, history: Iterable[StoredRelease]) -> None:
        """Keep the project's files, where a release was made by what they say now."""
        profile = self.settings.profile
        bound = self.catalogue.bound_datasets(profile).get(dataset)
        if bound is None:
            return
        of = {"declaration_sha256": bound.declaration_sha256, "suite_sha256": bound.suite.sha256}
        now = (profile, *of.values())
        releases_of_it = (each.release for each in history)
        if all((r.profile, r.declaration_sha256, r.suite_sha256) != now for r in releases_of_it):
            return
        if (dataset, *now) in self.known:
            return
        made = DeclaredIn(dataset=dataset, profile=profile, project=self.project, **of)
        append_log(self.log, [made])


def _project_files(project: Path, catalogue: Catalogue) -> Iterator[Path]:
    """Yield the files of a project that declare something public."""
    closed = {
        name for name, each in catalogue.declarations.items()
        if each.dataset.access_rights != "PUBLIC"
    }
    yield project / CITY
    for folder in ("assets", "expectations", REGISTRY, LOCALES):
        for path in sorted((project / folder).rglob("*")):
            name = "/".join(path.relative_to(project).with_suffix("").parts[1:3])
            if path.suffix in _DECLARED and path.is_file() and name not in closed:
                yield path


def _keep(data_dir: DataDir, data: bytes) -> str:
    sha256 = sha256_bytes(data)
    write_if_changed(data_dir.buildinfo / FILES / sha256, data)
    return sha256


def project_files(data_dir: DataDir) -> list[Path]:
    """Return the files of projects that `data_dir` keeps, each named by its checksum."""
    return sorted((data_dir.buildinfo / FILES).glob("[!.]*"))  # a kill may leave a hidden one


def _kept(data_dir: DataDir) -> Iterator[Path]:
    """Yield what the data folder keeps of projects: the files before the log that names them."""
    yield from project_files(data_dir)
    if (data_dir.buildinfo / PROJECTS).is_file():
        yield data_dir.buildinfo / PROJECTS


def _put(site: Path, files: dict[str, str], path: str, content: bytes | Path) -> bool:
    """Write a file of the site, or link it; return whether it differed."""
    target = site / path
    files[path] = sha256_bytes(content) if isinstance(content, bytes) else sha256_file(content)
    if has_checksum(target, files[path]):
        return False
    with atomic_write(target, lasting=False) as staging:
        if isinstance(content, bytes):
            staging.write_bytes(content)
        else:
            link_or_copy(content, staging)
    return True
