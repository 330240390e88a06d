"""``hantei serve`` between a model's server and clients that mean no good."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hantei.errors import UsageError
from hantei.judges.classifying import as_judge
from hantei.records import Judgment
from hantei.serving.exchange import read_request
from hantei.serving.live_judge import LiveJudge, LiveVerdict
from hantei.serving.policy import Policy
from hantei.tasks.serving import ServeOptions, application
from tests.serving.fake_model import BAD, FakeModel
from tests.serving.live import BadJudge, listening, live, until
from tests.serving.test_serve import CALL, LONG, ask, metrics, note, streamed


def replying(reply: Any, status: int = 200) -> Starlette:
    """Return a model's server that gives one reply: JSON, or a list of parts as a stream."""

    async def chat(_request: Request) -> Response:
        if not isinstance(reply, list):
            return JSONResponse(reply, status)
        events = [f"data: {json.dumps(part)}\n\n" for part in reply]
        return Response("".join([*events, "data: [DONE]\n\n"]), media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])


def told(model: Starlette, judge: BadJudge, policy: Policy | None = None, **more: Any) -> httpx.Response:
    """Return what a client gets of a model's server."""
    with listening(model) as port:
        options = ServeOptions(upstream=f"http://127.0.0.1:{port}/v1", policy=policy or Policy())
        with listening(application(judge, options)) as own:
            body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **more}
            return httpx.post(f"http://127.0.0.1:{own}/v1/chat/completions", json=body, timeout=20)


def deltas(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"choices": [{"index": 0, "delta": part}]} for part in parts]


def test_of_a_list_of_parts_only_the_text_that_was_judged_leaves() -> None:
    content = [{"type": "text", "text": "Fine."}, {"type": "thinking", "thinking": [{"text": BAD}]}, BAD]
    judge = BadJudge()
    reply = told(replying({"choices": [{"index": 0, "message": {"content": content}}]}), judge)
    assert reply.json()["choices"][0]["message"]["content"] == "Fine."
    assert judge.seen == ["Fine."]
    stream = told(replying(deltas({"content": content})), judge, stream=True)
    assert "Fine." in stream.text
    assert BAD not in stream.text


def test_fields_that_come_in_turns_are_judged_apart() -> None:
    """B, A and D come between words of the reasoning: together they are BAD."""
    parts = [one for letter in BAD for one in ({"reasoning_content": "so "}, {"content": letter})]
    judge = BadJudge()
    reply = told(replying(deltas(*parts)), judge, stream=True)
    assert judge.seen == [f"so so so \n\n{BAD}"]
    assert "content_filter" in reply.text


def test_blank_text_before_a_call_of_a_tool_is_not_judged() -> None:
    judge = BadJudge()
    judge.abstain = True
    reply = told(replying(deltas({"content": "\n\n"}, {"tool_calls": [CALL]})), judge, stream=True)
    assert "look_up" in reply.text
    assert judge.seen == []


class FailsOnce(BadJudge):
    """Fails at the first verdict only."""

    def judge(self, pairs: Any) -> list[Judgment]:
        self.fail = not self.seen
        return super().judge(pairs)


def test_a_window_that_left_unjudged_is_told_and_counted(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with live(Policy(window=100, on_failure="open"), FailsOnce(), FakeModel(text=LONG), journal=journal) as it:
        text, parts = streamed(it)
        page = httpx.get(it.url.removesuffix("/v1") + "/metrics").text
    assert text == LONG
    assert note(parts[-1].choices[0])["failed_open"] is True
    assert "hantei_failed_open_total 1.0" in page
    assert [one["failed_open"] for one in json.loads(journal.read_text())["verdicts"]] == [True]


class OnlyOnce(BadJudge):
    """Fails at every verdict but the first."""

    def judge(self, pairs: Any) -> list[Judgment]:
        self.fail = bool(self.seen)
        return super().judge(pairs)


def test_a_correction_that_cannot_be_judged_does_not_stand_for_an_unsafe_answer() -> None:
    with live(Policy(action="correct", on_failure="open"), OnlyOnce(), FakeModel(text=BAD, again="Better.")) as it:
        choice = ask(it).choices[0]
        assert (choice.finish_reason, note(choice)["decision"]) == ("content_filter", "block")


def test_a_chance_that_is_no_number_passes_no_beginning() -> None:
    judged = Judgment(response_id="1", judge="x", unsafe=True, p_unsafe=float("nan"))
    assert Policy().decide(judged, None, beginning=True) == "block"


def test_what_the_models_server_says_of_a_failure_is_in_no_journal_and_holds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "very-private-0123456789")
    said = {"error": {"message": "key very-private-0123456789 cannot ask 'my question'", "code": "bad"}}
    journal = tmp_path / "journal.jsonl"
    with listening(replying(said, 401)) as port:
        options = ServeOptions(upstream=f"http://127.0.0.1:{port}/v1", key_env="UPSTREAM_KEY", journal=journal)
        with listening(application(BadJudge(), options)) as own:
            body = {"messages": [{"role": "user", "content": "my question"}]}
            reply = httpx.post(f"http://127.0.0.1:{own}/v1/chat/completions", json=body)
    message = reply.json()["error"]["message"]
    assert message == "the model's server answered 401: key [key] cannot ask 'my question'"
    error = json.loads(journal.read_text())["error"]
    assert error == {"type": "upstream_error", "message": "the model's server answered 401"}


