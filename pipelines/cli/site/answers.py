"""`openindicators mcp` and `quote-check`: what a published site answers."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from pipelines.cli.terminal import AsJson, Profile, out, print_json
from pipelines.settings import Settings
from portal.mcp.answers import QuoteStatus
from portal.mcp.asking.find import Finder
from portal.mcp.quotes.check import QuoteChecker
from portal.site_folder.published import PublishedSite

SiteAddress = Annotated[
    str | None, typer.Option("--site", help="address or folder of a portal; else the local site")
]
_COLOURS: dict[QuoteStatus, str] = {
    "supported": "green", "revised": "yellow", "other_unit": "red", "other_territory": "red",
    "differs": "red", "not_ours": "yellow",
}


def mcp(
    http: Annotated[
        int | None, typer.Option(metavar="PORT", help="answer HTTP at /mcp; else standard input")
    ] = None,
    host: Annotated[
        str, typer.Option(help="the address HTTP listens on; this machine alone if not given")
    ] = "127.0.0.1",
    site: SiteAddress = None, profile: Profile = None,
) -> int:
    """Answer assistants by the Model Context Protocol, from what a site publishes.

    Over standard input and output, or as HTTP on a `host` and port. `site` is an address or folder,
    else that of the data folder of the `profile`.

    Raises:
        OpenIndicatorsError: there is no site, or it cannot be read.
    """
    from portal.mcp.server import serve  # the SDK takes 0.7 s, and quote-check needs none of it

    published = published_site(site, profile)
    published.listing()  # a wrong address is told before a client waits for an answer
    serve(published, version("openindicators"), http, host)
    return 0


def quote_check(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE|-", help="a text, a file or - (input)")],
    site: SiteAddress = None, profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Say of each number in a text whether a published figure supports it.

    Exits with 0 where all are supported, with 1 where one is not. `as_json` prints a document
    instead of sentences.

    Raises:
        OpenIndicatorsError: there is no site, or the text or site cannot be read.
    """
    published = published_site(site, profile)
    checked = QuoteChecker(Finder(published)).check(_text(text), published.languages[0])
    if as_json:
        print_json(checked.model_dump())
    else:
        for each in checked.numbers:
            colour, status = _COLOURS[each.status], each.status.replace("_", " ")
            where = ", ".join(filter(None, (each.indicator, each.place, each.period)))
            out.print(
                f"[{colour}]{status}[/] {escape(each.text.strip())}"
                + (f": {escape(where)}" if where else "")
                + (f" = {escape(each.published)}" if each.published else "")
            )
            for more in filter(None, (each.note, each.address)):
                out.print(f"  → {escape(more)}")
        out.print(f"{checked.supported} of {checked.of} numbers are supported")
    return 0 if checked.supported == checked.of else 1


def published_site(site: str | None, profile: str | None) -> PublishedSite:
    """Return the `site` at an address or in a folder, else that of the data folder of a `profile`.

    Raises:
        OpenIndicatorsError: there is none in the data folder.
    """
    if site is not None:
        return PublishedSite(site)
    folder = Settings.from_environment(profile).data_dir.site
    if not (folder / "catalogue.json").exists():
        raise OpenIndicatorsError(
            "there is no site yet", where=str(folder),
            todo="run `openindicators run` first, or give a published one, --site https://…",
        )
    return PublishedSite(str(folder))


def _text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    try:
        path = Path(given)
        return path.read_text(encoding="utf-8") if path.is_file() else given
    except UnicodeDecodeError as error:
        raise OpenIndicatorsError(
            "is no text in UTF-8", where=given, todo="save it as a text file in UTF-8"
        ) from error
    except OSError:  # a text is too long to be the name of a file
        return given
