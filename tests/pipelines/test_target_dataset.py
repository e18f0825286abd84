"""The verdicts on the targets as a computed dataset: figures, lineage, and what makes news."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from model.declarations.computed import Input, check_computed
from model.declarations.dataset import Dataset
from model.declarations.load import load_declaration
from model.errors import DeclarationError, SourceError
from model.records.snapshot import CELLS, LINEAGE
from pipelines.catalogue import load_catalogue
from pipelines.own_records import comes_last, targets_csv
from pipelines.settings import Settings
from pipelines.target_assessment import LEVELS, TargetAssessment, stored_releases
from portal.targets.assessment import assess
from sources.connectors.registry import CONNECTORS
from tests.fixtures.commands import PROJECT
from tests.fixtures.computed import released
from tests.fixtures.datasets import registries
from warehouse.computing.compute import Computing
from warehouse.store.data_dir import DataDir

TARGETS, SHARES = "digital_government/city_targets", "industry/ict_industry"
ASSESSED = "digital_government/target_assessment"
ASSESSMENT = PROJECT / "assets/digital_government/target_assessment.yaml"
REPORTED = {"2021": 12.7, "2022": 17.0, "2023": 19.76, "2024": 23.18}
TARGET = "plan_142_digital_economy_2025"


def declared(dataset: str) -> Dataset:
    return load_declaration(PROJECT / f"assets/{dataset}.yaml", registries(), CONNECTORS).dataset


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    names = (TARGETS, *registries().targets.measuring, ASSESSED)
    return {name: declared(name) for name in names}


@pytest.fixture
def data_dir(tmp_path: Path, datasets: dict[str, Dataset]) -> DataDir:
    """A data folder with the targets, and two releases of the digital economy's share."""
    found = DataDir(tmp_path / "data")
    header, *lines = (line.split(",") for line in targets_csv(registries()).splitlines())
    column = {name: place for place, name in enumerate(header)}
    units = {each.unit: code for code, each in datasets[TARGETS].indicators.items()
             if code != "target_not_loaded"}
    rows = []
    for line in lines:
        unit, value = line[column["unit"]], line[column["value"]]
        rows.append({
            "indicator": units.get(unit, "target_not_loaded"), "ref_area": line[column["ref_area"]],
            "geo_vintage": line[column["geo_vintage"]], "target": line[column["target"]],
            "time_period": line[column["year"]], "obs_value": float(value) if value else None,
            "obs_status": "A" if value else "O",
            **{name: "x" for name in datasets[TARGETS].dimensions if name != "target"},
        })
    released(found, datasets[TARGETS], rows)
    share(found, datasets, 1, {**REPORTED, "2024": 10.0})
    return found


def share(
    data_dir: DataDir, datasets: dict[str, Dataset], number: int, values: dict[str, float]
) -> None:
    released(data_dir, datasets[SHARES], [
        {"indicator": "digital_economy_share", "time_period": year, "obs_value": value,
         "obs_status": "E" if year == "2024" else "A"} for year, value in values.items()
    ], number)


