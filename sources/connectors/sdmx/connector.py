"""SDMX: data messages in XML (2.1, 3.0), JSON (1.0, 2.0) and CSV (1.0, 2.0), by file or by URL.

The columns are the ids of the message's dimensions and attributes, then `time_period` and `value`.
`structure`, a structure message, adds `<id>_label` and, where it has Vietnamese names,
`<id>_label_vi`; messages in JSON and CSV may have labels of their own.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pyarrow as pa

from model.errors import ReadError
from sources.base import FetchPart, Request, SourceFile
from sources.connectors.options.sdmx import SdmxOptions
from sources.connectors.sdmx.csv_message import csv_message, is_sdmx_csv
from sources.connectors.sdmx.json_message import json_message
from sources.connectors.sdmx.message import TIME, VALUE, DataMessage, best_name
from sources.connectors.sdmx.request import (
    awaited,
    base_url_of,
    data_request,
    edition_of,
    url_request,
)
from sources.connectors.sdmx.services import SdmxService
from sources.connectors.sdmx.structure import CodeNames, labels_of, load_structures
from sources.connectors.sdmx.xml_message import xml_message
from sources.fetch.part_files import part_name
from sources.formats.payload import (
    check_payload,
    is_gzip,
    is_zip,
    quoted,
    ungzipped,
    unpacked,
    words_of,
)
from sources.formats.tabular.batches import Row, text_batches
from sources.urls import file_url

version = 1


_MULTIPLIER = "UNIT_MULT"
_MAX_SHIFT = 30  # powers of ten
_MAX_DIGITS = 400
_STRUCTURE_PART = "sdmx-structure-message.xml"


Options = SdmxOptions


def fetch(options: SdmxOptions, get: FetchPart) -> Iterator[SourceFile]:
    """Request the data, and the structure message where one is named.

    Raises:
        SourceError: the service's own words, also where it says them under status 200.
    """
    taken: set[str] = set()
    for url in options.urls:
        yield _checked(get(part_name(urlsplit(url).path, taken), url_request(options, url)))
    if options.asked is not None:
        yield _flow(options, options.asked, get, part_name(f"{options.flow}.dat", taken))
    if options.structure:
        is_url = options.structure.startswith(("https://", "http://"))
        url = options.structure if is_url else file_url(options.structure)
        yield get(_STRUCTURE_PART, Request(url))


def _flow(options: SdmxOptions, asked: SdmxService, get: FetchPart, part: str) -> SourceFile:
    edition = edition_of(options, asked, get)
    first = get(part, data_request(options, asked), edition)
    answer = awaited(first, base_url_of(options, asked), get)
    if answer is not first:
        os.replace(answer.path, first.path)
        # Validators of a queued answer are those of another URL.
        answer = replace(
            answer, name=first.name, path=first.path, url=first.url, etag=None, last_modified=None
        )
    return replace(_checked(answer), edition=edition)


def _checked(answer: SourceFile) -> SourceFile:
    """Return an answer that holds data: an error under status 200 is no snapshot."""
    with _message(answer.path, answer.url):
        return answer


def read(parts: list[SourceFile], options: SdmxOptions) -> Iterator[pa.RecordBatch]:
    """Read messages of one structure.

    `_row` is the number of the observation in its message, or the line of a CSV file.

    Raises:
        SourceError: a message holds the service's error.
        ReadError: names file and line.
    """
    data = [part for part in parts if part.name != _STRUCTURE_PART]
    with ExitStack() as stack:
        messages = [stack.enter_context(_message(part.path, part.name)) for part in data]
        _check_together(data, messages, options)
        labels: CodeNames = {}
        if len(data) < len(parts):
            structures = load_structures([part for part in parts if part.name == _STRUCTURE_PART])
            labels = labels_of(structures, messages[0].structure, data[0].name)
        table = _MessageTable.of(messages, labels, options.apply_unit_mult)
        yield from text_batches(table.columns, _rows(data, messages, table))


def _check_together(
    data: list[SourceFile], messages: list[DataMessage], options: SdmxOptions
) -> None:
    for part, message in zip(data, messages, strict=True):
        if message.structure != messages[0].structure:
            raise ReadError(
                f"is of the structure {message.structure!r}; {data[0].name} is of"
                f" {messages[0].structure!r}",
                where=part.name, todo="read messages of different structure as separate datasets",
            )
        if options.apply_unit_mult and _MULTIPLIER not in message.ids:
            raise ReadError(
                f"has no {_MULTIPLIER} to apply", where=part.name,
                todo="leave out `apply_unit_mult`, or declare a `scale`",
            )


@contextmanager
def _message(path: Path, where: str) -> Iterator[DataMessage]:
    """Read the message in a file, for as long as the context lasts."""
    with ExitStack() as stack:
        head = check_payload(path, where, "SDMX")
        if is_zip(head):
            path, where = stack.enter_context(unpacked(path, where, "*"))
            head = check_payload(path, where, "SDMX")
        elif is_gzip(head):
            path = stack.enter_context(ungzipped(path, where, ".dat"))
            head = check_payload(path, where, "SDMX")
        start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        if start.startswith(b"<"):
            yield xml_message(path, where)
        elif start.startswith((b"{", b"[")):
            yield json_message(path, where)
        elif is_sdmx_csv(head):
            yield csv_message(path, where)
        else:
            raise ReadError(
                f"is no SDMX in XML, JSON or CSV; it begins: {words_of(head)}", where=where,
                todo="check the key, the periods and the `form`",
            )


@dataclass(frozen=True)
class _MessageTable:
    """The columns of the table, and their values for an observation."""

    ids: tuple[str, ...]
    labels: tuple[tuple[str, str, Mapping[str, str | None]], ...]  # column, id, name by code
    multiplies: bool

    @classmethod
    def of(cls, messages: list[DataMessage], labels: CodeNames, multiplies: bool) -> Self:
        """Return the table that holds all messages.

        Raises:
            ReadError: two columns would have one name.
        """
        ids = tuple(dict.fromkeys(each for message in messages for each in message.ids))
        named: list[tuple[str, str, Mapping[str, str | None]]] = []
        for each in ids:
            codes = labels.get(each)
            if codes is None or f"{each}_label" in ids:
                continue
            named.append((f"{each}_label", each, {k: best_name(v) for k, v in codes.items()}))
            vietnamese = {k: v.get("vi") for k, v in codes.items()}
            if any(vietnamese.values()):
                named.append((f"{each}_label_vi", each, vietnamese))
        found = cls(ids, tuple(named), multiplies)
        folded = [column.casefold() for column in (*found.columns, "_part", "_row")]
        twin = next((c for c in found.columns if folded.count(c.casefold()) > 1), None)
        if twin is not None:
            raise ReadError(
                f"two columns would be named {quoted(twin, 60)!r}", where=SdmxOptions.protocol,
                todo="ask the publisher, or ask for SDMX-CSV and read it as a file",
            )
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return (*self.ids, *(column for column, _, _ in self.labels), "time_period", "value")

    def row(self, observation: Mapping[str, str | None]) -> list[str | None]:
        """Return an observation's values in the order of the columns."""
        values = [observation.get(each) for each in self.ids]
        values += [names.get(observation.get(each) or "") for _, each, names in self.labels]
        value = observation.get(VALUE)
        if self.multiplies:
            values[self.ids.index(_MULTIPLIER)] = "0"
            value = _shifted(value, observation.get(_MULTIPLIER))
        return [*values, observation.get(TIME), value]


def _rows(
    data: list[SourceFile], messages: list[DataMessage], table: _MessageTable
) -> Iterator[Row]:
    for part, message in zip(data, messages, strict=True):
        for number, observation in message.observations():
            yield Row(part.name, number, table.row(observation))


def _shifted(value: str | None, power: str | None) -> str | None:
    """Move the decimal point of a number, digit by digit, so that nothing is rounded.

    What has no digit is a missing-value marker of the source ("NaN", "na") and stays. What cannot
    be multiplied says so, and is no number: that one observation is quarantined.
    """
    if not value or not power or not any(map(str.isdecimal, value)):
        return value
    try:
        number, by = Decimal(value), int(power[:9])
        if not number.is_finite() or abs(by) > _MAX_SHIFT or abs(number.adjusted()) > _MAX_DIGITS:
            raise ValueError
        sign, digits, exponent = number.as_tuple()
        return f"{Decimal((sign, digits, int(exponent) + by)):f}"
    except (InvalidOperation, ValueError):
        return f"{quoted(value, 40)} ({_MULTIPLIER} {quoted(power, 40)})"