def test_a_key_of_the_environment_is_spent_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-operator-0123456789")
    with live() as it:
        ask(it)
        assert it.model.headers[0]["authorization"] == "Bearer sk-client-0123456789abcdef"


def test_a_stream_is_asked_for_with_true_or_false() -> None:
    with live() as it:
        for stream in ("yes", 1, [1]):
            body: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}], "stream": stream}
            assert httpx.post(f"{it.url}/chat/completions", json=body).status_code == 400
        assert it.model.bodies == []


class ById(BadJudge):
    """Keeps its verdicts by the ids of answers, as judges may."""

    def judge(self, pairs: Any) -> list[Judgment]:
        verdicts = {response.id: self._judged(response) for _, response in pairs}
        return [verdicts[response.id] for _, response in pairs]


def test_answers_that_are_judged_together_have_ids_of_their_own() -> None:
    guard = LiveJudge(as_judge(ById()), Policy(), lambda _name, _usage: None, 10)
    prompt = read_request({"messages": [{"role": "user", "content": "Hi"}]}).prompt

    async def both() -> list[LiveVerdict]:
        return [*await asyncio.gather(guard.verdict(prompt, f"This is {BAD}."), guard.verdict(prompt, "This is fine."))]

    assert [one.decision for one in asyncio.run(both())] == ["block", "pass"]


class OfAnother(BadJudge):
    """Gives the verdict on an answer that nobody asked about."""

    def _judged(self, response: Any) -> Judgment:
        return Judgment(response_id="another", judge=self.name, unsafe=False)


def test_a_verdict_on_another_answer_lets_nothing_leave() -> None:
    reply = told(replying({"choices": [{"index": 0, "message": {"content": "x"}}]}), OfAnother())
    assert (reply.status_code, reply.json()["error"]["type"]) == (503, "judge_unavailable")


def test_calls_of_tools_are_a_list() -> None:
    reply = told(replying({"choices": [{"index": 0, "message": {"tool_calls": BAD}}]}), BadJudge())
    assert reply.json()["error"]["message"] == "the model's server sent tool_calls that are no list"


@pytest.mark.parametrize("index", ["abc", 1e400, {"a": 1}])
def test_an_index_that_is_no_number_is_a_typed_error(index: Any) -> None:
    stream = [{"choices": [{"index": index, "delta": {"content": "x"}}]}]
    reply = told(replying(stream), BadJudge(), stream=True)
    error = json.loads(reply.text.removeprefix("data: "))["error"]
    assert error["type"] == "upstream_error"
    assert error["message"] == "the model's server sent a choice whose index is no number"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("port", 99_999, "--port 99999: expected 0 to 65535"),
        ("max_requests", 0, "--max-requests 0: expected a number over 0"),
        ("timeout_s", float("nan"), "--timeout nan: expected a number over 0"),
        ("judge_timeout_s", -1.0, "--judge-timeout -1.0: expected a number over 0"),
    ],
)
def test_numbers_that_cannot_be_are_told(option: str, value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}$"):
        application(BadJudge(), ServeOptions(upstream="http://127.0.0.1:9/v1", **{option: value}))


BODY = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Host", "evil.example", 403),
        ("Host", "127.0.0.1.evil.example:8100", 403),
        ("Host", "[", 403),
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://localhost:3000", 200),
    ],
)
def test_a_page_in_a_browser_cannot_ask_without_a_token(name: str, value: str, status: int) -> None:
    with live() as it:
        reply = httpx.post(f"{it.url}/chat/completions", json=BODY, headers={name: value})
        assert reply.status_code == status
        assert len(it.model.bodies) == (status == 200)


def test_a_client_that_does_not_send_its_request_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hantei.serving.entrance.SLOW_S", 0.3)
    with live(max_requests=1) as it:
        port = int(it.url.removesuffix("/v1").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
            slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{")
            assert slow.recv(99).startswith(b"HTTP/1.1 408")
        assert ask(it).choices


def test_a_journal_that_cannot_be_written_is_a_typed_error() -> None:
    with live(journal=Path("/dev/full")) as it:
        reply = httpx.post(f"{it.url}/chat/completions", json=BODY)
        assert (reply.status_code, reply.json()["error"]["type"]) == (500, "internal_error")
        assert reply.json()["error"]["message"] == "the journal cannot be written: No space left on device"


def test_paths_that_are_not_served_are_typed_errors() -> None:
    with live() as it:
        for path in ("/completions", "/../v1/models", "/files/..%2f..%2fetc%2fpasswd"):
            reply = httpx.post(f"{it.url}{path}", json=BODY)
            assert reply.json()["error"]["type"] == "invalid_request_error"
            assert reply.status_code in (404, 405)


def test_a_client_that_does_not_read_its_stream_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hantei.serving.entrance.SLOW_S", 0.3)
    model = FakeModel(text=" ".join(["x" * 60_000] * 300))
    with live(Policy(window=100_000), QuickJudge(), model, max_requests=1) as it:
        port = int(it.url.removesuffix("/v1").rpartition(":")[2])
        body = json.dumps({**BODY, "stream": True})
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", port))
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
            slow.sendall((head + body).encode())
            until(lambda: 'decision="client gone"' in metrics(it))
            assert it.model.open == 0
            it.model.text = "All is well."
            assert ask(it).choices


class QuickJudge(BadJudge):
    """Keeps nothing."""

    def judge(self, pairs: Any) -> list[Judgment]:
        return [self._judged(response) for _, response in pairs]
