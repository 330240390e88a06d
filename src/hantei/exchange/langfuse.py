"""Traces and observations from Langfuse: its API's answers, exports of its tables, and of its blob storage.

JSON, JSON lines or CSV, names in either spelling (``traceId``, ``trace_id``); langfuse.com/docs: "Export via blob
storage", "Observations". Where traces are among the files each of them is an item; else each observation of type
``GENERATION``. ``scores`` may be inside a trace or in a file of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hantei.errors import RowError
from hantei.exchange.disk_map import DiskMap
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import first_object, rows_of
from hantei.exchange.shared import (
    ImportedAnswer,
    RowLocation,
    answered,
    asked,
    each_row,
    first_of,
    identifier,
    is_filtered,
    item,
    listed,
    mapping,
    number,
    recorded,
    text_of,
    verdict,
)
from hantei.inputs import Row, open_table
from hantei.inputs.values import parsed_list
from hantei.records import Judgment, Message, Prompt

_TRACES = ("sessionId", "session_id", "userId", "user_id", "observations", "projectId", "project_id", "htmlPath")
"""What a trace has beside its input and output, some of these."""
_TEXTS = ("content", "text", "output", "answer", "response", "completion", "result")
"""Where an answer stands in an object that is no message."""


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether an object is an observation, a trace or a score, or the first page of some."""
    first = mapping(next(iter(listed(cells.get("data"))), cells))
    return _is_score(first) or _is_observation(first) or _is_trace(first)


def _trace_id(cells: Mapping[str, Any]) -> str | None:
    return text_of(first_of(cells, "traceId", "trace_id"))


def _is_observation(cells: Mapping[str, Any]) -> bool:
    return _trace_id(cells) is not None and "type" in cells and {"input", "output"} <= cells.keys()


def _is_score(cells: Mapping[str, Any]) -> bool:
    known = {"value", "stringValue", "string_value"} & cells.keys()
    return _trace_id(cells) is not None and "name" in cells and bool(known) and "output" not in cells


def _is_trace(cells: Mapping[str, Any]) -> bool:
    return {"id", "input", "output"} <= cells.keys() and "type" not in cells and any(name in cells for name in _TRACES)


def read(paths: Sequence[Path]) -> ImportSource:
    """Read exports."""
    return ImportSource(_items(paths), about=recorded("Langfuse"))


def _kind(path: Path, of: Any) -> bool:
    cells = first_object(path)
    return bool(of(mapping(next(iter(listed(cells.get("data"))), cells))))


def _items(files: Sequence[Path]) -> Iterator[Item | RowError]:
    scored = [file for file in files if _kind(file, _is_score)]
    traces = [file for file in files if _kind(file, _is_trace)]
    observed = [file for file in files if file not in scored and file not in traces]
    with DiskMap() as scores, DiskMap() as last:
        for file in scored:
            for row in rows_of(file, "data"):
                if isinstance(row, RowError):
                    yield row
                else:
                    about = (
                        text_of(first_of(row.cells, "observationId", "observation_id")) or _trace_id(row.cells) or ""
                    )
                    scores.put(about, row.cells)
        _find_last(observed, last)
        for file in traces:
            yield from each_row(file, _rows(file), partial(_trace, file, scores, last))
        for file in [] if traces else observed:
            yield from each_row(file, _rows(file), partial(_observation, file, scores, last))


def _rows(file: Path) -> Iterator[Row | RowError]:
    """Yield the rows of a file; an object that is a trace itself is one."""
    if open_table(file).format == "object":
        cells = first_object(file)
        if _is_trace(cells) and isinstance(cells.get("observations"), list):
            yield Row(1, cells)
            return
    yield from rows_of(file, "data")


def _find_last(files: list[Path], last: DiskMap) -> None:
    """Keep which generation is the last of each trace, with its model."""
    for file in files:
        for row in rows_of(file, "data"):
            if isinstance(row, Row) and _is_generation(row.cells):
                known = ("id", "model", "providedModelName", "provided_model_name", "startTime", "start_time")
                last.put(_trace_id(row.cells) or "", {name: row.cells[name] for name in known if name in row.cells})


def _is_generation(cells: Mapping[str, Any]) -> bool:
    return str(cells.get("type")).upper() == "GENERATION"


def _latest(generations: list[Any]) -> Mapping[str, Any]:
    """Return the generation that began last."""
    found = sorted(map(mapping, generations), key=lambda one: str(first_of(one, "startTime", "start_time") or ""))
    return found[-1] if found else {}


