"""Files written aside and renamed: a file that is there is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.disk import explain
from model.errors import StoreError


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Give a path to write to; it becomes `target` when the block ends well.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    aside = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        os.replace(aside, target)
    except OSError as error:
        raise StoreError(**explain(error, target)) from error
    finally:
        aside.unlink(missing_ok=True)
