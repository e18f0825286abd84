"""The declared datasets: declarations and suites, loaded and bound to a profile."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from expectations.suites.suite import Suite, load_suites
from model.declarations.computed import check_computed
from model.declarations.load import Declaration, declaration_paths, load_declarations
from model.errors import DeclarationError, OpenIndicatorsError
from model.reference.registries import Registries, load_registries
from model.reference.targets import measurement_errors
from model.util.garbage_collector import paused_collector
from model.util.text import did_you_mean
from pipelines.cluster.settings import Cluster
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from sources.connectors.registry import CONNECTORS


@dataclass(frozen=True)
class Catalogue:
    """Every valid declaration, and the errors of the others."""

    registries: Registries
    declarations: dict[str, Declaration]
    suites: dict[str, Suite]  # the datasets' own
    errors: tuple[OpenIndicatorsError, ...]
    timed: bool  # whether records keep durations
    cluster: Cluster | None  # for large datasets
    _bound: dict[tuple[str, str], BoundDataset] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _of_profile: dict[str, Mapping[str, BoundDataset]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def bound_datasets(self, profile: str) -> Mapping[str, BoundDataset]:
        """Return the datasets that have a source in `profile`, by id."""
        if profile not in self._of_profile:
            self._of_profile[profile] = self._bind(profile, self._available(profile))
        return self._of_profile[profile]

    def _available(self, profile: str) -> list[str]:
        """Return the datasets with a source in a profile, and what is computed from these only.

        A program goes on without an input that is not there.
        """
        found = {name for name, declaration in self.declarations.items()
                 if declaration.dataset.source_for(profile) is not None}
        while missing := [
            name for name in found
            if not self.declarations[name].dataset.program
            and not _inputs_of(self.declarations[name]) <= found
        ]:
            found.difference_update(missing)
        return [name for name in self.declarations if name in found]

    def _bind(self, profile: str, names: Iterable[str]) -> dict[str, BoundDataset]:
        found = {}
        for name in names:
            if (profile, name) not in self._bound:
                self._bound[profile, name] = BoundDataset(
                    self.declarations[name], self.suites.get(name), profile, self.registries,
                    self.timed, self.cluster,
                )
            found[name] = self._bound[profile, name]
        return found

    def select(self, profile: str, wanted: list[str]) -> dict[str, BoundDataset]:
        """Return the datasets of a profile that `wanted` names: ids, names or sectors.

        Raises:
            OpenIndicatorsError: a name is unknown (with the nearest), or has no part in it.
        """
        available = self._available(profile)
        chosen: dict[str, None] = dict.fromkeys(() if wanted else available)
        for word in wanted:
            found = [name for name in available if _is_named(name, [word])]
            if not found:
                raise self._unknown(word, profile, set(available))
            chosen |= dict.fromkeys(found)
        return self._bind(profile, chosen)

    def one(self, profile: str, wanted: str) -> BoundDataset:
        """Return the one dataset of a profile that `wanted` names; raises as `select`."""
        chosen = self.select(profile, [wanted])
        if len(chosen) != 1:
            raise OpenIndicatorsError(
                f"{wanted!r} can be any of {', '.join(chosen)}", todo="name one dataset"
            )
        return next(iter(chosen.values()))

    def _unknown(self, word: str, profile: str, available: set[str]) -> OpenIndicatorsError:
        for error in self.errors:
            if word.rsplit("/", maxsplit=1)[-1] in error.where:
                return error
        for dataset_id, declaration in self.declarations.items():
            if word in (dataset_id, dataset_id.split("/")[1]):
                profiles = ", ".join(declaration.dataset.sources)
                return OpenIndicatorsError(
                    f"{dataset_id} has no source in the profile {profile!r}",
                    todo=f"run it with --profile {profiles}",
                )
        names = available | {part for item in available for part in item.split("/")}
        return OpenIndicatorsError(
            f"no dataset or sector is named {word!r}",
            todo=did_you_mean(word, names) or "`openindicators list` shows them all",
        )


def load_catalogue(settings: Settings, suites_of: Collection[str] | None = None) -> Catalogue:
    """Load all declarations and suites; one with an error does not affect the others.

    Args:
        settings: they name the project.
        suites_of: the names, as `select` takes them, of the datasets whose suites are read; all by
            default. What only names datasets needs none, and so does without their errors.
    """
    with paused_collector("declarations"):
        return _load(settings, suites_of)


def _load(settings: Settings, suites_of: Collection[str] | None) -> Catalogue:
    registries = load_registries(settings.project)
    declarations, errors = load_declarations(settings.declarations, registries, CONNECTORS)
    for dataset_id, declaration in list(declarations.items()):
        unknown = _check_also_in(declaration, settings.declarations)
        if unknown:
            errors.append(unknown)
            del declarations[dataset_id]
    errors += _drop_what_does_not_compute(declarations, registries, settings.declarations)
    datasets = {key: item.dataset for key, item in declarations.items()}
    if not errors:  # a declaration with an error would be reported as missing
        errors += measurement_errors(
            registries.targets, settings.project / "registry", datasets, registries.codelists
        )
    read = None if suites_of is None else {n for n in datasets if _is_named(n, suites_of)}
    suites, suite_errors = load_suites(settings.suites, datasets, registries, read)
    for error in suite_errors:
        dataset_id = _dataset_of(error)
        if dataset_id in declarations:
            errors.append(error)
            del declarations[dataset_id]  # it must not run check_error
        elif not (settings.declarations / f"{dataset_id}.yaml").exists():
            errors.append(error)  # else its declaration's error is reported already
    for name, suite in suites.items():
        if name in declarations and (mixed := _other_borders(suite, declarations)):
            errors.append(mixed)
            del declarations[name]
    for cycle in _cycles(declarations, suites):
        errors += [_cycle_error(declarations[name], suites.get(name), cycle) for name in cycle]
        for name in cycle:
            del declarations[name]
    timed = settings.epoch is None  # reproducible runs record no durations
    return Catalogue(
        registries, declarations, suites, tuple(errors), timed, settings.cluster
    )


def _is_named(dataset_id: str, words: Collection[str]) -> bool:
    return any(word in words for word in (dataset_id, *dataset_id.split("/")))


def _inputs_of(declaration: Declaration) -> set[str]:
    return {each.dataset for each in declaration.dataset.inputs.values()}


def _drop_what_does_not_compute(
    declarations: dict[str, Declaration], registries: Registries, folder: Path
) -> list[OpenIndicatorsError]:
    """Remove computed datasets that do not fit their inputs; return what is wrong with each.

    Where an input in the `folder` has an error itself, that one is enough.
    """
    datasets = {name: each.dataset for name, each in declarations.items()}
    errors: list[OpenIndicatorsError] = []
    for name, each in list(declarations.items()):
        broken = [other for other in _inputs_of(each) - datasets.keys()
                  if (folder / f"{other}.yaml").is_file()]
        if each.dataset.inputs and not broken:
            try:
                check_computed(each.dataset, each.document, datasets, registries)
            except DeclarationError as error:
                errors.append(error)
                del declarations[name]
    return errors


def _other_borders(
    suite: Suite, declarations: Mapping[str, Declaration]
) -> DeclarationError | None:
    """Return an error where a suite compares areas with those of other borders, by their code."""
    own = declarations[suite.dataset].dataset.geography.codelist
    for name in suite.inputs:
        if name in declarations:
            theirs = declarations[name].dataset.geography.codelist
            if theirs != own:
                return DeclarationError(
                    f"{suite.dataset} is compared with {name}, whose areas are those of {theirs},"
                    f" not of {own}: the same code is another place", where=str(suite.path),
                    todo="compare with figures by the same borders, e.g. a reconstruction",
                )
    return None


def _cycles(
    declarations: Mapping[str, Declaration], suites: Mapping[str, Suite]
) -> list[tuple[str, ...]]:
    """Return the cycles of datasets that are made from or compared with each other.

    Each dataset is in one.
    """
    upstream = {
        name: _inputs_of(each) | set(suites[name].inputs if name in suites else ())
        for name, each in declarations.items()
    }
    found: list[tuple[str, ...]] = []
    while True:
        try:
            TopologicalSorter(upstream).prepare()
            return found
        except CycleError as error:
            _, *cycle = reversed(error.args[1])  # each follows from the one before
            found.append(tuple(cycle))
            upstream = {
                name: each.difference(cycle) for name, each in upstream.items()
                if name not in cycle
            }


def _cycle_error(
    declaration: Declaration, suite: Suite | None, cycle: tuple[str, ...]
) -> DeclarationError:
    name = declaration.dataset.id
    start = cycle.index(name)
    circle = (*cycle[start:], *cycle[:start], name)
    by_suite = suite is not None and circle[1] in suite.inputs
    return DeclarationError(
        f"datasets are computed from or compared with each other in a circle: {' → '.join(circle)}",
        where=str(suite.path) if suite and by_suite else str(declaration.path),
        todo="remove one of the inputs or comparisons: which dataset runs first would change the"
        " result",
    )


def _dataset_of(error: OpenIndicatorsError) -> str:
    """Return the dataset whose suite an error is about."""
    path = Path(error.where.split(".yaml")[0])
    return f"{path.parent.name}/{path.name}"


def _check_also_in(declaration: Declaration, folder: Path) -> DeclarationError | None:
    """Return an error for a dataset in `also_in` that does not exist: it would be ignored."""
    for code, indicator in declaration.dataset.indicators.items():
        for name in indicator.small_cells.also_in if indicator.small_cells else ():
            if not (folder / f"{name}.yaml").is_file():
                known = {path.relative_to(folder).with_suffix("").as_posix()
                         for path in declaration_paths(folder)}
                return DeclarationError(
                    f"no dataset {name!r} is declared",
                    where=declaration.document.where(("indicators", code, "small_cells")),
                    todo=did_you_mean(name, known) or "`openindicators list` shows them all",
                )
    return None
