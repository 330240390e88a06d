"""Answers and scores from Inspect AI's logs: hantei's own come back as they were, any other task's as what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hantei.errors import InputError, RecordError, RowError, UsageError
from hantei.exchange.inspect_scores import KEY, from_score, restored
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.shared import reasoning_apart
from hantei.inputs.conversation import read_conversation
from hantei.language import detect
from hantei.records import Judgment, Message, Prompt, Response, ResponseStatus, response_id

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import ChatMessage, ModelOutput

_STATUS: dict[str, ResponseStatus] = {
    "max_tokens": "truncated",
    "model_length": "truncated",
    "content_filter": "filtered",
}


def read(path: Path) -> ImportSource:
    """Read a log (``.eval`` or ``.json``), or all logs of a folder.

    A log is read whole, so memory grows with the largest one.

    Raises:
        UsageError: Inspect AI is not installed.
        InputError: there is no log, or a file is not one.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.eval")) or sorted(path.glob("*.json"))
    if not files:
        raise InputError(f"{path}: expected Inspect logs (.eval or .json)")
    judges: dict[str, Mapping[str, Any]] = {}
    for file in files:
        metadata = _log(file, header_only=True).eval.metadata or {}
        own = metadata.get(KEY)
        judges |= own.get("judges", {}) if isinstance(own, Mapping) else {}
    return ImportSource((item for file in files for item in _items(file)), judges)


def require_inspect(what: str) -> None:
    """Make sure that Inspect AI is installed.

    Raises:
        UsageError: it is not.
    """
    try:
        import inspect_ai  # noqa: F401
    except ImportError:
        raise UsageError(f"{what} needs an extra: pip install 'hantei[inspect]'") from None


def _log(file: Path, header_only: bool) -> EvalLog:
    require_inspect("--from inspect")
    from inspect_ai.log import read_eval_log

    try:
        return read_eval_log(file.as_posix(), header_only=header_only, resolve_attachments=True)
    except Exception as error:  # Inspect names no base class for what a broken file raises
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"{file}: expected an Inspect log: {reason}") from None


def _items(file: Path) -> Iterator[Item | RowError]:
    log = _log(file, header_only=False)
    for number, sample in enumerate(sorted(log.samples or [], key=_position), 1):
        try:
            prompt, response, judgments = _sample(log, sample)
            yield Item(file=str(file), row=number, prompt=prompt, response=response, judgments=judgments)
        except (RecordError, ValueError) as error:
            yield RowError(str(file), number, None, f"sample '{str(sample.id)[:80]}': {error}")


def _position(sample: EvalSample) -> int:
    """Return where a sample stood in its run; those of other tasks keep the log's order."""
    own = sample.metadata.get(KEY)
    position = own.get("position") if isinstance(own, Mapping) else None
    return position if isinstance(position, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a sample of a log and one that is being scored have in common. ``epoch`` counts answers from 1."""

    task: str | None
    model: str
    id: str | int
    epoch: int
    input: str | list[ChatMessage]
    target: str | list[str]
    metadata: Mapping[str, Any]
    output: ModelOutput
    failure: str | None = None


def _sample(log: EvalLog, sample: EvalSample) -> tuple[Prompt, Response, tuple[Judgment, ...]]:
    answered = Answered(
        task=log.eval.task,
        model=log.eval.model,
        id=sample.id,
        epoch=sample.epoch,
        input=_conversation(sample),
        target=sample.target,
        metadata=sample.metadata,
        output=sample.output,
        failure=sample.error.message if sample.error else None,
    )
    prompt, response = pair(answered)
    scores = (sample.scores or {}).items()
    judgments = [judgment for name, score in scores for judgment in from_score(name, score, response.id)]
    return prompt, response, tuple(judgments)


def _conversation(sample: EvalSample) -> str | list[ChatMessage]:
    """Return what came before the output: of an agent that used tools, all that it did."""
    last = max((k for k, message in enumerate(sample.messages) if message.role == "assistant"), default=0)
    before = sample.messages[:last]
    return before if any(message.role == "tool" for message in before) else sample.input


def pair(answered: Answered) -> tuple[Prompt, Response]:
    """Return the prompt and the response of a sample: hantei's own records where it has them, else what it says.

    Raises:
        ValueError: it holds something that is no conversation of texts ending with the user's.
        RecordError: what is kept as hantei's is none of its records.
    """
    kept = answered.metadata.get(KEY)
    own = kept if isinstance(kept, Mapping) else {}
    prompt = restored(Prompt, own["prompt"]) if "prompt" in own else _prompt(answered)
    return prompt, restored(Response, own["response"]) if "response" in own else _response(answered, prompt)


def _prompt(answered: Answered) -> Prompt:
    asked = answered.input
    messages = (
        (Message(role="user", content=asked),)
        if isinstance(asked, str)
        else tuple(one for message in asked for one in _message(message))
    )
    if not messages or messages[-1].role not in ("user", "tool"):
        raise ValueError("expected the input to end with the user's message, or a tool's result")
    target = "\n".join(answered.target) if isinstance(answered.target, list) else answered.target
    used_tools = any(message.role == "tool" for message in messages)
    return Prompt(
        id=f"{answered.id}/{answered.epoch}" if used_tools else str(answered.id),
        messages=messages,
        benchmark=answered.task,
        language=detect(messages[-1].content),
        reference=target or None,
        meta={name: value for name, value in answered.metadata.items() if name != KEY},
    )


def _message(message: ChatMessage) -> tuple[Message, ...]:
    """Return a message of a log; calls of tools and their results are kept, an image is named.

    Raises:
        ValueError: its role or a part of it is not known.
    """
    content = message.content if isinstance(message.content, str) else [part.model_dump() for part in message.content]
    calls = [
        {"id": call.id, "name": call.function, "arguments": call.arguments}
        for call in getattr(message, "tool_calls", None) or ()
    ]
    known = {"tool_call_id": getattr(message, "tool_call_id", None), "name": getattr(message, "function", None)}
    return read_conversation([{"role": message.role, "content": content, "tool_calls": calls, **known}]).messages


def _response(answered: Answered, prompt: Prompt) -> Response:
    output, number = answered.output, answered.epoch - 1
    failure, text = answered.failure or output.error, output.completion
    status: ResponseStatus = _STATUS.get(output.stop_reason, "ok") if output.choices else "error"
    if failure or (status == "ok" and not text):
        status = "error"
    usage = output.usage
    response = Response(
        id=response_id(answered.model, prompt.id, number),
        prompt_id=prompt.id,
        system=answered.model,
        sample=number,
        text=text,
        status=status,
        reasoning=_reasoning(output),
        finish_reason=output.stop_reason if output.choices else None,
        usage={"input": usage.input_tokens, "output": usage.output_tokens} if usage else {},
        latency_s=output.time,
        served_model=output.model or None,
        error=(failure or "the answer is empty") if status == "error" else None,
    )
    return reasoning_apart(response)


def _reasoning(output: ModelOutput) -> str | None:
    content = output.choices[0].message.content if output.choices else ""
    parts = [] if isinstance(content, str) else [part.reasoning for part in content if part.type == "reasoning"]
    return "\n\n".join(parts) or None
