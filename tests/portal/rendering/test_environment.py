"""Compiled templates are kept for later processes, and believed only with their checksum."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from portal.rendering.environment import _Compiled


def test_a_damaged_compiled_template_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.html").write_text("there are 6.195 of them")

    def rendered() -> str:
        compiled = _Compiled()  # as in a new process
        compiled.path = str(tmp_path / "compiled-")
        made = Environment(
            loader=FileSystemLoader(tmp_path), bytecode_cache=compiled, autoescape=True
        )
        return made.get_template("page.html").render()

    first = rendered()
    [kept] = tmp_path.glob("compiled-*")
    good = kept.read_bytes()
    assert b"6.195" in good
    kept.write_bytes(good.replace(b"6.195", b"6.196"))
    assert rendered() == first and kept.read_bytes() == good
