"""`openindicators verify`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin

import httpx
import typer
from pydantic import ValidationError
from rich.markup import escape

from model.errors import OpenIndicatorsError, PortalError
from model.records.release import FileRecord, Release
from model.util.hashing import sha256_bytes
from pipelines.cli.terminal import AsJson, Profile, out, print_json
from pipelines.settings import Settings
from portal.site import files_of, published_files
from portal.site.state import CatalogueState, DatasetState, State
from portal.verify import Verdict
from portal.verify import verify as genuine
from warehouse.store import releases

_EXIT_CODES = {True: 0, False: 1, None: 3}  # genuine, not genuine, unknown; 2 is wrong use


def verify(
    file: Path,
    site: Annotated[
        str | None, typer.Option(help="address or folder of the portal that it is from")
    ] = None,
    profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Compare a `file` with the checksums of every release and every published download.

    The records are those of the data folder of the `profile`, or of a published `site`, an address
    or folder. `as_json` prints a document instead of sentences.

    Exits with 0 for a genuine file, 1 for one that was changed, 3 where nothing is known of it.

    Raises:
        OpenIndicatorsError: the file cannot be read, or nothing was released yet.
        PortalError: the site cannot be read, or its records are not what its catalogue says.
    """
    if not file.is_file():
        raise OpenIndicatorsError("there is no such file", where=str(file), todo="check the path")
    if site is not None:
        return _verify_with_site(file, site, as_json)
    settings = Settings.from_environment(profile)
    found = genuine(file, _records(settings))
    if as_json:
        gone = {match["dataset"] for match in found["matches"]}
        withdrawn = sorted(dataset for dataset in gone if _withdrawal(settings, dataset))
        document = {**found, "withdrawn": withdrawn}
        print_json(document)
    elif found["genuine"]:
        for match in found["matches"]:
            out.print(
                f"[green]genuine[/]: {file.name} is {match['file']} of {match['dataset']},"
                f" release {match['release']}"
            )
        for dataset in sorted({match["dataset"] for match in found["matches"]}):
            _print_withdrawal(settings, dataset)
    elif found["genuine"] is None:
        out.print(
            f"[yellow]unknown[/]: {settings.data_dir.root} has no record of {escape(file.name)} or"
            f" of the checksum {found['sha256']}\n  → give the address of the portal that the file"
            " is from, --site https://…, or set OPENINDICATORS_DATA_DIR to the publisher's data"
            " folder"
        )
    else:
        out.print(
            f"[red]not genuine[/]: {settings.data_dir.root} published {escape(file.name)}, but"
            f" never with the checksum {found['sha256']}\n  → download it again; if it was opened"
            " and saved, use the untouched download. A file of another publisher is verified with"
            " that publisher's checksums, on the dataset's page"
        )
    return _EXIT_CODES[found["genuine"]]


def _withdrawal(settings: Settings, dataset: str) -> Release | None:
    stored = releases.current(settings.data_dir, dataset)
    return stored.release if stored and stored.release.reason == "withdrawal" else None


def _print_withdrawal(settings: Settings, dataset: str) -> None:
    release = _withdrawal(settings, dataset)
    if release is None:
        return
    why = release.decision.reason if release.decision else None
    out.print(
        f"[yellow]withdrawn[/]: {escape(dataset)} was withdrawn on {release.issued:%Y-%m-%d}"
        + (f": {escape(why)}" if why else "") + "\n  → do not use it as a current figure"
    )


def _records(settings: Settings) -> Iterator[tuple[str, int, FileRecord]]:
    for dataset_id in releases.datasets(settings.data_dir):
        for stored in releases.history(settings.data_dir, dataset_id):
            for record in stored.release.files:
                yield dataset_id, stored.release.number, record
    yield from published_files(settings.data_dir.site)


def _verify_with_site(file: Path, site: str, as_json: bool) -> int:
    states: dict[str, DatasetState] = {}
    found = _compare_with_site(file, _reader(site), states)
    withdrawn = sorted({m["dataset"] for m in found["matches"] if states[m["dataset"]].withdrawn})
    if as_json:
        document = {**found, "site": site, "withdrawn": withdrawn}
        print_json(document)
    elif found["genuine"]:
        for match in found["matches"]:
            out.print(
                f"[green]genuine[/]: {escape(site)} published {escape(file.name)} as"
                f" {match['file']} of {match['dataset']}, release {match['release']}"
            )
        for dataset in withdrawn:
            out.print(f"[yellow]withdrawn[/]: {escape(dataset)}\n  → do not use it as a current"
                      " figure")
    else:
        verdict = "[yellow]unknown[/]" if found["genuine"] is None else "[red]not genuine[/]"
        out.print(
            f"{verdict}: {escape(site)} never published a file with the checksum"
            f" {found['sha256']}\n  → download it again; if it was opened and saved, use the"
            " untouched download"
        )
    return _EXIT_CODES[found["genuine"]]


def _compare_with_site(
    file: Path, read: Callable[[str], bytes], states: dict[str, DatasetState]
) -> Verdict:
    """Compare a file with a site's records, and note in `states` those that were read.

    The datasets that have the file's name are asked first, as the others are many.
    """
    catalogue = _parsed(CatalogueState, "catalogue.json", read("catalogue.json"))
    likely = [name for name in catalogue.datasets if file.name.startswith(name.split("/")[1])]
    records: list[tuple[str, int, FileRecord]] = []
    found = None
    for names in (likely, [name for name in catalogue.datasets if name not in likely]):
        for name in names:
            path = f"datasets/{name}/dataset.json"
            data = read(path)
            if sha256_bytes(data) != catalogue.datasets[name]:
                raise PortalError(
                    "is not what the site's catalogue says", where=path,
                    todo="try again in a minute, as the site may be updated just now; else tell"
                    " its operator",
                )
            states[name] = _parsed(DatasetState, path, data)
            records += files_of(states[name])
        found = genuine(file, records)
        if found["genuine"]:
            return found
    return found or genuine(file, records)


def _parsed(kind: type[State], path: str, data: bytes) -> State:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
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
