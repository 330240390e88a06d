"""Writes answers and verdicts as they finish: all that one turn of the event loop finished is one group of lines."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from hantei.engine.stopping import AGAIN, Stop
from hantei.record_lines import to_line
from hantei.records import Judgment, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.journal import Journal


class Recorder:
    """Appends to the files of a run. Use as a context manager inside the running loop.

    A line waits for the end of the turn in which it was added, or for the next call: what was paid for is on disk
    before anything else is asked, so what a kill can lose is what is in flight. ``torn`` counts last lines that an
    earlier kill tore and that were cut off.
    """

    def __init__(self, run: Run, index: Index, judges: Mapping[int, str], asks: bool, stop: Stop) -> None:
        self._index, self._stop = index, stop
        self._files = ExitStack()
        self._responses = self._open(run.responses_path) if asks else None
        self._judgments = {number: self._open(run.judgments_path(name)) for number, name in judges.items()}
        journals = [*([self._responses] if self._responses else []), *self._judgments.values()]
        self.torn = sum(journal.torn for journal in journals)
        self._new_responses: list[tuple[int, Response, bytes]] = []
        self._new_judgments: dict[int, list[tuple[int, Judgment, bytes]]] = {number: [] for number in self._judgments}
        self._due = False

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        with self._files:
            self._flush()

    def response(self, number: int, response: Response) -> None:
        """Write an answer at the end of this turn."""
        self._new_responses.append((number, response, to_line(response)))
        self._soon()

    def judgment(self, judge: int, number: int, judgment: Judgment) -> None:
        """Write a verdict at the end of this turn."""
        self._new_judgments[judge].append((number, judgment, to_line(judgment)))
        self._soon()

    def write(self) -> None:
        """Write what waits, now; where that fails the run stops."""
        if self._due:
            self._flush_or_stop()

    def _open(self, path: Path) -> Journal:
        return self._files.enter_context(Journal(path))

    def _soon(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self.write)

    def _flush_or_stop(self) -> None:
        try:
            self._flush()
        except OSError as error:  # nothing more can be written: go on asking and it would be paid for and lost
            self._stop.stop("the disk is full or gone" + AGAIN, error, grace_s=0.0)

    def _flush(self) -> None:
        self._due = False
        self._flush_responses()
        for judge, new in self._new_judgments.items():
            if new:
                self._new_judgments[judge] = []
                offsets = self._judgments[judge].append([line for _, _, line in new])
                facts = zip(new, offsets, strict=True)
                self._index.add_facts(judge, [(number, judgment, at) for (number, judgment, _), at in facts])

    def _flush_responses(self) -> None:
        new, self._new_responses = self._new_responses, []
        if new and self._responses is not None:
            offsets = self._responses.append([line for _, _, line in new])
            for (number, response, _), offset in zip(new, offsets, strict=True):
                self._index.put_response(number, response, offset)
