"""One stage of a dataset as a Dagster asset, made without what decorators do for each of them.

`@dg.asset` and `@dg.multi_asset` inspect the function, resolve the type of every output (each check
is one), and loading the definitions works out for every asset which resources its step needs. With
50 checks for each dataset that takes three quarters of the time to load them. Here all steps take a
context, give `Nothing`, and need the same resources, so it is done once: operations are copies of
one that Dagster has made and checked.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.definitions.decorators.op_decorator import DecoratedOpFunction

RESOURCES = frozenset({"data_dir", "transport", "portals", "clock", "reporter", "polls"})
_PROVIDED = RESOURCES | {"io_manager"}  # Dagster's own, where nobody provides another
_RESULT = "result"


class StageAssets(dg.AssetsDefinition):
    """The asset of a stage with its checks."""

    def with_resources(
        self, resource_defs: Mapping[str, dg.ResourceDefinition]
    ) -> dg.AssetsDefinition:
        """Return the same with the resources that every step needs; Dagster says what is missing.

        `resource_defs` are all resources of the definitions, by key.
        """
        if self.resource_defs or not resource_defs.keys() >= _PROVIDED:
            return super().with_resources(resource_defs)
        found = copy(self)
        found._resource_defs = {key: resource_defs[key] for key in _PROVIDED}
        return found


def stage_assets(
    spec: dg.AssetSpec, step: Callable[[Any], Any], checks: Sequence[dg.AssetCheckSpec] = (), *,
    pool: str | None = None, retry_policy: dg.RetryPolicy | None = None,
) -> StageAssets:
    """Return the asset of a `spec`.

    Args:
        spec: its key, and what it is made from.
        step: makes it; its one argument is named `context`.
        checks: of the asset; they can be run without it.
        pool: limits how many steps of the same pool run at a time.
        retry_policy: of the step.
    """
    by_name = {each.name: each for each in checks}
    operation = copy(_operation(len(tuple(spec.deps)), tuple(by_name), retry_policy))
    operation._name = "__".join(spec.key.path)
    operation._description = spec.description
    operation._compute_fn = DecoratedOpFunction(step)
    operation._pool = pool
    return StageAssets(
        keys_by_input_name={
            _input(number): each.asset_key for number, each in enumerate(spec.deps)
        },
        keys_by_output_name={_RESULT: spec.key},
        node_def=operation,
        specs=[spec],
        check_specs_by_output_name=by_name,
        can_subset=bool(checks),
    )


@cache
def _operation(
    inputs: int, checks: tuple[str, ...], retry_policy: dg.RetryPolicy | None
) -> dg.OpDefinition:
    """Return an operation with so many `inputs`, whose `checks` make the asset optional."""

    def step(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        raise NotImplementedError

    return dg.OpDefinition(
        DecoratedOpFunction(step), "step",
        ins={_input(number): dg.In(dg.Nothing) for number in range(inputs)},
        outs={name: dg.Out(dg.Nothing, is_required=not checks) for name in (_RESULT, *checks)},
        required_resource_keys=RESOURCES,
        retry_policy=retry_policy,
    )


def _input(number: int) -> str:
    return f"input_{number}"
