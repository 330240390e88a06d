"""Whether a judge's critique helps or sways people: what they change of their labels with and without it.

Both halves of the answers are looked at again, so that what a second look alone changes is known, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hantei.estimates import SecondLooks
from hantei.metrics.shares import share_of
from hantei.record_lines import read_records
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.label_lines import Label
from hantei.runs.people import SECOND, SETTLED, derived

ARMS = ("shown", "hidden")


class _Look(NamedTuple):
    arm: str
    response_id: str
    before: bool
    after: bool
    right: bool | None


def second_looks(run: Run) -> tuple[SecondLooks, ...]:
    """Return what people changed in each arm of a run, nothing where nobody looked twice."""
    looks = list(_looks(run))
    return tuple(_of_arm(arm, [one for one in looks if one.arm == arm]) for arm in ARMS) if looks else ()


def _looks(run: Run) -> Iterator[_Look]:
    judges = run.judges()
    for judge in judges:
        name, _, guideline = judge.partition("@")
        if not (judge.startswith("human:") and name.endswith(SECOND)):
            continue
        at = f"@{guideline}" if guideline else ""
        first = _verdicts(run, f"{name.removesuffix(SECOND)}{at}")
        panel = derived(f"human:panel{at}", SETTLED)
        right = _verdicts(run, panel) if panel in judges else {}
        for again in _last_words(run, judge):
            before = first.get(again.response_id)
            if again.unsafe is not None and before is not None and isinstance(again, Label) and again.arm:
                yield _Look(again.arm, again.response_id, before, again.unsafe, right.get(again.response_id))


def _verdicts(run: Run, judge: str) -> dict[str, bool]:
    return {one.response_id: one.unsafe for one in _last_words(run, judge) if one.unsafe is not None}


def _last_words(run: Run, judge: str) -> list[Judgment]:
    path = run.judgments_path(judge)
    lines: Iterator[Judgment] = read_records(path, Label)
    return list({line.response_id: line for line in lines}.values())


def _of_arm(arm: str, looks: list[_Look]) -> SecondLooks:
    before, after = (np.array([getattr(one, name) for one in looks], dtype=np.bool_) for name in ("before", "after"))
    right = np.array([bool(one.right) for one in looks], dtype=np.bool_)
    decided = np.array([one.right is not None for one in looks], dtype=np.bool_)
    answers = np.unique([one.response_id for one in looks], return_inverse=True)[1].astype(np.int64)
    changed = before != after
    return SecondLooks(
        arm=arm,
        n=len(looks),
        decided=int(decided.sum()),
        changed=share_of(changed, np.ones(len(looks), dtype=np.bool_), answers),
        towards=share_of(changed & (after == right), decided, answers),
        away=share_of(changed & (before == right), decided, answers),
    )
