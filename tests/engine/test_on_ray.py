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


OWN_RAY = """
import contextlib
import socket
from hantei.ray_cluster import ray_cluster

ray = ray_cluster()
port = int(ray.get_runtime_context().gcs_address.rpartition(":")[2])
outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
with contextlib.suppress(OSError):  # there is no network
    outside.connect(("192.0.2.1", 9))  # nothing is sent
for host in ("127.0.0.1", outside.getsockname()[0]):
    print(host, socket.socket().connect_ex((host, port)) == 0)
"""


def test_a_ray_that_starts_here_listens_on_loopback_alone() -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    own = {"PYTHONPATH": str(Path(hantei.__file__).parents[1]), "RAY_agent_register_timeout_ms": "120000"}
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"} | own
    done = subprocess.run([sys.executable, "-c", OWN_RAY], capture_output=True, text=True, env=environment)
    (_, here), (other, there) = (line.split() for line in done.stdout.splitlines())
    assert here == "True", done.stderr[-2000:]
    assert there == str(other in ("127.0.0.1", "0.0.0.0"))  # noqa: S104 - where there is no network
