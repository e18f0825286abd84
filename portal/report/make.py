"""A report made from a published site: its files, each with the checksum that the site records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from model.errors import PortalError
from model.util.hashing import sha256_bytes
from model.util.languages import languages
from portal.report.blocks import Block, blocks_of
from portal.report.docx_file import word
from portal.report.findings import Findings, gather
from portal.report.page import render, title_of
from portal.report.pdf_file import pdf
from portal.report.registry import FILE, use_registry
from portal.site_folder.published import PublishedSite
from portal.site_folder.state import DatasetState
from portal.targets.figures import ReleasedTable, ReleaseHistory

Writer = Callable[[Sequence[Block], str, str, datetime], bytes]
WRITERS: Mapping[str, Writer | None] = {"html": None, "pdf": pdf, "docx": word}


@dataclass(frozen=True)
class Report:
    """A report in one language and format."""

    name: str  # of its file
    data: bytes


def findings_of(
    site: PublishedSite, folder: Path, year: int, as_of: date | None = None
) -> Findings:
    """Return what a report on a `year` says, from what a `site` publishes.

    `folder` is a place for the files of its releases; `as_of` is as for `gather`.

    Raises:
        PortalError: the site has no targets, or a file is not what its record says.
    """
    registries, address = site.shared(FILE, use_registry)
    measured = sorted({
        each.measured_by.dataset
        for each in registries.targets.indicators.values() if each.measured_by
    })
    listed = site.catalogue().datasets
    states = [site.state(name) for name in measured if name in listed]
    chosen = [state for state in states if state.public and not state.withdrawn]
    releases = ReleaseHistory({state.dataset: _tables(site, state, folder) for state in chosen})
    if not registries.targets.targets or not releases.days:
        raise PortalError(
            "publishes no targets, or nothing that measures them", where=site.name,
            todo="declare them in registry/targets.yaml (docs/targets.md), then run again",
        )
    return replace(gather(registries, chosen, releases, year, as_of), address=address)


def _tables(site: PublishedSite, state: DatasetState, folder: Path) -> list[ReleasedTable]:
    """Return the releases of a dataset, their Parquet files in a `folder`."""
    found = []
    for release in state.releases:
        for file in release.files:
            if file.name == f"{state.name}.parquet":
                path = folder / f"{file.sha256}.parquet"
                path.write_bytes(site.release_file(state, release, file.name, bytes))
                found.append(ReleasedTable(
                    state.dataset, release.number, release.version, release.issued, path,
                    file.sha256,
                ))
    return found


def reports(
    found: Findings, wanted: Sequence[str], formats: Sequence[str]
) -> list[Report]:
    """Return the reports on what was `found` in the `wanted` languages and `formats`.

    Their date is that of the newest release that they rest on, so that anybody at any time makes
    the same bytes.

    Raises:
        PortalError: the site has no texts in a language.
    """
    made = []
    for language in wanted:
        if language not in languages():
            raise PortalError(
                f"has no texts in {language!r}", where="--language",
                todo=f"choose from {', '.join(languages())}",
            )
        html = render(found, language)
        title = title_of(found, language)
        for name in formats:
            write = WRITERS[name]
            data = html.encode() if write is None else write(
                list(blocks_of(html)), title, language, found.issued.astimezone(UTC)
            )
            made.append(Report(f"report-{found.year}.{language}.{name}", data))
    return made


def checksum(report: Report) -> str:
    """Return the checksum of a report."""
    return sha256_bytes(report.data)
