"""Options of datasets that departments fill in: workbooks that `openindicators template` writes."""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from model.declarations.source import ColumnRule
from sources.base import ConnectorOptions

# As Excel names sheets; those that begin with "_" are the template's own.
SheetName = Annotated[str, StringConstraints(pattern=r"^[^_'\[\]:*?/\\][^\[\]:*?/\\']{0,30}$")]


class SubmissionOptions(ConnectorOptions):
    """Which sheet of the template a department fills in."""

    protocol: ClassVar[str] = "submission"
    module: ClassVar[str] = "sources.connectors.submission"
    # The template's columns have the names of the concepts; dimensions are declared.
    columns: ClassVar = {
        **{name: ColumnRule(column=name)
           for name in ("indicator", "ref_area", "time_period", "obs_status", "obs_note")},
        "obs_value": ColumnRule(column="obs_value", locale="plain", missing=("",)),
    }

    sheet: SheetName
    """Name of the sheet, as the department sees it."""
