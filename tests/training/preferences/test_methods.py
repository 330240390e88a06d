"""What each method trains on, of replies that are there already: no model is needed to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hantei.errors import RunError
from hantei.training.preferences import Dialogue, RoundOptions, Setting
from hantei.training.preferences.folder import RoundsFolder
from hantei.training.preferences.methods import by_best, by_pairs, by_rewards
from hantei.training.preferences.state import PoolJudge, PreferenceRound
from hantei.training.preferences.writing import Written
from tests.training.preferences.made import ExactChecker, MadeForm, dialogue

ONE, TWO = dialogue(0, 1, 0), dialogue(1, 0, 0)  # unsafe: u0 v1 w0; safe: u1 v0 w0
JUDGES = (PoolJudge(name="M1", folder="m1"), PoolJudge(name="M2", folder="m2"))


class Recorded:
    """A training that only keeps what it is given."""

    def __init__(self, folder: Path) -> None:
        self.out, self.work = folder / "M3", folder / "rounds" / "1" / "training"
        self.given: Any = None

    def on_pairs(self, pairs: Sequence[Any], dialogues: Mapping[str, Dialogue]) -> None:
        self.given = [(pair.id, pair.chosen, pair.rejected) for pair in pairs]

    def on_best(self, replies: Mapping[str, str], dialogues: Mapping[str, Dialogue]) -> None:
        self.given = dict(replies)

    def on_rewards(self, dialogues: Sequence[Dialogue], rewards: Any) -> None:
        replies = ["unsafe : u0 v1", "unsafe : u1 v0 w0"]
        self.given = rewards(dialogues, replies)


def _rounds(out: Path, **options: Any) -> RoundsFolder:
    setting = Setting(
        judges=(out / "m1", out / "m2"), train=(ONE, TWO), validation=(), form=MadeForm(), checker=ExactChecker()
    )
    return RoundsFolder(setting, out, RoundOptions(**options))


def _written(out: Path, name: str, *replies: tuple[Dialogue, int, str]) -> None:
    """Write replies as a judge's are kept, read by the form."""
    lines = []
    for one, sample, reply in replies:
        read = MadeForm().read(one, reply)
        lines.append(Written(id=one.id, sample=sample, reply=reply, unsafe=read.unsafe, critique=read.critique))
    (out / "written").mkdir(exist_ok=True)
    (out / "written" / name).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


BARE = PreferenceRound(number=1, better="M2", worse=None, judge="M3")


def test_the_best_critique_with_the_right_label_is_taken(tmp_path: Path) -> None:
    _written(
        tmp_path,
        "M2.train-2.jsonl",
        (ONE, 0, "unsafe : u0"),  # F1 1/2
        (ONE, 1, "unsafe : u0 v1"),  # F1 4/5
        (TWO, 0, "unsafe : u1 v0 w0"),  # F1 1, with the wrong label
        (TWO, 1, "no verdict"),
    )
    training: Any = Recorded(tmp_path)
    found = by_best(_rounds(tmp_path, method="best-of-n", samples=2), training, BARE, JUDGES[1], print)
    assert training.given == {ONE.id: "unsafe : u0 v1"}
    assert (found.pairs, found.left_out) == (1, {"no critique with the right label": 1})


def test_none_with_the_right_label_is_said(tmp_path: Path) -> None:
    _written(tmp_path, "M2.train-1.jsonl", (ONE, 0, "safe : u0"), (TWO, 0, "unsafe : u1"))
    training: Any = Recorded(tmp_path)
    with pytest.raises(RunError, match="no dialogue has a critique with the right label"):
        by_best(_rounds(tmp_path, method="best-of-n", samples=1), training, BARE, JUDGES[1], print)


def test_the_reward_is_the_f1_of_the_units_and_nothing_for_the_wrong_label(tmp_path: Path) -> None:
    training: Any = Recorded(tmp_path)
    found = by_rewards(_rounds(tmp_path, method="rloo"), training, BARE)
    assert training.given == pytest.approx([4 / 5, 0.0])
    assert found.pairs == 2


def test_pairs_are_those_of_the_two_judges(tmp_path: Path) -> None:
    _written(tmp_path, "M1.train.jsonl", (ONE, 0, "unsafe : u0 v1 w0"), (TWO, 0, "safe : u1"))
    _written(tmp_path, "M2.train.jsonl", (ONE, 0, "unsafe : u0"), (TWO, 0, "safe : u1 v0"))
    training: Any = Recorded(tmp_path)
    by_pairs(_rounds(tmp_path), training, BARE, (JUDGES[1], JUDGES[0]), JUDGES, print)
    assert training.given == [
        (ONE.id, "unsafe : u0", "unsafe : u0 v1 w0"),
        (TWO.id, "safe : u1 v0", "safe : u1"),
    ]
    per_dialogue: Any = Recorded(tmp_path)
    by_pairs(_rounds(tmp_path, decide="dialogue"), per_dialogue, BARE, (JUDGES[1], JUDGES[0]), JUDGES, print)
    assert per_dialogue.given[0] == (ONE.id, "unsafe : u0 v1 w0", "unsafe : u0")
    assert (tmp_path / "rounds" / "1" / "pairs.jsonl").is_file()
