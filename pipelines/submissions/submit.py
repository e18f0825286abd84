"""A workbook that was sent in becomes a release, or its sender learns why it does not."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import OpenIndicatorsError
from model.records.reject_reasons import RejectReason, in_words, read_reasons
from model.records.release_blockers import sentences
from model.records.submission import Submission, Verdict
from model.util.hashing import sha256_file
from model.util.parquet import read_parquet
from model.util.text import LocalizedText, joined, localized
from pipelines.catalogue import Catalogue
from pipelines.connections import open_transport
from pipelines.rounds import Outcome, run_datasets
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.progress import Reporter
from pipelines.steps.validate import find_validated
from pipelines.submissions import register, texts
from pipelines.submissions.form import Form, concerned
from pipelines.submissions.intake import Received, plainly, receive
from pipelines.submissions.transport import SubmissionTransport
from pipelines.submissions.workbook import MOST_ROWS, Filling, write_workbook
from portal.base import Portal
from sources.connectors.submission import FIRST_ROW
from sources.formats.workbook.filled import FilledCell
from warehouse.store import drafts, failure_log, ledger, releases, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.working_tables import Validated

# The column that a reason is about which names none.
_CONCEPTS = {
    "not_a_number": "obs_value", "too_large": "obs_value", "not_finite": "obs_value",
    "period": "time_period", "year_outside": "time_period", "future_period": "time_period",
    "status": "obs_status",
}
Marks = dict[tuple[int, str], list[LocalizedText]]


@dataclass(frozen=True)
class SubmissionResult:
    """What came of a workbook: the lines of the register, and the files for its sender."""

    submissions: tuple[Submission, ...]
    files: tuple[Path, ...]
    outcome: Outcome


def submit(
    settings: Settings, catalogue: Catalogue, portals: Sequence[Portal], workbook: Path, by: str,
    display: Reporter, answers: Path,
) -> SubmissionResult:
    """Take in a workbook, release what it holds, and write the answer.

    The caller holds the run lock of the data folder.

    Args:
        settings: profile and data folder.
        catalogue: the declared datasets.
        portals: where releases are published.
        workbook: the file.
        by: who sent it.
        display: shows the progress.
        answers: the folder for the marked copy and the receipt.

    Raises:
        OpenIndicatorsError: the workbook is refused; the register says so.
        StoreError: the data folder cannot be written.
    """
    data_dir, at = settings.data_dir, settings.now()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "workbook.xlsx"
        shutil.copyfile(workbook, copy)  # nobody changes it any more
        sha256 = sha256_file(copy)
        try:
            received = receive(copy, workbook.name, catalogue, settings.profile)
        except OpenIndicatorsError as error:
            refused = Submission(
                at=at, by=by, file_sha256=sha256, dataset="", verdict="refused",
                reason=plainly(error),
            )
            lines, new = _resumed([refused], data_dir, answers / workbook.stem)
            register.enter(data_dir, new)
            register.write_receipt(answers / workbook.stem, lines)
            raise
        files = open_transport(settings.profile, data_dir.inbox)
        before = {
            name: (_number(data_dir, name), _snapshot_before(data_dir, name, sha256))
            for name in received
        }
        chosen = {
            name: each.form.bound for name, each in received.items()
            if not _is_published(each, data_dir)
        }
        for bound in chosen.values():
            take_snapshot(bound, data_dir, SubmissionTransport(files, copy), settings.now)
    outcome = run_datasets(settings, catalogue, chosen, portals, display)
    results, forms, said = [], {}, []
    for name, each in received.items():
        bound = each.form.bound
        validated = _validated(bound, data_dir) if name in chosen else None
        marks = _marks(each.form, validated) if validated else {}
        sent = Submission(
            at=at, by=by, file_sha256=sha256, dataset=name, verdict="blocked",
            declaration_sha256=bound.declaration_sha256, form_sha256=each.form.sha256,
            rows=_filled(each),
        )
        if name in chosen:
            number, snapshot = before[name]
            found = _result(sent, bound, data_dir, number, outcome, validated)
            if found.verdict == "blocked":  # the next run goes on with what is public
                snapshots.count_as_last(data_dir, name, snapshot)
                failure_log.resolved(data_dir, name)
        else:
            found = _released(sent, "unchanged", data_dir)
        results.append((found, validated))
        forms[name] = (each.form, Filling(each.table.rows, marks), each.rows)
    submissions, new = _resumed(
        [found for found, _ in results], data_dir, answers / workbook.stem
    )
    for found, (_, validated) in zip(submissions, results, strict=True):
        said += _answer(found, received[found.dataset].form, validated)
    register.enter(data_dir, new)
    marked = answers / f"{workbook.stem}.checked.xlsx"
    write_workbook(marked, forms, at, said)
    receipt = register.write_receipt(answers / workbook.stem, submissions)
    return SubmissionResult(tuple(submissions), (marked, *receipt), outcome)


def _resumed(
    found: Sequence[Submission], data_dir: DataDir, stem: Path
) -> tuple[list[Submission], list[Submission]]:
    """Return the lines of what was `found`, and those of them that the register does not have.

    After an interruption the same workbook is taken in again. Its release may have been made: then
    it is no other's. Its lines may have been entered, without an answer beside the file (`stem`).
    """
    known = register.entries(data_dir)
    is_answered = register.receipt_path(stem).exists()
    lines, new = [], []
    for each in found:
        same = [line for line in known if _is_same(line, each)]
        last = same[-1] if same and same[-1] in known[-len(found):] else None
        is_made = each.verdict == "unchanged"  # perhaps by the submit that was interrupted
        if last and not is_answered and (
            last.verdict == each.verdict or (is_made and last.release == each.release)
        ):
            lines.append(last)
        elif is_made and not same and _rests_on_it(each, data_dir):
            new.append(each.model_copy(update={"verdict": "released"}))
            lines.append(new[-1])
        else:
            new.append(each)
            lines.append(each)
    return lines, new


def _is_same(one: Submission, other: Submission) -> bool:
    """Return whether two lines are of the same file, dataset and sender."""
    return all(
        getattr(one, name) == getattr(other, name) for name in ("file_sha256", "dataset", "by")
    )


def _rests_on_it(sent: Submission, data_dir: DataDir) -> bool:
    """Return whether the current release was made from the very workbook that was `sent`."""
    stored = releases.current(data_dir, sent.dataset)
    return stored is not None and _is_of(
        data_dir, sent.dataset, stored.release.snapshot_sha256, sent.file_sha256
    )


def _is_of(data_dir: DataDir, dataset: str, snapshot_sha256: str, file_sha256: str) -> bool:
    parts = snapshots.load(data_dir, dataset, snapshot_sha256).snapshot.parts
    return any(part.sha256 == file_sha256 for part in parts)


def _snapshot_before(data_dir: DataDir, dataset: str, file_sha256: str) -> str | None:
    """Return the snapshot to go on with where the workbook with a checksum is blocked.

    That is the one taken last; after an interruption that of the release, as the last is its own.
    """
    last = snapshots.taken_last(data_dir, dataset)
    if last and _is_of(data_dir, dataset, last, file_sha256):
        stored = releases.current(data_dir, dataset)
        return stored.release.snapshot_sha256 if stored else None
    return last


def _number(data_dir: DataDir, dataset: str) -> int | None:
    stored = releases.current(data_dir, dataset)
    return stored.release.number if stored else None


def _validated(bound: BoundDataset, data_dir: DataDir) -> Validated | None:
    try:
        return find_validated(bound, data_dir)
    except OpenIndicatorsError:
        return None


def _filled(received: Received) -> int:
    """Return how many rows count."""
    rows = received.table.rows.values()
    return len(rows) if received.form.keeps_empty else sum("obs_value" in row for row in rows)


def _is_published(received: Received, data_dir: DataDir) -> bool:
    """Return whether a sheet has the published figures and nothing else."""
    rows = published(received.form, data_dir, MOST_ROWS).rows
    return bool(rows) and [*map(_content, received.table.rows.values())] == [
        *map(_content, rows.values())
    ]


def _content(row: Mapping[str, FilledCell]) -> dict[str, object]:
    return {
        name: float(cell.text) if cell.kind == "number" else cell.text
        for name, cell in row.items()
    }


def _result(
    sent: Submission, bound: BoundDataset, data_dir: DataDir, before: int | None,
    outcome: Outcome, validated: Validated | None,
) -> Submission:
    """Return what came of a dataset that was `sent` in, `bound` to its source.

    `before` is the number of its current release in `data_dir` until then, `outcome` is how the run
    ended, `validated` the outcome of validation, None where no table could be made.
    """
    why = _why(outcome.failures.get(sent.dataset))
    if validated is not None:
        quarantined = validated.quality.rows_quarantined
        sent = sent.model_copy(update={"quarantined": quarantined})
    if validated is None or validated.quality.blockers:
        return sent.model_copy(update={"reason": why or "no table could be made"})
    if bound.dataset.review == "required" and drafts.waiting(data_dir, sent.dataset):
        return sent.model_copy(update={"verdict": "draft"})
    number = _number(data_dir, sent.dataset)
    if number is None:
        return sent.model_copy(update={"reason": why or "there is no release"})
    return _released(sent, "unchanged" if number == before else "released", data_dir)


def _released(sent: Submission, verdict: Verdict, data_dir: DataDir) -> Submission:
    """Return that the figures `sent` in are those of the current release in `data_dir`."""
    number = _number(data_dir, sent.dataset) or 0
    entered = ledger.entries(data_dir, sent.dataset)[number]
    return sent.model_copy(update={
        "verdict": verdict, "release": number, "release_sha256": entered.sha256,
    })


def _why(failure: tuple[str, Exception] | None) -> str:
    error = failure[1] if failure else ""
    return plainly(error) if isinstance(error, OpenIndicatorsError) else str(error)


def _answer(
    found: Submission, form: Form, validated: Validated | None
) -> list[LocalizedText]:
    """Return what the marked copy begins with, for one dataset."""
    said = [joined([form.bound.dataset.title, texts.verdict(found)], ": ")]
    blockers = (validated.quality.blockers if validated else None) or ()
    for text in sentences(blockers, found.dataset):
        said.append(joined([text.what, text.todo], " → "))
    if not blockers and found.reason:
        said.append(localized(lambda _: found.reason))
    return said


def _marks(form: Form, validated: Validated) -> Marks:
    """Return what is wrong with each cell, by row and column."""
    checks = {item.name: item for item in form.bound.suite.expectations}
    titles = {name: item.title for name, item in checks.items()}
    filled_in = [column.concept for column in form.columns]
    marks: Marks = {}
    rows = read_parquet(validated.quarantine, ["_row", "reasons"]).to_pylist()
    for row in rows:
        for reason in row["reasons"]:
            name = reason.partition(":")[0]
            concepts = concerned(checks[name]) if name in checks else _of_reading(reason)
            for concept in [each for each in concepts if each in filled_in] or ["obs_value"]:
                marks.setdefault((row["_row"], concept), []).append(in_words(reason, titles))
    return marks


def _of_reading(reason: str) -> list[str]:
    """Return the columns that could not be read."""
    try:
        every: Sequence[RejectReason] = read_reasons(reason)
    except ValueError:
        return []
    return [each.params.get("concept") or _CONCEPTS.get(each.code, "") for each in every]


def published(form: Form, data_dir: DataDir, most: int) -> Filling:
    """Return the figures of the current release of a form's dataset, as its template has them.

    Raises:
        OpenIndicatorsError: they are more than `most` rows.
        StoreError: a record of `data_dir` is damaged.
    """
    stored = releases.current(data_dir, form.bound.dataset.id)
    if stored is None or stored.release.reason == "withdrawal":
        return Filling()
    columns = [each for each in form.columns if each.concept in form.bound.dataset.columns]
    names = [each.concept for each in columns]
    stored.verify()
    table = read_parquet(stored.path("data.parquet"), names)
    if table.num_rows > most:
        raise OpenIndicatorsError(
            f"has {table.num_rows} figures; a template holds {most}",
            where=form.bound.dataset.id, todo="declare another source: submissions are for few",
        )
    labels = {each.concept: each.codes or {} for each in columns}

    def cell(concept: str, value: object) -> FilledCell:
        if isinstance(value, float):
            return FilledCell("number", repr(value))
        return FilledCell("text", labels[concept].get(str(value), str(value)))

    rows: Mapping[int, dict[str, FilledCell]] = {
        number: {name: cell(name, value) for name, value in row.items() if value is not None}
        for number, row in enumerate(table.to_pylist(), start=FIRST_ROW)
    }
    return Filling(rows)
