"""A sample of the corpus, each file declared, its questions answered, released and compared.

`make every-file` does it with all 422 files.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.corpus.every_file.__main__ import entries
from tests.corpus.every_file.attempt import attempt, loaded, project_in
from tests.fixtures.datasets import real_files

pytestmark = pytest.mark.corpus

# At least one of each reader, and one that each of the product's faults was found in.
ALWAYS = (
    "sdmx/imf/IMF_RES_WEO-data.xml", "pxweb/gso/E02.01.json",
    "asean/ASEAN_immunisation_against_measles_and_DPT.xlsx",
    "vietnam/mof_state_budget/QT-2012-N-CKQT02-NN001.xls", "hxl/worldbank_hdx/indicators_AFG.csv",
    "vietnam/tourism/touristVN.csv",
)
SEED, SAMPLED, LARGEST = 11, 8, 200_000  # bytes


def test_no_release_of_a_sample_differs_from_another_reader(tmp_path: Path) -> None:
    real_files()
    every = {entry["path"]: entry for entry in entries()}
    small = [path for path, entry in every.items() if entry["bytes"] < LARGEST]
    chosen = [*ALWAYS, *Random(SEED).sample(small, SAMPLED)]
    registries = loaded(project_in(tmp_path / "project"))
    found = [
        attempt(every[path], tmp_path / str(n), registries) for n, path in enumerate(chosen)
    ]
    assert [each for each in found if each["outcome"] == "failed" or each["mismatches"]] == []
    assert sum(each["outcome"] == "released" for each in found) >= len(ALWAYS)
    assert all(each["reason"] for each in found if each["outcome"] != "released")
