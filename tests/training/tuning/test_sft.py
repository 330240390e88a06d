"""Tuning: what comes of it is the same after a kill at any step, and loads without hantei."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import UsageError
from hantei.training.mixtures.recipe import Lora, ModelTable, Sft
from hantei.training.tuning.chat import Encoded
from hantei.training.tuning.checkpoints import newest_whole
from hantei.training.tuning.model import Base, load_base
from hantei.training.tuning.sft import Tuned, tune
from tests.training.tuning.conftest import tiny_base

SETTINGS = Sft(learning_rate=1e-2, epochs=4, batch_size=8, device_batch_size=4, save_every=2)


def _silent(_: str) -> None: ...


def _tune(out: Path, rows: list[Encoded], settings: Sft = SETTINGS, base: Base | None = None) -> Tuned:
    return tune(base or tiny_base(), rows, [1] * len(rows), settings, seed=1, out=out, say=_silent)


def _weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def _same(one: Path, other: Path) -> bool:
    first, second = _weights(one), _weights(other)
    return first.keys() == second.keys() and all(bool((first[name] == second[name]).all()) for name in first)


def test_the_loss_falls_and_what_is_counted_is_arithmetic(tmp_path: Path, rows: list[Encoded]) -> None:
    tuned = _tune(tmp_path, rows)
    assert tuned.steps == 24 * 4 // 8
    assert tuned.tokens == 4 * sum(len(row.input_ids) for row in rows)
    assert tuned.trained_tokens == 4 * sum(row.trained for row in rows)
    assert tuned.losses[-1] < 0.7 * tuned.losses[0]


def test_transformers_loads_it_alone_and_no_pickle_is_left(tmp_path: Path, rows: list[Encoded]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _tune(tmp_path, rows)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    asked = [{"role": "user", "content": "Question 1?"}]
    text = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    written = model.generate(**tokenizer(text, return_tensors="pt"), max_new_tokens=4, do_sample=False)
    assert written.shape[1] > 4
    kept = {path.name for path in tmp_path.iterdir()} - {"work"}
    assert kept == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    }


def test_what_a_killed_training_left_half_written_is_not_gone_on_from(tmp_path: Path, rows: list[Encoded]) -> None:
    _tune(tmp_path / "whole", rows)
    _tune(tmp_path / "cut", rows)
    work = tmp_path / "cut" / "work"
    newest = newest_whole(work)
    assert newest is not None
    (newest / "whole").unlink()
    before = newest_whole(work)
    assert before is not None
    assert not newest.exists()
    tuned = _tune(tmp_path / "cut", rows)
    assert tuned.resumed_from == int(before.name.rpartition("-")[2])
    assert _same(tmp_path / "whole", tmp_path / "cut")


TUNE = """
import json, sys, time
from pathlib import Path
from hantei.training.mixtures.recipe import Sft
from hantei.training.tuning import sft
from tests.training.tuning.conftest import CONVERSATIONS, tiny_base
from hantei.training.tuning.chat import ChatEncoder
from transformers import TrainerCallback
from hantei.training.tuning import trainer
class Slow(trainer.Follow):
    def on_step_end(self, args, state, control, **more):
        super().on_step_end(args, state, control, **more)
        print(state.global_step, flush=True); time.sleep(0.2)
trainer.Follow = Slow
base = tiny_base()
encoder = ChatEncoder(base.tokenizer, base.ends)
rows = [encoder.encode(one) for one in CONVERSATIONS]
settings = Sft(**json.loads(sys.argv[2]))
sft.tune(base, rows, [1] * len(rows), settings, seed=1, out=Path(sys.argv[1]), say=print)
"""


def _kill_at(step: int, out: Path) -> None:
    """Start the same training in a process of its own and kill it when it has made so many steps."""
    settings = json.dumps({name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__ if name != "lora"})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", TUNE, str(out), settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == str(step):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.long), 5, pytest.param(8, marks=pytest.mark.long)])
def test_a_kill_changes_nothing(step: int, tmp_path: Path, rows: list[Encoded]) -> None:
    _tune(tmp_path / "whole", rows)
    _kill_at(step, tmp_path / "killed")
    tuned = _tune(tmp_path / "killed", rows)
    assert tuned.resumed_from == step // 2 * 2
    assert _same(tmp_path / "whole", tmp_path / "killed")


def test_adapters_are_kept_and_merged_and_a_resume_changes_nothing(tmp_path: Path, rows: list[Encoded]) -> None:
    _tune(tmp_path / "base", rows)
    settings = Sft(learning_rate=1e-2, batch_size=8, save_every=1, epochs=2, lora=Lora(rank=2, dropout=0.3))
    for name in ("whole", "cut"):
        base = load_base(ModelTable(base="x"), str(tmp_path / "base"), settings.lora)
        _tune(tmp_path / name, rows, settings, base)
    work = tmp_path / "cut" / "work"
    (work / "checkpoint-6" / "whole").unlink()
    again = load_base(ModelTable(base="x"), str(tmp_path / "base"), settings.lora)
    assert _tune(tmp_path / "cut", rows, settings, again).resumed_from == 5
    assert _same(tmp_path / "whole", tmp_path / "cut")
    assert not _same(tmp_path / "base", tmp_path / "whole")
    assert (tmp_path / "whole" / "adapter" / "adapter_model.safetensors").is_file()


def test_gradient_checkpointing_changes_memory_and_nothing_else(tmp_path: Path, rows: list[Encoded]) -> None:
    plain = Sft(batch_size=8, epochs=1, learning_rate=1e-2)
    checkpointed = Sft(batch_size=8, epochs=1, learning_rate=1e-2, gradient_checkpointing=True)
    losses = [_tune(tmp_path / name, rows, one).losses for name, one in (("a", plain), ("b", checkpointed))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_sizes_and_precisions_that_do_not_fit_are_told(tmp_path: Path, rows: list[Encoded]) -> None:
    with pytest.raises(UsageError, match="expected a multiple of 4"):
        _tune(tmp_path, rows, Sft(batch_size=6, device_batch_size=4))
    with pytest.raises(UsageError, match="no GPU with bf16"):
        _tune(tmp_path, rows, Sft(batch_size=8, precision="bf16"))
