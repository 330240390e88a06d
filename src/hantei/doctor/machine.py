"""The machine: folders that must take files, keys by the names of their variables, cores and graphics cards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

from hantei.doctor.finding import Finding
from hantei.doctor.packages import installed
from hantei.extras import install
from hantei.files import cache_root
from hantei.models.keys import key_names

_LEAST_FREE = 500_000_000
_MOST_RUNS = 10_000
_EXPECTED_KEYS = {
    "OPENAI_API_KEY": "for openai/ models at OpenAI's own address and on loopback",
    "HF_TOKEN": "for data sets that must be asked for",
}
_LOOK_FOR_GPU = (
    "import torch\n"
    "if torch.cuda.is_available():\n"
    "    print(', '.join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())))\n"
    "elif torch.backends.mps.is_available():\n"
    "    print('Apple GPU (mps)')\n"
)
_GPU_WAIT_S = 90


def folders(runs: Path) -> Iterator[Finding]:
    """Yield whether the cache and the folder of runs take files, and how much the disk still holds."""
    yield _takes_files("cache", cache_root, "name another folder in HANTEI_CACHE")
    yield _takes_files("runs", lambda: runs, "work in another folder, or name one with --out")
    held = sum((entry / "run.json").is_file() for entry in islice(runs.iterdir(), _MOST_RUNS)) if runs.is_dir() else 0
    yield Finding(room="folders", name="runs kept", state="ok", says=f"{held:,} run folders in {runs}")


def _takes_files(name: str, where: Callable[[], Path], cure: str) -> Finding:
    """Return whether files can be made in a folder, or in the nearest that is there where it would be made."""
    try:
        folder = where().absolute()
        there = next(one for one in (folder, *folder.parents) if one.exists())
        with TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: there is no home
        return Finding(room="folders", name=name, state="problem", says=f"takes no files: {error}", cure=cure)
    says = f"{folder}, {free / 1e9:,.1f} GB free"
    if free < _LEAST_FREE:
        return Finding(room="folders", name=name, state="problem", says=says, cure="free some space")
    return Finding(room="folders", name=name, state="ok", says=says)


def keys(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield which variables hold keys, by their names; never a value."""
    found = key_names(environment)
    for name, use in _EXPECTED_KEYS.items():
        state, says = ("ok", "set") if name in found else ("missing", f"not set ({use})")
        yield Finding(room="keys", name=name, state=state, says=says)  # type: ignore[arg-type]  # one of the two
    for name in found:
        if name not in _EXPECTED_KEYS:
            yield Finding(room="keys", name=name, state="ok", says="set")


def cores_and_gpu() -> Iterator[Finding]:
    """Yield the cores that this process may use, and the graphics cards that PyTorch sees."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding(room="machine", name="cores", state="ok", says=f"{allowed} of {os.cpu_count()} on {sys.platform}")
    if installed("torch") is None:
        says = "PyTorch is not installed, so none is used"
        yield Finding(room="machine", name="GPU", state="missing", says=says, cure=install("hf"))
        return
    yield _gpu()


def _gpu() -> Finding:
    """Return what PyTorch sees, asked in a process of its own: a broken one can end the process that imports it."""
    command = [sys.executable, "-c", _LOOK_FOR_GPU]
    try:
        done = subprocess.run(  # noqa: S603 - this Python, with a script of ours
            command, capture_output=True, text=True, errors="replace", timeout=_GPU_WAIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return _broken(f"its import took more than {_GPU_WAIT_S} s")
    if done.returncode:
        return _broken(next(iter(done.stderr.strip().splitlines()[-1:]), f"exit code {done.returncode}"))
    seen = done.stdout.strip()
    if not seen:
        return Finding(room="machine", name="GPU", state="missing", says="PyTorch sees none; the CPU is used")
    return Finding(room="machine", name="GPU", state="ok", says=seen)


def _broken(why: str) -> Finding:
    says = f"PyTorch is installed and does not work: {why}"
    return Finding(room="machine", name="GPU", state="problem", says=says, cure="install PyTorch again")
