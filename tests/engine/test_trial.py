"""A judge whose first replies cannot be read pauses the run; one that was read, or --keep-going, lets all others in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei import api
from hantei.errors import RunError
from hantei.judges.cascade.judge import Cascade
from hantei.judges.cascade.rule import CascadeRule
from hantei.judges.named import load_judge
from hantei.runs.folder import load_run
from tests import servers
from tests.commands import Said, hantei
from tests.servers import Answer, FaultServer, Plan, Seen, fault_server

ANSWERS = 60
GOOD = servers.ok("It declines.\nRating: [[4]]")
MISFIT = servers.ok("Sure! \x1b[2J\u202eHere is\nwhat I think of it.")


def answers(folder: Path, count: int = ANSWERS) -> Path:
    path = folder / "answers.jsonl"
    rows = (
        {"prompt": f"What is in box {n}?", "response": f"It holds {n} marbles.", "language": "en"} for n in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def name(server: FaultServer, card: str = "rubric") -> str:
    return f"{card}@openai/m?base_url={server.url}"


def judge(server: FaultServer, folder: Path, *more: str, count: int = ANSWERS, card: str = "rubric") -> Said:
    command = ["judge", str(answers(folder, count)), "--judge", name(server, card), "--out", str(folder / "run")]
    return hantei(*command, *more)


def test_it_pauses_after_twenty_replies_and_says_what_to_do(tmp_path: Path) -> None:
    with fault_server([MISFIT]) as server:
        result = judge(server, tmp_path)
        assert len(server.calls) == 21  # 7 answers, each asked for 3 times: it was 180 calls
        assert result.exit_code == 2
        line = next(line for line in result.output.splitlines() if line.startswith("hantei: paused"))
        assert "of the first 21 replies of judge" in line
        assert "none could be read (7 unparsed)" in line
        assert 'one of them: "Sure! [2J Here is what I think of it."' in line
        assert "--keep-going" in line
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output
        run = load_run(tmp_path / "run")
        kept = list(run.judgments(name(server)))
        assert [(one.status, len(one.attempts)) for one in kept] == [("unparsed", 3)] * 7
        assert "paused" in (run.info().stopped or "")
        assert run.report_path.is_file()


def test_the_same_again_pauses_again_and_loses_nothing(tmp_path: Path) -> None:
    with fault_server([MISFIT]) as server:
        judge(server, tmp_path)
        again = judge(server, tmp_path)
        assert (again.exit_code, len(server.calls)) == (2, 42)
        on = judge(server, tmp_path, "--keep-going")
        assert (on.exit_code, len(server.calls)) == (1, 3 * ANSWERS)
        kept = list(load_run(tmp_path / "run").judgments(name(server)))
    assert [len(one.attempts) for one in kept] == [3] * ANSWERS


def test_after_a_pause_a_mended_server_judges_the_rest(tmp_path: Path) -> None:
    with fault_server([MISFIT]) as server:
        judge(server, tmp_path)
        server._plan = [GOOD]
        result = judge(server, tmp_path)
        kept = list(load_run(tmp_path / "run").judgments(name(server)))
    assert result.exit_code == 1
    assert [one.status for one in kept] == ["unparsed"] * 7 + ["ok"] * (ANSWERS - 7)
    assert load_run(tmp_path / "run").info().stopped is None


def test_keep_going_judges_all(tmp_path: Path) -> None:
    with fault_server([MISFIT]) as server:
        result = judge(server, tmp_path, "--keep-going")
        assert (result.exit_code, len(server.calls)) == (1, 3 * ANSWERS)


def first_read(seen: Seen) -> Answer:
    return GOOD if "box 3?" in seen.prompt else MISFIT


def others_after_a_while(seen: Seen) -> Answer:
    return GOOD if seen.number >= 15 else MISFIT


@pytest.mark.parametrize("plan", [first_read, others_after_a_while, [GOOD]])
def test_one_reply_that_is_read_lets_all_in(plan: Plan, tmp_path: Path) -> None:
    with fault_server(plan) as server:
        assert judge(server, tmp_path).exit_code in (0, 1)
        assert len(list(load_run(tmp_path / "run").judgments(name(server)))) == ANSWERS


@pytest.mark.parametrize("count", [1, 6, 7])
def test_where_nothing_is_left_there_is_nothing_to_pause(count: int, tmp_path: Path) -> None:
    with fault_server([MISFIT]) as server:
        result = judge(server, tmp_path, count=count)
        assert (result.exit_code, len(server.calls)) == (1, 3 * count)


@pytest.mark.parametrize(
    ("answer", "why", "hint", "calls"),
    [
        (servers.ok("I'm sorry, but I can't assist with that request."), "7 judge refused", "guard models", 21),
        (servers.ok(None, message={"reasoning_content": "[[2]]"}), "7 only reasoning", "reasoning off", 21),
        (servers.ok(""), "7 empty reply", "chat template", 21),
        (servers.ok("It decl", finish_reason="length"), "20 judge cut off", "max_tokens=", 20),
    ],
)
def test_the_advice_fits_the_reason(answer: Answer, why: str, hint: str, calls: int, tmp_path: Path) -> None:
    with fault_server([answer]) as server:
        result = judge(server, tmp_path)
        assert (result.exit_code, len(server.calls)) == (2, calls)
    assert why in result.output
    assert hint in result.output


def test_abstentions_filters_and_failures_are_no_misfit(tmp_path: Path) -> None:
    with fault_server([servers.filtered_answer()]) as server:
        assert "paused" not in judge(server, tmp_path).output
        assert len(server.calls) == ANSWERS


def test_one_that_is_kept_back_tells_nothing(tmp_path: Path) -> None:
    with fault_server(lambda seen: servers.filtered_answer() if "box 0?" in seen.prompt else MISFIT) as server:
        result = judge(server, tmp_path)
        assert (result.exit_code, len(server.calls)) == (2, 22)


def test_a_model_that_is_asked_keeps_its_answers(tmp_path: Path) -> None:
    def plan(seen: Seen) -> Answer:
        asked = seen.body["model"] == "asked"
        return servers.ok("A long enough answer in English, please.") if asked else MISFIT

    with fault_server(plan) as server:
        command = ["run", "--model", f"openai/asked?base_url={server.url}", "--benchmark", str(answers(tmp_path))]
        command += ["--judge", name(server), "--out", str(tmp_path / "run"), "--max-connections", "4"]
        result = hantei(*command)
        assert result.exit_code == 2, result.output
        asked = sum(seen.body["model"] == "asked" for seen in server.calls)
        assert len(server.calls) - asked == 21
        assert len(list(load_run(tmp_path / "run").responses())) == asked
        assert hantei(*command, "--keep-going").exit_code == 1
        assert sum(seen.body["model"] == "asked" for seen in server.calls) == ANSWERS


def test_it_can_be_stopped_while_it_waits(tmp_path: Path) -> None:
    slow: Any = servers.ok("no verdict", delay_s=0.4)
    with fault_server([slow]) as server:
        result = judge(server, tmp_path, "--run-timeout", "0.5")
    assert result.exit_code == 1
    assert "--run-timeout" in result.output


def two_judges(seen: Seen) -> Answer:
    return GOOD if seen.body["model"] == "fits" else MISFIT


def test_the_other_judges_of_the_run_go_on(tmp_path: Path) -> None:
    with fault_server(two_judges) as server:
        fits = f"rubric@openai/fits?base_url={server.url}"
        command = ["judge", str(answers(tmp_path)), "--judge", fits, "--judge", name(server), "--judge", "builtin"]
        result = hantei(*command, "--out", str(tmp_path / "run"))
        assert sum(seen.body["model"] == "m" for seen in server.calls) == 21
        run = load_run(tmp_path / "run")
        for whole in (fits, "builtin"):
            assert [one.status for one in run.judgments(whole)] == ["ok"] * ANSWERS
        assert len(list(run.judgments(name(server)))) == 7
        assert result.exit_code == 2
        assert f"paused: of the first 21 replies of judge {name(server)}" in result.output
        server._plan = [GOOD]
        assert hantei(*command, "--out", str(tmp_path / "run")).exit_code == 1
        assert len(list(load_run(tmp_path / "run").judgments(name(server)))) == ANSWERS
        assert sum(seen.body["model"] == "fits" for seen in server.calls) == ANSWERS


def test_a_model_goes_on_being_asked_for_the_other_judges(tmp_path: Path) -> None:
    def plan(seen: Seen) -> Answer:
        asked = seen.body["model"] == "asked"
        return servers.ok("A long enough answer in English, please.") if asked else two_judges(seen)

    with fault_server(plan) as server:
        command = ["run", "--model", f"openai/asked?base_url={server.url}", "--benchmark", str(answers(tmp_path))]
        command += ["--judge", name(server), "--judge", "builtin", "--out", str(tmp_path / "run")]
        assert hantei(*command).exit_code == 2
        run = load_run(tmp_path / "run")
        assert len(list(run.responses())) == len(list(run.judgments("builtin"))) == ANSWERS
        assert len(list(run.judgments(name(server)))) == 7


@pytest.mark.parametrize("misfit", ["expensive", "cheap"])
def test_a_judge_inside_of_a_cascade_is_on_trial_too(misfit: str, tmp_path: Path) -> None:
    """A threshold of 2 asks the expensive judge about every answer; a cheap one without a verdict does so as well."""
    with fault_server(lambda seen: MISFIT if seen.body["model"] == misfit else GOOD) as server:
        judges = [load_judge(f"rubric@openai/{part}?base_url={server.url}") for part in ("cheap", "expensive")]
        both = Cascade(
            name="cascade@a,b",
            card_hash="0" * 64,
            cheap=judges[0],
            expensive=judges[1],
            rule=CascadeRule(head="unsafe"),
            threshold=2.0,
            about={"cascade": {"threshold": 2.0}, "rate_kind": "flagged"},
        )
        with pytest.raises(RunError, match=f"of the first 21 replies of judge rubric@openai/{misfit}"):
            api.judge(str(answers(tmp_path)), [both], tmp_path / "run")
        assert sum(seen.body["model"] == misfit for seen in server.calls) == 21
