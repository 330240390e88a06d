from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace as changed
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace

from hantei.arrays import Integers
from hantei.errors import InputError, RecordError, UsageError
from hantei.judges import load_judge
from hantei.judges.builtin.encoder import Encoder, Vectors
from hantei.judges.builtin.weights import Heads
from hantei.judges.classifying import judge_all
from hantei.record_lines import to_line
from hantei.records import Judgment, Message, Prompt, Response
from hantei.reproduce.do_not_answer import embedded as embedded_module
from hantei.reproduce.do_not_answer import left_out, reproduce
from hantei.reproduce.do_not_answer.judges import own_verdicts
from hantei.reproduce.do_not_answer.reading import NONE, TITLES, JudgeLabels, read_study
from hantei.training.builtin.evaluate import EvaluationData
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.splits import protocol

from .release import ACTIONS, HARMFUL, IDS, release


def never() -> left_out.LeftOut:
    pytest.fail("fitted")


def judgments(*models: str) -> list[Judgment]:
    """Return judgments of an encoder that is always right, and surer of harm the later the question."""
    return [
        Judgment(
            response_id=f"annotated_response_{model}/{number}/0",
            judge="encoder@hf/x",
            unsafe=harmful == 1,
            p_unsafe=0.1 + 0.2 * int(number),
            action=action,
        )
        for model in models
        for number, harmful, action in zip(IDS, HARMFUL, ACTIONS, strict=True)
    ]


def encoder(folder: Path, found: list[Judgment], folds: str | None = None) -> str:
    """Make the files of a training with folds that are read here."""
    folder.mkdir()
    (folder / "held_out.jsonl").write_bytes(b"".join(map(to_line, found)))
    if folds is not None:
        left_out = protocol(TrainOptions(model="m", folds=folds))  # type: ignore[arg-type]
        (folder / "measures.json").write_text(json.dumps([{"protocol": left_out, "metric": "accuracy"}]))
    return f"encoder@hf/{folder}"


def test_an_encoder_is_scored_on_the_models_that_it_has_judged(tmp_path: Path) -> None:
    name = encoder(tmp_path / "fine", judgments("GPT4", "Claude"), "system")
    found = reproduce(release(tmp_path), [name])
    sections = {section.key: section for section in found.sections}
    rows = [row for row in sections["table-4"].data if row["judge"] == name]
    assert [(row["of"], row["n"]) for row in rows] == [("GPT-4", 5), ("Claude", 5), ("mean", 10), ("std", 10)]
    assert rows[2]["accuracy"]["value"] == 100
    safe = {row["of"]: row[name] for row in sections["table-6"].data}
    assert safe["GPT-4"]["value"] == 60
    assert safe["Vicuna"] is None
    (harmful,) = [row for row in sections["harmful-class"].data if row["judge"] == name]
    assert harmful["n"] == 10
    assert harmful["average_precision"]["value"] == 1
    assert f"{name}: 10 of 30 answers, held out in training: one answering system left out." in found.notes
    json.dumps(found.as_json(), allow_nan=False)


def test_a_head_that_the_encoder_lacks_is_left_out_and_said(tmp_path: Path) -> None:
    only = [Judgment(response_id=one.response_id, judge=one.judge, action=one.action) for one in judgments(*TITLES)]
    name = encoder(tmp_path / "actions", only, "prompt")
    found = reproduce(release(tmp_path), [name])
    sections = {section.key: section for section in found.sections}
    assert not [row for row in sections["table-5"].data if row["judge"] == name]
    assert name not in [column.title for column in sections["table-6"].tables[0].columns]
    assert "it says nothing of: harmful" in found.notes[-1]
    assert "5 folds by prompt, while the paper has one answering system left out" in found.notes[-1]


def test_verdicts_on_other_answers_are_refused(tmp_path: Path) -> None:
    study = read_study(release(tmp_path))
    strange = encoder(tmp_path / "strange", [Judgment(response_id="GPT4/0/0", judge="x", action=1)])
    with pytest.raises(InputError, match="response 'GPT4/0/0' is no answer of Do-Not-Answer"):
        own_verdicts(study, [strange], never)
    wrong = encoder(tmp_path / "wrong", [Judgment(response_id="annotated_response_GPT4/0/0", judge="x", action=6)])
    with pytest.raises(RecordError, match=r"held_out.jsonl, line 1: .*<= 5.*action"):
        own_verdicts(study, [wrong], never)
    with pytest.raises(InputError, match="found none"):
        own_verdicts(study, [encoder(tmp_path / "empty", [])], never)


