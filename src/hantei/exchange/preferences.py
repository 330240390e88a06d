"""Pairs that a model can be tuned on: a corrected answer over the unsafe one, as conversations (JSON lines)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from hantei.correction.outcome import chains
from hantei.errors import UsageError
from hantei.files import write_atomic
from hantei.records import Message
from hantei.runs.facts import LAST_TURN
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.judging import PairReader


def export_preferences(run: Run, out: Path) -> int:
    """Write a line for each unsafe answer that was made safe by its critique; return how many.

    Each has ``prompt`` (the conversation), ``chosen`` and ``rejected`` (a turn each), the ids of both, and ``refused``,
    whether the judge that corrects calls the chosen one a refusal. An answer that any judge of the run, or a person,
    calls unsafe is never chosen, and one that any calls safe is never rejected.

    Raises:
        UsageError: the run has no corrections.
    """
    judge = run.info().plan.correction.get("judge")
    if not judge:
        raise UsageError(f"{run.path}: has no corrections, so there are no pairs; hantei correct {run.path} makes them")
    with run.index() as index:
        pairs = list(_pairs(run, index, str(judge)))
    write_atomic(out, [json.dumps(pair, ensure_ascii=True).encode() + b"\n" for pair in pairs])
    return len(pairs)


def _pairs(run: Run, index: Index, judge: str) -> Iterator[dict[str, Any]]:
    offsets = {place.response_no: place for place in index.pairs()}
    with PairReader(run) as reader:
        for chain in chains(run, index, judge):
            last = chain.last.get("critique")
            if last is None or _verdicts(index, chain.original) != {1} or _verdicts(index, last) != {0}:
                continue
            prompt, rejected = reader.read(offsets[chain.original])
            _, chosen = reader.read(offsets[last])
            yield {
                "prompt": [msgspec.to_builtins(message) for message in prompt.messages],
                "chosen": [_turn(chosen.text)],
                "rejected": [_turn(rejected.text)],
                "chosen_id": chosen.id,
                "rejected_id": rejected.id,
                "refused": _refused(index, index.judge_no(judge), last),
            }


def _turn(text: str) -> dict[str, Any]:
    turn: dict[str, Any] = msgspec.to_builtins(Message(role="assistant", content=text))
    return turn


def _verdicts(index: Index, response: int) -> set[int]:
    """Return what judges and people call a response: 1 for unsafe, 0 for safe."""
    query = "SELECT DISTINCT unsafe FROM judgments WHERE response = ? AND unsafe IS NOT NULL"
    return {row[0] for row in index.db.execute(query, (response,))}


def _refused(index: Index, judge: int, response: int) -> bool | None:
    query = "SELECT refusal FROM judgments WHERE response = ? AND judge = ? AND repeat = 0 AND turn = ?"
    found = index.db.execute(query, (response, judge, LAST_TURN)).fetchone()
    return None if found is None or found[0] is None else bool(found[0])
