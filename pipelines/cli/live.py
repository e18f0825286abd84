"""Live progress of a run, on the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.cli.terminal import err
from pipelines.steps.progress import STAGES


class LiveReporter:
    """Shows how far the run is, which step is at work, and each dataset's end."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress = progress
        self.task = progress.add_task("", total=total * len(STAGES))

    def started(self, dataset: str, stage: str) -> None:
        """Show the step at work."""
        self.progress.update(self.task, description=f"{dataset} · {stage}")

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """Move on."""
        self.progress.advance(self.task)

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """Show at once that it failed; the reason follows once, at the end."""
        self.progress.console.print(f"[red]✗[/] {escape(dataset)} · {stage}")


@contextmanager
def live(total: int, quiet: bool) -> Iterator[LiveReporter]:
    """Show live progress while the body runs; on the error stream, so that output stays clean."""
    columns = (
        BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
        yield LiveReporter(progress, total)
