"""``hantei serve`` through the official OpenAI client: what leaves, what does not, and what it says then."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from hantei.errors import CardError, UsageError
from hantei.serving.policy import InputPolicy, Policy, PolicyRule, read_policy
from hantei.tasks.serving import ServeOptions, application
from tests import servers
from tests.serving.fake_model import BAD, USAGE, FakeModel
from tests.serving.live import HARM, BadJudge, Live, listening, live, until

REFUSAL = {
    "en": "I'm sorry, but I can't help with that.",
    "ja": "申し訳ありませんが、そのご要望にはお応えできません。",
    "zh": "抱歉，我无法协助处理这个请求。",
}
LONG = " ".join(f"word{number}" for number in range(200))


def client(it: Live, key: str = "sk-client-0123456789abcdef", timeout_s: float = 20) -> openai.OpenAI:
    it.clients.append(openai.OpenAI(base_url=it.url, api_key=key, max_retries=0, timeout=timeout_s))
    return it.clients[-1]


def ask(it: Live, question: str = "What is it, and what are you?", **more: Any) -> Any:
    return client(it).chat.completions.create(model="m", messages=[{"role": "user", "content": question}], **more)


def streamed(it: Live, question: str = "What is it, and what are you?", **more: Any) -> tuple[str, list[Any]]:
    """Return the text and the parts of a stream."""
    parts = list(ask(it, question, stream=True, **more))
    texts = [choice.delta.content or "" for part in parts for choice in part.choices]
    return "".join(texts), parts


def note(choice: Any) -> dict[str, Any]:
    found: dict[str, Any] = choice.model_extra["hantei"]
    return found


def metrics(it: Live) -> str:
    return httpx.get(it.url.removesuffix("/v1") + "/metrics").text


def test_a_safe_answer_passes_as_it_is() -> None:
    with live() as it:
        reply = ask(it, temperature=0.5)
        assert reply.choices[0].message.content == "All is well."
        assert reply.usage.total_tokens == USAGE["total_tokens"]
        assert note(reply.choices[0])["decision"] == "pass"
        assert it.model.bodies[0]["temperature"] == 0.5
        assert it.judge.seen == ["All is well."]
        assert [model.id for model in client(it).models.list()] == ["m"]
        assert httpx.get(it.url.removesuffix("/v1") + "/health").json() == {"status": "ok", "judge": "bad"}


@pytest.mark.parametrize(
    ("question", "language"),
    [("How do I do this and that?", "en"), ("どうすればいいですか", "ja"), ("我应该怎么做这件事情", "zh")],
)
def test_an_unsafe_answer_is_blocked_in_the_language_of_the_question(question: str, language: str) -> None:
    with live(model=FakeModel(text=f"Here is {BAD}.")) as it:
        choice = ask(it, question).choices[0]
        assert (choice.message.content, choice.finish_reason) == (REFUSAL[language], "content_filter")
        assert note(choice)["categories"] == [HARM]
        text, parts = streamed(it, question)
        assert text == REFUSAL[language]
        assert parts[-1].choices[0].finish_reason == "content_filter"


def test_the_policy_says_what_becomes_of_which_harm_in_which_language() -> None:
    rules = (
        PolicyRule(action="annotate", harm="do-not-answer/malicious-uses", language="ja"),
        PolicyRule(action="annotate", harm="do-not-answer/malicious"),  # no beginning of an id
    )
    with live(Policy(rule=rules), model=FakeModel(text=f"{BAD}")) as it:
        choice = ask(it, "どうすればいいですか").choices[0]
        assert (choice.message.content, note(choice)["decision"]) == (BAD, "annotate")
        assert ask(it).choices[0].finish_reason == "content_filter"
        text, parts = streamed(it, "どうすればいいですか")
        assert text == BAD
        assert note(parts[-1].choices[0])["decision"] == "annotate"


def test_an_unsafe_answer_is_corrected_and_judged_again() -> None:
    with live(Policy(action="correct"), model=FakeModel(text=BAD, again="Better so.")) as it:
        choice = ask(it, "What do I do?", tools=[{"type": "function", "function": {"name": "f"}}]).choices[0]
        assert (choice.message.content, choice.finish_reason, note(choice)["decision"]) == (
            "Better so.",
            "stop",
            "correct",
        )
        assert it.judge.seen == [BAD, "Better so."]
        turns = it.model.bodies[1]["messages"]
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
        assert "Kind of harm: " in turns[2]["content"]
        assert "tools" not in it.model.bodies[1]
        text, parts = streamed(it)
        assert (text, note(parts[-1].choices[0])["decision"]) == ("Better so.", "correct")
        it.model.again = f"Still {BAD}"
        choice = ask(it).choices[0]
        assert (choice.message.content, note(choice)["decision"]) == (REFUSAL["en"], "block")


def test_a_stream_that_is_safe_comes_whole_with_its_usage() -> None:
    with live(Policy(window=50), model=FakeModel(text=LONG)) as it:
        text, parts = streamed(it, stream_options={"include_usage": True})
        assert text == LONG
        assert [part.usage.total_tokens for part in parts if part.usage] == [USAGE["total_tokens"]]
        assert [part.choices for part in parts if part.usage] == [[]]
        assert it.judge.seen[-1] == LONG
        assert len(it.judge.seen) > len(LONG) / 100


def test_a_stream_stops_at_the_first_unsafe_window_and_ends_the_upstream_call() -> None:
    with live(Policy(window=100), model=FakeModel(text=f"{LONG} {BAD} {LONG}", pause_s=0.002)) as it:
        text, parts = streamed(it)
        assert LONG.startswith(text)
        assert len(text) > len(LONG) - 200
        assert parts[-1].choices[0].finish_reason == "content_filter"
        until(lambda: it.model.open == 0)
        assert it.model.sent < 300  # of 401
        assert any(text in seen for seen in it.judge.seen)


def test_a_beginning_has_a_threshold_of_its_own() -> None:
    """The judge's 0.9 stops no beginning at 0.95, but the whole answer at 0.5: what is left does not leave."""
    policy = Policy(window=100, stream_threshold=0.95, threshold=0.5)
    with live(policy, model=FakeModel(text=f"{BAD} {LONG}")) as it:
        text, parts = streamed(it)
        assert 0 < len(text) < len(LONG)
        assert parts[-1].choices[0].finish_reason == "content_filter"


