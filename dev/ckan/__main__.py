"""Command line of the development portal: `python -m dev.ckan up | down | status`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dev.ckan import bring_up, extension_tests
from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.ports import FIRST
from dev.ckan.running_portal import load_portal
from model.errors import OpenIndicatorsError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or that of the error."""
    options = _parser().parse_args(arguments)
    portal_dir = PortalDir(options.folder.resolve())
    try:
        return int(options.run(portal_dir, options))
    except OpenIndicatorsError as error:
        print(f"portal: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(
            f"portal: {error}\n"
            f"  → check that {portal_dir.root} is writable and that its disk has room",
            file=sys.stderr,
        )
        return 1


def _up(portal_dir: PortalDir, options: argparse.Namespace) -> int:
    portal = bring_up.up(portal_dir, dict(options.port), _report)
    print(f"CKAN: {portal.url}")
    print(f"sysadmin's API token: {portal_dir.token}")
    print(f"these and the DataStore's address as JSON: {portal_dir.description}")
    return 0


def _down(portal_dir: PortalDir, options: argparse.Namespace) -> int:
    bring_up.down(portal_dir, _report)
    return 0


def _status(portal_dir: PortalDir, options: argparse.Namespace) -> int:
    state = bring_up.status(portal_dir)
    for name, pid in state.items():
        print(f"{name:12} {f'running (process {pid})' if pid else 'not running'}")
    is_up = all(state.values())
    print(f"CKAN: {load_portal(portal_dir).url}" if is_up else "the portal is not up")
    return 0 if is_up else 1


def _test_extension(portal_dir: PortalDir, options: argparse.Namespace) -> int:
    portal = bring_up.up(portal_dir, {}, _report)
    return extension_tests.run(portal_dir, portal, options.pytest_arguments)


def _report(line: str) -> None:
    print(f"portal: {line}", flush=True)


def _port(text: str) -> tuple[str, int]:
    service, _, number = text.partition("=")
    if service not in FIRST or not number.isdigit() or not 0 < int(number) < 65536:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SERVICE=NUMBER with one of the services {', '.join(FIRST)}"
        )
    return service, int(number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dev.ckan",
        description="A real CKAN on 127.0.0.1, for development and tests.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, help_text in (
        ("up", _up, "install what is missing, start what does not run, print the address"),
        ("down", _down, "stop every service; the data stay"),
        ("status", _status, "list what runs; the exit code is 0 if everything does"),
        ("test-extension", _test_extension, "run ckanext-openindicators' tests inside this CKAN"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(run=run)
        command.add_argument(
            "--folder",
            type=Path,
            default=default_folder(),
            help="the portal's folder (default: $OPENINDICATORS_DATA_DIR/portal, else data/portal)",
        )
        if name == "up":
            command.add_argument(
                "--port",
                type=_port,
                action="append",
                default=[],
                metavar="SERVICE=NUMBER",
                help=f"a given port for one of {', '.join(FIRST)} (default: a free one)",
            )
        if name == "test-extension":
            command.add_argument(
                "pytest_arguments", nargs="*", help="passed to pytest; options after `--`"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
