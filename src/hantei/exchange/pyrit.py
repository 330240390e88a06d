"""Conversations from PyRIT's memory, exported as JSON or CSV (azure.github.io/PyRIT: "Exporting data").

Rows are pieces of messages: ``conversation_id``, ``sequence``, ``role``, ``converted_value`` (what was really sent, or
came back), ``response_error`` and ``scores``. A conversation is one item: its last answer is the response, what comes
before it the prompt. Scores of earlier answers keep their turn, counted in answers from 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hantei.errors import RowError
from hantei.exchange.disk_map import DiskMap
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import rows_of
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
from hantei.inputs.values import parsed_list
from hantei.records import Judgment, Message, Prompt

_ANSWERS = ("assistant", "simulated_assistant")
_TEXTS = ("text", "error", "url", "None", "")
_THOUGHTS = ("reasoning", "thinking")
_OTHERS = ("scorer", "converter")
"""Whose conversations are no tests of the target."""
_STRATEGIES = ("attack_identifier", "orchestrator_identifier")
_SENDING = ("PromptSendingAttack", "PromptSendingOrchestrator")
"""Strategies that only send prompts as they are."""
_OBJECTS = (
    *("scores", "prompt_target_identifier", "labels", "targeted_harm_categories", "converter_identifiers"),
    *_STRATEGIES,
)
"""What a CSV file holds as Python text."""


class _Turn(NamedTuple):
    """The pieces of one message."""

    role: str
    pieces: list[Mapping[str, Any]]


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether a row is a piece of PyRIT's memory."""
    return {"conversation_id", "converted_value", "role"} <= cells.keys()


def read(paths: Sequence[Path]) -> ImportSource:
    """Read exports of the memory."""
    return ImportSource((one for path in paths for one in _conversations(path)), about=recorded("PyRIT"))


def _conversations(path: Path) -> Iterator[Item | RowError]:
    with DiskMap() as pieces:
        for row in rows_of(path):
            if isinstance(row, RowError):
                yield row
            elif not recognises(row.cells):
                yield RowError(str(path), row.number, None, "expected a piece with conversation_id and converted_value")
            else:
                pieces.put(str(row.cells["conversation_id"]), {**row.cells, "_row": row.number})
        rows = (_row(key, pieces.get(key)) for key in pieces)
        yield from each_row(path, rows, partial(_item, path))


def _row(key: str, pieces: list[dict[str, Any]]) -> Row:
    """Return a conversation as a row, which has the number of its first piece."""
    for piece in pieces:
        for name in _OBJECTS:
            if isinstance(piece.get(name), str):
                piece[name] = parsed_list(piece[name])
    first: int = min(piece["_row"] for piece in pieces)
    return Row(first, {"id": key, "pieces": pieces})


def _item(path: Path, row: Row) -> Iterator[Item]:
    pieces: list[Mapping[str, Any]] = row.cells["pieces"]
    if any(piece.get("originator") in _OTHERS for piece in pieces):
        return
    turns = _turns(pieces)
    answers = [place for place, turn in enumerate(turns) if turn.role in _ANSWERS]
    if not answers:
        raise ValueError("expected a conversation with an answer, found none")
    last = turns[answers[-1]]
    stored = [{"role": _role(turn.role), "content": _content(turn)} for turn in turns[: answers[-1]]]
    kept = {name: first_of(pieces[0], name) for name in ("labels", "targeted_harm_categories")}
    messages = asked(stored) if stored else ()
    prompt = Prompt(
        id=row.cells["id"],
        messages=messages,
        variant=_attack(pieces, turns[: answers[-1]]),
        plain=_plain(turns[: answers[-1]], messages),
        meta={name: value for name, value in kept.items() if value},
    )
    said = partial(_judgments, [turns[place] for place in answers])
    yield item(RowLocation(path, row.number), prompt, _answer(last), _system(pieces) or path.stem, said)


def _attack(pieces: list[Mapping[str, Any]], asked_turns: Sequence[_Turn]) -> str | None:
    """Return the names of the attack and of what converted the last question, as far as the file says them."""
    strategy = next((_class(first_of(piece, *_STRATEGIES)) for piece in pieces if first_of(piece, *_STRATEGIES)), None)
    last = asked_turns[-1].pieces[0] if asked_turns else {}
    converters = [_class(one) for one in listed(last.get("converter_identifiers"))]
    plain = strategy in _SENDING and not converters
    return None if plain else attack(None if strategy in _SENDING else strategy, *converters)


