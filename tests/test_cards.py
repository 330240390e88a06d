"""Cards come back from TOML as they were."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from hantei.cards import did_you_mean, write

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
PLAIN = st.one_of(TEXT, st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False))
VALUES = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=12
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_what_is_written_is_read(data: dict[str, object]) -> None:
    assert tomllib.loads(write(data)) == data


def test_none_is_left_out_and_a_lone_surrogate_replaced() -> None:
    assert tomllib.loads(write({"a": None, "b": "x\ud800y"})) == {"b": "x?y"}


def test_a_slip_in_a_name_gets_a_suggestion_and_another_word_none() -> None:
    known = ["builtin", "rubric", "do-not-answer"]
    assert did_you_mean("bultin", known) == "; did you mean 'builtin'?"
    assert did_you_mean("do_not_answer", known) == "; did you mean 'do-not-answer'?"
    assert did_you_mean("weather", known) == ""
