"""Inspect's own mock model stands for its providers."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from hantei.errors import UsageError
from hantei.models import CallError, Reply, Request, Sampling, load_model, parse_name
from hantei.models.extras import needed
from hantei.models.sampling import defaults
from hantei.records import Message
from tests.models.calls import ask_all, request

if importlib.util.find_spec("inspect_ai") is None:
    pytest.skip("the extra inspect is not installed", allow_module_level=True)

# Inspect's libraries warn of each other's coming changes.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

models: Any = needed("inspect_ai.model", "inspect")
NAME = "inspect/mockllm/model"


def asked(give: Callable[..., Any], to_ask: Request | None = None, name: str = NAME, **api: Any) -> Reply | CallError:
    """Ask a mock model that gives what a function of (messages, tools, choice, config) returns."""
    from hantei.models.inspect_provider import InspectModel

    parsed = parse_name(name)
    model = models.get_model("mockllm/model", memoize=False, custom_outputs=give)
    for attribute, value in api.items():
        setattr(model.api, attribute, value)
    (found,) = ask_all(InspectModel(parsed, model, defaults(parsed, None)), [to_ask or request()])
    return found


def output(content: Any = "hello", stop_reason: str = "stop", logprobs: Any = None) -> Any:
    message = models.ChatMessageAssistant(content=content)
    choice = models.ChatCompletionChoice(message=message, stop_reason=stop_reason, logprobs=logprobs)
    usage = models.ModelUsage(input_tokens=5, output_tokens=2, input_tokens_cache_read=10, input_tokens_cache_write=1)
    return models.ModelOutput(model="served", choices=[choice], usage=usage)


def reply_to(**fields: Any) -> Reply:
    found = asked(lambda *_: output(**fields))
    assert isinstance(found, Reply), found
    return found


def failure_of(error: Exception, **api: Any) -> CallError:
    def give(*_: Any) -> Any:
        raise error

    found = asked(give, **api)
    assert isinstance(found, CallError), found
    return found


def test_a_good_answer() -> None:
    reply = reply_to()
    assert (reply.text, reply.status, reply.finish_reason, reply.served_model) == ("hello", "ok", "stop", "served")
    assert reply.usage == {"input": 5 + 10 + 1, "output": 2}


def test_the_call_as_inspect_receives_it() -> None:
    seen: list[Any] = []

    def give(messages: Any, tools: Any, choice: Any, config: Any) -> Any:
        seen.extend([messages, config])
        return output()

    turns = (
        Message(role="user", content="u"),
        Message(role="assistant", content="a"),
        Message(role="user", content="v"),
    )
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
    sampling = Sampling(temperature=0.0, max_tokens=5, seed=3, stop=("x",))
    asked(
        give,
        Request(messages=turns, sampling=sampling, schema=schema, top_logprobs=2),
        f"{NAME}?top_p=0.5&system=Be%20brief",
    )
    messages, config = seen
    assert [(m.role, m.content) for m in messages] == [("system", "Be brief"), *((m.role, m.content) for m in turns)]
    assert (config.temperature, config.top_p, config.max_tokens, config.seed) == (0.0, 0.5, 5, 3)
    assert (config.stop_seqs, config.logprobs, config.top_logprobs, config.max_retries) == (["x"], True, 2, 0)
    assert config.response_schema.json_schema.required == ["score"]


@pytest.mark.parametrize(
    ("stop_reason", "status"),
    [
        ("stop", "ok"),
        ("max_tokens", "truncated"),
        ("model_length", "truncated"),
        ("content_filter", "filtered"),
        ("unknown", "ok"),
    ],
)
def test_why_it_stopped(stop_reason: str, status: str) -> None:
    assert reply_to(stop_reason=stop_reason).status == status


def test_reasoning_is_kept_apart() -> None:
    content = [models.ContentReasoning(reasoning="hm"), models.ContentText(text="yes")]
    assert (reply_to(content=content).text, reply_to(content=content).reasoning) == ("yes", "hm")
    hidden = [models.ContentReasoning(reasoning="gAAA", summary="short", redacted=True), models.ContentText(text="yes")]
    assert reply_to(content=hidden).reasoning == "short"
    cut = reply_to(content="<think>hm")
    assert (cut.text, cut.reasoning, cut.status) == ("", "hm", "truncated")


def test_log_probabilities() -> None:
    top = [{"token": "safe", "logprob": -0.1}, {"token": "unsafe", "logprob": -2.5}]
    logprobs = models.Logprobs.model_validate({"content": [{**top[0], "top_logprobs": top}]})
    assert reply_to(content="safe", logprobs=logprobs).logprobs == ({"safe": -0.1, "unsafe": -2.5},)


class ProviderError(Exception):
    """As the clients of providers raise them."""

    def __init__(self, status_code: int, message: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.response = type("Response", (), {"headers": headers or {}})()


class ConnectTimeoutError(Exception):
    """As HTTP clients name them."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProviderError(429, "slow down"), "rate-limit"),
        (ProviderError(503), "server"),
        (ProviderError(401, "bad key sk-0123456789abcdef"), "auth"),
        (ProviderError(404), "not-found"),
        (ProviderError(400), "bad-request"),
        (ConnectTimeoutError(), "timeout"),
        (ConnectionResetError(), "connection"),
        (ValueError("odd"), "bad-reply"),
    ],
)
def test_a_failure_has_its_kind(error: Exception, kind: str) -> None:
    found = failure_of(error)
    assert found.failure == kind
    assert "0123456789" not in found.text


def test_what_a_provider_asks_to_wait_and_no_retry_of_inspects_own() -> None:
    error = ProviderError(429, "slow down", {"Retry-After": "4"})
    found = failure_of(error, should_retry=lambda _: True)
    assert (found.failure, found.retry_after_s) == ("rate-limit", 4.0)


def test_an_output_without_choice_is_a_bad_reply() -> None:
    usage = models.ModelUsage(input_tokens=1, output_tokens=0)
    found = asked(lambda *_: models.ModelOutput(model="m", choices=[], error="broken", usage=usage))
    assert isinstance(found, CallError)
    assert (found.failure, "broken" in found.text) == ("bad-reply", True)


def test_a_late_reply_is_a_timeout() -> None:
    import asyncio

    async def late(*_: Any) -> Any:
        await asyncio.sleep(30)

    found = asked(late, name=f"{NAME}?timeout=0.05")
    assert isinstance(found, CallError)
    assert (found.failure, found.text) == ("timeout", "inspect/mockllm: no reply within 0.05 s")


def test_models_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_model(NAME).server == "inspect/mockllm"
    with pytest.raises(UsageError, match="not recognized"):
        load_model("inspect/no-such-provider/m")


class PolicyError(ProviderError):
    """A provider's own filter, with its code."""

    code = "content_policy_violation"


def test_what_a_provider_keeps_back_is_filtered() -> None:
    def give(*_: Any) -> Any:
        raise PolicyError(400, "no")

    found = asked(give)
    assert isinstance(found, Reply), found
    assert (found.status, found.text) == ("filtered", "")


def test_a_refusal_part_is_the_models_own_answer() -> None:
    reply = reply_to(content=[models.ContentText(text="I will not.", refusal=True)])
    assert (reply.text, reply.status, reply.finish_reason) == ("I will not.", "ok", "refusal")
