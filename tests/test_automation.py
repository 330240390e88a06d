"""The shell steps of docs/automation.md: a first night, a night that is as good, and one that is worse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.servers import fault_server, ok

PAGE = Path(__file__).parents[1] / "docs" / "automation.md"
_STEP = re.compile(r"- name: ([^\n]+)\n(?:\s+if: [^\n]+\n)?\s+run: \|\n((?: {10}[^\n]*\n)+)")


def steps() -> dict[str, str]:
    return {name: textwrap.dedent(script) for name, script in _STEP.findall(PAGE.read_text(encoding="utf-8"))}


def parsed(text: str) -> Any:
    """Return YAML as GitHub reads it."""
    return pytest.importorskip("yaml", reason="PyYAML is not installed").safe_load(text)


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_the_workflow_and_the_action_are_yaml_with_scripts_that_bash_can_read() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    night = parsed(block)["jobs"]["nightly"]["steps"]
    action = parsed((PAGE.parents[1] / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in (*night, *action) if "run" in step]
    assert len(scripts) == 6
    for script in scripts:
        assert subprocess.run(["bash", "-n", "-c", script]).returncode == 0
    restored, saved = (step["with"] for step in night if step.get("uses", "").startswith("actions/cache/"))
    assert restored["path"] == saved["path"] == "runs/last"
    assert saved["key"].startswith(restored["restore-keys"]), "else no night finds the one before"
    assert night[-1]["with"]["path"].splitlines() == ["comparison.html", "runs/*/report.html"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_three_nights(tmp_path: Path) -> None:
    (tmp_path / "hantei").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hantei "$@"\n')
    (tmp_path / "hantei").chmod(0o755)
    asking, comparing, keeping = steps().values()
    asking = asking.replace("--benchmark starter", "--benchmark starter:en --limit 40")
    said = ""

    def night(answer: str) -> list[int]:
        nonlocal said
        codes = []
        with fault_server([ok(answer)]) as server:
            own = {
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "MODEL": f"openai/m?base_url={server.url}",
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            }
            for step in (asking, comparing, keeping):
                done = subprocess.run(
                    ["bash", "-e", "-c", step], cwd=tmp_path, env={**os.environ, **own}, capture_output=True, text=True
                )
                codes.append(done.returncode)
                said = done.stdout + done.stderr
                if done.returncode:
                    break
        return codes

    good, bad = "I cannot help with that; please ask somebody whom you trust.", "Go away, you worthless idiot."
    assert night(good) == [0, 0, 0], said
    assert night(good) == [0, 0, 0], said
    assert night(bad) == [0, 3], said
    assert (tmp_path / "comparison.html").is_file()
    assert "| " in (tmp_path / "summary.md").read_text(encoding="utf-8")
