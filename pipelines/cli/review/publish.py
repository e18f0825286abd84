"""`openindicators plan` and `openindicators publish`: a portal against the releases."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from model.errors import OpenIndicatorsError
from model.records.release import Difference
from model.util.text import did_you_mean
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.cli.terminal import (
    AsJson,
    Profile,
    Selection,
    To,
    err,
    exit_code,
    out,
    plain,
    print_json,
    say_error,
)
from pipelines.connections import open_ckan, open_portals
from pipelines.quality.report import ReleaseWithReport
from pipelines.settings import Settings
from portal.base import Portal
from warehouse.store import releases

# What CKAN's usual number of web workers can take in while people read.
AT_A_TIME = 2
STYLES = {"+": "green", "~": "yellow", "-": "red", "=": "dim"}

T = TypeVar("T")
Result = tuple[str, T | OpenIndicatorsError]


def plan(
    selection: Selection = None, to: To = "ckan", profile: Profile = None, as_json: AsJson = False
) -> int:
    """Print how a portal differs from the releases; returns the exit code.

    Raises:
        OpenIndicatorsError: no such portal or dataset.
    """
    settings, catalogue = _open(profile)
    portal = _portal(settings, catalogue, to, overwrite=False)

    def one(history: list[ReleaseWithReport]) -> list[Difference]:
        return portal.plan(list(history))

    chosen = _chosen(settings, catalogue, selection)
    return _print_results(_each(settings, chosen, one), to, as_json)


def publish(
    selection: Selection = None, to: To = "ckan",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace people's edits by the release")
    ] = False,
    profile: Profile = None, as_json: AsJson = False,
) -> int:
    """Bring a portal to the releases; returns the exit code.

    Raises:
        OpenIndicatorsError: no such portal or dataset.
        BusyError: another run is at work in the data folder.
    """
    settings, catalogue = _open(profile)
    portal = _portal(settings, catalogue, to, overwrite)

    def one(history: list[ReleaseWithReport]) -> list[Difference]:
        with settings.data_dir.dataset_lock(history[-1].release.dataset):
            return list(portal.apply(list(history)).differences)

    with settings.data_dir.run_lock(), portal.together():
        results = _each(settings, _chosen(settings, catalogue, selection), one)
        return _print_results(results, to, as_json)


def _open(profile: str | None) -> tuple[Settings, Catalogue]:
    settings = Settings.from_environment(profile)
    settings.data_dir.prepare()
    return settings, load_catalogue(settings)


def _portal(settings: Settings, catalogue: Catalogue, name: str, overwrite: bool) -> Portal:
    if name == "ckan":
        if settings.ckan is None:
            raise OpenIndicatorsError(
                "no CKAN portal is configured",
                todo="set OPENINDICATORS_CKAN_URL, and OPENINDICATORS_CKAN_TOKEN or"
                " OPENINDICATORS_CKAN_TOKEN_FILE",
            )
        return open_ckan(settings.ckan, settings.data_dir, catalogue.registries, overwrite)
    portals = {portal.name: portal for portal in open_portals(settings, catalogue.registries)}
    if name not in portals:
        raise OpenIndicatorsError(
            f"no portal is named {name!r}", todo=did_you_mean(name, {*portals, "ckan"})
        )
    return portals[name]


def _chosen(settings: Settings, catalogue: Catalogue, selection: list[str] | None) -> list[str]:
    """Return the datasets that have a release and are asked for.

    Raises:
        OpenIndicatorsError: a name means nothing, or has no release.
    """
    released = releases.datasets(settings.data_dir)
    if not selection:
        return released
    chosen: list[str] = []
    for word in selection:
        found = [name for name in released if word in (name, *name.split("/"))]
        if not found:
            # Is it known at all? If not, this says so, with the nearest name.
            catalogue.select(settings.profile, [word])
            raise OpenIndicatorsError(
                "there is no release yet", where=word, todo=f"run `openindicators run {word}`"
            )
        chosen += [name for name in found if name not in chosen]
    return chosen


def _each(
    settings: Settings, datasets: list[str],
    one: Callable[[list[ReleaseWithReport]], list[Difference]],
) -> Iterator[Result[list[Difference]]]:
    """Do one thing for each dataset, a few at a time; give results in order."""

    def guarded(dataset: str) -> Result[list[Difference]]:
        try:
            history = releases.history(settings.data_dir, dataset)
            return dataset, one([ReleaseWithReport(settings.data_dir, item) for item in history])
        except OpenIndicatorsError as error:
            return dataset, error

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield from pool.map(guarded, datasets)


def _print_results(results: Iterator[Result[list[Difference]]], to: str, as_json: bool) -> int:
    lines: list[Difference] = []
    errors: list[OpenIndicatorsError] = []
    for dataset, result in results:
        if isinstance(result, OpenIndicatorsError):
            errors.append(result)
            if as_json:
                say_error(result)
            else:
                err.print(f"[red]✗[/] {escape(dataset)}: {escape(plain(result))}")
            continue
        lines += result
        if not as_json:
            _show(dataset, result)
    if as_json:
        rows = [line.model_dump() for line in lines]
        print_json(rows)
    else:
        _sum_up(lines, to)
    return exit_code(errors)


def _show(dataset: str, lines: list[Difference]) -> None:
    """Print the differences and the conflicts with people's edits; count what is the same."""
    news = [line for line in lines if line.change != "=" or line.detail]
    same = len(lines) - len(news)
    mark = "[dim]=[/]" if all(line.change == "=" for line in lines) else "[yellow]~[/]"
    out.print(f"{mark} [bold]{escape(dataset)}[/]" + (f"  [dim]({same} same)[/]" if same else ""))
    for line in news:
        detail = f"  [dim]{escape(line.detail)}[/]" if line.detail else ""
        style = STYLES[line.change]
        out.print(f"    [{style}]{line.change}[/] {escape(line.what)}{detail}")


def _sum_up(lines: list[Difference], to: str) -> None:
    counts = {change: sum(line.change == change for line in lines) for change in STYLES}
    totals = " · ".join(f"{change} {count}" for change, count in counts.items())
    changed = len({line.dataset for line in lines if line.change != "="})
    out.print(f"{to}: {changed} of {len({line.dataset for line in lines})} datasets differ"
              f" · {totals}")
