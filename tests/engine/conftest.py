"""The small run of ``tests/runs``, for the engine's tests too."""

from tests.runs.conftest import *  # noqa: F403 - fixtures
