from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import UsageError
from hantei.models import CallError, Model, Reply, Request, Sampling, load_model
from hantei.models.hf_sampling import BatchRow, _draw
from hantei.records import Message, ToolCall
from tests.models.calls import ask, ask_all, ask_in_turn, failure, request
from tests.models.tiny import CONTEXT, TEMPLATE, make_model, make_tokenizer, torch, transformers

GREEDY = Sampling(temperature=0.0, max_tokens=12)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"))


def replies(model: Model, requests: list[Request]) -> list[Reply]:
    found = ask_all(model, requests)
    assert all(isinstance(reply, Reply) for reply in found), found
    return [reply for reply in found if isinstance(reply, Reply)]


def greedy(path: Path, prompt: str, count: int) -> tuple[list[int], list[list[float]]]:
    """Tokens and log-probabilities by the plainest loop there is: the whole text through the model at each step."""
    tokenizer = make_tokenizer()
    model = transformers.LlamaForCausalLM.from_pretrained(path)
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    tokens: list[int] = []
    steps = []
    while len(tokens) < count and tokenizer.eos_token_id not in tokens:
        with torch.inference_mode():
            logs = model(torch.tensor([ids + tokens])).logits[0, -1].log_softmax(-1)
        steps.append(logs.tolist())
        tokens.append(int(logs.argmax()))
    return tokens, steps


@pytest.mark.parametrize("text", ["hi", "what is this?", "a\nb"])
def test_the_likeliest_answer_and_its_log_probabilities(tiny: Path, text: str) -> None:
    reply = ask(f"hf/{tiny}", request(text, sampling=GREEDY, top_logprobs=3))
    tokens, steps = greedy(tiny, f"<user>{text}<bot>", 12)
    tokenizer = make_tokenizer()
    ended = tokens[-1] == tokenizer.eos_token_id
    body = tokens[:-1] if ended else tokens
    assert reply.text == tokenizer.decode(body, skip_special_tokens=True)
    assert (reply.status, reply.finish_reason) == (("ok", "stop") if ended else ("truncated", "length"))
    assert reply.usage == {"input": len(text) + 2, "output": len(tokens)}
    assert reply.served_model == str(tiny)
    assert len(reply.logprobs) == len(body)
    for found, token, logs in zip(reply.logprobs, body, steps, strict=False):
        best = sorted(logs, reverse=True)[:3]
        assert sorted(found.values(), reverse=True) == pytest.approx(best, abs=1e-4)
        assert found[tokenizer.decode([token])] == pytest.approx(logs[token], abs=1e-4)


def test_rows_of_a_batch_are_answered_as_alone(tiny: Path) -> None:
    several = [
        request("a", sampling=GREEDY),
        request("quite a long question this is?", sampling=Sampling(temperature=0.0, max_tokens=30)),
        request("b", sampling=Sampling(temperature=1.0, seed=7, max_tokens=20)),
        request("cd", sampling=Sampling(temperature=0.7, top_p=0.9, seed=8, max_tokens=3), top_logprobs=2),
    ]
    together = replies(load_model(f"hf/{tiny}?batch_size=4"), several)
    alone = [ask(f"hf/{tiny}?batch_size=1", one) for one in several]
    assert [r.text for r in together] == [r.text for r in alone]
    assert [r.usage for r in together] == [r.usage for r in alone]
    assert [len(r.logprobs) > 0 for r in together] == [False, False, False, True]


