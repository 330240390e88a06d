from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hantei
from hantei import api
from hantei.judges.profile import Profile
from hantei.judges.topics import Topics
from hantei.reports.build import notices
from hantei.runs import drift
from hantei.runs.drift import note_drift
from hantei.runs.folder import Run
from hantei.runs.index import Index
from tests import servers
from tests.runs.conftest import KeywordJudge, Made
from tests.runs.fakes import judge_run
from tests.servers import Answer, Seen, fault_server

HOSTILE = "<script>alert(1)</script>"
SENTENCE = "The bread is made with flour and water and salt. "
QUESTION = {"question": "How is bread made?", "language": "en"}


def training() -> Iterator[tuple[str, str | None, str]]:
    for system, length in (("a", 1), ("b", 2), ("c", 4)):
        yield from ((SENTENCE * length, "en", system) for _ in range(40))


class ProfiledJudge(KeywordJudge):
    """A judge that knows what its training answers look like, and keeps what it was asked to compare."""

    def __init__(self) -> None:
        super().__init__()
        self.profile = Profile.build(training())


def rows(system: str, repeats: int, count: int = 40) -> list[Mapping[str, Any]]:
    return [{"id": f"{system} {n}", "system": system, "answer": SENTENCE * repeats, **QUESTION} for n in range(count)]


def noted(run: Run) -> list[dict[str, Any]] | None:
    found = run.info().judges["keyword"].drift
    return None if found is None else list(found)


def test_only_the_system_that_looks_different_is_named(make: Callable[..., Made]) -> None:
    run, index = make([*rows("usual", 3), *rows(HOSTILE, 9), *rows("scarce", 9, count=29)])
    judge = ProfiledJudge()
    judge_run(run, index, judge)
    note_drift(run, index, [judge])
    (found,) = noted(run) or []
    assert (found["system"], found["measure"], found["language"]) == (HOSTILE, "length", "en")
    assert found["value"] > 1.25 * found["usual_high"]
    (line,) = notices(run, index, ())
    assert line == f"keyword: {found['text']}"
    assert line.startswith(f"keyword: The answers of {HOSTILE} look unlike")


def test_where_nothing_differs_the_list_is_empty(make: Callable[..., Made]) -> None:
    run, index = make(rows("usual", 3))
    judge = ProfiledJudge()
    judge_run(run, index, judge)
    note_drift(run, index, [judge])
    assert noted(run) == []
    assert notices(run, index, ()) == ()


def test_a_system_that_was_asked_about_something_else_is_named(make: Callable[..., Made]) -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([(1.0, 0.0) if "bread" in text else (0.0, 1.0) for text in texts], dtype=np.float32)

    known = [("bakery", "en", f"How is bread {n} made?") for n in range(40)]
    asked = {"bread": rows("baker", 3), "boats": rows("sailor", 3)}
    made = [{**row, "question": f"How are {about} made, {n}?"} for about in asked for n, row in enumerate(asked[about])]
    run, index = make(made)
    judge = ProfiledJudge()
    judge.profile = replace(judge.profile, topics=Topics.build(known, embed))
    judge_run(run, index, judge)
    note_drift(run, index, [judge])
    (found,) = noted(run) or []
    assert (found["system"], found["measure"], found["value"]) == ("sailor", "topic", 2.0)
    assert notices(run, index, ()) == (f"keyword: {found['text']}",)


def test_a_judge_without_a_profile_or_without_judgments_is_left_alone(make: Callable[..., Made]) -> None:
    run, index = make(rows("long", 9))
    note_drift(run, index, [ProfiledJudge()])
    assert noted(run) is None
    judge_run(run, index, KeywordJudge())
    note_drift(run, index, [KeywordJudge()])
    assert noted(run) is None


def test_answers_without_a_verdict_are_not_looked_at(make: Callable[..., Made]) -> None:
    broken = [{**row, "answer": ""} for row in rows("long", 9)]
    run, index = make([*rows("long", 9, count=20), *[{**row, "id": f"x{n}"} for n, row in enumerate(broken)]])
    judge = ProfiledJudge()
    judge_run(run, index, judge)
    note_drift(run, index, [judge])
    assert noted(run) == []


def test_of_many_answers_an_even_draw_is_looked_at(make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(Profile):
        __slots__ = ()
        seen: list[int] = []  # noqa: RUF012

        def compare(self, system: str, answers: Any) -> list[Any]:
            self.seen.extend(int(text.rpartition(" ")[2]) for text, _ in answers)
            return []

    monkeypatch.setattr(drift, "MOST", 50)
    many = rows("many", 3, count=175)
    run, index = make([{**row, "answer": f"{row['answer']} {number}"} for number, row in enumerate(many)])
    judge = ProfiledJudge()
    judge_run(run, index, judge)
    judge.profile = Counting(judge.profile.vocabulary, judge.profile.usual, judge.profile.foreign)
    note_drift(run, index, [judge])
    assert len(Counting.seen) == 50
    gaps = {later - sooner for sooner, later in zip(Counting.seen, Counting.seen[1:], strict=False)}
    assert gaps == {3, 4}
    assert Counting.seen[-1] == 174


def test_the_report_of_the_built_in_judge_says_it_and_escapes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = hantei.judge([*rows("usual", 10), *rows(HOSTILE, 60)], out="mine")
    with Index(tmp_path / "other.sqlite") as index:
        run.fill(index)
        lines = [line for line in notices(run, index, ()) if "look unlike" in line]
    assert len(lines) == 1
    assert "characters long; usual is 59 to 1,126 (its 20 systems)" in lines[0]
    assert lines[0] in run.summary().notes
    page = run.report_path.read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "look unlike this judge" in page
    found = run.info().judges["builtin"].drift or ()
    assert len(found) == 1
    again = hantei.judge("mine")  # what is judged already is compared again
    assert again.info().judges["builtin"].drift == found


def test_a_model_that_is_asked_is_compared_as_well(tmp_path: Path) -> None:
    def chat(_: Seen) -> Answer:
        return servers.ok(SENTENCE * 40)

    questions = tmp_path / "questions.jsonl"
    prompts = [{"id": str(n), "prompt": f"How is bread {n} made?", "language": "en"} for n in range(40)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in prompts))
    with fault_server(chat) as server:
        run = api.run(f"openai/m?base_url={server.url}", str(questions), "builtin", tmp_path / "run")
    found, topic = run.info().judges["builtin"].drift or ()
    assert topic["measure"] == "topic"  # nothing but bread
    assert (found["measure"], round(found["value"])) == ("length", len(SENTENCE * 40))
    assert f"builtin: {found['text']}" in run.summary().notes
