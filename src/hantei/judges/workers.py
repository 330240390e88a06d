"""Processes that judge beside one another, for a classifier that uses one core: what passes is lines of JSON.

``worker_process.py`` is what runs there. A process ends with its input, so none outlives who started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hantei.errors import RunError
from hantei.judges.base import Pair
from hantei.record_lines import from_line, to_line
from hantei.records import Judgment

_ONE_CORE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Workers:
    """Processes that each hold the judge of one name; one is started where none is idle."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[subprocess.Popen[bytes]] = []
        weakref.finalize(self, _end, self._idle)

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        """Return a judgment for each pair; in as many threads at once as there are to be processes.

        Raises:
            RunError: the process ended.
        """
        process = self._idle.pop() if self._idle else self._start()
        judged = self._ask(process, pairs)
        if len(judged) < len(pairs):
            raise RunError(f"judge {self._name}: a process of --workers ended ({_ending(process)}): run again to go on")
        self._idle.append(process)
        return judged

    def _start(self) -> subprocess.Popen[bytes]:
        package = str(Path(__file__).parents[2])
        path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH")) if part)
        # -P: what lies in the folder that somebody works in is no module of ours.
        return subprocess.Popen(  # noqa: S603 - our own module, without a shell
            [sys.executable, "-P", "-m", "hantei.judges.worker_process", self._name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **dict.fromkeys(_ONE_CORE, "1"), "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the one who started it
        )

    def _ask(self, process: subprocess.Popen[bytes], pairs: Sequence[Pair]) -> list[Judgment]:
        """Return the judgments that come back; fewer than there are pairs where the process ends."""
        stdin, stdout = _pipes(process)
        lines = [b"%d\n" % len(pairs)]
        for prompt, response in pairs:
            lines += to_line(prompt), to_line(response)
        try:
            stdin.write(b"".join(lines))
            stdin.flush()
        except BrokenPipeError:
            return []
        return [from_line(Judgment, line) for line in islice(stdout, len(pairs)) if line.endswith(b"\n")]


def _pipes(process: subprocess.Popen[bytes]) -> tuple[Any, Any]:
    return process.stdin, process.stdout


def _ending(process: subprocess.Popen[bytes]) -> str:
    process.communicate()
    code = process.returncode
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.communicate()
