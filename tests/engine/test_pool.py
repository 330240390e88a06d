"""Several servers for one model: least busy first, a dead one left out and tried again, one that comes is used."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

import hantei
from hantei.engine.limits import Limits
from hantei.errors import RunError, UsageError
from hantei.models.load import load_model
from hantei.models.pool import ServerPool
from hantei.tasks.options import Options
from tests.servers import error, fault_server, ok, server_error


def prompts(path: Path, count: int) -> str:
    lines = (json.dumps({"id": f"q{n}", "prompt": f"Question {n}?"}) for n in range(count))
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def asked(run: hantei.Run) -> list[str]:
    return [response.text for response in run.responses()]


def test_calls_are_spread_and_one_dead_server_costs_no_answer(tmp_path: Path) -> None:
    with fault_server([ok("A", delay_s=0.01)]) as one, fault_server([ok("B", delay_s=0.01)]) as other:
        with fault_server([ok()]) as gone:
            dead = gone.url
        model = f"openai/m?base_url={one.url},{dead},{other.url}"
        options = Options(limits=Limits(max_connections=4))
        run = hantei.run(model, prompts(tmp_path / "p.jsonl", 60), "builtin", tmp_path / "run", options)
        texts = asked(run)
        assert {text: texts.count(text) for text in set(texts)}.keys() == {"A", "B"}
        assert len(texts) == 60
        assert len(one.calls) + len(other.calls) == 60
        assert min(len(one.calls), len(other.calls)) > 10
    assert run.info().stopped is None


@pytest.mark.parametrize("bad", [server_error(503), error(401, "no such key"), error(404, "no such model")])
def test_a_server_that_refuses_at_once_does_not_draw_all_calls(tmp_path: Path, bad: object) -> None:
    with fault_server([ok("A", delay_s=0.02)]) as good, fault_server([bad]) as refusing:  # type: ignore[list-item]
        model = f"openai/m?base_url={refusing.url},{good.url}"
        run = hantei.run(model, prompts(tmp_path / "p.jsonl", 40), "builtin", tmp_path / "run")
        assert asked(run) == ["A"] * 40
        assert len(good.calls) == 40
        assert len(refusing.calls) <= 12  # four probes before the first answer, and one after each rest


def test_where_no_server_works_the_run_says_so(tmp_path: Path) -> None:
    with fault_server([ok()]) as one, fault_server([ok()]) as other:
        model = f"openai/m?base_url={one.url},{other.url}"
    options = Options(limits=Limits(patience_s=0.0, backoff_s=0.01))
    with pytest.raises(RunError, match="calls in a row failed"):
        hantei.run(model, prompts(tmp_path / "p.jsonl", 8), "builtin", tmp_path / "run", options)


def test_a_file_of_servers_is_read_again_while_a_run_goes_on(tmp_path: Path) -> None:
    servers = tmp_path / "servers.txt"
    with fault_server([ok("A", delay_s=0.15)]) as one, fault_server([ok("B", delay_s=0.15)]) as other:
        servers.write_text(f"# one at first\n{one.url}\n", encoding="utf-8")

        def changed() -> None:
            servers.write_text("", encoding="utf-8")  # as in the middle of being written
            time.sleep(1.2)
            servers.write_text(f"{other.url}  # the new one\n", encoding="utf-8")

        changing = threading.Timer(0.5, changed)
        changing.start()
        options = Options(limits=Limits(max_connections=2))
        model = f"openai/m?base_url=@{servers}"
        run = hantei.run(model, prompts(tmp_path / "p.jsonl", 50), "builtin", tmp_path / "run", options)
        changing.join()
        texts = asked(run)
    assert texts.count("A") + texts.count("B") == 50
    assert texts.count("B") >= 10
    assert texts[-1] == "B"
    assert [one.model for one in run.info().plan.models] == [model]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        ("# none\n", "it holds none"),
        ("http://127.0.0.1:1/v1\n127.0.0.1:2\n", "address 2: expected an address such as"),
        ("http://user:secret@127.0.0.1:1/v1\n", "an address holds no user or password"),
    ],
)
def test_a_file_without_addresses_is_one_line(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "servers.txt").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=f"expected a file with an address a line: .*{why}") as raised:
        load_model(f"openai/m?base_url=@{tmp_path / 'servers.txt'}")
    assert "secret" not in str(raised.value)


def test_each_address_of_a_list_is_checked() -> None:
    with pytest.raises(UsageError, match="expected an address such as"):
        load_model("openai/m?base_url=http://127.0.0.1:1/v1,127.0.0.1:2")


def test_a_key_goes_to_each_by_its_own_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    pool = load_model("openai/m?base_url=http://127.0.0.1:1/v1,https://api.openai.com/v1")
    assert isinstance(pool, ServerPool)
    assert pool.servers() == ("http://127.0.0.1:1", "https://api.openai.com")
    with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
        pool.check_ready()
