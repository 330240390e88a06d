"""A run file: models, benchmarks, judges and options of ``hantei run`` and ``hantei judge`` in one TOML file.

What a command line says and what a file says is the same struct, ``RunFile``: ``--save`` writes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from hantei import cards
from hantei.cards import NonBlank
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.files import write_atomic
from hantei.inputs.byte_sources import is_url
from hantei.judges.loading import with_parse
from hantei.judges.turn_by_turn import with_turn
from hantei.models.base import Sampling
from hantei.models.keys import mask_keys
from hantei.records import CountingRule
from hantei.tasks.named import NamedModel
from hantei.tasks.options import Options

_LIMITS = Limits()
_PATH_IN_NAME = re.compile(r"((?:^|@)(?:replay|hf)/|^(?:recorded)@|[?&](?:calibration|fit)=|base_url=@)([^?&@,]+)")
"""Where the name of a model or a judge holds a path."""


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model that is asked: ``name`` is short, for tables; what it leaves out of the rest is that of the run."""

    model: NonBlank
    name: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    system_prompt: str | None = None


class BenchmarkEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A benchmark by its name, or a file of prompts; ``name`` is short, for tables."""

    benchmark: NonBlank
    name: str = ""


class JudgeEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A judge; ``name`` is short, for tables; ``turn`` and ``parse`` are the run's where they are left out."""

    judge: NonBlank
    name: str = ""
    turn: str | None = None
    parse: str | None = None


class RunFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked and judged, and how: each field is the option of that name, ``answers`` the files that are judged.

    ``model``, ``benchmark`` and ``judge`` are tables, one for each; ``map`` is field to column.
    """

    title: str | None = None
    out: str | None = None
    answers: tuple[str, ...] = ()
    fail_if: tuple[str, ...] = ()
    map: dict[str, str] = {}
    missing: tuple[str, ...] = ()
    rows: str | None = None
    encoding: str | None = None
    language: str | None = None
    labels: bool = False
    skip_bad_rows: bool = False
    limit: int | None = None
    samples: int = 1
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    system_prompt: str | None = None
    judge_reasoning: bool = False
    max_connections: int = _LIMITS.max_connections
    max_cost: float | None = None
    prices: str | None = None
    timeout: float = _LIMITS.timeout_s
    run_timeout: float | None = None
    cache: str | None = None
    workers: int | None = None
    keep_going: bool = False
    on: str = "here"
    no_verdict: str = "drop"
    turn: str = "last"
    count_turns: str = "last"
    count_repeats: str = "first"
    parse: str = "robust"
    model: tuple[ModelEntry, ...] = ()
    benchmark: tuple[BenchmarkEntry, ...] = ()
    judge: tuple[JudgeEntry, ...] = ()

    def models(self) -> list[NamedModel]:
        """Return the models that are asked."""
        return [
            NamedModel(
                name=one.name,
                model=one.model,
                sampling=Sampling(
                    temperature=one.temperature, top_p=one.top_p, max_tokens=one.max_tokens, seed=one.seed
                ),
                system_prompt=one.system_prompt,
            )
            for one in self.model
        ]

    def benchmarks(self) -> list[str]:
        """Return the benchmarks, each as ``NAME=WHAT`` where it has a name."""
        return [_named(one.name, one.benchmark) for one in self.benchmark]

    def judges(self) -> list[str]:
        """Return the judges, each as ``NAME=JUDGE`` where it has a name; the built-in one where there is none.

        Raises:
            UsageError: ``turn`` or ``parse`` is none.
        """
        entries = self.judge or (JudgeEntry(judge="builtin"),)
        return [
            _named(one.name, with_turn(with_parse(one.judge, one.parse or self.parse), one.turn or self.turn))
            for one in entries
        ]

    def judge_names(self) -> list[str]:
        """Return what the judges are called in the run.

        Raises:
            UsageError: ``turn`` or ``parse`` is none.
        """
        entries = self.judge or (JudgeEntry(judge="builtin"),)
        return [one.name or full for one, full in zip(entries, self.judges(), strict=True)]

    def options(self) -> Options:
        """Return how answers are read or asked for, judged and counted.

        Raises:
            UsageError: answers that exist belong to several benchmarks.
        """
        return Options(
            mapping=self.map,
            encoding=self.encoding,
            language=self.language,
            benchmark=self._joined() if self.answers else None,
            skip_bad_rows=self.skip_bad_rows,
            missing=self.missing,
            rows=self.rows,
            labels=self.labels,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, seed=self.seed
            ),
            system_prompt=self.system_prompt,
            samples=self.samples,
            limit=self.limit,
            judge_reasoning=self.judge_reasoning,
            limits=self._limits(),
            no_verdict=self.no_verdict,
            rule=CountingRule(turns=self.count_turns, repeats=self.count_repeats),  # type: ignore[arg-type]  # checked
            prices=_path(self.prices),
            on=self.on,  # type: ignore[arg-type]  # Options checks
            title=self.title,
        )

    def _limits(self) -> Limits:
        return Limits(
            max_connections=self.max_connections,
            max_cost=self.max_cost,
            timeout_s=self.timeout,
            run_timeout_s=self.run_timeout,
            cache=_path(self.cache),
            keep_going=self.keep_going,
            workers=self.workers,
        )

    def _joined(self) -> str | None:
        if len(self.benchmark) > 1 or any(one.name for one in self.benchmark):
            raise UsageError("answers are joined to one benchmark, by its own name: expected one --benchmark NAME")
        return self.benchmark[0].benchmark if self.benchmark else None


def load_run_file(path: str | Path) -> RunFile:
    """Return what a run file says; paths in it are relative to its folder.

    Raises:
        UsageError: there is no such file, it is not TOML, holds a key, an unknown field or one of another kind.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: expected a run file (TOML in UTF-8): {getattr(error, 'strerror', error)}") from None
    data = cards.parse(text, str(path), UsageError)
    refuse_keys(data, str(path))
    file = cards.typed(data, RunFile, str(path), UsageError)
    return _with_paths(file, lambda one: _there(path.parent, one))


