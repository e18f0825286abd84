"""The command line, `openindicators`."""

import sys
from importlib import import_module

import click
import typer
import typer.core
from typer.core import TyperGroup
from typer.utils import get_params_from_function

from model.errors import OpenIndicatorsError
from model.util.garbage_collector import paused_collector

# A command's module is imported when it is called: Dagster alone takes 1.5 s, and `--help` needs
# none of it. By each name: the function, whose parameters are the options, and its help.
COMMANDS = {
    "run": ("run.run", "Carry datasets from their sources to the portals."),
    "plan": ("review.publish.plan",
             "Show how a portal differs from the releases: + new, ~ revised, - withdrawn, = same."),
    "publish": ("review.publish.publish",
                "Bring a portal to the releases, doing just what `plan` says."),
    "list": ("info.list_datasets", "List the datasets of a profile, with their current release."),
    "show": ("info.show", "Show what a dataset is, its indicators, expectations and releases."),
    "check": (
        "info.check",
        "Check all declarations and suites: errors and open questions, each with file and line.",
    ),
    "init": (
        "init.command.init",
        "Write the project of another city: its city.yaml, an example dataset and all around it.",
    ),
    "new": (
        "new.command.new",
        "Write the two files of a new dataset, for a small table or for files that are inspected.",
    ),
    "confirm": (
        "confirm.command.confirm_together",
        "Answer open questions, of one dataset or of many at once; it runs once none is left.",
    ),
    "schema": ("schema.schema",
               "Write the JSON Schema with which editors complete and explain declarations."),
    "corpus": (
        "corpus.corpus",
        "Read every file of a folder: by which reader, how many rows, or why it is refused.",
    ),
    "quality": (
        "quality.report.quality",
        "Show scores, grades and freshness; of one dataset every check and the rows that fail.",
    ),
    "diff": (
        "compare.diff.diff",
        "Compare two releases, or a release and a file: added, revised, withdrawn, by how much.",
    ),
    "preview": (
        "compare.preview.preview",
        "Show what edited declarations would release, from the snapshots at hand; change nothing.",
    ),
    "template": (
        "submissions.template",
        "Write the workbook (.xlsx) in which a department fills in figures of a dataset or sector.",
    ),
    "submit": (
        "submissions.take_in",
        "Take in filled workbooks: release what is right, mark what is wrong, give a receipt.",
    ),
    "targets": ("site.targets.targets",
                "Show how far the city's targets are reached, as of today or another day."),
    "report": ("site.report.report",
               "Write the yearly report on the city's targets, from what a site publishes."),
    "verify": ("proof.verify.verify",
               "Say whether a file is genuine, and whether a site's history was rewritten."),
    "rebuild": ("proof.rebuild.rebuild",
                "Make every release of a published site again, and compare byte for byte."),
    "explain": ("proof.explain.explain",
                "Show where a figure comes from, down to the bytes of its source."),
    "keys": ("proof.keys.keys",
             "Make the key that signs what is published, or go over to a new one."),
    "serve": ("site.serve.serve", "Serve the local site at http://127.0.0.1:PORT."),
    "mcp": ("site.answers.mcp",
            "Answer assistants from what a site publishes (Model Context Protocol)."),
    "quote-check": ("site.answers.quote_check",
                    "Say of each number in a text whether a published figure supports it."),
    "doctor": ("doctor.doctor",
               "Check this machine and the data folder: versions, rights, space, records."),
    "drafts": ("review.decisions.list_drafts", "List the drafts that wait for approval."),
    "approve": ("review.decisions.approve", "Make the draft that waits the public release."),
    "reject": ("review.decisions.reject",
               "Reject the draft that waits; the same inputs do not make it again."),
    "rollback": ("review.decisions.rollback",
                 "Make a new release with the content of an earlier one."),
    "withdraw": ("review.decisions.withdraw",
                 "Withdraw a dataset for good: its files go, a page that says so stays."),
    "quarantine": ("quality.quarantine.quarantine",
                   "List the quarantined rows, with every reason; accept those that are correct."),
    "accept": (
        "review.decisions.accept",
        "Release the last snapshot although a check on the whole table fails, such as a revision.",
    ),
}

EXIT_CODES = """\
Exit codes: 0 success · 1 failures of several kinds, or an unexpected error · 2 wrong usage ·
3 a declaration or suite has an error · 4 a source · 5 data quality · 6 the data folder ·
7 another run holds the data folder · 8 a portal · 9 open questions (`openindicators confirm`) ·
10 a preview that breaks consumers.

Environment: OPENINDICATORS_PROFILE, OPENINDICATORS_DATA_DIR, OPENINDICATORS_PROJECT and others; see
docs/settings.md.
"""


typer.core.HAS_RICH = False  # with it, help shows "\\[required]": escaped for markup that is off


class Commands(TyperGroup):
    """Lists the commands without importing them, and imports the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        function, text = COMMANDS[cmd_name]
        module, _, name = function.rpartition(".")
        one = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
        )
        with paused_collector("command"):
            called = getattr(import_module(f"pipelines.cli.{module}"), name)
        one.command(cmd_name, help=text)(called)
        command = typer.main.get_command(one)
        helps = get_params_from_function(called)
        for each in command.params:
            if isinstance(each, click.Argument):  # click 8.5 clears what typer 0.19 has set
                each.help = helps[str(each.name)].default.help
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names with their help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


app = typer.Typer(
    name="openindicators",
    cls=Commands,
    help="Carries a city's sector indicators from their sources to an open-data portal.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.callback()(lambda: None)  # a group, although no command is registered yet


def main() -> None:
    """Run the command line; a user's mistake gives a sentence, never a traceback."""
    try:
        code = app(standalone_mode=False)
    except OpenIndicatorsError as error:
        from pipelines.cli.terminal import say_error

        say_error(error)
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


if __name__ == "__main__":
    main()
