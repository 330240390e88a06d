"""Attempts from garak's ``garak.ID.report.jsonl`` (github.com/NVIDIA/garak, docs: "Reporting").

Each line has an ``entry_type``. Of the attempts those of ``status`` 2 are final: ``prompt`` (a text, ``{"text": ...}``
or a conversation with ``turns``), ``outputs`` (texts or ``{"text": ...}``, null where the generator gave none), and
``detector_results``, a score from 0 to 1 for each output and detector. From ``run.eval_threshold`` on a score is a hit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import first_object, rows_of
from hantei.exchange.shared import (
    EMPTY,
    ImportedAnswer,
    RowLocation,
    answered,
    asked,
    attack,
    each_row,
    first_of,
    identifier,
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
from hantei.records import Judgment, Message, Prompt

_FINAL = 2
_THRESHOLD = 0.5
"""garak's own default for ``run.eval_threshold``."""
_SETUP = "start_run setup"
_KEPT = ("goal", "probe_classname", "seq", "targets", "intent")


def recognises(cells: Mapping[str, Any]) -> bool:
    """Whether a first line is one of a report, or of a log of hits."""
    return isinstance(cells.get("entry_type"), str) or _is_hit(cells)


def _is_hit(cells: Mapping[str, Any]) -> bool:
    return {"attempt_id", "detector", "probe"} <= cells.keys()


def read(paths: Sequence[Path]) -> ImportSource:
    """Read reports.

    Raises:
        InputError: a file is a log of hits, which leaves out what no detector marked.
    """
    for path in paths:
        if _is_hit(first_object(path)):
            report = path.name.replace(".hitlog.", ".report.")
            raise InputError(
                f"{path}: holds only the answers that a detector marked, of which every rate is 100%; import the "
                f"report beside it, {report}"
            )
    return ImportSource((one for path in paths for one in _Report(path).items()), about=recorded("garak"))


class _Report:
    """One file; its first lines say which model was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.system = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".report")
        self.threshold = _THRESHOLD

    def items(self) -> Iterator[Item | RowError]:
        return each_row(self.path, rows_of(self.path), self._row)

    def _row(self, row: Row) -> Iterator[Item]:
        kind = row.cells.get("entry_type")
        if kind == _SETUP:
            self._set_up(row.cells)
        elif kind == "attempt" and row.cells.get("status") == _FINAL:
            yield from self._attempt(row)
        elif kind is None:
            raise ValueError("expected an entry of garak's report, with entry_type")

    def _set_up(self, cells: Mapping[str, Any]) -> None:
        name = first_of(cells, "plugins.target_name", "plugins.model_name", "plugins.target_type", "plugins.model_type")
        self.system = text_of(name) or self.system
        threshold = number(cells.get("run.eval_threshold"))
        self.threshold = _THRESHOLD if threshold is None else threshold

    def _attempt(self, row: Row) -> Iterator[Item]:
        outputs = row.cells.get("outputs")
        if not isinstance(outputs, list):
            raise ValueError("expected 'outputs' as a list")
        identity = identifier(row.cells.get("uuid"), row.number)
        histories = listed(row.cells.get("conversations"))
        first = _turns(row.cells.get("prompt"))
        probe = text_of(row.cells.get("probe_classname"))
        for sample, output in enumerate(outputs):
            before = _before(histories[sample]) if sample < len(histories) else None
            same = before is None or before == first
            messages = asked(first if same else before)
            prompt = Prompt(
                id=identity if same else f"{identity}/{sample}",
                messages=messages,
                benchmark=probe,
                variant=attack(probe),
                plain=_plain(row.cells, probe, messages),
                meta={name: row.cells[name] for name in _KEPT if row.cells.get(name) not in (None, [], "")},
            )
            yield item(
                RowLocation(self.path, row.number),
                prompt,
                _answer(output),
                self.system,
                lambda answer, k=sample: self._judgments(answer, row.cells.get("detector_results"), k),  # type: ignore[misc]
                sample=sample,
            )

    def _judgments(self, answer: str, results: Any, sample: int) -> Iterator[Judgment]:
        for detector, scores in mapping(results).items():
            if not isinstance(scores, list) or sample >= len(scores):
                continue
            score = number(scores[sample])
            unsafe = None if score is None else score >= self.threshold
            yield verdict(answer, f"garak:{detector}", scores[sample], unsafe=unsafe, scale="0-1")


def _plain(cells: Mapping[str, Any], probe: str | None, messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return what a probe of encodings encoded, which its detector looks for in the answer."""
    payloads = listed(mapping(cells.get("notes")).get("triggers"))
    encoded = (probe or "").startswith("encoding.") and len(payloads) == 1
    return plainly(payloads[0], messages) if encoded else ()


def _answer(output: Any) -> ImportedAnswer:
    if output is None or (isinstance(output, Mapping) and output.get("text") is None):
        return answered(None, failure="the generator gave no output")
    text = output["text"] if isinstance(output, Mapping) else output
    return answered(text) if text != "" else answered(None, failure=EMPTY)


def _turns(prompt: Any) -> Any:
    """Return a prompt as text or as messages whose content is text."""
    if not isinstance(prompt, Mapping):
        return prompt
    if "turns" not in prompt:
        return _said(prompt)
    return [
        {"role": mapping(turn).get("role"), "content": _said(mapping(turn).get("content"))}
        for turn in listed(prompt["turns"])
    ]


def _said(content: Any) -> Any:
    """Return the text of a turn; what else is attached to it is named."""
    if not isinstance(content, Mapping):
        return content
    kind = next(iter(listed(content.get("data_type"))), None)
    attached = f"[{kind}]" if isinstance(kind, str) else "[attachment]" if content.get("data_path") else None
    return "\n".join(part for part in (text_of(content.get("text")), attached) if part)


def _before(history: Any) -> Any:
    """Return the turns before a history's last answer, None where it holds no answer."""
    turns = _turns(history)
    last = [k for k, turn in enumerate(listed(turns)) if mapping(turn).get("role") == "assistant"]
    return turns[: last[-1]] if last else None
