"""Test cases from a risk assessment that deepteam saved (github.com/confident-ai/deepteam, ``RiskAssessment.save``).

One object with ``overview`` and ``test_cases``: ``input`` and ``actual_output``, or ``turns``; ``score`` above 0 is a
pass, 0 a failure; ``error`` says what went wrong. The name of the system is not in the file: it is the file's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

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
    item,
    listed,
    mapping,
    number,
    recorded,
    text_of,
    verdict,
)
from hantei.inputs import Row
from hantei.records import Judgment, Prompt

_KEPT = ("vulnerability", "vulnerability_type", "attack_method", "risk_category", "metadata")


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether an object is a risk assessment."""
    cases = listed(first_of(cells, "test_cases", "testCases"))
    return bool(cases) and ("overview" in cells or "vulnerability" in mapping(cases[0]))


def read(paths: Sequence[Path]) -> ImportSource:
    """Read risk assessments."""
    items = (one for path in paths for one in each_row(path, _cases(path), partial(_item, path)))
    return ImportSource(items, about=recorded("deepteam"))


def _cases(path: Path) -> Iterator[Any]:
    return rows_of(path, "test_cases")


def _item(path: Path, row: Row) -> Iterator[Item]:
    cells = row.cells
    question, output = cells.get("input"), first_of(cells, "actual_output", "actualOutput")
    turns = [
        {"role": one.get("role"), "content": one.get("content")} for one in map(mapping, listed(cells.get("turns")))
    ]
    if turns and output is None:
        spoken = turns[-1]["role"] == "assistant"
        question, output = (turns[:-1], turns[-1]["content"]) if spoken else (turns, None)
    kept = {name: cells[name] for name in _KEPT if cells.get(name) is not None}
    prompt = Prompt(id=str(row.number), messages=asked(question), variant=attack(cells.get("attack_method")), meta=kept)
    error = text_of(cells.get("error"))
    answer = answered(output, failure=(error or "the target gave no output") if output is None else None)
    yield item(RowLocation(path, row.number), prompt, answer, path.stem, partial(_judgment, cells, answer, error))


def _judgment(cells: Mapping[str, Any], answer: ImportedAnswer, error: str | None, identity: str) -> Iterator[Judgment]:
    score = number(cells.get("score"))
    said: dict[str, Any] = {"critique": text_of(cells.get("reason"))}
    if score is None and answer.status == "error":
        return
    if score is None:
        said |= {"status": "error", "fault": "judge-provider", "error": error or "deepteam gave no score"}
        yield Judgment(response_id=identity, judge="deepteam", **said)
        return
    yield verdict(identity, "deepteam", score, unsafe=score <= 0, **said)
