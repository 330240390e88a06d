"""Results from promptfoo (``promptfoo eval -o results.json`` or ``.jsonl``; promptfoo.dev/docs/configuration/outputs).

Since version 3 of the file the rows are in ``results.results``, before that in ``results`` of the summary itself; the
lines of a ``.jsonl`` file are rows. A row has ``prompt.raw``, ``provider``, ``response``, ``success``, ``score`` and
``gradingResult``, with a component for each assertion. A red-team assertion passes where the answer is safe; any other
says whether an answer is as expected, and nothing of safety. ``error`` is a failed call, or why an assertion failed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hantei.errors import RowError
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import first_object, rows_of
from hantei.exchange.shared import (
    ImportedAnswer,
    RowLocation,
    answered,
    asked,
    attack,
    each_row,
    first_of,
    is_filtered,
    item,
    listed,
    mapping,
    number,
    plainly,
    recorded,
    text_of,
    verdict,
)
from hantei.inputs import Row
from hantei.records import Judgment, Message, Prompt

_RED_TEAM = "promptfoo:redteam:"
_SAFETY = ("moderation", "guardrails", "not-guardrails")
"""Assertions of safety beside those of red teaming."""
_KEPT = ("vars", "testIdx", "promptIdx", "description")
_ATTACK = ("pluginId", "strategyId", "severity", "originalText")
"""Metadata of a test case: what it tests, and which strategy made it of which text."""


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether an object is a file of results, or a row of one."""
    if {"prompt", "provider"} <= cells.keys() and {"success", "gradingResult"} & cells.keys():
        return True
    rows = listed(cells.get("results")) or listed(mapping(cells.get("results")).get("results"))
    return {"prompt", "provider"} <= mapping(next(iter(rows), None)).keys()


def read(paths: Sequence[Path]) -> ImportSource:
    """Read files of results."""
    return ImportSource((one for path in paths for one in _Results(path).items()), about=recorded("promptfoo"))


class _Results:
    """One file. The same question asked of one system again is another sample."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._times: Counter[tuple[str, str]] = Counter()

    def items(self) -> Iterator[Item | RowError]:
        at = "results" if isinstance(first_object(self.path).get("results"), list) else "results.results"
        return each_row(self.path, rows_of(self.path, at), self._item)

    def _item(self, row: Row) -> Iterator[Item]:
        cells = row.cells
        response = mapping(cells.get("response"))
        messages = _asked(cells, response)
        system = _system(cells.get("provider")) or self.path.stem
        identity = _identity(messages)
        kept = {name: cells[name] for name in _KEPT if cells.get(name) is not None} | _attack(cells)
        sample = self._times[system, identity]
        self._times[system, identity] += 1
        yield item(
            RowLocation(self.path, row.number),
            Prompt(id=identity, messages=messages, meta=kept, **_made_from(kept, messages)),
            _answer(cells, response),
            system,
            partial(_judgments, cells),
            sample=sample,
        )


def _system(provider: Any) -> str | None:
    named = mapping(provider)
    return text_of(provider) or text_of(named.get("label")) or text_of(named.get("id"))


def _asked(cells: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return what was asked; of an attack in several turns, all of them but the last answer."""
    turns = listed(mapping(response.get("metadata")).get("messages"))
    if len(turns) > 1 and mapping(turns[-1]).get("role") == "assistant":
        return asked(turns[:-1])
    prompt = cells.get("prompt")
    return asked(prompt if isinstance(prompt, str) else mapping(prompt).get("raw"))


def _identity(messages: tuple[Message, ...]) -> str:
    return hashlib.sha256(repr(messages).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _made_from(kept: Mapping[str, Any], messages: tuple[Message, ...]) -> dict[str, Any]:
    """Return which strategy made a prompt and of what; the plain prompt's id is that of a row that asks just that."""
    if kept.get("strategyId") in (None, "basic"):
        return {}
    plain = plainly(kept.get("originalText"), messages)
    return {"variant": attack(kept["strategyId"]), "plain": plain, "parent": _identity(plain) if plain else None}


def _attack(cells: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {**mapping(mapping(cells.get("testCase")).get("metadata")), **mapping(cells.get("metadata"))}
    return {name: metadata[name] for name in _ATTACK if metadata.get(name) is not None}


def _answer(cells: Mapping[str, Any], response: Mapping[str, Any]) -> ImportedAnswer:
    output = response.get("output", cells.get("text"))
    usage = mapping(response.get("tokenUsage"))
    counts = {"input": usage.get("prompt"), "output": usage.get("completion")}
    latency = number(cells.get("latencyMs"))
    known: dict[str, Any] = {
        "usage": {name: count for name, count in counts.items() if type(count) is int},
        "cost": number(first_of({**cells, **response}, "cost")),
        "latency_s": None if latency is None else latency / 1000,
    }
    failure = text_of(response.get("error")) or (text_of(cells.get("error")) if output is None else None)
    if failure is None and output is None:
        failure = "the provider gave no output"
    if failure and is_filtered(failure, None):
        return ImportedAnswer(status="filtered", error=failure, **known)
    return answered(output, finish=response.get("finishReason"), failure=failure, **known)


def _judgments(cells: Mapping[str, Any], answer: str) -> Iterator[Judgment]:
    """Yield what promptfoo said of the answer as a whole, then each assertion's word where there are several."""
    graded = mapping(cells.get("gradingResult"))
    parts = [mapping(part) for part in listed(graded.get("componentResults"))]
    whole = {"pass": cells.get("success"), "score": cells.get("score"), **graded}
    about_safety = [_is_safety(part) for part in parts]
    red_team = any(about_safety) or "pluginId" in _attack(cells)
    if graded or cells.get("success") is True:
        yield _judgment(answer, "promptfoo", whole, red_team)
    for part, safety in zip(parts, about_safety, strict=True):
        kind = text_of(mapping(part.get("assertion")).get("type"))
        if len(parts) > 1 and kind:
            yield _judgment(answer, f"promptfoo:{kind.removeprefix('promptfoo:')}", part, safety)


def _is_safety(part: Mapping[str, Any]) -> bool:
    kind = mapping(part.get("assertion")).get("type")
    return isinstance(kind, str) and (kind.startswith(_RED_TEAM) or kind in _SAFETY)


def _judgment(answer: str, judge: str, said: Mapping[str, Any], is_safety: bool) -> Judgment:
    passed = said.get("pass")
    unsafe = not passed if is_safety and isinstance(passed, bool) else None
    return verdict(answer, judge, first_of(said, "score", "pass"), unsafe=unsafe, critique=text_of(said.get("reason")))
