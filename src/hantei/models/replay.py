"""Recorded answers as a model: the same conversation gets the answer that was recorded for it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import get_args

from hantei.errors import InputError, RowError
from hantei.inputs import Columns, open_table
from hantei.models.base import CallError, Reply, Request
from hantei.models.names import ModelName
from hantei.records import Message, Response, ResponseStatus


class ReplayModel:
    """Answers from a file of questions (or ``messages``) and answers, in any format that ``hantei judge`` reads.

    A request matches by the exact text of its whole conversation. Several answers recorded for one conversation are
    given in the file's order, each once; after the last, and for a conversation that is not there, the call fails as
    ``not-found``. Columns ``status``, ``reasoning`` and ``finish_reason`` are given back as recorded.

    Raises:
        UsageError: no such file.
        InputError: the file, or one of its rows, cannot be read.
    """

    def __init__(self, name: ModelName) -> None:
        self.name, self.server = name.text, "replay"
        self._path = Path(name.name)
        self._answers = _recorded(self._path)
        self._given: dict[bytes, int] = defaultdict(int)

    async def ask(self, request: Request) -> Reply:
        """Return the next recorded answer to this conversation.

        Raises:
            CallError: none is recorded, or no more.
        """
        key = _key(request.messages)
        answers, number = self._answers.get(key, ()), self._given[key]
        if number >= len(answers):
            found = f"{len(answers)} recorded, all given" if answers else "none recorded for this conversation"
            raise CallError("not-found", f"{self._path.name}: {found}")
        self._given[key] += 1
        return answers[number]

    async def close(self) -> None:
        """Do nothing: there are no connections, and corrections ask again after one round is closed."""


def _recorded(path: Path) -> dict[bytes, list[Reply]]:
    columns = Columns(path)
    answers: dict[bytes, list[Reply]] = defaultdict(list)
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            raise row
        prompt, response = columns.records(row, bare_ids=False)
        reply = _reply(path, row.number, response)
        if reply is not None:
            answers[_key(prompt.messages)].append(reply)
    if not answers:
        raise InputError(f"{path}: no recorded answer; expected rows of questions and answers")
    return dict(answers)


def _reply(path: Path, row: int, response: Response) -> Reply | None:
    """Return a row's answer; None where the row records that there was none.

    Raises:
        RowError: the status is none that is known.
    """
    status = response.meta.get("status") or response.status
    if status not in get_args(ResponseStatus):
        raise RowError(str(path), row, "status", f"expected one of {', '.join(get_args(ResponseStatus))}")
    if status == "error":
        return None
    return Reply(
        text=response.text,
        status=status,
        reasoning=response.reasoning,
        finish_reason=response.finish_reason,
    )


def _key(messages: Iterable[Message]) -> bytes:
    return sha256(json.dumps([[m.role, m.content] for m in messages]).encode()).digest()
