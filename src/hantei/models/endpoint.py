"""Where a model is asked over HTTP, and whether a key goes there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from hantei.models.names import ModelName

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
_PATHS = ("/chat/completions", "/completions", "/responses")
"""What follows a base in addresses that are copied from a documentation."""
_AZURE = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address that models are asked at. ``server`` is its origin, such as ``http://127.0.0.1:8000``; ``key`` is
    sent there and nowhere else; ``lacks`` says why nothing can be asked there, None where it can; ``proxy`` is the
    environment's, for https alone."""

    base_url: str
    server: str
    key: str | None = field(repr=False)
    proxy: str | None = field(repr=False)
    lacks: str | None = None

    def url(self, path: str) -> str:
        """Return the address of ``path`` under the base, with the base's query."""
        base = urlsplit(self.base_url)
        return urlunsplit(base._replace(path=base.path.rstrip("/") + path))

    def with_v1(self) -> Endpoint | None:
        """Return the same server under ``/v1``, where nearly all of them answer; None where the base has a path."""
        base = urlsplit(self.base_url)
        if base.path.strip("/"):
            return None
        return replace(self, base_url=urlunsplit(base._replace(path="/v1")))

    def headers(self) -> dict[str, str]:
        """Return the headers of every call. Azure reads its keys from a header of its own."""
        if self.key is None:
            return {}
        host = urlsplit(self.base_url).hostname or ""
        return {"api-key": self.key} if host.endswith(_AZURE) else {"Authorization": f"Bearer {self.key}"}


def find_endpoint(name: ModelName, environment: Mapping[str, str] = os.environ) -> Endpoint:
    """Return where a model is asked, with its key.

    The variable that ``key_env`` names holds the key. Without it, OpenAI's own host and loopback get the key of
    ``OPENAI_API_KEY``, and any other address gets none. Of a ``base_url`` that is the whole path of a call only what
    stands before ``/chat/completions`` counts. A key that is not set, or is none that a header can hold, is what the
    endpoint ``lacks``.
    """
    url = urlsplit(name.settings.get("base_url", OPENAI_URL))
    url = url._replace(path=_without_ending(url.path))
    key, lacks = _key(name.settings.get("key_env"), url, environment)
    return Endpoint(
        base_url=urlunsplit(url),
        server=f"{url.scheme}://{url.netloc.lower()}",
        key=key,
        proxy=_proxy(url),
        lacks=lacks,
    )


def _without_ending(path: str) -> str:
    ending = next((one for one in _PATHS if path.rstrip("/").endswith(one)), "")
    return path.rstrip("/").removesuffix(ending) if ending else path


def _key(
    variable: str | None, url: SplitResult, environment: Mapping[str, str]
) -> tuple[str, None] | tuple[None, str | None]:
    """Return the key, or why there is none: None where none is needed."""
    own = url.scheme == "https" and url.netloc.lower() in ("api.openai.com", "api.openai.com:443")
    if variable is None and not own and not is_loopback(url.hostname or ""):
        return None, None
    key = environment.get(variable or OPENAI_KEY, "").strip()
    if not key and (variable or own):
        # What key_env names is not repeated: it may be a key in the wrong place.
        what = "the variable that key_env names" if variable else OPENAI_KEY
        return None, f"{url.hostname}: expected a key in the environment; {what} is not set or empty"
    if not all("!" <= character <= "~" for character in key):
        return None, f"{url.hostname}: the key in the environment holds characters that no key has; set it again"
    return (key, None) if key else (None, None)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by name or by address; a name is not looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy(url: SplitResult) -> str | None:
    # Over plain http a proxy would read the key; over https it passes on what it cannot read.
    host = url.hostname or ""
    if url.scheme != "https" or is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get("https")
