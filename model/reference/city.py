"""The city whose project this is: `city.yaml`, and the city that this process works for.

A project is a folder: `city.yaml`, `registry/` (what it adds to our registries), `assets/` and
`expectations/`, and `locale/` for languages that the product does not speak. Nothing else in the
product knows of a city; a process works for one, which the settings choose.
"""

import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, HttpUrl, StringConstraints, field_validator

from model.declarations.questions import OPEN, OpenQuestion, OpenQuestionsError, open_questions
from model.declarations.validation import parse_as
from model.declarations.yaml_file import YamlFile
from model.errors import DeclarationError
from model.reference.targets import TARGETS
from model.util.languages import LANGUAGE_CODE, use_languages
from model.util.text import Frozen, LocalizedText, Name, Text

FILE, REGISTRY, LOCALES = "city.yaml", "registry", "locale"


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone; write e.g. Asia/Ho_Chi_Minh")
    return name


def _language(code: str) -> str:
    if not LANGUAGE_CODE.fullmatch(code):
        raise ValueError("is no code of a language; write e.g. vi, en or ko")
    return code


Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]


class HomeArea(Frozen):
    """The city as an area: charts draw it first.

    codelist: the list of its code.
    code: its code.
    within: the codes of the areas around it, in any codelist, which charts draw next.
    """

    codelist: Name
    code: Text
    within: tuple[Text, ...] = ()


class SiteTexts(Frozen):
    """How the site presents itself.

    title: its name.
    lead: what a reader finds in it.
    problems: where readers report a problem with a figure: an e-mail address, or the address of a
        form that takes `title` and `body`, as those for new issues on GitHub and GitLab do.
    """

    title: LocalizedText
    lead: LocalizedText
    problems: Text | None = None

    def problem_link(self, subject: str, body: str) -> str:
        """Return the link by which a problem is reported, `subject` and `body` filled in; or ""."""
        if not self.problems:
            return ""
        if "://" in self.problems:
            return f"{self.problems}?title={quote(subject)}&body={quote(body)}"
        return f"mailto:{self.problems}?subject={quote(subject)}&body={quote(body)}"


class Theme(Frozen):
    """The colours of the site; text in them must be readable on white (WCAG 2.2 AA: 4.5 to 1).

    main: links and lines.
    dark: headings and the footer.
    pale: the ground of labels.
    accent: what is selected.
    """

    main: Colour = "#0b5563"
    dark: Colour = "#083f4a"
    pale: Colour = "#e8f1f2"
    accent: Colour = "#c8811a"


class City(Frozen):
    """A city, its portal and its languages.

    name: the city's official name.
    short_name: what people call it, where that is shorter.
    languages: of all texts, the default one first.
    area: the city as an area.
    publisher: who runs the portal, an id of publishers.yaml.
    contact: who answers questions about a dataset that names nobody, an id of publishers.yaml.
    time_zone: in which sources are asked, e.g. Asia/Ho_Chi_Minh; UTC until it is given.
    namespace: what identifiers are derived from: a domain name of the city's, or a UUID. Never
        change it once something is published: every identifier would be another.
    portal_prefix: what the names of datasets, organisations and groups begin with on a CKAN that
        several cities share.
    site: how the site presents itself.
    theme: the colours of the site.
    websub_hub: the WebSub hub that tells subscribers of new releases; feeds name it.
    """

    name: LocalizedText
    short_name: LocalizedText | None = None
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = Field(min_length=1)
    area: HomeArea | None = None
    publisher: Name | None = None
    contact: Name | None = None
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    namespace: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.\-]{4,100}$")]
    portal_prefix: Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9\-]*-)?$")] = ""
    site: SiteTexts
    theme: Theme = Theme()
    websub_hub: HttpUrl | None = None

    @field_validator("languages")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names a language twice")
        return value

    @cached_property
    def identifiers(self) -> uuid.UUID:
        """The namespace as a UUID: of a domain name as RFC 9562 derives it (version 5)."""
        try:
            return uuid.UUID(self.namespace)
        except ValueError:
            return uuid.uuid5(uuid.NAMESPACE_DNS, self.namespace)


@dataclass
class _Current:
    """The project that this process works for."""

    city: City | None = None
    questions: tuple[OpenQuestion, ...] = ()
    has_targets: bool = False


_CURRENT = _Current()


def city() -> City:
    """Return the city that this process works for.

    Raises:
        DeclarationError: none was chosen with `use_project`.
    """
    if _CURRENT.city is None:
        raise DeclarationError("no project is in use", todo="call `use_project` first")
    return _CURRENT.city


def has_targets() -> bool:
    """Return whether the project of this process declares targets."""
    return _CURRENT.has_targets


def open_city_error() -> OpenQuestionsError | None:
    """Return what `city.yaml` leaves open as an error; None where it leaves nothing open.

    Datasets run before it is answered. Nothing goes to a portal that others read.
    """
    asked = _CURRENT.questions
    if not asked:
        return None
    return OpenQuestionsError(FILE, asked[0].path, asked, todo="write the answers into the file")


def use_project(root: Path) -> City:
    """Make the city of a project's folder that of this process, with its languages.

    Raises:
        DeclarationError: there is no `city.yaml`, or it is not valid.
    """
    path = root / FILE
    if not path.is_file():
        raise DeclarationError(
            "the project does not say which city it is for", where=str(path),
            todo="`openindicators init` writes a project with its city.yaml",
        )
    document = YamlFile.read(path)
    data = {name: value for name, value in document.mapping().items() if value != OPEN}
    languages = data.get("languages")
    required = languages if isinstance(languages, list) else ()
    found = parse_as(City, data, document, languages=required)
    use_languages(found.languages, root / LOCALES)
    if questions := open_questions(document):
        found = parse_as(City, _without_open(data), document)
    _CURRENT.city, _CURRENT.questions = found, questions
    _CURRENT.has_targets = (root / "registry" / TARGETS).is_file()
    return found


def use_city(found: City) -> None:
    """Make a city that is known without its project's folder, from its site, that of this process.
    """
    use_languages(found.languages)
    _CURRENT.city, _CURRENT.questions, _CURRENT.has_targets = found, (), False


def _without_open(data: Any) -> Any:
    """Return what a YAML file holds without the texts that are left open."""
    if isinstance(data, dict):
        return {name: _without_open(value) for name, value in data.items() if value != OPEN}
    return data
