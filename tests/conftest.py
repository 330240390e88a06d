"""What several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.measured import (  # noqa: F401 - pytest finds its hooks and fixtures here
    measured,
    pytest_addoption,
    pytest_runtest_makereport,
    pytest_sessionfinish,
)

settings.register_profile("hantei", deadline=None, derandomize=True)  # these machines are shared: time says nothing
settings.load_profile("hantei")

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """The optional folder of public test data."""
    if not DATA.is_dir():
        pytest.skip("the optional folder of public data, ../shared/data, is absent")
    return DATA
