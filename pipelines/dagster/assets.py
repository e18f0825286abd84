"""The Dagster assets and asset checks of one dataset.

    <sector>/<dataset>/snapshot → table (with its checks) → release → publication

A table also depends on the release of each dataset that its suite compares it with, a computed
dataset's snapshot on the releases of its inputs. What a step
does is in `pipelines.steps`; here steps get keys, owners, checks, policies and metadata.
Resources: `data_dir`, `transport`, `portals`, `clock`, `reporter`, `polls`.

Dagster reads the annotation of `context` itself and cannot read a postponed one: this module does
without `from __future__ import annotations`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any, cast

import dagster as dg

from model.errors import (
    ChangedError,
    DeclarationError,
    OpenIndicatorsError,
    QualityError,
    SourceError,
    UnreachableError,
)
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.records.validation import CheckResult, QualityRecord, Severity
from model.reference.periods import FREQUENCY_DAYS, GRACE_DAYS
from model.util.hashing import sha256_file
from model.util.languages import languages
from model.util.text import slug
from pipelines.dagster import metadata
from pipelines.dagster.stage import stage_assets
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.clean import make_table
from pipelines.steps.computed_source import transport_for
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.progress import STAGES, Reporter
from pipelines.steps.publish import publish, show_draft
from pipelines.steps.release import Released, make_release
from pipelines.steps.validate import (
    blocking_error,
    log_unreadable,
    log_validation,
    validate_table,
)
from warehouse.cleaning.drift import schema_check
from warehouse.store import drafts, releases
from warehouse.store.data_dir import DataDir

RETRY_UNREACHABLE = dg.RetryPolicy(
    max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


@cache
def asset_key(dataset: str, stage: str) -> dg.AssetKey:
    """Return `<sector>/<dataset>/<stage>`."""
    return dg.AssetKey([*dataset.split("/"), stage])


def stages_of(dataset: str) -> list[dg.AssetKey]:
    """Return the keys of a dataset's four assets."""
    return [asset_key(dataset, stage) for stage in STAGES]


def dataset_assets(
    bound: BoundDataset, others: Mapping[str, BoundDataset] | None = None,
    publication_pool: str | None = None,
) -> list[dg.AssetsDefinition]:
    """Return the four assets of a `bound` dataset.

    Its table depends on the releases of those `others`, by id, that its suite compares it with. The
    `publication_pool` limits how many datasets are published at a time.
    """
    others = others or {}
    return [
        _snapshot(bound, others), _table(bound, others), _release(bound),
        _publication(bound, publication_pool),
    ]


@cache
def _automation(optional: frozenset[dg.AssetKey] = frozenset()) -> dg.AutomationCondition:
    """Return when to run what is made from other assets.

    An unchanged dependency must not recompute what follows it: its *data version* decides, not
    that it was materialised. `executed_with_root_target`: not when the same run does both.

    Args:
        optional: dependencies that may be missing.
    """
    condition: Any = dg.AutomationCondition
    changed = condition.data_version_changed() & ~condition.executed_with_root_target()
    missing = condition.any_deps_missing()
    if optional:
        missing = missing.ignore(dg.AssetSelection.assets(*optional))
    return (
        (
            condition.missing().newly_true()
            | condition.any_deps_match(changed)
            | condition.code_version_changed()
        ).since_last_handled()
        & ~missing
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("when what it is made from has changed")


def _common(bound: BoundDataset, stage: str) -> dict[str, Any]:
    dataset = bound.dataset
    return {
        "key": asset_key(dataset.id, stage),
        "group_name": dataset.sector,
        "owners": list(dataset.owners),
        "tags": {"sector": dataset.sector, "frequency": dataset.frequency, "stage": stage},
        "metadata": {
            **{f"title ({code})": dataset.title.get(code) for code in languages()},
            "licence": dataset.licence,
            **metadata.code_references(bound.declaration.path, bound.suite.path),
        },
    }


@dataclass
class _Progress:
    """What a step reports at its end."""

    changed: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)  # of a failure


