"""Runs on a local Ray of two workers, beside runs in one process; ``test_on_ray.py`` runs these in a pytest of their
own, since Ray leaves processes behind that a strict one takes for leaks."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray

import hantei
from hantei.engine.limits import Limits
from hantei.errors import HanteiError, RunError, UsageError
from hantei.records import Judgment, Response
from hantei.runs.folder import Run
from tests.servers import Answer, FaultServer, Seen, completion, fault_server, reply

SMALL = "builtin?encoder=none"


COUNTED = """
import os
from pathlib import Path
from hantei.records import Judgment

class Counted:
    name, card_hash = "counted", "1"

    def outline(self):
        return {}

    def judge(self, pairs):
        return [Judgment(response_id=answer.id, judge="counted", unsafe=False) for _, answer in pairs]

def load(name):
    with Path(__file__).with_name("loads").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return Counted()
"""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Another package's judge that writes down which process loads it, and where."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "counted.py").write_text(COUNTED)
    package = folder / "counted-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: counted\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[hantei.judges]\ncounted = counted:load\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield folder / "loads"


@pytest.fixture(scope="module", autouse=True)
def two_workers(counted: Path) -> Iterator[None]:
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=40,
        object_store_memory=100 * 2**20, _node_ip_address="127.0.0.1",
    )  # fmt: skip
    yield
    ray.shutdown()


def answers(path: Path, count: int) -> str:
    rows = (
        {"id": f"q{n}", "prompt": f"Question {n}: am I safe?", "response": f"Yes, {n} times."} for n in range(count)
    )
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def prompts(path: Path, count: int) -> str:
    path.write_text("\n".join(json.dumps({"id": f"q{n}", "prompt": f"Question {n}?"}) for n in range(count)))
    return str(path)


def on_ray(**limits: object) -> hantei.Options:
    return hantei.Options(on="ray", limits=Limits(**limits))  # type: ignore[arg-type]


def contents(run: Run, judge: str) -> dict[str, bytes]:
    paths = (run.prompts_path, run.responses_path, run.judgments_path(judge), run.summary_path)
    return {path.name: path.read_bytes() for path in paths}


def timeless(record: Response | Judgment) -> object:
    plain = hantei.record_lines.to_dict(record)
    return {key: value for key, value in plain.items() if key not in ("latency_s", "attempts", "created")}


def test_judgments_on_ray_are_byte_by_byte_those_of_one_process(tmp_path: Path) -> None:
    file = answers(tmp_path / "answers.jsonl", 300)
    here = hantei.judge(file, SMALL, tmp_path / "here")
    there = hantei.judge(file, SMALL, tmp_path / "there", on_ray())
    assert contents(there, SMALL) == contents(here, SMALL)
    assert there.info().stopped is None
    assert [(step.did, step.judged) for step in there.info().steps] == [("judged", 300)]
    assert not (there.path / "shards").exists()


def test_each_worker_loads_a_judge_once_for_all_its_shards(tmp_path: Path, counted: Path) -> None:
    file = answers(tmp_path / "answers.jsonl", 100)
    for name in ("one", "two"):
        run = hantei.judge(file, "counted", tmp_path / name, on_ray())
        assert len(list(run.judgments("counted"))) == 100
    loads = Counter(counted.read_text().split())
    del loads[str(os.getpid())]
    assert set(loads.values()) == {1}, "8 shards a run, two runs"
    assert len(loads) <= 2


def part_files(folder: Path) -> str:
    """Write a table in four Parquet files, one of them empty and two with a column more, and the same as JSON lines."""
    (folder / "lines").mkdir(parents=True)
    for part in range(4):
        more: dict[str, object] = {"from": [part, None]} if part % 2 else {}
        rows = [
            {"id": f"q{n}", "prompt": f"Question {n}\u2028again?", "response": f"Yes, {n}.", "model": "m", **more}
            for n in range(part * 100, part * 100 + (0 if part == 2 else 100))
        ]
        table = pa.Table.from_pylist(rows) if rows else pa.table({"id": pa.array([], pa.string())})
        pq.write_table(table, folder / f"part-{part}.parquet", row_group_size=30)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        with gzip.open(folder / "lines" / f"part-{part}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write(lines)
    return str(folder)


def test_part_files_that_ray_data_reads_make_the_run_of_one_process(tmp_path: Path) -> None:
    folder = part_files(tmp_path / "parts")
    here = hantei.judge(folder, SMALL, tmp_path / "here")
    for name, source in (
        ("folder", folder),
        ("url", f"file://{folder}"),
        ("pattern", f"file://{folder}/part-*.parquet"),
        ("lines", f"file://{folder}/lines"),
    ):
        there = hantei.judge(source, SMALL, tmp_path / name, on_ray())
        assert contents(there, SMALL) == contents(here, SMALL), name
        if name == "folder":
            assert there.info().plan == here.info().plan


def test_a_file_in_a_store_that_changed_is_another_input(tmp_path: Path) -> None:
    folder = part_files(tmp_path / "parts")

    def judge() -> Run:
        return hantei.judge(f"file://{folder}", SMALL, tmp_path / "run", on_ray())

    made = judge().summary_path.read_bytes()
    assert judge().summary_path.read_bytes() == made
    assert len(judge().info().steps) == 3
    pq.write_table(pa.table({"id": ["q1"], "prompt": ["?"], "response": ["!"]}), f"{folder}/part-3.parquet")
    with pytest.raises(RunError, match=r"another plan: the input was .*bytes"):
        judge()


def test_lines_of_json_come_from_a_web_server(tmp_path: Path) -> None:
    answers(tmp_path / "answers.jsonl", 20)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/answers.jsonl"
        there = hantei.judge(url, SMALL, tmp_path / "there", on_ray())
    finally:
        server.shutdown()
        server.server_close()
    here = hantei.judge(str(tmp_path / "answers.jsonl"), SMALL, tmp_path / "here")
    assert contents(there, SMALL) == contents(here, SMALL)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("none.parquet", None, "none.parquet: there is no such file"),
        ("table.csv", b"id,prompt,response\n", r"expected files ending in \.parquet"),
        ("broken.parquet", b"PAR1", "broken.parquet: cannot be read: Parquet file size is 4 bytes"),
        ("latin.jsonl", b'{"id": "\xff"}\n', "latin.jsonl: cannot be read: 'utf-8' codec"),
        ("plain.jsonl", b'{"prompt": "?", "response": "!"}\n', "plain.jsonl: .* needs a column 'id'"),
    ],
)
def test_what_ray_data_cannot_read_is_said_in_a_line(
    tmp_path: Path, name: str, content: bytes | None, error: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(HanteiError, match=error):
        hantei.judge(f"file://{tmp_path}/{name}", SMALL, tmp_path / "run", on_ray())
    assert not (tmp_path / "run").exists()


def judged(seen: Seen) -> object:
    safe = "It is fine.\n\n[[5]]" if "Answer to" in json.dumps(seen.body) else f"Answer to {seen.prompt}"
    return reply(completion(safe), delay_s=0.01)


def test_a_model_and_an_llm_judge_are_asked_once_each(tmp_path: Path) -> None:
    file = prompts(tmp_path / "prompts.jsonl", 40)
    with fault_server(judged) as server:  # type: ignore[arg-type]
        model, judge = f"openai/m?base_url={server.url}", f"rubric@openai/j?base_url={server.url}"
        here = hantei.run(model, file, judge, tmp_path / "here")
        calls = len(server.calls)
        there = hantei.run(model, file, judge, tmp_path / "there", on_ray())
        assert (calls, len(server.calls)) == (80, 160)
    assert list(map(timeless, there.responses())) == list(map(timeless, here.responses()))
    assert list(map(timeless, there.judgments(judge))) == list(map(timeless, here.judgments(judge)))
    assert there.summary_path.read_bytes() == here.summary_path.read_bytes()
    assert there.info().steps[-1].calls == 80


def test_several_models_and_judges_under_short_names(tmp_path: Path) -> None:
    file = prompts(tmp_path / "prompts.jsonl", 15)
    with fault_server(judged) as server:  # type: ignore[arg-type]
        models = [f"{name}=openai/{name}?base_url={server.url}" for name in ("small", "large")]
        judges = [f"words={SMALL}", f"strict=rubric@openai/j?base_url={server.url}"]
        here = hantei.run(models, file, judges, tmp_path / "here")
        there = hantei.run(models, file, judges, tmp_path / "there", on_ray())
    assert list(map(timeless, there.responses())) == list(map(timeless, here.responses()))
    for judge in ("words", "strict"):
        assert list(map(timeless, there.judgments(judge))) == list(map(timeless, here.judgments(judge)))
    assert there.summary_path.read_bytes() == here.summary_path.read_bytes()


def killed_once(after_s: float) -> threading.Timer:
    """Kill one worker that is at work, some seconds from now."""

    def kill() -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                at_work = (folder / "cmdline").read_bytes().startswith(b"ray::work_on")
            except OSError:
                continue
            if at_work:
                os.kill(int(folder.name), signal.SIGKILL)
                return

    return threading.Timer(after_s, kill)


def priced(folder: Path) -> Path:
    """Return a list of prices by which an answer of 3 tokens costs 0.3 dollars."""
    path = folder / "prices.toml"
    path.write_text(
        '[[price]]\nmodel = "openai/m"\ninput = 0\noutput = 100000\ndate = 2026-01-01\nsource = "made up"\n'
    )
    return path


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to find a worker")
def test_a_killed_worker_costs_at_most_its_calls_in_flight(tmp_path: Path) -> None:
    file = prompts(tmp_path / "prompts.jsonl", 120)
    slow = lambda seen: reply(completion(f"Answer to {seen.prompt}"), delay_s=0.2)  # noqa: E731
    with fault_server(slow) as server:
        started = threading.Event()
        run: list[Run] = []

        def go() -> None:
            options = replace(on_ray(max_connections=4), prices=priced(tmp_path))
            run.append(hantei.run(f"openai/m?base_url={server.url}", file, SMALL, tmp_path / "run", options))
            started.set()

        working = threading.Thread(target=go)
        working.start()
        while len(server.calls) < 20:
            time.sleep(0.02)
        kill = killed_once(0.0)
        kill.start()
        working.join(timeout=120)
        asked = Counter(seen.prompt for seen in server.calls)
    assert len(list(run[0].responses())) == 120
    assert run[0].info().stopped is None
    assert sum(asked.values()) - 120 <= 2, "two connections a worker, so at most two calls were in flight"
    assert sum(asked.values()) > 120, "nobody was killed in the middle of a call"
    step = run[0].info().steps[-1]
    assert step.calls == step.answered == 120, (
        "what a killed worker had finished is counted; what was in flight is lost"
    )
    assert step.cost == pytest.approx(120 * 0.3)


@pytest.mark.parametrize("connections", [2, 8])
def test_money_is_shared_and_never_overspent(tmp_path: Path, connections: int) -> None:
    file = prompts(tmp_path / "prompts.jsonl", 40)
    with fault_server(judged) as server:  # type: ignore[arg-type]
        options = hantei.Options(
            on="ray", prices=priced(tmp_path), limits=Limits(max_cost=6.0, max_connections=connections)
        )
        run = hantei.run(f"openai/m?base_url={server.url}", file, SMALL, tmp_path / "run", options)
    step = run.info().steps[-1]  # 0.3 dollars a call: 20 calls are 6 dollars, and 12 the whole
    assert step.stopped is not None
    assert step.stopped.startswith(f"the limit of --max-cost 6 is reached: ${step.cost:.2f} spent")
    assert 4.0 < step.calls * 0.3 <= 6.0 + 1e-9
    assert step.cost == pytest.approx(step.calls * 0.3)


def after_24_calls(server: FaultServer, stop: Callable[[], object]) -> None:
    """Call ``stop``, from a thread, once 24 calls have come to a server."""

    def wait() -> None:
        while len(server.calls) < 24:
            time.sleep(0.02)
        stop()

    threading.Thread(target=wait, daemon=True).start()


def check_stopped(run: Run) -> None:
    answers = len(list(run.responses()))
    assert 20 <= answers < 80
    assert run.info().steps[-1].calls == answers


def slowly(seen: Seen) -> Answer:
    return reply(completion(f"Answer to {seen.prompt}"), delay_s=0.2)


def test_calls_of_a_run_that_was_stopped_by_hand_are_counted(tmp_path: Path) -> None:
    file = prompts(tmp_path / "prompts.jsonl", 80)
    with fault_server(slowly) as server:
        after_24_calls(server, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            hantei.run(f"openai/m?base_url={server.url}", file, SMALL, tmp_path / "run", on_ray(max_connections=4))
    check_stopped(Run(tmp_path / "run"))


def test_a_run_that_nobody_awaits_any_more_stops(tmp_path: Path) -> None:
    file = prompts(tmp_path / "prompts.jsonl", 80)

    async def cancelled(url: str, server: FaultServer) -> None:
        loop, options = asyncio.get_running_loop(), on_ray(max_connections=4)
        work = asyncio.create_task(hantei.arun(f"openai/m?base_url={url}", file, SMALL, tmp_path / "run", options))
        after_24_calls(server, lambda: loop.call_soon_threadsafe(work.cancel))
        with pytest.raises(asyncio.CancelledError):
            await work

    with fault_server(slowly) as server:
        asyncio.run(cancelled(server.url, server))
    check_stopped(Run(tmp_path / "run"))


def test_a_server_that_refuses_stops_the_run_in_one_line(tmp_path: Path) -> None:
    file = prompts(tmp_path / "p.jsonl", 40)
    with (
        fault_server([reply({"error": {"message": "no such model"}}, 404)]) as server,
        pytest.raises(RunError, match="no such model"),
    ):
        hantei.run(f"openai/m?base_url={server.url}", file, SMALL, tmp_path / "run", on_ray())


def test_an_object_is_refused(tmp_path: Path) -> None:
    class Own:
        name, card_hash = "own", "1"

        def outline(self) -> dict[str, object]:
            return {}

        def judge(self, pairs: object) -> list[Judgment]:
            raise AssertionError("not asked")

    with pytest.raises(UsageError, match="judge own is an object of this process"):
        hantei.judge(answers(tmp_path / "a.jsonl", 2), Own(), tmp_path / "run", on_ray())
