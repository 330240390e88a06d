from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hantei.reports.data import Highlight
from hantei.reports.text import TextRun, clip, runs, sign, visible


def plain(pieces: list[TextRun]) -> str:
    return "".join(piece if isinstance(piece, str) else str(piece[0]) for piece in pieces)


def test_a_control_is_shown_by_its_name_or_its_code_point() -> None:
    assert [sign(c) for c in ("\x1b", "\x00", "\x7f", "\u202e", "\ud800", "\U000e0041")] == [
        "[ESC]",
        "[NUL]",
        "[U+007F]",
        "[U+202E]",
        "[U+D800]",
        "[U+E0041]",
    ]


def test_text_that_people_write_stays_as_it_is() -> None:
    text = "tab\tline\nÜber 判定 한국어 العربية 👩‍👩‍👧 é क्‍ष"
    assert visible(text) == text
    assert runs(text) == [text]


def test_a_windows_line_end_is_a_line_end_and_a_lone_return_is_not() -> None:
    assert visible("a\r\nb\rc") == "a\nb[CR]c"


def test_clip_says_that_something_was_cut() -> None:
    assert clip("abcdef", 3) == "abc…"
    assert clip("abc", 3) == "abc"


def test_marks_split_the_text_where_they_start_and_end() -> None:
    assert runs("How to hide", [Highlight(4, 6, 0.5), Highlight(7, 11, -1.25)]) == [
        "How ",
        ["to", 0.5],
        " ",
        ["hide", -1.25],
    ]


def test_a_control_inside_a_mark_is_a_sign_of_its_own() -> None:
    assert runs("ab\u202ecd", [Highlight(1, 4, 2.0)]) == ["a", ["b", 2.0], ["[U+202E]"], ["c", 2.0], "d"]


def test_marks_outside_empty_or_overlapping_are_clipped() -> None:
    marks = [
        Highlight(-3, 2, 1.0),
        Highlight(1, 4, 2.0),
        Highlight(5, 5, 3.0),
        Highlight(90, 99, 4.0),
        Highlight(6, 8, float("nan")),
    ]
    assert runs("abcdefgh", marks) == [["ab", 1.0], ["cd", 2.0], "ef", "gh"]


def test_a_text_is_cut_at_its_limit_marks_included() -> None:
    assert runs("abcdef", [Highlight(1, 6, 1.0)], limit=3) == ["a", ["bc", 1.0]]


@given(
    st.text(), st.lists(st.builds(Highlight, st.integers(-5, 50), st.integers(-5, 50), st.floats())), st.integers(0, 40)
)
def test_runs_keep_every_character_and_hold_no_control(text: str, marks: list[Highlight], limit: int) -> None:
    text = text.replace("\r\n", "\n")  # the only pair that two pieces may see apart
    shown = plain(runs(text, marks, limit))
    assert shown == visible(text[:limit])
    shown.encode()
    assert visible(shown) == shown
