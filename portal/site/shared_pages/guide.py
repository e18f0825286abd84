"""The pages on methods and on terms, from guide.yaml, and the one that verifies a file."""

from pathlib import Path

from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.reference.city import city
from model.util.text import Frozen, LocalizedText, Name
from portal.rendering.environment import render_template
from portal.vocabulary import sentence

TEMPLATES = Path(__file__).resolve().parent / "templates"


class GuideEntry(Frozen):
    """A term or a heading, and what is said of it."""

    term: LocalizedText
    meaning: LocalizedText


class Guide(Frozen):
    """What both pages say, by id."""

    methods: dict[Name, GuideEntry]
    glossary: dict[Name, GuideEntry]


_FILE = YamlFile.read(Path(__file__).with_name("guide.yaml"))
GUIDE = parse_as(Guide, _FILE.mapping(), _FILE)


def render(language: str, base_url: str | None) -> dict[str, bytes]:
    """Return the pages in a `language`: path in the site -> bytes; `base_url` as elsewhere."""
    problem = city().site.problem_link(
        sentence("problem", title=city().site.title).get(language), base_url or ""
    )
    found = {
        f"{language}/{name}.html": render_template(
            TEMPLATES, "guide.html", language, root="../", page=f"{name}.html", preview=False,
            base_url=base_url, name=name, entries=entries, problem=problem,
        )
        for name, entries in (("methods", GUIDE.methods), ("glossary", GUIDE.glossary))
    }
    return found | {f"{language}/verify.html": render_template(
        TEMPLATES, "verify.html", language, root="../", page="verify.html", preview=False,
        base_url=base_url,
    )}