@contextmanager
def _step(context: dg.AssetExecutionContext, dataset: str, stage: str) -> Iterator[_Progress]:
    """Report a step; give Dagster our own errors in words, retried only where that helps."""
    reporter: Reporter = context.resources.reporter
    reporter.started(dataset, stage)
    progress = _Progress()
    try:
        yield progress
    except OpenIndicatorsError as error:
        reporter.failed(dataset, stage, error)
        retry = isinstance(error, ChangedError | UnreachableError)
        raise dg.Failure(str(error), progress.metadata, allow_retries=retry) from error
    except Exception as error:
        reporter.failed(dataset, stage, error)
        raise
    reporter.finished(dataset, stage, progress.changed)


def _snapshot(bound: BoundDataset, others: Mapping[str, BoundDataset]) -> dg.AssetsDefinition:
    dataset = bound.dataset
    days = FREQUENCY_DAYS[dataset.frequency] + GRACE_DAYS[dataset.frequency]
    inputs = [
        asset_key(each.dataset, "release") for each in dataset.inputs.values()
        if not dataset.program or each.dataset in others
    ]
    served = "what is computed from its inputs" if inputs else "the bytes as the source served them"

    def snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        resources = context.resources
        transport = transport_for(bound, others, resources.transport, resources.data_dir)
        with _step(context, dataset.id, "snapshot") as progress:
            stored, progress.changed = resources.polls.take(
                bound, lambda: take_snapshot(bound, resources.data_dir, transport, resources.clock)
            )
            return dg.MaterializeResult(
                data_version=dg.DataVersion(stored.snapshot.sha256),
                metadata=metadata.of_snapshot(stored, progress.changed),
            )

    spec = dg.AssetSpec(
        **_common(bound, "snapshot"),
        deps=inputs,
        automation_condition=(
            _automation(frozenset(inputs if dataset.program else ())) if inputs else None
        ),
        kinds={slug(bound.source.protocol)},
        description=f"{dataset.title.get('en')}: {served}.\n\n"
        f"{dataset.description.get('en')}",
        code_version=bound.declaration_sha256[:12],
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days)),
    )
    return stage_assets(
        spec, snapshot, pool=f"host-{slug(bound.host)}" if bound.host else None,
        retry_policy=RETRY_UNREACHABLE,
    )


def _table(bound: BoundDataset, others: Mapping[str, BoundDataset]) -> dg.AssetsDefinition:
    dataset = bound.dataset
    key = asset_key(dataset.id, "table")
    compared = [asset_key(name, "release") for name in bound.suite.inputs if name in others]
    common = _common(bound, "table")
    common["metadata"]["dagster/column_schema"] = metadata.column_schema(bound)

    def table(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        data_dir = context.resources.data_dir
        chosen = {check.name for check in context.selected_asset_check_keys}
        if key not in context.selected_asset_keys:
            quality = validate_table(bound, data_dir).quality
            yield from _check_results(key, quality, chosen)
            return
        with _step(context, dataset.id, "table") as progress:
            clock = context.resources.clock
            try:
                path, stats = make_table(bound, data_dir)
                validated = validate_table(bound, data_dir)
            except (DeclarationError, QualityError, SourceError) as error:
                log_unreadable(bound, data_dir, error, clock)
                raise
            validation_run, _ = log_validation(bound, data_dir, validated, clock)
            progress.changed = stats is not None
            progress.metadata = {
                **metadata.of_table(dataset, validated, stats, validation_run),
                "dagster/column_schema": metadata.column_schema(bound, validated.data),
            }
            results = list(_check_results(key, validated.quality, chosen))
            if validated.quality.blockers:
                # No table for Dagster, so that automation has nothing to release. Its condition on
                # blocking checks looks at each check of each table, every time.
                yield from results
                raise blocking_error(validated.quality)
        yield dg.MaterializeResult(
            asset_key=key,
            data_version=dg.DataVersion(f"{path.parent.name}-{validated.folder.name}"),
            metadata=progress.metadata,
            check_results=results,
        )

    spec = dg.AssetSpec(
        **common,
        deps=[asset_key(dataset.id, "snapshot"), *compared],
        kinds={"duckdb", "parquet", "greatexpectations"},
        description=f"{dataset.title.get('en')}: typed, coded observations, validated by the"
        " suite; failing rows are quarantined with the reason.",
        code_version=bound.code_version,
        automation_condition=_automation(frozenset(compared)),
    )
    return stage_assets(spec, table, [
        *(
            _check_spec(key, each.name, each.description, each.severity, each.type)
            for each in bound.suite.expectations
        ),
        _check_spec(
            key, SOURCE_SCHEMA_CHECK, schema_check.TITLE.in_all("\n\n"), "critical",
            SOURCE_SCHEMA_CHECK,
        ),
    ])


def _check_spec(key: dg.AssetKey, name: str, *of_any_table: str) -> dg.AssetCheckSpec:
    """Return a check of the table at `key`; the arguments are those of `_check_of_any_table`."""
    # Dagster's own `replace_key` checks all fields again, which takes twenty times as long.
    of_any: Any = _check_of_any_table(name, *of_any_table)
    made: Any = dg.AssetCheckSpec
    _, _, *rest = tuple.__iter__(of_any)
    return cast("dg.AssetCheckSpec", tuple.__new__(made, (name, key, *rest)))


@lru_cache(maxsize=10_000)
def _check_of_any_table(
    name: str, description: str, severity: Severity, expectation: str
) -> dg.AssetCheckSpec:
    """Return a check without its table: that of many datasets is made by Dagster once."""
    return dg.AssetCheckSpec(
        name=name,
        asset=dg.AssetKey("table"),
        description=description,
        blocking=severity == "critical",
        metadata={"severity": severity, "expectation": expectation},
    )


def _check_results(
    key: dg.AssetKey, quality: QualityRecord, chosen: set[str]
) -> Iterator[dg.AssetCheckResult]:
    for check in quality.checks:
        if check.name in chosen:
            yield _check_result(key, quality, check)


def _check_result(
    key: dg.AssetKey, quality: QualityRecord, check: CheckResult
) -> dg.AssetCheckResult:
    """Return a check's result; it blocks what follows only where the release is blocked.

    A critical row-level check whose rows went to quarantine has done its work: it is shown as
    not passed, and the remaining rows go on.
    """
    blocks = bool(quality.blockers) and check.severity == "critical" and check.outcome == "failed"
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check.name,
        passed=check.outcome in ("passed", "not_evaluated"),
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata=metadata.of_check(check),
    )


