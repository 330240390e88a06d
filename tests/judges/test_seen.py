"""What cards say of what a judge sees and in which order it writes, held against what is sent and read."""

from __future__ import annotations

import pytest

from hantei.judges import card_names, load_card
from hantei.judges.card import JudgeCard
from hantei.records import Message, Prompt, Response
from tests.judges.conftest import judge_of

ASKING = [name for name in card_names() if load_card(name).asks]
RUNNABLE = [name for name in ASKING if f"{name}-style" not in ASKING]


def sent(name: str, reference: str) -> str:
    turns = [("user", "FIRST QUESTION"), ("assistant", "FIRST ANSWER"), ("user", "SECOND QUESTION")]
    messages = tuple(Message(role=role, content=text) for role, text in turns)  # type: ignore[arg-type]
    prompt = Prompt(id="1", messages=messages, language="en", reference=reference, criteria="- CRITERIA: -1")
    judge = judge_of(f"{name}?abstain=false")
    requests = judge.calls(prompt, Response(id="1", prompt_id="1", system="m", text="LAST ANSWER"))
    return "\n".join(message.content for request in requests for message in request.messages)


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_card_says_which_turns_and_whether_a_reference_is_sent(name: str) -> None:
    sees = load_card(name).seen()
    assert sees is not None
    text = sent(name, "A REFERENCE")
    assert ("FIRST ANSWER" in text) == sees.turns.startswith("all but")
    assert ("SECOND QUESTION" in text) == (sees.turns != "the last answer alone")
    assert ("A REFERENCE" in text) == (sees.reference == "where the prompt has one")


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("critique", "label first"),
        ("safety-j-style", "label first"),
        ("rubric", "critique first"),
        ("action", "critique first"),
        ("strongreject", "critique first"),
        ("llama-guard-3", "label only"),
        ("builtin", "label only"),
    ],
)
def test_a_card_says_the_order_of_label_and_critique(name: str, order: str) -> None:
    sees = load_card(name).seen()
    assert sees is not None
    assert sees.order == order


def test_a_published_prompt_takes_one_question_and_one_answer() -> None:
    sees = load_card("safety-j").seen()
    assert sees is not None
    assert (sees.turns, sees.reference) == ("the last question and the last answer", "never")


def test_an_encoder_that_was_trained_on_answers_alone_sees_no_question() -> None:
    sees = JudgeCard("encoder", {"encoder": {"text": "answer"}}).seen()
    assert sees is not None
    assert sees.turns == "the last answer alone"


def test_the_data_sheet_and_the_run_say_it() -> None:
    card = load_card("critique")
    assert "Verdict and critique: label first" in card.sheet()
    assert "Sees of a conversation: all but the system's" in card.sheet()
    assert card.outline()["order"] == "label first"
