"""The figures of slow tests, kept in a page: what was found, by which command, when, and at which commit.

``pytest --measured docs/measured.md -m long`` (``make long``) writes a row for each figure that a test reports with the
fixture ``measured``; rows of tests that did not run stay as they are.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

HEAD = """# Measured

What `make long` found: hundreds of kills and whatever else is too slow for every commit. Each row is written by the
test that found it (`tests/measured.py`); none is typed by hand.

| what | found | test | date | commit |
|---|---|---|---|---|
"""
Measured = Callable[[str, str], None]
_rows: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measured", type=Path, help="the page that takes the figures of slow tests")


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Return a function that takes what was measured and what was found; the row is kept where the test passes."""
    found: dict[str, str] = {}
    yield found.__setitem__
    report = request.node.stash.get(_OUTCOME, None)
    if report is not None and report.passed:
        for what, text in found.items():
            _rows[what] = f"| {what} | {text} | `{request.node.nodeid}` | {_today()} | {_commit()} |"


_OUTCOME: pytest.StashKey[pytest.TestReport] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_OUTCOME] = report
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    page: Path | None = session.config.getoption("--measured")
    if page is not None and _rows:
        page.write_text(updated(page.read_text() if page.exists() else HEAD, _rows))


def updated(text: str, rows: Mapping[str, str]) -> str:
    """Return a page with these rows, by what they measured, in place of earlier ones."""
    lines = text.rstrip("\n").split("\n")
    old = {line.split(" | ")[0].removeprefix("| "): line for line in lines[_head_lines() :]}
    return HEAD + "".join(f"{row}\n" for _, row in sorted({**old, **rows}.items()))


def _head_lines() -> int:
    return HEAD.count("\n")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()

    changed = " and changes" if git("status", "--porcelain", "--untracked-files=no", "src") else ""
    return git("rev-parse", "--short", "HEAD") + changed
