"""Outputs from flexeval (github.com/sbintuitions/flexeval): ``outputs.jsonl`` in a folder of results.

A row holds ``lm_output``, what was asked (``messages`` in ``task_inputs`` or ``extra_info``, or ``lm_prompt``),
``references``, and what each metric says of the row under its own names. ``config.json`` beside it names the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import rows_of
from hantei.exchange.shared import (
    RowLocation,
    answered,
    asked,
    each_row,
    first_of,
    identifier,
    item,
    listed,
    mapping,
    recorded,
    text_of,
    verdict,
)
from hantei.inputs import Row
from hantei.records import Judgment, Prompt

_OWN = {
    *("lm_output", "lm_prompt", "task_inputs", "extra_info", "references", "finish_reason", "messages"),
    *("raw_lm_output", "reasoning_text", "tool_calls", "raw_tool_calls", "tool_call_validation_result"),
}
_MEASURES = ("output_length", "finish_reason")
"""What is written beside the metrics and judges nothing."""
_NAMES = ("model", "model_name", "model_id", "pretrained_model_name_or_path")


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether a row is one of flexeval's."""
    return "lm_output" in cells


def read(paths: Sequence[Path]) -> ImportSource:
    """Read files of outputs."""
    items = (one for path in paths for one in each_row(path, rows_of(path), partial(_item, path, _system(path))))
    return ImportSource(items, about=recorded("flexeval"))


def _system(path: Path) -> str:
    """Return the model's name from the configuration beside the outputs, else the folder's."""
    try:
        config = json.loads((path.parent / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        config = None
    model = mapping(mapping(config).get("language_model"))
    name = text_of(first_of({**model, **mapping(model.get("init_args"))}, *_NAMES))
    return name or path.resolve().parent.name or path.stem


def _item(path: Path, system: str, row: Row) -> Iterator[Item]:
    cells = row.cells
    if "lm_output" not in cells:
        raise ValueError("expected a row of flexeval's outputs, with lm_output")
    inputs = {**mapping(cells.get("extra_info")), **mapping(cells.get("task_inputs"))}
    question = first_of({**inputs, "lm_prompt": cells.get("lm_prompt")}, "messages", "lm_prompt", "prompt", "question")
    references = [one for one in listed(cells.get("references")) if isinstance(one, str) and one]
    prompt = Prompt(
        id=identifier(first_of(inputs, "id", "question_id"), row.number),
        messages=asked(question),
        reference="\n".join(references) or None,
        meta={name: value for name, value in inputs.items() if name not in ("messages", "lm_prompt")},
    )
    finish = cells.get("finish_reason")
    failure = "the model gave no output" if cells["lm_output"] is None else None
    thought = text_of(cells.get("reasoning_text"))
    answer = answered(cells["lm_output"], finish=finish, failure=failure, reasoning=thought)
    yield item(RowLocation(path, row.number), prompt, answer, system, partial(_judgments, cells))


def _judgments(cells: Mapping[str, Any], answer: str) -> Iterator[Judgment]:
    """Yield a judgment a metric; ``NAME_output`` is what an LLM judge replied, ``NAME_input`` what it was asked."""
    for name, value in cells.items():
        part = name.rpartition("_")
        beside = part[0] in cells and part[2] in ("input", "output")
        if name in _OWN or beside or name.startswith(_MEASURES):
            continue
        reply = text_of(cells.get(f"{name}_output"))
        yield verdict(answer, f"flexeval:{name}", value, critique=reply, attempts=(reply,) if reply else ())
