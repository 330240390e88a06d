"""A judge that repeats verdicts given earlier, ``recorded@FILE``: for tests, and for verdicts already paid for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, get_args
from urllib.parse import unquote

from msgspec.structs import replace

from hantei.errors import InputError, RecordError, UsageError
from hantei.judges.base import Ask, Pair, no_verdict
from hantei.judges.card import load_card
from hantei.record_lines import from_line
from hantei.records import ACTIONS, REFUSALS, Judgment, JudgmentStatus, Prompt, Response

if TYPE_CHECKING:
    from hantei.models.base import Model, Request

_TEXTS = ("fault", "scale", "critique", "comment", "error", "served_model")
"""What of a judgment is a text or absent, and is shown to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedJudge:
    """Gives each answer the verdict that ``said`` holds for its id; one that it does not hold is abstained."""

    name: str
    card_hash: str
    said: Mapping[str, Judgment]

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge."""
        return load_card("recorded").outline()

    @property
    def models(self) -> tuple[Model, ...]:
        """Nothing is asked."""
        return ()

    def requests(self, _prompt: Prompt, _response: Response) -> Sequence[tuple[Model, Request]]:
        """Return nothing: nobody is asked."""
        return ()

    async def judge(self, pairs: Sequence[Pair], _ask: Ask) -> AsyncIterator[Judgment]:
        """Yield one judgment for each pair."""
        for _, response in pairs:
            yield self._one(response)

    def _one(self, response: Response) -> Judgment:
        found = self.said.get(response.id)
        if found is None:
            return no_verdict(self, response, "abstained", "judge", "no verdict is recorded for this answer")
        return found


def load_named(name: str) -> RecordedJudge:
    """Return the judge of a file of judgments by its full name, ``recorded@FILE``.

    Of several judgments of one answer the last line wins; repeats and judgments of earlier turns are left out.

    Raises:
        UsageError: no file is named, there is none, or the name has settings.
        InputError: a line is no judgment, or the file holds those of several judges.
    """
    card, _, file = name.partition("@")
    if card != "recorded" or not file:
        raise UsageError(f"--judge {name}: expected recorded@FILE, such as recorded@runs/mine/judgments/builtin.jsonl")
    path = Path(unquote(file))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--judge {name}: {path} cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(b"recorded\0" + data).hexdigest()
    judgments = [_read(path, number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    judges = sorted({judgment.judge for judgment in judgments})
    if len(judges) != 1:
        found = ", ".join(judges[:5]) or "none"
        raise InputError(f"{path}: expected the judgments of one judge, found those of {found}")
    last = {one.response_id: _own(one, name, digest) for one in judgments if one.repeat == 0 and one.turn is None}
    return RecordedJudge(name=name, card_hash=digest, said=last)


def _own(judgment: Judgment, name: str, digest: str) -> Judgment:
    """Return a recorded judgment under this judge's name; to repeat it costs nothing."""
    return replace(
        judgment, judge=name, card_hash=digest, answered_by=None, usage={}, cost=None, latency_s=None, created=None
    )


def _read(path: Path, number: int, line: bytes) -> Judgment:
    try:
        judgment = from_line(Judgment, line)
        problem = next((field for field, good in _checks(judgment) if not good), None)
    except (ValueError, TypeError, AttributeError, RecursionError, RecordError) as error:
        raise InputError(f"{path}, line {number}: expected a judgment: {error}") from None
    if problem:
        raise InputError(f"{path}, line {number}: {problem} holds no such value")
    return judgment


def _checks(judgment: Judgment) -> list[tuple[str, bool]]:
    """Return whether each field that is counted, compared or shown holds what it may."""
    return [
        ("response_id", isinstance(judgment.response_id, str)),
        ("judge", isinstance(judgment.judge, str)),
        ("status", judgment.status in get_args(JudgmentStatus)),
        ("unsafe", judgment.unsafe is None or isinstance(judgment.unsafe, bool)),
        ("p_unsafe", judgment.p_unsafe is None or _chance(judgment.p_unsafe)),
        ("action", judgment.action is None or (_number(judgment.action) and judgment.action in range(len(ACTIONS)))),
        ("refusal", judgment.refusal is None or judgment.refusal in REFUSALS),
        ("score", judgment.score is None or (_number(judgment.score) and abs(judgment.score) < math.inf)),
        ("in_training", isinstance(judgment.in_training, bool)),
        *(
            (name, all(isinstance(text, str) for text in getattr(judgment, name)))
            for name in ("categories", "attempts")
        ),
        *((name, isinstance(getattr(judgment, name), str | None)) for name in _TEXTS),
        ("probabilities", all(_chance(p) for head in judgment.probabilities.values() for p in head.values())),
    ]


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _chance(value: object) -> bool:
    return _number(value) and 0 <= value <= 1
