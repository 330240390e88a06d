"""Models and benchmarks of a run, each with a short name: ``NAME=WHAT``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from hantei import benchmarks
from hantei.benchmarks import PromptReading
from hantei.benchmarks.named import AnyBenchmark, OwnBenchmark
from hantei.engine.asking import AskedModel
from hantei.errors import UsageError
from hantei.models.base import Sampling
from hantei.models.keys import looks_like_key
from hantei.models.load import AnyModel, load_model
from hantei.models.names import SETTINGS, parse_name
from hantei.records import Prompt
from hantei.tasks.options import Options

_NAME = re.compile(r"\w[\w .()+-]{0,59}")
_NAMED = re.compile(rf"({_NAME.pattern})=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedModel:
    """A model to ask. ``name`` is the system that its answers are of; ``sampling`` and ``system_prompt`` say what is
    its own: what they leave out is that of the run."""

    model: AnyModel
    name: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    system_prompt: str | None = None


AnyModels = AnyModel | NamedModel | Sequence[AnyModel | NamedModel]
"""A model or several, a name also as ``SHORT=PROVIDER/NAME``."""

AnyBenchmarks = AnyBenchmark | Sequence[str | os.PathLike[str] | OwnBenchmark]
"""A benchmark or several, a name also as ``SHORT=NAME``."""


@dataclass(frozen=True, slots=True)
class AskedBenchmark:
    """A benchmark that is asked: its name in the run, what tells its state from another, and its prompts.

    ``taken`` says which columns of a file of prompts are taken as what.
    """

    name: str
    identity: Mapping[str, Any]
    prompts: Callable[[], Iterator[Prompt]]
    taken: str | None


def name_and_rest(text: str) -> tuple[str, str]:
    """Return the short name and the rest of ``NAME=WHAT``; the name is empty where there is none.

    A name is up to 60 letters, digits, spaces and ``_ . ( ) + -``, so no path with a folder, no address and no setting
    is taken for one.

    Raises:
        UsageError: what stands before the ``=`` is neither a name nor the begin of a path or of a model's name.
    """
    found = None if os.path.isfile(text) else _NAMED.fullmatch(text)
    if found:
        return found[1].strip(), found[2]
    name, sign, _ = re.split(r"[?@]", text, maxsplit=1)[0].partition("=")
    if sign and name.partition("/")[0] not in SETTINGS and not os.path.exists(text.partition("?")[0]):
        check_name(name or sign, "the short name")
    return "", text


def check_name(name: str, what: str) -> str:
    """Return a short name that may stand in tables, files and ids.

    Raises:
        UsageError: it is none, or looks like a key.
    """
    if looks_like_key(name):
        raise UsageError(f"{what}: the name looks like a key, which is not repeated here")
    if name and not _NAME.fullmatch(name):
        raise UsageError(f"{what} '{name[:80]}': expected a name of up to 60 letters, digits, spaces and _ . ( ) + -")
    return name


def asked_models(models: AnyModels, options: Options) -> tuple[AskedModel, ...]:
    """Return the models that are asked, loaded.

    Raises:
        UsageError: there is none, one is not known, or two have one name.
    """
    several: Sequence[Any] = models if isinstance(models, list | tuple) else [models]
    if not several:
        raise UsageError("expected a model to ask: --model openai/NAME, or [[model]] in a run file")
    asked = tuple(_asked(_named_model(one), options) for one in several)
    check_distinct("--model", [one.system for one in asked], [one.model.name for one in asked])
    return asked


def asked_benchmarks(wanted: AnyBenchmarks, reading: PromptReading) -> list[AskedBenchmark]:
    """Return the benchmarks that are asked; ``reading`` is how those of them are read that are files of prompts.

    Raises:
        UsageError: there is none, one is not known, two have one name, or a ``reading`` where none is a file.
        FetchError: one was not fetched yet, or its files changed.
        InputError: a file has no column for the prompt, or none that ``reading`` names.
    """
    several: Sequence[Any] = list(wanted) if _are_benchmarks(wanted) else [wanted]  # type: ignore[arg-type]
    named = [name_and_rest(one) if isinstance(one, str) else ("", one) for one in several]
    any_file = any(not _is_card(what) for _, what in named)
    found = [
        _asked_benchmark(name, what, PromptReading() if any_file and _is_card(what) else reading)
        for name, what in named
    ]
    check_distinct("--benchmark", [one.name for one in found], [str(what) for _, what in named])
    return found


def _are_benchmarks(wanted: AnyBenchmarks) -> bool:
    """Whether these are several benchmarks, and not one, or the rows of one."""
    one = (str, os.PathLike)
    if not isinstance(wanted, list | tuple):
        return False
    return bool(wanted) and all(isinstance(part, one) or hasattr(part, "prompts") for part in wanted)


def _is_card(what: object) -> bool:
    return isinstance(what, str | os.PathLike) and not Path(what).is_file()


def check_distinct(flag: str, names: Sequence[str], what: Sequence[str]) -> None:
    """Raise a UsageError where two of these have one name.

    Raises:
        UsageError: two have.
    """
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UsageError(
                f"two of {flag} are called '{name}': give each a name of its own, as in {flag} 'NAME={what[place]}'"
            )


def sampling_of(model: AnyModel, options: Options, own: Sampling | None = None) -> Sampling:
    """Return how a model is sampled: its ``own`` settings before those of the run.

    Where samples must differ by their seed, the one in the model's name is among them.
    """
    given = {name: value for name, value in _as_dict(own or Sampling()).items() if value not in (None, ())}
    sampling = replace(options.sampling, **given)
    known = isinstance(model, str) and model.partition("?")[0].partition("/")[0] in SETTINGS
    if sampling.seed is None and options.samples > 1 and isinstance(model, str) and known:
        return replace(sampling, seed=parse_name(model).sampling().seed)
    return sampling


def _as_dict(sampling: Sampling) -> dict[str, Any]:
    return {one.name: getattr(sampling, one.name) for one in fields(Sampling)}


def _named_model(one: AnyModel | NamedModel) -> NamedModel:
    if isinstance(one, NamedModel):
        return one
    name, model = name_and_rest(one) if isinstance(one, str) else ("", one)
    return NamedModel(name=name, model=model)


def _asked(one: NamedModel, options: Options) -> AskedModel:
    return AskedModel(
        model=load_model(one.model),
        name=check_name(one.name, "the name of a model"),
        sampling=sampling_of(one.model, options, one.sampling),
        system_prompt=options.system_prompt if one.system_prompt is None else one.system_prompt,
    )


def _asked_benchmark(name: str, what: AnyBenchmark, reading: PromptReading) -> AskedBenchmark:
    found = benchmarks.find(what, reading=reading)
    identity = found.identity()
    if name := check_name(name, "the name of a benchmark"):
        identity["called"] = name
    called = replace(found, card=replace(found.card, name=name or found.card.name))
    return AskedBenchmark(name or identity["name"], identity, called.prompts, found.taken())
