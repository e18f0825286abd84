"""Paths, links, commands, targets and settings that the documents name exist."""

from __future__ import annotations

import re

import pytest
from click import Context
from typer.main import get_command

from pipelines.cli.main import Commands, app
from tests.docs.documents import PROJECT, documents, product_code

HISTORY = {"CHANGELOG.md"}  # speaks of the past, too
# A path in backticks: one of our folders or files, without a placeholder or a pattern.
FOLDERS = (
    "model", "sources", "warehouse", "expectations", "portal", "assets", "pipelines", "bench",
    "dev", "docs", "tests", "ckanext-openindicators",
)
PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
EXAMPLE = re.compile(r"/tourism/(hotel_)?rooms\.yaml$")  # readers write these
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)


PRESENT = [(name, text) for name, text in documents().items() if name not in HISTORY]


@pytest.mark.parametrize(("name", "text"), PRESENT)
def test_paths_exist(name: str, text: str) -> None:
    found = {path for path in PATH.findall(text) if not EXAMPLE.search(path)}
    assert sorted(path for path in found if not (PROJECT / path).exists()) == []


def test_documents_that_messages_and_comments_name_exist() -> None:
    named = set(re.findall(r"\bdocs/[\w/-]+\.md", product_code()))
    assert sorted(path for path in named if not (PROJECT / path).exists()) == []


def anchor(heading: str) -> str:
    """Return the fragment that GitHub gives a heading."""
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return "#" + plain.strip().replace(" ", "-")


@pytest.mark.parametrize(("name", "text"), list(documents().items()))
def test_links_lead_somewhere(name: str, text: str) -> None:
    broken = []
    for target, fragment in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.S)):
        if "://" in target:
            continue
        path = (PROJECT / name).parent / target if target else PROJECT / name
        if not path.exists():
            broken.append(target)
        elif fragment and path.suffix == ".md":
            headings = {anchor(found) for found in HEADING.findall(path.read_text("utf-8"))}
            if fragment not in headings:
                broken.append(target + fragment)
    assert broken == []


@pytest.mark.parametrize(("name", "text"), PRESENT)
def test_commands_and_their_options_exist(name: str, text: str) -> None:
    group = get_command(app)
    assert isinstance(group, Commands)
    ctx = Context(group)
    unknown = []
    called = re.compile(r"^(?:.*[ /])?openindicators ([a-z][^\n#|]*)", re.M)
    for line in called.findall(code_of(text)):
        words = line.split()
        command = group.get_command(ctx, words[0])
        if command is None:
            unknown.append(line)
            continue
        options = {name for option in command.params for name in option.opts}
        unknown += [
            f"{words[0]} {word}" for word in words[1:]
            if word.startswith("--") and word.split("=")[0] not in options
        ]
    assert unknown == []


def code_of(text: str) -> str:
    """Return what stands in code blocks and backticks."""
    blocks = re.findall(r"```(?:sh|console)?\n(.*?)```", text, flags=re.S)
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", prose)])


@pytest.mark.parametrize(("name", "text"), PRESENT)
def test_targets_of_make_exist(name: str, text: str) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.M))
    assert set(re.findall(r"^make ([a-z][a-z-]*)", code_of(text), flags=re.M)) <= targets


@pytest.mark.parametrize(("name", "text"), PRESENT)
def test_settings_exist(name: str, text: str) -> None:
    named = set(re.findall(r"\bOPENINDICATORS_[A-Z_]+[A-Z]\b", text))
    code = product_code()
    unknown = {
        setting for setting in named
        if setting not in code and setting.removeprefix("OPENINDICATORS_").lower() not in code
    }
    assert unknown == set()
