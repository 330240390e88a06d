"""Judges that say what they are told, and pairs for them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hantei.judges.cascade.judge import Cascade
from hantei.judges.cascade.rule import CascadeRule
from hantei.judges.classifying import as_judge
from hantei.record_lines import to_line
from hantei.records import Judgment, Message, Prompt, Response


@dataclass
class Told:
    """Gives the judgments that it is told, by response id; keeps what it was asked about, how and where."""

    name: str
    said: Mapping[str, Judgment]
    card_hash: str = "0" * 64
    asked: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged", "languages": ["en"], "notices": [f"by {self.name}"]}

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        self.asked += [response.id for _, response in pairs]
        self.batches.append(len(pairs))
        self.threads.add(threading.get_ident())
        return [replace(self.said[response.id], judge=self.name, card_hash=self.card_hash) for _, response in pairs]


def pair(identity: str, text: str = "an answer") -> tuple[Prompt, Response]:
    prompt = Prompt(id=identity, language="en", messages=(Message(role="user", content=f"question {identity}"),))
    return prompt, Response(id=identity, prompt_id=identity, system="s", text=text)


def sure(identity: str, p: float, **more: Any) -> Judgment:
    return Judgment(response_id=identity, judge="", unsafe=p >= 0.5, p_unsafe=p, **more)


def acting(identity: str, *chances: float, **more: Any) -> Judgment:
    """A judgment whose probabilities of the actions from 0 on are these."""
    heads = {"action": {str(action): chance for action, chance in enumerate(chances)}}
    return Judgment(response_id=identity, judge="", action=chances.index(max(chances)), probabilities=heads, **more)


def cascade(cheap: Sequence[Judgment], expensive: Sequence[Judgment], rule: CascadeRule, threshold: float) -> Cascade:
    first = Told("cheap", {one.response_id: one for one in cheap})
    second = Told("expensive", {one.response_id: one for one in expensive}, "1" * 64)
    return Cascade(
        name="cascade@cheap,expensive",
        card_hash="2" * 64,
        cheap=as_judge(first),
        expensive=as_judge(second),
        rule=rule,
        threshold=threshold,
        about={},
    )


def written(path: Path, judgments: Sequence[Judgment]) -> Path:
    path.write_bytes(b"".join(map(to_line, judgments)))
    return path
