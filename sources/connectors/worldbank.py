"""World Bank Indicators API, version 2.

https://datahelpdesk.worldbank.org/knowledgebase/articles/889392
An answer is `[{page, pages, per_page, total, ...}, [observation, ...]]`, newest year first. An
error is `[{"message": [{id, key, value}]}]` under status 200, and an HTML page under 400. The first
page states when its database was last updated: until that changes, no other page is requested.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pyarrow as pa

from model.errors import ChangedError, ReadError, SourceError
from model.util.text import slug
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.indicators import WorldBankOptions
from sources.connectors.options.shared import ends_of
from sources.formats.json_text import Lexeme, as_text, decode_valid, load_json
from sources.formats.payload import message_in, saying
from sources.formats.tabular.batches import Row, column_batch, text_batches
from sources.limits import BATCH_ROWS, MAX_JSON_BYTES, MAX_PAGES

version = 1

_SAME_ON_EVERY_PAGE = ("lastupdated", "total", "pages")
_FAR = "2100"

# `area` is countryiso3code, or the country's id where an aggregate has no such code.
COLUMNS = (
    "indicator", "indicator_name", "country", "country_name", "countryiso3code", "area",
    "date", "value", "unit", "obs_status", "decimal", "footnote",
)



Options = WorldBankOptions


def fetch(options: WorldBankOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request each indicator, page after page.

    Raises:
        SourceError: the World Bank's own words, or pages that do not fit together.
    """
    for indicator in options.indicators:
        yield from _pages(indicator, options, get)


def _pages(indicator: str, options: WorldBankOptions, get: FetchPart) -> Iterator[SourceFile]:
    page, pages, total, received = 1, 1, 0, 0
    first: tuple[str, ...] = ()
    edition: str | None = None
    where = ""
    while page <= pages:
        request = Request(_url(indicator, page, options))
        answer = get(f"{slug(indicator)}-{page:04d}.json", request, edition)
        where = answer.url
        envelope, rows = _read_answer(answer.path, where)
        pages, total = _number(envelope, "pages", where), _number(envelope, "total", where)
        said = tuple(str(envelope.get(key)) for key in _SAME_ON_EVERY_PAGE)
        if page == 1:
            first, edition = said, _edition(envelope, answer)
        elif said != first:
            raise ChangedError(
                "was updated while its pages were requested", where=where, todo="run again"
            )
        received += len(rows)
        if pages > MAX_PAGES:
            raise SourceError(
                f"{pages} pages; {MAX_PAGES} are allowed", where=where,
                todo="ask for fewer countries or years, or a larger `per_page`",
            )
        yield replace(answer, edition=edition)
        page += 1
    if received != total:
        raise ChangedError(
            f"announces {total} observations and gives {received}", where=where,
            todo="try again: the figures may have changed while they were read",
        )


def _edition(envelope: dict[str, Any], first_page: SourceFile) -> str | None:
    """Return what distinguishes this state of the figures from another.

    `lastupdated` is a day, and more may change on a day: the first page, which holds the newest
    figures, must be the same as well.
    """
    day = envelope.get("lastupdated")
    return f"{day} {first_page.sha256}" if day else None


def _url(indicator: str, page: int, options: WorldBankOptions) -> str:
    areas = "all" if options.areas == "all" else ";".join(options.areas)
    query: dict[str, Any] = {"format": "json", "per_page": options.per_page, "page": page}
    if options.years is not None:
        first, last = ends_of(options.years)
        # The service has no open range; one that ends in the future gives what there is.
        query["date"] = f"{first}:{last or _FAR + first[4:]}"
    if options.source is not None:
        query["source"] = options.source
    if options.footnotes:
        query["footnote"] = "y"
    path = f"country/{quote(areas, safe=';')}/indicator/{quote(indicator)}"
    return f"{options.base_url}/{path}?{urlencode(query, safe=':')}"


def _number(envelope: dict[str, Any], key: str, where: str) -> int:
    text = str(envelope.get(key))
    if not text.isdecimal() or len(text) > 12:
        raise SourceError(
            f"its envelope has no number {key!r}", where=where, todo="try again later"
        )
    return int(text)


