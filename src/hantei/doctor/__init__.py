"""What is installed, reachable and missing on this machine: the findings that ``hantei doctor`` prints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from hantei.doctor.finding import Finding
from hantei.doctor.machine import cores_and_gpu, folders, keys
from hantei.doctor.packages import extras, requirements
from hantei.doctor.servers import servers
from hantei.models.keys import mask_keys

__all__ = ["Finding", "examine"]


def examine(base_urls: Sequence[str] = (), runs: Path = Path("runs")) -> list[Finding]:
    """Look at this machine as hantei finds it; nothing is written that stays, and no network is used.

    Args:
        base_urls: addresses of models' servers; these alone are asked, which models they have.
        runs: the folder that holds run folders.
    """
    rooms: dict[str, Callable[[], Iterable[Finding]]] = {
        "requirements": requirements,
        "judge": _judge,
        "extras": extras,
        "folders": lambda: folders(runs),
        "keys": lambda: keys(os.environ),
        "machine": cores_and_gpu,
        "servers": lambda: servers(base_urls),
    }
    return [finding for room, look in rooms.items() for finding in _tolerant(room, look)]


def _tolerant(room: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what is found in a room, and a problem in the place of whatever could not be looked at."""
    try:
        yield from look()
    except Exception as error:  # a doctor must not die of what it looks at
        says = mask_keys(f"{type(error).__name__}: {error}")
        yield Finding(room=room, name=room, state="problem", says=f"could not be looked at: {says}")


def _judge() -> Iterator[Finding]:
    from hantei.tasks.judging_one import judge_one

    verdict = judge_one("How are you?", "Very well, thank you.")
    works = verdict.status == "ok"
    state, says = ("ok", "gives a verdict") if works else ("problem", f"gave no verdict: {verdict.status}")
    yield Finding(room="judge", name="builtin", state=state, says=says)  # type: ignore[arg-type]  # one of the two
