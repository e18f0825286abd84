"""The command line, `openindicators`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from model.errors import OpenIndicatorsError
from pipelines.cli.review import commands as review_commands
from pipelines.cli.terminal import AsJson, By, Profile

# The commands import what they need when they are called: Dagster alone takes 1.5 s to import,
# and `--help` needs none of it.

EXIT_CODES = """\
Exit codes: 0 success · 1 failures of several kinds, or an unexpected error · 2 wrong usage ·
3 a declaration or suite has an error · 4 a source · 5 data quality · 6 the data folder ·
7 another run holds the data folder · 8 a portal · 9 open questions (`openindicators confirm`) ·
10 a preview that breaks consumers.

Environment: OPENINDICATORS_PROFILE, OPENINDICATORS_DATA_DIR, OPENINDICATORS_PROJECT and others; see
docs/settings.md.
"""

app = typer.Typer(
    name="openindicators",
    help="Carries a city's sector indicators from their sources to an open-data portal.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.command()
def run(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET|SECTOR]...", help="what to run; nothing means all"),
    ] = None,
    profile: Profile = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="PORTAL", help="publish only to this portal")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Carry datasets from their sources to the portals."""
    from pipelines.cli.run import run as command

    return command(wanted or [], profile, to or [], as_json)


@app.command()
def plan(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET|SECTOR]...", help="what to compare; nothing means all"),
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="PORTAL", help="site or ckan")] = "ckan",
    profile: Profile = None,
    as_json: AsJson = False,
) -> int:
    """Show how a portal differs from the releases: + new, ~ revised, - withdrawn, = same."""
    from pipelines.cli.review.publish import plan as command

    return command(wanted or [], to, profile, as_json)


@app.command()
def publish(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET|SECTOR]...", help="what to publish; nothing means all"),
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="PORTAL", help="site or ckan")] = "ckan",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace people's edits by the release")
    ] = False,
    profile: Profile = None,
    as_json: AsJson = False,
) -> int:
    """Bring a portal to the releases, doing just what `plan` says."""
    from pipelines.cli.review.publish import publish as command

    return command(wanted or [], to, overwrite, profile, as_json)


@app.command("list")
def list_datasets(profile: Profile = None, as_json: AsJson = False) -> int:
    """List the datasets of a profile, with their current release."""
    from pipelines.cli.info import list_datasets as command

    return command(profile, as_json)


@app.command()
def show(dataset: str, profile: Profile = None, as_json: AsJson = False) -> int:
    """Show what a dataset is, its indicators, expectations and releases."""
    from pipelines.cli.info import show as command

    return command(dataset, profile, as_json)


