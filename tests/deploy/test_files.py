"""The files of deploy/ name what there is: metrics, settings, folders, commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from pipelines.settings import PREFIX, Settings
from portal.quality.formats import prometheus

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
NOT_IN_SETTINGS = {"OPENINDICATORS_MEMORY_LIMIT"}  # read where it applies, see docs/settings.md


def test_metrics_exist() -> None:
    known = set(re.findall(r"^# HELP (\S+)", prometheus([]), re.M))
    for name in ("alerts.yaml", "dashboard.json"):
        text = (DEPLOY / "monitoring" / name).read_text(encoding="utf-8")
        used = set(re.findall(r"openindicators_\w+", text))
        assert used and used <= known, used - known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_exist(path: Path) -> None:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | NOT_IN_SETTINGS
    used = set(re.findall(r"OPENINDICATORS_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8")))
    assert used <= known, used - known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_can_be_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        assert yaml.safe_load(text)
    elif path.suffix == ".json":
        assert json.loads(text)


def test_the_image_copies_what_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for source in re.findall(r"^COPY --chown\S+ (.+) \S+$", text, re.M):
        for name in source.split():
            assert (PROJECT / name).exists(), name
