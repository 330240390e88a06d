from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from hantei.errors import InputError
from hantei.exchange import import_run
from hantei.exchange.inspect_log import export_inspect
from hantei.exchange.inspect_scores import restored
from hantei.records import Judgment, Message, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.info import JudgeInfo
from tests.exchange.conftest import JUDGES, JUDGMENTS, PROMPTS, RESPONSES

pytest.importorskip("inspect_ai", reason="the extra 'inspect' is not installed")
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalSample,
    EvalSpec,
    list_eval_logs,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentImage,
    ContentText,
    ModelOutput,
)
from inspect_ai.tool import ToolCall


def exported(run: Run) -> dict[str, EvalLog]:
    logs = [read_eval_log(path.as_posix()) for path in export_inspect(run, run.path.parent / "logs")]
    return {log.eval.model: log for log in logs}


def by_answer(run: Run) -> dict[str, list[Judgment]]:
    found: dict[str, list[Judgment]] = {}
    for judge in run.judges():
        for judgment in run.judgments(judge):
            found.setdefault(judgment.response_id, []).append(judgment)
    return found


def test_what_was_exported_comes_back(run: Run, tmp_path: Path) -> None:
    paths = export_inspect(run, tmp_path / "logs")
    assert len(paths) == 2  # one a system
    back = import_run(tmp_path / "logs", "inspect", tmp_path / "back")
    assert {prompt.id: prompt for prompt in back.prompts()} == PROMPTS
    assert sorted(back.responses(), key=str) == sorted(RESPONSES, key=str)
    assert [one.id for one in back.responses() if one.system == "b"] == [
        one.id for one in RESPONSES if one.system == "b"
    ]  # in the run's order
    expected = {answer: sorted(judgments, key=str) for answer, judgments in JUDGMENTS.items()}
    assert {answer: sorted(judgments, key=str) for answer, judgments in by_answer(back).items()} == expected
    assert back.info().judges == msgspec.convert(JUDGES, dict[str, JudgeInfo])
    assert back.info().rejected == 0


def test_two_exports_of_one_run_hold_the_same(run: Run, tmp_path: Path) -> None:
    first, second = (sorted(export_inspect(run, tmp_path / name)) for name in ("one", "two"))
    assert [path.name for path in first] == [path.name for path in second]
    for one, two in zip(first, second, strict=True):
        kept = [read_eval_log(path.as_posix()).model_dump_json(exclude={"location"}) for path in (one, two)]
        assert kept[0] == kept[1]


def sample(log: EvalLog, answer: str) -> EvalSample:
    samples = log.samples or []
    return next(one for one in samples if restored(Response, one.metadata["hantei"]["response"]).id == answer)


def test_inspect_reads_what_a_reader_of_logs_looks_at(run: Run) -> None:
    log = exported(run)["m/a"]
    assert (log.status, log.eval.task, log.eval.dataset.name) == ("success", "hantei/garden", "garden")
    first = sample(log, "m/a/p/1/0")
    assert (first.input, first.target, first.output.completion) == (
        "How do I get rid of moles?",
        "Use a trap.",
        "Use a trap.",
    )
    assert first.output.usage is not None
    assert (first.output.usage.input_tokens, first.output.usage.total_tokens) == (12, 16)
    assert first.scores is not None
    rubric = first.scores["rubric@openai/x?y=1"]
    assert (rubric.value, rubric.answer, rubric.explanation) == (0.0, "safe", "Fine.\n[[5]]")
    assert first.scores["keyword"].value == 1.0
    assert first.scores["human:ann"].value == "partial"
    assert sample(log, "m/a/p/1/1").epoch == 2


def test_an_answer_that_failed_and_a_missing_verdict_are_told_apart_from_a_safe_one(run: Run) -> None:
    logs = exported(run)
    failed = sample(logs["m/a"], "m/a/../２/0")
    assert failed.error is not None
    assert failed.error.message == "503 from the server"
    assert failed.scores is not None
    assert isinstance(failed.scores["keyword"].value, float)
    assert math.isnan(failed.scores["keyword"].value)
    assert sample(logs["b"], "b/../２/0").output.stop_reason == "content_filter"
    assert sample(logs["b"], "b/p/1/0").output.stop_reason == "max_tokens"


def test_a_conversation_keeps_its_turns(run: Run) -> None:
    asked = sample(exported(run)["b"], "b/../２/0").input
    assert not isinstance(asked, str)
    assert [(turn.role, turn.text) for turn in asked] == [
        ("system", "Be brief."),
        ("user", "もぐらは？"),
        ("assistant", "罠です。"),
        ("user", "それだけ？"),
    ]


def test_no_prompt_id_names_a_file_outside_of_the_archive(run: Run) -> None:
    ids = [one.id for log in exported(run).values() for one in log.samples or []]
    assert all("/" not in str(name) and not str(name).startswith(".") for name in ids)


def test_the_log_viewer_lists_them(run: Run, tmp_path: Path) -> None:
    export_inspect(run, tmp_path / "logs")
    assert len(list_eval_logs((tmp_path / "logs").as_posix())) == 2


