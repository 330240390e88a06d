"""What comes beside the recipes: settings of accelerate that load, and the flat script."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="needs the extra tune")

from hantei.training.recipes import sft_loop
from tests.training.tuning.conftest import tiny_base

RECIPES = Path(sft_loop.__file__).parent


@pytest.mark.parametrize(("name", "processes", "kind"), [("gpu-1", 1, "NO"), ("fsdp-8", 8, "FSDP")])
def test_the_settings_of_accelerate_load(name: str, processes: int, kind: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(RECIPES / "accelerate" / f"{name}.yaml"))
    assert config.num_processes == processes
    assert config.distributed_type.value == kind
    if kind == "FSDP":
        from accelerate.utils import FullyShardedDataParallelPlugin

        plugin = FullyShardedDataParallelPlugin(
            fsdp_version=config.fsdp_config["fsdp_version"],
            auto_wrap_policy=config.fsdp_config["fsdp_auto_wrap_policy"],
            state_dict_type=config.fsdp_config["fsdp_state_dict_type"],
            reshard_after_forward=config.fsdp_config["fsdp_reshard_after_forward"],
            cpu_ram_efficient_loading=config.fsdp_config["fsdp_cpu_ram_efficient_loading"],
        )
        assert plugin.fsdp_version == 2


def test_the_flat_script_is_short_and_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(Path(sft_loop.__file__).read_text(encoding="utf-8").splitlines()) < 150
    base = tiny_base()
    for part in (base.model, base.tokenizer):
        part.save_pretrained(tmp_path / "base")
    rows = [{"prompt": f"Question {n}?", "response": f"Answer {n}.", "copies": 2} for n in range(8)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [
        "sft_loop",
        str(tmp_path / "rows.jsonl"),
        "--model",
        str(tmp_path / "base"),
        "--out",
        str(tmp_path / "out"),
    ]
    monkeypatch.setattr(sys, "argv", [*command, "--batch", "4", "--lr", "1e-2", "--warmup", "1", "--epochs", "8"])
    sft_loop.main()
    said = capsys.readouterr().out
    assert "16 rows an epoch; 0 too long" in said
    assert "trained: Answer 0.<|im_end|>" in said
    losses = [float(line.rpartition(" ")[2]) for line in said.splitlines() if line.startswith("step")]
    assert losses[-1] < 0.5 * losses[0]
    assert (tmp_path / "out" / "model.safetensors").is_file()
