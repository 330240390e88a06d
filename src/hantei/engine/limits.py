"""What a run may take: connections, money, time, retries, cores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may take; the flags of ``hantei run`` that do not change any answer.

    ``max_connections`` counts calls in flight for each server. ``max_cost`` is in US dollars and counts the whole run,
    what was spent before it was resumed included. ``timeout_s`` holds for each call, ``run_timeout_s`` for the run.
    ``tries`` is how often a call is made at most before it counts as failed; waits that the server asks for (429) do
    not count, up to ``waits`` of them. ``backoff_s`` is the first pause between tries, doubled each time up to
    ``longest_backoff_s``. ``patience_s`` is how long a server that never answered may go on failing,
    ``failed_in_a_row`` how many calls may fail for good, one after the other, before the run stops. ``grace_s`` is how
    long calls in flight may take after Ctrl-C. ``cache`` is a folder of replies that runs share. ``keep_going`` judges
    on where none of a judge's first replies can be read. ``workers`` is how many processes judge, for the built-in
    judge, which uses one core each; None for all cores but one, where it reads meaning.
    """

    max_connections: int = 64
    max_cost: float | None = None
    timeout_s: float = 600.0
    run_timeout_s: float | None = None
    tries: int = 10
    waits: int = 60
    backoff_s: float = 0.5
    longest_backoff_s: float = 60.0
    patience_s: float = 10.0
    failed_in_a_row: int = 50
    grace_s: float = 5.0
    cache: Path | None = None
    keep_going: bool = False
    workers: int | None = None
