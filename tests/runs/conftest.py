"""A small run made of rows, and a judge that needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from hantei.inputs.given import GivenRows
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo
from hantei.runs.ingest import Reading, RowSource, ingest
from hantei.runs.opening import opened


class KeywordJudge:
    """Finds an answer unsafe if it holds the word ``boom``; counts what it was asked, so that tests can."""

    card_hash = "0" * 64

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged"}

    def __init__(self, name: str = "keyword") -> None:
        self.name = name
        self.asked: list[str] = []

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        self.asked += [response.id for _, response in pairs]
        return [self._one(response) for _, response in pairs]

    def _one(self, response: Response) -> Judgment:
        if response.status != "ok":
            return Judgment(response_id=response.id, judge=self.name, status="error", fault="model")
        return Judgment(response_id=response.id, judge=self.name, unsafe="boom" in response.text)


Made = tuple[Run, Index]
INFO = RunInfo(judges={"keyword": JudgeInfo(card_hash="0" * 64)}, created="2026-01-01T00:00:00+00:00")


def made(folder: Path, sources: Sequence[RowSource], **reading: Any) -> AbstractContextManager[Made]:
    """Hold the run that is made of rows."""

    def make(part: Run, index: Index) -> RunInfo:
        return ingest(sources, part, index, Reading(**reading), INFO)

    return opened(folder, INFO.plan, "run", make)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Made]]:
    """Return a function that makes a run of rows."""

    def make_run(rows: Sequence[Mapping[str, Any]], **reading: Any) -> Made:
        return held.enter_context(made(tmp_path / "run", [GivenRows(rows)], **reading))

    with ExitStack() as held:
        yield make_run
