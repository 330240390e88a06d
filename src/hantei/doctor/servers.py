"""Whether a model's server answers, and which models it says that it has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hantei.doctor.finding import Finding
from hantei.models.endpoint import Endpoint, find_endpoint
from hantei.models.keys import mask_keys
from hantei.models.names import parse_name

_WAIT_S = 5
_MOST_BYTES = 1_000_000
_MODELS_SHOWN = 5
_LONGEST_NAME = 100


def servers(base_urls: Sequence[str]) -> Iterator[Finding]:
    """Yield what each server answers when it is asked which models it has.

    Raises:
        UsageError: an address is none, or holds a credential.
    """
    endpoints = [(url, find_endpoint(parse_name(f"openai/any?base_url={url}"))) for url in base_urls]
    for url, endpoint in endpoints:
        if endpoint.lacks:
            yield _problem(url, endpoint.lacks, "set the key")
        else:
            yield asyncio.run(_ask(url, endpoint))


async def _ask(url: str, endpoint: Endpoint) -> Finding:
    for place in (endpoint, endpoint.with_v1()):
        if place is None:
            continue
        try:
            status, body = await _get(place)
        except Exception as error:  # whatever a server or its address does
            why = mask_keys(str(error) or type(error).__name__)
            return _problem(url, f"cannot be reached: {why}", "start the server, or correct the address")
        if status == 200:
            return Finding(room="servers", name=url, state="ok", says=_models(body))
    return _problem(url, f"answers {status} to GET /models", "look at the address and the key")


async def _get(endpoint: Endpoint) -> tuple[int, bytes]:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_WAIT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(
            endpoint.url("/models"), headers=endpoint.headers(), proxy=endpoint.proxy, allow_redirects=False
        ) as reply,
    ):
        return reply.status, await reply.content.read(_MOST_BYTES)


def _models(body: bytes) -> str:
    try:
        data: Any = json.loads(body)["data"]
        names = [str(one["id"])[:_LONGEST_NAME] for one in data]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "answers, but says no models"
    more = f" and {len(names) - _MODELS_SHOWN:,} more" if len(names) > _MODELS_SHOWN else ""
    return mask_keys(f"has {', '.join(names[:_MODELS_SHOWN]) or 'no models'}{more}")


def _problem(url: str, says: str, cure: str) -> Finding:
    return Finding(room="servers", name=url, state="problem", says=says, cure=cure)
