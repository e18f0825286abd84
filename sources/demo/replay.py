"""A transport over the embedded sample: it serves one vintage after another, without a network."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path

from model.errors import SourceError
from sources.base import Request, SourceFile, Validators
from sources.demo.facts import Sample, Vintage, load_samples
from sources.demo.responses import indicators_asked, render
from sources.fetch.part_files import write_body
from sources.formats.payload import words_of
from sources.urls import safe_url

_ETAG_DAY = re.compile(r'"(\d{4}-\d{2}-\d{2})-[0-9a-f]+"')
_PAGE = re.compile(r"([?&])page=(\d+)")


@dataclass
class ReplayTransport:
    """Stands in for HTTP, over the facts under `root` (`<sector>/<dataset>/source.yaml`).

    Vintages play forward: a request without a validator gets the first one, a request with the
    ETag of a vintage the next one, and after the last one nothing is newer.
    """

    root: Path
    # The vintage of each first page: its later pages are of the same vintage.
    _first_pages: dict[str, Vintage] = field(default_factory=dict)

    @cached_property
    def _samples(self) -> list[Sample]:
        return load_samples(self.root)

    def rounds(self, dataset_id: str) -> int:
        """Return the number of vintages of a dataset: so many fetches bring something new."""
        found = (len(each.vintages) for each in self._samples if each.dataset == dataset_id)
        return next(found, 1)

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Answer as the source would, and write the body to `target`; see `Transport`.

        Raises:
            SourceError: no sample answers this URL, or its source would refuse it.
        """
        sample = self._sample_for(request)
        vintage = self._vintage_for(sample, request, validators)
        if vintage is None:
            return None
        if _page(request.url) == 1:
            self._first_pages[_any_page(request.url)] = vintage
        rendered = render(sample, vintage, request)
        if rendered.status != 200:
            said = words_of(rendered.body)
            raise SourceError(
                f"answered HTTP {rendered.status}" + (f": {said}" if said else ""),
                where=safe_url(request.url), todo="check the codes in the source's options",
            )
        published = datetime.combine(vintage.day, time(), UTC)
        return write_body(target, [rendered.body], request, {
            "etag": vintage.etag,
            "last-modified": format_datetime(published, usegmt=True),
            "content-type": rendered.media_type,
        })

    def _sample_for(self, request: Request) -> Sample:
        """Choose by the longest prefix of the URL, then by the indicator that it names."""
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
            # The same day with another checksum: the facts were corrected, so they are sent again.
            is_current = vintage.day.isoformat() >= found.group(1)
            if is_current and vintage.etag != validators.etag:
                return vintage
        return None


def _page(url: str) -> int | None:
    found = _PAGE.search(url)
    return int(found.group(2)) if found else None


def _any_page(url: str) -> str:
    return _PAGE.sub(r"\1page=", url)
