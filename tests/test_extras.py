"""One table of extras: the package's, the README's, and those that errors name."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hantei
from hantei.extras import EXTRAS, table

ROOT = Path(__file__).parents[1]


def test_the_table_is_the_packages_and_the_readmes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"])
    assert table() in (ROOT / "README.md").read_text("utf-8")


def test_every_extra_that_an_error_names_exists() -> None:
    named = {
        extra
        for path in Path(hantei.__file__).parent.rglob("*.py")
        for extra in re.findall(r"hantei\[([a-z-]+)\]", path.read_text("utf-8"))
    }
    assert named
    assert named <= set(EXTRAS)


@pytest.mark.parametrize(
    ("command", "absent", "said"),
    [
        ("train builtin --data .", ("sklearn", "threadpoolctl"), "pip install 'hantei[train]'"),
        ("train safety-sft tiny-cpu --out m", ("trl", "datasketch"), "pip install 'hantei[tune]'"),
        ("reproduce do-not-answer --data .", ("sklearn", "threadpoolctl", "scipy"), "hantei: --data .: expected"),
    ],
)
def test_without_a_library_a_line_says_what_to_install(
    command: str, absent: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    start = f"import sys; sys.modules.update(dict.fromkeys({absent})); sys.argv = {['hantei', *command.split()]}"
    done = subprocess.run(
        [sys.executable, "-c", f"{start}; from hantei.cli import main; main()"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
