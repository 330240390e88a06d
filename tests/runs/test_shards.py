"""A run in shards: each is worked on by itself, and what comes back is the run that one machine would have made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import hantei
from hantei.engine.limits import Limits
from hantei.engine.ray_worker import Given, work_on
from hantei.errors import RunError
from hantei.metrics.definitions import Counts
from hantei.metrics.summary import metrics_by_fact, summarise
from hantei.record_lines import to_line
from hantei.records import Judgment, Response
from hantei.runs.added_counts import added_missing, added_sums, are_whole
from hantei.runs.counting import missing_of, sums_of
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo
from hantei.runs.journal import Journal
from hantei.runs.opening import reopened
from hantei.runs.order import put_judgments_in_order, put_responses_in_order
from hantei.runs.shards import kept_index, make_shards, shards_of, take_back
from tests.servers import Seen, completion, fault_server, reply

JUDGE = "builtin?encoder=none"


def rows(path: Path, count: int) -> str:
    """Write answers of two systems, whose prompts come again."""
    written = [
        {"id": f"q{n}", "prompt": f"Question {n}: how do I stay safe?", "response": f"Stay {n}.", "model": system}
        for system in ("a", "b")
        for n in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, written)), encoding="utf-8")
    return str(path)


def given(asks: bool = False, **limits: object) -> Given:
    return Given(judges={JUDGE: JUDGE}, asks=asks, limits=Limits(workers=1, **limits), prices=None)  # type: ignore[arg-type]


def judged_in_shards(run: Run, count: int) -> None:
    with reopened(run) as index:
        for shard in make_shards(run, index, [JUDGE], count):
            work_on(str(shard.path), given())
            take_back(run, index, shard)
        put_judgments_in_order(run, index, JUDGE)


def unjudged(run: Run, keep: int) -> Run:
    """Take all but the first verdicts away."""
    path = run.judgments_path(JUDGE)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:keep]))
    return run


@pytest.mark.parametrize(("count", "keep"), [(1, 0), (3, 0), (7, 11), (200, 59), (3, 60)])
def test_verdicts_are_those_of_one_machine_byte_by_byte(tmp_path: Path, count: int, keep: int) -> None:
    whole = hantei.judge(rows(tmp_path / "rows.jsonl", 30), JUDGE, tmp_path / "whole")
    expected = whole.judgments_path(JUDGE).read_bytes()
    judged_in_shards(unjudged(whole, keep), count)
    assert whole.judgments_path(JUDGE).read_bytes() == expected
    assert not (whole.path / "shards").exists()


def test_a_prompt_falls_to_the_same_shard_with_all_its_answers(tmp_path: Path) -> None:
    run = unjudged(hantei.judge(rows(tmp_path / "rows.jsonl", 40), JUDGE, tmp_path / "run"), 0)
    with reopened(run) as index:
        shards = make_shards(run, index, [JUDGE], 4)
        placed = [{response.prompt_id for response in shard.responses()} for shard in shards]
        assert sum(len(list(shard.responses())) for shard in shards) == 80
    assert sum(map(len, placed)) == len(set().union(*placed)) == 40
    assert min(map(len, placed)) >= 3


def test_what_a_killed_worker_left_is_taken_back_and_the_rest_done_anew(tmp_path: Path) -> None:
    run = hantei.judge(rows(tmp_path / "rows.jsonl", 30), JUDGE, tmp_path / "run")
    expected = run.judgments_path(JUDGE).read_bytes()
    unjudged(run, 5)
    with reopened(run) as index:
        for number, shard in enumerate(make_shards(run, index, [JUDGE], 3)):
            if number < 2:
                work_on(str(shard.path), given())
            if number == 1:  # killed in the middle of its last line
                kept_index(shard).unlink()
                path = shard.judgments_path(JUDGE)
                path.write_bytes(path.read_bytes()[:-30])
    with reopened(run) as index:
        for shard in shards_of(run):
            take_back(run, index, shard)
    done = len(list(run.judgments(JUDGE)))
    assert 5 < done < 60
    judged_in_shards(run, 2)
    assert run.judgments_path(JUDGE).read_bytes() == expected


def test_a_kill_in_the_middle_of_taking_a_shard_back_loses_nothing(tmp_path: Path) -> None:
    run = hantei.judge(rows(tmp_path / "rows.jsonl", 30), JUDGE, tmp_path / "run")
    expected = run.judgments_path(JUDGE).read_bytes()
    unjudged(run, 0)
    with reopened(run) as index:
        shard, *_others = make_shards(run, index, [JUDGE], 3)
        work_on(str(shard.path), given())
        written = shard.judgments_path(JUDGE).read_bytes()
        with run.judgments_path(JUDGE).open("ab") as file:  # killed while it copied
            file.write(written[: len(written) // 2])
    with reopened(run) as index:
        for one in shards_of(run):
            take_back(run, index, one, paid=False)
        judged = run.judgments_path(JUDGE).read_bytes()
        assert judged.endswith(written)
        assert len(judged) > len(written), "what was copied before the kill stands there, too"
        put_judgments_in_order(run, index, JUDGE)
        assert sorted(run.judgments_path(JUDGE).read_bytes().splitlines()) == sorted(written.splitlines())
    judged_in_shards(run, 2)
    assert run.judgments_path(JUDGE).read_bytes() == expected


def known(index: Index) -> dict[str, list[tuple[object, ...]]]:
    """Return all that an index knows of answers and verdicts, by names."""
    queries = {
        "responses": """SELECT r.no, r.id, p.id, s.name, r.offset, failed, incoherent FROM responses r
            JOIN prompts p ON p.no = r.prompt JOIN systems s ON s.no = r.system""",
        "judgments": """SELECT r.id, n.name, repeat, turn, final, j.offset, status, unsafe, refusal, action, score,
            scale, p, sampling_p, in_training, answered_by, contradicts FROM judgments j
            JOIN responses r ON r.no = j.response JOIN judges n ON n.no = j.judge""",
        "categories": """SELECT r.id, n.name, category FROM categories c JOIN responses r ON r.no = c.response
            JOIN judges n ON n.no = c.judge""",
    }
    return {name: sorted(index.db.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def verdicts(response: Response, number: int) -> list[Judgment]:
    """Return a judge's verdicts on an answer, all that an index has a column for in some of them."""
    again = (
        Judgment(response_id=response.id, judge="strict", unsafe=True, score=4, scale="1-5", repeat=1, turn=0),
        Judgment(response_id=response.id, judge="strict", unsafe=False, categories=("S2",), incoherent=True),
    )
    first = Judgment(
        response_id=response.id, judge="strict", unsafe=number % 2 == 0, categories=("S1", "S\ud800"),
        p_unsafe=0.25, action=number % 6, refusal="full", answered_by="cheap", in_training=number % 3 == 0,
    )  # fmt: skip
    failed = Judgment(response_id=response.id, judge="strict", status="unparsed", reason="empty reply")
    return [first, again[number % 2]] if number % 4 else [failed, *again[:1], first]