def _read_answer(path: Path, where: str) -> tuple[dict[str, Any], list[Any]]:
    """Return envelope and observations of the answer in `path`, named `where`.

    A shell may have saved it again.

    Raises:
        SourceError: the World Bank's own words.
        ReadError: not an answer of this API.
    """
    body = load_json(path, where)
    if isinstance(body, list) and body and isinstance(body[0], dict):
        if "message" in body[0]:
            raise SourceError(
                f"the World Bank says: {message_in(body[:1])}", where=where,
                todo="check the codes of indicators and countries, and the years",
            )
        rows = body[1] if len(body) > 1 else None
        if isinstance(rows, dict) and "Count" in rows:  # as a shell writes a list
            rows = rows.get("value")
        if rows is None:
            return body[0], []
        if isinstance(rows, list):
            return body[0], rows
    raise ReadError(
        "is no answer of the World Bank's API" + saying(body), where=where,
        todo="check the URL or the file",
    )


def read(parts: list[SourceFile], options: WorldBankOptions) -> Iterator[pa.RecordBatch]:
    """Read observations, see `COLUMNS`.

    Raises:
        SourceError: an answer holds the World Bank's error.
        ReadError: names the file and the observation.
    """
    for part in parts:
        yield from _usual(part) or text_batches(COLUMNS, _rows(part))


class _Pair(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    id: str | None
    value: str | None


class _Observation(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An observation as the API writes it."""

    indicator: _Pair
    country: _Pair
    countryiso3code: str | None
    date: str
    value: Any
    unit: str | None
    obs_status: str | None
    decimal: Any
    footnote: str | msgspec.UnsetType | None = msgspec.UNSET


_decode = msgspec.json.Decoder(tuple[dict[str, Any], list[_Observation]], float_hook=Lexeme).decode


def _keys(answer: tuple[dict[str, Any], list[_Observation]]) -> int:
    envelope, observations = answer
    footnotes = sum(each.footnote is not msgspec.UNSET for each in observations)
    return len(envelope) + 12 * len(observations) + footnotes


def _usual(part: SourceFile) -> Iterator[pa.RecordBatch] | None:
    """Return the batches of an answer that is exactly as the API writes it, None of any other."""
    if part.path.stat().st_size > MAX_JSON_BYTES:
        return None
    answer = decode_valid(part.path.read_bytes(), _decode, _keys)
    if answer is None:
        return None
    rows: list[_Observation] = answer[1]
    # Few rows at a time: their objects stay in the processor's cache from column to column.
    starts = range(0, max(1, len(rows)), BATCH_ROWS)
    return (
        column_batch(COLUMNS, part.name, at + 1, _columns(rows[at : at + BATCH_ROWS], part.name))
        for at in starts
    )


def _columns(rows: list[_Observation], where: str) -> list[list[str | None]]:
    iso3 = [each.countryiso3code for each in rows]
    countries = [each.country.id for each in rows]
    return [
        [each.indicator.id for each in rows],
        [each.indicator.value for each in rows],
        countries,
        [each.country.value for each in rows],
        iso3,
        [code or country for code, country in zip(iso3, countries, strict=True)],
        [each.date for each in rows],
        [_text(each.value, where) for each in rows],
        [each.unit for each in rows],
        [each.obs_status for each in rows],
        [_text(each.decimal, where) for each in rows],
        [None if each.footnote is msgspec.UNSET else each.footnote for each in rows],
    ]


def _text(value: Any, where: str) -> str | None:
    return value if value is None or isinstance(value, str) else as_text(value, where)


def _rows(part: SourceFile) -> Iterator[Row]:
    _, observations = _read_answer(part.path, part.name)
    for number, observation in enumerate(observations, start=1):
        yield Row(part.name, number, _values(observation, f"{part.name}:{number}"))


def _values(observation: Any, where: str) -> tuple[str | None, ...]:
    if not isinstance(observation, dict) or not {"indicator", "date"} <= observation.keys():
        raise ReadError(
            "is no observation: it has no `indicator` or no `date`", where=where,
            todo="check that the answer is of /country/…/indicator/…",
        )
    indicator, indicator_name = _pair(observation.get("indicator"), where)
    country, country_name = _pair(observation.get("country"), where)
    iso3 = as_text(observation.get("countryiso3code"), where)
    rest = (
        as_text(observation.get(key), where)
        for key in ("date", "value", "unit", "obs_status", "decimal", "footnote")
    )
    return (indicator, indicator_name, country, country_name, iso3, iso3 or country, *rest)


def _pair(value: Any, where: str) -> tuple[str | None, str | None]:
    if not isinstance(value, dict):
        return as_text(value, where), None
    return as_text(value.get("id"), where), as_text(value.get("value"), where)
