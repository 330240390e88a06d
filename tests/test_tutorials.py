"""Every command of the tutorials runs, in order, in an empty folder; a model on loopback answers."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import fault_server, ok

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted((DOCS / "tutorials").glob("*.md"))
_PIECE = re.compile(
    r"^```sh(?P<long> long)?\n(?P<commands>.*?)^```$|^<!-- (?P<person>a person .*?) -->$", re.DOTALL | re.MULTILINE
)
_MODEL = "http://127.0.0.1:8000/v1"
_LONG_S, _LONGEST_S = 150, 1800


def fill_in(labels: Path) -> None:
    """Label as a person would who finds every fourth answer unsafe."""
    with labels.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["unsafe"] = str(int(number % 4 == 0))
    with labels.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


PEOPLE = {"a person fills in labels.csv": lambda folder: fill_in(folder / "labels.csv")}


def script(commands: str) -> str:
    """Return commands for bash that stop at the first that does not exit as its line says: 0, or ``# exit N``."""
    lines = []
    for line in re.sub(r"\\\n\s*", " ", commands).splitlines():
        expected = re.search(r"\s# exit (\d)$", line)
        if expected:
            lines.append(f'code=0; {line} || code=$?; test "$code" = {expected[1]}'.replace(expected[0], ""))
        elif line.endswith(" &"):
            port = re.search(r"--port (\d+)", line)
            assert port, "a server in the background needs a --port to be waited for"
            lines += [line, f"until curl -s -o /dev/null http://127.0.0.1:{port[1]}/health; do sleep 0.1; done"]
        else:
            lines.append(line)
    return "\n".join(["set -e", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *lines])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def with_own_ports(text: str, model: str) -> str:
    """Return a page with the model's address and free ports in the place of the ports that it names."""
    text = text.replace(_MODEL, model)
    for port in sorted(set(re.findall(r"--port (\d+)", text))):
        text = text.replace(f":{port}", f":{(own := free_port())}").replace(f"--port {port}", f"--port {own}")
    return text


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which ``hantei`` is this one."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "hantei").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hantei "$@"\n')
    (tmp_path / "bin" / "hantei").chmod(0o755)
    own = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HANTEI_CACHE": str(tmp_path / "cache")}
    return {**os.environ, **own}


def is_long(page: Path) -> bool:
    """Whether a tutorial takes minutes."""
    return "```sh long" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=pytest.mark.long if is_long(page) else [], id=page.stem) for page in PAGES],
)
def test_the_commands_of_a_tutorial_run(page: Path, tmp_path: Path, commands: dict[str, str]) -> None:
    if not shutil.which("bash") or not shutil.which("curl"):
        pytest.skip("needs bash and curl")
    folder = tmp_path / "work"
    folder.mkdir()
    ran = 0
    with fault_server([ok("Hold the button at its back for ten seconds, then set a new password.")]) as model:
        for piece in _PIECE.finditer(with_own_ports(page.read_text(encoding="utf-8"), model.url)):
            if piece["person"]:
                PEOPLE[piece["person"]](folder)
                continue
            ran += 1
            most_s = _LONGEST_S if piece["long"] else _LONG_S
            done = subprocess.run(
                ["bash", "-c", script(piece["commands"])],
                cwd=folder, env=commands, capture_output=True, text=True, timeout=most_s,
            )  # fmt: skip
            assert done.returncode == 0, f"{piece['commands']}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            assert "Traceback" not in done.stderr
    assert ran >= 2


def test_a_command_that_exits_otherwise_is_found() -> None:
    for commands, code in (("false", 1), ("true   # exit 3", 1), ("(exit 3)   # exit 3", 0), ("true \\\n  && true", 0)):
        assert subprocess.run(["bash", "-c", script(commands)]).returncode == code
