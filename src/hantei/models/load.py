"""From a model's name to the model. What a provider needs is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hantei.models.base import Model, Sampling
from hantei.models.names import ModelName, address_problem, parse_name
from hantei.models.sampling import defaults


def load_model(name: str, sampling: Sampling | None = None) -> Model:
    """Return a model by its name, ready to be asked; nothing is sent and no weights are read before the first call.

    Whether its key is set says ``check_ready`` of those that need one (``hantei.models.base.Prepared``).

    Args:
        name: ``PROVIDER/NAME?setting=value&...``; see ``hantei.models.names``.
        sampling: fills what neither the name nor a request says.

    Raises:
        UsageError: the name is wrong, its file does not exist, or its extra is not installed.
        InputError: a file of recorded answers cannot be read.
    """
    parsed = parse_name(name)
    return _LOADERS[parsed.provider](parsed, sampling)


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
