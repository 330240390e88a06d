"""From a command line to a run file: what was given on it goes before what the file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from msgspec.structs import replace

from hantei import api
from hantei.cli import fail_if
from hantei.cli.options import mapping_of
from hantei.cli.output import say, warn
from hantei.cli.summary import Printing, finish_work, interruptible
from hantei.tasks.named import name_and_rest
from hantei.tasks.run_file import BenchmarkEntry, JudgeEntry, ModelEntry, RunFile, save_run_file

_FIELDS = {"map_": "map", "fail": "fail_if", "source": "answers"}
"""Parameters of commands that are called otherwise in a run file."""


def from_command(ctx: typer.Context, file: RunFile | None = None) -> RunFile:
    """Return a run file with the options that were given on the command line in place of its own."""
    given: dict[str, Any] = {}
    for name, value in ctx.params.items():
        source = ctx.get_parameter_source(name)
        field = _FIELDS.get(name, name)
        if source is not None and source.name == "COMMANDLINE" and field in RunFile.__struct_fields__:
            given[field] = _CONVERTED.get(field, _plain)(value)
    return replace(file or RunFile(), **given)


def carry_out(file: RunFile, save: Path | None, estimate: bool, told: Printing) -> None:
    """Save, forecast or do what a run file says, and print what came of it."""
    conditions = [fail_if.parse(text) for text in file.fail_if]
    if save is not None:
        save_run_file(file, save)
        say(f"Saved: {save}. Run it: hantei {'judge' if file.answers else 'run'} {save}")
        return
    if estimate:
        for line in api.forecast_run_file(file).lines() or ["no calls: no judge asks a model"]:
            say(line)
        return
    with interruptible():
        made = api.run_file(file, say=warn)
    finish_work(made, conditions, told, file.judge_names())


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _models(texts: list[str]) -> tuple[ModelEntry, ...]:
    return tuple(ModelEntry(name=name, model=what) for name, what in map(name_and_rest, texts))


def _benchmarks(texts: list[str] | str) -> tuple[BenchmarkEntry, ...]:
    several = [texts] if isinstance(texts, str) else texts
    return tuple(BenchmarkEntry(name=name, benchmark=what) for name, what in map(name_and_rest, several))


def _judges(texts: list[str]) -> tuple[JudgeEntry, ...]:
    return tuple(JudgeEntry(name=name, judge=what) for name, what in map(name_and_rest, texts))


_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "model": _models,
    "benchmark": _benchmarks,
    "judge": _judges,
    "map": lambda items: mapping_of(list(items)),
}
