"""The command line: `python -m portal.ckan_server up | down | status`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from model.errors import OpenIndicatorsError
from portal.ckan_server import bring_up
from portal.ckan_server.home import Home, default_home
from portal.ckan_server.ports import FIRST


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or that of the error."""
    options = _parser().parse_args(arguments)
    home = Home(options.home.resolve())
    try:
        return int(options.run(home, options))
    except OpenIndicatorsError as error:
        print(f"portal: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(
            f"portal: {error}\n  → see whether {home.root} can be written and its disk has room",
            file=sys.stderr,
        )
        return 1


def _up(home: Home, options: argparse.Namespace) -> int:
    portal = bring_up.up(home, dict(options.port), _say)
    print(f"CKAN: {portal.url}")
    print(f"token of a sysadmin: {home.token}")
    print(f"more, with the DataStore's address: {home.description}")
    return 0


def _down(home: Home, options: argparse.Namespace) -> int:
    bring_up.down(home, _say)
    return 0


def _status(home: Home, options: argparse.Namespace) -> int:
    state = bring_up.status(home)
    for name, pid in state.items():
        print(f"{name:12} {f'runs (process {pid})' if pid else 'does not run'}")
    is_up = all(state.values())
    print(f"CKAN: {bring_up.load_portal(home).url}" if is_up else "the portal is not up")
    return 0 if is_up else 1


def _say(line: str) -> None:
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
        prog="python -m portal.ckan_server",
        description="A real CKAN on 127.0.0.1, for development and tests.",
    )
    commands = parser.add_subparsers(required=True, metavar="up | down | status")
    for name, run, help_text in (
        ("up", _up, "install what is missing, start what does not run, print the address"),
        ("down", _down, "end every service; the data stay"),
        ("status", _status, "tell what runs; the exit code is 0 if all does"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(run=run)
        command.add_argument(
            "--home",
            type=Path,
            default=default_home(),
            help="the portal's folder (default: $OPENINDICATORS_DATA_DIR/portal, else data/portal)",
        )
        if name == "up":
            command.add_argument(
                "--port",
                type=_port,
                action="append",
                default=[],
                metavar="SERVICE=NUMBER",
                help=f"a certain port for one of {', '.join(FIRST)} (default: a free one)",
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
