"""The command line: one file a command group, no logic of its own."""

from __future__ import annotations

import errno
import signal
import sys
from types import FrameType

from hantei.errors import HanteiError


def main() -> None:
    """Run the command line: a mistake is one line on standard error and exit code 2, never a traceback."""
    from hantei.cli.app import app
    from hantei.cli.output import warn

    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        app()
    except HanteiError as error:
        from hantei.models.keys import mask_keys

        warn(f"hantei: {mask_keys(str(error))}")  # a key in the wrong place of a command stands in no log of it
        sys.exit(2)
    except KeyboardInterrupt:
        warn("hantei: stopped; what was finished is kept, and the same command goes on from there")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: nothing is wrong here
        sys.exit(0)
    except OSError as error:
        hint = "free some space and run the same command again: it goes on from there"
        more = f"; {hint}" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        warn(f"hantei: {error.filename or 'file'}: {error.strerror or error}{more}")
        sys.exit(2)


def _as_interrupt(_signal: int, frame: FrameType | None) -> None:
    """Do on SIGTERM, by which schedulers and containers end a process, what is done on Ctrl-C.

    Raises:
        KeyboardInterrupt: nothing else is done on Ctrl-C.
    """
    on_interrupt = signal.getsignal(signal.SIGINT)
    if not callable(on_interrupt):  # a shell starts what runs in the background with Ctrl-C ignored
        raise KeyboardInterrupt
    on_interrupt(signal.SIGINT, frame)
