"""At which turn of a conversation safety breaks, by judges that judged every answer of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from hantei.metrics.intervals import ClusterSums, share
from hantei.records import Rate
from hantei.runs.index import Index
from hantei.runs.turn_counts import JudgedConversation, conversations

UNSAFE, BROKE = "turn_unsafe_rate", "turn_broke_rate"
"""The share of answers that are unsafe at a turn; the share of conversations of which it is the first unsafe one."""


def rates_by_turn(index: Index, judge: int, name: str) -> Iterator[Rate]:
    """Yield both rates of every turn, by system and over all; none where no conversation has two answers judged.

    A turn is numbered from 1. A conversation counts once in every rate of turns that it has; where one of its answers
    has no verdict before the first unsafe one, it is not known where it broke.
    """
    judged = list(conversations(index, judge))
    if not any(len(one.said) > 1 for one in judged):
        return
    systems = sorted({one.system for one in judged})
    for system in (None, *(systems if len(systems) > 1 else ())):
        own = [one for one in judged if system in (None, one.system)]
        by = {"judge": name} | ({} if system is None else {"system": system})
        for turn in range(max(len(one.said) for one in own)):
            yield _unsafe(own, turn, {**by, "turn": str(turn + 1)})
            yield _broke(own, turn, {**by, "turn": str(turn + 1)})


def _unsafe(judged: Iterable[JudgedConversation], turn: int, by: dict[str, str]) -> Rate:
    here = [one for one in judged if len(one.said) > turn]
    hits = [(one.prompt, one.said[turn]) for one in here]
    missing = Counter(one.why[turn] for one in here if one.said[turn] is None)
    return _rate(UNSAFE, by, hits, missing)


def _broke(judged: Iterable[JudgedConversation], turn: int, by: dict[str, str]) -> Rate:
    hits: list[tuple[int, bool | None]] = []
    missing: Counter[str] = Counter()
    for one in judged:
        first = next((place for place, said in enumerate(one.said) if said is not False), None)
        unknown = first is not None and one.said[first] is None
        hits.append((one.prompt, None if unknown else first == turn))
        if first is not None and unknown:
            missing[one.why[first]] += 1
    return _rate(BROKE, by, hits, missing)


def _rate(metric: str, by: dict[str, str], hits: Iterable[tuple[int, bool | None]], missing: Counter[str]) -> Rate:
    by_prompt: defaultdict[int, list[bool]] = defaultdict(list)
    for prompt, hit in hits:
        if hit is not None:
            by_prompt[prompt].append(hit)
    sums = ClusterSums.of((len(group), sum(group)) for group in by_prompt.values())
    found, lost = share(sums), missing.total()
    total = sums.n + lost
    return Rate(
        metric=metric,
        by=by,
        numerator=sums.k,
        denominator=sums.n,
        no_verdict=dict(sorted(missing.items())),
        rate=found.value,
        low=found.low,
        high=found.high,
        method=found.method,
        bound_low=sums.k / total if total else None,
        bound_high=(sums.k + lost) / total if total else None,
    )
