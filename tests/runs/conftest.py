"""A small run made of rows, and a judge that needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hantei.api import GivenRows
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.ingest import Reading, ingest


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


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Made]]:
    """Return a function that makes a run of rows."""
    indexes: list[Index] = []

    def make_run(rows: Sequence[Mapping[str, Any]], **reading: Any) -> Made:
        run = Run(tmp_path / "run")
        index = Index(run.index_path)
        indexes.append(index)
        info = {"judges": {"keyword": {"card_hash": "0" * 64}}, "created": "2026-01-01T00:00:00+00:00"}
        ingest([GivenRows(rows)], run, index, Reading(**reading), info)
        return run, index

    yield make_run
    for index in indexes:
        index.__exit__()
