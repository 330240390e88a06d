"""The answers of a run that people label, in order, and what they are shown of each: nothing that any judge said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from hantei.errors import RecordError, RunError, UsageError
from hantei.record_lines import records_at
from hantei.records import Message, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Location
from hantei.runs.judged_text import pair_to_be_judged
from hantei.runs.judging import PairReader


class LabelItem(NamedTuple):
    """An answer to label: a ``key`` that names no system, its id, its place, the chance with which it was drawn."""

    key: str
    response_id: str
    place: Location
    sampling_p: float | None = None


def item_key(response_id: str) -> str:
    """Return the short name of an answer on the page, the same at every start."""
    return hashlib.sha256(response_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Keyed(Protocol):
    """What is labelled, by key, in the order in which it is shown."""

    by_key: dict[str, LabelItem]

    def shown(self, item: LabelItem) -> dict[str, Any]:
        """Return what a person sees of an item."""
        ...


class Items:
    """The answers to label by key, in the order in which they are shown."""

    def __init__(
        self, run: Run, chances: Mapping[str, float | None], limit: int | None = None, system: str | None = None
    ) -> None:
        """Find the answers.

        Args:
            run: the run folder.
            chances: the answers that come first, in their order, with the chance with which each was drawn.
            limit: how many answers in all; default those of ``chances``, all where there are none.
            system: only this system's answers.

        Raises:
            UsageError: the run has none, or not one of ``chances``.
        """
        self._run = run
        places = _places(run, lambda one: bool(one.text) and system in (None, one.system))
        unknown = next((name for name in chances if name not in places), None)
        if unknown is not None:
            raise UsageError(f"--rows: '{unknown[:80]}' is no answer with a text in {run.path}")
        if not places:
            raise UsageError(f"{run.path}: no answers to label" + (f" of system '{system}'" if system else ""))
        order = [*chances, *(name for name in places if name not in chances)]
        wanted = order[: limit or len(chances) or None]
        made = (LabelItem(item_key(name), name, places[name], chances.get(name)) for name in wanted)
        self.by_key = {item.key: item for item in made}

    def shown(self, item: LabelItem) -> dict[str, Any]:
        """Return what a person sees of an answer: what judges see, of a question in an attack the plain one.

        Raises:
            RunError: the answer is gone.
        """
        return shown(*pair_to_be_judged(*self.read(item)))

    def read(self, item: LabelItem) -> tuple[Prompt, Response]:
        """Return the conversation and the answer of an item, wherever they stand in their files by now.

        Raises:
            RunError: the answer is gone.
        """
        found = self._read_at(item)
        if found is None:  # the run was put into input order meanwhile
            places = _places(self._run, lambda one: True)
            if item.response_id in places:
                item = item._replace(place=places[item.response_id])
                self.by_key[item.key] = item
                found = self._read_at(item)
        if found is None:
            raise RunError(f"{self._run.responses_path}: the answer {item.response_id[:80]} is gone")
        return found

    def _read_at(self, item: LabelItem) -> tuple[Prompt, Response] | None:
        try:
            with PairReader(self._run) as reader:
                prompt, response = reader.read(item.place)
        except (OSError, RecordError):
            return None
        return (prompt, response) if response.id == item.response_id else None


def _places(run: Run, keep: Callable[[Response], bool]) -> dict[str, Location]:
    """Return where the answers stand that are to be kept, in input order; the last line of an id is the answer."""
    prompts = {prompt.id: offset for offset, prompt in records_at(run.prompts_path, Prompt)}
    found: dict[str, Location] = {}
    for number, (offset, one) in enumerate(records_at(run.responses_path, Response), 1):
        if keep(one) and one.prompt_id in prompts:
            found[one.id] = Location(number, offset, prompts[one.prompt_id])
    return found


def shown(prompt: Prompt, response: Response) -> dict[str, Any]:
    """Return what a person sees of an answer: texts alone, and nothing of its system, its labels or its verdicts."""
    return {
        "language": prompt.language,
        "turns": [_turn(message) for message in prompt.messages],
        "response": response.text,
        "reasoning": response.reasoning,
        "cut_off": response.status == "truncated",
        "reference": prompt.reference,
        "criteria": prompt.criteria,
    }


def _turn(message: Message) -> dict[str, Any]:
    calls: Iterable[str] = (f"{call.name}({call.arguments})" for call in message.tool_calls)
    return {"role": message.role, "name": message.name, "text": message.content, "calls": list(calls)}