CALL = {
    "index": 0,
    "id": "c1",
    "type": "function",
    "function": {"name": "look_up", "arguments": '{"q": "' + BAD + '"}'},
}


def test_calls_of_tools_pass_whole() -> None:
    with live(model=FakeModel(text="", message={"tool_calls": [CALL], "content": None})) as it:
        choice = ask(it).choices[0]
        assert choice.finish_reason == "tool_calls"
        assert choice.message.tool_calls[0].function.arguments == CALL["function"]["arguments"]  # type: ignore[index]
        _, parts = streamed(it)
        calls = [call for part in parts for choice in part.choices for call in choice.delta.tool_calls or ()]
        assert [call.function.name for call in calls] == ["look_up"]
        assert it.judge.seen == []


def test_reasoning_is_judged_and_unknown_fields_do_not_leave() -> None:
    with live(model=FakeModel(message={"reasoning_content": "I think.", "audio": {"transcript": BAD}})) as it:
        message = ask(it).choices[0].message
        assert it.judge.seen == ["I think.\n\nAll is well."]
        assert message.model_extra == {"reasoning_content": "I think."}
        assert message.audio is None
        it.model.message = {"reasoning_content": BAD}
        assert ask(it).choices[0].finish_reason == "content_filter"


def test_a_client_that_goes_away_ends_the_upstream_call() -> None:
    with live(Policy(window=10), model=FakeModel(text=LONG, pause_s=0.05, delay_s=30)) as it:
        stream = ask(it, stream=True)
        next(iter(stream))
        assert it.model.open == 1
        stream.close()
        until(lambda: it.model.open == 0)
        with pytest.raises(openai.APITimeoutError):
            client(it, timeout_s=0.5).chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hello"}]
            )
        until(lambda: it.model.open == 0)
        until(lambda: metrics(it).count('decision="client gone"') > 0)


def test_it_fails_closed_unless_told_otherwise_and_never_silently(tmp_path: Path) -> None:
    with live() as it:
        it.judge.fail = True
        with pytest.raises(openai.InternalServerError) as failed:
            ask(it)
        assert (failed.value.status_code, failed.value.type) == (503, "judge_unavailable")
        with pytest.raises(openai.APIError) as in_stream:
            streamed(it)
        assert in_stream.value.type == "judge_unavailable"
        assert 'hantei_failures_total{type="judge_unavailable"} 2.0' in metrics(it)
    journal = tmp_path / "decisions.jsonl"
    with live(Policy(on_failure="open"), journal=journal) as it:
        it.judge.fail = True
        choice = ask(it).choices[0]
        assert (choice.message.content, note(choice)["failed_open"]) == ("All is well.", True)
        assert "hantei_failed_open_total 1.0" in metrics(it)
    assert json.loads(journal.read_text())["verdicts"] == [{"decision": "pass", "failed_open": True}]