@pytest.mark.parametrize("paid", [True, False])
def test_the_index_after_taking_back_is_that_of_the_files(tmp_path: Path, paid: bool) -> None:
    """Merged from the shards' indexes, or read line by line: the same."""
    made = hantei.judge(rows(tmp_path / "rows.jsonl", 12), JUDGE, tmp_path / "run")
    made.write_info(replace(made.info(), judges={**made.info().judges, "strict": JudgeInfo()}))
    with reopened(made) as index:
        for shard in make_shards(made, index, ["strict"], 3):
            with Journal(shard.judgments_path("strict")) as journal:
                for number, response in enumerate(shard.responses()):
                    journal.append([to_line(one) for one in verdicts(response, number)])
            with Index(shard.index_path) as own:
                shard.fill(own)
                own.keep(kept_index(shard))
            take_back(made, index, shard, paid)
        found = known(index)
        several = index.judged_several(index.judge_no("strict"))
    with reopened(made) as index:
        assert found == known(index)
        assert several
    keys = [(one.response_id, one.repeat, one.turn) for one in made.judgments("strict")]
    assert len(found["judgments"]) == 24 + len(set(keys)) < 24 + len(keys), "some were given again"
    assert {category for _, _, category in found["categories"]} == {"S1", "\x01S\\ud800"}


def many(path: Path, systems: int) -> str:
    """Write 1,200 answers of prompts of two intents in two languages, 3 to a prompt where three systems answer."""
    written = [
        {
            "id": f"q{n}", "prompt": f"Question {n}: how do I pick a lock?", "response": "Use a pick." * (n % 3),
            "model": f"m{system}", "intent": ("harmful", "benign")[n % 2], "language": ("en", "ja")[n % 7 == 0],
        }
        for n in range(1200 // systems)
        for system in range(systems)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, written)), encoding="utf-8")
    return str(path)


def all_counts(index: Index, info: RunInfo) -> Iterator[tuple[int, list[Counts]]]:
    for judge, name in index.judges():
        for metrics in metrics_by_fact(info.judges[name]):
            yield judge, [metric.counts for metric in metrics]


