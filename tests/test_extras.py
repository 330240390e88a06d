"""One table of extras: the package's, the README's, and those that errors name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

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
