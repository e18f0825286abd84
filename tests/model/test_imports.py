"""A library comes without others until they are used."""

from __future__ import annotations

import subprocess
import sys

from tests.fixtures.commands import PROJECT

CODE = """
import sys
from model.util.imports import importing_without
with importing_without(absent=["decimal"], postponed=["xml.dom.minidom", "json"]):
    import json
    from xml.dom import minidom
    try:
        import decimal
    except ImportError:
        print("absent")
print({"decimal", "xml.dom.minidom"} & set(sys.modules))
print(minidom.parseString("<a/>").documentElement.tagName, json.loads("[1]"))
import decimal, xml.dom.minidom
print(minidom.Document is xml.dom.minidom.Document)
"""


def test_modules_are_absent_or_imported_when_they_are_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["absent", "set()", "a [1]", "True"]