def test_rates_of_the_summary_stand_in_the_results(run: Run, tmp_path: Path) -> None:
    summary = {
        "policy": "drop",
        "notes": [],
        "rates": [
            {"metric": "violation_rate", "by": {"judge": "keyword", "system": "b"}, "denominator": 1, "rate": 0.0},
            {"metric": "violation_rate", "by": {"judge": "keyword"}, "denominator": 2, "rate": 0.5},
        ],
    }
    run.summary_path.write_text(json.dumps(summary))
    results = exported(run)["b"].results
    assert results is not None
    found = {score.name: score.metrics for score in results.scores}
    assert found["keyword"]["violation_rate"].value == 0.0
    assert found["human:ann"] == {}


FOREIGN = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match

def answered(messages, tools, tool_choice, config):
    output = ModelOutput.from_content("mockllm/model", "It is 2")
    output.usage = ModelUsage(input_tokens=7, output_tokens=3)  # left out, they would be counted by a download
    return output

samples = [Sample("What is 1 + 1?", target="2", id="sum"), Sample("And 2 + 2?", target="5", metadata={"hard": True})]
task = Task(dataset=samples, scorer=match(), name="sums")
eval(task, model=get_model("mockllm/model", custom_outputs=answered), log_dir=sys.argv[1], display="none", epochs=2)
"""


def test_any_task_of_inspect_can_be_read(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    subprocess.run([sys.executable, "-c", FOREIGN, str(logs)], check=True, cwd=tmp_path, timeout=120)
    run = import_run(logs, "inspect", tmp_path / "run")
    message = (Message(role="user", content="What is 1 + 1?"),)
    sums = [prompt for prompt in run.prompts() if prompt.messages == message]
    assert sums == [Prompt(id="sum", messages=message, benchmark="sums", language="en", reference="2")]
    assert [prompt.meta for prompt in run.prompts() if prompt.id != "sum"] == [{"hard": True}]
    answers = {(one.system, one.sample, one.text, one.status) for one in run.responses()}
    assert answers == {("mockllm/model", sample, "It is 2", "ok") for sample in (0, 1)}
    assert all(one.usage == {"input": 7, "output": 3} for one in run.responses())
    assert run.judges() == ["inspect:match"]  # which says what is right, and nothing of what is safe
    said = sorted((one.score, one.unsafe, one.comment) for one in run.judgments("inspect:match"))
    assert said == [(0.0, None, "It is 2")] * 2 + [(1.0, None, "It is 2")] * 2
    assert run.info().judges["inspect:match"].rate_kind == "flagged"


def test_an_agents_tools_are_kept(tmp_path: Path) -> None:
    call = ToolCall(id="c1", function="look", arguments={"at": 1})
    picture = ContentImage(image="data:image/png;base64,AAAA")
    asked = ChatMessageUser(content=[ContentText(text="Is it raining? "), picture])
    messages: list[ChatMessage] = [
        asked,
        ChatMessageAssistant(content="", tool_calls=[call]),
        ChatMessageTool(content="-3", tool_call_id="c1", function="look"),
        ChatMessageAssistant(content="It snows."),
    ]
    samples = [
        EvalSample(
            id="agent",
            epoch=epoch,
            input=[asked],
            target="",
            messages=messages if epoch < 3 else [asked, messages[3]],
            output=ModelOutput.from_content("m", "It snows."),
        )
        for epoch in (1, 2, 3)
    ]
    spec = EvalSpec(created="2026-01-01", task="t", dataset=EvalDataset(), model="m", config=EvalConfig())
    write_eval_log(EvalLog(eval=spec, samples=samples), (tmp_path / "a.eval").as_posix())
    run = import_run(tmp_path / "a.eval", None, tmp_path / "run")
    assert run.info().rejected == 0
    first, second, third = run.prompts()
    assert [one.id for one in (first, second, third)] == ["agent/1", "agent/2", "agent"]  # each its own conversation
    assert [(turn.role, turn.shown, turn.name) for turn in first.messages] == [
        ("user", "Is it raining? [image]", None),
        ("assistant", '[calls the tool look: {"at": 1}]', None),
        ("tool", "-3", "look"),
    ]
    assert [turn.role for turn in third.messages] == ["user"]
    assert [one.text for one in run.responses()] == ["It snows."] * 3


def test_what_is_no_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.eval").write_bytes(b"PK\3\4 not really")
    with pytest.raises(InputError, match=r"x\.eval: expected an Inspect log"):
        import_run(tmp_path / "x.eval", "inspect", tmp_path / "run")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected Inspect logs"):
        import_run(tmp_path / "empty", "inspect", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("<think>why</think>No.", ("No.", "why", "ok")), ("<|channel>thought\ncut", ("", "cut", "truncated"))],
)
def test_reasoning_in_an_answers_text_is_kept_apart(text: str, expected: tuple[str, str, str]) -> None:
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput

    from hantei.exchange.inspect_read import Answered, pair

    choice = ChatCompletionChoice(message=ChatMessageAssistant(content=text), stop_reason="stop")
    output = ModelOutput(model="m", choices=[choice])
    asked = Answered(task="t", model="m", id="1", epoch=1, input="How?", target="", metadata={}, output=output)
    _, response = pair(asked)
    assert (response.text, response.reasoning, response.status) == expected
