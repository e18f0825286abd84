"""The examples on the page "for programs": they run as they stand, and the guide has the same."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

import pytest

from portal.site.shared_pages.programs import offers
from tests.fixtures.commands import PROJECT
from tests.portal.api.conftest import SAMPLE, Published

NOT_PYTHON = ("R", "curl", "JSON", "shell")
GUIDE = PROJECT / "docs" / "programs.md"
HEAD = """# For programs

What a site offers programs, address by address. Everything but what needs `openindicators serve` is
plain files: any web server answers. The site has the same as a page, `en/programs.html`, with its
own addresses.

- Codes are text, in every format.
- Addresses in the answers are absolute where `OPENINDICATORS_SITE_URL` is set.
- SDMX identifiers allow letters, digits and `_ @ $ -`: a component with other codes (vintages of
  borders, the World Bank's indicators) is uncoded text there.
- pysdmx 1.21 takes a column of SDMX-CSV whose codes are digits alone for numbers: of a dataset
  without the country, `01` is read as `1`. Pad its codes, or read the file as text.
- Where a client wants query parameters, plain files cannot answer: `openindicators serve` answers
  PxWebApi 2 and SDMX REST from the same files.
- What assistants can ask, what is refused, and how the numbers of a text are checked:
  [assistants.md](assistants.md).

The text below is made from `portal/api/examples.yaml`, by `UPDATE_DOCS=1 pytest
tests/portal/api/test_examples.py`; that test runs every example in Python.
"""


def guide() -> str:
    parts = [HEAD]
    for offer in offers().values():
        filled = offer.filled("https://data.example.org/", "finance/gdp")
        parts.append(f"## {filled.title.en}\n\n{filled.text.en}\n")
        if filled.served:
            parts.append("Needs `openindicators serve`.\n")
        parts.append("".join(f"- `{path}`\n" for path in filled.paths))
        for tool, code in filled.examples.items():
            language = {"R": "r", "curl": "sh", "JSON": "json", "shell": "sh"}.get(tool, "python")
            parts.append(f"{tool}:\n\n```{language}\n{code}```\n")
    return "\n".join(parts)


@pytest.mark.parametrize(("key", "tool"), [
    (key, tool) for key, offer in offers().items() for tool in offer.examples
    if tool not in NOT_PYTHON
])
def test_an_example_runs(
    published: Published, key: str, tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    example = offers()[key].filled(published.address, SAMPLE[1]).examples[tool]
    exec(compile(example, f"{key}/{tool}", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("key", list(offers()))
def test_every_address_answers(published: Published, key: str) -> None:
    for path in offers()[key].filled(published.address, SAMPLE[1]).paths:
        with urllib.request.urlopen(published.address + path) as response:
            assert response.status == 200
            assert response.read(10)


def test_the_guide_has_the_same() -> None:
    if os.environ.get("UPDATE_DOCS"):
        GUIDE.write_text(guide(), encoding="utf-8")
    assert Path(GUIDE).read_text(encoding="utf-8") == guide(), "run with UPDATE_DOCS=1"
