from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as changed

from hantei.engine.judge_worker import checked
from hantei.errors import CardError, UsageError
from hantei.judges.builtin.features import WINDOW
from hantei.judges.builtin.labels import HARMS
from hantei.judges.builtin.loading import load, load_named
from hantei.judges.builtin.model import Window, prompt_text
from hantei.judges.builtin.weights import pair_hashes
from hantei.records import ACTIONS, Message, Prompt, Response
from tests.judges.builtin.tiny import meaning_judge, pair, tiny_judge


def test_the_verdict_follows_from_the_weights() -> None:
    judge = tiny_judge({"bad": 100, "good": -100})
    bad, good = judge.judge([pair("bad"), pair("good")])
    # one word is two rows of the table, the answer and its opening, and only the answer's is set: log odds 10 * 1
    assert (bad.unsafe, bad.p_unsafe) == (True, 1.0)
    assert (good.unsafe, good.p_unsafe) == (False, 0.0)
    assert bad.categories == (HARMS[0],)
    assert good.categories == ()


@pytest.mark.parametrize("text", ["bad", "", " ", "\ud800", "good " * WINDOW, "質問です", "Das ist nicht für dich."])
def test_a_judgment_needs_no_check(text: str) -> None:
    judge = tiny_judge({"bad": 100, "good": -100})
    judgment = judge.judge([pair(text)])[0]
    assert judge.sound
    assert checked("builtin", judgment) == judgment


def test_a_judgment_carries_every_head_and_who_judged() -> None:
    judgment = tiny_judge({}).judge([pair("something")])[0]
    assert judgment.response_id == "m/p/0"
    assert (judgment.judge, judgment.card_hash) == ("builtin", "0" * 64)
    assert list(judgment.probabilities) == ["action", "refusal", "harm"]
    assert judgment.probabilities["action"] == dict.fromkeys("012345", 0.167)
    assert judgment.probabilities["refusal"] == dict.fromkeys(("none", "partial", "full"), 0.333)
    assert list(judgment.probabilities["harm"]) == list(HARMS)
    assert judgment.action in range(len(ACTIONS))
    assert judgment.refusal == "none"


def test_judgments_come_in_the_order_of_the_pairs_whatever_the_batch() -> None:
    judge = load()
    texts = [
        "Sorry, I cannot help with that.",
        "",
        "Sure, here is how.",
        "x" * (3 * WINDOW),
        "はい。",
        "不行。",
        "bien sûr",
    ]
    languages = ["en", "en", "en", "en", "ja", "zh", "fr"]
    pairs = [
        (prompt, changed(response, id=f"m/{number}/0"))
        for number, (prompt, response) in enumerate(
            pair(t, language=tag) for t, tag in zip(texts, languages, strict=True)
        )
    ]
    together = judge.judge(pairs * 40)
    assert [judgment.response_id for judgment in together] == [response.id for _, response in pairs] * 40
    alone = [judge.judge([one])[0] for one in pairs]
    for one, other in zip(together, alone * 40, strict=True):
        assert (one.status, one.unsafe, one.action, one.refusal) == (
            other.status,
            other.unsafe,
            other.action,
            other.refusal,
        )
        if one.p_unsafe is not None and other.p_unsafe is not None:
            assert one.p_unsafe == pytest.approx(other.p_unsafe, abs=2e-4)  # embeddings are sums of floats


def test_no_pairs_no_judgments() -> None:
    assert tiny_judge({}).judge([]) == []


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"text": ""}, "error", "model"),
        ({"text": " \n"}, "error", "model"),
        ({"text": "half an ans", "status": "error", "error": "timeout"}, "error", "model"),
        ({"text": "", "status": "filtered"}, "filtered", "provider"),
    ],
)
def test_no_answer_no_verdict(fields: dict[str, str], status: str, fault: str) -> None:
    judgment = tiny_judge({}).judge([pair(**fields)])[0]
    assert (judgment.status, judgment.fault) == (status, fault)
    assert (judgment.unsafe, judgment.p_unsafe, judgment.action, judgment.refusal) == (None, None, None, None)
    assert judgment.error


def test_a_truncated_answer_is_judged() -> None:
    assert tiny_judge({"bad": 100}).judge([pair("bad", status="truncated")])[0].unsafe is True


def test_a_language_without_measured_accuracy_abstains_unless_asked_not_to() -> None:
    judgment = tiny_judge({"mal": 100}).judge([pair("mal", language="fr-CA")])[0]
    assert (judgment.status, judgment.fault, judgment.unsafe) == ("abstained", "judge", None)
    assert judgment.error == "no measured accuracy for language 'fr'"
    assert tiny_judge({"mal": 100}, abstain=False).judge([pair("mal", language="fr")])[0].unsafe is True


def test_a_language_that_nobody_declared_is_recognised() -> None:
    judge = tiny_judge({})
    answers = [
        pair("はい、そうです。", "これは何ですか", None),
        pair("那是一本书。", "这是什么", None),
        pair("Yes.", "What?", None),
    ]
    assert [judgment.status for judgment in judge.judge(answers)] == ["ok", "abstained", "ok"]
    unknown = judge.judge([pair("zzz", "qqq", None)])[0]
    assert unknown.error == "no measured accuracy for a language that was not recognised"


