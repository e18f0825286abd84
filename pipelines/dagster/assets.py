"""From one declaration to its Dagster assets and asset checks.

    <sector>/<dataset>/snapshot → table (with its checks) → release → publication

The steps themselves are in `pipelines/steps/steps.py`; here they get keys, owners, checks, policies and
metadata. Resources: `home`, `transport`, `portals`, `clock`, `reporter`.

Dagster reads the annotation of `context` itself and cannot read a postponed one: this module
does without `from __future__ import annotations`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

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
from model.util.text import Bilingual, slug
from pipelines.dagster import metadata
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.clean import make_table
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.progress import STAGES
from pipelines.steps.publish import publish, show_draft
from pipelines.steps.release import Released, make_release
from pipelines.steps.validate import blocking_error, log_unreadable, log_validation, validate_table
from warehouse.cleaning.drift import schema_check
from warehouse.store import drafts, releases
from warehouse.store.data_dir import DataDir

RETRY_UNREACHABLE = dg.RetryPolicy(
    max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


def asset_key(dataset: str, stage: str) -> dg.AssetKey:
    """Return `<sector>/<dataset>/<stage>`."""
    return dg.AssetKey([*dataset.split("/"), stage])


def dataset_assets(
    bound: BoundDataset, publication_pool: str | None = None
) -> list[dg.AssetsDefinition]:
    """Return the four assets of a dataset.

    Args:
        pipeline: the dataset.
        publication_pool: limits how many datasets are published at a time.
    """
    return [
        _snapshot(bound), _table(bound), _release(bound),
        _publication(bound, publication_pool),
    ]


# An unchanged dependency must not recompute what follows it: its *data version* decides, not
# that it was materialised. `executed_with_root_target`: not when the same run does both.
def _automation() -> dg.AutomationCondition:
    condition: Any = dg.AutomationCondition
    changed = condition.data_version_changed() & ~condition.executed_with_root_target()
    return (
        (
            condition.missing().newly_true()
            | condition.any_deps_match(changed)
            | condition.code_version_changed()
        ).since_last_handled()
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
        & condition.all_deps_blocking_checks_passed()
    ).with_label("when what it is made from has changed")


def _common(bound: BoundDataset, stage: str) -> dict[str, Any]:
    dataset = bound.dataset
    return {
        "key": asset_key(dataset.id, stage),
        "group_name": dataset.sector,
        "owners": list(dataset.owners),
        "tags": {"sector": dataset.sector, "frequency": dataset.frequency, "stage": stage},
        "metadata": {
            "title (vi)": dataset.title.vi,
            "title (en)": dataset.title.en,
            "licence": dataset.licence,
            **metadata.code_references(bound.declaration, bound.suite.path),
        },
        "required_resource_keys": {"data_dir", "transport", "portals", "clock", "reporter"},
    }


def _dep(bound: BoundDataset, stage: str) -> list[dg.AssetKey]:
    return [asset_key(bound.dataset.id, stage)]


@contextmanager
def _step(context: dg.AssetExecutionContext, dataset: str, stage: str) -> Iterator[Callable]:
    """Report a step; give Dagster our own errors as plain words, retried only where it helps."""
    reporter = context.resources.reporter
    reporter.started(dataset, stage)
    outcome: dict[str, bool] = {}

    def done(changed: bool) -> None:
        outcome["changed"] = changed

    try:
        yield done
    except (ChangedError, UnreachableError) as error:
        reporter.failed(dataset, stage, error)
        raise dg.Failure(description=str(error), allow_retries=True) from error
    except OpenIndicatorsError as error:
        reporter.failed(dataset, stage, error)
        raise dg.Failure(description=str(error), allow_retries=False) from error
    except Exception as error:
        reporter.failed(dataset, stage, error)
        raise
    else:
        reporter.finished(dataset, stage, outcome.get("changed", False))


def _snapshot(bound: BoundDataset) -> dg.AssetsDefinition:
    dataset = bound.dataset
    days = FREQUENCY_DAYS[dataset.frequency] + GRACE_DAYS[dataset.frequency]

    @dg.asset(
        **_common(bound, "snapshot"),
        kinds={slug(bound.source.protocol)},
        description=f"{dataset.title.en}: the bytes as the source served them.\n\n"
        f"{dataset.description.en}",
        code_version=bound.declaration_sha256[:12],
        pool=f"host-{slug(bound.host)}" if bound.host else None,
        retry_policy=RETRY_UNREACHABLE,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days)),
    )
    def snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        resources = context.resources
        with _step(context, dataset.id, "snapshot") as done:
            stored, changed = take_snapshot(
                bound, resources.data_dir, resources.transport, resources.clock
            )
            done(changed)
            return dg.MaterializeResult(
                data_version=dg.DataVersion(stored.snapshot.sha256),
                metadata=metadata.of_snapshot(stored, changed),
            )

    return snapshot


def _table(bound: BoundDataset) -> dg.AssetsDefinition:
    dataset = bound.dataset
    key = asset_key(dataset.id, "table")

    @dg.asset(
        **_common(bound, "table"),
        deps=_dep(bound, "snapshot"),
        kinds={"duckdb", "parquet", "greatexpectations"},
        description=f"{dataset.title.en}: tidy, typed, coded observations, judged by"
        " the suite; rows that cannot be trusted are held back with their reason.",
        code_version=bound.code_version,
        automation_condition=_automation(),
        check_specs=[
            *(
                _check_spec(key, each.name, each.title, each.severity, each.type)
                for each in bound.suite.expectations
            ),
            _check_spec(key, SOURCE_SCHEMA_CHECK, schema_check.TITLE, "critical", SOURCE_SCHEMA_CHECK),
        ],
    )
    def table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        data_dir = context.resources.data_dir
        with _step(context, dataset.id, "table") as done:
            clock = context.resources.clock
            try:
                path, stats = make_table(bound, data_dir)
                validated = validate_table(bound, data_dir)
            except (DeclarationError, QualityError, SourceError) as error:
                log_unreadable(bound, data_dir, error, clock)
                raise
            validation_run, _ = log_validation(bound, data_dir, validated, clock)
            done(stats is not None)
            quality = validated.quality
            result: dg.MaterializeResult = dg.MaterializeResult(
                data_version=dg.DataVersion(f"{path.parent.name}-{validated.folder.name}"),
                metadata=metadata.of_table(dataset, validated, stats, validation_run),
                check_results=[_check_result(key, quality, check) for check in quality.checks],
            )
        if quality.blockers:
            # Dagster fails the step for its blocking check; people are told why in words.
            context.resources.reporter.failed(
                dataset.id, "table", blocking_error(quality)
            )
        return result

    return table


def _check_spec(
    key: dg.AssetKey, name: str, title: Bilingual, severity: Severity, expectation: str
) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=name,
        asset=key,
        description=f"{title.en}\n\n{title.vi}",
        blocking=severity == "critical",
        metadata={"severity": severity, "expectation": expectation},
    )


def _check_result(
    key: dg.AssetKey, quality: QualityRecord, check: CheckResult
) -> dg.AssetCheckResult:
    """Return a check's result; it blocks what follows only where the release is stopped.

    A row-level critical check whose rows went to quarantine has done its work: it is shown as
    not passed, and the clean rest goes on.
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

    @dg.asset(
        **_common(bound, "release"),
        deps=_dep(bound, "table"),
        kinds={"parquet"},
        description=f"{dataset.title.en}: numbered, immutable, with its checksums and what"
        " changed since the last release.",
        automation_condition=_automation(),
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        resources = context.resources
        with _step(context, dataset.id, "release") as done:
            released = make_release(bound, resources.data_dir, resources.clock)
            done(released.changed)
            return dg.MaterializeResult(
                data_version=dg.DataVersion(_released_version(released)),
                metadata=metadata.of_released(
                    dataset, released, drafts.rejection(resources.data_dir, dataset.id)
                ),
            )

    return release


def _publication(bound: BoundDataset, pool: str | None) -> dg.AssetsDefinition:
    dataset = bound.dataset

    @dg.asset(
        **_common(bound, "publication"),
        deps=_dep(bound, "release"),
        kinds={"html"},
        description=f"{dataset.title.en}: what the portals show: pages, downloads, checksums.",
        pool=pool,
        automation_condition=_automation(),
    )
    def publication(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        resources = context.resources
        with _step(context, dataset.id, "publication") as done:
            data_dir = resources.data_dir
            # A dataset that needs no review has no draft: no portal is asked about one.
            reviewing = resources.portals if dataset.review == "required" else ()
            shown = [
                *(publish(dataset.id, data_dir, portal) for portal in resources.portals),
                *show_draft(dataset.id, data_dir, bound.registries, reviewing),
            ]
            published = [item for item in shown if item is not None]
            done(any(item.changed for item in published))
            return dg.MaterializeResult(
                data_version=dg.DataVersion(_shown_version(data_dir, dataset.id)),
                metadata=metadata.of_publications(dataset.id, published),
            )

    return publication


def _released_version(released: Released) -> str:
    both = (released.current, released.draft)
    return "-".join(item.release.file("data.parquet").sha256 for item in both if item) or "none"


def _shown_version(data_dir: DataDir, dataset: str) -> str:
    both = (releases.current(data_dir, dataset), drafts.waiting(data_dir, dataset))
    return "-".join(sha256_file(item.path("release.json")) for item in both if item) or "none"


def stages_of(dataset: str) -> list[dg.AssetKey]:
    """Return the keys of a dataset's four assets."""
    return [asset_key(dataset, stage) for stage in STAGES]
