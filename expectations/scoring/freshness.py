"""When the next figures are due, and how late they are.

A period's figures come out some time after its end. How long that takes a source shows itself:
after three new periods it is the median of what the last ones took; until then it is what is usual
for the frequency. The next period is due that long after its end. Pure arithmetic over records and
a day: nothing here reads the clock.

Of a dataset that is declared to have ended nothing more is expected: it is neither fresh nor late,
and its timeliness is not scored.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from statistics import median

from model.declarations.dataset import Dataset
from model.records.scorecard import Freshness, FreshnessState
from model.records.validation import Score
from model.records.validation_log import ValidationRun
from model.reference.periods import FREQUENCY_DAYS, GRACE_DAYS, Frequency, next_period, period_end

OWN_RHYTHM = 3  # new periods that must have been seen to come
REMEMBERED = 12  # the newest periods, from which the rhythm is taken
SHORTEST_STEP = 7  # days: nobody is called dead after a long weekend
DEAD = 3  # steps after which nobody expects figures any more


def freshness(dataset: Dataset, history: Sequence[ValidationRun], as_of: date) -> Freshness:
    """Say how fresh a `dataset` is on a day, by its frequency, and whether it has ended.

    `history` are its validation runs, oldest first; those after the day (`as_of`) do not count.
    """
    known = _Known()
    for validation_run in history:
        if validation_run.at.date() <= as_of:
            known.learn(validation_run)
    return known.on(as_of, dataset)


def freshness_over_time(dataset: Dataset, history: Sequence[ValidationRun]) -> Iterator[Freshness]:
    """Give a dataset's freshness on the day of each run of its history, as it was known then.

    Whether it has ended is what the declaration says now.
    """
    known = _Known()
    for validation_run in history:
        known.learn(validation_run)
        yield known.on(validation_run.at.date(), dataset)


def timeliness(fresh: Freshness, frequency: Frequency) -> Score | None:
    """Return the score of a freshness: full until late, nothing once dead for its frequency."""
    if fresh.state in ("ended", "unknown"):
        return None
    share = max(0.0, 1 - fresh.days_late / (DEAD * _step(frequency)))
    return Score(dimension="timeliness", good=round(share, 6), of=1)


class _Known:
    """What the validation runs up to some moment show of a source's rhythm."""

    def __init__(self) -> None:
        self.last: str | None = None  # the newest period
        self.lags: deque[int] = deque(maxlen=REMEMBERED)  # days from periods' ends to figures

    def learn(self, validation_run: ValidationRun) -> None:
        """Take note of a validation run; one that blocked the release brought nothing."""
        period = validation_run.period_last
        if validation_run.blockers is not None or period is None or period == self.last:
            return
        end = period_end(period)
        if self.last is None:
            self.last = period  # it may have been out for years: it shows no lag
        elif end > period_end(self.last):
            self.last = period
            self.lags.append((validation_run.at.date() - end).days)

    def on(self, as_of: date, dataset: Dataset) -> Freshness:
        """Return how fresh the dataset is on the day `as_of`."""
        if self.last is None or dataset.ended is not None:
            return Freshness(
                state="ended" if dataset.ended else "unknown", as_of=as_of, period_last=self.last,
                expected_period=None, due=None, lag_days=None, own_rhythm=False,
            )
        frequency = dataset.frequency
        own = len(self.lags) >= OWN_RHYTHM
        lag = round(median(self.lags)) if own else GRACE_DAYS[frequency]
        coming, end = _next(self.last)
        due = end + timedelta(days=lag)
        late = max((as_of - due).days, 0)
        return Freshness(
            state=_state(late, frequency), as_of=as_of, period_last=self.last,
            expected_period=coming, due=due, lag_days=lag, own_rhythm=own, days_late=late,
        )


@lru_cache(maxsize=10_000)  # between two releases it is asked day after day
def _next(period: str) -> tuple[str, date]:
    """Return the period that comes next, and its last day."""
    coming = next_period(period)
    return coming, period_end(coming)


def _step(frequency: Frequency) -> int:
    return max(FREQUENCY_DAYS[frequency], SHORTEST_STEP)


def _state(days_late: int, frequency: Frequency) -> FreshnessState:
    if days_late == 0:
        return "fresh"
    steps = days_late / _step(frequency)
    if steps <= 1:
        return "late"
    return "overdue" if steps <= DEAD else "dead"
