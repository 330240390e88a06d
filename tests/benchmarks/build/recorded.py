"""A recorded model that drafts: the conversations that hantei has with it, and what it is made to answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hantei.benchmarks.build.wording import DraftQuestion, messages
from hantei.records import Message


class Recording:
    """Rows of conversations and answers, as ``replay/FILE`` reads them."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def talk(self, *turns: tuple[DraftQuestion, Mapping[str, object], str]) -> None:
        """Record a conversation: of each turn the question, its values, and the answer."""
        said: tuple[Message, ...] = ()
        for question, values, answer in turns:
            said = (*said, *messages(question, values))
            plain = [{"role": one.role, "content": one.content} for one in said]
            self._rows.append({"messages": plain, "response": answer})
            said = (*said, Message(role="assistant", content=answer))

    def about(self, question: DraftQuestion, prompt: str, answer: str, **values: object) -> None:
        """Record one question about a prompt."""
        self.talk((question, {"question": prompt, "harm": "", "place": "", "language": "", **values}, answer))

    def write(self, path: Path) -> str:
        """Write the recording; return the model's name."""
        path.write_text("".join(json.dumps(row) + "\n" for row in self._rows), encoding="utf-8")
        return f"replay/{path}"


def array(texts: Sequence[object]) -> str:
    """Return texts as the JSON array that is asked for."""
    return json.dumps(list(texts), ensure_ascii=False)
