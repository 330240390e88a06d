"""Replies of any size: what a server printed at their ends is found in one pass."""

from __future__ import annotations

from itertools import product

import pytest

from hantei.judges.reading import ReplyText

END = "<|im_end|>"


def shown(raw: str) -> str:
    return ReplyText(raw, reasoned=False, within=len(raw), from_start=True).text


@pytest.mark.parametrize("filler", [" ", "\n", END, f"{END} "])
def test_many_characters_between_two_words_are_read_in_one_pass(filler: str) -> None:
    # A pattern that looks again from each place of the run makes 4.5 * 10**10 steps here.
    between = filler * (300_000 // len(filler))
    assert shown(f"[[1]]{between}[[2]]") == f"[[1]]{between}[[2]]"
    assert shown(f"[[1]]{between}{END}") == "[[1]]"


def test_marks_go_at_both_ends_alone() -> None:
    for before, after in product(("", END, f" {END}\n<s> "), ("", END, f"\n{END} </s> \n")):
        text = shown(f"{before}[[1]] {END} [[2]]{after}")
        assert text.strip() == f"[[1]] {END} [[2]]"
    assert shown(" [[1]] \n") == " [[1]] \n"
    assert shown(END + END) == ""
