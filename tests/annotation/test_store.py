"""Labels on the disk: none lost, none doubled, none taken back without a trace."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hantei.annotation.guideline import load_guideline, parse_guideline
from hantei.annotation.store import LabelJournal, StaleError, opened
from hantei.errors import RunError
from hantei.runs.folder import Run
from hantei.runs.label_lines import Label

from .room import made_run

ANNA = "human:anna"


def label(label_id: str, unsafe: bool | None = True, response_id: str = "m/q0/0", card_hash: str = "h") -> Label:
    return Label(response_id=response_id, judge=ANNA, unsafe=unsafe, label_id=label_id, card_hash=card_hash)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels" / "anna.jsonl"


Open = Callable[[], LabelJournal]


@pytest.fixture
def at_desk(path: Path) -> Iterator[Open]:
    """Open the person's labels, as each start does; nothing is closed in between, and a kill would not do so either."""
    with ExitStack() as stack:

        def started() -> LabelJournal:
            person = LabelJournal(ANNA, path)
            stack.callback(person.journal._file.close)
            return person

        yield started


def lines(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def test_a_label_is_on_the_disk_when_it_is_confirmed_and_there_after_a_restart(at_desk: Open) -> None:
    at_desk().put(label("a" * 8), None)
    again = at_desk()
    assert again.current("m/q0/0") == label("a" * 8)


def test_the_same_click_sent_twice_is_one_label_also_over_a_restart(path: Path, at_desk: Open) -> None:
    person = at_desk()
    first = person.put(label("a" * 8), None)
    assert person.put(label("a" * 8), None) is first
    assert at_desk().put(label("a" * 8), None) == first
    assert lines(path) == 1


def test_a_stale_tab_is_told_what_is_there_and_changes_nothing(path: Path, at_desk: Open) -> None:
    person = at_desk()
    first = person.put(label("a" * 8, True), None)
    with pytest.raises(StaleError) as refused:
        person.put(label("b" * 8, False), None)
    assert refused.value.current is first
    assert lines(path) == 1
    person.put(label("b" * 8, False), "a" * 8)
    assert [one.unsafe for one in person.labels()] == [False]


def test_undo_appends_what_was_said_before(path: Path, at_desk: Open) -> None:
    person = at_desk()
    person.put(label("a" * 8, True), None)
    person.put(label("b" * 8, False), "a" * 8)
    line = person.undo("c" * 8, "b" * 8)
    assert (line.unsafe, line.undoes, lines(path)) == (True, "b" * 8, 3)
    for one in (person, at_desk()):
        now = one.current("m/q0/0")
        assert now is not None
        assert (now.label_id, now.unsafe) == ("a" * 8, True)
        assert one.undo("c" * 8, "b" * 8) == line  # the retry of that undo
    person.undo("d" * 8, "a" * 8)
    assert person.current("m/q0/0") is None
    assert person.last() is None


def test_the_last_line_says_of_a_label_that_was_taken_back_that_nothing_is_said(at_desk: Open) -> None:
    person = at_desk()
    person.put(label("a" * 8, True), None)
    line = person.undo("c" * 8, "a" * 8)
    assert (line.unsafe, line.status, line.reason) == (None, "abstained", "taken back")


def test_a_file_in_which_somebody_repeated_lines_by_hand_is_read(path: Path, at_desk: Open) -> None:
    person = at_desk()
    person.put(label("a" * 8, True), None)
    person.undo("b" * 8, "a" * 8)
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    assert at_desk().current("m/q0/0") is None


def test_only_the_last_word_can_be_taken_back(at_desk: Open) -> None:
    person = at_desk()
    person.put(label("a" * 8, True), None)
    person.put(label("b" * 8, False), "a" * 8)
    for gone in ("a" * 8, "e" * 8):
        with pytest.raises(StaleError):
            person.undo("c" * 8, gone)


@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_a_full_disk_leaves_nothing_of_a_label_and_the_same_click_works_later(
    path: Path, at_desk: Open, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    person = at_desk()
    person.put(label("a" * 8), None)

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if fails == "fsync":
            patch.setattr(os, "fsync", full)
        else:
            patch.setattr(person.journal, "_write", full)
        with pytest.raises(OSError, match="No space"):
            person.put(label("b" * 8, response_id="m/q1/0"), None)
    assert lines(path) == 1
    assert person.current("m/q1/0") is None
    person.put(label("b" * 8, response_id="m/q1/0"), None)
    assert [one.label_id for one in at_desk().labels()] == ["a" * 8, "b" * 8]


def test_a_line_that_a_kill_tore_is_cut_off_and_the_rest_stays(path: Path, at_desk: Open) -> None:
    at_desk().put(label("a" * 8), None)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    person = at_desk()
    person.put(label("b" * 8, response_id="m/q1/0"), None)
    assert [one.label_id for one in at_desk().labels()] == ["a" * 8, "b" * 8]


def test_one_process_serves_a_run_and_others_may_still_write_it(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    with opened(run, [ANNA], load_guideline()):
        with (
            pytest.raises(RunError, match="another hantei annotate serves this run"),
            opened(run, [], load_guideline()),
        ):
            pass
        with run.lock():
            pass


def test_labels_by_a_changed_guideline_need_another_name(tmp_path: Path) -> None:
    run, guideline = made_run(tmp_path / "run"), load_guideline()
    with opened(run, [ANNA], guideline) as store:
        store.people[ANNA].put(label("a" * 8, card_hash=guideline.hash), None)
    changed = parse_guideline(guideline.as_card().replace("Skipping is better", "Guessing is better"), "changed")
    assert changed.hash != guideline.hash
    with pytest.raises(RunError, match="give the changed card another name"), opened(run, [ANNA], changed):
        pass


def test_a_person_with_labels_is_a_judge_of_the_run_at_once(tmp_path: Path) -> None:
    run, guideline = made_run(tmp_path / "run"), load_guideline()
    with opened(run, [ANNA], guideline) as store:
        assert run.judges() == []
        store.people[ANNA].put(label("a" * 8, card_hash=guideline.hash), None)
        assert run.judges() == [ANNA]
        assert run.info().judges[ANNA].card_hash == guideline.hash
        assert [one.unsafe for one in Run(run.path).judgments(ANNA)] == [True]
