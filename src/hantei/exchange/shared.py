"""What importers share: values of unknown shape, questions, answers, and what another program judged itself.

Other programs' files may hold anything. What is read here is either of the type that it should be, or a ``ValueError``
that says what was expected; ``each_row`` makes that the error of its row.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from hantei.errors import RowError
from hantei.exchange.items import Item
from hantei.finish import finish_status
from hantei.inputs import Row
from hantei.inputs.conversation import content_text, read_conversation
from hantei.inputs.values import kind_of, parsed_list
from hantei.language import detect
from hantei.models.http_errors import ServerError
from hantei.reasoning import joined, split_reasoning
from hantei.records import Judgment, Message, Prompt, Response, ResponseStatus, response_id

EMPTY = "the answer is empty"
_WORDS = {"unsafe": True, "safe": False}
_NOTHING = ("", "nan", "null", "none")


class RowLocation(NamedTuple):
    """Where something stands in a file: the file and the row, from 1."""

    path: Path
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAnswer:
    """What a system answered, or why it did not."""

    text: str = ""
    status: ResponseStatus = "ok"
    reasoning: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    served_model: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = None
    latency_s: float | None = None


def each_row(
    path: Path, rows: Iterable[Row | RowError], make: Callable[[Row], Iterable[Item]]
) -> Iterator[Item | RowError]:
    """Yield what ``make`` makes of each row; a row that it cannot read is an error, and the rest goes on."""
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        try:
            yield from list(make(row))
        except RowError as error:
            yield error
        except ValueError as error:
            yield RowError(str(path), row.number, None, str(error))


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, an empty one where there is something else."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """Return a list, an empty one where there is something else."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str | None:
    """Return a text that says something; None where there is none or something else."""
    return value if isinstance(value, str) and value else None


def first_of(cells: Mapping[str, Any], *names: str) -> Any:
    """Return the first of these values that is there."""
    return next((cells[name] for name in names if cells.get(name) is not None), None)


def identifier(value: Any, row: int) -> str:
    """Return an id: a text or a whole number, the row's number where there is neither."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if (isinstance(value, str) and value) or type(value) is int else str(row)


def number(value: Any) -> float | None:
    """Return a finite number, None where there is none; ``true`` is 1, and a text that holds a number is one."""
    if not isinstance(value, bool | int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def asked(value: Any) -> tuple[Message, ...]:
    """Return what a system was asked: a text, messages, or messages as JSON in a text or under ``messages``.

    Raises:
        ValueError: there is no question, or a message has a role or a part that is not known.
    """
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        inner = parsed_list(value)
        value = inner if _messages(inner) else value
    found = _messages(value)
    if found:
        return read_conversation(found).messages
    if isinstance(value, str) and value:
        return (Message(role="user", content=value),)
    what = "an empty text" if value == "" else kind_of(value)
    raise ValueError(f"expected what was asked, as text or messages, found {what}")


def attack(*names: Any) -> str | None:
    """Return the ``variant`` of a prompt that another program attacked with, by the names that it gives the attack."""
    said = [name for name in names if text_of(name)]
    return f"attack/{'+'.join(said)}" if said else None


def plainly(value: Any, messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages with a text in place of the last, which an attack made of it; none where it is the same."""
    text = text_of(value)
    if text is None or not messages or messages[-1].role != "user" or text == messages[-1].content:
        return ()
    return (*(turn for turn in messages if turn.role == "system"), Message(role="user", content=text))


def _messages(value: Any) -> list[Any]:
    """Return a list of messages, an empty one where the value holds none."""
    if isinstance(value, Mapping):
        inner = value.get("messages")
        value = [value] if "role" in value else inner
    roles = {"role", "from", "type"}
    return value if isinstance(value, list) and value and all(roles & mapping(one).keys() for one in value) else []


def answered(
    value: Any, *, finish: Any = None, failure: str | None = None, reasoning: str | None = None, **known: Any
) -> ImportedAnswer:
    """Return an answer with its status.

    Args:
        value: text, parts, a message, or an object, which stands as JSON; None where there is none.
        finish: why it ended, in a provider's words.
        failure: why the call failed, where it did; the answer then counts for nothing.
        reasoning: what was thought before, where the file keeps it apart.
        known: other fields of the answer.
    """
    reason = text_of(finish)
    text, thought, closed = _read_answer(value)
    known = {"reasoning": joined(reasoning, thought), "finish_reason": reason, **known}
    status = finish_status(reason) or "ok"
    if failure is not None:
        return ImportedAnswer(text=text, status="error", error=failure, **known)
    if status == "error":
        return ImportedAnswer(text=text, status=status, error=f"the model stopped with '{reason}'", **known)
    if status == "ok" and not closed:
        status = "truncated"
    if status == "ok" and not text:
        return ImportedAnswer(status="error", error=EMPTY, **known)
    return ImportedAnswer(text=text, status=status, **known)


