"""Hostile edits of a second vintage: none is released without a word, harmless ones are released.

The quick form: all edits of one file, and those of workbooks of another. `make hostile-edits` has
all files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus.hostile.edits import EDITS
from tests.corpus.hostile.edits.base import Edit
from tests.corpus.hostile.runner import run
from tests.corpus.hostile.targets import TARGETS
from tests.corpus.hostile.vintages import Vintages
from tests.fixtures.datasets import real_files

pytestmark = pytest.mark.corpus

# What this table has no place for: nearly nothing is missing in it, its periods stand in columns,
# and its figures are whole.
_NOT_THERE = {"missing_become_noughts", "days_and_months_exchanged", "decimal_commas"}
QUICK = [
    *(
        ("health/doctors", edit) for edit in EDITS
        if "csv" in edit.forms and edit.name not in _NOT_THERE
    ),
    *(("industry/employed_persons", edit) for edit in EDITS if edit.forms == ("xlsx",)),
]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Vintages]]:
    """A first release of each file."""
    real_files()
    names = {name for name, _ in QUICK}
    yield {
        target.dataset: Vintages(target, tmp_path_factory.mktemp("hostile"))
        for target in TARGETS if target.dataset in names
    }


@pytest.mark.parametrize(("name", "edit"), QUICK, ids=lambda each: getattr(each, "name", each))
def test_an_edit_is_blocked_or_named(
    released: dict[str, Vintages], name: str, edit: Edit
) -> None:
    result, said = run(released[name], edit)
    assert result in (("released",) if edit.harmless else ("blocked", "warned", "released")), said


def test_there_are_as_many_as_promised() -> None:
    assert sum(not edit.harmless for edit in EDITS) >= 28
    assert {target.place.form for target in TARGETS} == {
        "csv", "xlsx", "records", "jsonstat", "px", "sdmx",
    }