def save_run_file(file: RunFile, path: Path) -> None:
    """Write a run file; paths in it become relative to its folder.

    Raises:
        UsageError: it would hold a key, or something is there already.
    """
    if path.exists():
        raise UsageError(f"--save {path}: it is there already: name another file, or remove it")
    folder = path.parent
    moved = file if folder == Path() else _with_paths(file, lambda one: _from(folder, one))
    data: dict[str, Any] = msgspec.to_builtins(moved)
    refuse_keys(data, f"--save {path}")
    command = "judge" if file.answers else "run"
    write_atomic(path, [f"# hantei {command} {path.name}\n\n{cards.write(data)}".encode()])


def refuse_keys(data: Any, what: str) -> None:
    """Raise a UsageError where a value holds what looks like a key, or one of the environment's.

    Raises:
        UsageError: one does; the message does not repeat it.
    """
    for place, value in _texts(data):
        if mask_keys(value) != value:
            raise UsageError(
                f"{what}, {place}: it looks like a key, which is not repeated here: put the key into a variable of the "
                "environment, and name that in the model's name, as in openai/NAME?base_url=URL&key_env=VARIABLE"
            )


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in nested data with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{place}.{mask_keys(key)}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value, 1):
            yield from _texts(inner, f"{place}[{number}]")


def _with_paths(file: RunFile, change: Callable[[str], str]) -> RunFile:
    """Return a run file in which every path is changed: in fields, and inside the names of models and judges."""

    def in_name(name: str) -> str:
        return _PATH_IN_NAME.sub(lambda found: found[1] + change(found[2]), name)

    def optional(one: str | None) -> str | None:
        return None if one is None else change(one)

    return replace(
        file,
        out=optional(file.out),
        prices=optional(file.prices),
        cache=optional(file.cache),
        answers=tuple(map(change, file.answers)),
        model=tuple(replace(one, model=in_name(one.model)) for one in file.model),
        benchmark=tuple(replace(one, benchmark=_if_file(one.benchmark, change)) for one in file.benchmark),
        judge=tuple(replace(one, judge=in_name(one.judge)) for one in file.judge),
    )


def _if_file(benchmark: str, change: Callable[[str], str]) -> str:
    """Return a benchmark's path changed where a file or a folder is there, else its name as it is."""
    moved = change(benchmark)
    return moved if Path(unquote(moved)).exists() or Path(benchmark).exists() else benchmark


def _there(folder: Path, path: str) -> str:
    """Return a path that is relative to ``folder`` as one relative to where we are."""
    return path if folder == Path() or Path(path).is_absolute() or is_url(path) else str(folder / path)


def _from(folder: Path, path: str) -> str:
    """Return a path that is relative to where we are as one relative to ``folder``."""
    return path if Path(path).is_absolute() or is_url(path) else os.path.relpath(path, folder)


def _named(name: str, what: str) -> str:
    return f"{name}={what}" if name else what


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
