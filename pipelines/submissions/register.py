"""The register of what was sent in, append-only, and the receipts that refer to it."""

from collections.abc import Sequence
from pathlib import Path

from model.errors import OpenIndicatorsError
from model.records.submission import Receipt, Submission
from model.reference.city import city
from model.util.disk import atomic_write
from model.util.hashing import pretty_json, sealed, unsealed
from model.util.languages import languages
from pipelines.submissions import texts
from warehouse.store.atomic import append_log, read_log
from warehouse.store.data_dir import DataDir

TODO = "restore the data folder from a backup: receipts that were given out refer to it"


def entries(data_dir: DataDir) -> list[Submission]:
    """Return what was sent in, oldest first.

    Raises:
        StoreError: a line was changed after it was written.
    """
    return read_log(data_dir.submissions, Submission, "the register of submissions", TODO)


def enter(data_dir: DataDir, submissions: Sequence[Submission]) -> None:
    """Enter submissions into the register of `data_dir`, whose run lock the caller holds.

    Raises:
        StoreError: the data folder cannot be written.
    """
    append_log(data_dir.submissions, submissions)


def receipt_path(stem: Path) -> Path:
    """Return where the receipt of the workbook with a `stem` is."""
    return stem.with_name(f"{stem.name}.receipt.json")


def write_receipt(stem: Path, submissions: Sequence[Submission]) -> list[Path]:
    """Write the receipt of `submissions` as JSON and as text, to files that begin with `stem`.

    Raises:
        StoreError: the folder cannot be written.
    """
    receipt = Receipt(
        publisher=city().name.get("en"), submissions=tuple(submissions)
    )
    record = sealed(pretty_json(receipt))
    texts_of = [
        "\n".join(texts.receipt(each).get(language) for each in submissions)
        for language in languages()
    ]
    # With the record a workbook counts as answered: it comes last.
    paths = [receipt_path(stem).with_suffix(".txt"), receipt_path(stem)]
    for path, text in zip(paths, ("\n\n".join(texts_of) + "\n", record), strict=True):
        with atomic_write(path) as staging:
            staging.write_text(text, encoding="utf-8")
    return paths


def check_receipt(path: Path, data_dir: DataDir) -> tuple[Receipt, bool]:
    """Return a receipt, and whether the register of `data_dir` has every line of it.

    Raises:
        OpenIndicatorsError: the file at `path` is no receipt, or was changed.
        StoreError: the register is damaged.
    """
    try:
        receipt = Receipt.model_validate_json(unsealed(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise OpenIndicatorsError(
            f"is no receipt as it was given out: {error}", where=str(path),
            todo="use the file that ends in .receipt.json, unchanged",
        ) from error
    known = entries(data_dir)
    is_entered = bool(receipt.submissions) and all(each in known for each in receipt.submissions)
    return receipt, is_entered
