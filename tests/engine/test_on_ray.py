"""The cases of ``ray_cases.py``, in a pytest of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hantei
from hantei.engine.on_ray import gpus_each

CASES = Path(__file__).with_name("ray_cases.py")


def test_runs_on_a_local_ray_of_two_workers(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    root = Path(hantei.__file__).parents[1]
    own = {
        "PYTHONPATH": os.pathsep.join([str(root), str(CASES.parents[2])]),  # for the workers, too
        "RAY_agent_register_timeout_ms": "120000",
    }
    command = [sys.executable, "-m", "pytest", "-W", "default", "-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--basetemp", str(tmp_path / "cases"), str(CASES)],
        capture_output=True, text=True, env={**os.environ, **own}, cwd=CASES.parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"\d passed", done.stdout)


@pytest.mark.parametrize(
    ("name", "gpus", "each"),
    [
        ("encoder@hf/models/mine", 2.0, 1),
        ("rubric@hf/models/mine", 1.0, 1),
        ("encoder@hf/models/mine", 0.0, 0),
        ("encoder?device=cpu@hf/models/mine", 2.0, 0),
        ("builtin", 2.0, 0),
        ("openai/gpt-4o", 2.0, 0),
    ],
)
def test_a_worker_takes_a_gpu_where_weights_run_in_it(name: str, gpus: float, each: int) -> None:
    assert gpus_each([name], {"CPU": 4.0, "GPU": gpus}) == each
    assert gpus_each([name], {"CPU": 4.0}) == 0
