"""The open data portal of Da Nang (congdulieu.vn), by its own API.

The city publishes no description; known from clients of the API: `GET /api/dataset/{id}` with the
dataset's number in base64, `?limit=&offset=`, and HTTP Basic with the login of a self-registered
account; a bare JSON array of flat records, with unaccented Vietnamese keys; no total count; an
HTML page, under status 200, where the login is wrong. Not known: a response of the portal itself,
its largest `limit`, an error in JSON, ETags, how it answers 429. So a short page, which may be the
portal's own limit, does not end a fetch: pages are requested until an empty one comes.

The catalogue is HTML for people (`/dichvu?p=`), and partly hidden without an account: it is not
read, and a dataset is named by the number in its address, `/dulieuchitiet/{number}`.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from model.errors import ReadError, SourceError
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.portals import DaNangPortalOptions
from sources.connectors.options.shared import basic
from sources.formats.json_text import load_json, record_batches
from sources.formats.payload import html_title, is_html, saying
from sources.limits import HEAD_BYTES, MAX_PAGES

version = 1


Options = DaNangPortalOptions


def fetch(options: DaNangPortalOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request each dataset, page after page until an empty one.

    Raises:
        SourceError: the login is refused, or a page repeats the one before.
    """
    secrets = basic(options.login) if options.login else {}
    for number in options.datasets:
        yield from _pages(number, options, secrets, get)


def _pages(
    number: int, options: DaNangPortalOptions, secrets: Mapping[str, str], get: FetchPart
) -> Iterator[SourceFile]:
    offset, before = 0, ""
    for page in range(1, MAX_PAGES + 1):
        url = _url(number, offset, options)
        answer = get(f"dataset-{number}-{page:04d}.json", Request(url, secrets=secrets))
        _check_login(answer)
        records = _records_of(answer, answer.url)
        if records and answer.sha256 == before:
            raise SourceError(
                f"gives the same page at offset {offset} as before", where=answer.url,
                todo="it may ignore `offset`: ask with a larger `limit`",
            )
        if records or page == 1:
            yield answer
        if not records:
            return
        offset, before = offset + len(records), answer.sha256
    raise SourceError(
        f"more than {MAX_PAGES} pages", where=options.base_url, todo="give a larger `limit`"
    )


def _url(number: int, offset: int, options: DaNangPortalOptions) -> str:
    id_ = base64.b64encode(str(number).encode()).decode()
    return (
        f"{options.base_url}/api/dataset/{quote(id_, safe='=')}"
        f"?limit={options.limit}&offset={offset}"
    )


def _check_login(answer: SourceFile) -> None:
    with answer.path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if is_html(head):
        title = html_title(head)
        raise SourceError(
            "the login is refused: an HTML page came instead of data"
            + (f" (its title: {title!r})" if title else ""),
            where=answer.url, todo="check the user and password, and that the account is active",
        )


def _records_of(page: SourceFile, where: str) -> list[Any]:
    """Return the records of a page; `where` is its URL or name, for messages.

    Raises:
        ReadError: not JSON, or no array.
    """
    body = load_json(page.path, where)
    if isinstance(body, list):
        return body
    raise ReadError(
        "is no array of records" + saying(body), where=where,
        todo="check the dataset's number, and whether the account may see it",
    )


def read(parts: list[SourceFile], options: DaNangPortalOptions) -> Iterator[pa.RecordBatch]:
    """Read records: a column for each key, text as the portal wrote it ("1.234,5" stays so).

    Raises:
        ReadError: names the page and the record.
    """
    return record_batches(parts, lambda part: enumerate(_records_of(part, part.name), start=1))
