"""Rounds on a small world: what they leave on the disk, going on after a kill, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hantei.errors import RunError, UsageError
from hantei.training.preferences import RoundOptions, Setting
from hantei.training.preferences.rounds import Rounds, run_rounds
from tests.training.preferences.made import ExactChecker, MadeForm, dialogues, make_judge

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
pytestmark = pytest.mark.filterwarnings("default")  # those of torch and TRL are theirs

QUICK: dict[str, Any] = {"rounds": 1, "keep": "always", "lr": 5e-4, "epochs": 2, "batch": 8, "max_tokens": 10}


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("judges")
    return make_judge(folder / "first", 40), make_judge(folder / "second", 80)


def _setting(judges: tuple[Path, ...], **changes: Any) -> Setting:
    parts = {"train": dialogues("train"), "validation": dialogues("validation"), **changes}
    return Setting(judges=judges, form=MadeForm(), checker=ExactChecker(), **parts)


@pytest.fixture(scope="module")
def one_round(judges: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rounds]:
    out = tmp_path_factory.mktemp("rounds") / "out"
    return out, run_rounds(_setting(judges), out, RoundOptions(**QUICK))


def test_a_round_makes_a_judge_that_transformers_loads_alone(one_round: tuple[Path, Rounds]) -> None:
    out, found = one_round
    made = found.state.rounds[0]
    assert [one.name for one in found.state.pool] == ["M1", "M2", "M3"]
    assert made.pairs + sum(made.left_out.values()) == len(dialogues("train"))
    assert sum(made.decided.values()) == made.pairs
    code = (
        "import sys, transformers as t; f = sys.argv[1]; m = t.AutoModelForCausalLM.from_pretrained(f);"
        "k = t.AutoTokenizer.from_pretrained(f); assert 'hantei' not in sys.modules;"
        "i = k.apply_chat_template([{'role': 'user', 'content': 'q0 t0 a1'}], add_generation_prompt=True,"
        "return_tensors='pt', return_dict=True); print(k.decode(m.generate(**i, max_new_tokens=8)[0]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(out / "judges" / "M3")], capture_output=True, text=True, check=True
    )
    assert "safe :" in run.stdout
    assert not [*(out / "judges").rglob("*.bin"), *(out / "judges").rglob("*.pt")]  # nothing that is a pickle
    assert not (out / "rounds" / "1" / "training").exists()


def test_what_is_measured_can_be_counted_again_from_the_files(one_round: tuple[Path, Rounds]) -> None:
    out, found = one_round
    lines = [msgspec.json.decode(line) for line in (out / "written" / "M3.validation.jsonl").read_bytes().splitlines()]
    by_id = {one.id: one for one in dialogues("validation")}
    whole = (line for line in lines if len(line["reply"].split()) < QUICK["max_tokens"])
    read = [line for line in whole if line["reply"].split(" :")[0] in ("safe", "unsafe") and " :" in line["reply"]]
    f1 = 0.0
    for line in read:
        units, reference = set(line["reply"].partition(" :")[2].split()), set(by_id[line["id"]].reference)
        f1 += 2 * len(units & reference) / (len(units) + len(reference))
    right = sum(by_id[line["id"]].unsafe == line["reply"].startswith("unsafe") for line in read)
    measured = found.measured["M3"]
    assert len(lines) == len(by_id)
    assert measured.unparsed.value == pytest.approx(1 - len(read) / len(lines))
    assert measured.accuracy.value == pytest.approx(right / len(read))
    assert measured.f1.value == pytest.approx(f1 / len(lines))
    assert measured.tokens == pytest.approx(sum(line["output_tokens"] for line in lines) / len(lines))


def test_the_same_call_again_does_nothing_anew(one_round: tuple[Path, Rounds], judges: tuple[Path, Path]) -> None:
    out, found = one_round
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != "state.json"}
    again = run_rounds(_setting(judges), out, RoundOptions(**QUICK))
    assert again.state == found.state
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_other_choices_or_data_are_refused(one_round: tuple[Path, Rounds], judges: tuple[Path, Path]) -> None:
    out, _ = one_round
    with pytest.raises(RunError, match="holds rounds with other beta; name another --out"):
        run_rounds(_setting(judges), out, RoundOptions(**QUICK, beta=0.2))
    with pytest.raises(RunError, match="other training dialogues"):
        run_rounds(_setting(judges, train=dialogues("train")[1:]), out, RoundOptions(**QUICK))
    with pytest.raises(RunError, match="other first judges"):
        run_rounds(_setting(judges[::-1]), out, RoundOptions(**QUICK))


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 1}', b"\xff\xfe"])
def test_a_damaged_state_file_is_said_to_be_one(damage: bytes, judges: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "state.json").write_bytes(damage)
    with pytest.raises(RunError, match=r"state\.json: expected the state of preference rounds, it is damaged"):
        run_rounds(_setting(judges), tmp_path / "out", RoundOptions(**QUICK))
    assert (tmp_path / "out" / "state.json").read_bytes() == damage


def test_a_damaged_file_of_replies_is_said_to_be_one(judges: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "written").mkdir()
    (tmp_path / "written" / "M1.validation.jsonl").write_bytes(b'{"id": 3}\n')
    with pytest.raises(RunError, match="expected a reply a line, it is damaged"):
        run_rounds(_setting(judges), tmp_path, RoundOptions(**QUICK))


def test_a_round_that_gains_nothing_is_not_kept_and_is_the_last(judges: tuple[Path, Path], tmp_path: Path) -> None:
    options = RoundOptions(**{**QUICK, "rounds": 3, "keep": "gain", "decide": "random", "lr": 1e-6, "epochs": 1})
    found = run_rounds(_setting(judges), tmp_path / "out", options)
    assert [one.kept for one in found.state.rounds] == [False]
    assert found.state.ended == "round 1 gained nothing beyond its interval: M3 is not kept"
    assert [one.name for one in found.state.pool] == ["M1", "M2"]
    assert list(found.measured) == ["M1", "M2", "M3"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validation": dialogues("train")}, "32 dialogues are in both training and validation"),
        ({"train": []}, "expected dialogues to train on"),
    ],
)
def test_dialogues_that_do_not_fit(changes: Any, message: str, judges: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        run_rounds(_setting(judges, **changes), tmp_path, RoundOptions())


def test_one_judge_is_too_few(judges: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected two first judges or more, got 1"):
        run_rounds(_setting(judges[:1]), tmp_path, RoundOptions())


def test_training_that_changes_nothing_is_refused(judges: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="training changed nothing"):
        run_rounds(_setting(judges), tmp_path / "out", RoundOptions(**{**QUICK, "lr": 0.0}))


_KILLED = """
import sys
from pathlib import Path
from hantei.training.preferences import RoundOptions, Setting
from hantei.training.preferences.rounds import run_rounds
from tests.training.preferences.made import ExactChecker, MadeForm, dialogues
judges = tuple(Path(one) for one in sys.argv[2:])
setting = Setting(judges=judges, train=dialogues("train"), validation=dialogues("validation"), form=MadeForm(),
                  checker=ExactChecker())
