"""Several people: who labels which answer, where they are divided, what stands in the end, and what the rest reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from hantei.annotation.assignment import assigned
from hantei.annotation.guideline import load_guideline, parse_guideline
from hantei.annotation.items import Items, item_key
from hantei.annotation.panel import Panel
from hantei.annotation.store import Store, opened
from hantei.record_lines import to_line
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.info import JudgeInfo
from hantei.runs.label_lines import Label
from hantei.tasks.agreeing import AgreementOptions, agreement
from hantei.tasks.estimating import estimate
from tests.commands import hantei

from .room import made_run

ANNA, BEN, CHIE, DORA, SETTLED = (f"human:{name}" for name in ("anna", "ben", "chie", "dora+ruling", "panel+settled"))
GUIDELINE = load_guideline()
_IDS = count()


def test_each_answer_goes_to_so_many_people_evenly_and_every_two_of_them_meet() -> None:
    keys = [f"k{number}" for number in range(60)]
    mine = assigned(keys, [ANNA, BEN, CHIE], 2, {})
    assert {judge: len(own) for judge, own in mine.items()} == {ANNA: 40, BEN: 40, CHIE: 40}
    who = [tuple(judge for judge, own in mine.items() if key in own) for key in keys]
    assert set(Counter(who)) == {(ANNA, BEN), (ANNA, CHIE), (BEN, CHIE)}


def test_who_has_labelled_an_answer_keeps_it_when_somebody_joins() -> None:
    mine = assigned(["a", "b"], [ANNA, BEN, CHIE], 1, {"a": {BEN}})
    assert mine[BEN] == ["a"]
    assert sorted([*mine[ANNA], *mine[CHIE]]) == ["b"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_run(tmp_path / "run", 4)


@pytest.fixture
def store(run: Run) -> Iterator[Store]:
    with opened(run, [ANNA, BEN, DORA, SETTLED], GUIDELINE) as found:
        yield found


def panel_of(run: Run, store: Store) -> Panel:
    people = {judge: store.people[judge] for judge in (ANNA, BEN)}
    return Panel(Items(run, {}), people, GUIDELINE, None, store.people[DORA], store.people[SETTLED])


def say(store: Store, panel: Panel, judge: str, number: int, unsafe: bool) -> None:
    person, response_id = store.people[judge], f"m/q{number}/0"
    before = person.current(response_id)
    label = Label(
        response_id=response_id, judge=judge, unsafe=unsafe, label_id=f"{next(_IDS):08x}", card_hash=GUIDELINE.hash
    )
    person.put(label, before.label_id if before else None)
    panel.follow(item_key(response_id))


def settled(store: Store) -> dict[str, bool | None]:
    found = {label.response_id: label for label in store.people[SETTLED].labels()}
    return {name: label.unsafe for name, label in found.items() if label.status == "ok"}


def test_what_both_say_stands_and_where_they_are_divided_the_third_decides(run: Run, store: Store) -> None:
    panel = panel_of(run, store)
    say(store, panel, ANNA, 0, True)
    assert (settled(store), panel.divided()) == ({}, [])
    say(store, panel, BEN, 0, True)
    say(store, panel, ANNA, 1, True)
    say(store, panel, BEN, 1, False)
    assert settled(store) == {"m/q0/0": True}
    assert panel.divided() == [item_key("m/q1/0")]
    assert [one.unsafe for one in panel.said(item_key("m/q1/0"))].count(True) == 1
    say(store, panel, DORA, 1, False)
    assert settled(store) == {"m/q0/0": True, "m/q1/0": False}
    assert panel.decided() == 1


def test_what_stands_follows_who_changes_their_mind_and_a_restart(run: Run, store: Store) -> None:
    panel = panel_of(run, store)
    for judge in (ANNA, BEN):
        say(store, panel, judge, 0, True)
    say(store, panel, BEN, 0, False)
    assert (settled(store), panel.divided()) == ({}, [item_key("m/q0/0")])
    say(store, panel, BEN, 0, True)
    assert settled(store) == {"m/q0/0": True}
    lines = len(run.judgments_path(SETTLED).read_bytes().splitlines())
    panel_of(run, store)  # a restart finds nothing to change
    assert len(run.judgments_path(SETTLED).read_bytes().splitlines()) == lines


def test_live_agreement_is_that_of_the_command_and_leaves_out_what_was_decided(run: Run, store: Store) -> None:
    panel = panel_of(run, store)
    for number, (anna, ben) in enumerate([(True, True), (True, False), (False, False), (False, False)]):
        say(store, panel, ANNA, number, anna)
        say(store, panel, BEN, number, ben)
    say(store, panel, DORA, 1, True)
    (live,) = panel.agreement()
    # Krippendorff's nominal alpha: 1 - (2 n - 1) D / (n1 n0) with 2n = 8 values, 3 ones, 5 zeros, 1 pair apart.
    assert live["estimate"].value == pytest.approx(1 - 7 * 1 / (3 * 5))
    found = agreement([run.path], AgreementOptions(judge=(ANNA,), against=(BEN,)))
    told = found.pairs[0].get("alpha_nominal")
    assert told is not None
    assert told.estimate == live["estimate"]
    assert agreement([run.path], AgreementOptions()).judges == (ANNA, BEN)


def test_the_same_answers_under_two_guidelines_are_compared(run: Run) -> None:
    strict = parse_guideline(GUIDELINE.as_card().replace('name = "default"', 'name = "strict"'), "strict")
    for card, suffix, unsafe in ((GUIDELINE, "", False), (strict, "@strict", True)):
        judges = [f"{ANNA}{suffix}", f"{BEN}{suffix}"]
        with opened(run, judges, card) as store:
            for judge in judges:
                for number in range(4):
                    label = Label(
                        response_id=f"m/q{number}/0",
                        judge=judge,
                        unsafe=unsafe if number else judge.startswith(ANNA),
                        label_id=f"{next(_IDS):08x}",
                        card_hash=card.hash,
                    )
                    store.people[judge].put(label, None)
    found = agreement([run.path], AgreementOptions(by=("guideline",), heads=("unsafe",)))
    assert {one.by["guideline"]: one.judges for one in found.groups if one.by} == {
        "default": (ANNA, BEN),
        "strict": (f"{ANNA}@strict", f"{BEN}@strict"),
    }
    assert hantei("agreement", str(run.path), "--by", "guideline").exit_code == 0


def test_a_rate_comes_from_the_answers_that_were_drawn_and_not_from_others_labelled_beside(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", 4)
    write_verdicts(run)
    with opened(run, [ANNA], GUIDELINE) as store:
        for number, chance in enumerate([0.5, 0.5, None, None]):
            label = Label(
                response_id=f"m/q{number}/0",
                judge=ANNA,
                unsafe=number != 0,
                label_id=f"{next(_IDS):08x}",
                card_hash=GUIDELINE.hash,
                sampling_p=chance,
            )
            store.people[ANNA].put(label, None)
    found = estimate(run.path, ANNA, judge="machine")
    assert found.rate.value == pytest.approx(0.5)  # one of the two that were drawn
    assert any("not drawn by chance, and do not count here: 2" in note for note in found.notes)


def test_a_category_that_was_taken_back_counts_no_more(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", 1)
    with opened(run, [ANNA], GUIDELINE) as store:
        of = partial(Label, response_id="m/q0/0", judge=ANNA, card_hash=GUIDELINE.hash)
        store.people[ANNA].put(of(unsafe=True, categories=("x/y",), label_id="a" * 8), None)
        store.people[ANNA].put(of(unsafe=False, label_id="b" * 8), "a" * 8)
    with run.index() as index:
        assert index.db.execute("SELECT COUNT(*) FROM categories").fetchone() == (0,)


def write_verdicts(run: Run) -> None:
    """Let a machine call every answer safe."""
    path = run.judgments_path("machine")
    path.parent.mkdir()
    said = (Judgment(response_id=f"m/q{number}/0", judge="machine", unsafe=False) for number in range(4))
    path.write_bytes(b"".join(map(to_line, said)))
    run.write_info(replace(run.info(), judges={"machine": JudgeInfo()}))


def test_the_only_person_of_a_run_is_the_one_who_labelled_blindly(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", 1)
    with opened(run, [ANNA, f"{ANNA}+second", SETTLED], GUIDELINE) as store:
        for judge, person in store.people.items():
            person.put(Label(response_id="m/q0/0", judge=judge, unsafe=True, label_id="a" * 8), None)
    assert run.one_person(None) == ANNA
    assert run.one_person(SETTLED) == SETTLED


def test_a_report_says_where_a_persons_answers_were_drawn_with_different_chances(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", 2)
    with opened(run, [ANNA], GUIDELINE) as store:
        for number, chance in enumerate([0.5, 0.1]):
            label = Label(response_id=f"m/q{number}/0", judge=ANNA, unsafe=True, label_id=f"{number:08x}")
            store.people[ANNA].put(replace(label, sampling_p=chance), None)
    told = hantei("report", str(run.path))
    assert "human:anna labelled answers that were drawn with different chances" in told.output
