"""A run in MLflow and Weights & Biases: on this machine, with names that both take."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hantei
from hantei.exchange import tracking
from hantei.exchange.tracking import metrics, parameters
from hantei.records import Rate, Summary
from tests.commands import hantei as command

ANSWERS = [
    {"id": "1", "model": "gpt-4.1", "prompt": "How are you?", "response": "Very well, thank you."},
    {"id": "2", "model": "日本", "prompt": "How are you?", "response": "Go away, you worthless idiot."},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> hantei.Run:
    return hantei.judge(ANSWERS, out=tmp_path_factory.mktemp("runs") / "mine")


def rate(**by: str) -> Rate:
    return Rate(metric="flagged_rate", by=by, numerator=1, denominator=4, rate=0.25, low=0.05, high=0.7)


def test_a_rate_is_four_numbers() -> None:
    told = metrics(Summary(rates=(rate(judge="builtin", system="m"),)))
    assert all(name.startswith("flagged_rate") for name in told)
    assert list(told.values()) == [0.25, 0.05, 0.7, 4.0]
    assert [key.rpartition("__")[2] for key in told] == ["rate", "low", "high", "n"]


def test_slices_and_what_has_no_rate_are_left_to_the_report() -> None:
    assert metrics(Summary(rates=(rate(judge="builtin", language="ja"), Rate(metric="flagged_rate")))) == {}


def test_names_are_safe_and_told_apart() -> None:
    systems = [
        "gpt-4.1",
        "gpt-4_1",
        "gpt-4 1",
        "日本",
        "中国",
        "../../etc",
        "a__b",
        "x" * 300,
        "x" * 301,
        "\x1b[2J",
        "\ud800",
    ]
    told = metrics(Summary(rates=tuple(rate(judge="rubric@openai/gpt-4o", system=one) for one in systems)))
    assert len(told) == 4 * len(systems)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,249}", name) for name in told)


def test_settings_hold_no_key(run: hantei.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    info = run.info()
    monkeypatch.setenv("SOME_TOKEN", info.created)
    told = parameters(info)
    assert told["created"] == "[key]"
    assert json.loads(told["judges"]) == {"builtin": info.judges["builtin"].card_hash}
    assert all(len(text) <= 500 for text in told.values())


def test_a_tracker_that_does_not_exist_or_is_not_installed(run: hantei.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(hantei.UsageError, match="expected mlflow or wandb; did you mean 'mlflow'"):
        hantei.log_run(run, "mlfow")
    monkeypatch.delitem(sys.modules, "mlflow", raising=False)
    monkeypatch.setattr(tracking, "find_spec", lambda _name: None)
    with pytest.raises(hantei.UsageError, match=re.escape("pip install 'hantei[mlflow]'")):
        hantei.log_run(run, "mlflow")


class FakeWandb:
    """What of wandb is used, kept; the real one starts a process."""

    def __init__(self, folder: Path) -> None:
        self.said: dict[str, Any] = {}
        self._folder = folder

    def Settings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802 - as wandb calls it
        return settings

    def Artifact(self, name: str, type: str) -> Any:  # noqa: N802, A002 - as wandb calls them
        return SimpleNamespace(name=name, type=type, add_file=lambda path: self.said.update(file=path))

    def init(self, **settings: Any) -> Any:
        self.said.update(settings)
        return SimpleNamespace(
            log=lambda numbers: self.said.update(numbers=numbers),
            log_artifact=lambda page: self.said.update(page=page.type),
            finish=lambda: self.said.update(finished=True),
            dir=str(self._folder / "offline-run-1" / "files"),
        )


def test_wandb_is_told_offline(run: hantei.Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = FakeWandb(tmp_path)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    done = command("report", str(run.path), "--log-to", "wandb")
    assert done.exit_code == 0, done.output
    assert str(tmp_path / "offline-run-1") in done.output
    assert (fake.said["mode"], fake.said["name"], fake.said["page"]) == ("offline", "mine", "report")
    assert fake.said["numbers"] == metrics(run.summary())
    assert fake.said["file"] == str(run.report_path)
    assert fake.said["finished"] is True


def test_a_tracker_that_fails_is_one_line(run: hantei.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_settings: Any) -> None:
        raise OSError("no\nroom")

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init, Settings=dict))
    with pytest.raises(hantei.RunError, match=r"the run is kept in .*, and could not be logged: no room"):
        hantei.log_run(run, "wandb")


_LOG = "import sys, hantei; print(hantei.log_run(*sys.argv[1:]))"


def logged(run: hantei.Run, to: str, folder: Path, **own: str) -> str:
    """Log a run from a process of its own, which starts in a folder; return what it says."""
    command = [sys.executable, "-c", _LOG, str(run.path), to]
    done = subprocess.run(command, env={**os.environ, **own}, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mlflow_holds_rates_settings_and_the_report(run: hantei.Run, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    store = tmp_path / "store"
    logged(run, "mlflow", tmp_path, MLFLOW_TRACKING_URI=store.as_uri(), MLFLOW_ALLOW_FILE_STORE="true")
    numbers = {path.name: float(path.read_text().split()[1]) for path in store.glob("*/*/metrics/*")}
    assert numbers == pytest.approx(metrics(run.summary()))
    assert {path.name: path.read_text() for path in store.glob("*/*/params/*")} == parameters(run.info())
    (page,) = store.rglob("report.html")
    assert page.read_bytes() == run.report_path.read_bytes()


def wandb_records(log: bytes) -> Iterator[Any]:
    """Yield the records of a file of wandb's: LevelDB's log format behind a header, blocks of 32 KiB with pieces."""
    records = import_module("wandb.proto.wandb_internal_pb2").Record  # made at run time: types say nothing of it
    block, head, last = 32 * 1024, 7, (1, 4)
    at, held = head, b""
    while at + head <= len(log):
        if (left := block - at % block) < head:
            at += left
            continue
        _checksum, size, kind = struct.unpack_from("<IHB", log, at)
        held += log[at + head : (at := at + head + size)]
        if kind in last:
            yield records.FromString(held)
            held = b""


def test_the_real_wandb_keeps_rates_settings_and_the_report_on_this_machine(run: hantei.Run, tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed")
    folders = {name: str(tmp_path / name) for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")}
    said = logged(run, "wandb", tmp_path, WANDB_MODE="offline", WANDB_DIR=str(tmp_path), **folders)
    (log,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    assert str(log.parent) in said
    records = {record.WhichOneof("record_type"): record for record in wandb_records(log.read_bytes())}
    history = {item.nested_key[0]: json.loads(item.value_json) for item in records["history"].history.item}
    assert {key: number for key, number in history.items() if key[0] != "_"} == metrics(run.summary())
    config = {update.key: json.loads(update.value_json) for update in records["run"].run.config.update}
    assert {key: text for key, text in config.items() if key[0] != "_"} == parameters(run.info())
    (page,) = records["artifact"].artifact.manifest.contents
    assert page.path == "report.html"
    assert Path(page.local_path).read_bytes() == run.report_path.read_bytes()
