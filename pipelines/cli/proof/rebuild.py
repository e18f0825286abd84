"""`openindicators rebuild`."""

from collections import Counter
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.buildinfo import BuiltRelease, Outcome, Statement
from model.records.release_blockers import counted
from model.util.hashing import pretty_json
from pipelines.cli.terminal import AsJson, out, print_json
from pipelines.rebuild.again import Rebuild
from pipelines.rebuild.material import Material, parts_in
from portal.site_folder.published import PublishedSite
from portal.transparency.signing import SigningKey
from warehouse.store.data_dir import DataDir

_PROGRAMS = ("openindicators", "duckdb", "pyarrow", "great-expectations")
_WORDS: dict[Outcome, str] = {
    "reproduced": "[green]reproduced[/]", "differs": "[red]differs[/]",
    "unchecked": "[yellow]cannot be checked[/]",
}


def rebuild(
    site: Annotated[str, typer.Argument(metavar="SITE", help="address or folder of the portal")],
    datasets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET]...", help="which, with what they rest on; none: all"),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(help="folder with bytes of sources that the site does not publish"),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="ask the sources for bytes that nobody has given")
    ] = False,
    statement: Annotated[
        Path | None, typer.Option(help="file for a signed statement of what was found")
    ] = None,
    name: Annotated[str, typer.Option(help="who makes the statement")] = "",
    key: Annotated[
        Path | None, typer.Option(help="secret key that signs it (`openindicators keys new`)")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make every release of a `site` (or of `datasets`) again, and compare byte for byte.

    Bytes of sources come from the site, from the folder `sources`, or (`fetch`) from where they
    came from; they count only if the checksum fits. With a `key`, the `statement` says in the
    builder's `name` what was found. `as_json` prints a document instead of a table.

    Exits with 0 where all was reproduced, 1 where a release differs, 3 where some cannot be
    checked.

    Raises:
        OpenIndicatorsError: options are missing.
        PortalError: the site cannot be read, or is not what its catalogue says.
    """
    if (statement is None) != (key is None) or (statement is not None and not name):
        raise OpenIndicatorsError(
            "a statement needs a file, a name and a key", where="openindicators rebuild",
            todo="give all of --statement FILE --name NAME --key FILE, or none",
        )
    signing = SigningKey.read(key) if key else None
    material = Material(PublishedSite(site), parts_in(sources) if sources else {})
    built: list[BuiltRelease] = []
    with TemporaryDirectory(prefix="openindicators-rebuild-") as folder:
        for each in Rebuild(material, DataDir(Path(folder)), fetch).run(datasets or ()):
            built.append(each)
            if not as_json:
                why = f": {escape(each.why)}" if each.why else ""
                out.print(f"{_WORDS[each.outcome]} {each.dataset} {each.number}{why}")
    counts = Counter(each.outcome for each in built)
    if as_json:
        print_json([each.model_dump(mode="json") for each in built])
    else:
        found = ", ".join(f"{counts[outcome]} {_WORDS[outcome]}" for outcome in _WORDS)
        out.print(f"{counted(len(built), 'release')}: {found}")
    if signing and statement:
        said = _signed(material, built, name, signing)
        statement.write_text(pretty_json(said), encoding="utf-8")
    return 1 if counts["differs"] else 3 if counts["unchecked"] else 0


def _signed(
    material: Material, built: list[BuiltRelease], name: str, key: SigningKey
) -> Statement:
    head = material.heads[-1] if material.heads else None
    said = Statement(
        builder=name, key=key.public, site=material.site.name,
        made=datetime.now(UTC).replace(microsecond=0),
        versions={program: metadata.version(program) for program in _PROGRAMS},
        head=f"{head.size} {head.root}" if head else "", releases=tuple(built),
    )
    return said.model_copy(update={"signature": key.sign(said.text)})
