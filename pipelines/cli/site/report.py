"""`openindicators report`: the yearly report on the city's targets, from what a site publishes."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.util.disk import disk_errors, write_if_changed
from pipelines.cli.site.answers import SiteAddress, published_site
from pipelines.cli.site.targets import day_of
from pipelines.cli.terminal import Profile, out
from portal.report.make import WRITERS, checksum, findings_of, reports


def report(
    year: Annotated[int, typer.Option(min=1990, max=2100, help="the year that it is about")],
    language: Annotated[
        list[str] | None, typer.Option(metavar="vi|en", help="in which; all by default")
    ] = None,
    format: Annotated[
        list[str] | None, typer.Option(metavar="html|pdf|docx", help="in which; all by default")
    ] = None,
    to: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="where the files are written")
    ] = Path(),
    as_of: Annotated[
        str, typer.Option(metavar="DATE", help="releases up to that day; all by default")
    ] = "",
    site: SiteAddress = None, profile: Profile = None,
) -> int:
    """Write the report on the targets in force at the end of a `year`, by the figures up to it.

    It rests on what a `site` publishes, an address or a folder, else the site in the data folder of
    the `profile`; `as_of` leaves out what was released later. A file for each `language` and
    `format` is written `to` a folder; the same site gives the same bytes.

    Raises:
        OpenIndicatorsError: wrong use, there is no site, or its files are not what it records.
    """
    formats = format or list(WRITERS)
    if unknown := sorted(set(formats) - set(WRITERS)):
        raise OpenIndicatorsError(
            f"there is no format {unknown[0]!r}", where="--format",
            todo=f"choose from {', '.join(WRITERS)}",
        )
    published = published_site(site, profile)
    until = day_of(as_of) if as_of else None
    if until is not None and until < date(year, 1, 1):
        raise OpenIndicatorsError(
            f"is before {year}", where="--as-of", todo="give a day in the year, or later"
        )
    with tempfile.TemporaryDirectory(prefix="openindicators-report-") as folder:
        found = findings_of(published, Path(folder), year, until)
        made = reports(found, language or published.languages, formats)
    with disk_errors(to):
        to.mkdir(parents=True, exist_ok=True)
    for each in made:
        write_if_changed(to / each.name, each.data)
        out.print(f"{checksum(each)}  {escape(str(to / each.name))}")
    return 0
