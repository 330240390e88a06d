from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.reasoning import answer_start, joined, split_reasoning, tokens_before_answer

OPEN, CLOSE = "<think>", "</think>"
PLAIN = st.text(st.characters(exclude_characters="<[◁")).filter(
    lambda text: not text.strip().lower().startswith(("analysis", "here")) and "assistantfinal" not in text.lower()
)
"""Text in which no tag of any model begins."""
ANY = st.lists(st.one_of(PLAIN, st.sampled_from([OPEN, CLOSE, "\n"]))).map("".join)


@pytest.mark.parametrize(
    ("content", "text", "reasoning", "closed"),
    [
        ("plain", "plain", None, True),
        ("  plain\n", "  plain\n", None, True),
        ("", "", None, True),
        ("<think>why</think>\n\nanswer\n", "answer\n", "why", True),
        ("\n<think>\nwhy\n</think>answer", "answer", "why", True),
        ("why</think>answer", "answer", "why", True),  # the template wrote the open tag into the prompt
        ("<think></think>answer", "answer", None, True),
        ("<think>a</think>b<think>c</think>d", "b<think>c</think>d", "a", True),  # in a sentence: a mention
        ("<think>a</think>b\n<think>c</think>d", "d", "a</think>b\n<think>c", True),
        ("Sure.\n<think>why</think>\nanswer", "answer", "Sure.\n<think>why", True),
        ("<think>a</think>", "", "a", True),
        ("<think>cut off", "", "cut off", False),
        (" \n<think>cut off", "", "cut off", False),
        ("<think>", "", None, False),
        ("<think>a</think><think>b", "", "a\n\nb", False),
        ("write <think> first", "write <think> first", None, True),
        ("<THINK>loud", "", "loud", False),
        ("<thinking>why</thinking> answer", "answer", "why", True),
        ("<thinking>cut off", "", "cut off", False),
        ("the tag </thinking> closes it", "the tag </thinking> closes it", None, True),  # nothing was opened
        ("[THINK]why[/THINK]answer", "answer", "why", True),
        ("why[/THINK]answer", "answer", "why", True),
        ("[THINK]cut off", "", "cut off", False),
        ("◁think▷why◁/think▷answer", "answer", "why", True),
        ("<seed:think>why</seed:think>answer", "answer", "why", True),
        ("<|begin_of_thought|>why<|end_of_thought|>answer", "answer", "why", True),
        ("<|START_THINKING|>why<|END_THINKING|>answer", "answer", "why", True),
        ("<thought>why</thought>answer", "answer", "why", True),
        (
            "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>answer<|return|>",
            "answer",
            "why",
            True,
        ),
        ("<|channel|>final<|message|>answer", "answer", None, True),
        ("<|channel|>analysis<|message|>cut off", "", "cut off", False),
        ("analysisThe user asks.assistantfinalanswer", "answer", "The user asks.", True),
        ("analysisThe user asks", "", "The user asks", False),
        ("analysis of locks", "analysis of locks", None, True),
        ("<longcat_think>why</longcat_think>answer", "answer", "why", True),
        ("<mm:think>\nwhy\n</mm:think>\n\nanswer", "answer", "why", True),
        ("why</mm:think>answer", "answer", "why", True),
        ("<think_fast>why</think_fast>answer", "answer", "why", True),
        ("<think:opensource>why</think:opensource>answer", "answer", "why", True),
        ("<|think|>why<|end|><|begin|>assistant<|content|>answer<|end|>", "answer", "why", True),
        ("<|begin|>assistant<|think|>why<|end|>answer", "answer", "why", True),
        ("<|think|>why<|/think|>answer", "answer", "why", True),
        ("<|think|>why</|think|>answer", "answer", "why", True),
        ("<|think|>cut off", "", "cut off", False),
        ("<unused94>thought\nwhy<unused95>answer", "answer", "why", True),
        ("why<unused95>answer", "answer", "why", True),
        ("<|channel>thought\nwhy<channel|>answer<turn|>", "answer", "why", True),
        ("<|turn>model\n<|channel>thought\n<channel|>answer", "answer", None, True),
        ("<|channel>thought\ncut off", "", "cut off", False),
        ("<|inner_prefix|>why<|inner_suffix|>answer<|assistant_end|>", "answer", "why", True),
        ("<analysis>why</analysis>answer", "answer", "why", True),
        ("the tag </analysis> closes it", "the tag </analysis> closes it", None, True),
        ("<scratchpad>why</scratchpad>\nanswer", "answer", "why", True),
        ("Here is my thought process:\nwhy\nHere is my response:\nanswer", "answer", "why", True),
        ("<|im_start|>assistant\n<think>why</think>\nanswer<|im_end|>", "answer", "why", True),
        ("<s><think>why</think>answer</s>", "answer", "why", True),
        ("<｜Assistant｜><think>why</think>answer<｜end▁of▁sentence｜>", "answer", "why", True),
        ("<think>why</think><answer>\nanswer\n</answer>", "answer", "why", True),
        ("<think>why</think>\n<response>\nanswer\n</response>\n", "answer", "why", True),
        ("<think>why</think><answer>\ncut", "cut", "why", True),
        ("<think>why</think><answer>6</answer>", "<answer>6</answer>", "why", True),
        ("<think>why</think><answer>\na</answer>\n<b>b</b>", "<answer>\na</answer>\n<b>b</b>", "why", True),
        ("<|START_THINKING|>why<|END_THINKING|><|START_RESPONSE|>answer<|END_RESPONSE|>", "answer", "why", True),
        (
            "<|begin_of_thought|>why<|end_of_thought|><|begin_of_solution|>answer<|end_of_solution|>",
            "answer",
            "why",
            True,
        ),
        ("<|im_start|>assistant\nplain<|im_end|>", "<|im_start|>assistant\nplain<|im_end|>", None, True),
    ],
)
def test_split(content: str, text: str, reasoning: str | None, closed: bool) -> None:
    assert split_reasoning(content) == (text, reasoning, closed)


