"""OpenTelemetry spans of calls to language models: logs of a live application, as OTLP/JSON or as the SDK prints them.

Messages are read in the forms of GenAI's semantic conventions: ``gen_ai.input.messages`` and ``gen_ai.output.messages``
with their parts, on the span or on its event, or ``gen_ai.prompt`` and ``gen_ai.completion`` of the version before; in
those of OpenLLMetry (``gen_ai.prompt.0.content``) and OpenInference (``llm.input_messages.0.message.content``). Each
answer of a call is an item, with its trace in ``meta``; a span that keeps no texts, as is the default, or cut them off,
is rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hantei.errors import RowError
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import objects_of
from hantei.exchange.shared import (
    ImportedAnswer,
    RowLocation,
    answered,
    asked,
    each_row,
    first_of,
    item,
    listed,
    mapping,
    number,
    recorded,
    text_of,
)
from hantei.inputs import Row
from hantei.inputs.values import parsed_list
from hantei.records import Prompt

_CALLS = ("chat", "text_completion", "generate_content")
"""Operations by which a model is called; spans of agents and tools around them are left out."""
_NUMBERED = re.compile(
    r"(?P<list>gen_ai\.prompt|gen_ai\.completion|llm\.(?:in|out)put_messages)\.(?P<at>\d+)\.(?P<field>.+)"
)
_SIDES = {
    "gen_ai.input.messages": "asked",
    "gen_ai.prompt": "asked",
    "llm.input_messages": "asked",
    "gen_ai.output.messages": "answered",
    "gen_ai.completion": "answered",
    "llm.output_messages": "answered",
}
_LIST_OF_OBJECTS = re.compile(r'\s*\[\s*\{\s*"')
_KEPT = {"service.name": "service", "gen_ai.agent.name": "agent", "gen_ai.conversation.id": "conversation"}


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether an object is an export of spans, or a span."""
    return "resourceSpans" in cells or ("attributes" in cells and bool({"traceId", "context"} & cells.keys()))


def read(paths: Sequence[Path]) -> ImportSource:
    """Read exports of spans."""
    return ImportSource(_items(paths), about=recorded("OpenTelemetry"))


def _items(files: Sequence[Path]) -> Iterator[Item | RowError]:
    for file in files:
        yield from each_row(file, _calls(file), partial(_item, file))


def _calls(file: Path) -> Iterator[Row | RowError]:
    """Yield a row for each span of a call, with the attributes of its resource and its own as ``facts``."""
    for row in objects_of(file):
        if isinstance(row, RowError):
            yield row
            continue
        for export in map(mapping, listed(row.cells.get("resourceSpans")) or [row.cells]):
            resource = _attributes(mapping(export.get("resource")).get("attributes"))
            for span in _spans(export):
                facts = {**resource, **_attributes(span.get("attributes"))}
                if _is_call(facts):
                    yield Row(row.number, {"span": span, "facts": facts})


