"""Every check by the name that a suite gives it, found by walking the folders of this package."""

import pkgutil
from functools import cache
from importlib import import_module

from expectations import checks
from expectations.checks.base import Check


@cache
def all_checks() -> dict[str, type[Check]]:
    """Return the class of each check by its `type`, in the order of their names."""
    found = {cls.type: cls for cls in _classes()}
    return dict(sorted(found.items()))


def _classes() -> list[type[Check]]:
    modules = [
        import_module(info.name)
        for info in pkgutil.walk_packages(checks.__path__, f"{checks.__name__}.")
    ]
    return [
        item for module in modules for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Check)
        and item.__module__ == module.__name__ and "type" in vars(item)
    ]