def test_requests_that_wait_together_are_one_batch(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hantei.models.hf_batch import LoadedWeights

    sizes: list[int] = []
    answer = LoadedWeights.answer

    def counted(self: LoadedWeights, requests: Any, closing: Any) -> Any:
        sizes.append(len(requests))
        return answer(self, requests, closing)

    monkeypatch.setattr(LoadedWeights, "answer", counted)
    replies(load_model(f"hf/{tiny}?batch_size=8"), [request(sampling=GREEDY)] * 20)
    assert sizes == [8, 8, 4]


def test_a_seed_gives_the_same_answer_and_another_another(tiny: Path) -> None:
    def texts(*seeds: int | None) -> list[str]:
        asked = [request(sampling=Sampling(temperature=1.0, max_tokens=40, seed=seed)) for seed in seeds]
        return [reply.text for reply in replies(load_model(f"hf/{tiny}"), asked)]

    assert texts(1, 2) == texts(1, 2)
    assert len(set(texts(1, 2, 3, 4))) > 1
    assert len(set(texts(None, None, None, None, None, None))) > 1


def test_the_token_limit_and_a_stop_text(tiny: Path) -> None:
    whole = ask(f"hf/{tiny}", request(sampling=Sampling(temperature=1.0, seed=5, max_tokens=60))).text
    assert len(whole) > 8, "the test needs an answer of some length"
    cut = ask(f"hf/{tiny}", request(sampling=Sampling(temperature=1.0, seed=5, max_tokens=2)))
    assert (cut.status, cut.usage["output"]) == ("truncated", 2)
    stop = whole[4:6]
    stopped = ask(f"hf/{tiny}", request(sampling=Sampling(temperature=1.0, seed=5, max_tokens=60, stop=(stop, "@@"))))
    assert (stopped.text, stopped.status) == (whole[: whole.find(stop)], "ok")


def test_the_models_own_generation_settings_hold_where_nothing_is_asked(tmp_path: Path) -> None:
    path = make_model(tmp_path, do_sample=True, temperature=0.5, top_k=1, max_new_tokens=9)
    reply = ask(f"hf/{path}")
    tokens, _ = greedy(path, "<user>hello?<bot>", 9)  # of the one likeliest token, sampling takes it
    assert reply.usage["output"] == len(tokens)
    body = [token for token in tokens if token != 1]
    assert reply.text == make_tokenizer().decode(body, skip_special_tokens=True)


def test_a_model_without_chat_template_gets_the_texts(tmp_path: Path) -> None:
    path = make_model(tmp_path, template=None)
    turns = (Message(role="system", content="ab"), Message(role="user", content="cd"))
    reply = ask(f"hf/{path}", Request(messages=turns, sampling=GREEDY))
    tokens, _ = greedy(path, "ab\n\ncd", 12)
    assert reply.usage == {"input": 6, "output": len(tokens)}


def test_one_bad_request_does_not_spoil_its_batch(tiny: Path) -> None:
    system = Request(messages=(Message(role="system", content="s"), Message(role="assistant", content="u")))
    long = request("x" * CONTEXT)
    good = request("hi", sampling=GREEDY)
    first, second, third = ask_all(load_model(f"hf/{tiny}"), [system, long, good])
    assert isinstance(first, CallError)
    assert (first.failure, "no system prompt" in first.text) == ("bad-request", True)
    assert isinstance(second, CallError)
    assert second.text == f"the prompt has {CONTEXT + 2} tokens; expected 1 to {CONTEXT} less one"
    assert isinstance(third, Reply)


def test_a_template_without_a_system_role_gets_its_text_before_the_question(tiny: Path) -> None:
    system = Request(messages=(Message(role="system", content="s"), Message(role="user", content="u")), sampling=GREEDY)
    merged = request("s\n\nu", sampling=GREEDY)
    model = load_model(f"hf/{tiny}")
    first, second = ask_in_turn(model, [system, merged])
    assert isinstance(first, Reply), first
    assert isinstance(second, Reply)
    assert (first.text, first.usage) == (second.text, second.usage)
    assert model.refused == {"system messages"}  # type: ignore[attr-defined]


def test_an_answer_ends_with_the_context(tiny: Path) -> None:
    asked = request("x" * (CONTEXT - 5), sampling=Sampling(temperature=0.0, max_tokens=50))
    assert ask(f"hf/{tiny}", asked).usage["output"] <= 3


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a folder with a model's config\.json"):
        load_model(f"hf/{tmp_path}/absent")
    error = failure(f"hf/{tmp_path}")
    assert error.failure == "not-found"
    assert "cannot be loaded" in error.text


def test_no_such_device(tiny: Path) -> None:
    assert failure(f"hf/{tiny}?device=nowhere").failure == "not-found"


def test_a_model_that_is_closed_stops_and_can_be_asked_again(tiny: Path) -> None:
    async def main(model: Model) -> Reply:
        task = asyncio.create_task(model.ask(request(sampling=Sampling(max_tokens=100, temperature=1.0, seed=1))))
        await asyncio.sleep(0.05)
        await model.close()
        try:
            await task
        except CallError as error:
            assert error.failure == "connection"  # noqa: PT017 - a fast machine may have answered already
        reply = await model.ask(request("again", sampling=GREEDY))
        await model.close()
        return reply

    assert asyncio.run(main(load_model(f"hf/{tiny}"))).usage["input"] == 7


def test_memory_that_runs_out_halves_the_batch(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hantei.models.hf_batch import LoadedWeights

    run = LoadedWeights._run
    sizes: list[int] = []

    def scarce(self: LoadedWeights, rows: Any, closing: Any) -> Any:
        sizes.append(len(rows))
        if len(rows) > 1 or len(rows[0].ids) > 50:
            raise torch.OutOfMemoryError
        return run(self, rows, closing)

    monkeypatch.setattr(LoadedWeights, "_run", scarce)
    asked = [request(text, sampling=GREEDY) for text in ("a", "b" * 60, "c")]
    first, second, third = ask_all(load_model(f"hf/{tiny}"), asked)
    assert sizes == [3, 1, 2, 1, 1]
    assert isinstance(first, Reply)
    assert isinstance(second, CallError)
    assert second.failure == "bad-request"
    assert isinstance(third, Reply)


def draws(chances: list[float], count: int = 4000, **settings: Any) -> Counter[int]:
    fields: dict[str, Any] = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, **settings}
    row = BatchRow(ids=[1], max_tokens=1, seed=None, stop=(), top_logprobs=0, **fields)
    random = torch.Generator().manual_seed(1)
    scores = torch.tensor(chances).log()
    return Counter(_draw(torch, scores, row, random) for _ in range(count))


def test_draws_follow_the_probabilities() -> None:
    found = draws([0.5, 0.3, 0.2])
    # Within 4 standard errors: sqrt(0.25 / 4000) is 0.008.
    assert [found[token] / 4000 for token in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.032)


def test_temperature_sharpens() -> None:
    # Chances 0.6 and 0.4 squared are 0.36 and 0.16: 9/13 and 4/13.
    assert draws([0.6, 0.4], temperature=0.5)[0] / 4000 == pytest.approx(9 / 13, abs=0.032)
    assert set(draws([0.6, 0.4], temperature=0.0)) == {0}


def test_top_p_and_top_k_leave_the_rest_out() -> None:
    assert set(draws([0.2, 0.5, 0.3], top_p=0.5)) == {1}
    assert set(draws([0.2, 0.5, 0.3], top_p=0.51)) == {1, 2}
    assert set(draws([0.2, 0.5, 0.3], top_p=0.0)) == {1}
    assert set(draws([0.2, 0.5, 0.3], top_k=2)) == {1, 2}
    assert set(draws([0.2, 0.5, 0.3], top_k=9)) == {0, 1, 2}
    assert draws([0.2, 0.5, 0.3], top_k=2)[1] / 4000 == pytest.approx(5 / 8, abs=0.032)


def test_a_model_that_cannot_be_loaded_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hantei.models.hf_batch import load_weights

    tries: list[str] = []

    def counted(loading: Any) -> Any:
        tries.append(loading.name)
        return load_weights(loading)

    monkeypatch.setattr("hantei.models.hf.load_weights", counted)
    found = ask_all(load_model(f"hf/{tmp_path}?batch_size=2"), [request()] * 6)
    assert [type(one) for one in found] == [CallError] * 6
    assert {str(one) for one in found} == {str(found[0])}
    assert tries == [str(tmp_path)]


KNOWS_TOOLS = (
    "{% for m in messages %}{% if m.role == 'tool' %}<user>{{ m.name }} {{ m.content }}"
    "{% elif m.tool_calls %}<bot>{% for c in m.tool_calls %}{{ c.function.name }} "
    "{{ c.function.arguments['q'] }}{% endfor %}"
    "{% else %}<user>{{ m.content }}{% endif %}{% endfor %}<bot>"
)


@pytest.mark.parametrize(
    ("template", "written", "refused"),
    [
        (KNOWS_TOOLS, "<user>find it<bot>look guide<user>look three found<bot>", set()),
        (
            TEMPLATE,  # it leaves calls out, and takes a result for the assistant's words
            '<user>find it<bot>[calls the tool look: {"q": "guide"}]<user>[the tool gave back] three found<bot>',
            {"tool messages"},
        ),
    ],
)
def test_calls_of_tools_reach_the_model_whatever_its_template_knows(
    template: str, written: str, refused: set[str], tmp_path: Path
) -> None:
    call = ToolCall(name="look", arguments='{"q": "guide"}')
    turns = (
        Message(role="user", content="find it"),
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content="three found"),
    )
    model = load_model(f"hf/{make_model(tmp_path / 'm', template)}")
    (reply,) = ask_all(model, [Request(messages=turns, sampling=GREEDY)])
    assert isinstance(reply, Reply)
    length = len(written.replace("<user>", "u").replace("<bot>", "b"))
    assert reply.usage["input"] == length
    assert model.refused == refused  # type: ignore[attr-defined]