@app.command()
def check(
    strict: Annotated[
        bool, typer.Option("--strict", help="exit with 9 while a question is open")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Check all declarations and suites: errors and open questions, each with file and line."""
    from pipelines.cli.info import check as command

    return command(as_json, strict)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    name: Annotated[str, typer.Option("--name", help="the city's official name")],
    languages: Annotated[
        str, typer.Option("--languages", metavar="LIST", help="of all texts, the default first")
    ] = "vi,en",
) -> int:
    """Write the project of another city: its city.yaml, an example dataset and all around it."""
    from pipelines.cli.init.command import init as command

    return command(folder, name, languages)


@app.command()
def new(
    dataset: Annotated[
        str, typer.Argument(metavar="SECTOR[/DATASET]", help="with --folder only the sector")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE|URL", help="look at this, and write what reads it"),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="a dataset for each table of its files"),
    ] = None,
) -> int:
    """Write the two files of a new dataset, for a small table or for files that are inspected."""
    if folder is not None:
        from pipelines.cli.new.folder import new_folder

        return new_folder(folder, dataset)
    from pipelines.cli.new.command import new as command

    return command(dataset, source)


@app.command()
def confirm(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET|SECTOR]...", help="whose questions; nothing means all"),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="FIELD=VALUE", help="answer this; nothing is asked"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="accept the proposed answers; nothing is asked")
    ] = False,
    by: By = None,
) -> int:
    """Answer open questions, of one dataset or of many at once; it runs once none is left."""
    from pipelines.cli.confirm.command import confirm, confirm_together

    if wanted is not None and len(wanted) == 1 and "/" in wanted[0]:
        return confirm(wanted[0], answer or [], yes, by)
    return confirm_together(wanted or [], answer or [], yes, by)


@app.command()
def schema() -> int:
    """Write the JSON Schema with which editors complete and explain declarations."""
    from pipelines.cli.schema import schema as command

    return command()


@app.command()
def corpus(folder: Annotated[Path, typer.Argument(metavar="DIR")], as_json: AsJson = False) -> int:
    """Read every file of a folder: by which reader, how many rows, or why it is refused."""
    from pipelines.cli.corpus import corpus as command

    return command(folder, as_json)


@app.command()
def quality(
    dataset: Annotated[
        str | None, typer.Argument(metavar="[DATASET|SECTOR]", help="nothing means all")
    ] = None,
    profile: Profile = None,
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="NAME", help="run this check again (else: those failing)"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="run every check again")] = False,
    rows: Annotated[int, typer.Option("--rows", min=1, help="failing rows shown of a check")] = 20,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help="how fresh on this day")
    ] = None,
    reach: Annotated[
        str | None,
        typer.Option("--reach", metavar="URL", help="ask the site at this address for every file"),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="write JUnit XML, for CI")
    ] = None,
    prometheus: Annotated[
        Path | None, typer.Option("--prometheus", metavar="FILE", help="write metrics as text")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FOLDER", help="write one dataset's suite, for others"),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show scores, grades and freshness; of one dataset every check and the rows that fail."""
    if export is not None:
        from pipelines.cli.quality.export_suite import export_suite

        return export_suite(dataset, profile, export)
    from pipelines.cli.quality.report import quality as command

    return command(
        dataset, profile, check or [], every, rows, as_of, reach, junit, prometheus, as_json
    )


@app.command()
def diff(
    dataset: str,
    first: Annotated[
        str | None,
        typer.Argument(metavar="[A]", help="release or day (default: the one before), or a file"),
    ] = None,
    second: Annotated[
        str | None,
        typer.Argument(metavar="[B]", help="release, day, or a file of the source (default: now)"),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="observations listed; 0: all")] = 20,
    as_csv: Annotated[bool, typer.Option("--csv", help="print the observations as CSV")] = False,
    as_json: AsJson = False,
    profile: Profile = None,
) -> int:
    """Compare two releases, or a release and a file: added, revised, withdrawn, by how much."""
    from pipelines.cli.compare.diff import diff as command

    return command(dataset, first, second, limit, as_csv, as_json, profile)


@app.command()
def preview(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET|SECTOR]...", help="what to compare; nothing means all"),
    ] = None,
    base: Annotated[
        str, typer.Option("--base", metavar="GITREF", help="the commit to compare with")
    ] = "main",
    as_markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="write it for a pull request, too"),
    ] = None,
    as_html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write it as a page, too")
    ] = None,
    profile: Profile = None,
) -> int:
    """Show what edited declarations would release, from the snapshots at hand; change nothing."""
    from pipelines.cli.compare.preview import preview as command

    return command(wanted or [], base, as_markdown, as_html, profile)


@app.command()
def verify(
    file: Path,
    site: Annotated[
        str | None, typer.Option(help="address or folder of the portal that it is from")
    ] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> int:
    """Say whether a downloaded file is a genuine distribution, and of which release."""
    from pipelines.cli.verify import verify as command

    return command(file, profile, as_json, site)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="port on this machine")] = 8000,
    preview: Annotated[bool, typer.Option("--preview", help="the drafts that wait")] = False,
    profile: Profile = None,
) -> int:
    """Serve the local site at http://127.0.0.1:PORT."""
    from pipelines.cli.serve import serve as command

    return command(port, preview, profile)


@app.command()
def doctor(profile: Profile = None, as_json: AsJson = False) -> int:
    """Check this machine and the data folder: versions, rights, space, records."""
    from pipelines.cli.doctor import doctor as command

    return command(profile, as_json)


app.add_typer(review_commands.app)


def main() -> None:
    """Run the command line; a user's mistake gives a sentence, never a traceback."""
    try:
        code = app(standalone_mode=False)
    except OpenIndicatorsError as error:
        _say(error)
        code = error.exit_code
    except typer.Abort:
        code = 130
    except KeyboardInterrupt:
        print("\nstopped; what was released stays released", file=sys.stderr)
        code = 130
    except Exception as error:
        if not hasattr(error, "show"):  # click's own: wrong use of a command
            raise
        error.show()
        code = getattr(error, "exit_code", 2)
    sys.exit(code if isinstance(code, int) else 0)


def _say(error: OpenIndicatorsError) -> None:
    from pipelines.cli.terminal import say_error

    say_error(error)


if __name__ == "__main__":
    main()