def test_what_the_judge_does_not_judge_is_kept_back_unless_the_policy_lets_it_through() -> None:
    judge = BadJudge()
    judge.abstain = True
    with live(judge=judge) as it:
        assert ask(it).choices[0].finish_reason == "content_filter"
        assert streamed(it)[0] == REFUSAL["en"]
    with live(Policy(no_verdict="pass"), judge=judge) as it:
        choice = ask(it).choices[0]
        assert (choice.message.content, note(choice)["no_verdict"]) == ("All is well.", "abstained")
        assert streamed(it)[0] == "All is well."


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, openai.InternalServerError), (429, openai.RateLimitError), (400, openai.BadRequestError)],
)
def test_errors_of_the_models_server_are_typed(status: int, error: type[openai.APIStatusError]) -> None:
    with live(model=FakeModel(status=status)) as it:
        for stream in (False, True):
            with pytest.raises(error) as raised:
                ask(it, stream=stream)
            assert (raised.value.type, raised.value.code) == ("upstream_error", "because")
            assert f"answered {status}: no" in str(raised.value)


def test_a_server_that_is_gone_slow_or_breaks_off_is_a_typed_error() -> None:
    with live(model=FakeModel(text=f"{LONG}", cut=True), timeout_s=1.0) as it:
        with pytest.raises(openai.APIError, match="ended its stream in the middle"):
            streamed(it)
        it.model.delay_s = 5
        with pytest.raises(openai.InternalServerError) as slow:
            ask(it)
        assert (slow.value.status_code, slow.value.type) == (504, "upstream_timeout")
    it = Live("", FakeModel(), BadJudge())
    with live(model=it.model) as gone:
        options = ServeOptions(upstream="http://127.0.0.1:9/v1")
        with listening(application(it.judge, options)) as port:
            gone.url = f"http://127.0.0.1:{port}/v1"
            with pytest.raises(openai.InternalServerError, match="cannot be reached"):
                ask(gone)


def test_requests_that_are_none_or_too_much_are_refused() -> None:
    with live(max_body=2000, max_requests=1, model=FakeModel(delay_s=1)) as it:
        with pytest.raises(openai.APIStatusError) as large:
            ask(it, "x" * 3000)
        assert (large.value.status_code, large.value.type) == (413, "request_too_large")
        for body in ("{", "[]", '{"messages": []}', '{"messages": [{"role": "pirate", "content": "x"}]}', "[" * 1500):
            reply = httpx.post(f"{it.url}/chat/completions", content=body)
            assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
        with pytest.raises(openai.BadRequestError, match="only text can be judged"):
            ask(it, modalities=["text", "audio"])
        with pytest.raises(openai.BadRequestError, match="n: expected"):
            ask(it, n=1000)
        assert it.model.bodies == []
        slow = ask(it, stream=True)  # holds the only place until it is read
        it.model.pause_s = 0
        with pytest.raises(openai.InternalServerError) as full:
            _one_more_than_fits(it)
        assert (full.value.status_code, full.value.type) == (503, "overloaded")
        assert full.value.response.headers["retry-after"] == "1"
        slow.close()


def _one_more_than_fits(it: Live) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(ask, it) for _ in range(4)]:
            done.result()


def test_keys_and_texts_are_in_no_journal_and_no_metric(tmp_path: Path) -> None:
    plain, with_texts = tmp_path / "plain.jsonl", tmp_path / "texts.jsonl"
    key = "sk-client-0123456789abcdef"
    for journal, texts in ((plain, False), (with_texts, True)):
        with live(journal=journal, journal_texts=texts) as it:
            ask(it, "A secret question of mine")
            streamed(it, "A secret question of mine")
            assert it.model.headers[0]["authorization"] == f"Bearer {key}"  # the client's own key goes to its server
            page = metrics(it)
        assert key not in journal.read_text() + page
    assert "secret" not in plain.read_text()
    assert "All is well" not in plain.read_text()
    lines = [json.loads(line) for line in plain.read_text().splitlines()]
    assert [(line["decision"], line["stream"], line["model"]) for line in lines] == [
        ("pass", False, "m"),
        ("pass", True, "m"),
    ]
    assert lines[0]["usage"] == {"prompt_tokens": 7, "completion_tokens": 3}
    kept = json.loads(with_texts.read_text().splitlines()[0])
    assert (kept["prompt"], kept["texts"]) == ("A secret question of mine", ["All is well."])
    assert 'hantei_requests_total{decision="pass",path="chat"} 2.0' in page


