"""`openindicators accept`: release a snapshot although it fails a check on the whole table."""

from rich.markup import escape

from expectations.runner.acceptance import may_be_accepted
from model.errors import OpenIndicatorsError
from model.records.release_blockers import finding
from model.records.validation import CheckResult
from model.records.validation_log import CheckAcceptance
from model.util.text import did_you_mean
from pipelines.catalogue import load_catalogue
from pipelines.cli.review.identity import decider, plain_text
from pipelines.cli.terminal import out
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.validate import validate_table
from warehouse.store import acceptances
from warehouse.store.data_dir import DataDir


def accept(wanted: str, checks: list[str], reason: str, by: str | None, profile: str | None) -> int:
    """Record that checks do not block the release of the last snapshot.

    Raises:
        OpenIndicatorsError: no such dataset, or a check does not block it or cannot be accepted.
    """
    settings = Settings.from_environment(profile)
    why, name = plain_text("--reason", reason), decider(by)
    bound = load_catalogue(settings).one(settings.profile, wanted)
    dataset = bound.dataset.id
    with settings.data_dir.run_lock():
        snapshot = bound.last_snapshot(settings.data_dir).snapshot.sha256
        failed = _blocking(bound, settings.data_dir)
        for check in checks:
            if check not in failed:
                raise OpenIndicatorsError(
                    f"no check {check!r} blocks the last snapshot, or it cannot be accepted",
                    where=dataset,
                    todo=did_you_mean(check, set(failed)) or _listed(failed),
                )
        with settings.data_dir.dataset_lock(dataset):
            for check in dict.fromkeys(checks):
                acceptances.add_check(settings.data_dir, CheckAcceptance(
                    dataset=dataset, check=check, snapshot_sha256=snapshot,
                    found=finding(failed[check]).get("en"), by=name, at=settings.now(), reason=why,
                ))
    for check in dict.fromkeys(checks):
        said = (
            f"{check} is accepted by {name} for this snapshot ({finding(failed[check]).get('en')})"
        )
        out.print(f"[green]✓[/] {escape(dataset)}: {escape(said)}")
    out.print(f"`openindicators run {dataset}` releases it. The next snapshot is validated anew.")
    return 0


def _blocking(bound: BoundDataset, data_dir: DataDir) -> dict[str, CheckResult]:
    """Return the checks that block the last snapshot and that a person may accept."""
    acceptable = {item.name for item in bound.suite.expectations if may_be_accepted(item)}
    return {
        check.name: check for check in validate_table(bound, data_dir).quality.checks
        if check.outcome == "failed" and not check.error and check.name in acceptable
    }


def _listed(failed: dict[str, CheckResult]) -> str:
    if not failed:
        return "nothing that can be accepted blocks it"
    return f"these do: {', '.join(failed)}"
