"""`openindicators targets`: how far the city's targets are reached, by the releases at hand."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.reference.registries import Registries, load_registries
from model.util.languages import default_language
from pipelines.cli.terminal import AsJson, Profile, Right, out, print_json, table
from pipelines.settings import Settings
from pipelines.target_assessment import stored_releases
from portal.targets.assessment import Assessment, assess
from portal.targets.figures import ReleaseHistory
from portal.targets.history import changes

_WORDS = {"met": "met", "on_track": "on track", "behind": "behind", "no_data": "no data"}
_COLOURS = {"met": "green", "on_track": "cyan", "behind": "red", "no_data": "dim"}


def targets(
    as_of: Annotated[str, typer.Option(
        "--as-of", metavar="DATE", help="the day, e.g. 2025-12-31; today by default"
    )] = "",
    since: Annotated[str, typer.Option(
        "--since", metavar="DATE", help="print instead which verdicts changed after that day"
    )] = "",
    profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Print each target that is in force with its verdict, then the counts by sector.

    With a day, `--since`, only what has changed after it.

    Raises:
        OpenIndicatorsError: `as_of` or `since` is no date, or a release is damaged.
    """
    settings = Settings.from_environment(profile)
    registries = load_registries(settings.project)
    day = day_of(as_of)
    releases = stored_releases(settings.data_dir, registries)
    if since:
        _print_changes(registries, releases, day_of(since), day, as_json)
        return 0
    found = assess(registries, releases, day)
    counts = found.roll_ups(registries.sectors)
    if as_json:
        print_json({
            "as_of": day.isoformat(),
            "targets": [
                {**each.model_dump(mode="json"), "group": each.group, "final": each.final}
                for each in found.assessments
            ],
            "roll_ups": [
                {**each.model_dump(), "missing_share": round(each.missing_share, 4)}
                for each in counts
            ],
        })
        return 0
    table(
        ["target", "in words", Right("year"), Right("value"), Right("newest"), "of", "verdict"],
        [_row(each) for each in found.assessments],
    )
    out.print()
    table(
        ["group", Right("targets"), *map(Right, _WORDS.values()), Right("not loaded"),
         Right("not final")],
        [
            [each.group, str(each.targets), str(each.met), str(each.on_track), str(each.behind),
             f"{each.no_data} ({each.missing_share:.0%})", str(each.not_loaded),
             str(each.not_final)]
            for each in counts
        ],
    )
    out.print(f"As of {day}. No data: of these, nothing can be said; see docs/targets.md.")
    return 0


def day_of(text: str) -> date:
    """Return the day that a text names; today where there is none.

    Raises:
        OpenIndicatorsError: it is no date.
    """
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OpenIndicatorsError(
            f"{text!r} is no date", todo="write year, month and day, e.g. 2025-12-31"
        ) from error


def _print_changes(
    registries: Registries, releases: ReleaseHistory, since: date, day: date, as_json: bool
) -> None:
    """Print the verdicts that turned after `since`, until a `day`, oldest first."""
    found = sorted(
        (each for line in changes(registries, releases, day).values() for each in line
         if each.day > since),
        key=lambda each: each.day,
    )
    if as_json:
        print_json({"since": since.isoformat(), "as_of": day.isoformat(), "changes": [
            {"day": each.day.isoformat(), "before": each.before,
             **each.now.model_dump(mode="json", exclude={"as_of", "projection"})}
            for each in found
        ]})
        return
    table(
        ["day", "before", "target", "in words", Right("year"), Right("value"), Right("newest"),
         "of", "verdict"],
        [[each.day.isoformat(), _WORDS[each.before] if each.before else "not in force",
          *_row(each.now)] for each in found],
    )
    out.print(f"{len(found)} verdicts changed after {since}, until {day}.")


def _row(found: Assessment) -> list[str]:
    target, newest = found.target, found.newest
    because = f" ({found.reason.replace('_', ' ')})" if found.reason else ""
    status = f" {newest.status}" if newest and newest.status != "A" else ""
    return [
        target.id, escape(target.title.get(default_language())), str(target.year),
        f"{target.operator} {target.value:g}" if target.value is not None else "not loaded",
        f"{newest.value:g}" if newest else "", f"{newest.year}{status}" if newest else "",
        f"[{_COLOURS[found.verdict]}]{_WORDS[found.verdict]}{because}[/]",
    ]
