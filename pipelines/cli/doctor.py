"""`openindicators doctor`: is this machine fit, is the data folder whole?"""

import os
import shutil
import sys
from importlib import metadata

from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.release_blockers import counted
from pipelines.catalogue import load_catalogue
from pipelines.cli.terminal import AsJson, Profile, out, print_json
from pipelines.settings import Settings
from warehouse.store import releases, snapshots, validation_log

MINIMUM_SPACE = 2_000_000_000
PACKAGES = ("dagster", "duckdb", "great-expectations", "pyarrow", "ckanapi")


def doctor(profile: Profile = None, as_json: AsJson = False) -> int:
    """Print one line for each finding; return 1 when something is wrong."""
    findings = list(_findings(profile))
    if as_json:
        print_json([{"what": what, "ok": ok, "detail": detail} for what, ok, detail in findings])
    else:
        for what, ok, detail in findings:
            mark = "[green]✓[/]" if ok else "[red]✗[/]"
            out.print(f"{mark} {what:12} {escape(detail)}")
    return 0 if all(ok for _, ok, _ in findings) else 1


def _findings(profile: str | None) -> list[tuple[str, bool, str]]:
    settings = Settings.from_environment(profile)
    version = ".".join(map(str, sys.version_info[:3]))
    found = [("python", sys.version_info >= (3, 11), version)]
    found += [("package", True, f"{name} {metadata.version(name)}") for name in PACKAGES]
    found.append(("machine", True, f"{os.cpu_count()} processors"))
    found += _folder(settings)
    catalogue = load_catalogue(settings)
    found.append(
        ("datasets", not catalogue.errors,
         f"right: {counted(len(catalogue.declarations), 'declaration')}"
         + "".join(f"\n  {error}" for error in catalogue.errors))
    )
    return found + _records(settings) + _validation_runs(settings)


def _folder(settings: Settings) -> list[tuple[str, bool, str]]:
    root = settings.data_dir.root
    try:
        settings.data_dir.prepare()
    except OpenIndicatorsError as error:
        return [("data folder", False, str(error))]
    free = shutil.disk_usage(root).free
    return [
        ("data folder", True, f"{root} can be written"),
        ("disk", free > MINIMUM_SPACE, f"{free / 1e9:.1f} GB free"),
    ]


def _records(settings: Settings) -> list[tuple[str, bool, str]]:
    """Compare every file of every release with its checksum."""
    files, damaged = 0, []
    for dataset_id in releases.datasets(settings.data_dir):
        try:
            stored = releases.history(settings.data_dir, dataset_id)
            taken = snapshots.latest(settings.data_dir, dataset_id)
            if taken is not None:
                snapshots.verify(taken)
        except OpenIndicatorsError as error:
            damaged.append(str(error))
            continue
        for release in stored:
            for record in release.release.files:
                files += 1
                try:
                    release.path(record.name)
                except OpenIndicatorsError as error:
                    damaged.append(str(error))
    detail = "; ".join(damaged) or f"{files} files of releases have their checksums"
    return [("records", not damaged, detail)]


def _validation_runs(settings: Settings) -> list[tuple[str, bool, str]]:
    """Compare the complete record of every validation run with the checksum in the log."""
    count, damaged = 0, []
    for dataset_id in validation_log.datasets(settings.data_dir):
        try:
            for validation_run in validation_log.log(settings.data_dir, dataset_id):
                validation_log.record(settings.data_dir, validation_run)
                count += 1
        except OpenIndicatorsError as error:
            damaged.append(str(error))
    detail = "; ".join(damaged) or f"{count} validation runs have their records"
    return [("quality", not damaged, detail)]
