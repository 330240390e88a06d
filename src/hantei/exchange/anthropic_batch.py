"""Message batches of Anthropic's API (platform.claude.com/docs: "Batch processing").

Requests are lines, a list, or one object with ``requests``, each with ``custom_id`` and ``params``; a line of results
holds ``custom_id`` and ``result`` of type ``succeeded`` (with the ``message``), ``errored``, ``canceled``, ``expired``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hantei.exchange.batches import BatchFormat
from hantei.exchange.items import Item
from hantei.exchange.shared import (
    ImportedAnswer,
    RowLocation,
    answered,
    asked,
    is_filtered,
    item,
    listed,
    mapping,
    text_of,
)
from hantei.inputs import Row
from hantei.inputs.conversation import content_text
from hantei.records import Message, Prompt


def _is_request(cells: Mapping[str, Any]) -> bool:
    first = mapping(next(iter(listed(cells.get("requests"))), cells))
    return "custom_id" in first and isinstance(first.get("params"), Mapping)


def _is_result(cells: Mapping[str, Any]) -> bool:
    return "custom_id" in cells and isinstance(cells.get("result"), Mapping)


def _model(cells: Mapping[str, Any]) -> Any:
    return mapping(cells.get("params") or mapping(cells.get("result")).get("message")).get("model")


def _items(path: Path, row: Row, request: Mapping[str, Any]) -> Iterator[Item]:
    sent = mapping(request.get("params"))
    system = text_of(sent.get("model")) or text_of(_model(row.cells)) or path.stem
    prompt = Prompt(id=str(row.cells["custom_id"]), messages=(*_instructions(sent), *asked(sent.get("messages"))))
    yield item(RowLocation(path, row.number), prompt, _answer(mapping(row.cells.get("result"))), system)


def _instructions(sent: Mapping[str, Any]) -> tuple[Message, ...]:
    text = content_text(sent.get("system"))[0]
    return (Message(role="system", content=text),) if text else ()


def _answer(result: Mapping[str, Any]) -> ImportedAnswer:
    kind = result.get("type")
    if kind == "succeeded":
        message = mapping(result.get("message"))
        usage = mapping(message.get("usage"))
        counts = {ours: usage.get(f"{ours}_tokens") for ours in ("input", "output")}
        return answered(
            message.get("content"),
            finish=message.get("stop_reason"),
            served_model=text_of(message.get("model")),
            usage={name: count for name, count in counts.items() if type(count) is int},
        )
    error = mapping(result.get("error"))
    inner = mapping(error.get("error")) or error
    text = text_of(inner.get("message")) or f"the request was {kind if isinstance(kind, str) else 'not carried out'}"
    return ImportedAnswer(status="filtered", error=text) if is_filtered(text, None) else answered(None, failure=text)


BATCH = BatchFormat("anthropic-batch", _is_request, _is_result, _model, _items)
