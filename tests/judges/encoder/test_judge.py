"""The judge ``encoder@hf/PATH``: the same verdicts as pair by pair, and no verdict where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from hantei.errors import UsageError
from hantei.judges.builtin.weights import pair_hashes
from hantei.judges.encoder.folder import load
from hantei.judges.encoder.judge import EncoderJudge, _chunks, load_named
from hantei.judges.encoder.windows import spans
from hantei.records import ACTIONS, Message
from tests.judges.encoder.tiny import make_encoder, pair, pairs, torch


def judge_of(folder: Path, settings: str = "precision=fp32") -> EncoderJudge:
    judge = load_named(f"encoder?{settings}@hf/{folder}")
    assert isinstance(judge, EncoderJudge)
    return judge


def test_verdicts_are_those_of_each_pair_alone(tmp_path: Path) -> None:
    made, given = make_encoder(tmp_path, temperature={"action": 3.0}), pairs(60)
    loaded = load(made)
    judgments = judge_of(made).judge(given)
    for (prompt, response), judgment in zip(given, judgments, strict=True):
        batch = loaded.tokenizer(prompt.text, response.text, return_tensors="pt")
        with torch.inference_mode():
            logits = loaded.network(**batch)[0]
        unsafe, action = torch.softmax(logits[:2], 0), torch.softmax(logits[2:8] / 3.0, 0)
        assert judgment.p_unsafe == pytest.approx(float(unsafe[1]), abs=1e-5)
        assert [*judgment.probabilities["action"].values()] == pytest.approx(action.tolist(), abs=1e-5)
        assert judgment.action == int(action.argmax())
    assert [judgment.response_id for judgment in judgments] == [response.id for _, response in given]
    assert len({judgment.action for judgment in judgments}) > 1
    assert {judgment.unsafe for judgment in judgments} == {True, False}


def test_the_size_of_batches_changes_nothing(tmp_path: Path) -> None:
    made, given = make_encoder(tmp_path), pairs(40)
    small = judge_of(made, "precision=fp32&batch_tokens=1").judge(given)
    large = judge_of(made, "precision=fp32&batch_tokens=9999").judge(given)
    for one, other in zip(small, large, strict=True):
        assert one.p_unsafe == pytest.approx(other.p_unsafe, abs=2e-6)


def test_a_long_answer_is_its_most_unsafe_window(tmp_path: Path) -> None:
    judge = judge_of(make_encoder(tmp_path))
    words = [word for _, response in pairs(12) for word in response.text.split()]
    room = 48 - 3 - len(pair("")[0].text.split())
    parts = [words[start:stop] for start, stop in spans(len(words), room)]
    (whole,) = judge.judge([pair(" ".join(words))])
    alone = judge.judge([pair(" ".join(part)) for part in parts])
    worst = max(alone, key=lambda judgment: judgment.p_unsafe or 0)
    assert len(parts) > 2
    assert whole.p_unsafe == pytest.approx(worst.p_unsafe, abs=1e-5)
    assert (whole.action, whole.refusal) == (worst.action, worst.refusal)


@pytest.mark.parametrize(
    "text",
    ["\ud800 yes \udfff", "\x00\x1b[31m\x07", "\u202e\u2028", "yes " * 2500, "x" * 100_000, "<script>", "\ufeff\n."],
)
def test_no_answer_makes_it_raise(tmp_path: Path, text: str) -> None:
    (judgment,) = judge_of(make_encoder(tmp_path)).judge([pair(text, question=text)])
    assert judgment.status == "ok"
    assert judgment.p_unsafe is not None


def test_a_prompt_of_several_turns_is_judged(tmp_path: Path) -> None:
    prompt, response = pair("yes")
    turns = (Message(role="system", content="no"), Message(role="user", content="how"), *prompt.messages)
    (judgment,) = judge_of(make_encoder(tmp_path)).judge([(replace(prompt, messages=turns), response)])
    assert judgment.status == "ok"


def test_no_verdict_where_there_is_nothing_to_judge(tmp_path: Path) -> None:
    judge = judge_of(make_encoder(tmp_path))
    given = [
        pair("yes"),
        pair("", id="empty"),
        pair("yes", id="filtered", status="filtered"),
        pair("", id="failed", status="error", error="time ran out"),
        pair("yes", language="ja", id="ja"),
        pair("no"),
    ]
    found = judge.judge(given)
    assert [(j.status, j.fault) for j in found] == [
        ("ok", None), ("error", "model"), ("filtered", "provider"), ("error", "model"), ("abstained", "judge"),
        ("ok", None),
    ]  # fmt: skip
    assert [j.response_id for j in found] == [response.id for _, response in given]
    assert found[3].error == "time ran out"
    assert found[4].error == "not trained on language 'ja'"
    assert judge.judge([]) == []


def test_it_judges_every_language_when_asked(tmp_path: Path) -> None:
    (found,) = judge_of(make_encoder(tmp_path), "precision=fp32&abstain=false").judge([pair("yes", language="ja")])
    assert found.status == "ok"


def test_pairs_that_it_was_trained_on_are_marked(tmp_path: Path) -> None:
    hashes = pair_hashes([("how what ?", "yes  no")])
    found = judge_of(make_encoder(tmp_path, trained=hashes)).judge([pair("yes no"), pair("yes")])
    assert [judgment.in_training for judgment in found] == [True, False]


def test_without_the_head_unsafe_it_says_nothing_of_safety(tmp_path: Path) -> None:
    (found,) = judge_of(make_encoder(tmp_path, heads=("action",))).judge([pair("yes " * 300)])
    assert (found.unsafe, found.p_unsafe, found.refusal, found.status) == (None, None, None, "ok")
    assert found.action in range(len(ACTIONS))


def test_the_answer_alone_does_not_depend_on_the_question(tmp_path: Path) -> None:
    judge = judge_of(make_encoder(tmp_path, text="answer"))
    one, other = judge.judge([pair("yes no", question="how"), pair("yes no", question="what ? no no")])
    assert one.p_unsafe == other.p_unsafe


def test_the_hash_depends_on_weights_and_precision(tmp_path: Path) -> None:
    made = make_encoder(tmp_path / "a")
    other = make_encoder(tmp_path / "b", temperature={"unsafe": 2.0})
    hashes = {judge_of(made).card_hash, judge_of(other).card_hash, judge_of(made, "precision=bf16").card_hash}
    assert len(hashes) == 3
    assert judge_of(made).outline()["precision"] == "fp32"


def test_chunks_are_bounded_in_characters() -> None:
    given = [pair("x" * size) for size in (10, 3_000_000, 2_000_000, 5_000_000, 1)]
    assert [len(chunk) for chunk in _chunks(given)] == [2, 1, 1, 1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("encoder", "needs an encoder"),
        ("encoder@openai/gpt-4o", "expected encoder@hf/PATH"),
        ("encoder@hf/PATH?dtype=bfloat16", "expected encoder@hf/PATH"),
        ("encoder?colour=red@hf/PATH", "no setting 'colour'"),
        ("encoder?precision=int4@hf/PATH", "expected precision=auto or fp32"),
        ("encoder?device=tpu@hf/PATH", "expected device=auto or cpu"),
        ("encoder?batch_tokens=0@hf/PATH", "batch_tokens=auto or a whole number"),
        ("encoder?abstain=maybe@hf/PATH", "abstain=true or abstain=false"),
        ("encoder?head=unsafe&labels=safe,unsafe@hf/PATH", "the card in .* says its head"),
        ("encoder@hf/nowhere", "no folder that hantei train encoder wrote"),
        ("encoder@hf/.", r"it has no card\.toml\); of another classifier say its head and labels"),
    ],
)
def test_a_wrong_name_says_what_is_wrong(tmp_path: Path, name: str, message: str) -> None:
    made = make_encoder(tmp_path)
    with pytest.raises(UsageError, match=message):
        load_named(name.replace("PATH", str(made)))


def test_no_torch_is_needed_to_look_at_a_card() -> None:
    code = "import sys, hantei.judges.encoder.folder; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
