"""8-bit copies: made once, close to the real network, and their cost in labels is told."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from hantei.errors import UsageError
from hantei.judges.encoder import onnx as module
from hantei.judges.encoder import running
from hantei.judges.encoder.judge import load_named
from hantei.judges.encoder.outputs import trained_heads
from tests.judges.encoder.tiny import make_encoder, pairs

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed: onnxruntime")
pytest.importorskip("onnx", reason="the extra onnx is not installed: onnx")
pytest.importorskip("onnxscript", reason="the extra onnx is not installed: onnxscript")


def copies(cache: Path) -> list[Path]:
    return sorted((cache / "encoders").glob("*/model.onnx"))


def test_it_is_made_once_and_agrees_with_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, given = make_encoder(tmp_path / "tiny"), pairs(200)
    before = logging.getLogger().handlers[:]
    judge = load_named(f"encoder@hf/{made}")
    assert judge.outline()["precision"] == "int8"
    assert judge.outline()["notices"] == []
    real = load_named(f"encoder?precision=fp32@hf/{made}").judge(given)
    found = judge.judge(given)
    assert np.mean([a.unsafe == b.unsafe for a, b in zip(real, found, strict=True)]) >= 0.95
    assert np.mean([a.action == b.action for a, b in zip(real, found, strict=True)]) >= 0.9
    assert any(a.p_unsafe != b.p_unsafe for a, b in zip(real, found, strict=True))
    differ = sum(a.refusal != b.refusal for a, b in zip(real, found, strict=True))
    (line,) = judge.outline()["notices"]
    assert f"refusal {differ} of 200 labels differ from fp32" in line

    assert len(copies(tmp_path / "cache")) == 1
    monkeypatch.setattr(module, "_export", None)  # would raise if it were called
    assert load_named(f"encoder@hf/{made}").outline()["notices"] == [line]
    assert not list((tmp_path / "cache" / "encoders").glob(".part-*"))
    assert logging.getLogger().handlers == before


def test_few_rows_are_filled_up_to_a_sample(tmp_path: Path) -> None:
    judge = load_named(f"encoder?precision=int8@hf/{make_encoder(tmp_path / 'tiny')}")
    judge.judge(pairs(3))
    assert " of 64 labels differ" in judge.outline()["notices"][0]


def test_a_network_that_cannot_be_converted_runs_in_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such\noperator. And a long trace")

    monkeypatch.setattr(module, "_export", broken)
    made = make_encoder(tmp_path / "tiny")
    load_named(f"encoder@hf/{made}")
    monkeypatch.undo()  # the second time it is known
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "cache"))
    outline = load_named(f"encoder@hf/{made}").outline()
    assert outline["precision"] == "fp32"
    assert outline["notices"] == ["fp32: the network could not be made 8-bit: no such operator"]
    with pytest.raises(UsageError, match="cannot be made 8-bit: no such operator"):
        load_named(f"encoder?precision=int8@hf/{made}")


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot be written"):
        load_named(f"encoder?precision=int8@hf/{make_encoder(tmp_path / 'tiny')}")


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), MemoryError()])
def test_what_may_pass_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def short(*_: object) -> None:
        raise problem

    made = make_encoder(tmp_path / "tiny")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_export", short)
        (notice,) = load_named(f"encoder@hf/{made}").outline()["notices"]
    assert "No space left" in notice or "too little memory" in notice
    assert load_named(f"encoder@hf/{made}").outline()["precision"] == "int8"


def test_a_copy_that_does_not_run_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_quantise", lambda _source, target: target.write_bytes(b"no network"))
    outline = load_named(f"encoder@hf/{make_encoder(tmp_path / 'tiny')}").outline()
    assert outline["precision"] == "fp32"
    assert not copies(tmp_path / "cache")


def test_a_damaged_copy_is_made_again(tmp_path: Path) -> None:
    made = make_encoder(tmp_path / "tiny")
    load_named(f"encoder@hf/{made}")
    (copy,) = copies(tmp_path / "cache")
    whole = copy.stat().st_size
    copy.write_bytes(copy.read_bytes()[:100])
    assert load_named(f"encoder@hf/{made}").outline()["precision"] == "int8"
    assert copy.stat().st_size == whole


def test_a_written_network_with_other_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NEAR", -1.0)
    with pytest.raises(UsageError, match="gives other numbers"):
        load_named(f"encoder?precision=int8@hf/{make_encoder(tmp_path / 'tiny')}")


def test_without_onnxruntime_it_runs_in_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "installed", lambda: False)
    made = make_encoder(tmp_path / "tiny")
    assert load_named(f"encoder@hf/{made}").outline()["precision"] == "fp32"
    with pytest.raises(UsageError, match="need an extra"):
        load_named(f"encoder?precision=int8@hf/{made}")


def test_flips_are_counted_by_head() -> None:
    heads = trained_heads(("unsafe", "refusal"), {})
    real = np.array([[0, 1, 5, 0, 0], [1, 0, 0, 5, 0], [1, 0, 0, 0, 5]], dtype=np.float32)
    other = np.array([[1, 0, 5, 0, 0], [1, 0, 0, 0, 5], [0, 1, 0, 0, 5]], dtype=np.float32)
    found = running.flips(real, other, heads)
    assert found == {"of": 3, "by_head": {"unsafe": 2, "refusal": 1}}
    assert running.flips_line(found) == "int8: unsafe 2 of 3, refusal 1 of 3 labels differ from fp32"
