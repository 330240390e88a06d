"""From a model's name to the model. What a provider needs is imported only when it is asked for."""

from __future__ import annotations

from hantei.models.base import Model, Sampling
from hantei.models.names import ModelName, parse_name
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
    return OpenAIModel(name.text, name.name, find_endpoint(name), defaults(name, sampling), timeout_s, streams)


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
