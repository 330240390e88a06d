"""The bar on a terminal."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from hantei import progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_name_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE_SECONDS", -1)
    with progress.Progress("a [/b] system", 2) as bar:
        bar.advance(1)
        bar.advance(1)
    assert "a [/b] system" in terminal.getvalue()
