"""From a model's name to the model. What a provider needs is imported only when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hantei.errors import UsageError
from hantei.models.base import Model, Sampling
from hantei.models.names import SETTINGS, ModelName, address_problem, check_no_key, model_of_folder, parse_name
from hantei.models.own import AnswerFunction, own_model
from hantei.models.sampling import defaults
from hantei.registry import MODELS

AnyModel = str | os.PathLike[str] | Model | AnswerFunction
"""A model by its name, the folder of its weights, an object that is one, or a function that answers."""


def load_model(model: AnyModel, sampling: Sampling | None = None) -> Model:
    """Return a model, ready to be asked; nothing is sent and no weights are read before the first call.

    Whether its key is set says ``check_ready`` of those that need one (``hantei.models.base.Prepared``).

    Args:
        model: its name, ``PROVIDER/NAME?setting=value&...`` (see ``hantei.models.names``), where the provider may be an
            entry point of ``hantei.models``; a folder with weights; a function that takes messages and returns the
            answer; or a model of your own (``hantei.Model``).
        sampling: fills what neither the name nor a request says.

    Raises:
        UsageError: the name is wrong, its file does not exist, its extra is not installed, or an object is no model.
        InputError: a file of recorded answers cannot be read.
    """
    if not isinstance(model, str | os.PathLike):
        return own_model(model)
    name = os.fspath(model)
    if (Path(name) / "config.json").is_file():
        name = model_of_folder(name)
    elif not isinstance(model, str) or name.startswith((".", "/")):
        raise UsageError(f"model {name}: expected a folder with weights (config.json), or PROVIDER/NAME")
    provider = name.partition("?")[0].partition("/")[0]
    offered = None if provider in SETTINGS else MODELS.find(provider, name)
    if offered is not None:
        return _offered(offered, provider, name)
    parsed = parse_name(name)
    return _LOADERS[parsed.provider](parsed, sampling)


def _offered(model: object, provider: str, name: str) -> Model:
    """Return the model that another package offers; a function is called what it was asked for as.

    Raises:
        UsageError: it is no model, or the name holds a key.
    """
    check_no_key(name)
    try:
        return own_model(model, name)
    except UsageError as error:
        raise UsageError(f"{MODELS.whose(provider)}: {error}") from None


def _openai(name: ModelName, sampling: Sampling | None) -> Model:
    from hantei.models.endpoint import find_endpoint
    from hantei.models.openai_http import TIMEOUT_S, OpenAIModel

    timeout_s = name.number("timeout", TIMEOUT_S)
    streams = name.settings.get("stream") == "true"

    def at(one: ModelName) -> Model:
        return OpenAIModel(name.text, name.name, find_endpoint(one), defaults(name, sampling), timeout_s, streams)

    given = name.settings.get("base_url", "")
    return _pool(name, given, at) if given.startswith("@") or "," in given else at(name)


def _pool(name: ModelName, given: str, at: Callable[[ModelName], Model]) -> Model:
    from hantei.models.pool import AddressFile, ServerPool

    def at_address(address: str) -> Model:
        return at(replace(name, settings={**name.settings, "base_url": address}))

    listed = list(dict.fromkeys(given.split(",")))
    addresses = AddressFile(Path(given[1:]), address_problem) if given.startswith("@") else lambda: listed
    return ServerPool(name.text, given, addresses, at_address)


def _hf(name: ModelName, sampling: Sampling | None) -> Model:
    from hantei.models.hf import load_hf

    return load_hf(name, defaults(name, sampling))


def _replay(name: ModelName, sampling: Sampling | None) -> Model:
    from hantei.models.replay import ReplayModel

    return ReplayModel(name)


def _inspect(name: ModelName, sampling: Sampling | None) -> Model:
    from hantei.models.inspect_provider import load_inspect

    return load_inspect(name, defaults(name, sampling))


_LOADERS = {"openai": _openai, "hf": _hf, "replay": _replay, "inspect": _inspect}