def _trace(file: Path, scores: DiskMap, last: DiskMap, row: Row) -> Iterator[Item]:
    cells = row.cells
    identity = identifier(cells.get("id"), row.number)
    inside = [one for one in map(mapping, listed(cells.get("observations"))) if _is_generation(one)]
    generation = _latest(inside or last.get(identity))
    whole = {
        **cells,
        **{name: _decoded(first_of(generation, name)) for name in ("input", "output") if cells.get(name) is None},
    }
    said = [*_inner_scores(cells.get("scores")), *scores.get(identity)]
    system = _model(generation) or text_of(cells.get("name")) or file.stem
    yield _item(RowLocation(file, row.number), identity, whole, system, said)


def _observation(file: Path, scores: DiskMap, last: DiskMap, row: Row) -> Iterator[Item]:
    cells = row.cells
    if not _is_generation(cells):
        return
    identity, trace = identifier(cells.get("id"), row.number), _trace_id(cells) or ""
    said = [*_inner_scores(cells.get("scores")), *scores.get(identity)]
    if _latest(last.get(trace)).get("id") == cells.get("id"):
        said += scores.get(trace)
    yield _item(RowLocation(file, row.number), identity, cells, _model(cells) or file.stem, said)


def _model(cells: Mapping[str, Any]) -> str | None:
    return text_of(first_of(cells, "model", "providedModelName", "provided_model_name"))


def _item(at: RowLocation, identity: str, cells: Mapping[str, Any], system: str, scores: list[Any]) -> Item:
    kept = {name: cells[name] for name in ("name", "tags", "environment") if cells.get(name)}
    prompt = Prompt(id=identity, messages=_asked(_decoded(cells.get("input"))), meta=kept)
    return item(at, prompt, _answer(cells), system, partial(_judgments, scores))


def _decoded(value: Any) -> Any:
    """Return what a text holds as JSON where it does, as exports write inputs and outputs."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[", '"')):
        inner = parsed_list(value) if value.lstrip()[0] != '"' else _unquoted(value)
        return value if inner is None else inner
    return value


def _unquoted(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _asked(value: Any) -> tuple[Message, ...]:
    """Return what was asked; an object that holds no messages stands as JSON."""
    if isinstance(value, Mapping) and not ({"role", "messages"} & value.keys()):
        alone = list(value.values())
        value = alone[0] if len(alone) == 1 and isinstance(alone[0], str) else json.dumps(value, ensure_ascii=False)
    return asked(value)


def _answer(cells: Mapping[str, Any]) -> ImportedAnswer:
    output = _decoded(cells.get("output"))
    choice = mapping(next(iter(listed(mapping(output).get("choices"))), None))
    finish = choice.get("finish_reason")
    output = choice.get("message", output)
    if isinstance(output, Mapping) and "role" not in output:
        output = first_of({**output, "": output}, *(name for name in _TEXTS if isinstance(output.get(name), str)), "")
    if isinstance(output, list) and output and all("role" in mapping(one) for one in output):
        output = output[-1]
    usage = mapping(_decoded(first_of(cells, "usageDetails", "usage_details", "usage")))
    known: dict[str, Any] = {
        "usage": {name: usage[name] for name in ("input", "output") if type(usage.get(name)) is int},
        "cost": number(first_of(cells, "totalCost", "total_cost", "calculatedTotalCost")),
    }
    failure = text_of(first_of(cells, "statusMessage", "status_message"))
    if cells.get("level") == "ERROR" or output is None:
        failure = failure or "the trace holds no output"
        return (
            ImportedAnswer(status="filtered", error=failure, **known)
            if is_filtered(failure, None)
            else answered(None, failure=failure, **known)
        )
    return answered(output, finish=finish, **known)


def _inner_scores(scores: Any) -> list[Any]:
    """Return the scores inside a row: a list of objects, or values by name."""
    scores = _decoded(scores)
    if isinstance(scores, Mapping):
        return [{"name": name, "value": value} for name, value in scores.items()]
    return [score for score in listed(scores) if isinstance(score, Mapping)]


def _judgments(scores: list[Any], answer: str) -> Iterator[Judgment]:
    """Yield each score; one that a person gave in Langfuse is a person's label."""
    for score in map(mapping, scores):
        name = text_of(score.get("name")) or "score"
        person = score.get("source") == "ANNOTATION"
        kind = first_of(score, "dataType", "data_type")
        text = text_of(first_of(score, "stringValue", "string_value"))
        value = text if kind == "CATEGORICAL" and text else first_of(score, "value", "stringValue", "string_value")
        yield verdict(
            answer, f"{'human' if person else 'langfuse'}:{name}", value, critique=text_of(score.get("comment"))
        )