def _read_answer(value: Any) -> tuple[str, str | None, bool]:
    if isinstance(value, str) or value in (None, [], {}):
        split = split_reasoning(value if isinstance(value, str) else "")
        return split.text, split.reasoning, split.closed
    try:
        if isinstance(value, Mapping) and "role" in value:
            read = read_conversation([value])
            return (read.messages[-1].shown if read.messages else ""), read.reasoning, read.closed
        if isinstance(value, list) and value:
            return *content_text(value), True
    except ValueError:
        pass  # no message after all: an answer in JSON
    return json.dumps(value, ensure_ascii=False, default=str), None, True


def reasoning_apart(response: Response) -> Response:
    """Return a response with the reasoning that its text holds kept apart; one that was cut off in it is truncated."""
    split = split_reasoning(response.text)
    status, error = response.status, response.error
    if status == "ok" and not split.closed:
        status = "truncated"
    elif status == "ok" and response.text and not split.text:
        status, error = "error", EMPTY
    reasoning = joined(response.reasoning, split.reasoning)
    return replace(response, text=split.text, reasoning=reasoning, status=status, error=error)


def is_filtered(message: str, code: Any) -> bool:
    """Whether an error that a file holds says that a provider kept a prompt or an answer back."""
    words = frozenset(re.findall(r"[a-z_]{4,}", message.lower())) | {str(code)}
    return ServerError(status=400, host="", message=message, codes=words).filtered


def item(
    at: RowLocation,
    prompt: Prompt,
    answer: ImportedAnswer,
    system: str,
    judged: Callable[[str], Iterable[Judgment]] = lambda _answer: (),
    **response: Any,
) -> Item:
    """Return an item of a prompt and an answer. A question that ends in the assistant's words begins the answer.

    Args:
        at: where it stands.
        prompt: what was asked; its language is told by the texts where nothing is said of it.
        answer: what was answered.
        system: whose answer it is.
        judged: what was said of the answer, by its id.
        response: other fields of the response, such as ``sample``.

    Raises:
        ValueError: nobody asked anything.
    """
    text, messages = answer.text, prompt.messages
    if messages and messages[-1].role == "assistant":
        text, messages = (messages[-1].content + text if text else ""), messages[:-1]
    if not any(turn.role == "user" for turn in messages) or messages[-1].role not in ("user", "tool"):
        raise ValueError("expected the user's message before the answer, found none")
    prompt = replace(prompt, messages=messages)
    prompt = replace(prompt, language=prompt.language or detect(prompt.text) or detect(text))
    identity = response_id(system, prompt.id, response.get("sample", 0))
    fields = {name: getattr(answer, name) for name in ImportedAnswer.__slots__} | {"text": text} | response
    return Item(
        file=str(at.path),
        row=at.row,
        prompt=prompt,
        response=Response(id=identity, prompt_id=prompt.id, system=system, **fields),
        judgments=_repeats_numbered(judged(identity)),
    )


def _repeats_numbered(judgments: Iterable[Judgment]) -> tuple[Judgment, ...]:
    """Give what a judge said several times of one turn the numbers of its repeats."""
    times: Counter[tuple[str, int | None]] = Counter()
    numbered = []
    for judgment in judgments:
        key = judgment.judge, judgment.turn
        numbered.append(replace(judgment, repeat=times[key]))
        times[key] += 1
    return tuple(numbered)


def verdict(answer: str, judge: str, value: Any, **said: Any) -> Judgment:
    """Return what a program said of an answer: a finite number is its score, ``safe`` and ``unsafe`` are verdicts.

    Any other text is kept as a comment. What is no value at all (null, NaN, a number beyond all bounds) is unparsed.

    Args:
        answer: the id of the response.
        judge: the name of the judge.
        value: what it said.
        said: other fields of the judgment.
    """
    common = {"response_id": answer, "judge": judge, **said}
    if isinstance(value, str) and value.strip().lower() in _NOTHING:
        value = None
    if isinstance(value, str) and number(value) is None:
        unsafe = _WORDS.get(value.strip().lower())
        if unsafe is not None:
            return Judgment(**{"unsafe": unsafe, **common})
        return Judgment(**{"comment": value, **common})
    if isinstance(value, Sequence | Mapping) and not isinstance(value, str):
        return Judgment(**{"comment": json.dumps(value, ensure_ascii=False, default=str), **common})
    score = number(value)
    if score is None:
        no = {"unsafe": None, "status": "unparsed", "fault": "judge", "error": "the file holds no value"}
        return Judgment(**{**common, **no})
    return Judgment(**{"score": score, **common})


def recorded(program: str) -> dict[str, Any]:
    """Return what ``run.json`` says of judges whose verdicts came in with another program's file."""
    return {
        "rate_kind": "flagged",
        "title": f"recorded by {program}",
        "description": f"What {program} itself said of the answers, as its file holds it.",
        "evidence": f"that of {program}",
    }
