"""`openindicators verify`."""

from collections.abc import Iterator
from pathlib import Path

from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.release import FileRecord, Release
from pipelines.cli.terminal import out, print_json
from pipelines.settings import Settings
from portal.site import published_files
from portal.verify import verify as genuine
from warehouse.store import releases

_EXIT_CODES = {True: 0, False: 1, None: 3}  # genuine, not genuine, unknown; 2 is wrong use


def verify(file: Path, profile: str | None, as_json: bool) -> int:
    """Compare a file with the checksums of every release and every published download.

    Exits with 0 for a genuine file, 1 for one that was changed, 3 where nothing is known of it.

    Raises:
        OpenIndicatorsError: the file cannot be read, or nothing was released yet.
    """
    if not file.is_file():
        raise OpenIndicatorsError("there is no such file", where=str(file), todo="check the path")
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
            f" of the checksum {found['sha256']}\n  → compare the checksum with the one on the"
            " dataset's page, or set OPENINDICATORS_DATA_DIR to the publisher's data folder"
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
