"""Answers and metrics from lm-evaluation-harness: ``samples_TASK_DATE.jsonl``, as ``--log_samples`` writes them.

A line holds one document under one filter: ``doc_id``, ``doc``, ``arguments`` (what the model was sent), ``resps`` (its
answers), ``filtered_resps`` (what the filter left to be scored), ``target``, ``filter``, ``metrics`` (names) and each
metric's value under its own name. The answer that is imported is the model's own, not the filtered one. A null among
the answers is one that failed; a chat that ends in the assistant's words had the model go on with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError
from hantei.exchange.items import ImportSource, Item
from hantei.exchange.shared import asked, reasoning_apart, verdict
from hantei.inputs import Row, open_table
from hantei.inputs.conversation import content_text
from hantei.language import detect
from hantei.records import Judgment, Message, Prompt, Response, response_id

_FILE = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?")
_KNOWN = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"} | {
    f"{part}_hash" for part in ("doc", "prompt", "target")
}


def read(path: Path) -> ImportSource:
    """Read one file of samples, or all of a folder.

    Raises:
        InputError: there is no file of samples, or a file is not one.
    """
    files = [path] if path.is_file() else sorted(path.glob("**/samples_*.jsonl"))
    if not files:
        raise InputError(f"{path}: expected files of samples, as lm_eval --log_samples writes (samples_*.jsonl)")
    return ImportSource(item for file in files for item in _items(file))


def _items(path: Path) -> Iterator[Item | RowError]:
    match = _FILE.fullmatch(path.stem)
    task = match["task"] if match else path.stem
    system = _system(path)
    for rows in _documents(path):
        if isinstance(rows, RowError):
            yield rows
            continue
        try:
            yield from _answers(_Document(path, task, system, rows))
        except RowError as error:
            yield error


def _documents(path: Path) -> Iterator[list[Row] | RowError]:
    """Yield the lines of each document together; each filter has a line of its own."""
    documents: dict[str, list[Row]] = {}
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            yield row
        elif "doc_id" not in row.cells or "resps" not in row.cells:
            yield RowError(str(path), row.number, None, "expected a sample with doc_id and resps")
        else:
            documents.setdefault(str(row.cells["doc_id"]), []).append(row)
    yield from documents.values()


def _system(path: Path) -> str:
    """Return the model's name: from the results beside the samples, else the folder's, else the file's."""
    for results in sorted(path.parent.glob("results_*.json"), reverse=True):
        try:
            name = json.loads(results.read_text(encoding="utf-8")).get("model_name")
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(name, str) and name:
            return name
    folder = path.parent.name
    return folder.replace("__", "/") if "__" in folder else path.stem


class _Document:
    """The lines of one document, and what they say of what was asked."""

    def __init__(self, path: Path, task: str, system: str, rows: list[Row]) -> None:
        self.path, self.task, self.system, self.rows = path, task, system, rows
        self.cells: Mapping[str, Any] = rows[0].cells
        self._sent = self._messages()

    def error(self, column: str, problem: str) -> RowError:
        return RowError(str(self.path), self.rows[0].number, column, problem)

    def prompt(self) -> Prompt:
        messages = self._sent[:-1] if self.prefix else self._sent
        target = self.cells.get("target")
        return Prompt(
            id=f"{self.task}/{self.cells['doc_id']}",
            messages=messages,
            benchmark=self.task,
            language=detect(messages[-1].content),
            reference=target if isinstance(target, str) and target else None,
            meta={"doc": self.cells["doc"]} if "doc" in self.cells else {},
        )

    @property
    def prefix(self) -> str:
        """The beginning of the answer, where the chat that was sent ends in one."""
        return self._sent[-1].content if self._sent[-1].role == "assistant" else ""

    def _messages(self) -> tuple[Message, ...]:
        context = _context(self.cells.get("arguments"))
        if context is None:
            raise self.error("arguments", "expected what the model was sent, as text")
        if not context.startswith("[{"):
            return (Message(role="user", content=context),)
        try:
            turns = asked(context)
        except ValueError as error:
            raise self.error("arguments", str(error)) from None
        roles = [turn.role for turn in turns]
        if roles[-1:] != ["user"] and roles[-2:] != ["user", "assistant"]:
            problem = "expected the last message to be the user's, or the beginning of an answer to it"
            raise self.error("arguments", problem)
        return turns

    def answers(self) -> list[str | None]:
        resps = self.cells["resps"]
        # One request is [answers]; lists inside hold its repeats, and log-likelihoods are [number, is_greedy].
        first = resps[0] if isinstance(resps, list) and resps else None
        given = first if isinstance(first, list) else [first]
        texts = [_text(one) for one in given if one is None or isinstance(one, str) or _is_parts(one)]
        if not isinstance(resps, list) or not resps or not texts or len(texts) < len(given):
            raise self.error("resps", "expected generated text; log-likelihoods of given choices hold no answer")
        return texts


def _is_parts(value: Any) -> bool:
    """Whether an answer is a list of content parts, as chat models of several media give it."""
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def _text(answer: Any) -> str | None:
    return content_text(answer)[0] if isinstance(answer, list) else answer


def _context(arguments: Any) -> str | None:
    """Return what was sent: ``{"gen_args_0": {"arg_0": TEXT}}``, in older files ``[[TEXT, settings]]``."""
    if isinstance(arguments, Mapping):
        request = arguments.get("gen_args_0")
        sent = request.get("arg_0") if isinstance(request, Mapping) else None
    else:
        request = arguments[0] if isinstance(arguments, list) and arguments else None
        sent = request[0] if isinstance(request, list) and request else request
    if isinstance(sent, list) and len(sent) == 1:
        sent = sent[0]
    return sent if isinstance(sent, str) and sent else None


def _answers(document: _Document) -> Iterator[Item]:
    prompt = document.prompt()
    filtered = {str(row.cells.get("filter", "none")): row.cells.get("filtered_resps") for row in document.rows}
    for sample, text in enumerate(document.answers()):
        response = Response(
            id=response_id(document.system, prompt.id, sample),
            prompt_id=prompt.id,
            system=document.system,
            sample=sample,
            text=document.prefix + text if text else "",
            status="ok" if text else "error",
            error=None if text else "the model gave no answer" if text is None else "the answer is empty",
            meta={"filtered_resps": filtered},
        )
        # The harness scores what its filter left of all repeats, not each of them: its metrics stand with the first.
        judgments = tuple(_judgments(document, response.id)) if sample == 0 else ()
        yield Item(
            file=str(document.path),
            row=document.rows[0].number,
            prompt=prompt,
            response=reasoning_apart(response),
            judgments=judgments,
        )


def _judgments(document: _Document, answer: str) -> Iterator[Judgment]:
    for row in document.rows:
        names = row.cells.get("metrics")
        metrics = names if isinstance(names, list) else [name for name in row.cells if name not in _KNOWN]
        for metric in dict.fromkeys(str(name) for name in metrics):
            if metric in row.cells:
                judge = f"lm-eval:{metric},{row.cells.get('filter', 'none')}"
                # A metric says how good an answer is, nothing of whether it is safe.
                yield verdict(answer, judge, row.cells[metric])