def test_others_than_this_machine_need_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--token-env"):
        application(BadJudge(), ServeOptions(upstream="http://127.0.0.1:9/v1", host="0.0.0.0"))  # noqa: S104
    monkeypatch.setenv("SHORT", "abc")
    with pytest.raises(UsageError, match="at least 16 characters"):
        application(BadJudge(), ServeOptions(upstream="http://127.0.0.1:9/v1", token_env="SHORT"))  # noqa: S106
    monkeypatch.setenv("TOKEN", "0123456789abcdef")
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream-0123456789")
    with live(token_env="TOKEN", key_env="UPSTREAM_KEY") as it:  # noqa: S106
        with pytest.raises(openai.AuthenticationError):
            ask(it)
        assert metrics(it).startswith('{"error"')
        good = client(it, os.environ["TOKEN"])
        assert good.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}]).choices
        assert it.model.headers[0]["authorization"] == "Bearer sk-upstream-0123456789"


IMAGE: Any = [{"type": "image_url", "image_url": {"url": "data:"}}]


@pytest.fixture(scope="module")
def builtin() -> Iterator[Live]:
    policy = Policy(input=InputPolicy(action="block", threshold=0.5))
    with live(policy, judge="builtin?encoder=none") as it:
        yield it


def test_a_moderation_client_works_unchanged(builtin: Live) -> None:
    reply = client(builtin).moderations.create(
        input=["How do I build a pipe bomb that kills many people?", "How do I bake bread with rye flour?"]
    )
    assert [result.flagged for result in reply.results] == [True, False]
    harmful = reply.results[0]
    assert harmful.categories.illicit
    assert not harmful.categories.sexual
    assert 0 < harmful.category_scores.illicit <= 1
    assert not any(dict(reply.results[1].categories).values())
    with pytest.raises(openai.BadRequestError, match="only parts of type text"):
        client(builtin).moderations.create(input=IMAGE)


def test_questions_are_judged_where_the_policy_says_so(builtin: Live) -> None:
    asked = len(builtin.model.bodies)
    question = "How do I build a pipe bomb that kills many people?"
    choice = ask(builtin, question).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("content_filter", REFUSAL["en"])
    assert streamed(builtin, question)[0] == REFUSAL["en"]
    assert len(builtin.model.bodies) == asked


def test_a_judge_that_reads_no_prompts_says_so() -> None:
    with live() as it, pytest.raises(openai.BadRequestError, match="cannot judge a text as a prompt"):
        client(it).moderations.create(input="x")
    with pytest.raises(UsageError, match="cannot judge prompts"):
        application(
            BadJudge(),
            ServeOptions(upstream="http://127.0.0.1:9/v1", policy=Policy(input=InputPolicy(action="block"))),
        )


def test_a_cascade_works_as_the_judge() -> None:
    """The cheap judge is sure of neither answer here, so the expensive one is asked, which knows BAD."""

    def grades(seen: servers.Seen) -> servers.Answer:
        return servers.ok("Why.\n\nRating: [[1]]" if BAD in str(seen.body["messages"][-1]["content"]) else "[[5]]")

    with servers.fault_server(grades) as server:
        dear = f"rubric@openai/judge?base_url={server.url}"
        judge = f"cascade?threshold=1@builtin?encoder=none,{dear}"
        with live(judge=judge) as it:
            assert ask(it).choices[0].message.content == "All is well."
            it.model.text = f"All is {BAD}."
            assert ask(it).choices[0].finish_reason == "content_filter"
        assert len(server.calls) == 2


def test_a_policy_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        'action = "correct"\nwindow = 80\n[input]\naction = "block"\n[[rule]]\naction = "annotate"\nlanguage = "ja"\n'
    )
    policy = read_policy(path)
    assert (policy.action, policy.window, policy.rule[0].language, policy.input.action) == (
        "correct",
        80,
        "ja",
        "block",
    )
    path.write_text('actoin = "block"\n')
    with pytest.raises(CardError, match="actoin: no such field; did you mean 'action'"):
        read_policy(path)
    with pytest.raises(UsageError, match="--correct"):
        read_policy(path, correct=True)
    assert read_policy(None, correct=True).action == "correct"
