"""Files that the system writes about itself, as sources: a dataset is declared over them.

    source: {protocol: files, files: [record/data_quality.csv], ...}

A file is written when it is requested. `record/data_quality.csv` has the scores of every validation
run until then; it leaves out the datasets that read it, else each of their releases would cause the
next. `record/targets.csv` has the targets of the registry.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from model.reference.registries import Registries
from model.util.disk import write_if_changed
from pipelines.quality.history import scores_csv
from pipelines.steps.bound_dataset import BoundDataset
from sources.base import Request, SourceFile, Transport, Validators
from sources.connectors.registry import options_of
from sources.fetch.folder import FolderTransport
from warehouse.store.data_dir import DataDir

SCORES, TARGETS = "record/data_quality.csv", "record/targets.csv"  # in the data folder
NOT_LOADED, NOT_APPLICABLE = "O", "_Z"  # SDMX: a missing value; a code where there is none
_OPERATORS = {">=": "GE", ">": "GT", "<=": "LE", "<": "LT", "=": "EQ"}


@dataclass(frozen=True)
class RecordTransport:
    """Answers the request for some files, which it writes, and passes on all others.

    records: what makes each file's text, by its path in the data folder.
    """

    others: Transport
    data_dir: DataDir
    records: Mapping[str, Callable[[], str]]

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Send the request, after writing the file if it is one of ours."""
        path = request.url.removeprefix("file:")
        if path == request.url or path not in self.records:
            return self.others.send(request, validators, target)
        write_if_changed(self.data_dir.root / path, self.records[path]())
        return FolderTransport(self.data_dir.root).send(request, validators, target)


def with_records(
    bound: BoundDataset, others: Mapping[str, BoundDataset], transport: Transport, data_dir: DataDir
) -> Transport:
    """Return the transport of a `bound` dataset's source, which may be a record of our own.

    `others` are all datasets of the profile, by id: the scores are theirs; `data_dir` has the
    records that scores are made from. `transport` sends all other requests.
    """
    read = set(getattr(options_of(bound.source), "files", None) or ())
    if not read & {SCORES, TARGETS}:
        return transport
    scored = {name: each.dataset for name, each in others.items() if not comes_last(each, others)}
    return RecordTransport(transport, data_dir, {
        SCORES: lambda: scores_csv(data_dir, scored),
        TARGETS: lambda: targets_csv(bound.registries),
    })


def comes_last(bound: BoundDataset, others: Mapping[str, BoundDataset]) -> bool:
    """Say whether a dataset reads the scores, or is made from one of the `others` that does.

    It runs after all others, and is not scored among them: each release would cause the next.
    """
    return _reads_scores(bound) or any(
        _reads_scores(others[name]) for name in bound.upstream if name in others
    )


def _reads_scores(bound: BoundDataset) -> bool:
    return SCORES in (getattr(options_of(bound.source), "files", None) or ())


def targets_csv(registries: Registries) -> str:
    """Return the targets of the `registries` as CSV, a line for each, in their order."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((
        "target", "unit", "ref_area", "geo_vintage", "year", "value", "status", "operator",
        "sector", "document", "valid_from", "valid_to", "replaced_by", "note",
    ))
    known = registries.targets
    for target in known.targets.values():
        document = known.documents[target.document]
        said = target.statement or target.title
        where = (*(said.by_language.values()), document.name.get(target.worded_in), document.issued,
                 *(target.article.by_language.values() if target.article else ()),
                 target.url or document.url)
        writer.writerow((
            target.id, target.unit or "not_loaded", target.area.code,
            registries.codelists[target.area.codelist].vintage, target.year,
            "" if target.value is None else f"{target.value:g}",
            "A" if target.status == "confirmed" else NOT_LOADED,
            _OPERATORS[target.operator] if target.value is not None else NOT_APPLICABLE,
            target.sector or NOT_APPLICABLE, target.document, known.valid_from(target),
            target.valid_to or NOT_APPLICABLE, target.replaced_by or NOT_APPLICABLE,
            " · ".join(str(each) for each in where if each),
        ))
    return text.getvalue()
