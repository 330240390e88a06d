"""OpenAI's moderation endpoint, as a model whose reply is the endpoint's JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from hantei.models import Model, Reply, Request, parse_name
from hantei.models.base import Prepared


@runtime_checkable
class PostsJson(Protocol):
    """A model whose server takes JSON on other paths, too."""

    name: str
    server: str

    async def post_json(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON of the reply."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class ModerationModel:
    """Sends the last message to ``/moderations``; the reply's text is the JSON that came back."""

    def __init__(self, inner: PostsJson) -> None:
        self._inner = inner
        self.name, self.server = inner.name, inner.server
        self._model = parse_name(inner.name).name

    async def ask(self, request: Request) -> Reply:
        """Return what the endpoint says of the last message.

        Raises:
            CallError: the call failed.
        """
        body = {"model": self._model, "input": request.messages[-1].content}
        data = await self._inner.post_json("/moderations", body)
        served = data.get("model") if isinstance(data, dict) else None
        text = json.dumps(data, ensure_ascii=False)
        return Reply(text=text, served_model=served if isinstance(served, str) else None)

    def check_ready(self) -> None:
        """Raise ``UsageError`` where no call can be made."""
        if isinstance(self._inner, Prepared):
            self._inner.check_ready()

    async def close(self) -> None:
        """Let go of connections."""
        await self._inner.close()


def for_endpoint(model: Model, endpoint: str) -> Model:
    """Return the model that asks ``endpoint`` (``moderations``), the model itself where it knows no endpoints.

    A model that cannot post, such as recorded answers, is taken to hold the endpoint's JSON as its replies.
    """
    return ModerationModel(model) if endpoint == "moderations" and isinstance(model, PostsJson) else model