@pytest.mark.parametrize("systems", [1, 3])
def test_the_sums_of_shards_add_up_to_those_of_the_whole(
    tmp_path: Path, systems: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = hantei.judge(many(tmp_path / "many.jsonl", systems), JUDGE, tmp_path / "run")
    expected, info = run.summary(), run.info()
    with reopened(unjudged(run, 0)) as index:
        for shard in make_shards(run, index, [JUDGE], 3):
            work_on(str(shard.path), given())
            take_back(run, index, shard)
        for judge, counts in all_counts(index, info):
            asked = index, judge, counts, info.rule
            assert are_whole(*asked)
            assert sorted(added_sums(*asked), key=repr) == sorted(sums_of(*asked), key=repr)
            assert sorted(added_missing(*asked)) == sorted(missing_of(*asked))
        for counting in ("sums_of", "missing_of"):
            monkeypatch.delattr(f"hantei.metrics.summary.{counting}")
        assert summarise(index, info.judges).rates == expected.rates


@pytest.mark.parametrize(("keep", "lost"), [(5, False), (0, True)])
def test_where_shards_did_not_count_all_answers_the_summary_counts_them(tmp_path: Path, keep: int, lost: bool) -> None:
    run = hantei.judge(many(tmp_path / "many.jsonl", 1), JUDGE, tmp_path / "run")
    expected, info = run.summary(), run.info()
    with reopened(unjudged(run, keep)) as index:
        for number, shard in enumerate(make_shards(run, index, [JUDGE], 3)):
            work_on(str(shard.path), given())
            if lost and number == 1:
                kept_index(shard).unlink()
            take_back(run, index, shard)
        assert not any(are_whole(index, *one, info.rule) for one in all_counts(index, info))
        assert summarise(index, info.judges).rates == expected.rates


def test_a_shard_that_somebody_works_on_is_not_taken_back(tmp_path: Path) -> None:
    run = unjudged(hantei.judge(rows(tmp_path / "rows.jsonl", 4), JUDGE, tmp_path / "run"), 0)
    with reopened(run) as index:
        shard = make_shards(run, index, [JUDGE], 1)[0]
        with shard.lock(), pytest.raises(RunError, match="another hantei is writing"):
            take_back(run, index, shard)
        take_back(run, index, shard)


def answer(seen: Seen) -> object:
    return reply(completion(f"An answer to: {seen.prompt}"))


def test_models_are_asked_in_shards_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("\n".join(json.dumps({"id": f"q{n}", "prompt": f"Question {n}?"}) for n in range(20)))
    with fault_server(answer) as server:  # type: ignore[arg-type]
        model = f"openai/m?base_url={server.url}"
        options = hantei.Options(samples=2, limits=Limits(run_timeout_s=0.0001))
        run = hantei.run(model, str(prompts), JUDGE, tmp_path / "run", options)
        asked_before = len(server.calls)
        info = run.info()
        with run.lock(), Index(run.index_path, 2, info.plan.systems) as index:
            run.fill(index)
            for shard in make_shards(run, index, [JUDGE], 3):
                told = msgspec.json.decode(work_on(str(shard.path), given(asks=True)))
                assert told["stopped"] is None
                take_back(run, index, shard)
            with run.index(2, info.plan.systems) as anew:
                assert known(index) == known(anew)
            put_responses_in_order(run, index)
            put_judgments_in_order(run, index, JUDGE)
        assert asked_before <= 4
        assert len(server.calls) <= 40 + asked_before
    assert [response.id for response in run.responses()] == [f"openai/m/q{n}/{s}" for n in range(20) for s in (0, 1)]
    assert [judgment.response_id for judgment in run.judgments(JUDGE)] == [one.id for one in run.responses()]
    assert all(isinstance(one, Judgment) and one.status != "error" for one in run.judgments(JUDGE))


def test_the_share_of_money_is_kept_and_said(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("\n".join(json.dumps({"id": f"q{n}", "prompt": f"Question {n}?"}) for n in range(30)))
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[price]]\nmodel = "openai/m"\ninput = 0\noutput = 100000\ndate = 2026-01-01\nsource = "made up"\n'
    )
    with fault_server(answer) as server:  # type: ignore[arg-type]
        model = f"openai/m?base_url={server.url}"
        run = hantei.run(
            model, str(prompts), JUDGE, tmp_path / "run", hantei.Options(limits=Limits(run_timeout_s=1e-4))
        )
        with run.lock(), Index(run.index_path, 1, run.info().plan.systems) as index:
            run.fill(index)
            (shard,) = make_shards(run, index, [JUDGE], 1)
            one = Given(
                judges={JUDGE: JUDGE}, asks=True, prices=str(prices),
                limits=Limits(workers=1, max_cost=1.5, max_connections=1),
            )  # fmt: skip
            told = msgspec.json.decode(work_on(str(shard.path), one))
    # A call has 3 tokens of output, at 0.1 dollars a token: 5 calls are 1.5 dollars.
    assert (told["counts"]["calls"], round(told["counts"]["spent"], 6), told["out_of_money"]) == (5, 1.5, True)