run_rounds(setting, Path(sys.argv[1]), RoundOptions({options}), print)
"""


@pytest.mark.long
def test_a_killed_round_ends_as_one_that_was_not(judges: tuple[Path, Path], tmp_path: Path) -> None:
    chosen = {**QUICK, "epochs": 8, "save_steps": 5, "lr": 1e-4}
    whole = run_rounds(_setting(judges), tmp_path / "whole", RoundOptions(**chosen))
    code = _KILLED.format(options=", ".join(f"{name}={value!r}" for name, value in chosen.items()))
    out = tmp_path / "killed"
    for wanted in ("written/M1.train.jsonl", "rounds/1/training/checkpoint-10/whole"):
        process = subprocess.Popen([sys.executable, "-c", code, str(out), *map(str, judges)])
        _wait_for(out / wanted, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    last = out / "rounds" / "1" / "training" / "checkpoint-9999"
    last.mkdir()  # as a kill in the middle of a checkpoint leaves it
    (last / "model.safetensors").write_bytes(b"torn")
    found = run_rounds(_setting(judges), out, RoundOptions(**chosen))
    assert found.state.rounds[0].resumed
    assert found.state.rounds[0].pairs == whole.state.rounds[0].pairs
    for name in ("M1", "M2", "M3"):
        assert found.measured[name] == whole.measured[name]
    assert _weights(out) == _weights(tmp_path / "whole")


def _weights(out: Path) -> bytes:
    return (out / "judges" / "M3" / "model.safetensors").read_bytes()


def _wait_for(file: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 200
    while not file.exists():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until, f"{file} was not written"
        time.sleep(0.02)


@pytest.mark.long
@pytest.mark.parametrize("method", ["ipo", "kto", "rloo", "best-of-n"])
def test_each_way_of_training_makes_another_judge(method: Any, judges: tuple[Path, Path], tmp_path: Path) -> None:
    found = run_rounds(_setting(judges), tmp_path / "out", RoundOptions(**QUICK, method=method, samples=2))
    assert [one.name for one in found.state.pool] == ["M1", "M2", "M3"]
    assert found.state.rounds[0].pairs > 0
