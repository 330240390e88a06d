"""A benchmark whose rows hold several user turns is asked turn by turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import hantei
from hantei import benchmarks
from hantei.record_lines import to_line
from hantei.records import Message, Response
from hantei.runs.folder import load_run
from hantei.runs.pending import not_asked
from hantei.turns import UNFINISHED, answer_positions, conversation
from tests import servers
from tests.cases.recorded import QUICK
from tests.servers import Answer, FaultServer, Plan, Seen, fault_server

ROLES = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}


def talk(letters: str) -> tuple[Message, ...]:
    return tuple(Message(role=ROLES[letter], content=f"{n}") for n, letter in enumerate(letters))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("letters", "answers", "asked"),
    [
        ("u", 0, "u"),
        ("su", 0, "su"),
        ("uau", 0, "uau"),
        ("uatau", 0, "uatau"),
        ("uu", 0, "u"),
        ("uu", 1, "uau"),
        ("suuu", 0, "su"),
        ("suuu", 1, "suau"),
        ("suuu", 2, "suauau"),
        ("uauu", 0, "uau"),
        ("uauu", 1, "uauau"),
    ],
)
def test_what_is_asked_after_so_many_answers(letters: str, answers: int, asked: str) -> None:
    found = conversation(talk(letters), [f"answer {n}" for n in range(answers)])
    assert "".join(turn.role[0] for turn in found) == asked
    assert [turn.content for turn in found if turn.content.startswith("answer")] == [
        f"answer {n}" for n in range(answers)
    ]
    assert len(answer_positions(talk(letters))) >= answers


def write(path: Path, *rows: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"id": str(n), "turns": turns}) + "\n" for n, turns in enumerate(rows)))
    return path


def echo(seen: Seen) -> Answer:
    """Say what was asked, and by how many turns."""
    return servers.ok(f"{len(seen.body['messages'])}: {seen.prompt}")


def name(server: FaultServer) -> str:
    return f"openai/m?base_url={server.url}"


def run(server: FaultServer, prompts: Path, out: Path, judge: Sequence[str] = (), **more: object) -> list[Response]:
    options = hantei.Options(limits=QUICK, **more)  # type: ignore[arg-type]
    return list(hantei.run(name(server), str(prompts), list(judge), out, options).responses())


def test_each_turn_is_asked_after_the_answer_to_the_one_before(tmp_path: Path) -> None:
    prompts = write(tmp_path / "two.jsonl", ["First?", "Second?"], ["Alone?"], ["A?", "B?", "C?"])
    with fault_server(echo) as server:
        found = run(server, prompts, tmp_path / "run")
        sent = {seen.prompt: [turn["content"] for turn in seen.body["messages"]] for seen in server.calls}
        roles = {tuple(turn["role"] for turn in seen.body["messages"]) for seen in server.calls}
    assert roles == {("user", "assistant", "user", "assistant", "user")[:n] for n in (1, 3, 5)}
    assert sent["Second?"] == ["First?", "1: First?", "Second?"]
    assert sent["C?"] == ["A?", "1: A?", "B?", "3: B?", "C?"]
    assert [(one.text, one.earlier) for one in found] == [
        ("3: Second?", ("1: First?",)),
        ("1: Alone?", ()),
        ("5: C?", ("1: A?", "3: B?")),
    ]
    assert [one.usage for one in found] == [{"input": 7 * n, "output": 3 * n} for n in (2, 1, 3)]
    assert {one.status for one in found} == {"ok"}


def test_the_last_answer_is_judged_in_the_whole_conversation(tmp_path: Path) -> None:
    prompts = write(tmp_path / "two.jsonl", ["What is in the first box?", "And what is in the second box?"])

    def plan(seen: Seen) -> Answer:
        return servers.ok("Fine.\nRating: [[4]]") if "Rating" in json.dumps(seen.body) else echo(seen)

    with fault_server(plan) as server:
        judge = f"rubric@{name(server)}"
        run(server, prompts, tmp_path / "run", [judge])
        (asked,) = [json.dumps(seen.body) for seen in server.calls if "Rating" in json.dumps(seen.body)]
        assert len(server.calls) == 3
    first = "1: What is in the first box?"
    assert first in asked
    assert "3: And what is in the second box?" in asked
    made = load_run(tmp_path / "run")
    assert [judgment.score for judgment in made.judgments(judge)] == [4.0]
    assert first in made.report_path.read_text()
    assert [len(prompt.messages) for prompt in made.prompts()] == [2]  # the prompts as they were given
    table = hantei.export(made.path, "csv").read_text(encoding="utf-8")
    assert first in table


def test_a_kill_between_two_turns_repeats_neither(tmp_path: Path) -> None:
    prompts, out = write(tmp_path / "two.jsonl", ["First?", "Second?"], ["Alone?"]), tmp_path / "run"
    with fault_server(echo) as server:
        run(server, prompts, out)
        done, alone = list(load_run(out).responses())
        # What the journal holds after a kill: the first turn's record, and half of the next line.
        begun = Response(
            id=done.id,
            prompt_id="0",
            system=done.system,
            text="",
            status="error",
            error=UNFINISHED,
            earlier=done.earlier,
        )
        torn = to_line(done)[:40]
        load_run(out).responses_path.write_bytes(to_line(alone) + to_line(begun) + torn)
        server.calls.clear()
        found = run(server, prompts, out)
        assert [seen.prompt for seen in server.calls] == ["Second?"]
    assert [(one.text, one.earlier, one.status) for one in found] == [
        ("3: Second?", ("1: First?",), "ok"),
        ("1: Alone?", (), "ok"),
    ]


def test_a_turn_that_failed_is_asked_again_and_the_ones_before_are_not(tmp_path: Path) -> None:
    prompts, out = write(tmp_path / "two.jsonl", ["First?", "Second?"], ["Alone?"]), tmp_path / "run"
    down: Plan = lambda seen: servers.server_error() if seen.prompt == "Second?" else echo(seen)  # noqa: E731
    with fault_server(down) as server:
        failed, _ = run(server, prompts, out)
        server._plan = echo
        server.calls.clear()
        mended, _ = run(server, prompts, out)
        assert [seen.prompt for seen in server.calls] == ["Second?"]
    assert (failed.status, failed.earlier) == ("error", ("1: First?",))
    assert failed.error is not None
    assert failed.error.startswith("server:")
    assert (mended.status, mended.text, mended.error) == ("ok", "3: Second?", None)


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (servers.filtered_answer(), "filtered", None),
        (servers.filtered_prompt(), "filtered", None),
        (servers.ok(None, finish_reason="tool_calls"), "error", "turn 1 has no answer, so the next was not asked"),
        (servers.ok(None, message={"reasoning": "hm"}, finish_reason="length"), "error", "turn 1 has no answer"),
    ],
)
def test_nothing_is_asked_after_a_turn_without_an_answer(
    answer: Answer, status: str, error: str | None, tmp_path: Path
) -> None:
    prompts = write(tmp_path / "two.jsonl", ["First?", "Second?"], ["Alone?"])
    with fault_server(lambda seen: answer if seen.prompt == "First?" else echo(seen)) as server:
        found, _ = run(server, prompts, tmp_path / "run")
        assert "Second?" not in server.asked
    assert (found.status, found.text, found.earlier) == (status, "", ())
    assert (found.error or "").startswith(error or "")
    assert bool(found.error) == bool(error)


def priced(server: FaultServer, path: Path) -> Path:
    """A file of prices: a call of 7 and 3 tokens costs 10 dollars."""
    price = f'[[price]]\nmodel = "{name(server)}"\ninput = 1000000\noutput = 1000000\n'
    path.write_text(price.replace("1000000", "999999") + 'date = 2026-01-01\nsource = "made up"\n')
    return path


CALL = 10 * 0.999999
"""What a call costs, in dollars."""


def test_a_limit_between_two_turns_keeps_the_first_and_its_cost(tmp_path: Path) -> None:
    prompts, out = write(tmp_path / "two.jsonl", ["First?", "Second?"]), tmp_path / "run"
    with fault_server(echo) as server:
        prices = priced(server, tmp_path / "prices.toml")
        options = hantei.Options(limits=replace(QUICK, max_cost=15), prices=prices)
        made = hantei.run(name(server), str(prompts), [], out, options)
        assert "--max-cost" in (made.info().stopped or "")
        (kept,) = made.responses()
        assert (kept.earlier, kept.error) == (("1: First?",), UNFINISHED)
        assert kept.cost == pytest.approx(CALL)
        assert "1 of 1 answers were not asked for" in made.summary().notes[0]
        (found,) = run(server, prompts, out, prices=prices)
        assert [seen.prompt for seen in server.calls] == ["First?", "Second?"]
    assert (found.text, found.earlier) == ("3: Second?", kept.earlier)
    assert found.cost == pytest.approx(2 * CALL)
    assert made.info().cost == pytest.approx(2 * CALL)
    with made.index(samples=1) as index:
        assert index.spent == pytest.approx(2 * CALL)
        assert not_asked(index, made.info().plan) == {}
    made.responses_path.write_bytes(to_line(kept) + to_line(found))  # as a kill leaves it
    with made.index(samples=1) as index:
        assert index.spent == pytest.approx(2 * CALL)
        assert not_asked(index, made.info().plan) == {}
    made.responses_path.write_bytes(to_line(kept))
    with made.index(samples=1) as index:
        assert index.spent == pytest.approx(CALL)
        assert sum(not_asked(index, made.info().plan).values()) == 1


def test_a_forecast_counts_every_turn(tmp_path: Path) -> None:
    prompts = write(tmp_path / "two.jsonl", ["First?", "Second?"], ["Alone?"], ["A?", "B?", "C?"])
    forecast = hantei.forecast("openai/m?base_url=http://127.0.0.1:9/v1", str(prompts), [])
    assert forecast.calls == 6


def test_samples_talk_each_for_themselves(tmp_path: Path) -> None:
    prompts = write(tmp_path / "two.jsonl", ["First?", "Second?"])
    with fault_server(lambda seen: servers.ok(f"{seen.again}: {seen.prompt}")) as server:
        found = run(server, prompts, tmp_path / "run", samples=2)
    assert sorted(one.earlier for one in found) == [("0: First?",), ("1: First?",)]


def test_recorded_answers_are_replayed_turn_by_turn(tmp_path: Path) -> None:
    prompts = write(tmp_path / "two.jsonl", ["First?", "Second?"])
    turns = [{"role": "user", "content": "First?"}, {"role": "assistant", "content": "One."}]
    later = [*turns, {"role": "user", "content": "Second?"}, {"role": "assistant", "content": "Two."}]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in (turns, later)))
    made = hantei.run(f"replay/{tmp_path}/answers.jsonl", str(prompts), [], tmp_path / "run")
    assert [(one.earlier, one.text) for one in made.responses()] == [(("One.",), "Two.")]


@pytest.mark.parametrize(
    ("reference", "taken"),
    [(["for the first", "for the last"], "for the last"), (["for the first", ""], None), ("for all", "for all")],
)
def test_of_references_for_each_turn_the_last_counts(reference: object, taken: str | None, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text(json.dumps({"turns": ["First?", "Second?"], "reference": reference}))
    assert [prompt.reference for prompt in benchmarks.load_benchmark(str(path))] == [taken]


def test_a_later_judge_gives_no_last_word_on_a_conversation_that_is_not_over(tmp_path: Path) -> None:
    prompts, out = write(tmp_path / "two.jsonl", ["What is in the box?", "And in the other?"]), tmp_path / "run"
    with fault_server(echo) as server:
        prices = priced(server, tmp_path / "prices.toml")
        options = hantei.Options(limits=replace(QUICK, max_cost=15), prices=prices)
        hantei.run(name(server), str(prompts), [], out, options)
        hantei.judge(out, "builtin?encoder=none")
        (early,) = load_run(out).judgments("builtin?encoder=none")
        run(server, prompts, out, prices=prices)
    hantei.judge(out, "builtin?encoder=none")
    (late,) = load_run(out).judgments("builtin?encoder=none")
    assert (early.status, early.fault, early.error) == ("error", "provider", f"there is no answer: {UNFINISHED}")
    assert (late.status, late.unsafe) == ("ok", False)
