"""The command line as a user meets it: arguments in, exit code and everything printed out."""

from __future__ import annotations

import io
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest import mock

from hantei.cli import main


@dataclass(frozen=True, slots=True)
class Said:
    """What a command ended with: its exit code, and what it printed, on both streams."""

    exit_code: int
    output: str


def hantei(*arguments: str) -> Said:
    """Run a command in this process."""
    printed = io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    try:
        with (
            mock.patch.object(sys, "argv", ["hantei", *arguments]),
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            main()
    except SystemExit as end:
        return Said(int(end.code or 0), printed.getvalue())
    finally:
        signal.signal(signal.SIGTERM, before)
    return Said(0, printed.getvalue())
