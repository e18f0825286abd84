"""The model of a declaration whose sources have the options of the connectors that there are.

The connectors are in sources/, which this package must not import: the composition hands them in.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Union

from pydantic import Field, create_model

from model.declarations.dataset import Dataset, Profile
from model.declarations.source import ColumnRule, Source
from model.util.text import Frozen


class DeclaredOptions(Frozen):
    """What a declaration needs to know of a connector: the type of its options.

    columns: where each concept stands in its tables, unless a declaration says otherwise.
    """

    columns: ClassVar[Mapping[str, ColumnRule]] = {}


class Connectors:
    """The connectors by the name that `protocol` gives; none: options are taken as they are."""

    def __init__(self, known: Mapping[str, type[DeclaredOptions]] | None = None) -> None:
        self.known = known or {}

    @cached_property
    def dataset_type(self) -> type[Dataset]:
        """The model of a dataset, whose sources are discriminated by `protocol`."""
        if not self.known:
            return Dataset
        kinds: list[Any] = []
        for name, options in self.known.items():
            tag: Any = Literal[name]
            kinds.append(create_model(
                f"{name}_source", __base__=Source, protocol=(tag, ...), options=(options, ...),
            ))
        source: Any = Annotated[Union[tuple(kinds)], Field(discriminator="protocol")]  # noqa: UP007
        sources: Any = dict[Profile, source]
        return create_model("Dataset", __base__=Dataset, sources=(sources, Field(min_length=1)))

    def options(self, protocol: Any) -> Mapping[str, Any]:
        """Return the fields of a connector's options; none where it is unknown."""
        options = self.known.get(protocol) if isinstance(protocol, str) else None
        return options.model_fields if options else {}


NO_CONNECTORS = Connectors()
