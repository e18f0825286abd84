"""`openindicators verify`."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError, PortalError, StoreError
from model.records.release import FileRecord, Release
from model.util.hashing import canonical_json
from pipelines.cli.terminal import AsJson, Profile, out, print_json, say_error
from pipelines.settings import Settings
from portal.site.site import files_of, published_files
from portal.site_folder.published import PublishedSite
from portal.site_folder.state import DatasetState, ReleaseState
from portal.transparency.audit import Audit, audit
from portal.transparency.records import ENTRIES, FOLDER, HEADS, Head
from portal.verify import Verdict
from portal.verify import verify as genuine
from warehouse.store import releases

_EXIT_CODES = {True: 0, False: 1, None: 3}  # genuine, not genuine, unknown; 2 is wrong use


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="a download; none: the whole site")
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="address or folder of the portal that it is from")
    ] = None,
    key: Annotated[
        str, typer.Option(help="the publisher's first public key, where you know it from elsewhere")
    ] = "",
    witness: Annotated[
        Path | None, typer.Option(help="file of the heads that you keep: they must be in the log's"
                                  " history, and the newest is added")
    ] = None,
    profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Compare a `file` with the checksums of every release and every published download.

    The records are those of the data folder of the `profile`, or of a published `site`, an address
    or folder. With a site the transparency log must have the file's release, signed by `key` if one
    is given, and by whom its heads say; without a file the whole site is compared with its log. A
    `witness` is a file of heads kept earlier. `as_json` prints a document instead of sentences.

    Exits with 0 for a genuine file, 1 for one that was changed or a log that was, 3 where nothing
    is known of it, 6 where the record that knows it may be a damaged one of the data folder.

    Raises:
        OpenIndicatorsError: the file cannot be read, or nothing was released yet.
        PortalError: the site cannot be read, or its records are not what its catalogue says.
    """
    if file is None:
        if site is None:
            raise OpenIndicatorsError(
                "neither a file nor a site is given", where="openindicators verify",
                todo="`openindicators verify FILE`, or `openindicators verify --site ADDRESS`",
            )
        return _verify_site(_Site(site), key, witness, as_json)
    if not file.is_file():
        raise OpenIndicatorsError("there is no such file", where=str(file), todo="check the path")
    known = _Site(site) if site is not None else _DataFolder(Settings.from_environment(profile))
    found = known.compare(file)
    log = known.audit(key, _kept(witness), whole=False) if isinstance(known, _Site) else None
    if log and found["genuine"]:
        for match in found["matches"]:
            name = match["dataset"], match["release"]
            if log.head and not log.findings and name not in log.entered:
                log.findings.append(f"release {name[1]} of {name[0]} is not in the log")
    gone = {
        dataset: last for dataset in sorted({match["dataset"] for match in found["matches"]})
        if (last := known.last_release(dataset)) and last.reason == "withdrawal"
    }
    if as_json:
        print_json({
            **found, **({"site": site} if site else {}), "withdrawn": list(gone),
            **({"log": _document(log)} if log else {}),
        })
    elif found["genuine"]:
        for match in found["matches"]:
            out.print(
                f"[green]genuine[/]: {escape(file.name)} is {match['file']} of {match['dataset']},"
                f" release {match['release']}"
            )
        for dataset, last in gone.items():
            why = last.decision.reason if last.decision else None
            out.print(
                f"[yellow]withdrawn[/]: {escape(dataset)} was withdrawn on {last.issued:%Y-%m-%d}"
                + (f": {escape(why)}" if why else "") + "\n  → do not use it as a current figure"
            )
    elif found["genuine"] is None:
        out.print(
            f"[yellow]unknown[/]: {escape(known.name)} has no record of {escape(file.name)} or of"
            f" the checksum {found['sha256']}\n  → {known.ask_elsewhere}"
        )
    else:
        out.print(
            f"[red]not genuine[/]: {escape(known.name)} published {escape(file.name)}, but never"
            f" with the checksum {found['sha256']}\n  → download it again; if it was opened and"
            " saved, use the untouched download. A file of another publisher is verified with that"
            " publisher's checksums, on the dataset's page"
        )
    if log and not as_json and found["genuine"]:
        _say(log, known.name)
    damaged = known.damaged if isinstance(known, _DataFolder) else []
    for error in damaged:
        say_error(error)
    if damaged and not found["genuine"]:
        return StoreError.exit_code
    is_refuted = log is not None and log.head is not None and log.findings
    return 1 if found["genuine"] and is_refuted else _EXIT_CODES[found["genuine"]]


