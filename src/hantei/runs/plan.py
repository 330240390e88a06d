"""The plan of a run: what decides its prompts and answers. A folder is gone on with only under the same plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

_FLAGS = {
    "inputs": "the input",
    "language": "--language",
    "missing": "--missing",
    "rows": "--rows",
    "labels": "--labels",
    "source": "--from",
    "model": "--model",
    "system_prompt": "--system-prompt",
    "samples": "--samples",
    "limit": "--limit",
    "judge_reasoning": "--judge-reasoning",
    "benchmark": "--benchmark",
}
_LONGEST = 80
_FILES_SHOWN = 3


AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class InputFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that was read: its name, the SHA-256 of its bytes, and its encoding where it is text."""

    file: str
    sha256: str
    encoding: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What decides a run's prompts and answers, and what judges see of them.

    Answers that exist: ``inputs``, ``map`` (field to column), ``language``, ``missing`` (answers that mean none),
    ``rows`` (their path in an object), ``labels`` (people's labels are taken from the columns), ``source`` (the program
    whose files are imported). A model that is asked: ``model``, ``sampling``,
    ``system_prompt``, ``samples`` (answers to each prompt), ``limit`` (the first so many prompts), ``judge_reasoning``.
    ``benchmark`` is what ``benchmarks.identity`` says of the prompts. ``correction`` says how unsafe answers are
    corrected: model, judge, rounds, rules, template; it is empty where they are not.
    """

    inputs: tuple[InputFile, ...] = ()
    map: dict[str, str] = {}
    language: str | None = None
    missing: tuple[str, ...] = ()
    rows: str | None = None
    labels: bool = False
    source: str | None = None
    model: str | None = None
    sampling: dict[str, Any] = {}
    system_prompt: str | None = None
    samples: AtLeastOne = 1
    limit: AtLeastOne | None = None
    judge_reasoning: bool = False
    benchmark: dict[str, Any] | None = None
    correction: dict[str, Any] = {}


def differences(there: Plan, plan: Plan) -> list[str]:
    """Return what differs between the plan of a folder and another, each as ``--samples was 1, now 3``."""
    both = [(name, getattr(there, name), getattr(plan, name)) for name in Plan.__struct_fields__]
    return [line for name, was, now in both if was != now for line in _changes(name, was, now)]


def _changes(name: str, was: Any, now: Any) -> Iterator[str]:
    """Yield what differs in a part of the plan; of settings by name each that does."""
    if name not in ("map", "sampling", "correction"):
        yield f"{_FLAGS[name]} was {_shown(was, now)}, now {_shown(now, was)}"
        return
    for key in dict.fromkeys([*was, *now]):
        if was.get(key) != now.get(key):
            flag = f"--map {key}" if name == "map" else f"--{key.replace('_', '-')}"
            yield f"{flag} was {_shown(was.get(key), now.get(key))}, now {_shown(now.get(key), was.get(key))}"


def _shown(value: Any, other: Any) -> str:
    """Return a value for people; of a long one the part where it begins to differ from the other."""
    if value is None:
        return "not given"
    if isinstance(value, tuple) and all(isinstance(one, InputFile) for one in value):
        names = [f"{one.file} ({one.sha256[:8]}{', ' + one.encoding if one.encoding else ''})" for one in value]
        more = len(names) - _FILES_SHOWN
        return (", ".join(names[:_FILES_SHOWN]) + (f" and {more} more" if more > 0 else "")) or "none"
    if isinstance(value, Mapping) and "files" in value:  # a benchmark may keep its name while its files change
        digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        return f"{value.get('name')} (files {digest[:8]})"
    text, beside = (json.dumps(one, ensure_ascii=False) for one in (value, other))
    differs = next((at for at, (a, b) in enumerate(zip(text, beside, strict=False)) if a != b), len(beside))
    start = max(0, differs - _LONGEST // 4) if len(text) > _LONGEST else 0
    end = start + _LONGEST
    return f"{'...' if start else ''}{text[start:end]}{'...' if text[end:] else ''}"
