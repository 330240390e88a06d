"""Several models and several benchmarks in one run folder: one row a system, side by side, resumed as one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from hantei import api
from hantei.engine.limits import Limits
from hantei.errors import InputError, RunError, UsageError
from hantei.models.base import Sampling
from hantei.tasks.named import NamedModel, name_and_rest
from hantei.tasks.options import Options
from tests import servers
from tests.servers import Answer, Seen, fault_server


def chat(seen: Seen) -> Answer:
    return servers.ok(f"{seen.body['model']} says no to {seen.prompt}")


def benchmark(folder: Path, name: str, count: int, word: str = "Question") -> str:
    path = folder / f"{name}.jsonl"
    rows = [{"id": str(n), "prompt": f"{word} {n}?", "language": "en", "intent": "harmful"} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


JUDGE = "builtin?encoder=none"


def test_each_model_answers_each_prompt_of_each_benchmark(tmp_path: Path) -> None:
    first, second = benchmark(tmp_path, "a", 3), benchmark(tmp_path, "b", 2, "Other question")
    with fault_server(chat) as server:
        models = [f"{name}=openai/{name}?base_url={server.url}" for name in ("small", "large")]
        run = api.run(models, [first, f"other={second}"], JUDGE, tmp_path / "run", Options(samples=2))
        assert len(server.calls) == 2 * 5 * 2
        again = api.run(models, [first, f"other={second}"], JUDGE, tmp_path / "run", Options(samples=2))
        assert len(server.calls) == 20, "nothing is asked twice"
    prompts = list(again.prompts())
    # The second benchmark's ids 0 and 1 are the first one's: they are named apart.
    assert [(p.id, p.benchmark) for p in prompts] == [
        ("0", "a"),
        ("1", "a"),
        ("2", "a"),
        ("other:0", "other"),
        ("other:1", "other"),
    ]
    assert [(r.prompt_id, r.system, r.sample) for r in run.responses()] == [
        (prompt.id, system, sample) for prompt in prompts for system in ("small", "large") for sample in (0, 1)
    ]
    texts = {(r.system, r.prompt_id): r.text for r in run.responses()}
    assert texts["large", "other:1"] == "large says no to Other question 1?"
    assert [j.response_id for j in run.judgments(JUDGE)] == [r.id for r in run.responses()]
    rates = {r.by["system"]: r.denominator for r in run.summary().rates if set(r.by) == {"judge", "system"}}
    assert rates == {"small": 10, "large": 10}
    by_benchmark = {
        r.by["benchmark"]: r.denominator for r in run.summary().rates if set(r.by) == {"judge", "benchmark"}
    }
    assert by_benchmark == {"a": 12, "other": 8}


def test_a_model_that_is_slow_keeps_no_other_waiting(tmp_path: Path) -> None:
    questions = benchmark(tmp_path, "a", 60)
    order: list[str] = []

    def paced(seen: Seen) -> Answer:
        order.append(seen.body["model"])
        return servers.ok("No.", delay_s=0.05 if seen.body["model"] == "slow" else 0.0)

    with fault_server(paced) as one, fault_server(paced) as other:
        models = [f"slow=openai/slow?base_url={one.url}", f"fast=openai/fast?base_url={other.url}"]
        api.run(models, questions, JUDGE, tmp_path / "run", Options(limits=Limits(max_connections=2)))
        assert max(one.most_open, other.most_open) <= 2, "each server's limit is its own"
    last_fast = max(place for place, model in enumerate(order) if model == "fast")
    assert order[:last_fast].count("slow") < 60


def test_each_model_is_asked_in_its_own_way(tmp_path: Path) -> None:
    questions = benchmark(tmp_path, "a", 1)
    with fault_server(chat) as server:
        models = [
            NamedModel(name="cold", model=f"openai/m?base_url={server.url}", sampling=Sampling(temperature=0.0)),
            NamedModel(name="brief", model=f"openai/m?base_url={server.url}", system_prompt="Be brief."),
        ]
        options = Options(sampling=Sampling(temperature=1.0, max_tokens=9), system_prompt="Be kind.")
        run = api.run(models, questions, [], tmp_path / "run", options)
        asked = {call.body["messages"][0]["content"]: call.body for call in server.calls}
    assert {text: (body["temperature"], body["max_tokens"]) for text, body in asked.items()} == {
        "Be kind.": (0.0, 9),
        "Be brief.": (1.0, 9),
    }
    assert [(m.name, m.system_prompt, m.sampling["temperature"]) for m in run.info().plan.models] == [
        ("cold", "Be kind.", 0.0),
        ("brief", "Be brief.", 1.0),
    ]


def test_the_forecast_covers_all(tmp_path: Path) -> None:
    asked = [benchmark(tmp_path, "a", 3), benchmark(tmp_path, "b", 2)]
    url = "base_url=http://127.0.0.1:9/v1"
    models = [f"small=openai/m?{url}", f"large=openai/n?{url}"]
    judge = f"rubric@openai/j?{url}"
    loads = api.forecast(models, asked, judge, options=Options(samples=2)).loads
    assert [(load.who, load.calls) for load in loads] == [("small", 10), ("large", 10), (f"{judge}, at most", 20)]


def test_what_cannot_be_told_apart_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    one, same = benchmark(tmp_path, "a", 1), benchmark(tmp_path / "x", "a", 1)
    model = "openai/m?base_url=http://127.0.0.1:9/v1"
    with pytest.raises(UsageError, match=r"two of --model are called 'openai/m': .*--model 'NAME=openai/m\?base_url"):
        api.forecast([model, f"{model}&temperature=0"], one)
    with pytest.raises(UsageError, match=r"two of --benchmark are called 'a\.jsonl'"):
        api.forecast(model, [one, same])
    with pytest.raises(UsageError, match="looks like a key"):
        api.forecast(f"sk-abcdefghijklmnopqrstuvwx={model}", one)
    (tmp_path / "b.jsonl").write_text('{"id": "7", "prompt": "x"}\n{"id": "7", "prompt": "y"}\n')
    with pytest.raises(InputError, match=r"--benchmark b\.jsonl: prompt 2: id '7' was there before"):
        api.run(model, [one, str(tmp_path / "b.jsonl")], [], tmp_path / "run")


def test_a_folder_of_other_models_is_not_gone_on_with(tmp_path: Path) -> None:
    questions = benchmark(tmp_path, "a", 1)
    with fault_server(chat) as server:
        models = [f"{name}=openai/{name}?base_url={server.url}" for name in ("small", "large")]
        api.run(models, questions, [], tmp_path / "run")
        with pytest.raises(RunError, match=r'--model was \["small", "large"\], now \["small"\]'):
            api.run(models[:1], questions, [], tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("small=openai/m?temperature=0", "small"),
        ("GPT 4.1 (new)=openai/gpt-4.1", "GPT 4.1 (new)"),
        ("openai/m?temperature=0", ""),
        ("rubric?style=short@openai/m", ""),
        ("starter", ""),
        ("aya:ja", ""),
    ],
)
def test_a_short_name_stands_before_the_first_sign_that_no_name_has(text: str, name: str) -> None:
    found, rest = name_and_rest(text)
    assert found == name
    assert (f"{found}={rest}" if found else rest) == text


def test_a_file_with_the_sign_in_its_name_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.jsonl").write_text('{"prompt": "x"}\n')
    assert name_and_rest("a=b.jsonl") == ("", "a=b.jsonl")


def test_nothing_is_paid_twice_when_one_of_several_fails(tmp_path: Path) -> None:
    questions = benchmark(tmp_path, "a", 20)
    broken = True

    def fault(seen: Seen) -> Answer:
        bad = broken and seen.body["model"] == "large" and int(seen.prompt.split()[1].rstrip("?")) % 2
        return servers.error(400, "no") if bad else chat(seen)

    with fault_server(fault) as server:
        models = [f"{name}=openai/{name}?base_url={server.url}" for name in ("small", "large")]
        api.run(models, questions, JUDGE, tmp_path / "run")
        broken = False
        run = api.run(models, questions, JUDGE, tmp_path / "run")
        calls = Counter((call.body["model"], call.prompt) for call in server.calls)
    assert sum(calls.values()) == 40 + 10, "the ten that failed are asked again, nothing else"
    assert all(response.status == "ok" for response in run.responses())
