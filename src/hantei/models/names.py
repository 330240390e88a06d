"""A model's name as people write it: ``PROVIDER/NAME?setting=value&...``.

    openai/gpt-4o-mini
    openai/my-model?base_url=http://127.0.0.1:8000/v1&key_env=MY_KEY
    openai/my-model?base_url=@servers.txt
    hf//models/tiny?dtype=bfloat16
    replay/answers.jsonl
    inspect/anthropic/NAME

Reserved characters (``? & % =`` in a name, ``& %`` in a value) are percent-encoded. A name is written into run folders
and reports, so it holds no credential: one that would is refused, and the message does not repeat it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from hantei.cards import did_you_mean, one_of
from hantei.errors import UsageError
from hantei.models.base import Sampling
from hantei.models.keys import known_keys, looks_like_key
from hantei.registry import MODELS

_SAMPLING = ("temperature", "top_p", "max_tokens", "seed")
SETTINGS: dict[str, tuple[str, ...]] = {
    "openai": ("base_url", "key_env", "timeout", "stream", "system", *_SAMPLING),
    "hf": ("revision", "dtype", "device", "batch_size", "trust_remote_code", "system", *_SAMPLING),
    "replay": (),
    "inspect": ("timeout", "system", *_SAMPLING),
}
"""The settings that each provider knows."""

DTYPES = ("auto", "float32", "float16", "bfloat16")
_KEY = (
    "looks like a key, which is not repeated here: put the model's name there, and the key into a variable of the "
    "environment (OPENAI_API_KEY, or the one that key_env names)"
)
_SHAPE = "expected PROVIDER/NAME?setting=value&..., such as openai/gpt-4o-mini"
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SHORT = re.compile(r"[A-Za-z0-9_.-]{1,14}")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """A model's name taken apart. ``text`` is the full name as it was given; ``settings`` are decoded text."""

    provider: str
    name: str
    settings: Mapping[str, str]
    text: str

    def number(self, setting: str, default: float) -> float:
        """Return a setting as a number, ``default`` where it is not given."""
        return float(self.settings.get(setting, default))

    def sampling(self) -> Sampling:
        """Return the sampling settings of the name, None for those it does not give."""
        temperature, top_p, max_tokens, seed = (self.settings.get(name) for name in _SAMPLING)
        return Sampling(
            temperature=None if temperature is None else float(temperature),
            top_p=None if top_p is None else float(top_p),
            max_tokens=None if max_tokens is None else int(max_tokens),
            seed=None if seed is None else int(seed),
        )


def parse_name(text: str) -> ModelName:
    """Take a model's name apart.

    Raises:
        UsageError: not of the shape, an unknown provider or setting, a value that does not fit, or a credential.
    """
    path, mark, query = text.strip().partition("?")
    provider, slash, name = path.partition("/")
    if provider not in SETTINGS:
        known = ", ".join([*SETTINGS, *MODELS.names()])
        hint = MODELS.unknown(provider, SETTINGS) or ("" if slash else _with_provider(path))
        raise UsageError(f"model '{_shown(provider)}': no such provider; choose from {known} ({_SHAPE}){hint}")
    name = _decoded(name, f"the name after {provider}/")
    if not slash or not name:
        raise UsageError(f"model {provider}: a name is missing; {_SHAPE}")
    if looks_like_key(name):
        raise UsageError(f"model {provider}/...: the name {_KEY}")
    settings = _settings(provider, query) if mark else {}
    return ModelName(provider=provider, name=name, settings=settings, text=text.strip())


def check_no_key(text: str) -> None:
    """Look at a name that another package reads as it likes: it stands in files and reports.

    Raises:
        UsageError: a part of it looks like a key.
    """
    if any(map(looks_like_key, re.split(r"[?&=]", text))):
        raise UsageError(f"model {_shown(text.partition('/')[0])}/...: the name {_KEY}")


def model_of_folder(folder: str | os.PathLike[str]) -> str:
    """Return the name of the model whose weights are in a folder."""
    return f"hf/{quote(os.fspath(folder))}"


