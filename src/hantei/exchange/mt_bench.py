"""Answers from MT-Bench and its relatives (github.com/lm-sys/FastChat, ``fastchat/llm_judge``).

Three kinds of lines: questions (``question_id``, ``turns``, ``category``, ``reference``), answers (``question_id``,
``model_id``, ``choices`` with ``turns``), and a judge's grades of single answers (``question_id``, ``model``,
``judge``, ``score`` from 1 to 10, ``turn`` from 1). The last turn's answer is the response, those before it are its
``earlier`` ones, as where hantei itself asks turn by turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError
from hantei.exchange.disk_map import DiskMap
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import first_object, rows_of
from hantei.exchange.shared import (
    RowLocation,
    answered,
    each_row,
    identifier,
    item,
    listed,
    mapping,
    recorded,
    text_of,
    verdict,
)
from hantei.inputs import Row
from hantei.records import Judgment, Message, Prompt

_FAILED = "$ERROR$"
"""What FastChat writes where a call failed."""


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether a row is a question, an answer or a judgment."""
    return _is_question(cells) or _is_answer(cells) or _is_judgment(cells)


def _is_question(cells: Mapping[str, Any]) -> bool:
    return "question_id" in cells and isinstance(cells.get("turns"), list)


def _is_answer(cells: Mapping[str, Any]) -> bool:
    return "question_id" in cells and "turns" in mapping(next(iter(listed(cells.get("choices"))), None))


def _is_judgment(cells: Mapping[str, Any]) -> bool:
    return {"question_id", "judge"} <= cells.keys() and ("model" in cells or "model_1" in cells)


def read(paths: Sequence[Path]) -> ImportSource:
    """Read questions and answers, and judgments where there are any.

    Raises:
        InputError: the questions or the answers are missing.
    """
    questions = [file for file in paths if _is_question(first_object(file))]
    judged = [file for file in paths if _is_judgment(first_object(file))]
    answers = [file for file in paths if file not in questions and file not in judged]
    for found, missing, there in ((answers, "answers", "questions"), (questions, "questions", "answers")):
        if not found:
            raise InputError(
                f"{paths[0]}: holds MT-Bench's {there}, the {missing} are missing: give both: "
                "hantei import question.jsonl model_answer/MODEL.jsonl --from mt-bench"
            )
    return ImportSource(_items(questions, answers, judged), about=recorded("MT-Bench's judge"))


def _items(questions: list[Path], answers: list[Path], judged: list[Path]) -> Iterator[Item | RowError]:
    with DiskMap() as asked, DiskMap() as grades:
        for row in chain.from_iterable(map(rows_of, questions)):
            if isinstance(row, RowError):
                yield row
            else:
                asked.put(identifier(row.cells.get("question_id"), 0), row.cells)
        for row in chain.from_iterable(map(rows_of, judged)):
            if isinstance(row, RowError):
                yield row
            else:
                grades.put(_key(row.cells.get("question_id"), row.cells.get("model")), row.cells)
        for path in answers:
            yield from each_row(path, rows_of(path), partial(_answers, path, asked, grades))


def _key(question: Any, model: Any) -> str:
    return f"{identifier(question, 0)}\0{model}"


def _answers(path: Path, asked: DiskMap, grades: DiskMap, row: Row) -> Iterator[Item]:
    identity = identifier(row.cells.get("question_id"), 0)
    question: Mapping[str, Any] = next(iter(asked.get(identity)), {})
    turns = [turn for turn in listed(question.get("turns")) if isinstance(turn, str)]
    choices = [mapping(choice) for choice in listed(row.cells.get("choices"))]
    if not turns:
        raise ValueError(f"no question has the id '{identity[:80]}'; give the questions that these answers are of")
    if not choices:
        raise ValueError("expected choices with the turns that were answered")
    system = text_of(row.cells.get("model_id")) or path.stem
    said = grades.get(_key(row.cells.get("question_id"), row.cells.get("model_id")))
    for sample, choice in enumerate(choices):
        given = [_said(turn) for turn in listed(choice.get("turns"))][: len(turns)] or [None]
        *earlier, text = given
        prompt = Prompt(
            id=identity,
            messages=tuple(Message(role="user", content=turn) for turn in turns[: len(given)]),
            reference=_reference(question.get("reference"), len(given)),
            meta={name: question[name] for name in ("category",) if question.get(name) is not None},
        )
        failed = text in (None, _FAILED)
        answer = answered(None if failed else text, failure="the call failed" if failed else None)
        judgments = partial(_judgments, said if sample == 0 else [], len(given))
        before = tuple(turn or "" for turn in earlier)
        yield item(RowLocation(path, row.number), prompt, answer, system, judgments, sample=sample, earlier=before)


def _said(turn: Any) -> str | None:
    """Return an answer's text; some copies hold a turn as an object."""
    return turn if isinstance(turn, str) else text_of(mapping(turn).get("content"))


def _reference(references: Any, turn: int) -> str | None:
    known = listed(references)
    return text_of(known[turn - 1]) if len(known) >= turn else None


def _judgments(grades: list[Mapping[str, Any]], turns: int, answer: str) -> Iterator[Judgment]:
    """Yield the grades of single answers; a score of -1 is a reply that could not be read."""
    for grade in grades:
        judge = grade.get("judge")
        name = next(
            (text for one in (judge if isinstance(judge, list) else [judge]) if (text := text_of(one))), "judge"
        )
        turn = grade.get("turn")
        at = turn - 1 if type(turn) is int and 1 <= turn < turns else None
        reply = text_of(grade.get("judgment"))
        common: dict[str, Any] = {"turn": at, "critique": reply, "attempts": (reply,) if reply else ()}
        if grade.get("score") == -1:
            yield verdict(answer, f"mt-bench:{name}", None, **common)
        else:
            yield verdict(answer, f"mt-bench:{name}", grade.get("score"), scale="1-10", **common)
