"""What ``import hantei`` costs and offers."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import hantei


def modules_after(code: str) -> set[str]:
    """Return the modules that Python has loaded after some code, beside those that it starts with."""
    told = "import sys; before = set(sys.modules)\n" + code + "\nprint('\\n'.join(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_hantei_loads_nothing_of_it() -> None:
    loaded = modules_after("import hantei")
    assert {name for name in loaded if name.startswith("hantei")} == {"hantei"}
    assert not loaded & {"numpy", "aiohttp", "jinja2", "rich", "pandas", "pyarrow", "msgspec", "sqlite3", "asyncio"}


def test_a_function_loads_what_it_needs_and_no_heavy_library() -> None:
    loaded = modules_after("import hantei; hantei.judge; hantei.load_run; hantei.load_judge; hantei.HanteiError")
    assert "hantei.api" in loaded
    assert not loaded & {"numpy", "aiohttp", "jinja2", "rich", "typer", "pandas", "polars", "pyarrow", "torch"}


@pytest.mark.parametrize("name", vars(hantei)["__all__"])
def test_every_name_is_there_and_listed(name: str) -> None:
    assert getattr(hantei, name) is not None
    assert name in dir(hantei)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="judeg"):
        import_module("hantei").judeg  # noqa: B018
