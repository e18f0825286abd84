"""The record of quality over time: what went wrong, and the scores as a table to publish."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from expectations import scores
from expectations.freshness import freshness_over_time, timeliness
from model.periods import Frequency
from model.quality import Incident, Judgement
from model.text import Bilingual
from portal.identifiers import incident_urn
from warehouse import judgements
from warehouse.home import Home

COLUMNS = ("dataset", "algorithm", "day", "indicator", "value")


def scores_csv(home: Home, frequencies: Mapping[str, Frequency]) -> str:
    """Return the history of the scores as CSV, long: one line for each figure.

    Of several judgements on one day the last counts. Without a new judgement the table stays as
    it is, whatever day it is.

    Args:
        home: the data folder.
        frequencies: of the datasets whose history it is to have, by id.

    Raises:
        StoreError: a record is damaged.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for dataset in judgements.datasets(home):
        if dataset in frequencies:
            writer.writerows(_rows(judgements.log(home, dataset), frequencies[dataset]))
    return text.getvalue()


def _rows(
    history: Sequence[Judgement], frequency: Frequency
) -> Iterator[tuple[str, str, date, str, str]]:
    last: dict[tuple[date, str], dict[str, float]] = {}
    known = freshness_over_time(frequency, history)
    for item, fresh in zip(history, known, strict=True):
        timely = timeliness(fresh, frequency)
        found = [*item.scores, *([timely] if timely else [])]
        last[item.at.date(), item.algorithm] = {
            **{score.dimension: score.percent for score in found},
            "total": scores.total(found),
            "checks_failed": sum(check.outcome == "failed" for check in item.open),
            "checks_warned": sum(check.outcome == "warned" for check in item.open),
            "rows_held_back": item.rows_quarantined,
            "release_stopped": float(item.stopped is not None),
        }
    for (day, algorithm), figures in last.items():
        for name, value in figures.items():
            yield history[0].dataset, algorithm, day, name, f"{value:.6g}"


def incidents(home: Home, dataset: str, newest: int) -> list[Incident]:
    """Return what went wrong with a dataset, newest first: releases that were stopped, checks that
    began to fail, and that it was mended.

    Args:
        home: the data folder.
        dataset: id of the dataset.
        newest: how many at most.

    Raises:
        StoreError: a record is damaged.
    """
    history = judgements.log(home, dataset)
    found: list[Incident] = []
    for before, now in zip([None, *history[:-1]][::-1], history[::-1], strict=True):
        found += _incidents(home, before, now)
        if len(found) >= newest:
            break
    return found[:newest]


def _incidents(home: Home, before: Judgement | None, now: Judgement) -> list[Incident]:
    found = []
    if now.stopped and (before is None or before.stopped != now.stopped):
        found.append(_incident(
            now, "stopped", "", Bilingual(vi="Bản phát hành bị dừng", en="The release was stopped"),
            Bilingual(vi=now.stopped, en=now.stopped),
        ))
    if before is not None and before.stopped and not now.stopped:
        found.append(_incident(
            now, "recovered", "",
            Bilingual(vi="Có thể phát hành trở lại", en="It can be released again"),
            Bilingual(
                vi="Bảng mới qua được các phép kiểm tra.", en="The new table passes the checks."
            ),
        ))
    known = {item.name for item in before.open if item.outcome == "failed"} if before else set()
    begun = [item for item in now.open if item.outcome == "failed" and item.name not in known]
    if begun:
        checks = {check.name: check for check in judgements.record(home, now).checks}
        found += [
            _incident(
                now, "failed", item.name, checks[item.name].title,
                Bilingual(
                    vi=f"{item.unexpected} trên {item.evaluated} không đạt.",
                    en=f"{item.unexpected} of {item.evaluated} do not fulfil it.",
                ),
            )
            for item in begun
        ]
    return found


def _incident(
    judgement: Judgement, kind: str, check: str, title: Bilingual, text: Bilingual
) -> Incident:
    return Incident.model_validate({
        "id": incident_urn(judgement.dataset, judgement.number, kind, check),
        "dataset": judgement.dataset, "at": judgement.at, "kind": kind, "title": title,
        "text": text,
    })