def _settings(provider: str, query: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"a {provider} model's settings: {_SHAPE}; one part has no '='")
        if name not in SETTINGS[provider]:
            hint = did_you_mean(name, SETTINGS[provider])
            raise UsageError(f"{provider} has no setting '{_shown(name)}'; {_allowed(provider)}{hint}")
        if name in settings:
            raise UsageError(f"{provider} model: setting '{name}' is given twice; give it once")
        settings[name] = _decoded(value, f"setting '{name}'")
        if any(key in settings[name] for key in known_keys()):
            raise UsageError(f"model setting '{name}': it holds a key of the environment, which is not repeated here")
        _check(name, settings[name])
    return settings


def _with_provider(name: str) -> str:
    return f"; did you mean 'openai/{name}'?" if _SHORT.fullmatch(name) else ""


def _allowed(provider: str) -> str:
    return f"it knows {', '.join(SETTINGS[provider])}" if SETTINGS[provider] else "it has no settings"


def _decoded(text: str, what: str) -> str:
    problem = None
    decoded = ""
    if _BROKEN_PERCENT.search(text):
        problem = "a '%' stands without two hexadecimal digits; write it as %25"
    else:
        try:
            decoded = unquote(text, errors="strict")
        except UnicodeDecodeError:
            problem = "its percent-encoding is not UTF-8"
    if what != "setting 'system'" and any(not character.isprintable() for character in decoded):
        problem = "it holds a control character"
    if problem:
        raise UsageError(f"model name: {what}: {problem}")
    return decoded


def _shown(text: str) -> str:
    """Return a name that may be repeated: a short one, as a long one may be a credential in the wrong place."""
    return text if _SHORT.fullmatch(text) else "..."


def _check(name: str, value: str) -> None:
    problem = _CHECKS[name](value) if value else "expected a value"
    if problem:
        raise UsageError(f"model setting '{name}': {problem}")


def _number(low: float, high: float) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        try:
            good = math.isfinite(float(value)) and low <= float(value) <= high
        except ValueError:
            good = False
        return None if good else f"expected a number from {low:g} to {high:g}"

    return check


def _whole(low: int) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        good = value.isascii() and value.isdigit() and len(value) < 16 and int(value) >= low
        return None if good else f"expected a whole number from {low}"

    return check


def _one_of(*values: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        return None if value in values else one_of(value, values)

    return check


def _variable(value: str) -> str | None:
    # What is not the name of a variable may be the key itself: it is not repeated.
    return None if _IDENTIFIER.fullmatch(value) else "expected the name of an environment variable that holds the key"


def _base_url(value: str) -> str | None:
    """Return what is wrong with one address, several with commas between, or ``@FILE``."""
    if value.startswith("@"):
        return None if len(value) > 1 else "expected a file after the @"
    return next((problem for one in value.split(",") if (problem := address_problem(one))), None)


def address_problem(value: str) -> str | None:
    """Return what keeps a text from being the address of a server, None where it is one."""
    expected = "expected an address such as http://127.0.0.1:8000/v1"
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port
    except ValueError:
        return expected
    if url.scheme not in ("http", "https") or not host or url.fragment or any(c.isspace() for c in value):
        return expected
    if "@" in url.netloc:
        return "an address holds no user or password; name the variable that holds the key with key_env"
    if any(key != "api-version" for key, _ in parse_qsl(url.query, keep_blank_values=True)):
        return "of an address's query only api-version is kept; name the variable that holds a key with key_env"
    return None


def _text(value: str) -> str | None:
    return None


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "base_url": _base_url,
    "key_env": _variable,
    "timeout": _number(0.001, 86_400),
    "stream": _one_of("true", "false"),
    "system": _text,
    "revision": _text,
    "dtype": _one_of(*DTYPES),
    "device": _text,
    "batch_size": _whole(1),
    "trust_remote_code": _one_of("true", "false"),
    "temperature": _number(0, 100),
    "top_p": _number(0, 1),
    "max_tokens": _whole(1),
    "seed": _whole(0),
}
