"""The way of a workbook into a snapshot; a dataset without one waits for its first submission."""

from dataclasses import dataclass, replace
from pathlib import Path

from model.declarations.source import Source
from model.errors import SourceError
from sources.base import Request, SourceFile, Transport, Validators
from sources.connectors.options.submission import SubmissionOptions
from sources.fetch.part_files import write_body
from warehouse.store.data_dir import DataDir

_PIECE = 1 << 20
SCHEME = f"{SubmissionOptions.protocol}:"  # as `sources.connectors.submission` has it


@dataclass(frozen=True)
class SubmissionTransport:
    """Answers requests for submissions with a `workbook`, and passes on all others.

    Without a workbook nothing new was sent in: between submissions the last one stays.
    """

    others: Transport
    workbook: Path | None = None

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Copy the workbook to `target`; see `Transport`.

        Raises:
            SourceError: nothing was ever sent in.
        """
        if not request.url.startswith(SCHEME):
            return self.others.send(request, validators, target)
        if self.workbook is not None:
            with self.workbook.open("rb") as file:
                copied = write_body(target, iter(lambda: file.read(_PIECE), b""), request, {})
            return replace(copied, etag=f'"{copied.sha256}"')
        if validators.etag is None:
            raise SourceError(
                "waits for its first submission", where=request.url.removeprefix(SCHEME),
                todo="write the workbook to fill in with `openindicators template`, and hand it to"
                " `openindicators submit`",
            )
        return None


def waits(dataset: str, source: Source, data_dir: DataDir) -> bool:
    """Return whether a `dataset`, with this `source`, waits in `data_dir` for its first submission.
    """
    is_recorded = bool(getattr(source.options, "files", ()))
    return (
        source.protocol == SubmissionOptions.protocol and not is_recorded
        and not (data_dir.snapshots(dataset) / "current").exists()
    )
