from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hantei.engine.cache import ReplyCache, call_key
from hantei.errors import RunError
from hantei.models.base import CallError, Reply, Request, Sampling
from hantei.records import Message
from tests.runs.fakes import FAST, Asking, FakeAskingJudge, FakeModel

REQUEST = Request(messages=(Message(role="user", content="Q"),))


def _another_answer_each_time(question: str, before: int) -> Reply | None:
    usage = {"input": 10, "output": 5}
    return None if question.startswith("Judge") else Reply(text=f"A{before}: {question}", usage=usage)


def test_a_run_from_the_cache_alone_makes_no_call(tmp_path: Path) -> None:
    limits = replace(FAST, cache=tmp_path / "cache")
    model = FakeModel(_another_answer_each_time, name="priced/model")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        asking = Asking(tmp_path / name, 50, samples=2)
        outcome = asking.drive(model, FakeAskingJudge(model), limits=limits)
        assert outcome.stopped is None
        assert len(list(asking.run.judgments("fake@fake/model"))) == 100
    assert sum(model.asked.values()) == 200  # two samples of 50 prompts, and each of those 100 answers judged
    assert (outcome.meter.calls, outcome.meter.cached, outcome.meter.cost) == (0, 200, 0.0)
    assert {r.cost for r in asking.run.responses()} == {0.0}


def test_failures_and_filtered_replies_are_never_kept(tmp_path: Path) -> None:
    limits = replace(FAST, cache=tmp_path / "cache", tries=1)
    wrong: dict[str, Exception | Reply] = {"Q0": CallError("server", "500"), "Q1": Reply(text="", status="filtered")}
    model = FakeModel(lambda question, _: wrong.get(question))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Asking(tmp_path / name, 3).drive(model, limits=limits)
    assert model.asked == {"Q0": 2, "Q1": 2, "Q2": 1}


def test_replies_come_back_whole(tmp_path: Path) -> None:
    reply = Reply(
        text="はい\ud800",
        status="truncated",
        reasoning="r",
        finish_reason="length",
        usage={"input": 1},
        served_model="m",
        logprobs=({"yes": -0.5, "no": -1.0},),
        latency_s=0.25,
    )
    cache = ReplyCache(tmp_path / "new" / "folder")
    cache.put(b"k", reply)
    assert cache.get(b"k") == reply
    assert cache.get(b"l") is None
    cache.close()
    again = ReplyCache(tmp_path / "new" / "folder")
    assert again.get(b"k") == reply
    again.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"model": FakeModel(name="fake/other")},
        {"model": FakeModel(server="other")},
        {"request": replace(REQUEST, messages=(Message(role="system", content="Q"),))},
        {"request": replace(REQUEST, messages=(Message(role="user", content="R"),))},
        {"request": replace(REQUEST, sampling=Sampling(temperature=0.5))},
        {"request": replace(REQUEST, sampling=Sampling(seed=1))},
        {"request": replace(REQUEST, schema={"type": "object"})},
        {"request": replace(REQUEST, top_logprobs=1)},
        {"sample": 1},
        {"card_hash": "a"},
        {"card_hash": "b"},
    ],
)
def test_whatever_could_change_a_reply_changes_its_key(changed: dict[str, Any]) -> None:
    base: dict[str, Any] = {"model": FakeModel(), "request": REQUEST, "sample": 0, "card_hash": None}
    assert call_key(**base) == call_key(**{**base, "model": FakeModel()})
    assert call_key(**{**base, **changed}) != call_key(**base)


def test_a_folder_that_cannot_hold_a_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"--cache .*file: expected a folder"):
        ReplyCache(tmp_path / "file")
    (tmp_path / "replies.sqlite").write_text("something else, and long enough to be looked at" * 50)
    with pytest.raises(RunError, match="--cache"):
        ReplyCache(tmp_path)


SHARING = """
import sys
from pathlib import Path
from hantei.engine.cache import ReplyCache
from hantei.models.base import Reply
folder, number = Path(sys.argv[1]), int(sys.argv[2])
cache = ReplyCache(folder)
for n in range(150):
    key = n.to_bytes(32, "big")
    found = cache.get(key)
    assert found is None or found.text == f"reply {n}", found
    cache.put(key, Reply(text=f"reply {n}"))
    cache.put(bytes([number]) + key, Reply(text=f"own {number}"))
cache.close()
"""


def test_processes_that_start_at_once_share_a_cache(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", SHARING, str(tmp_path / "cache"), str(number)],
            env={**os.environ, "PYTHONPATH": path},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    assert [child.communicate(timeout=120)[1] for child in children] == [""] * 4
    cache = ReplyCache(tmp_path / "cache")
    for n in range(150):
        key = n.to_bytes(32, "big")
        assert cache.get(key) == Reply(text=f"reply {n}")
        assert [cache.get(bytes([number]) + key) for number in range(4)] == [
            Reply(text=f"own {number}") for number in range(4)
        ]
    cache.close()