def _verify_site(known: "_Site", key: str, witness: Path | None, as_json: bool) -> int:
    """Compare a whole site with its transparency log; keep its newest head if all is well."""
    log = known.audit(key, _kept(witness), whole=True)
    if as_json:
        print_json({"site": known.name, **_document(log)})
    else:
        _say(log, known.name)
    if log.findings:
        return 1
    if witness and log.head:
        kept = _kept(witness)
        if log.head not in kept:
            witness.write_text(
                "".join(canonical_json(head) + "\n" for head in (*kept, log.head)), encoding="utf-8"
            )
    return 0


def _kept(witness: Path | None) -> list[Head]:
    """Return the heads in a file that somebody keeps; none where it is not there yet."""
    if witness is None or not witness.exists():
        return []
    try:
        return [Head.model_validate_json(line) for line in witness.read_bytes().splitlines()]
    except (OSError, ValueError) as error:
        raise OpenIndicatorsError(
            f"this is no file of kept heads: {error}", where=str(witness),
            todo="name a new file, which begins with the site's newest head",
        ) from error


def _say(log: Audit, name: str) -> None:
    if log.head is None:
        out.print(f"[yellow]no log[/]: {escape(name)} has no transparency log")
        return
    signed = f"signed by {log.key}" if log.key else "not signed"
    if not log.findings:
        out.print(
            f"[green]in the log[/]: {log.head.size} entries, head of"
            f" {log.head.time:%Y-%m-%d %H:%M}, {signed}"
        )
    for finding in log.findings:
        out.print(f"[red]log[/]: {escape(finding)}")
    if log.findings:
        out.print(
            "  → try again in a minute, as the site may be updated just now; else ask the"
            " publisher, and those who keep heads of this log"
        )
    for note in log.notes:
        out.print(f"note: {escape(note)}")


def _document(log: Audit) -> dict[str, Any]:
    return {
        "head": log.head.model_dump(mode="json") if log.head else None, "key": log.key,
        "findings": log.findings, "notes": log.notes,
    }


class _DataFolder:
    """The records of a data folder: every release, and every file that its site offered."""

    ask_elsewhere = (
        "give the address of the portal that the file is from, --site https://…, or set"
        " OPENINDICATORS_DATA_DIR to the publisher's data folder"
    )

    def __init__(self, settings: Settings) -> None:
        self._data_dir = settings.data_dir
        self._last: dict[str, Release] = {}
        self.name = str(settings.data_dir.root)
        self.damaged: list[StoreError] = []  # what could not be compared with

    def compare(self, file: Path) -> Verdict:
        """Compare a file with every record that is not damaged."""
        return genuine(file, self._records())

    def last_release(self, dataset: str) -> Release | None:
        """Return the current release of a dataset that was compared with."""
        return self._last.get(dataset)

    def _records(self) -> Iterator[tuple[str, int, FileRecord]]:
        for dataset_id in releases.datasets(self._data_dir):
            try:
                history = releases.history(self._data_dir, dataset_id)
            except StoreError as error:
                self.damaged.append(error)
                continue
            for stored in history:
                self._last[dataset_id] = stored.release
                for record in stored.release.files:
                    yield dataset_id, stored.release.number, record
        yield from published_files(self._data_dir.site)


class _Site:
    """The records of a published site, at an address or in a folder."""

    ask_elsewhere = "check the address: it is that of the portal that the file is from"

    def __init__(self, address: str) -> None:
        self.name = address
        self._site = PublishedSite(address)
        self._states: dict[str, DatasetState] = {}  # those that were asked

    def audit(self, key: str, kept: list[Head], *, whole: bool) -> Audit:
        """Compare the site, or what was asked of it, with its transparency log.

        `key` is the first public key, where it is known, and `kept` are heads of earlier times.
        """
        if whole:
            self._ask(self._site.catalogue().datasets)
        try:
            entries, heads = (self._site.read(f"{FOLDER}/{name}") for name in (ENTRIES, HEADS))
        except PortalError:
            entries = heads = b""
        return audit(
            entries, heads, self._states.values(), self._site.catalogue_checksum(), kept, key,
            whole=whole,
        )

    def compare(self, file: Path) -> Verdict:
        """Compare a file with the datasets that have its name; with the others if need be."""
        datasets = self._site.catalogue().datasets
        likely = [name for name in datasets if file.name.startswith(name.split("/")[1])]
        self._ask(likely)
        found = genuine(file, self._files())
        if not found["genuine"]:
            self._ask(name for name in datasets if name not in likely)
            found = genuine(file, self._files())
        return found

    def last_release(self, dataset: str) -> ReleaseState | None:
        """Return the newest release of a dataset that was asked."""
        return self._states[dataset].releases[-1]

    def _files(self) -> Iterator[tuple[str, int, FileRecord]]:
        return chain.from_iterable(map(files_of, self._states.values()))

    def _ask(self, datasets: Iterable[str]) -> None:
        self._states |= {dataset: self._site.state(dataset) for dataset in datasets}
