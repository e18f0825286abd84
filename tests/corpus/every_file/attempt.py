"""One file of the corpus: declared by `new --from`, questions answered, released, compared."""

from __future__ import annotations

import contextlib
import io
import time
import traceback
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from expectations.suites.suite import load_suites
from model.declarations.load import Declaration, load_declaration, load_draft
from model.errors import OpenIndicatorsError
from model.records.unread import UNREAD_CHECK
from model.reference.registries import Registries, load_registries
from model.util.disk import write_if_changed
from pipelines.cli.confirm.answers import AnswerWriter
from pipelines.cli.new.inspect import look_at
from pipelines.cli.new.scaffold import SUITE
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.release import make_release
from sources.connectors.registry import CONNECTORS
from sources.fetch.folder import FolderTransport
from tests.corpus.every_file.answers import Facts, answers
from tests.corpus.every_file.compare import mismatches
from tests.corpus.every_file.grids import read
from tests.fixtures.datasets import SHARED
from tests.fixtures.projects import for_this_city
from warehouse.store.releases import StoredRelease

DAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
DATASET = "finance/it"

# refused: by `new`, in a sentence. open: a right answer is no. blocked: a check stops the release.
# released: compared, see `mismatches`. failed: an error that is none of ours.
Outcome = Literal["refused", "open", "blocked", "released", "failed"]


@dataclass
class Attempt:
    """What became of a file.

    reason: why it is not released.
    questions: the fields that were asked about.
    protocol: that reads it.
    released, quarantined, figures: observations released and held back; figures that another
        reader finds in the table.
    mismatches: where the release differs from the other reader, in words; a few of each kind.
    seconds: processor time.
    """

    file: str
    outcome: Outcome = "failed"
    reason: str = ""
    questions: list[str] = field(default_factory=list)
    protocol: str = ""
    released: int = 0
    quarantined: int = 0
    figures: int = 0
    mismatches: list[str] = field(default_factory=list)
    seconds: float = 0.0


def project_in(folder: Path) -> Path:
    """Make the project in which files are declared."""
    project = for_this_city(folder / "project")
    for path in (Path(__file__).parent / "registry").glob("*.yaml"):
        with (project / "registry" / path.name).open("a", encoding="utf-8") as file:
            file.write("\n" + path.read_text(encoding="utf-8"))
    return project


def loaded(project: Path) -> Registries:
    """Return the registries of a project, with their indexes made, which takes seconds."""
    registries = load_registries(project)
    for codelist in registries.codelists.values():
        codelist.named("")
        codelist.named("Đà Nẵng City")
    return registries


def attempt(entry: dict[str, Any], folder: Path, registries: Registries) -> dict[str, Any]:
    """Do all of it in a `folder`, for an `entry` of the corpus's manifest.

    The `registries` are those of `project_in`.
    """
    found = Attempt(entry["path"])
    start = time.process_time()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            _attempt(found, entry, folder, registries)
    except OpenIndicatorsError as error:
        found.reason = " ".join(str(error).split())
    except Exception:
        found.reason = traceback.format_exc()[-1500:]
    found.seconds = round(time.process_time() - start, 1)
    return asdict(found)


def _attempt(
    found: Attempt, entry: dict[str, Any], folder: Path, registries: Registries
) -> None:
    path = SHARED / found.file
    settings = Settings(project=folder, data_dir=folder / "data", profile="live")
    settings.data_dir.prepare()
    declared = settings.declarations / f"{DATASET}.yaml"
    found.outcome = "refused"
    text = look_at(str(path), "it", "It", settings, registries).text
    found.outcome = "failed"
    write_if_changed(declared, text)
    write_if_changed(settings.suites / f"{DATASET}.yaml", SUITE)
    draft = load_draft(declared, registries, CONNECTORS)
    source = next(iter(draft.dataset.sources.values()))
    options = source.options
    found.protocol = source.protocol
    grid, unreadable = None, ""
    try:
        grid = read(path, entry.get("encoding") or "", getattr(options, "sheet", None) or "",
                    getattr(options, "member", None) or "")
    except Exception as error:
        unreadable = f"the other reader: {type(error).__name__}: {error}"
    wrong = _answer(found, Facts(found.file, grid, draft), declared, registries)
    if wrong:
        found.outcome, found.reason = "open", "; ".join(wrong)
        return
    found.outcome = "blocked"
    whole = load_declaration(declared, registries, CONNECTORS)
    stored, bound = _release(whole, settings, registries)
    found.outcome = "released"
    found.released = stored.release.rows
    found.quarantined = stored.release.quarantined
    if grid is None:
        found.mismatches = [unreadable]
        return
    named = " ".join(
        str(check.samples) for check in stored.quality.checks if check.name == UNREAD_CHECK)
    found.figures, found.mismatches = mismatches(
        stored, grid, bound.dataset, source, registries, named + text,
        found.file)


def _answer(
    found: Attempt, facts: Facts, declared: Path, registries: Registries
) -> list[str]:
    """Answer all questions; return why some have no answer."""
    writer = AnswerWriter(declared, "test", date(2026, 11, 28), registries)
    found.questions = [each.question.field for each in writer.open()]
    wrong: list[str] = []
    while True:
        asked = next((each for each in writer.open() if each.question.field not in
                      [line.partition(":")[0] for line in wrong]), None)
        if asked is None:
            return wrong
        right = answers(asked.question, facts, registries.codelists)
        if isinstance(right, str):
            field = f"{asked.question.field}: "
            wrong.append(field + right.removeprefix(field))
            continue
        try:
            for name, text in right:
                if text is None:
                    writer.accept(asked)
                else:
                    writer.answer(name, text)
        except OpenIndicatorsError as error:  # what it rests on is open
            wrong.append(f"{asked.question.field}: {error.what}")


def _release(
    declaration: Declaration, settings: Settings, registries: Registries
) -> tuple[StoredRelease, BoundDataset]:
    dataset = declaration.dataset
    suites, errors = load_suites(settings.suites, {dataset.id: dataset}, registries)
    assert not errors, errors
    bound = BoundDataset(declaration, suites.get(dataset.id), "live", registries, False)
    home = settings.data_dir
    take_snapshot(bound, home, FolderTransport(settings.data_dir.inbox), lambda: DAY)
    current = make_release(bound, home, lambda: DAY).current
    assert current is not None
    return current, bound
