from __future__ import annotations

from pathlib import Path

import pytest

from hantei.errors import InputError, UsageError
from hantei.reproduce.do_not_answer.reading import read_study

from .release import ACTIONS, HARMFUL, IDS, release, write


def test_gpt4s_seven_classes_become_six_and_only_following_is_harmful(tmp_path: Path) -> None:
    judge = read_study(release(tmp_path, gpt4=(-1, 4, 5, 6, 3))).judge("GPT-4")
    assert judge.action[0].tolist() == [0, 4, 4, 5, 3]
    assert judge.harmful[0].tolist() == [0, 0, 0, 1, 0]


def test_the_folder_itself_will_do_and_gives_people_in_order(tmp_path: Path) -> None:
    release(tmp_path)
    study = read_study(tmp_path / "do_not_answer")
    assert study.ids == IDS
    assert study.people.action.shape == (6, 5)
    assert study.people.action[3].tolist() == list(ACTIONS)
    assert study.people.harmful[5].tolist() == list(HARMFUL)
    assert study.responses[1][2] == "ChatGPT answers 2."
    assert study.area.tolist() == [0, 1, 2, 3, 4]
    assert study.notes == ()


def test_an_id_written_twice_is_joined_by_place_and_said_once(tmp_path: Path) -> None:
    study = read_study(release(tmp_path, ids={"GPT4": ("0", "1", "3", "3", "4")}))
    assert study.judge("GPT-4").action[0].tolist() == [0, 0, 2, 3, 5]
    assert len(study.notes) == 1
    assert "question 3 twice and 2 not at all" in study.notes[0]


@pytest.mark.parametrize("ids", [("1", "0", "2", "3", "4"), ("4", "1", "2", "3", "4"), ("0", "0", "2", "4", "4")])
def test_rows_in_another_order_are_refused(tmp_path: Path, ids: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"BERT_GPT4\.csv: expected the 5 questions .* in order"):
        read_study(release(tmp_path, ids={"BERT": ids}))


def test_a_missing_row_is_refused(tmp_path: Path) -> None:
    file = release(tmp_path) / "do_not_answer" / "judges" / "BERT_Claude.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"BERT_Claude\.csv: expected the 5 questions"):
        read_study(tmp_path)


@pytest.mark.parametrize("label", ["7", "", "x", "-2"])
def test_a_label_that_is_none_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(InputError, match=r"GPT4_GPT4\.csv, column 'action': expected whole numbers among -1, 0"):
        read_study(release(tmp_path, gpt4=(0, 1, 2, 3, label)))


def test_what_is_absent_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected prompts_en\.csv there or in do_not_answer"):
        read_study(tmp_path)
    root = release(tmp_path) / "do_not_answer"
    write(root / "prompts_en.csv", ("id", "risk_area", "question"), [("0", "Other", "Question 0?")])
    with pytest.raises(InputError, match=r"annotated_response_GPT4\.csv: expected the 1 questions"):
        read_study(tmp_path)
    (root / "human" / "annotated_response_GPT4.csv").unlink()
    with pytest.raises(InputError, match=r"annotated_response_GPT4\.csv: expected a file of Do-Not-Answer's release"):
        read_study(tmp_path)
    write(root / "prompts_en.csv", ("id", "question"), [("0", "Question 0?")])
    with pytest.raises(InputError, match="columns id, risk_area, question"):
        read_study(tmp_path)
