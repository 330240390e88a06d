"""The plan of a run: what decides its prompts and answers. A folder is gone on with only under the same plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

_FLAGS = {
    "inputs": "the input",
    "language": "--language",
    "missing": "--missing",
    "rows": "--rows",
    "labels": "--labels",
    "source": "--from",
    "samples": "--samples",
    "limit": "--limit",
    "judge_reasoning": "--judge-reasoning",
    "benchmarks": "--benchmark",
}
_LONGEST = 80
_FILES_SHOWN = 3


AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class InputFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that was read: its name, the SHA-256 of its bytes, and its encoding where it is text.

    Of one in a store, which is not read twice, ``state`` is what the store says of it in place of the SHA-256: its
    size, and when it was changed.
    """

    file: str
    sha256: str = ""
    encoding: str | None = None
    state: str | None = None


class PlannedModel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model that is asked: ``name`` is the system that its answers are of, ``model`` its full name."""

    name: str
    model: str
    sampling: dict[str, Any] = {}
    system_prompt: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What decides a run's prompts and answers, and what judges see of them.

    Answers that exist: ``inputs``, ``map`` (field to column), ``language``, ``missing`` (answers that mean none),
    ``rows`` (their path in an object), ``labels`` (people's labels are taken from the columns), ``source`` (the program
    whose files are imported). Models that are asked: ``models``, ``samples`` (answers to each prompt), ``limit`` (the
    first so many prompts of each benchmark), ``judge_reasoning``. ``benchmarks`` holds what ``benchmarks.identity``
    says of each, with ``called`` where it has a name of the user's. ``correction`` says how unsafe answers are
    corrected: model, judge, rounds, rules, template; it is empty where they are not.
    """

    inputs: tuple[InputFile, ...] = ()
    map: dict[str, str] = {}
    language: str | None = None
    missing: tuple[str, ...] = ()
    rows: str | None = None
    labels: bool = False
    source: str | None = None
    models: tuple[PlannedModel, ...] = ()
    samples: AtLeastOne = 1
    limit: AtLeastOne | None = None
    judge_reasoning: bool = False
    benchmarks: tuple[dict[str, Any], ...] = ()
    correction: dict[str, Any] = {}

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems that are asked, in order; none where the answers were given."""
        return tuple(model.name for model in self.models)

    @property
    def samples_asked(self) -> int | None:
        """How many answers each system is asked for to a prompt, None where the answers were given."""
        return self.samples if self.models else None


def differences(there: Plan, plan: Plan) -> list[str]:
    """Return what differs between the plan of a folder and another, each as ``--samples was 1, now 3``."""
    both = [(name, getattr(there, name), getattr(plan, name)) for name in Plan.__struct_fields__]
    return [line for name, was, now in both if was != now for line in _changes(name, was, now)]


def _changes(name: str, was: Any, now: Any) -> Iterator[str]:
    """Yield what differs in a part of the plan; of settings by name each that does."""
    if name == "models":
        yield from _changed_models(was, now)
    elif name in ("map", "correction"):
        yield from _changed_settings(was, now, "--map " if name == "map" else "--")
    else:
        yield _change(_FLAGS[name], was, now)


def _changed_models(was: Sequence[PlannedModel], now: Sequence[PlannedModel]) -> Iterator[str]:
    """Yield what differs between the models of two plans, model by model; how many, where that does."""
    if len(was) != len(now):
        yield _change("--model", [model.name for model in was], [model.name for model in now])
        return
    for one, other in zip(was, now, strict=True):
        whose = f" of {other.name}" if len(now) > 1 else ""
        if one.model != other.model:
            yield _change(f"--model{whose}", one.model, other.model)
        elif one.name != other.name:
            yield _change(f"the name of --model {other.model}", one.name, other.name)
        if one.system_prompt != other.system_prompt:
            yield _change(f"--system-prompt{whose}", one.system_prompt, other.system_prompt)
        yield from _changed_settings(one.sampling, other.sampling, "--", whose)


def _changed_settings(was: Mapping[str, Any], now: Mapping[str, Any], flag: str, whose: str = "") -> Iterator[str]:
    for key in dict.fromkeys([*was, *now]):
        if was.get(key) != now.get(key):
            named = key if flag == "--map " else key.replace("_", "-")
            yield _change(f"{flag}{named}{whose}", was.get(key), now.get(key))


def _change(what: str, was: Any, now: Any) -> str:
    return f"{what} was {_shown(was, now)}, now {_shown(now, was)}"


def _shown(value: Any, other: Any) -> str:
    """Return a value for people; of a long one the part where it begins to differ from the other."""
    if value is None:
        return "not given"
    if isinstance(value, tuple) and all(isinstance(one, InputFile) for one in value):
        told = [", ".join(filter(None, (one.state or one.sha256[:8], one.encoding))) for one in value]
        names = [f"{one.file} ({how})" for one, how in zip(value, told, strict=True)]
        more = len(names) - _FILES_SHOWN
        return (", ".join(names[:_FILES_SHOWN]) + (f" and {more} more" if more > 0 else "")) or "none"
    if isinstance(value, tuple) and all(isinstance(one, Mapping) and "files" in one for one in value):
        return ", ".join(map(_benchmark, value))
    text, beside = (json.dumps(one, ensure_ascii=False) for one in (value, other))
    differs = next((at for at, (a, b) in enumerate(zip(text, beside, strict=False)) if a != b), len(beside))
    start = max(0, differs - _LONGEST // 4) if len(text) > _LONGEST else 0
    end = start + _LONGEST
    return f"{'...' if start else ''}{text[start:end]}{'...' if text[end:] else ''}"


def _benchmark(one: Mapping[str, Any]) -> str:
    """Return a benchmark for people; it may keep its name while its files change."""
    digest = hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()
    called = f"{one['called']}=" if "called" in one else ""
    return f"{called}{one.get('name')} (files {digest[:8]})"
