"""The embedded sample: every dataset's facts are served by its own name, vintage by vintage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sources.connectors.registry import protocol
from sources.demo.facts import Sample, load_samples
from sources.demo.replay import ReplayTransport
from sources.fetch.parts import Fetched, fetch_parts

ROOT = Path(__file__).resolve().parents[2] / "sources" / "demo" / "sample"
SAMPLES = load_samples(ROOT)
REPLAY = ReplayTransport(ROOT)


def as_declared(sample: Sample) -> tuple[str, dict[str, Any]]:
    """Return the protocol and options with which a declaration would ask for these facts."""
    url = sample.source.urls[0]
    if sample.source.form == "csv":
        return "files", {"urls": [url]}
    if sample.source.form == "pxweb":
        return "pxweb", {"url": url}
    indicators = {f["indicator"] for f in sample.vintages[0].facts}
    return sample.source.form, {"indicators": sorted(indicators)}


@pytest.mark.parametrize("sample", SAMPLES, ids=[each.dataset for each in SAMPLES])
def test_every_vintage_is_served_and_read(sample: Sample, tmp_path: Path) -> None:
    name, options = as_declared(sample)
    kind = protocol(name)
    checked = kind.Options.model_validate(options)
    found: Fetched | None = None
    for number, vintage in enumerate(sample.vintages):
        earlier = found.parts if found else ()
        found = fetch_parts(kind, checked, REPLAY, tmp_path / str(number), earlier)
        assert {part.etag for part in found.parts} == {vintage.etag}
        parts = found.parts
        read = pa.Table.from_batches(kind.read(parts, checked))
        asked = options.get("indicators")
        facts = [f for f in vintage.facts if asked is None or f["indicator"] in asked]
        assert read.num_rows >= len(facts) > 0
    assert found is not None
    last = fetch_parts(kind, checked, REPLAY, tmp_path / "last", found.parts)
    assert last.unchanged
    assert REPLAY.rounds(sample.dataset) == len(sample.vintages)


def test_no_indicator_is_in_two_datasets_of_one_service() -> None:
    seen: dict[tuple[str, str], str] = {}
    for sample in SAMPLES:
        if sample.source.form not in ("worldbank", "gho"):
            continue
        for code in {f["indicator"] for each in sample.vintages for f in each.facts}:
            key = (sample.source.urls[0], code)
            assert seen.setdefault(key, sample.dataset) == sample.dataset