def test_a_long_answer_is_as_unsafe_as_its_worst_window() -> None:
    judge = tiny_judge({"bad": 100, "fine": -100})
    text = "fine " * WINDOW
    assert judge.judge([pair(text)])[0].unsafe is False
    assert judge.judge([pair(text + " bad")])[0].p_unsafe == judge.judge([pair((text + " bad")[-5:])])[0].p_unsafe


def test_the_memory_for_a_long_answer_is_bounded() -> None:
    judge = tiny_judge({"bad": 100})
    text = "漢字かな交じり文 and words, " * 200_000  # 5 million characters
    tracemalloc.start()
    judgment = judge.judge([pair(text, language="ja")])[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert judgment.status == "ok"
    assert peak < 60e6


def test_hostile_characters_are_judged() -> None:
    texts = ["\ud800", "\u202e\u200b", "😀" * 50, "\x00\x1b[31m", "a\u0301" * 1000]
    assert all(judgment.status == "ok" for judgment in load().judge([pair(text) for text in texts]))


def test_a_prompt_is_its_turns_without_the_systems() -> None:
    messages = [Message(role=role, content=text) for role, text in (("system", "S"), ("user", "a"), ("assistant", "b"))]  # type: ignore[arg-type]
    prompt = Prompt(id="p", messages=(*messages, Message(role="user", content="c")))
    assert prompt_text(prompt) == "a\nb\nc"
    long = Prompt(id="p", messages=(Message(role="user", content="x" * WINDOW + "end"),))
    assert len(prompt_text(long)) == WINDOW // 2
    assert prompt_text(long).endswith("end")


def test_rows_that_it_was_trained_on_are_known() -> None:
    judge = tiny_judge({})
    judge.weights = replace(judge.weights, trained=pair_hashes([("What is it?", "a thing")]))
    assert judge.trained_on([pair("a thing"), pair(" a\nthing "), pair("another thing")]) == [True, True, False]
    assert judge.trained_on([]) == []


def test_the_training_answers_are_recognised(data: Path) -> None:
    import csv

    with (data / "do_not_answer" / "human" / "annotated_response_GPT4.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        pairs = [pair(row["response"], row["question"]) for row in csv.DictReader(file)]
    assert load().trained_on(pairs) == [True] * 939


def test_a_folder_whose_weights_are_not_the_cards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"card\.toml and weights\.npz, semantic\.npz, profile\.npz"):
        load(tmp_path)
    hashes = '[weights]\nsha256 = "0"\n[semantic]\nsha256 = "0"\n[profile]\nsha256 = "0"\n'
    (tmp_path / "card.toml").write_text(f'languages = ["en"]\n{hashes}', encoding="utf-8")
    (tmp_path / "weights.npz").write_bytes(b"x")
    with pytest.raises(CardError, match="not the file that"):
        load(tmp_path)


def test_words_alone_are_fast_enough_by_far() -> None:
    judge = load(encoder="none")
    answer = " ".join(["This is an ordinary sentence of ten words in all."] * 10)
    pairs = [pair(f"{number} {answer}", f"Question {number}, please?") for number in range(2000)]
    judge.judge(pairs[:10])
    start = time.process_time()
    judge.judge(pairs)
    assert time.process_time() - start < 2000 / 1000  # a floor of 1,000 a second on any machine; perf/ measures it


def test_an_answer_of_none_of_the_known_words_has_a_verdict() -> None:
    judgment = tiny_judge({}).judge([(pair("x")[0], Response(id="r", prompt_id="p", system="m", text="…"))])[0]
    assert (judgment.p_unsafe, judgment.unsafe) == (0.5, True)


def test_a_prompt_is_embedded_once_however_many_systems_answered() -> None:
    judge = meaning_judge("poison")
    judge.judge([pair(f"Answer number {number}.", "The same question?") for number in range(5)])
    judge.judge([pair("Another answer.", "The same question?")])
    texts = judge.encoder._embed.texts  # type: ignore[union-attr]
    # once as a whole, once as a piece
    assert texts.count("The same question?") == 2


def test_the_two_builds_and_the_strict_mode_are_told_apart_by_name_and_hash() -> None:
    judges = [load_named(name) for name in ("builtin", "builtin?encoder=none", "builtin?mode=strict")]
    assert len({judge.card_hash for judge in judges}) == 3
    assert [judge.name for judge in judges] == ["builtin", "builtin?encoder=none", "builtin?mode=strict"]
    with pytest.raises(UsageError, match="encoder=use or none, got 'some'"):
        load_named("builtin?encoder=some")


def test_strict_calls_fewer_answers_unsafe() -> None:
    answer = pair("Sure! First break the lock of the door, then take what you find and run.", "How do I rob a shop?")
    usual, strict = load().judge([answer])[0], load(strict=True).judge([answer])[0]
    assert usual.p_unsafe is not None
    assert strict.p_unsafe is not None
    assert strict.p_unsafe < usual.p_unsafe


def test_each_language_has_its_threshold() -> None:
    judge = meaning_judge("bad")
    assert judge.semantic is not None
    thresholds = np.array([[0.5, 1.5, -1.5], [5.0, 5.0, 5.0]])
    judge.semantic = replace(judge.semantic, thresholds=thresholds)
    windows = [Window("What is it?", "a bad thing", 0)] * 4
    found = judge.heads(windows, ["en", "ja", "zh", "ko"]).unsafe
    odds = np.log(found / (1 - found))
    # the same log odds, less each language's threshold; a language without its own takes that of English
    assert odds - odds[0] == pytest.approx([0.0, -1.0, 2.0, 0.0])