def _release(bound: BoundDataset) -> dg.AssetsDefinition:
    dataset = bound.dataset

    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        resources = context.resources
        with _step(context, dataset.id, "release") as progress:
            released = make_release(bound, resources.data_dir, resources.clock)
            progress.changed = released.changed
            return dg.MaterializeResult(
                data_version=dg.DataVersion(_released_version(released)),
                metadata=metadata.of_released(
                    dataset, released, drafts.rejection(resources.data_dir, dataset.id)
                ),
            )

    return stage_assets(dg.AssetSpec(
        **_common(bound, "release"),
        deps=[asset_key(dataset.id, "table")],
        kinds={"parquet"},
        description=f"{dataset.title.get('en')}: numbered, immutable, with its checksums and the"
        " changes since the last release.",
        automation_condition=_automation(),
    ), release)


def _publication(bound: BoundDataset, pool: str | None) -> dg.AssetsDefinition:
    dataset = bound.dataset

    def publication(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        resources = context.resources
        with _step(context, dataset.id, "publication") as progress:
            data_dir = resources.data_dir
            # Without review there is no draft: no portal is asked about one.
            reviewing = resources.portals if dataset.review == "required" else ()
            shown = [
                *(publish(dataset.id, data_dir, portal) for portal in resources.portals),
                *show_draft(dataset.id, data_dir, bound.registries, reviewing),
            ]
            published = [item for item in shown if item is not None]
            progress.changed = any(item.changed for item in published)
            return dg.MaterializeResult(
                data_version=dg.DataVersion(_published_version(data_dir, dataset.id)),
                metadata=metadata.of_publications(dataset.id, published),
            )

    return stage_assets(dg.AssetSpec(
        **_common(bound, "publication"),
        deps=[asset_key(dataset.id, "release")],
        kinds={"html"},
        description=f"{dataset.title.get('en')}: what the portals show: pages, downloads,"
        " checksums.",
        automation_condition=_automation(),
    ), publication, pool=pool)


def _released_version(released: Released) -> str:
    both = (released.current, released.draft)
    return "-".join(item.release.file("data.parquet").sha256 for item in both if item) or "none"


def _published_version(data_dir: DataDir, dataset: str) -> str:
    both = (releases.current(data_dir, dataset), drafts.waiting(data_dir, dataset))
    return "-".join(sha256_file(item.folder / "release.json") for item in both if item) or "none"
