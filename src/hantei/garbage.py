"""Python's garbage collection, kept from looking through what stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen() -> Iterator[None]:
    """Leave what was loaded until now alone meanwhile: looking through it again and again costs pauses."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
