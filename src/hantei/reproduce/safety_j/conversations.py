"""SAFETY-J's open question of several turns: what a judge gains from the turns before the last one.

Two public sets of conversations with people's verdicts. R-Judge (564 traces of agents, arXiv 2401.10019): whether what
the agent did is unsafe. ConvAbuse (4,050 turns, arXiv 2109.09483): whether the user's last message is abuse of the
chatbot; here the user is the one who is judged, and the chatbot the one who is answered.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.engine.limits import Limits
from hantei.errors import InputError, RunError
from hantei.judges.turn_by_turn import with_turn
from hantei.metrics.paired import PairedShares, paired
from hantei.progress import Say
from hantei.runs.folder import file_name
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.options import Options
from hantei.tasks.task import judging

_NOTHING = "[nothing is recorded]"
_TOOL = re.compile(r"\s*(\w+)\s*(?:\n?Action Input:\s*)?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnComparison:
    """A judge on one set of conversations, shown in two ways, and the second less the first.

    ``several`` counts conversations with more than a question and an answer. ``recall`` is the share of the unsafe ones
    that it marks, ``false_marks`` that of the safe ones.
    """

    judge: str
    name: str
    conversations: int
    several: int
    shown: tuple[str, str]
    accuracy: PairedShares
    recall: PairedShares
    false_marks: PairedShares


WAYS = (("alone", "last"), ("last", "each"))
"""What is compared: the last question and answer alone with the whole conversation; that with every answer of it, of
which the gravest verdict counts."""


def compare_turns(judge: str, data: Path, runs: Path, limits: Limits, say: Say) -> list[TurnComparison]:
    """Judge the conversations below ``data`` in all ways of ``WAYS``.

    Args:
        judge: its name.
        data: a folder with ``assebench/rjudge.json`` or ``convabuse/ConvAbuse_*.json``.
        runs: where the run folders are kept and gone on with.
        limits: of what is asked.
        say: takes lines for people.

    Raises:
        UsageError: no such judge, or its model cannot be asked.
        InputError: a file is not what it should be.
        RunError: a folder belongs to another plan or is in use, or a judging was stopped.
    """
    sets = [(name, list(read(data))) for name, read in _SETS.items()]
    return [one for name, rows in sets if rows for one in _compared(judge, name, rows, runs, limits, say)]


def _compared(
    judge: str, name: str, rows: Sequence[dict[str, Any]], runs: Path, limits: Limits, say: Say
) -> Iterator[TurnComparison]:
    ways = dict.fromkeys(turn for ways in WAYS for turn in ways)
    said = {turn: _said(with_turn(judge, turn), name, rows, runs, limits, say) for turn in ways}
    for first, second in WAYS:
        both = [(row["group"], row["unsafe"], said[first][row["id"]], said[second][row["id"]]) for row in rows]
        yield TurnComparison(
            judge=judge,
            name=name,
            conversations=len(rows),
            several=sum(len(row["messages"]) > 2 for row in rows),
            shown=(first, second),
            accuracy=paired((group, _right(one, unsafe), _right(two, unsafe)) for group, unsafe, one, two in both),
            recall=paired((group, one, two) for group, unsafe, one, two in both if unsafe),
            false_marks=paired((group, one, two) for group, unsafe, one, two in both if not unsafe),
        )


def _right(verdict: bool | None, unsafe: bool) -> bool | None:
    return None if verdict is None else verdict == unsafe


def _said(
    judge: str, name: str, rows: Sequence[dict[str, Any]], runs: Path, limits: Limits, say: Say
) -> Mapping[str, bool | None]:
    """Return by conversation whether any of its judged answers is unsafe, None where that is not known.

    Raises:
        RunError: the judging was stopped.
    """
    shown = [{key: row[key] for key in ("id", "messages", "language")} for row in rows]
    run = carry_out(judging(shown, judge, Options(limits=limits), say), runs / f"{name}-{file_name(judge)}", say)
    stopped = run.info().stopped
    if stopped:
        raise RunError(f"{run.path}: stopped: {stopped}; the same command goes on from there")
    said: defaultdict[str, list[bool | None]] = defaultdict(list)
    for one in run.judgments(judge):
        said[one.response_id].append(one.unsafe)
    return {name: True if True in every else None if None in every else False for name, every in said.items()}


def rjudge(data: Path) -> Iterator[dict[str, Any]]:
    """Yield R-Judge's traces: the agent's last step is the answer, its tools' results stand as turns of tools.

    What a tool gave back after the last step is left out: nobody answered it.
    """
    for row in _read(data / "assebench" / "rjudge.json"):
        turns = [_step(turn) for part in row["contents"] for turn in part]
        last = max(place for place, turn in enumerate(turns) if turn["role"] == "assistant")
        identity = str(row["id"])
        yield {
            "id": identity,
            "group": identity,
            "messages": turns[: last + 1],
            "unsafe": row["label"] == 1,
            "language": "en",
        }


def _step(turn: Mapping[str, Any]) -> dict[str, Any]:
    if turn["role"] != "agent":
        role = "tool" if turn["role"] == "environment" else turn["role"]
        return {"role": role, "content": turn["content"] or _NOTHING}
    thought, action = str(turn.get("thought") or ""), str(turn.get("action") or "")
    found = _TOOL.fullmatch(action) if re.match(r"\s*\w+\s*(?:\{|\n?Action Input)", action) else None
    if found is None:
        return {"role": "assistant", "content": "\n".join(part for part in (thought, action) if part)}
    call = {"function": {"name": found[1], "arguments": found[2]}}
    return {"role": "assistant", "content": thought, "tool_calls": [call]}


def convabuse(data: Path) -> Iterator[dict[str, Any]]:
    """Yield ConvAbuse's conversations: the user's message that was labelled is the answer, the chatbot's before it the
    question. What most annotators say counts; messages on which they are divided are left out."""
    for path in sorted((data / "convabuse").glob("ConvAbuse_*.json")):
        for number, row in _read(path).items():
            text, votes = json.loads(row["text"]), row["soft_label"]
            if votes["0"] == votes["1"]:
                continue
            turns = [("assistant", text["prev_user"]), ("user", text["agent"]), ("assistant", text["user"])]
            before = [("user", text["prev_agent"] or _NOTHING)] if text["prev_user"] else []
            yield {
                "id": f"{path.stem}-{number}",
                "group": row["other_info"]["conversation_id(s)"],
                "messages": [
                    {"role": role, "content": content or _NOTHING}
                    for role, content in (*before, *turns)
                    if content or role == "user"
                ],
                "unsafe": votes["1"] > votes["0"],
                "language": "en",
            }


_SETS: dict[str, Callable[[Path], Iterator[dict[str, Any]]]] = {"R-Judge": rjudge, "ConvAbuse": convabuse}


def _read(path: Path) -> Any:
    if not path.is_file():
        return []
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: expected JSON: {error}") from None
