"""The Jinja environment of a folder of templates, in one language."""

import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from model.records.quality_dimension import OUTCOMES, SEVERITIES, grade_of
from model.reference.city import City, city, has_targets
from model.reference.codelist import vintage_in_words
from model.util.hashing import sha256_bytes, sha256_file
from model.util.languages import language_name, project_locales
from model.util.text import fold, plain
from portal.rendering import formatting, trends
from portal.rendering.texts import translations
from portal.vocabulary import DECISIONS, FREQUENCIES, FRESHNESS, REASONS, SCOPES, STATUSES

_SHARED = Path(__file__).resolve().parent / "templates"


def render_template(folder: Path, template: str, language: str, /, **values: Any) -> bytes:
    """Render a `template` of a `folder` in a `language` with `values`.

    It may extend and import those of portal/rendering.
    """
    return environment(folder, language).get_template(template).render(values).encode()


class _Compiled(BytecodeCache):
    """Compiled templates: those of one language serve the others, and later processes.

    They lie where Python keeps its own compiled code, under the versions of Jinja and this file,
    and begin with the checksum of what follows: a damaged one is compiled again.
    """

    def __init__(self) -> None:
        by = sha256_bytes(f"{jinja2.__version__} {sha256_file(__file__)}".encode())[:16]
        self.path = f"{_SHARED.parent / '__pycache__'}/templates-{by}-"
        self.code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template that was compiled already, and has not changed."""
        bucket.code = self.code.get((bucket.key, bucket.checksum))
        if bucket.code is None:
            with suppress(OSError):
                sha256, _, data = Path(self.path + bucket.key).read_bytes().partition(b"\n")
                if sha256_bytes(data).encode() == sha256:
                    bucket.bytecode_from_string(data)
                    self.code[bucket.key, bucket.checksum] = bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self.code[bucket.key, bucket.checksum] = bucket.code
        if not sys.dont_write_bytecode:
            data = bucket.bytecode_to_string()
            with suppress(OSError):  # the program may be installed where nobody can write
                Path(self.path + bucket.key).write_bytes(sha256_bytes(data).encode() + b"\n" + data)


_COMPILED = _Compiled()


def _markdown(text: str) -> Markup:
    """Return text in one line of Markdown, in which nothing of it is an instruction."""
    safe = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", " ".join(plain(text).split()))
    # Quotes stay readable: nothing here stands within an attribute.
    return Markup(  # noqa: S704 (escaped here)
        safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )


def environment(folder: Path, language: str) -> Environment:
    """Return the environment of a `folder` of templates in a `language`; see `render_template`."""
    return _environment(folder, language, city(), project_locales(), has_targets())


@cache
def _environment(
    folder: Path, language: str, of: City, locales: Path | None, targets: bool
) -> Environment:
    made = Environment(
        loader=FileSystemLoader([folder, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
        optimized=False,  # else what a filter makes of a constant, in one language, is in the code
    )
    texts = translations(language, locales)

    def markup(text: str) -> Markup:
        return Markup(text)  # noqa: S704 - texts of the catalogues, as Jinja's own would return them

    @cache
    def said(text: str) -> Markup:
        return markup(texts.gettext(text)) % {}

    def filled(text: str, **values: Any) -> Markup:
        return markup(texts.gettext(text)) % values if values else said(text)

    def counted(one: str, many: str, count: int) -> Markup:
        return markup(texts.ngettext(one, many, count)) % {"num": count}

    # Those of Jinja make a context for each call, which was a third of the time of a page.
    made.globals.update(
        _=filled, ngettext=counted,
        language=language, languages=of.languages,
        others=[code for code in of.languages if code != language],
        said_in=lambda code, text: translations(code, locales).gettext(text),
        language_name={code: language_name(code, code) for code in of.languages},
        site_title=of.site.title, site_lead=of.site.lead, freshness=FRESHNESS, decisions=DECISIONS,
        frequencies=FREQUENCIES, reasons=REASONS, statuses=STATUSES, scopes=SCOPES,
        outcomes=OUTCOMES, severities=SEVERITIES, grade_of=grade_of, box=trends,
        vintage_in_words=vintage_in_words, base_url=None, city_name=of.short_name or of.name,
        has_area=of.area is not None, has_targets=targets,
    )
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    made.filters.update(
        text=lambda value: value.get(language),
        number=lambda value, decimals=0: formatting.number(value, language, decimals),
        points=lambda value: formatting.points(value, language),
        day=lambda value: formatting.day(value, language),
        period=lambda value: plain(formatting.period(value, language)),
        span=lambda first, last: plain(formatting.span(first, last, language)),
        size=lambda value: formatting.size(value, language),
        duration=lambda value: formatting.duration(value, language),
        plain=lambda value: plain(str(value)),
        fold=fold,
        md=lambda value: _markdown(value if isinstance(value, str) else value.get(language)),
    )
    return made
