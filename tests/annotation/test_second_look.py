"""A second look with a critique and without: who sees what, what is kept apart, and what is measured of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hantei.annotation.desk import Desk, NewLabel, Undo
from hantei.annotation.guideline import load_guideline
from hantei.annotation.items import Items
from hantei.annotation.label import Said
from hantei.annotation.second_look import SecondLook, half_shown
from hantei.annotation.store import StaleError, Store, opened
from hantei.estimates import Estimate
from hantei.metrics.intervals import share_difference
from hantei.metrics.second_looks import second_looks
from hantei.record_lines import to_line
from hantei.runs.folder import Run
from hantei.runs.label_lines import Label
from hantei.tasks.agreeing import AgreementOptions, agreement
from tests.commands import hantei

from .room import made_run

ANNA, AGAIN, SETTLED = "human:anna", "human:anna+second", "human:panel+settled"
GUIDELINE = load_guideline()


def test_half_of_the_answers_that_have_a_critique_show_it_and_more_answers_change_nothing() -> None:
    keys = [f"k{number}" for number in range(40)]
    critiques = {key: f"critique of {key}" for key in keys[:30]}
    shown = half_shown(keys[:20], critiques)
    assert sum(text is not None for text in shown.values()) == 10
    assert {key: half_shown(keys, critiques)[key] for key in keys[:20]} == shown
    assert half_shown(keys, critiques).keys() == critiques.keys()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_run(tmp_path / "run", 3)


@pytest.fixture
def store(run: Run) -> Iterator[Store]:
    with opened(run, [ANNA, AGAIN], GUIDELINE) as found:
        yield found


def desk_of(run: Run, store: Store) -> Desk:
    items = Items(run, {})
    keys = list(items.by_key)
    second = SecondLook(store.people[AGAIN], {keys[0]: "why it is unsafe", keys[1]: None})
    return Desk(store.people[ANNA], items, GUIDELINE, lambda: keys, lambda _key: None, second=second)


def say(desk: Desk, key: str, label_id: str, unsafe: bool, look: int = 1) -> Label:
    return desk.label(NewLabel(id=label_id * 8, item=key, said=Said(unsafe=unsafe), look=2 if look == 2 else 1))


def test_the_second_look_comes_right_after_the_first_label_and_no_critique_before_it(run: Run, store: Store) -> None:
    desk = desk_of(run, store)
    one, two, three = desk.mine()
    assert desk.item(one)["critique"] is None
    say(desk, one, "a", True)
    assert desk.next(one) == one
    shown = desk.item(one)
    assert (shown["look"], shown["critique"], shown["said"]["unsafe"]) == (2, "why it is unsafe", True)
    assert desk.state()["progress"]["done"] == 0
    assert say(desk, one, "b", False, look=2).arm == "shown"
    assert desk.next(one) == two
    say(desk, two, "c", False)
    assert (desk.item(two)["look"], desk.item(two)["critique"]) == (2, None)
    assert say(desk, two, "d", False, look=2).arm == "hidden"
    say(desk, three, "e", False)
    assert (desk.next(three), desk.state()["progress"]["done"]) == (None, 3)


def test_first_labels_stay_blind_and_second_ones_are_a_file_of_their_own(run: Run, store: Store) -> None:
    desk = desk_of(run, store)
    one = desk.mine()[0]
    say(desk, one, "a", True)
    say(desk, one, "b", False, look=2)
    assert [label.unsafe for label in run.judgments(ANNA)] == [True]
    assert [label.unsafe for label in run.judgments(AGAIN)] == [False]


def test_undo_goes_back_step_by_step(run: Run, store: Store) -> None:
    desk = desk_of(run, store)
    one = desk.mine()[0]
    say(desk, one, "a", True)
    say(desk, one, "b", False, look=2)
    for last, look in (("b" * 8, 2), ("a" * 8, 1)):
        assert desk.state()["last"] == last
        assert desk.undo(Undo(id=last.upper().lower() + "0", of=last)) == one
        assert desk.item(one)["look"] == look
    with pytest.raises(StaleError):
        say(desk, one, "c", False, look=2)


def write(run: Run, judge: str, verdicts: list[bool], arms: list[str] | None = None) -> None:
    path = run.judgments_path(judge)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        b"".join(
            to_line(
                Label(
                    response_id=f"m/q{number}/0",
                    judge=judge,
                    unsafe=unsafe,
                    label_id=f"{number:08x}",
                    arm=None if arms is None else ("shown" if arms[number] == "s" else "hidden"),
                )
            )
            for number, unsafe in enumerate(verdicts)
        )
    )


def test_what_is_measured_and_reported(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", 8)
    right = [True, True, True, False, True, True, False, False]
    write(run, ANNA, [False, False, True, False, True, True, True, False])
    write(run, AGAIN, [True, True, False, False, True, False, True, False], list("sssshhhh"))
    write(run, SETTLED, right)
    shown, hidden = second_looks(run)
    # Shown: answers 0 and 1 go over to what is right, 2 leaves it, 3 stays. Hidden: 5 leaves it, the others stay.
    assert [one.value for one in (shown.changed, shown.towards, shown.away) if one] == [0.75, 0.5, 0.25]
    assert [one.value for one in (hidden.changed, hidden.towards, hidden.away) if one] == [0.25, 0.0, 0.25]
    assert (shown.n, hidden.n, shown.decided) == (4, 4, 4)
    write(run, "human:ben", right)
    assert AGAIN not in agreement([run.path], AgreementOptions()).judges
    told = hantei("report", str(run.path))
    assert told.exit_code == 0
    assert "Do critiques help or sway people?" in told.output
    assert "75.0%" in told.output
    assert AGAIN not in told.output


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # Newcombe 1998, table II: 56/70 against 48/80, method 10: 0.2000 [0.0524, 0.3339].
    one = Estimate(value=0.8, low=0.6921, high=0.8769, n=70)
    other = Estimate(value=0.6, low=0.4904, high=0.7004, n=80)
    found = share_difference(one, other)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=2e-3)
    assert share_difference(one, None) is None
