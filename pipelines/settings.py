"""Settings: read from the environment once, so that nothing else reads it.

    OPENINDICATORS_HOME       the data folder (default: data/)
    OPENINDICATORS_PROFILE    sample (default), corpus or live
    OPENINDICATORS_PROJECT    the folder with assets/ and expectations/, where a city keeps its
                              declarations apart from this code (default: this project)
    OPENINDICATORS_CORPUS     folder of the corpus profile's files (default: ../shared/data)
    OPENINDICATORS_WEBHOOK    address that is told of failures (default: none)
    OPENINDICATORS_ALLOW_PRIVATE   "1" lets live sources lead to private addresses
    SOURCE_DATE_EPOCH         the time to write into records, for reproducible runs
                              (https://reproducible-builds.org/specs/source-date-epoch/)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.dataset import PROFILES
from model.errors import OpenIndicatorsError
from model.text import did_you_mean
from warehouse.home import Home

PROJECT = Path(__file__).resolve().parent.parent
SAMPLE = PROJECT / "sources" / "sample"


@dataclass(frozen=True)
class Settings:
    """Where things are and how this process was asked to work."""

    home: Home
    profile: str
    corpus: Path
    webhook: str | None = None
    allow_private: bool = False
    epoch: datetime | None = None
    project: Path = PROJECT

    @property
    def declarations(self) -> Path:
        """The folder of the declarations."""
        return self.project / "assets"

    @property
    def suites(self) -> Path:
        """The folder of the suites."""
        return self.project / "expectations"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, profile: str | None = None
    ) -> Settings:
        """Read the settings.

        Raises:
            OpenIndicatorsError: a value means nothing.
        """
        profile = profile or environment.get("OPENINDICATORS_PROFILE") or "sample"
        if profile not in PROFILES:
            raise OpenIndicatorsError(
                f"unknown profile {profile!r}", todo=did_you_mean(profile, set(PROFILES))
            )
        home = Path(environment.get("OPENINDICATORS_HOME") or PROJECT / "data")
        return cls(
            home=Home(home.expanduser().absolute()),
            profile=profile,
            corpus=Path(
                environment.get("OPENINDICATORS_CORPUS") or PROJECT.parent / "shared" / "data"
            ).absolute(),
            webhook=environment.get("OPENINDICATORS_WEBHOOK") or None,
            allow_private=environment.get("OPENINDICATORS_ALLOW_PRIVATE") == "1",
            epoch=_epoch(environment.get("SOURCE_DATE_EPOCH")),
            project=Path(environment.get("OPENINDICATORS_PROJECT") or PROJECT).absolute(),
        )

    def now(self) -> datetime:
        """Return the time to write into records, in whole seconds, UTC."""
        return self.epoch or datetime.now(UTC).replace(microsecond=0)


def _epoch(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except ValueError as error:
        raise OpenIndicatorsError(
            f"SOURCE_DATE_EPOCH is {text!r}, which is no number of seconds",
            todo="unset it, or give seconds since 1970, e.g. 1767225600",
        ) from error
