"""``hantei doctor`` says what is there, what is missing and what is broken, whatever the machine is like."""

from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from hantei.doctor import Finding, examine, machine, packages
from tests.commands import hantei
from tests.servers import Answer, bad_json, error, fault_server, reply, reset

KEY = "sk-invented-0123456789abcdef"
CORE = ["numpy>=1.26", "pyarrow>=15; extra == 'parquet'", "torch>=2.4; extra == 'hf'", "hypothesis<1; extra == 'tune'"]


@pytest.fixture(autouse=True)
def small_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with the core alone, whatever this one has: PyTorch takes seconds to import."""
    versions = {"numpy": "2.0.0", "hypothesis": "6.100"}

    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(metadata, "requires", lambda _name: CORE)
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def found(name: str, findings: list[Finding] | None = None) -> Finding:
    (one,) = [one for one in findings or examine() if one.name == name]
    return one


def test_a_machine_with_the_core_alone_is_well() -> None:
    done = hantei("doctor", "--json")
    said = json.loads(done.output)
    assert done.exit_code == 0
    assert said["ok"] is True
    states = {one["name"]: one["state"] for one in said["findings"]}
    assert states["numpy"] == states["builtin"] == states["cache"] == states["runs"] == "ok"
    assert states["parquet"] == states["GPU"] == "missing"
    assert not Path("cache").exists(), "looking makes nothing"
    assert not Path("runs").exists()


def test_a_missing_extra_comes_with_the_line_that_installs_it() -> None:
    assert found("parquet").says.startswith("pyarrow is not installed")
    assert found("parquet").cure == "pip install 'hantei[parquet]'"
    assert found("tune").says.startswith("hypothesis 6.100 is here, <1 is needed")


def test_an_extra_that_is_there_is_said_with_its_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "installed", lambda name: {"numpy": "2.0.0", "pyarrow": "21.0.0"}.get(name))
    assert (found("parquet").state, found("parquet").says) == ("ok", "pyarrow 21.0.0")


def test_a_requirement_that_is_too_old_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "installed", lambda _name: "1.20")
    assert found("numpy").state == "problem"
    assert hantei("doctor").exit_code == 1


def test_keys_are_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("MY_OWN_TOKEN", KEY)
    monkeypatch.setenv("HF_TOKEN", " ")
    for output in (hantei("doctor").output, hantei("doctor", "--json").output):
        assert "MY_OWN_TOKEN" in output
        assert KEY not in output
    assert [found(name).state for name in ("OPENAI_API_KEY", "MY_OWN_TOKEN", "HF_TOKEN")] == ["ok", "ok", "missing"]


def test_a_cache_that_is_a_file_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HANTEI_CACHE", str(tmp_path / "file" / "cache"))
    assert found("cache").state == "problem"
    assert found("cache").cure == "name another folder in HANTEI_CACHE"


def test_a_place_that_can_be_none_is_a_problem() -> None:
    assert [one.state for one in examine(runs=Path("x" * 5000)) if one.name in ("runs", "folders")] == ["problem"] * 2


def test_a_folder_that_is_gone_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = hantei("doctor")
    assert done.exit_code == 1
    assert "Traceback" not in done.output


def test_without_a_home_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("HANTEI_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert found("cache").says == "takes no files: Could not determine home directory."


def test_a_disk_that_is_nearly_full_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1000, 999, 1))
    assert found("cache").state == "problem"


def test_runs_are_counted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "runs" / "a" / "run.json").write_text("{}")
    assert found("runs kept").says == "1 run folders in runs"


def test_what_cannot_be_looked_at_does_not_end_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> list[str]:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "damaged")

    monkeypatch.setattr(metadata, "requires", broken)
    assert found("requirements").says.startswith("could not be looked at: UnicodeDecodeError")
    assert found("cores").state == "ok"


def test_a_broken_pytorch_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libcudart.so is missing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(machine, "installed", lambda _name: "2.4")
    assert found("GPU").says == "PyTorch is installed and does not work: ImportError: libcudart.so is missing"
    (tmp_path / "torch.py").write_text("import os; os.abort()")
    assert found("GPU").state == "problem"


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(
        "class cuda:\n"
        "    is_available = staticmethod(lambda: True)\n"
        "    device_count = staticmethod(lambda: 1)\n"
        "    get_device_name = staticmethod(lambda i: f'Card {i}')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(machine, "installed", lambda _name: "2.4")
    assert (found("GPU").state, found("GPU").says) == ("ok", "Card 0")


def test_a_server_is_asked_which_models_it_has() -> None:
    names = [{"id": f"model-{number}"} for number in range(7)]
    with fault_server([reply({"data": names})]) as server:
        one = found(server.url, examine([server.url]))
    assert (one.state, one.says) == ("ok", "has model-0, model-1, model-2, model-3, model-4 and 2 more")
    assert server.calls[0].path == "/v1/models"


@pytest.mark.parametrize("answer", [reply([1]), bad_json(), reply({"data": [{"id": "\x1b[2Jgone"}]})])
def test_what_a_server_says_is_hostile(answer: Answer) -> None:
    with fault_server([answer]) as server:
        done = hantei("doctor", "--base-url", server.url)
    assert done.exit_code == 0
    assert "\x1b[2J" not in done.output


def test_a_server_that_echoes_a_key_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with fault_server([reply({"data": [{"id": KEY}]})]) as server:
        assert found(server.url, examine([server.url])).says == "has [key]"


def test_servers_that_cannot_be_reached_or_refuse_are_problems() -> None:
    with fault_server([error(401)]) as server:
        assert found(server.url, examine([server.url])).says == "answers 401 to GET /models"
        gone = server.url
    assert found(gone, examine([gone])).says.startswith("cannot be reached")
    with fault_server([reset()]) as server:
        assert hantei("doctor", "--base-url", server.url).exit_code == 1


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    done = hantei("doctor", "--base-url", f"http://me:{KEY}@127.0.0.1/v1")
    assert done.exit_code == 1
    assert KEY not in done.output
