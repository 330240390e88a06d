# ruff: noqa: E402 - what needs torch is imported only where it is installed
from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch", reason="the extra encoder is not installed: torch")

from hantei.errors import RunError, UsageError
from hantei.judges.builtin.weights import pair_hashes
from hantei.judges.encoder.folder import load
from hantei.record_lines import read_records
from hantei.records import Judgment
from hantei.training.encoder import TrainOptions, train
from hantei.training.encoder import fit as fitting
from hantei.training.encoder.corpus import shuffled
from tests.training.encoder.labelled import answers, write

Options = Callable[..., TrainOptions]


def _weights(out: Path) -> bytes:
    return (out / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def by_prompt(base: Path, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge with its cross-validation by prompt."""
    out = tmp_path_factory.mktemp("by_prompt") / "judge"
    options = TrainOptions(model=str(base), max_tokens=32, batch_tokens=256, epochs=10, patience=10, lr=2e-3)
    train([file], out, replace(options, folds="prompt", k=2, licence="MIT"))
    return out


def test_a_separable_label_is_learned(by_prompt: Path) -> None:
    found = json.loads((by_prompt / "measures.json").read_text(encoding="utf-8"))
    pooled = {(m["head"], m["metric"]): m["value"] for m in found if m["data"] == "all together"}
    assert pooled["unsafe", "accuracy"] >= 0.9
    assert pooled["action", "accuracy"] >= 0.9
    assert pooled["unsafe", "average precision"] >= 0.9


def test_every_row_is_judged_by_a_network_that_had_not_seen_its_prompt(by_prompt: Path) -> None:
    said = list(read_records(by_prompt / "held_out.jsonl", Judgment))
    assert [j.response_id for j in said] == [f"{row['system']}/{row['id']}/0" for row in answers()]
    assert {j.judge for j in said} == {f"encoder@hf/{by_prompt}"}
    for judgment in said:
        assert judgment.p_unsafe is not None
        assert judgment.unsafe == (judgment.p_unsafe >= 0.5)
        chances = judgment.probabilities["action"]
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert judgment.action == int(max(chances, key=lambda label: chances[label]))
        assert judgment.refusal is None


def test_the_card_says_what_was_trained_on(by_prompt: Path, file: Path, base: Path) -> None:
    card = tomllib.loads((by_prompt / "card.toml").read_text(encoding="utf-8"))
    assert card["sources"][0]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert card["weights"]["sha256"] == hashlib.sha256(_weights(by_prompt)).hexdigest()
    assert (card["licence"], card["languages"]) == ("MIT", ["en"])
    assert card["encoder"]["base"] == str(base)
    assert card["training"]["labels"]["unsafe"] == {"safe": 30, "unsafe": 30}
    assert card["training"]["lr"] == 2e-3
    assert (card["training"]["rows"], card["training"]["validation_rows"]) == (54, 6)
    assert any(m["protocol"] == "2 folds by prompt" and m["data"] == "all together" for m in card["measured"])
    pairs = [(row["question"], row["response"]) for row in answers()]
    assert np.load(by_prompt / "trained.npy").tolist() == sorted(pair_hashes(pairs).tolist())


def test_the_folder_is_a_judge(by_prompt: Path) -> None:
    found = load(by_prompt)
    assert found.spec.heads == ("unsafe", "action")
    text = found.tokenizer("how do i make a bomb ?", "sure here is what you need", return_tensors="pt")
    with torch.inference_mode():
        logits = found.network(**text)[0]
    assert logits[1] > logits[0]
    assert int(logits[2:].argmax()) == 5


def test_by_system_only_the_chosen_fold_is_run(file: Path, tmp_path: Path, options: Options) -> None:
    chosen = options(folds="system", only_folds=("west",), epochs=1)
    found = train([file], tmp_path / "out", chosen)
    assert found.standing is None
    assert not (tmp_path / "out" / "card.toml").exists()
    said = list(read_records(tmp_path / "out" / "held_out.jsonl", Judgment))
    assert {j.response_id.split("/")[0] for j in said} == {"west"}
    assert {m.data for m in found.measures} == {"west"}


def test_a_finished_fold_is_not_run_again(file: Path, tmp_path: Path, options: Options) -> None:
    train([file], tmp_path, options(folds="system", only_folds=("west",), epochs=1))
    before = (tmp_path / "held_out.jsonl").read_bytes()
    lines: list[str] = []
    train([file], tmp_path, options(folds="system", final=False, epochs=1), lines.append)
    assert "west: finished before" in lines
    assert any(line.startswith("east, epoch 1 of 1: loss") for line in lines)
    west = [line for line in (tmp_path / "held_out.jsonl").read_bytes().splitlines() if b'"west/' in line]
    assert west == before.splitlines()


def test_the_name_of_a_system_cannot_write_to_the_terminal(tmp_path: Path, options: Options) -> None:
    table = answers()
    for row in table[::2]:
        row["system"] = "\x1b[2J[/b]\nwest, epoch 9"
    file, chosen = write(tmp_path / "hostile.csv", table), options(folds="system", final=False, epochs=1)
    lines: list[str] = []
    train([file], tmp_path / "out", chosen, lines.append)
    train([file], tmp_path / "out", chosen, lines.append)
    assert any("finished before" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert {path.suffix for path in (tmp_path / "out" / "work").iterdir()} == {".npy"}


def test_a_killed_training_goes_on_to_the_same_weights(
    file: Path, tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = options(epochs=3)
    train([file], tmp_path / "whole", chosen)
    step, steps = fitting.Fitter._step, iter(range(1000))
    of_an_epoch = len(shuffled(np.full(54, 15), np.arange(54), 256, (0,)))

    def killed(*given: Any) -> Any:
        if next(steps) == 2 * of_an_epoch + 1:
            raise KeyboardInterrupt
        return step(*given)

    with monkeypatch.context() as patch:
        patch.setattr(fitting.Fitter, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train([file], tmp_path / "broken", chosen)
    assert not (tmp_path / "broken" / "card.toml").exists()
    lines: list[str] = []
    train([file], tmp_path / "broken", chosen, lines.append)
    assert any(line.startswith("all rows: goes on after epoch") for line in lines)
    assert not any("epoch 1 of 3" in line for line in lines)
    assert _weights(tmp_path / "broken") == _weights(tmp_path / "whole")


def test_the_seed_decides_the_weights(file: Path, tmp_path: Path, options: Options) -> None:
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        train([file], tmp_path / name, options(epochs=1, seed=seed))
    assert _weights(tmp_path / "one") == _weights(tmp_path / "same")
    assert _weights(tmp_path / "one") != _weights(tmp_path / "other")


def test_it_ends_early_and_keeps_the_best_epoch(file: Path, tmp_path: Path, options: Options) -> None:
    found = train([file], tmp_path, options(epochs=8, patience=1, lr=0.1))  # far too fast to go on falling
    assert found.standing is not None
    assert found.standing.epoch < 8
    assert found.standing.best_epoch == found.standing.epoch - 1
    assert min(found.standing.validation_losses) == found.standing.best_loss


def test_another_training_is_not_mixed_in(file: Path, tmp_path: Path, options: Options) -> None:
    chosen = options(folds="system", only_folds=("west",), epochs=1)
    train([file], tmp_path / "out", chosen)
    with pytest.raises(RunError, match=r"holds another training \(lr was 0.005, now 0.001\)"):
        train([file], tmp_path / "out", options(folds="system", only_folds=("west",), epochs=1, lr=1e-3))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(RunError, match="no training of an encoder"):
        train([file], tmp_path / "mine", chosen)


def test_a_changed_benchmark_is_another_training(file: Path, tmp_path: Path, options: Options) -> None:
    prompts = tmp_path / "prompts.jsonl"
    lines = [json.dumps({"id": row["id"], "question": row["question"], "harm": row["harm"]}) for row in answers()[::2]]
    prompts.write_text("\n".join(lines), encoding="utf-8")
    chosen = options(benchmark=str(prompts), folds="harm", only_folds=("own/kitchen",), epochs=1)
    train([file], tmp_path / "out", chosen)
    prompts.write_text("\n".join(lines).replace("own/kitchen", "own/weapons", 1), encoding="utf-8")
    with pytest.raises(RunError, match="holds another training \\(benchmark was"):
        train([file], tmp_path / "out", chosen)


def test_a_plan_that_is_none_is_named(file: Path, tmp_path: Path, options: Options) -> None:
    for content in ("{", "[1]", "3", "\xff"):
        (tmp_path / "training.json").write_bytes(content.encode("latin-1"))
        with pytest.raises(RunError, match="expected the plan of a training"):
            train([file], tmp_path, options())


def test_a_trial_counts_what_it_was_trained_on(file: Path, tmp_path: Path, options: Options) -> None:
    train([file], tmp_path, options(epochs=1, limit=20))
    card = tomllib.loads((tmp_path / "card.toml").read_text(encoding="utf-8"))
    assert card["training"]["rows"] + card["training"]["validation_rows"] == 20
    assert card["sources"][0]["rows"] == 20
    assert len(np.load(tmp_path / "trained.npy")) == 20
    assert {m["data"] for m in card["measured"]} == {"validation rows"}


def test_missing_labels_of_one_head_do_not_stop_the_other(tmp_path: Path, options: Options) -> None:
    table = answers()
    for row in table[::2]:
        row["unsafe"] = ""
    found = train([write(tmp_path / "half.csv", table)], tmp_path / "out", options(epochs=1))
    n = {m.head: m.n for m in found.measures if m.metric == "accuracy"}
    assert n["unsafe"] < n["action"] == 6


def test_half_precision_trains_too(file: Path, tmp_path: Path, options: Options) -> None:
    found = train([file], tmp_path, options(precision="bf16", epochs=4))
    assert found.standing is not None
    assert found.standing.losses[-1] < found.standing.losses[0]
    assert load(tmp_path).network.classes.weight.dtype == torch.float32


def test_what_cannot_be_trained_is_said_before_anything_is_written(
    file: Path, tmp_path: Path, options: Options
) -> None:
    with pytest.raises(UsageError, match="this encoder takes at most 64"):
        train([file], tmp_path / "out", options(max_tokens=512))
    with pytest.raises(UsageError, match="expected a folder with an encoder"):
        train([file], tmp_path / "out", options(model=str(tmp_path / "absent")))
    assert not (tmp_path / "out").exists()