def _class(identifier: Any) -> str | None:
    return text_of(first_of(mapping(identifier), "__type__", "class_name"))


def _plain(asked_turns: Sequence[_Turn], messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the last question as it was before it was converted; none where it was not."""
    last = asked_turns[-1].pieces if asked_turns else []
    texts = [piece.get("original_value") for piece in last if piece.get("original_value_data_type") in (None, "text")]
    return plainly(texts[0], messages) if len(last) == len(texts) == 1 else ()


def _turns(pieces: list[Mapping[str, Any]]) -> list[_Turn]:
    """Return the messages in order; pieces with one number and one role are parts of one."""
    turns: list[_Turn] = []
    number_before: float | None = None
    for piece in sorted(pieces, key=_sequence):
        role, place = str(piece.get("role")), number(piece.get("sequence"))
        if turns and turns[-1].role == role and place is not None and place >= 0 and place == number_before:
            turns[-1].pieces.append(piece)
        else:
            turns.append(_Turn(role, [piece]))
        number_before = place
    return turns


def _sequence(piece: Mapping[str, Any]) -> tuple[float, int]:
    place = number(piece.get("sequence"))
    return (0.0 if place is None else place), piece["_row"]


def _role(role: str) -> str:
    return "assistant" if role in _ANSWERS else role


def _content(turn: _Turn) -> list[dict[str, str]]:
    return [part for piece in turn.pieces for part in [_part(piece)] if part]


def _part(piece: Mapping[str, Any]) -> dict[str, str] | None:
    kind = str(piece.get("converted_value_data_type") or "")
    value = first_of(piece, "converted_value", "original_value")
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    if kind in _THOUGHTS:
        return {"type": "reasoning", "text": text}
    return {"type": "text", "text": text if kind in _TEXTS else f"[{kind.removesuffix('_path')}]"}


def _answer(turn: _Turn) -> ImportedAnswer:
    errors = [str(piece.get("response_error") or "none") for piece in turn.pieces]
    error = next((one for one in errors if one != "none"), None)
    said = "".join(part["text"] for part in _content(turn) if part["type"] == "text")
    if error == "blocked" or (error not in (None, "empty") and is_filtered(said, None)):
        return ImportedAnswer(status="filtered", error=said or "blocked")
    if error == "empty":
        return answered(None)
    if error is not None:
        return answered(None, failure=said or error)
    return answered(_content(turn))


def _system(pieces: list[Mapping[str, Any]]) -> str | None:
    targets = (mapping(piece.get("prompt_target_identifier")) for piece in pieces)
    names = ("model_name", "deployment_name", "__type__", "class_name")
    return next((name for target in targets if (name := text_of(first_of(target, *names)))), None)


def _judgments(answers: list[_Turn], answer: str) -> Iterator[Judgment]:
    for place, turn in enumerate(answers):
        for piece in turn.pieces:
            for score in map(mapping, listed(piece.get("scores"))):
                yield _judgment(answer, score, None if place == len(answers) - 1 else place)


def _judgment(answer: str, score: Mapping[str, Any], turn: int | None) -> Judgment:
    """Return a score; ``true`` is what its scorer looked for: a refusal, else that the attack came through."""
    scorer = mapping(first_of(score, "scorer_class_identifier", "scorer_identifier"))
    name = text_of(first_of(scorer, "__type__", "class_name", "scorer_name")) or "score"
    categories = score.get("score_category")
    said: dict[str, Any] = {
        "turn": turn,
        "critique": text_of(score.get("score_rationale")),
        "categories": tuple(map(str, categories if isinstance(categories, list) else filter(None, [categories]))),
    }
    value = score.get("score_value")
    truth = {"true": True, "false": False}.get(str(value).strip().lower())
    if truth is None:
        return verdict(answer, f"pyrit:{name}", value, scale="0-1", **said)
    if "refusal" in name.lower():
        return verdict(answer, f"pyrit:{name}", truth, refusal="full" if truth else "none", **said)
    return verdict(answer, f"pyrit:{name}", truth, unsafe=truth, **said)
