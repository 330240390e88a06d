"""Which critique is chosen: a pool with ties and conflicts whose pairs can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hantei.training.preferences import Dialogue, RoundOptions
from hantei.training.preferences.pairs import Candidate, PairSet, make_pairs
from hantei.training.preferences.writing import Written
from tests.training.preferences.made import dialogue

OLD = {"d0": 0.9, "d1": 0.5, "d2": 0.4, "d3": 0.2, "d4": 0.6, "d5": None}
NEW = {"d0": 0.6, "d1": 0.5, "d2": 0.8, "d3": 0.3, "d4": 0.0, "d5": 0.7}
"""F1 of an older judge and of one that a round made: d0 and d4 are conflicts, d1 is a tie, d5 cannot be compared."""


def _dialogues() -> list[Dialogue]:
    """Return the dialogues d0 to d5, all unsafe."""
    return [_named(name) for name in OLD]


def _named(name: str) -> Dialogue:
    from dataclasses import replace

    return replace(dialogue(0, 1, 0), id=name)


def _candidates(judge: str, age: int, f1: Mapping[str, float | None], **written: Any) -> list[Candidate]:
    return [
        Candidate(
            judge=judge,
            age=age,
            trained=age > 2,
            f1=value,
            written=Written(
                **{
                    "id": name,
                    "reply": f"{judge} of {name}",
                    "unsafe": True,
                    "critique": "u0",
                    "output_tokens": 3 + age,
                    **written.get(name, {}),
                }
            ),
        )
        for name, value in f1.items()
    ]


def _made(better_is_new: bool = True, old: dict[str, Any] | None = None, **options: Any) -> PairSet:
    older, later = _candidates("M1", 1, OLD, **(old or {})), _candidates("M3", 3, NEW)
    first, second = (later, older) if better_is_new else (older, later)
    return make_pairs(_dialogues(), first, second, RoundOptions(**options))


def _chosen(found: PairSet) -> dict[str, str]:
    return {pair.id: pair.chosen_by for pair in found.pairs}


def test_the_better_judges_critiques_are_chosen_as_published() -> None:
    assert _chosen(_made(conflicts="as-decided")) == dict.fromkeys(OLD, "M3")


def test_in_a_conflict_the_older_judges_critique_is_kept_and_it_is_listed() -> None:
    found = _made()
    assert _chosen(found) == {"d0": "M1", "d1": "M3", "d2": "M3", "d3": "M3", "d4": "M1", "d5": "M3"}
    assert [(one.id, one.older, one.older_f1, one.later, one.later_f1) for one in found.conflicts] == [
        ("d0", "M1", 0.9, "M3", 0.6),
        ("d4", "M1", 0.6, "M3", 0.0),
    ]


def test_conflicts_are_listed_where_they_change_nothing() -> None:
    assert [one.id for one in _made(conflicts="as-decided").conflicts] == ["d0", "d4"]


def test_an_older_judge_that_is_better_is_in_no_conflict() -> None:
    found = _made(better_is_new=False)
    assert found.conflicts == ()
    assert set(_chosen(found).values()) == {"M1"}


def test_per_dialogue_the_higher_score_is_chosen_and_a_tie_gives_no_pair() -> None:
    found = _made(decide="dialogue")
    assert _chosen(found) == {"d0": "M1", "d2": "M3", "d3": "M3", "d4": "M1"}
    assert found.left_out == {"tied": 1, "not scored": 1}


def test_a_pair_must_differ_by_the_margin() -> None:
    found = _made(decide="dialogue", margin=0.3)  # differences: .3, 0, .4, .1, .6
    assert sorted(_chosen(found)) == ["d0", "d2", "d4"]
    assert found.left_out == {"tied": 1, "not scored": 1, "below the margin": 1}


def test_by_lot_both_are_chosen_and_the_seed_decides() -> None:
    names = {f"d{number}": 0.5 for number in range(200)}
    dialogues = [_named(name) for name in names]
    judges = _candidates("M1", 1, names), _candidates("M2", 2, names)
    one, again, other = (make_pairs(dialogues, *judges, RoundOptions(decide="random", seed=seed)) for seed in (0, 0, 1))
    assert _chosen(one) == _chosen(again) != _chosen(other)
    assert 70 < list(_chosen(one).values()).count("M1") < 130


def test_what_cannot_be_trained_on_is_counted_by_its_reason() -> None:
    found = _made(
        conflicts="as-decided",
        better_is_new=False,
        old={
            "d0": {"unsafe": False},
            "d1": {"unsafe": None},
            "d2": {"critique": "The answer is safe and harmless."},
            "d3": {"reply": "M3 of d3"},
            "d4": {"error": "memory ran out"},
            "d5": {"input_tokens": 3000},
        },
    )
    assert found.pairs == ()
    assert found.left_out == {
        "against the label": 2, "chosen not parsed": 1, "identical": 1, "no reply": 1, "too long": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("mismatched", "left"), [("chosen", 6), ("either", 5), ("keep", 6)])
def test_a_rejected_critique_with_the_wrong_label_takes_its_pair_out_where_asked(mismatched: str, left: int) -> None:
    found = _made(conflicts="as-decided", mismatched=mismatched, old={"d0": {"unsafe": False}})
    assert len(found.pairs) == left


def test_a_chosen_one_with_the_wrong_label_stays_where_asked() -> None:
    found = _made(better_is_new=False, mismatched="keep", old={"d0": {"unsafe": False}})
    assert len(found.pairs) == 6


def test_as_many_longer_as_shorter_ones_are_chosen() -> None:
    lengths = {"d0": {"output_tokens": 9}, "d1": {"output_tokens": 2}, "d2": {"output_tokens": 6}}
    found = _made(conflicts="as-decided", balance_length=True, old=lengths)  # M3 writes 6 tokens, M1 4 of d3, d4, d5
    assert found.left_out == {
        "for balance of length": 3
    }  # d1, d3, d4, d5 are longer: one of them; d0 shorter; d2 alike
    longer = [pair for pair in found.pairs if pair.chosen_tokens > pair.rejected_tokens]
    shorter = [pair for pair in found.pairs if pair.chosen_tokens < pair.rejected_tokens]
    assert (len(longer), [pair.id for pair in shorter], len(found.pairs)) == (1, ["d0"], 3)


def test_so_many_pairs_are_drawn_in_their_order() -> None:
    found = _made(max_pairs=4)
    assert found.left_out == {"beyond the most pairs": 2}
    assert [pair.id for pair in found.pairs] == sorted(pair.id for pair in found.pairs)
    assert len(found.pairs) == 4
