"""Importing a library without the libraries that it imports and that hardly anybody uses."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _Postponed(ModuleType):
    """Stands for a module until something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # `import` asks
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


@contextmanager
def importing_without(absent: Collection[str], postponed: Collection[str]) -> Iterator[None]:
    """Import in the block, in this thread, without some modules that were not imported before.

    Args:
        absent: are not there for what is imported, as if they were not installed.
        postponed: are imported when something of them is first used. The block must import names
            from their packages (`from scipy import stats`) or the modules whole.
    """
    chosen: dict[str, Any] = {name: None for name in absent if name not in sys.modules}
    chosen |= {name: _Postponed(name) for name in postponed if name not in sys.modules}
    sys.modules.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            del sys.modules[name]
