"""What judging needs of a run folder: its pairs, what ``run.json`` says of the judges."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import BinaryIO

from msgspec.structs import replace

from hantei.errors import RunError
from hantei.judges import Judge
from hantei.record_lines import from_line
from hantei.records import Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Location
from hantei.runs.info import judge_info
from hantei.turns import with_earlier_answers

_BUFFER = 1 << 16
"""Bytes read at once: answers mostly follow one another, and every read of a file costs as much as several lines."""


class PairReader:
    """Reads prompts and responses where they stand; neighbours that share a prompt read it once."""

    def __init__(self, run: Run) -> None:
        self._prompts = run.prompts_path.open("rb", _BUFFER)
        # A model may not have answered yet, and the folder may be one that can only be read.
        self._responses: BinaryIO = run.responses_path.open("rb", _BUFFER) if run.responses_path.exists() else BytesIO()
        self._at = -1
        self._prompt = Prompt(id="", messages=())

    def __enter__(self) -> PairReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._prompts.close()
        self._responses.close()

    def read(self, pair: Location) -> tuple[Prompt, Response]:
        """Return the prompt, with the answers to its earlier turns, and the response that ``pair`` points to."""
        response = self.response(pair.response_offset)
        return with_earlier_answers(self.prompt(pair.prompt_offset), response), response

    def response(self, offset: int) -> Response:
        """Return the response that stands at ``offset``."""
        self._responses.seek(offset)
        return from_line(Response, self._responses.readline())

    def prompt(self, offset: int) -> Prompt:
        """Return the prompt that stands at ``offset``."""
        if offset != self._at:
            self._prompts.seek(offset)
            self._prompt = from_line(Prompt, self._prompts.readline())
            self._at = offset
        return self._prompt


def add_judges(run: Run, judges: Iterable[Judge]) -> None:
    """Write into ``run.json`` what is to be known of these judges.

    Raises:
        RunError: the run was judged by another version of one of them.
    """
    info = run.info()
    known = dict(info.judges)
    for judge in judges:
        before = known.get(judge.name)
        if before and before.card_hash != judge.card_hash:
            raise RunError(
                f"{run.path} was judged by another version of {judge.name} (card {before.card_hash[:12]}, now "
                f"{judge.card_hash[:12]}): name another --out, or remove {run.judgments_path(judge.name)}"
            )
        known[judge.name] = judge_info(judge.name, judge.card_hash, judge.outline())
    run.write_info(replace(info, judges=known))
