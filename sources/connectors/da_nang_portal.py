"""The open data portal of Da Nang (congdulieu.vn), by its own API.

Known from clients of it, for the city publishes no description: `GET /api/dataset/{id}` with the
dataset's number in base64, `?limit=&offset=`, and HTTP Basic with the login of a self-registered
account; a bare JSON array of flat records, with unaccented Vietnamese keys; no total count; an
HTML page, under status 200, where the login is wrong. Never seen: an answer of the portal itself,
its largest `limit`, an error in JSON, ETags, how it answers 429. So nothing is concluded from a
short page, which may be the portal's own limit: pages are asked for until an empty one comes.

The catalogue is HTML for people (`/dichvu?p=`), and partly hidden without an account: it is not
read, and a dataset is named by the number in its address, `/dulieuchitiet/{number}`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pyarrow as pa
from pydantic import Field, model_validator

from model.declarations.source import ColumnRule
from model.errors import ReadError, SourceError
from model.util.hashing import sha256_file
from model.util.text import Frozen
from sources.base import FetchedPart, FetchPart, Request, StoredPart
from sources.connectors.options import BaseUrl, Files, exactly_one
from sources.fetch.credentials import Secret, basic
from sources.fetch.recorded_files import recorded_files
from sources.fetch.urls import host_of, safe_url
from sources.formats.json_pages import record_batches
from sources.formats.json_text import load_json
from sources.formats.payload import html_title, is_html, message_in
from sources.limits import HEAD_BYTES, MAX_PAGES

name = "da_nang_portal"
version = 1
columns: Mapping[str, ColumnRule] = {}


class Options(Frozen):
    """What is asked: `datasets` by their numbers, with a `login`; or `files`.

    login: where `user:password` is kept.
    limit: records a page.
    """

    datasets: tuple[Annotated[int, Field(ge=1)], ...] = ()
    login: Secret | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    base_url: BaseUrl = "https://congdulieu.vn"
    files: Files = ()

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        exactly_one(datasets=self.datasets, files=self.files)
        if bool(self.datasets) != (self.login is not None):
            raise ValueError("give `datasets` and `login` together")
        return self


def host(options: Options) -> str:
    """Return the host that is asked, "" for files."""
    return "" if options.files else host_of(options.base_url)


def fetch(options: Options, get: FetchPart) -> Iterator[FetchedPart]:
    """Ask for each dataset, page after page until an empty one.

    Raises:
        SourceError: the login is refused, or the same page comes again and again.
    """
    if options.login is None:
        yield from recorded_files(options.files, get)
        return
    secrets = basic(options.login)
    for number in options.datasets:
        yield from _pages(number, options, secrets, get)


def _pages(
    number: int, options: Options, secrets: Mapping[str, str], get: FetchPart
) -> Iterator[FetchedPart]:
    offset, before = 0, ""
    for page in range(1, MAX_PAGES + 1):
        url = _url(number, offset, options)
        answer = get(f"dataset-{number}-{page:04d}.json", Request(url, secrets=secrets))
        _check_login(answer.path, safe_url(url))
        records = records_of(answer.path, safe_url(url))
        digest = sha256_file(answer.path)
        if records and digest == before:
            raise SourceError(
                f"gives the same page at offset {offset} as before", where=safe_url(url),
                todo="it may not heed `offset`: ask with a larger `limit`",
            )
        if records or page == 1:
            yield answer
        if not records:
            return
        offset, before = offset + len(records), digest
    raise SourceError(
        f"more than {MAX_PAGES} pages", where=options.base_url, todo="give a larger `limit`"
    )


def _url(number: int, offset: int, options: Options) -> str:
    id_ = base64.b64encode(str(number).encode()).decode()
    return (
        f"{options.base_url}/api/dataset/{quote(id_, safe='=')}"
        f"?limit={options.limit}&offset={offset}"
    )


def _check_login(path: Path, where: str) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if is_html(head):
        title = html_title(head)
        raise SourceError(
            "the login is refused: an HTML page came instead of data"
            + (f" (its title: {title!r})" if title else ""),
            where=where, todo="check the user and password, and that the account is active",
        )


def records_of(path: Path, where: str) -> list[Any]:
    """Return the records of a page.

    Raises:
        ReadError: not JSON, or no array.
    """
    body = load_json(path, where)
    if isinstance(body, list):
        return body
    said = message_in(body)
    raise ReadError(
        "is no array of records" + (f"; it says: {said}" if said else ""), where=where,
        todo="check the dataset's number, and whether the account may see it",
    )


def read(parts: list[StoredPart], options: Options) -> Iterator[pa.RecordBatch]:
    """Read records: a column for each key, text as it came ("1.234,5" stays so).

    Raises:
        ReadError: names the page and the record.
    """
    return record_batches(parts, lambda part: records_of(part.path, part.name))
