from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hantei.errors import UsageError
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import Rows, read_rows
from hantei.training.encoder.splits import file_name, folds, limited, protocol, validation
from tests.training.encoder.labelled import answers, write


@pytest.fixture
def rows(file: Path) -> Rows:
    return read_rows([file], TrainOptions(model="m"))


def test_by_prompt_no_question_is_on_both_sides_and_every_row_is_held_out_once(rows: Rows) -> None:
    found = folds(rows, TrainOptions(model="m", folds="prompt", k=4))
    assert [fold.name for fold in found] == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    for fold in found:
        assert not set(rows.question[fold.train].tolist()) & set(rows.question[fold.held_out].tolist())
        assert len(fold.train) + len(fold.held_out) == len(rows)
    assert sorted(np.concatenate([fold.held_out for fold in found]).tolist()) == list(range(len(rows)))


def test_a_question_with_other_white_space_is_the_same_question(tmp_path: Path) -> None:
    table = answers()
    table[1]["question"] = "  " + table[1]["question"].replace(" ", "\n")
    found = read_rows([write(tmp_path / "spaced.csv", table)], TrainOptions(model="m"))
    assert found.question[0] == found.question[1]


def test_by_system_one_system_is_left_out(rows: Rows) -> None:
    east, west = folds(rows, TrainOptions(model="m", folds="system"))
    assert set(rows.system[east.held_out].tolist()) == {"east"}
    assert set(rows.system[east.train].tolist()) == {"west"}
    assert west.name == "west"


def test_an_answer_that_is_held_out_word_for_word_is_not_trained_on(tmp_path: Path) -> None:
    table = answers()
    table[1]["response"] = table[0]["response"]
    rows = read_rows([write(tmp_path / "same.csv", table)], TrainOptions(model="m"))
    east = folds(rows, TrainOptions(model="m", folds="system"))[0]
    assert len(east.train) == 29
    assert 1 not in east.train


def test_by_harm_a_question_under_two_types_is_never_on_both_sides(tmp_path: Path) -> None:
    table = answers()
    table[1]["harm"] = "own/weapons"  # its question stands under own/kitchen too
    rows = read_rows([write(tmp_path / "two.csv", table)], TrainOptions(model="m"))
    for fold in folds(rows, TrainOptions(model="m", folds="harm")):
        assert not set(rows.question[fold.train].tolist()) & set(rows.question[fold.held_out].tolist())
        assert set(rows.harm[fold.held_out].tolist()) == {fold.name}


def test_some_folds_are_chosen_by_name(rows: Rows) -> None:
    options = TrainOptions(model="m", folds="system", only_folds=("west",))
    assert [fold.name for fold in folds(rows, options)] == ["west"]
    with pytest.raises(UsageError, match="no such fold; choose from east, west"):
        folds(rows, TrainOptions(model="m", folds="system", only_folds=("north",)))


def test_too_few_groups_are_refused(tmp_path: Path, rows: Rows) -> None:
    with pytest.raises(UsageError, match="31 folds need as many prompts, found 30"):
        folds(rows, TrainOptions(model="m", folds="prompt", k=31))
    bare = [{key: value for key, value in row.items() if key != "harm"} for row in answers()]
    plain = read_rows([write(tmp_path / "bare.csv", bare)], TrainOptions(model="m"))
    with pytest.raises(UsageError, match="--benchmark"):
        folds(plain, TrainOptions(model="m", folds="harm"))


def test_the_validation_share_is_split_off_by_prompt(rows: Rows) -> None:
    options = TrainOptions(model="m", validation=0.2)
    learn, check = validation(rows, np.arange(len(rows)), options)
    assert (len(learn), len(check)) == (48, 12)
    assert not set(rows.question[learn].tolist()) & set(rows.question[check].tolist())
    with pytest.raises(UsageError, match="at least two prompts"):
        validation(rows, np.array([0, 1]), options)


def test_a_trial_keeps_so_many_rows(rows: Rows) -> None:
    train = np.arange(20, 60)
    some = limited(train, TrainOptions(model="m", limit=10))
    assert len(some) == len(set(some.tolist())) == 10
    assert set(some.tolist()) <= set(train.tolist())
    assert some.tolist() != limited(train, TrainOptions(model="m", limit=10, seed=1)).tolist()
    assert limited(train, TrainOptions(model="m")) is train


def test_names_of_files_are_safe_and_different() -> None:
    hostile = "../../etc/passwd\n"
    assert "/" not in file_name("system", hostile)
    assert file_name("system", "a b") != file_name("system", "a-b")
    assert protocol(TrainOptions(model="m", folds="prompt", k=3)) == "3 folds by prompt"
