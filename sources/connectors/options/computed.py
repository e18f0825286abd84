"""Options of computed datasets: none, since their declaration has `inputs` and formulas."""

from typing import ClassVar

from model.declarations.computed import PROTOCOL
from sources.base import ConnectorOptions


class ComputedOptions(ConnectorOptions):
    """What is computed from other datasets has no options: its declaration has `inputs`."""

    protocol: ClassVar[str] = PROTOCOL
    module: ClassVar[str] = "sources.connectors.computed"

