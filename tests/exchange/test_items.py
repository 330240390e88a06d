"""What an import writes, and what it refuses by row."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hantei.exchange.items import ImportSource, write_items
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo
from tests.exchange.conftest import items


def test_a_score_off_its_scale_is_a_row_that_is_refused(tmp_path: Path) -> None:
    good, bad = items()[:2]
    said = Judgment(response_id=bad.response.id, judge="theirs", score=99, scale="1-5")
    run = Run(tmp_path / "run")
    with Index(tmp_path / "index") as index:
        info = write_items(ImportSource([good, replace(bad, judgments=(said,))]), run, index, RunInfo(created=""))
    assert info.rejected == 1
    assert [one.id for one in run.responses()] == [good.response.id]
    (rejected,) = [json.loads(line) for line in run.rejected_path.read_text().splitlines()]
    assert (rejected["file"], rejected["row"]) == ("f", 2)
    assert rejected["problem"] == "theirs: score 99 is not on its scale 1-5"
