"""Which judge or person of a run an option means: by name, by a pattern, or the only one there is."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from hantei.cards import did_you_mean
from hantei.errors import UsageError


def the_one_meant(flag: str, names: Sequence[str], wanted: str | None, path: Path, cure: str) -> str:
    """Return the one name that is meant.

    Args:
        flag: the option, for messages.
        names: those to choose from.
        wanted: a name or a pattern, None for the only one.
        path: the run folder, for messages.
        cure: the command that adds one.

    Raises:
        UsageError: none is meant, or several.
    """
    exact = [name for name in names if name == wanted]
    found = exact or [name for name in names if wanted is None or fnmatchcase(name, wanted)]
    if len(found) == 1:
        return found[0]
    asked = f"{flag} {wanted}" if wanted else flag
    if not names:
        raise UsageError(f"{asked}: expected one in the run, which has none ({path}); {cure} adds one")
    hint = did_you_mean(wanted, names) if wanted else ""
    raise UsageError(f"{asked}: expected one of {', '.join(names)} ({path}){hint}")