def computed(
    data_dir: DataDir, datasets: dict[str, Dataset], folder: Path
) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the record, the figures and their lineage."""
    computing = Computing(
        datasets[ASSESSED], datasets, registries(), data_dir,
        program=TargetAssessment(registries()),
    )
    folder.mkdir()
    computing.write(folder)
    rows, lineage = (pq.read_table(folder / name).to_pylist() for name in (CELLS, LINEAGE))
    return computing.record(), rows, lineage


def cells_of(
    data_dir: DataDir, datasets: dict[str, Dataset], place: int, lineage: list[dict[str, Any]]
) -> Iterator[tuple[str, str, float]]:
    """Yield dataset, period and value of the cells that a figure came from."""
    inputs = datasets[ASSESSED].inputs
    for each in lineage:
        if each["cell"] == place:
            dataset = inputs[each["input"]].dataset
            numbers = [int(path.name) for path in data_dir.releases(dataset).iterdir()]
            path = data_dir.releases(dataset) / str(max(numbers)) / "data.parquet"
            cell = pq.read_table(path).slice(each["row"], 1).to_pylist()[0]
            yield dataset, cell["time_period"], cell["obs_value"]


def test_the_figures_are_the_verdicts_and_name_what_they_rest_on(
    data_dir: DataDir, datasets: dict[str, Dataset], tmp_path: Path
) -> None:
    _, rows, lineage = computed(data_dir, datasets, tmp_path / "made")
    found = assess(
        registries(), stored_releases(data_dir, registries()), datetime.now(UTC).date()
    )
    verdicts = {row["target"]: row for row in rows if row["indicator"] == "verdict"}
    assert {name: row["obs_value"] for name, row in verdicts.items()} == {
        each.target.id: LEVELS[each.verdict] for each in found.assessments
    }
    assert {row["obs_value"] for row in verdicts.values()} == {1, 3, None}
    known = registries().codelists
    for each in found.assessments:
        row = verdicts[each.target.id]
        assert row["geo_vintage"] == known[each.target.area.codelist].vintage
        assert (row["obs_value"] is None) == (row["obs_status"] == "O")
        rests_on = list(cells_of(data_dir, datasets, rows.index(row) + 1, lineage))
        assert (TARGETS, str(each.target.year), each.target.value) in rests_on
        if each.progress:
            used = dict.fromkeys((each.progress.base, each.progress.newest))
            assert {(SHARES, str(item.year), item.value) for item in used} < set(rests_on)
            assert len(rests_on) == len(used) + 1
    behind = verdicts[TARGET]
    assert behind["obs_status"] == "E"  # as the newest figure has it
    assert behind["obs_note"].startswith("Chậm tiến độ: ") and " · Behind: " in behind["obs_note"]
    ratio, = (row["obs_value"] for row in rows
              if (row["indicator"], row["target"]) == ("progress_ratio", TARGET))
    progress = found[TARGET].progress
    assert progress and progress.ratio and ratio == pytest.approx(100 * progress.ratio)


def test_only_news_of_an_input_or_the_registry_is_news(
    data_dir: DataDir, datasets: dict[str, Dataset], tmp_path: Path
) -> None:
    first, rows, _ = computed(data_dir, datasets, tmp_path / "first")
    assert computed(data_dir, datasets, tmp_path / "again")[:2] == (first, rows)
    share(data_dir, datasets, 2, REPORTED)
    second, turned, _ = computed(data_dir, datasets, tmp_path / "second")
    assert second != first
    levels = {row["obs_value"] for row in turned
              if (row["indicator"], row["target"]) == ("verdict", TARGET)}
    assert levels == {LEVELS["met"]}
    known = registries()
    targets = dict(known.targets.targets)
    targets[TARGET] = targets[TARGET].model_copy(update={"value": 30.0})
    changed = known.targets.model_copy(update={"targets": targets})
    other = TargetAssessment(known.model_copy(update={"targets": changed}))
    assert other.version != TargetAssessment(known).version


def test_without_the_dataset_of_the_targets_there_is_no_verdict(
    tmp_path: Path, datasets: dict[str, Dataset]
) -> None:
    data_dir = DataDir(tmp_path / "data")
    share(data_dir, datasets, 1, REPORTED)
    with pytest.raises(SourceError, match="'targets' has no release yet"):
        computed(data_dir, datasets, tmp_path / "made")


def test_what_rests_on_the_scores_comes_last_and_has_none_among_them() -> None:
    """Else each release would cause the next."""
    others = load_catalogue(Settings(project=PROJECT, profile="sample")).bound_datasets("sample")
    bound, scores = others[ASSESSED], "digital_government/data_quality"
    assert comes_last(others[scores], others) and not comes_last(bound, others)
    inputs = {**bound.dataset.inputs, "scores": Input(dataset=scores)}
    dataset = bound.dataset.model_copy(update={"inputs": inputs})
    assert comes_last(
        replace(bound, declaration=replace(bound.declaration, dataset=dataset)), others
    )


@pytest.mark.parametrize(("old", "new", "why"), [
    ("    unit: level\n", "    unit: level\n    formula: targets.target_percent\n", "one of them"),
    ("  verdict:\n", "  verdicts:\n", "target_assessment does not compute it"),
    ("target_assessment\n", "other\n", "target_assessment"),
    ("inputs: {targets: digital_government/city_targets}\n", "", "'source' is missing"),
])
def test_what_the_declaration_may_not_say(
    tmp_path: Path, datasets: dict[str, Dataset], old: str, new: str, why: str
) -> None:
    path = tmp_path / "assets/digital_government/target_assessment.yaml"
    path.parent.mkdir(parents=True)
    for name in ("_defaults.yaml", "digital_government/_defaults.yaml"):
        if (PROJECT / "assets" / name).exists():
            (tmp_path / "assets" / name).write_bytes((PROJECT / "assets" / name).read_bytes())
    text = ASSESSMENT.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=why):
        made = load_declaration(path, registries(), CONNECTORS)
        check_computed(made.dataset, made.document, datasets, registries())
