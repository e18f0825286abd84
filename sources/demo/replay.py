"""Answers requests from the embedded sample, vintage after vintage, without a network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path

from model.errors import SourceError
from model.util.disk import atomic_write
from sources.base import Request, Response, Validators
from sources.demo.facts import Sample, Vintage, load_samples
from sources.demo.responses import indicators_asked, render
from sources.fetch.urls import safe_url
from sources.formats.payload import words_of

_ETAG_DAY = re.compile(r'"(\d{4}-\d{2}-\d{2})-[0-9a-f]+"')
_PAGE = re.compile(r"([?&])page=(\d+)")


@dataclass
class ReplayTransport:
    """Stands where HTTP would, over the facts under `root` (`<sector>/<dataset>/source.yaml`).

    Vintages play forward: the first one without a validator, the next one to the ETag of one,
    and to that of the last one "not modified".
    """

    root: Path
    # The vintage of each first page: the pages after it are of the same vintage.
    _first_pages: dict[str, Vintage] = field(default_factory=dict)

    @cached_property
    def _samples(self) -> list[Sample]:
        return load_samples(self.root)

    def rounds(self, dataset_id: str) -> int:
        """Return how many vintages a dataset has: so many fetches bring something new."""
        found = (each for each in self._samples if each.dataset == dataset_id)
        sample = next(found, None)
        return len(sample.vintages) if sample else 1

    def send(self, request: Request, validators: Validators, target: Path) -> Response:
        """Answer as the source would, and write the body to `target`.

        Raises:
            SourceError: no sample answers this URL, or its source would refuse it.
        """
        sample = self._sample_for(request)
        vintage = self._vintage_for(sample, request, validators)
        if vintage is None:
            return Response(request.url, 304, {}, None, not_modified=True)
        self._remember(request, vintage)
        answer = render(sample, vintage, request)
        if answer.status != 200:
            said = words_of(answer.body)
            raise SourceError(
                f"answered HTTP {answer.status}" + (f": {said}" if said else ""),
                where=safe_url(request.url), todo="check the codes in the source's options",
            )
        with atomic_write(target) as aside:
            aside.write_bytes(answer.body)
        published = datetime.combine(vintage.day, time(), UTC)
        headers = {
            "etag": vintage.etag,
            "last-modified": format_datetime(published, usegmt=True),
            "content-type": answer.media_type,
        }
        return Response(request.url, 200, headers, target)

    def _sample_for(self, request: Request) -> Sample:
        """Choose by the longest beginning of the URL, then by the indicator that it names."""
        fitting = [
            (max(len(each) for each in prefixes), sample)
            for sample in self._samples
            if (prefixes := [u for u in sample.source.urls if request.url.startswith(u)])
        ]
        fitting.sort(key=lambda pair: -pair[0])
        for _, sample in fitting:
            if all(sample.knows(each) for each in indicators_asked(sample, request)):
                return sample
        if fitting:
            return fitting[0][1]
        raise SourceError(
            "the embedded sample has no answer to this URL", where=safe_url(request.url),
            todo="run with --profile live, or add facts under sources/demo/sample",
        )

    def _vintage_for(
        self, sample: Sample, request: Request, validators: Validators
    ) -> Vintage | None:
        found = _ETAG_DAY.fullmatch(validators.etag or "")
        if found is None:
            first = sample.vintages[0]
            is_first = _page(request.url) in (None, 1)
            return first if is_first else self._first_pages.get(_any_page(request.url), first)
        for vintage in sample.vintages:
            # The same day with another checksum: the facts were mended, so they are sent again.
            later_or_mended = vintage.day.isoformat() >= found.group(1)
            if later_or_mended and vintage.etag != validators.etag:
                return vintage
        return None

    def _remember(self, request: Request, vintage: Vintage) -> None:
        if _page(request.url) == 1:
            self._first_pages[_any_page(request.url)] = vintage


def _page(url: str) -> int | None:
    found = _PAGE.search(url)
    return int(found.group(2)) if found else None


def _any_page(url: str) -> str:
    return _PAGE.sub(r"\1page=", url)
