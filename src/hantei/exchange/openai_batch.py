"""Batches of OpenAI's API and its relatives (platform.openai.com/docs/guides/batch): chat, responses, completions.

A line of requests holds ``custom_id``, ``url`` and ``body``; one of results ``custom_id``, ``response`` with
``status_code`` and ``body``, and ``error`` where the request was never carried out (expired, cancelled).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hantei.exchange.batches import BatchFormat
from hantei.exchange.items import Item
from hantei.exchange.shared import (
    EMPTY,
    ImportedAnswer,
    RowLocation,
    answered,
    asked,
    first_of,
    is_filtered,
    item,
    listed,
    mapping,
    text_of,
)
from hantei.inputs import Row
from hantei.inputs.conversation import read_conversation
from hantei.models.base import CallError
from hantei.models.http_errors import read_error
from hantei.models.openai_reply import read_reply
from hantei.records import Message, Prompt


def _is_request(cells: Mapping[str, Any]) -> bool:
    return "custom_id" in cells and isinstance(cells.get("body"), Mapping)


def _is_result(cells: Mapping[str, Any]) -> bool:
    return "custom_id" in cells and "response" in cells


def _model(cells: Mapping[str, Any]) -> Any:
    return mapping(cells.get("body") or mapping(cells.get("response")).get("body")).get("model")


def _items(path: Path, row: Row, request: Mapping[str, Any]) -> Iterator[Item]:
    sent = mapping(request.get("body"))
    prompt = Prompt(id=str(row.cells["custom_id"]), messages=_asked(sent))
    system = text_of(sent.get("model")) or text_of(_model(row.cells)) or path.stem
    for sample, answer in enumerate(_answers(row.cells)):
        yield item(RowLocation(path, row.number), prompt, answer, system, sample=sample)


def _asked(sent: Mapping[str, Any]) -> tuple[Message, ...]:
    messages = asked(first_of(sent, "messages", "input", "prompt"))
    instructions = text_of(sent.get("instructions"))
    return (Message(role="system", content=instructions), *messages) if instructions else messages


def _answers(cells: Mapping[str, Any]) -> list[ImportedAnswer]:
    response = mapping(cells.get("response"))
    body, status = mapping(response.get("body")), response.get("status_code", 200)
    failure = cells.get("error") or (body.get("error") if status == 200 else None)
    if failure or not response:
        return [_failed(failure)]
    if status != 200:
        error = read_error(status if type(status) is int else 500, {}, json.dumps(body).encode(), "the server", None)
        text = error.failure().text
        return [ImportedAnswer(status="filtered", error=text) if error.filtered else answered(None, failure=text)]
    if "output" in body:
        return [_of_responses(body)]
    choices = listed(body.get("choices"))
    return [_of_choice(body, choice) for choice in choices] or [_of_choice(body, None)]


def _failed(error: Any) -> ImportedAnswer:
    text = (
        text_of(mapping(error).get("message"))
        or text_of(mapping(error).get("code"))
        or "the request was not carried out"
    )
    return (
        ImportedAnswer(status="filtered", error=text)
        if is_filtered(text, mapping(error).get("code"))
        else answered(None, failure=text)
    )


def _of_choice(body: Mapping[str, Any], choice: Any) -> ImportedAnswer:
    """Return one choice's answer; that of a completion is a text, that of a chat a message."""
    if isinstance(choice, Mapping) and isinstance(choice.get("text"), str):
        choice = {**choice, "message": {"content": choice["text"]}}
    try:
        reply = read_reply({**body, "choices": [choice] if choice is not None else []}, 0.0)
    except CallError as error:
        return answered(None, failure=error.text)
    known: dict[str, Any] = {
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason,
        "usage": reply.usage,
        "served_model": reply.served_model,
    }
    calls = mapping(mapping(choice).get("message"))
    text = reply.text or (read_conversation([calls]).messages[-1].shown if calls.get("tool_calls") else "")
    if not text and reply.status == "ok":
        return ImportedAnswer(status="error", error=EMPTY, **known)
    return ImportedAnswer(text=text, status=reply.status, **known)


def _of_responses(body: Mapping[str, Any]) -> ImportedAnswer:
    """Return the answer of OpenAI's responses: items of reasoning, messages and calls of tools."""
    read = read_conversation(listed(body.get("output")))
    why = mapping(body.get("incomplete_details")).get("reason")
    usage = mapping(body.get("usage"))
    counts = {ours: usage.get(f"{ours}_tokens") for ours in ("input", "output")}
    answer = answered(
        "\n".join(turn.shown for turn in read.messages),
        finish=why or body.get("status"),
        reasoning=read.reasoning,
        served_model=text_of(body.get("model")),
        usage={name: count for name, count in counts.items() if type(count) is int},
    )
    # The model's own refusal, in a part for that, is an answer; a filter's is said in incomplete_details.
    parts = (mapping(part) for one in listed(body.get("output")) for part in listed(mapping(one).get("content")))
    refused = any(part.get("type") == "refusal" for part in parts) and answer.status == "ok"
    return dataclasses.replace(answer, finish_reason="refusal") if refused else answer


BATCH = BatchFormat("openai-batch", _is_request, _is_result, _model, _items)