def _spans(export: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the spans of an export; what is none is a span itself."""
    scopes = first_of(export, "scopeSpans", "instrumentationLibrarySpans")
    if scopes is None:
        yield export
        return
    for scope in map(mapping, listed(scopes)):
        yield from map(mapping, listed(scope.get("spans")))


def _is_call(facts: Mapping[str, Any]) -> bool:
    operation = first_of(facts, "gen_ai.operation.name", "llm.request.type")
    return operation in _CALLS or facts.get("openinference.span.kind") == "LLM"


def _item(file: Path, row: Row) -> Iterator[Item]:
    span, facts = row.cells["span"], row.cells["facts"]
    both = {**mapping(span.get("context")), **span}
    identity = text_of(first_of(both, "spanId", "span_id")) or str(row.number)
    sides = _sides(span, facts)
    instructions = _text(_whole(facts.get("gen_ai.system_instructions")))
    turns = [*([{"role": "system", "content": instructions}] if instructions else []), *map(_turn, sides["asked"])]
    if not turns:
        raise ValueError(
            "expected messages in the span, found none: applications record them only when told to "
            "(OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true)"
        )
    kept = {name: text for key, name in _KEPT.items() if (text := text_of(facts.get(key)))}
    if trace := text_of(first_of(both, "traceId", "trace_id")):
        kept["trace"] = trace
    model = text_of(first_of(facts, "gen_ai.request.model", "llm.model_name", "gen_ai.response.model"))
    prompt = Prompt(id=identity, messages=asked(turns), meta=kept)
    at = RowLocation(file, row.number)
    for sample, answer in enumerate(_answers(sides["answered"], span, facts)):
        yield item(at, prompt, answer, model or file.stem, sample=sample)


def _sides(span: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Return what was asked and what was answered, as messages in whatever form they were recorded."""
    found: dict[str, list[Mapping[str, Any]]] = {"asked": [], "answered": []}
    numbered: dict[str, dict[int, dict[str, Any]]] = {}
    events = [_attributes(mapping(event).get("attributes")) for event in listed(span.get("events"))]
    for key, value in [pair for some in (facts, *events) for pair in some.items()]:
        if key in _SIDES and not found[_SIDES[key]]:
            found[_SIDES[key]] = _recorded(value, _SIDES[key])
        elif match := _NUMBERED.fullmatch(key):
            field = match["field"].removeprefix("message.")
            numbered.setdefault(match["list"], {}).setdefault(int(match["at"]), {})[field] = value
    for name, turns in numbered.items():
        found[_SIDES[name]] = found[_SIDES[name]] or [_nested(turns[place]) for place in sorted(turns)]
    return found


def _recorded(value: Any, side: str) -> list[Mapping[str, Any]]:
    """Return messages as they stand in one attribute; a text that is none is a message of the side's role."""
    value = _whole(value)
    if isinstance(value, str):
        return [{"role": "user" if side == "asked" else "assistant", "content": value}]
    return [message for message in (listed(value) or [value]) if isinstance(message, Mapping)]


def _turn(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message in the form of the chat completions API, its parts in their places."""
    parts = list(map(mapping, listed(message.get("parts"))))
    if not parts:
        return _plain_turn(message)
    turn: dict[str, Any] = {"role": message.get("role") or "user", "content": _text(parts) or ""}
    calls = [part for part in parts if part.get("type") == "tool_call"]
    results = [part for part in parts if part.get("type") == "tool_call_response"]
    if calls:
        turn["tool_calls"] = [_call(part) for part in calls]
    if results:
        said = first_of(results[0], "response", "result")
        turn |= {"role": "tool", "tool_call_id": str(results[0].get("id") or ""), "content": _plain(said)}
    return turn


def _plain_turn(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without parts, as OpenLLMetry, OpenInference and the chat completions API write it."""
    contents = [mapping(one).get("message_content", one) for one in _entries(message.get("contents"))]
    text = _text(_decoded(message.get("content"))) or _text(contents) or ""
    turn: dict[str, Any] = {"role": message.get("role") or "user", "content": text}
    if calls := [mapping(one) for one in _entries(_decoded(message.get("tool_calls")))]:
        calls = [mapping(call.get("tool_call")) or call for call in calls]
        turn["tool_calls"] = [_call({**call, **mapping(call.get("function"))}) for call in calls]
    if answers := text_of(message.get("tool_call_id")):
        turn |= {"role": "tool", "tool_call_id": answers}
    return turn


def _nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields whose names are paths with dots as objects in objects."""
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split(".")
        place = whole
        for step in path:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return whole


def _entries(given: Any) -> list[Any]:
    """Return the entries of a list, or of an object whose keys are their numbers."""
    if isinstance(given, Mapping):
        return [given[number] for number in sorted(given, key=lambda key: (len(key), key))]
    return list(listed(given))


def _call(part: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": str(part.get("name") or ""), "arguments": _plain(part.get("arguments"))}
    return {"id": str(part.get("id") or ""), "type": "function", "function": function}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _text(content: Any, kind: str = "text") -> str | None:
    """Return the text of a content: one, or its parts of a kind."""
    if isinstance(content, str):
        return content
    parts = (part for part in map(mapping, listed(content)) if part.get("type", kind) == kind)
    texts = [text for part in parts if (text := text_of(first_of(part, "content", "text")))]
    return "\n".join(texts) or None


def _answers(
    messages: list[Mapping[str, Any]], span: Mapping[str, Any], facts: Mapping[str, Any]
) -> Iterator[ImportedAnswer]:
    """Yield the answers of a call: each message is a choice; in OpenInference's form the last one is the answer."""
    reasons = listed(_decoded(facts.get("gen_ai.response.finish_reasons")))
    choices: Sequence[Mapping[str, Any] | None] = (
        messages[-1:] if facts.get("openinference.span.kind") == "LLM" else messages
    )
    for place, message in enumerate(choices or [None]):
        finish = first_of(message or {}, "finish_reason") or next(iter(reasons[place:]), None)
        yield _answer(message, finish, span, facts)


def _answer(
    message: Mapping[str, Any] | None, finish: Any, span: Mapping[str, Any], facts: Mapping[str, Any]
) -> ImportedAnswer:
    known: dict[str, Any] = {"served_model": text_of(facts.get("gen_ai.response.model")), "usage": _usage(facts)}
    if (latency := _seconds(span)) is not None:
        known["latency_s"] = latency
    status = mapping(span.get("status"))
    if status.get("code", status.get("status_code")) in (2, "STATUS_CODE_ERROR", "ERROR"):
        why = text_of(first_of({**facts, **status}, "message", "description", "error.type"))
        return answered(None, failure=why or "the span has the status of an error", **known)
    if message is None:
        return answered(None, failure="the span holds no answer", **known)
    thought = _text(listed(message.get("parts")), "reasoning")
    return answered({**_turn(message), "role": "assistant"}, finish=finish, reasoning=thought, **known)


def _usage(facts: Mapping[str, Any]) -> dict[str, int]:
    names = {
        "input": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
        "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"),
    }
    counts = {name: number(first_of(facts, *keys)) for name, keys in names.items()}
    return {name: int(count) for name, count in counts.items() if count is not None and count >= 0}


def _seconds(span: Mapping[str, Any]) -> float | None:
    begun, ended = number(span.get("startTimeUnixNano")), number(span.get("endTimeUnixNano"))
    return round((ended - begun) / 1e9, 4) if begun is not None and ended is not None and ended >= begun else None


def _attributes(given: Any) -> dict[str, Any]:
    """Return attributes by name: OTLP has a list of keys with typed values, the SDK's JSON an object."""
    if isinstance(given, Mapping):
        return dict(given)
    return {str(one.get("key")): _value(one.get("value")) for one in map(mapping, listed(given))}


def _value(typed: Any) -> Any:
    """Return an OTLP value without its type."""
    kind, value = next(iter(mapping(typed).items()), ("", None))
    if kind == "arrayValue":
        return [_value(one) for one in listed(mapping(value).get("values"))]
    if kind == "kvlistValue":
        return _attributes(mapping(value).get("values"))
    whole = number(value) if kind == "intValue" else None  # 64 bits stand as text
    return value if whole is None else int(whole)


def _decoded(value: Any) -> Any:
    """Return what a text holds as JSON where it does: attributes hold no objects, so messages stand as text."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        found = parsed_list(value)
        return value if found is None else found
    return value


def _whole(value: Any) -> Any:
    """Return what messages in a text are.

    Raises:
        ValueError: they were cut off, and what is left must not be judged as if somebody had written it.
    """
    found = _decoded(value)
    if isinstance(found, str) and _LIST_OF_OBJECTS.match(found):
        raise ValueError(
            "expected messages as JSON, found a part of it: the application cuts long attributes "
            "(OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT)"
        )
    return found
