"""Libraries that only some models and commands need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from hantei.errors import UsageError
from hantei.extras import install


def needed(module: str, extra: str) -> ModuleType:
    """Import a library that belongs to an extra.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(f"this needs an extra ({error}): {install(extra)}") from None