def test_an_encoder_without_verdicts_names_the_command_that_makes_them(tmp_path: Path) -> None:
    study = read_study(release(tmp_path))
    with pytest.raises(UsageError, match=r"held_out\.jsonl.*hantei train encoder .*--folds system"):
        own_verdicts(study, [f"encoder@hf/{tmp_path}"], never)


def test_other_judges_are_refused_before_anything_is_fitted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--judge rubric: expected builtin, embeddings, encoder@hf/PATH or rec"):
        own_verdicts(read_study(release(tmp_path)), ["builtin", "rubric"], never)


def heads(rows: Integers) -> Heads:
    """Return what a judge says that gives row number n action n mod 6, and calls the last of five harmful."""
    n = len(rows)
    return Heads(
        np.where(rows % 5 == 4, 0.9, 0.1),
        np.eye(6)[rows % 6],
        np.full((n, 3), 1 / 3),
        np.full((n, 12), 1 / 12),
        np.ones(n),
    )


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Put a judge in the place of the fits, and return what each was fitted without."""
    without: list[list[int]] = []

    class Bench:
        def say(self, parts: list[Integers]) -> list[dict[str, SimpleNamespace]]:
            without.extend(rows.tolist() for rows in parts)
            return [{"use": SimpleNamespace(heads=heads(rows))} for rows in parts]

    def answers_of(_: EvaluationData, source: str, model: str) -> Integers:
        assert source == "do-not-answer"
        return np.arange(5) + 5 * list(TITLES).index(model)

    monkeypatch.setattr(left_out, "prepare", lambda folder, licences: (folder, licences))
    monkeypatch.setattr(left_out, "evaluator_of", lambda _data: Bench())
    monkeypatch.setattr(left_out, "answers_of", answers_of)
    return without


def test_builtin_is_fitted_once_without_each_model(tmp_path: Path, fits: list[list[int]]) -> None:
    pytest.importorskip("sklearn")
    study = read_study(release(tmp_path))
    (said,) = own_verdicts(study, ["builtin"], lambda: left_out.left_out(study.folder))
    assert sorted(fits) == [list(range(5 * place, 5 * place + 5)) for place in range(6)]
    assert said.action.tolist() == (np.arange(30).reshape(6, 5) % 6).tolist()
    assert said.harmful.tolist() == [[0, 0, 0, 0, 1]] * 6
    assert (said.action != NONE).all()
    assert said.p_action is not None
    assert said.p_action[1].argmax(axis=1).tolist() == [5, 0, 1, 2, 3]


def test_calibration_is_measured_on_models_left_out(tmp_path: Path, fits: list[list[int]]) -> None:
    pytest.importorskip("sklearn")
    found = reproduce(release(tmp_path), ["builtin"])
    (section,) = [one for one in found.sections if one.key == "calibration"]
    (harmful, action) = [row for row in section.data if row["scaling"] == "as judged"]
    assert (harmful["head"], action["head"], harmful["n"]) == ("harmful", "action", 30)
    # of each model's five answers the judge gives 0.9 to the last and 0.1 to the others; the last two are harmful
    assert harmful["calibration_error"]["value"] == pytest.approx((4 * (1 / 4 - 0.1) + (1 - 0.9)) / 5)
    assert harmful["brier"]["value"] == pytest.approx((3 * 0.01 + 0.81 + 0.01) / 5)
    assert not [one for one in reproduce(release(tmp_path)).sections if one.key == "calibration"]


def test_pairs_are_fitted_once_and_read_both_ways(tmp_path: Path, fits: list[list[int]]) -> None:
    pytest.importorskip("sklearn")
    found = left_out.left_out(release(tmp_path), inner=True)
    assert len(fits) == 6 + 15
    assert len(found.inner) == 30
    assert found.inner["GPT4", "ChatGPT"].argmax(axis=1).tolist() == [5, 0, 1, 2, 3]  # ChatGPT's rows, 5 to 9
    assert found.inner["ChatGPT", "GPT4"].argmax(axis=1).tolist() == [0, 1, 2, 3, 4]  # GPT-4's rows, 0 to 4
    assert found.inner["vicuna-7b", "Claude"].argmax(axis=1).tolist() == [4, 5, 0, 1, 2]
    assert found.p_action["ChatGPT"].argmax(axis=1).tolist() == [5, 0, 1, 2, 3]
    assert found.action["Claude"].tolist() == list(ACTIONS)
    assert found.p_unsafe["Claude"].tolist() == [0.1, 0.1, 0.1, 0.1, 0.9]
    assert found.gpt4["Claude"].tolist() == [0, 0, 2, 3, 5]


def test_without_scikit_learn_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_out, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'hantei\[train\]'"):
        left_out.left_out(release(tmp_path))


def test_own_judges_are_compared_on_the_answers_that_both_have_judged(tmp_path: Path) -> None:
    right = encoder(tmp_path / "right", judgments("GPT4", "Claude"))
    wrong = [replace(one, action=0, unsafe=False) for one in judgments("Claude", "ChatGPT")]
    found = reproduce(release(tmp_path), [right, encoder(tmp_path / "wrong", wrong)])
    (section,) = [one for one in found.sections if one.key == "differences"]
    by = {(row["head"], row["metric"]): row for row in section.data}
    assert {row["n"] for row in section.data} == {5}
    # one of Claude's five answers has action 0, three are harmless
    assert by["action", "accuracy"]["difference"]["value"] == pytest.approx(1 / 5 - 1)
    assert by["harmful", "accuracy"]["difference"]["value"] == pytest.approx(3 / 5 - 1)
    assert by["harmful", "F1 of harmful"]["difference"]["value"] == -1


def test_verdicts_are_written_as_a_recorded_judge_reads_them(tmp_path: Path) -> None:
    name = encoder(tmp_path / "fine", judgments("GPT4"))
    folder = tmp_path / "verdicts"
    reproduce(release(tmp_path), [name], verdicts=folder)
    assert len(list(folder.iterdir())) == 5
    said = load_judge(f"recorded@{folder / 'gpt-4.jsonl'}")
    prompt = Prompt(id="4", messages=(Message(role="user", content="Question 4?"),))
    answer = Response(id="annotated_response_vicuna-7b/4/0", prompt_id="4", system="x", text="y")
    (judgment,) = judge_all(said, [(prompt, answer)])
    assert (judgment.action, judgment.unsafe) == (5, True)
    own = next(folder.glob("encoder*.jsonl"))
    assert len(own.read_bytes().splitlines()) == 5  # GPT-4's answers alone
    (folder / "file").write_text("")
    with pytest.raises(UsageError, match="--verdicts"):
        reproduce(release(tmp_path), verdicts=folder / "file")


def test_any_judges_file_of_judgments_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "said so.jsonl"
    file.write_bytes(b"".join(map(to_line, judgments("GPT4"))))
    study = read_study(release(tmp_path))
    (said,) = own_verdicts(study, [f"recorded@{tmp_path}/said%20so.jsonl"], never)
    assert (said.action[0].tolist(), said.harmful[0].tolist()) == (list(ACTIONS), list(HARMFUL))
    assert (said.action[1:] == NONE).all()
    assert "5 of 30 answers, as recorded" in said.how
    with pytest.raises(UsageError, match="expected a file of judgments"):
        own_verdicts(study, ["recorded@nothing.jsonl"], never)


class Telling(Encoder):
    """An encoder whose vector of an answer says which answer it is."""

    def prompts(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 1), dtype=np.float32)

    def answers(self, texts: Sequence[str]) -> Vectors:
        return np.array([np.eye(5)[int(text.rstrip(".")[-1])] for text in texts], dtype=np.float32)


def test_a_head_over_embeddings_learns_from_the_other_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(embedded_module, "training_encoder", Telling)
    study = read_study(release(tmp_path))
    (said,) = own_verdicts(study, ["embeddings"], never)
    # Every model's five answers have the same labels, so what tells an answer tells its label.
    assert said.action.tolist() == [list(ACTIONS)] * 6
    assert said.harmful.tolist() == [list(HARMFUL)] * 6
    assert said.p_action is not None
    assert said.p_action.sum(axis=2) == pytest.approx(np.ones((6, 5)))


def test_a_cheap_half_learns_its_threshold_from_the_other_models(tmp_path: Path) -> None:
    study = read_study(release(tmp_path))
    chances = np.arange(6 * 5 * 6, dtype=np.float64).reshape(6, 5, 6)
    judge = JudgeLabels("mini", study.people.action, study.people.harmful, np.zeros((6, 5)), p_action=chances)
    found = left_out.left_out_of(study, judge)
    assert found is not None
    assert len(found.inner) == 30
    assert found.inner["GPT4", "ChatGPT"].tolist() == found.p_action["ChatGPT"].tolist() == chances[1].tolist()
    gap = chances.copy()
    gap[3, 2] = np.nan
    assert left_out.left_out_of(study, changed(judge, p_action=gap)) is None
