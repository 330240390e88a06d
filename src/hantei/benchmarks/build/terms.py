"""Under which licence a set goes out: what its sources leave free."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.benchmarks.build.sources import NOT_STATED, DraftSource
from hantei.errors import UsageError

FREE = frozenset(
    {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "ODC-BY-1.0", "public domain"}
)
"""Licences under which a set made from a source may go out under another one, as long as the source is named."""


def licence_of(sources: Sequence[DraftSource], wanted: str | None) -> str:
    """Return the licence of a set made from these sources.

    A source that is not free binds the set to its own licence.

    Raises:
        UsageError: a source states no licence, two bind it to different ones, the licence that is ``wanted`` is not the
            one that it is bound to, or none is named where nothing binds.
    """
    unstated = next((one for one in sources if one.licence == NOT_STATED), None)
    if unstated is not None:
        raise UsageError(
            f"the source '{unstated.name}' states no licence: write it and its terms into build.toml, "
            f"or leave its drafts out with --without '{unstated.name}'"
        )
    bound = {one.licence: one for one in sources if one.licence and _key(one.licence) not in map(_key, FREE)}
    if len(bound) > 1:
        said = ", ".join(f"{one.name}: {licence}" for licence, one in bound.items())
        raise UsageError(f"the sources bind the set to different licences ({said}): leave one out with --without NAME")
    for licence, one in bound.items():
        if wanted is not None and _key(wanted) != _key(licence or ""):
            raise UsageError(f"--licence {wanted}: the source '{one.name}' binds what is made from it to {licence}")
        return licence or ""
    free = sorted({one.licence for one in sources if one.licence})
    if wanted is None and not free:
        raise UsageError("--licence: name the licence of the set; its sources leave that to you")
    return wanted or " AND ".join(free)


def terms_of(sources: Sequence[DraftSource], own: str | None) -> str:
    """Return the terms of a set in a few sentences: its own, then those of each source."""
    return " ".join([*([own] if own else []), *(f"From {one.name}: {one.terms}" for one in sources)])


def _key(licence: str) -> str:
    return licence.casefold().replace(" ", "-").replace("_", "-")