@pytest.mark.parametrize(
    "text",
    [
        "DeepSeek writes its plan as <think>…</think> before it answers.",
        "R1は<think>考え</think>で囲みます。",
        "它先写 <think>计划</think> 再回答。",
        "The close tag is `</think>`, after which the answer begins.",
        'A template that ends in "</think>" turns it off.',
        "Use [THINK] and [/THINK] around it.",
        "Like this:\n```\n<think>\n2 + 2\n</think>\n4\n```\nIt is for readers.",
        "The channel is <|channel>thought, ended by <channel|> as a token.",
        "Either <think>a</think> or <seed:think>b</seed:think>.\nBoth are usual.",
    ],
)
def test_tags_that_an_answer_only_mentions_are_left_in_it(text: str) -> None:
    assert split_reasoning(text) == (text, None, True)
    assert split_reasoning(f"<think>The `</think>` tag, then <think> again.</think>{text}").text == text


@given(PLAIN)
def test_text_without_tags_is_returned_as_it_is(text: str) -> None:
    assert split_reasoning(text) == (text, None, True)


@given(PLAIN, PLAIN)
def test_a_block_before_the_answer(reasoning: str, answer: str) -> None:
    expected = (answer.lstrip(), reasoning.strip() or None, True)
    assert split_reasoning(f"<think>{reasoning}</think>{answer}") == expected
    assert split_reasoning(f"{reasoning}</think>{answer}") == expected


@given(PLAIN)
def test_an_unclosed_block_is_never_an_answer(reasoning: str) -> None:
    assert split_reasoning(f"<think>{reasoning}") == ("", reasoning.strip() or None, False)


@given(ANY)
def test_whatever_was_written_nothing_is_lost(content: str) -> None:
    text, reasoning, closed = split_reasoning(content)
    assert content.endswith(text)
    assert closed or not text
    before = content.removesuffix(text) if text else content
    letters = [c for c in before.replace(OPEN, "").replace(CLOSE, "") if not c.isspace()]
    kept = (reasoning or "").replace(OPEN, "").replace(CLOSE, "")
    assert [c for c in kept if not c.isspace()] == letters


@given(st.lists(st.sampled_from(["<", "think", ">", "</", "a", " ", "\n", "<think>", "</think>"])))
def test_tokens_of_the_answer_are_those_that_reach_into_it(tokens: list[str]) -> None:
    content = "".join(tokens)
    kept = "".join(tokens[tokens_before_answer(tokens) :])
    start = answer_start(content)
    if not start:
        assert kept == content
        return
    answer = content[start:]
    assert CLOSE in content.removesuffix(answer)
    assert kept.endswith(answer)
    # At most the one token in which the answer begins holds anything before it.
    assert len(kept) - len(answer) < max(map(len, tokens)) or not answer


def test_pieces_of_reasoning_are_joined() -> None:
    assert joined(None, "a", "", "b") == "a\n\nb"
    assert joined(None, "") is None
