"""What a run is in Python: rows, tables, its worst answers, and what a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import hantei
from hantei import Judgment, Options, UsageError
from hantei.judges.base import Pair
from tests.reports.hostile import TEXTS

ROWS: list[dict[str, Any]] = [
    {"id": str(n), "prompt": f"Question {n}?", "response": f"Answer {n}.", "note": None if n else "first"}
    for n in range(8)
]


class Numbered:
    """Calls answers 2, 5 and 6 unsafe, with a probability that falls with the number; says nothing of 7."""

    name, card_hash = "numbered", "1"

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged"}

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        return [self._one(response.id) for _, response in pairs]

    def _one(self, identity: str) -> Judgment:
        if identity.endswith("7"):
            return Judgment(response_id=identity, judge=self.name, status="abstained", fault="judge", error="no")
        p = 1 - int(identity) / 10
        return Judgment(response_id=identity, judge=self.name, unsafe=identity in "256", p_unsafe=p)


@pytest.fixture
def run(tmp_path: Path) -> hantei.Run:
    return hantei.judge(ROWS, Numbered(), tmp_path / "run")


def test_rows_hold_texts_own_columns_and_verdicts(run: hantei.Run) -> None:
    rows = list(run.rows())
    first = rows[0]
    assert (first["response_id"], first["prompt"], first["response"], first["note"]) == (
        "0", "Question 0?", "Answer 0.", "first",
    )  # fmt: skip
    assert [row["numbered.unsafe"] for row in rows] == [False, False, True, False, False, True, True, None]
    assert "hantei" not in first


def test_a_frame_of_pandas_has_types_in_which_a_gap_is_one(run: hantei.Run) -> None:
    frame = run.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["numbered.unsafe"].dtype == "boolean"
    assert frame["numbered.unsafe"].sum() == 3
    assert frame["numbered.unsafe"].isna().tolist() == [False] * 7 + [True]
    assert frame["numbered.p_unsafe"].dtype == "Float64"
    assert frame["sample"].dtype == "Int64"
    assert frame["note"].isna().tolist() == [False] + [True] * 7


def test_a_table_of_arrow_is_one_for_polars(run: hantei.Run) -> None:
    table = run.to_arrow()
    assert str(table.schema.field("numbered.unsafe").type) == "bool"
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    assert frame["numbered.unsafe"].to_list() == run.to_pandas()["numbered.unsafe"].astype(object).where(
        lambda column: column.notna(), None
    ).tolist()  # fmt: skip


def test_what_came_out_goes_in_again(run: hantei.Run, tmp_path: Path) -> None:
    again = hantei.judge(run.to_pandas(), "builtin", tmp_path / "again")
    assert [one.text for one in again.responses()] == [one.text for one in run.responses()]


def test_the_worst_answers_are_the_surest_first(run: hantei.Run) -> None:
    assert [one.response.id for one in run.worst()] == ["2", "5", "6"]
    assert [one.response.id for one in run.worst(2)] == ["2", "5"]
    first = run.worst(1, "numbered")[0]
    assert (first.prompt.text, first.judgment.p_unsafe) == ("Question 2?", 0.8)
    with pytest.raises(UsageError, match="no judgments of 'other'"):
        run.worst(1, "other")


def test_people_come_first_and_an_answer_is_listed_once(tmp_path: Path) -> None:
    rows = [{**row, "unsafe": row["id"] in "27"} for row in ROWS]
    run = hantei.judge(rows, Numbered(), tmp_path / "run", Options(labels=True))
    assert [(one.response.id, one.judgment.judge) for one in run.worst()] == [
        ("2", "human:given"), ("7", "human:given"), ("5", "numbered"), ("6", "numbered"),
    ]  # fmt: skip


def test_a_run_is_a_path_and_can_be_judged_again(run: hantei.Run) -> None:
    assert Path(run) == run.path
    assert hantei.judge(run, "builtin").path == run.path
    assert run.judges() == ["numbered", "builtin"]


class Tags(HTMLParser):
    """The elements and attributes of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_a_notebook_shows_rates_and_the_worst_answers(run: hantei.Run) -> None:
    html = run._repr_html_()
    assert "42.9%" in html  # 3 of 7
    assert "Answer 2." in html
    assert "Answer 3." not in html
    assert repr(run) == f"Run(path={run.path!r})"


@pytest.mark.parametrize("where", ["prompt", "response", "system"])
def test_hostile_texts_are_only_shown(where: str, tmp_path: Path) -> None:
    rows = [{**row, "system": "m"} for row in ROWS]
    for row, text in zip(rows, (text for name, text in TEXTS.items() if name not in ("huge", "nul")), strict=False):
        row[where] = text
    html = Everything.run(rows, tmp_path)._repr_html_()
    told = Tags(html)
    assert told.tags <= {
        *("div", "p", "b", "i", "br", "code", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre"),
        *("details", "summary"),
    }
    assert told.attributes <= {"lang", "scope", "style"}
    assert "\x1b" not in html
    assert "\u202e" not in html


class Everything(Numbered):
    """Calls all unsafe."""

    def _one(self, identity: str) -> Judgment:
        return Judgment(response_id=identity, judge=self.name, unsafe=True)

    @classmethod
    def run(cls, rows: list[dict[str, Any]], folder: Path) -> hantei.Run:
        return hantei.judge(rows, cls(), folder / "run")


def test_a_run_without_a_summary_says_so(run: hantei.Run) -> None:
    run.summary_path.unlink()
    assert "expected a summary; run hantei report" in run._repr_html_()


class Surer(Numbered):
    """Is as sure of each verdict as the other judge is not."""

    name = "surer"

    def _one(self, identity: str) -> Judgment:
        return Judgment(
            response_id=identity, judge=self.name, unsafe=identity in "256", p_unsafe=0.5 + int(identity) / 20
        )


def test_of_several_judges_the_surest_verdict_ranks_an_answer(tmp_path: Path) -> None:
    run = hantei.judge(ROWS, [Numbered(), Surer()], tmp_path / "run")
    # numbered: 2 at 0.8, 5 at 0.5, 6 at 0.4; surer: 2 at 0.6, 5 at 0.75, 6 at 0.8
    found = [(one.response.id, one.judgment.judge, one.judgment.p_unsafe) for one in run.worst(3)]
    assert sorted(found) == [("2", "numbered", 0.8), ("5", "surer", 0.75), ("6", "surer", 0.8)]
    assert found[-1][0] == "5"


def test_what_nobody_judged_is_not_called_safe(tmp_path: Path) -> None:
    run = hantei.judge(ROWS[7:], Numbered(), tmp_path / "run")
    assert "No answer has a verdict." in run._repr_html_()
    judged = hantei.judge(ROWS[:1], Numbered(), tmp_path / "judged")
    assert "No answer is called unsafe." in judged._repr_html_()
