"""Judges, models and benchmarks of other packages: what they offer as entry points is found by its name.

    [project.entry-points."hantei.judges"]
    keywords = "my_package.judges:keywords"

The entry is a function that takes the name as it was asked for (``keywords?language=ja``) and returns what it names; or
that thing itself. hantei's own names come first, and nothing of another package is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hantei.cards import did_you_mean
from hantei.errors import HanteiError, UsageError


@dataclass(frozen=True, slots=True)
class Registry:
    """What other packages offer of one kind: ``group`` is that of their entry points, ``kind`` what it is in words."""

    group: str
    kind: str

    def names(self) -> list[str]:
        """Return the names, in order."""
        return sorted({entry.name for entry in self._entries()})

    def packages(self) -> dict[str, str]:
        """Return which package offers each name."""
        return {entry.name: _package(entry) for entry in self._entries()}

    def others(self, own: Iterable[str]) -> dict[str, str]:
        """Return which package offers each name that is none of hantei's ``own``, in order; nothing is imported."""
        return {name: package for name, package in sorted(self.packages().items()) if name not in {*own}}

    def whose(self, name: str) -> str:
        """Return how a message calls what is offered under ``name``: with its package."""
        return f"the {self.kind} '{name}' of the package {self.packages()[name]}"

    def find(self, name: str, asked: str) -> Any:
        """Return what is offered under ``name``, None where nothing is.

        Args:
            name: that of the entry point.
            asked: the full name by which it was asked for, with its settings.

        Raises:
            UsageError: two packages offer it, what is there cannot be loaded, or it gives nothing.
        """
        offered = [entry for entry in self._entries() if entry.name == name]
        if not offered:
            return None
        if len(offered) > 1:
            packages = " and ".join(sorted(map(_package, offered)))
            raise UsageError(f"the {self.kind} '{name}' is offered by {packages}: remove one of them")
        found = _made(self.whose(name), offered[0], asked)
        if found is None:
            raise UsageError(f"{self.whose(name)} ({offered[0].value}) gives None: expected a {self.kind}")
        return found

    def unknown(self, name: str, own: Iterable[str]) -> str:
        """Return ``; did you mean 'builtin'?`` for a slip in a name, of hantei's ``own`` or of another package."""
        return did_you_mean(name, [*own, *self.names()])

    def _entries(self) -> list[EntryPoint]:
        return list(entry_points(group=self.group))


JUDGES = Registry("hantei.judges", "judge")
MODELS = Registry("hantei.models", "model")
BENCHMARKS = Registry("hantei.benchmarks", "benchmark")


def _made(whose: str, entry: EntryPoint, asked: str) -> Any:
    """Return what an entry point gives.

    Raises:
        UsageError: it cannot be imported or made.
        HanteiError: as the other package raises it.
    """
    try:
        found: Callable[[str], Any] | Any = entry.load()
        return found(asked) if callable(found) else found
    except HanteiError:
        raise
    except Exception as error:  # whatever another package does wrong is a line that names it
        raise UsageError(f"{whose} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}") from error


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unnamed package"
