"""A judge that repeats verdicts given earlier, ``recorded@FILE``: for tests, and for verdicts already paid for."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec.structs import replace

from hantei.errors import InputError, RecordError, UsageError
from hantei.judges.base import Ask, Pair, no_verdict
from hantei.judges.card import load_card
from hantei.record_lines import from_line
from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from hantei.models.base import Model, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedJudge:
    """Gives each answer the verdict that ``judgments`` holds for its id; one that it does not hold is abstained."""

    name: str
    card_hash: str
    judgments: Mapping[str, Judgment]

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
        found = self.judgments.get(response.id)
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
    return RecordedJudge(name=name, card_hash=digest, judgments=last)


def _own(judgment: Judgment, name: str, digest: str) -> Judgment:
    """Return a recorded judgment under this judge's name; to repeat it costs nothing."""
    return replace(
        judgment, judge=name, card_hash=digest, answered_by=None, usage={}, cost=None, latency_s=None, created=None
    )


def _read(path: Path, number: int, line: bytes) -> Judgment:
    try:
        return from_line(Judgment, line)
    except RecordError as error:
        raise InputError(f"{path}, line {number}: expected a judgment: {error}") from None
