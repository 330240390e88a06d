"""Checkpoints of a training that may be killed at any moment: only whole ones are gone on from."""

from __future__ import annotations

import shutil
from pathlib import Path

from hantei.files import write_atomic

_WHOLE = "whole"
"""A file that is written after all others of a checkpoint."""


def mark_whole(checkpoint: Path) -> None:
    """Say that a checkpoint is written to its end."""
    write_atomic(checkpoint / _WHOLE, [b""])


def newest_whole(work: Path) -> Path | None:
    """Return the last whole checkpoint; those that a kill cut short are removed."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for checkpoint in found:
        if (checkpoint / _WHOLE).is_file():
            return checkpoint
        shutil.rmtree(checkpoint, ignore_errors=True)  # another process of several may be at it, too
    return None
